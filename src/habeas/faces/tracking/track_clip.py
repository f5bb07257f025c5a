"""Passes a clip's frames to a tracker, closer together where it can't tell which face is which."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import Detection
from habeas.media.values import Frames, Image, after


def follow(frames: Frames, detect: Callable[[Image], Sequence[Detection]], tracker: Tracker) -> int:
    """Pass every frame to the tracker and return their number. One frame is in memory at a time.

    Between two frames far apart one person may have come near the place of another, and a track that could belong to
    either ends. Frames that were skipped in between are then searched as well.
    `detect`: BGR uint8 (H, W, 3) -> detections in pixels. Raises what `frames` and `detect` raise.
    """
    count, frame = 0, next(frames, None)
    while frame is not None:
        detections = detect(frame.image)
        closer = frame.passed and tracker.unsure(frame, detections)
        if not closer:  # else it comes again, behind those before it
            tracker.add(frame, detections)
            count += 1
        frame = after(frames, closer=closer)
    return count
