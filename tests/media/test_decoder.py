"""A decoder that dies of a file costs that file; what it may not do it can't. `decoder_stub` is told by the file."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NoReturn

import clip_files
import icc_profiles
import media_files as make
import numpy as np
import photo_files
import pytest
from decoder_asked import HELD, LIMITS
from decoder_asked import frames_of as _frames
from decoder_asked import headers_of as _headers
from decoder_asked import told as _told
from decoder_asked import works as _works
from PIL import Image

from habeas.media.clips import decode as pyav_clip
from habeas.media.photos import decode as images
from habeas.media.sandbox.client import Decoder, shared
from habeas.model.errors import BadInput, IntegrityError
from habeas.model.installation.limits import MediaLimits, Sampling

BATTERY = pytest.mark.battery


def _left() -> tuple[int, list[str]]:
    """How many children this process has, and what its descriptors are."""
    tasks = Path("/proc/self/task").glob("*/children")
    children = {pid for task in tasks for pid in task.read_text().split()}
    places = []
    for fd in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one that listed them
            places.append(re.sub(r"\d+", "", os.readlink(f"/proc/self/fd/{fd}")))
    return len(children), sorted(places)


def _gone(pid: int) -> bool:
    """Within five seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("segfault", "decoder_crashed"),
        ("exit 0", "decoder_crashed"),
        pytest.param("exit 3", "decoder_crashed", marks=BATTERY),
        ("raise /archive/of/ann", "decoder_crashed"),
        ("eat", "over_limit"),
        ("open /etc/hostname", "decoder_crashed"),
        ("fork", "decoder_crashed"),
        ("shrink", "decoder_crashed"),
        pytest.param("import", "decoder_crashed", marks=BATTERY),
    ],
)
def test_what_a_file_does_to_the_decoder_costs_that_file_alone(
    stub: Decoder, tmp_path: Path, told: str, reason: str
) -> None:
    assert _works(stub, tmp_path)
    before, first = _left(), stub.process_id
    with pytest.raises(BadInput) as refused:
        _told(stub, tmp_path, told)
    assert (reason, True) == (refused.value.reason, _gone(first or 0))
    assert not re.search(r"archive|hostname|[\d\n]", refused.value.detail)
    assert _works(stub, tmp_path) and first != stub.process_id
    assert before == _left()


def test_a_file_that_takes_too_long_is_over_the_limit_and_the_next_is_read(tmp_path: Path) -> None:
    before = _left()
    with Decoder(MediaLimits(seconds_per_answer=1), "decoder_stub") as decoder:
        assert _works(decoder, tmp_path)
        hanging, begun = decoder.process_id, time.monotonic()
        with pytest.raises(BadInput) as refused:
            _told(decoder, tmp_path, "hang")
        assert "over_limit" == refused.value.reason
        assert 1 <= time.monotonic() - begun < 5
        assert _gone(hanging or 0) and _works(decoder, tmp_path)
    assert before == _left()


@pytest.mark.parametrize(
    ("told", "before"), [("costly 1000", 20), ("asleep ", 15)], ids=["at work", "asleep"]
)
def test_a_file_whose_frames_come_in_time_and_never_end_is_over_the_limit(
    tmp_path: Path, told: str, before: int
) -> None:
    (tmp_path / "told").write_bytes(told.encode())
    given: list[int] = []
    with Decoder(MediaLimits(cpu_seconds_per_file=1), "decoder_stub") as decoder:
        with (tmp_path / "told").open("rb") as file:
            frames = islice(decoder.frames(file.fileno(), "clip", Sampling()), before)
            with pytest.raises(BadInput) as refused:
                given.extend(frame.index for frame in frames)
        assert ("over_limit", True) == (refused.value.reason, len(given) > 5)
        assert _works(decoder, tmp_path)


def test_what_a_file_took_of_the_decoder_counts_for_no_other(tmp_path: Path) -> None:
    (tmp_path / "told").write_bytes(b"costly 6")
    with Decoder(MediaLimits(cpu_seconds_per_file=2), "decoder_stub") as decoder:
        assert _works(decoder, tmp_path)
        first = decoder.process_id
        for _ in range(4):
            with (tmp_path / "told").open("rb") as file:
                assert 6 == len(list(decoder.frames(file.fileno(), "clip", Sampling())))
        assert first == decoder.process_id, "one child for all of them"


def test_the_memory_of_a_decoder_does_not_grow_with_the_length_of_a_clip(tmp_path: Path) -> None:
    path = clip_files.film(
        tmp_path / "a.mp4", "mp4", "h264", lambda i: clip_files.moving(i % 100, 640, 480), frames=300, gop=1
    )
    held: dict[int, int] = {}
    with Decoder(LIMITS) as decoder, path.open("rb") as file:
        for frame in decoder.frames(file.fileno(), "clip", Sampling(per_second=25)):
            if frame.index in {30, 290}:
                status = Path(f"/proc/{decoder.process_id}/status").read_text()
                held[frame.index] = int(status.partition("VmHWM:")[2].split()[0])
    assert held[290] - held[30] < 10_000, "kB; 260 frames are 120,000"


@pytest.mark.parametrize("told", ["one, and hang ", "two, and hang "])
def test_a_file_that_hangs_does_not_outlast_a_halt(stub: Decoder, tmp_path: Path, told: str) -> None:
    """A halt of a source is looked for between two answers, and holds within half a minute."""
    (tmp_path / "told").write_bytes(told.encode())
    with (tmp_path / "told").open("rb") as file:
        frames = stub.frames(file.fileno(), "clip", Sampling())
        next(frames)
        begun = time.monotonic()
        frames.close()
    assert MediaLimits().seconds_per_answer + time.monotonic() - begun < 30
    assert _works(stub, tmp_path)


@pytest.mark.parametrize("told", ["connect", "make-room-and-connect"])
def test_the_decoder_reaches_no_address(stub: Decoder, tmp_path: Path, told: str) -> None:
    assert _works(stub, tmp_path)
    if told != "connect" and not stub.confined:
        pytest.skip("this kernel has neither; the limit on descriptors stands in")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        port = door.getsockname()[1]
        with pytest.raises(BadInput) as refused:
            _told(stub, tmp_path, f"{told} {port}")
        with pytest.raises(TimeoutError):
            door.accept()
        # the same, from where nothing is confined
        with socket.create_connection(("127.0.0.1", port)):
            door.accept()[0].close()
    assert "decoder_crashed" == refused.value.reason


@pytest.mark.parametrize("told", ["write", "make-room-and-open"])
def test_smuggled_code_opens_and_makes_no_file(stub: Decoder, tmp_path: Path, told: str) -> None:
    assert _works(stub, tmp_path)
    if "landlock" not in stub.confined:
        pytest.skip("this kernel has no Landlock; the limit on descriptors stands in")
    # places that are open to everybody
    made = Path(tempfile.gettempdir()) / f"habeas-{os.getpid()}"
    with pytest.raises(BadInput) as refused:
        _told(stub, tmp_path, f"{told} {made if told == 'write' else '/etc/passwd'}")
    assert "decoder_crashed" == refused.value.reason
    assert not made.exists()


@pytest.mark.parametrize(
    "told",
    [
        "refuse my_own_word|",
        "refuse truncated|of /archive/ann.jpg",
        pytest.param("refuse truncated|two\nlines", marks=BATTERY),
        pytest.param("refuse truncated|" + "x" * 121, marks=BATTERY),
        "lie",
        pytest.param("flood", marks=BATTERY),
    ],
)
def test_what_no_decoder_says_stops_the_run(stub: Decoder, tmp_path: Path, told: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        _told(stub, tmp_path, told)
    assert "ann" not in str(refused.value)
    assert stub.process_id is None and _works(stub, tmp_path)


def test_a_reason_arrives_with_its_detail_and_the_decoder_lives_on(stub: Decoder, tmp_path: Path) -> None:
    assert _works(stub, tmp_path)
    same = stub.process_id
    with pytest.raises(BadInput) as refused:
        _told(stub, tmp_path, "refuse truncated|ends in its first scan (so to say)")
    assert ("truncated", "ends in its first scan (so to say)") == (refused.value.reason, refused.value.detail)
    assert _works(stub, tmp_path) and same == stub.process_id


def test_a_frame_larger_than_the_limit_does_not_leave_the_decoder(stub: Decoder, tmp_path: Path) -> None:
    for told in (b"large", b"a little too large"):
        (tmp_path / "large").write_bytes(told)
        with pytest.raises(BadInput) as refused:
            _frames(stub, tmp_path / "large")
        assert "decoder_crashed" == refused.value.reason
        assert _works(stub, tmp_path)


def test_a_decoder_that_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    """It was taken over, and says frame after frame: each request to it could wait until it listens again."""
    (tmp_path / "told").write_bytes(b"none, and say unasked")
    begun = time.monotonic()
    with Decoder(MediaLimits(seconds_per_answer=5), "decoder_stub") as decoder:
        with pytest.raises(BadInput) as refused:
            _frames(decoder, tmp_path / "told")
        assert ("decoder_crashed", True) == (refused.value.reason, time.monotonic() - begun < 5)
        assert _works(decoder, tmp_path)


def test_a_file_that_cannot_be_handed_over_is_told_at_once(stub: Decoder) -> None:
    begun = time.monotonic()
    with pytest.raises(BadInput) as refused:
        stub.headers(999)
    assert ("decoder_crashed", True) == (refused.value.reason, time.monotonic() - begun < 10)


@pytest.mark.parametrize(
    "told", ["endless", pytest.param("jumping", marks=BATTERY), pytest.param("no time", marks=BATTERY)]
)
def test_frames_that_no_file_has_stop_the_run(tmp_path: Path, told: str) -> None:
    (tmp_path / "told").write_bytes(told.encode())
    with Decoder(MediaLimits(max_frames=20), "decoder_stub") as decoder, pytest.raises(IntegrityError):
        _frames(decoder, tmp_path / "told")


def test_the_decoder_holds_nothing_and_may_nothing(
    stub: Decoder, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stub.close()
    _told(stub, tmp_path, "say /archive/ann.jpg")
    assert ("", "") == capfd.readouterr()
    about = Path(f"/proc/{stub.process_id}")
    limits = re.findall(r"^Max (.+?)  +(\S+)", (about / "limits").read_text(), re.MULTILINE)
    wanted = {"core file size": "0", "file size": "0"}
    if "seccomp" in stub.confined:
        assert re.search(r"^Seccomp:\t2$", (about / "status").read_text(), re.MULTILINE)
    else:
        wanted["processes"] = "0"
    assert wanted == {name: value for name, value in limits if name in wanted}
    most = dict(limits)
    assert int(most["open files"]) <= 6 and int(most["address space"]) < 1 << 30
    status = dict(re.findall(r"^(\w+):\t(.*)$", (about / "status").read_text(), re.MULTILINE))
    assert ("1", "1") == (status["NoNewPrivs"], status["Threads"])
    assert {"0" * 16} == {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
    assert "0" not in status["Uid"].split()


def test_the_decoder_is_given_one_file_and_no_environment(
    stub: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABEAS_CUSTODY_KEY_STORE", "postgresql://custodian:secret@host/keys")
    stub.close()
    with (tmp_path / "other").open("wb") as other:
        os.set_inheritable(other.fileno(), True)
        held = _told(stub, tmp_path, "held")
    assert (HELD, 0) == (held.width, held.height)


def test_a_decoder_killed_between_two_files_costs_neither(stub: Decoder, tmp_path: Path) -> None:
    assert _works(stub, tmp_path)
    os.kill(stub.process_id or 0, signal.SIGKILL)
    assert _gone(stub.process_id or 0) and _works(stub, tmp_path)


def test_an_answer_nobody_waited_for_is_not_taken_for_the_next(stub: Decoder, tmp_path: Path) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    assert _works(stub, tmp_path)
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            _told(stub, tmp_path, "slow")
    finally:
        signal.signal(signal.SIGALRM, before)
    time.sleep(0.5)
    seen = _headers(stub, make.png(tmp_path / "a.png"))
    assert (160, 120) == (seen.width, seen.height)


def test_a_decoder_ends_with_its_worker_whatever_it_is_doing(tmp_path: Path) -> None:
    (tmp_path / "told").write_bytes(b"hang")
    script = (
        "from habeas.media.sandbox.client import Decoder\n"
        "from habeas.model.installation.limits import MediaLimits\n"
        "decoder = Decoder(MediaLimits(), 'decoder_stub')\n"
        "file = open('told', 'rb')\n"
        "decoder._begin()\n"
        "print(decoder.process_id, flush=True)\n"
        "decoder.headers(file.fileno())\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        child = int(worker.stdout.readline())
        time.sleep(0.3)
        assert not Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].startswith(" Z")
        worker.kill()
    assert _gone(child)


def test_who_asks_the_decoder_loads_no_parser() -> None:
    script = "import sys, habeas.media.source; print({'av', 'PIL'} & set(sys.modules))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    said = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert "set()" == said.stdout.strip()


def _many_pictures(path: Path) -> Path:
    """A JPEG with a second picture behind it, as phones make them (multi-picture format)."""
    first, second = (Image.fromarray(make.picture(width=width)) for width in (160, 80))
    first.save(path, "MPO", save_all=True, append_images=[second])
    return path


def _palette(path: Path) -> Path:
    Image.fromarray(make.picture()).convert("P").save(path, "PNG")
    return path


def _drawn() -> Image.Image:
    return Image.fromarray(make.picture()[:, :, ::-1])


def _turned() -> Image.Exif:
    about = Image.Exif()
    about[0x0112] = 6
    return about


@pytest.fixture(scope="module")
def real() -> Iterator[Decoder]:
    with Decoder(MediaLimits()) as decoder:
        yield decoder


@pytest.mark.parametrize(
    "maker",
    [
        make.jpeg,
        make.png,
        _palette,
        lambda path: make.jpeg(path, exif={0x0112: 6, 0x9003: "2026:03:04 05:06:07", 0x9011: "+09:00"}),
        _many_pictures,
        lambda path: _drawn().save(path, "WEBP"),
        lambda path: _drawn().save(path, "AVIF", speed=10),
        photo_files.heic_grid,
        lambda path: _drawn().save(path, "TIFF", compression="tiff_lzw", exif=_turned()),
        lambda path: _drawn().save(path, "TIFF", compression="jpeg"),
        lambda path: photo_files.tiled_tiff(path, make.picture()),
        lambda path: photo_files.ycck_jpeg(path, make.picture()),
        lambda path: _drawn().save(path, "JPEG", icc_profile=icc_profiles.display_p3()),
        lambda path: _drawn().convert("RGBA").save(path, "PNG"),
    ],
    ids=["jpeg", "png", "palette", "turned", "several in one", "webp", "avif", "heic", "tiff", "tiff of jpeg",
         "tiled tiff", "ycck", "display p3", "alpha"],
)  # fmt: skip
def test_photos_come_bit_for_bit(real: Decoder, tmp_path: Path, maker) -> None:
    maker(tmp_path / "a")
    fd = os.open(tmp_path / "a", os.O_RDONLY)
    try:
        direct = images.decode(fd, MediaLimits())
        about = images.read_header(fd, MediaLimits())
    finally:
        os.close(fd)
    (frame,) = _frames(real, tmp_path / "a")
    assert np.array_equal(direct.image, frame.image) and (0, 0, 0) == (frame.at_ms, frame.index, frame.shot)
    seen = _headers(real, tmp_path / "a")
    assert (about.width, about.height, about.captured_at) == (seen.width, seen.height, seen.captured_at)


@pytest.mark.parametrize("sampling", [Sampling(), Sampling("per_second", per_second=5)])
def test_clips_come_bit_for_bit(real: Decoder, tmp_path: Path, sampling: Sampling) -> None:
    rng = np.random.default_rng(3)
    scenes = [rng.integers(0, 255, (6, 8, 3)).astype(np.uint8).repeat(20, 0).repeat(20, 1) for _ in range(2)]
    path = make.clip(tmp_path / "a.mp4", lambda index: np.roll(scenes[index // 50], index, 1), frames=100)
    fd = os.open(path, os.O_RDONLY)
    try:
        direct = list(pyav_clip.frames(fd, sampling, MediaLimits()))
    finally:
        os.close(fd)
    seen = _frames(real, path, "clip", sampling)
    assert len(direct) == len(seen) > 3
    for one, other in zip(direct, seen, strict=True):
        assert (one.at_ms, one.index, one.shot) == (other.at_ms, other.index, other.shot)
        assert np.array_equal(one.image, other.image)
    assert 1 == seen[-1].shot


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "h265"), ("webm", "vp9"), ("matroska", "av1"), ("vob", "mpeg2")]
)
def test_clips_of_every_codec_come_bit_for_bit(
    real: Decoder, tmp_path: Path, container: str, codec: str
) -> None:
    path = clip_files.film(
        tmp_path / f"a.{clip_files.SUFFIX[container]}", container, codec, clip_files.moving
    )
    fd = os.open(path, os.O_RDONLY)
    try:
        direct = [frame.image.copy() for frame in pyav_clip.frames(fd, Sampling(), MediaLimits())]
    finally:
        os.close(fd)
    assert ("clip", clip_files.WORD[container]) == (_headers(real, path).media, _headers(real, path).format)
    seen = _frames(real, path, "clip", Sampling())
    assert len(direct) == len(seen) > 1
    assert all(np.array_equal(one, other.image) for one, other in zip(direct, seen, strict=True))


def test_a_process_that_forks_shares_no_decoder(tmp_path: Path) -> None:
    mine = shared(MediaLimits())
    assert _works(mine, tmp_path)
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        theirs = shared(MediaLimits())
        os.write(writer, bytes([_works(theirs, tmp_path) and mine.process_id != theirs.process_id]))
        os._exit(0)
    os.waitpid(child, 0)
    assert b"\1" == os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    assert _works(mine, tmp_path)
