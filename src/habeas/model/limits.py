"""Numbers a user may set. They are part of the work digest: change one and the affected work is done again.

Each has a range, which is held when settings are read: outside of it a number makes no sense, or turns a check off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Caps beyond which a file goes to quarantine as `over_limit`, before or while it is decoded."""

    max_bytes: Annotated[int, Field(ge=1, le=10**15)] = 2_000_000_000
    max_pixels: Annotated[int, Field(ge=1, le=10**9)] = 64_000_000  # common cameras make up to 61 million
    max_frames: Annotated[int, Field(ge=1, le=10**9)] = (
        1_300_000  # frames decoded of one clip: six hours at 60 a second
    )
    max_duration_s: Annotated[int, Field(ge=1, le=30 * 24 * 3600)] = 6 * 3600
    memory_mb: Annotated[int, Field(ge=256, le=2**20)] = (
        1536  # MiB for the decoder on top of its start; a turned picture of max_pixels takes 1180
    )
    # Until the decoder has said what is asked of it: headers, or the next frame. A halt of a source or a purpose waits
    # so long at most, and some seconds for what is in hand; it has to hold within half a minute.
    seconds_per_answer: Annotated[int, Field(ge=1, le=600)] = 25
    # Of the decoder for one file, all answers together: 1080 lines at 25 frames a second decode in full at ten times
    # their speed, 2160 lines at two or three. Waiting for it counts as a quarter.
    cpu_seconds_per_file: Annotated[int, Field(ge=1, le=7 * 24 * 3600)] = 2 * 3600


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip are looked at: its keyframes where they are dense enough, else N a second.

    Between two keyframes N a second are looked at where faces came too near each other to tell who went where.
    """

    mode: Literal["keyframes", "per_second"] = "keyframes"
    max_gap_ms: Annotated[int, Field(ge=1, le=600_000)] = 1000
    per_second: Annotated[float, Field(ge=0.01, le=240)] = 2.0


@dataclass(frozen=True, slots=True)
class BindingRules:
    """When a face and a roster line may be put together; every doubt refuses."""

    # A face is cut if a landmark is nearer to the border than this, or if more than this share of its box lies outside
    # of the picture; the last number is for the one face of a portrait that it fills.
    border_px: Annotated[int, Field(ge=0, le=1000)] = 2
    max_outside: Annotated[float, Field(ge=0, le=1)] = 0.1
    max_outside_alone: Annotated[float, Field(ge=0, le=1)] = 0.2
    near_factor: Annotated[float, Field(ge=0, le=1)] = (
        0.35  # overlap (IoU) with another box above this is too near
    )
    min_face_px: Annotated[int, Field(ge=1, le=10_000)] = 24  # smaller faces are counted, never embedded
    # What a doubtful box must weigh to make a binding ambiguous: its score as a share of the detection threshold, less
    # where it is smaller than the face (0 = every doubtful box counts); in a clip, in what share of the looks at the
    # face it must be there.
    candidate_weight: Annotated[float, Field(ge=0, le=1)] = 0.6
    candidate_share: Annotated[float, Field(ge=0, le=1)] = 0.1


@dataclass(frozen=True, slots=True)
class FaceRules:
    """What is looked for, what is embedded of a bound track, and what quality it needs."""

    smallest_px: Annotated[int, Field(ge=8, le=10_000)] = (
        32  # longer side of the smallest face that is to be found in a picture of any size
    )
    frames_per_track: Annotated[int, Field(ge=1, le=100)] = 3
    kept_sightings: Annotated[int, Field(ge=1, le=1000)] = (
        8  # sightings of a track held in memory until it is bound
    )
    min_sharpness: Annotated[float, Field(ge=0, le=1_000_000)] = 4.0
    min_exposure: Annotated[float, Field(ge=0, le=1)] = 0.08
    max_exposure: Annotated[float, Field(ge=0, le=1)] = 0.95
    min_frontality: Annotated[float, Field(ge=0, le=1)] = 0.15


@dataclass(frozen=True, slots=True)
class Execution:
    """What runs the networks, and how fine it reckons. What reckons otherwise makes other vectors: the precision is
    part of the model's identity, so vectors of two are never compared unawares.
    """

    provider: Literal["cpu", "cuda", "openvino"] = "cpu"
    precision: Literal["f32", "bf16"] = "f32"  # bf16: "openvino" on processors that have it
