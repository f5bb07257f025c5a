"""Frames are decoded ahead of whoever looks at them: none is another asset's, none is lost, none changes while seen."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import media_files as make
import numpy as np
import pytest
from decoder_asked import HELD, headers_of, told, works

from habeas.media.sandbox import client as decoder
from habeas.media.sandbox import process as decoder_process
from habeas.media.sandbox import wire as decoder_wire
from habeas.media.sandbox.client import Decoder
from habeas.model.errors import BadInput, IntegrityError
from habeas.model.installation.limits import MediaLimits, Sampling

SAID = {"_tell", "tell", "send", "_ask", "_answer", "answer", "receive", "_read", "_stop"}
WATCHED = {module.__file__ for module in (decoder, decoder_process, decoder_wire)}


def test_a_picture_is_for_looking_and_until_the_next(stub: Decoder, tmp_path: Path) -> None:
    path = make.clip(tmp_path / "a.mp4", lambda index: np.full((120, 160, 3), index, np.uint8), frames=100)
    with path.open("rb") as file:
        frames = stub.frames(file.fileno(), "clip", Sampling())
        first = next(frames)
        with pytest.raises(ValueError, match="read-only"):
            first.image[0, 0] = 0
        assert not np.shares_memory(first.image, next(frames).image), (
            "it is laid there while one is looked at"
        )
        assert np.shares_memory(first.image, next(frames).image)


def test_no_frame_is_written_over_while_it_is_looked_at(tmp_path: Path) -> None:
    """Whatever their sizes, up to the limit."""
    (tmp_path / "told").write_bytes(b"growing")
    with (
        Decoder(MediaLimits(max_pixels=1000), "decoder_stub") as decoder,
        (tmp_path / "told").open("rb") as file,
    ):
        seen = []
        for frame in decoder.frames(file.fileno(), "clip", Sampling()):
            time.sleep(0.05)  # for what is decoded ahead
            seen.append((frame.image.shape[1], bool((frame.image == frame.index + 1).all())))
    assert [(width, True) for width in (10, 10, 100, 10, 100, 100, 10)] == seen


@pytest.mark.parametrize("told", ["clocked", "clocked, passed"])
def test_the_next_frame_is_decoded_while_one_is_looked_at_unless_what_is_seen_decides_which_it_is(
    stub: Decoder, tmp_path: Path, told: str
) -> None:
    (tmp_path / "told").write_bytes(told.encode())
    with (tmp_path / "told").open("rb") as file:
        frames = stub.frames(file.fileno(), "clip", Sampling())
        next(frames)
        time.sleep(0.5)
        wanted_ms = time.monotonic_ns() // 1_000_000
        assert (told == "clocked") == (next(frames).at_ms < wanted_ms)


@pytest.mark.parametrize(
    ("told", "reason"),
    [("refuse", "broken_image"), ("segfault", "decoder_crashed"), ("eat", "over_limit")],
)
def test_what_goes_wrong_with_a_frame_ahead_is_told_when_it_is_asked_for(
    stub: Decoder, tmp_path: Path, told: str, reason: str
) -> None:
    (tmp_path / "told").write_bytes(b"one, and " + told.encode() + b" ")
    with (tmp_path / "told").open("rb") as file:
        frames = stub.frames(file.fileno(), "clip", Sampling())
        assert 0 == next(frames).index
        with pytest.raises(BadInput) as refused:
            next(frames)
        assert reason == refused.value.reason
        frames = stub.frames(file.fileno(), "clip", Sampling())
        next(frames)  # and is nobody's when it isn't
        del frames
    assert works(stub, tmp_path)


def test_a_clip_left_early_is_let_go_at_once(stub: Decoder, tmp_path: Path) -> None:
    path = make.clip(tmp_path / "a.mp4", frames=100)
    with path.open("rb") as file:
        frames = stub.frames(file.fileno(), "clip", Sampling())
        next(frames)
        same = stub.process_id
        del frames
        assert not stub._giving
        assert (HELD, same) == (told(stub, tmp_path, "held").width, stub.process_id)


@pytest.mark.parametrize("told", ["a photo", "one, and refuse "])
def test_a_file_left_at_its_last_frame_costs_no_decoder(stub: Decoder, tmp_path: Path, told: str) -> None:
    make.png(tmp_path / "told") if told == "a photo" else (tmp_path / "told").write_bytes(told.encode())
    assert works(stub, tmp_path)
    same = stub.process_id
    with (tmp_path / "told").open("rb") as file:
        frames = stub.frames(file.fileno(), "photo", Sampling())
        next(frames)
        del frames
    assert works(stub, tmp_path) and same == stub.process_id


def test_frames_nobody_wants_any_more_are_let_go(stub: Decoder, tmp_path: Path) -> None:
    path = make.clip(tmp_path / "a.mp4", frames=100)
    with path.open("rb") as file:
        frames = stub.frames(file.fileno(), "clip", Sampling())
        next(frames)
        same = stub.process_id
        assert (HELD, same) == (told(stub, tmp_path, "held").width, stub.process_id)
        with pytest.raises(RuntimeError, match="another asset"):
            next(frames)
    assert works(stub, tmp_path) and same == stub.process_id


@pytest.mark.parametrize("asked", ["headers", "frames"])
def test_an_interruption_anywhere_costs_no_other_asset(stub: Decoder, tmp_path: Path, asked: str) -> None:
    """At each line on the way of a request and its answer: what follows is the next asset's own."""
    clip, photo = make.clip(tmp_path / "a.mp4", frames=100), make.png(tmp_path / "a.png")
    for number in range(60):
        with clip.open("rb") as file:
            frames = stub.frames(file.fileno(), "clip", Sampling())
            if asked == "frames":
                next(frames)
            interrupted = Interrupted(number)
            with suppress(KeyboardInterrupt), interrupted:
                next(frames) if asked == "frames" else stub.headers(file.fileno())
            del frames
        seen = headers_of(stub, photo)
        assert ("photo", 160, 120) == (seen.media, seen.width, seen.height), interrupted.where
        assert works(stub, tmp_path), interrupted.where
        if not interrupted.where:
            break
    assert 10 < number < 59


class Interrupted:
    """Raises KeyboardInterrupt before line `number` of those of the decoder that are run within it."""

    def __init__(self, number: int) -> None:
        self._left, self.where = number, ""

    def __enter__(self) -> None:
        sys.settrace(self._called)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _called(self, frame: FrameType, *_: object) -> Callable[..., Any] | None:
        return self._line if frame.f_code.co_filename in WATCHED and frame.f_code.co_name in SAID else None

    def _line(self, frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        if event == "line":
            self._left -= 1
            if self._left < 0:
                self.where = f"{frame.f_code.co_name}, line {frame.f_lineno}"
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._line


def test_a_frame_that_was_only_claimed_and_fits_no_half_stops_the_run(stub: Decoder, tmp_path: Path) -> None:
    (tmp_path / "told").write_bytes(b"none, and say too large")
    with (tmp_path / "told").open("rb") as file, pytest.raises(IntegrityError):
        next(stub.frames(file.fileno(), "clip", Sampling()))
    assert works(stub, tmp_path)
