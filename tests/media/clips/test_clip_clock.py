"""A roster's milliseconds are read off a player: its clock begins with the clip, not with the first picture.

Where the picture begins late, counting from it would put the next speaker into the window of the one before, and seal
that face under the wrong name.
"""

from __future__ import annotations

from pathlib import Path

import av
import clip_files
import pytest
from clip_sound import late_picture

from habeas.media.clips import decode as pyav_clip
from habeas.media.files import disk_files as files
from habeas.media.source import probe_at
from habeas.model.installation.limits import MediaLimits, Sampling

LIMITS = MediaLimits()
KEYFRAMES, SPARSE, EVERY = Sampling(), Sampling(max_gap_ms=300), Sampling("per_second", per_second=25)
FRAGMENTS = {"movflags": "frag_keyframe+delay_moov"}


def _seen(path: Path, sampling: Sampling) -> list[tuple[int, int]]:
    """When each frame is shown, and where its square lies: one pixel further a frame of 40 ms."""
    with files.open_regular(path.parent, path.name) as fd:
        return [
            (frame.at_ms, clip_files.left_side(frame.image))
            for frame in pyav_clip.frames(fd, sampling, LIMITS)
        ]


@pytest.mark.parametrize("sampling", [KEYFRAMES, SPARSE, EVERY], ids=["keyframes", "sparse", "every"])
@pytest.mark.parametrize(
    ("container", "options"),
    [("mp4", {}), ("mov", {}), ("mp4", FRAGMENTS), ("matroska", {}), ("matroska", {"live": "1"}),
     ("mpegts", {}), ("vob", {})],
    ids=["mp4", "mov", "mp4 in fragments", "matroska", "live matroska", "mpegts", "vob"],
)  # fmt: skip
def test_the_second_speaker_is_not_seen_in_the_window_of_the_first(
    tmp_path: Path, container: str, options: dict[str, str], sampling: Sampling
) -> None:
    path = late_picture(tmp_path / f"a.{clip_files.SUFFIX[container]}", container, 6, options=options)
    seen = _seen(path, sampling)
    assert len(seen) >= 2
    for at_ms, left in seen:
        assert abs(6000 + 40 * left - at_ms) <= 90, "what is shown at that moment"
    assert 6900 <= probe_at(tmp_path, path.name, LIMITS).duration_ms <= 7100


@pytest.mark.parametrize("container", ["matroska", "mpegts", "vob"])
def test_a_late_picture_keeps_its_time_in_a_broadcast_that_does_not_begin_at_0(
    tmp_path: Path, container: str
) -> None:
    path = late_picture(tmp_path / f"a.{clip_files.SUFFIX[container]}", container, 6, begins_s=3600)
    assert all(abs(6000 + 40 * left - at_ms) <= 90 for at_ms, left in _seen(path, KEYFRAMES))


def test_an_empty_edit_counts_without_sound_too(tmp_path: Path) -> None:
    """Movie time: a player shows nothing until the picture begins."""
    path = late_picture(tmp_path / "a.mp4", "mp4", 6, sound=False)
    assert [(6000, 0), (6800, 20)] == _seen(path, KEYFRAMES)
    assert 7000 == probe_at(tmp_path, path.name, LIMITS).duration_ms


@pytest.mark.parametrize("container", ["matroska", "mpegts"])
def test_a_picture_alone_begins_at_0(tmp_path: Path, container: str) -> None:
    path = late_picture(tmp_path / f"a.{clip_files.SUFFIX[container]}", container, 6, sound=False)
    assert [(0, 0), (800, 20)] == _seen(path, KEYFRAMES)


def test_a_recording_that_begins_between_keyframes_counts_from_its_first_packet(tmp_path: Path) -> None:
    """Matroska without sound: FFmpeg knows no start, and the first keyframe comes late."""
    whole = clip_files.film(
        tmp_path / "whole.mkv", "matroska", frames=75, gop=25, extra={"x264-params": "keyint=25:bframes=0"}
    )
    with av.open(str(whole)) as film, av.open(str(tmp_path / "a.mkv"), "w", format="matroska") as out:
        track = out.add_stream_from_template(film.streams.video[0])
        for packet in [packet for packet in film.demux(video=0) if packet.size][5:]:
            packet.stream = track
            out.mux(packet)
    seen = _seen(tmp_path / "a.mkv", EVERY)
    assert 700 <= seen[0][0] <= 800
    assert all(abs(40 * (left - 5) - at_ms) <= 90 for at_ms, left in seen)


def test_a_late_picture_costs_no_full_decode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[bool] = []
    pictures = pyav_clip._pictures

    def noted(clip, limits, passed_over=None, **how):
        passed.append(passed_over is not None)
        return pictures(clip, limits, passed_over, **how)

    monkeypatch.setattr(pyav_clip, "_pictures", noted)
    _seen(late_picture(tmp_path / "a.mp4", "mp4", 6), KEYFRAMES)
    assert [True] == passed


def test_a_clip_whose_picture_comes_after_the_longest_time_is_over_the_limit(tmp_path: Path) -> None:
    late_picture(tmp_path / "a.ts", "mpegts", 6)
    with pytest.raises(Exception, match="over_limit") as refused:
        probe_at(tmp_path, "a.ts", MediaLimits(max_duration_s=5))
    assert "over_limit" == refused.value.reason
