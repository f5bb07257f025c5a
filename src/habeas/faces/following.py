"""A clip's frames, one by one into a tracker; closer together where it can't tell who went where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from habeas.faces.tracking import Tracker
from habeas.model.face import Detection, Frames, Image, after


def follow(frames: Frames, detect: Callable[[Image], Sequence[Detection]], tracker: Tracker) -> int:
    """Give every frame to the tracker; how many were given. One frame is alive at a time.

    Between two frames far apart a person may have come near another's place, and a track that could be either's ends.
    Where frames were passed over there, they are looked at, too: a doubt is settled by what is seen, or stays one.
    """
    count, frame = 0, next(frames, None)
    while frame is not None:
        found = detect(frame.image)
        closer = frame.passed and tracker.unsure(frame, found)
        if not closer:  # else it comes again, behind those before it
            tracker.add(frame, found)
            count += 1
        frame = after(frames, closer=closer)
    return count
