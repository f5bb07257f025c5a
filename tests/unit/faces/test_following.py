from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from habeas.faces.alignment import TEMPLATE
from habeas.faces.tracking.track_clip import follow
from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import Detection, Track
from habeas.media.values import Frame, Frames, Image
from habeas.model.installation.limits import FaceRules

Where = Callable[[int], list[tuple[float, float, float]]]
"""ms -> x, y and size of each face there."""


def film(
    where: Where, keys: int, until: int, step: int = 0
) -> tuple[Frames, Callable[[Image], list[Detection]]]:
    """Keyframes `keys` ms apart, with others `step` ms apart between them; a detector that sees what is there."""

    def detect(image: Image) -> list[Detection]:
        found = []
        for x, y, size in where(int.from_bytes(image.tobytes()[:4], "little")):
            box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
            landmarks = ((TEMPLATE - 56) / 112 * size + (x, y)).astype(np.float32)
            found.append(Detection(box, landmarks, 0.9))
        return found

    def shown(at_ms: int, passed: bool = False) -> Frame:
        image = np.zeros((360, 640, 3), np.uint8)
        image.reshape(-1)[:4] = np.frombuffer(at_ms.to_bytes(4, "little"), np.uint8)
        return Frame(image, at_ms, passed=passed)

    def frames() -> Frames:
        for at_ms in range(0, until, keys):
            if (yield shown(at_ms, passed=bool(step and at_ms))):
                for between in range(at_ms - keys + step, at_ms, step):
                    yield shown(between)
                yield shown(at_ms)

    return frames(), detect


def followed(
    where: Where, keys: int, until: int, step: int = 0, wanted: Callable[[Track], bool] = lambda track: True
) -> tuple[Sequence[Track], int]:
    frames, detect = film(where, keys, until, step)
    tracker = Tracker(FaceRules(), 0.6, max_gap_ms=keys, wanted=wanted)
    count = follow(frames, detect, tracker)
    return tracker.finish(), count


def passer_by(at_ms: int) -> list[tuple[float, float, float]]:
    """One sits at x = 320; another walks by below, 150 pixels a second."""
    return [(320, 120, 60), *([(150 * at_ms / 1000 - 300, 280, 60)] if 2000 < at_ms < 6200 else [])]


def swap(at_ms: int) -> list[tuple[float, float, float]]:
    """At the one seat two people change between 2 and 4 s, and a look each 2 s sees but somebody who sits and
    somebody who stands beside.
    """
    along = min(1.0, max(0.0, (at_ms - 2200) / 1600))
    first = (320 + 120 * along, 120 + 60 * np.sin(np.pi * along), 60)
    second = (320 - 500 * (1 - along), 120, 60)
    return [first, *([second] if second[0] > 30 else [])]


def sat(tracks: Sequence[Track], x: float) -> list[Track]:
    middles = [(track, (track.steps[:, 1] + track.steps[:, 3]) / 2) for track in tracks]
    return [track for track, middle in middles if (abs(middle - x) < 20).any()]


def test_somebody_who_passes_by_between_two_keyframes_splits_nobody() -> None:
    coarse, _ = followed(passer_by, 2000, 10_000)
    assert 1 < len(sat(coarse, 320)), "keyframes alone can't tell"
    closer, count = followed(passer_by, 2000, 10_000, 500)
    (track,) = sat(closer, 320)
    assert (0, 8000) == (track.from_ms, track.to_ms)
    assert 5 < count < 17, "only where it was in doubt"


def test_two_who_change_seats_between_two_keyframes_are_never_one() -> None:
    """What a closer look is for: not to believe what seems likely."""
    tracks, _ = followed(swap, 2000, 10_000, 250)
    for track in tracks:
        middle = (track.steps[:, 1] + track.steps[:, 3]) / 2
        before, after = track.steps[:, 0] <= 2000, track.steps[:, 0] >= 4000
        if before.any() and after.any():
            assert (middle[after] > 400).all(), "who sat there before sits there no more"


def test_nobody_is_looked_at_closer_for_a_face_that_no_line_is_about() -> None:
    _, count = followed(passer_by, 2000, 10_000, 500, wanted=lambda track: False)
    assert 5 == count


@pytest.mark.parametrize("where", [passer_by, swap])
def test_without_frames_between_every_frame_is_given_once(where: Where) -> None:
    _, count = followed(where, 500, 10_000)
    assert 20 == count
