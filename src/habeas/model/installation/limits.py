"""Numbers that a site may set, with their meaning, unit and range.

They are part of the work digest: after a change the affected files are worked on again. The range is checked when
settings are read: outside it a number makes no sense, or turns a check off. The text below each setting is its meaning;
error messages and docs/reference/settings.md show it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

_CONFIG = ConfigDict(extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Limits on one file. One above a limit goes to quarantine as `over_limit`, before or while it is decoded."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    max_bytes: Annotated[int, Field(ge=1, le=10**15)] = 2_000_000_000
    """Largest size of one photo or clip, in bytes."""
    max_pixels: Annotated[int, Field(ge=1, le=10**9)] = 64_000_000
    """Largest number of pixels (width times height) of one photo or frame. Common cameras make up to 61 million."""
    max_frames: Annotated[int, Field(ge=1, le=10**9)] = 1_300_000
    """Largest number of frames decoded of one clip. The default is six hours at 60 frames a second."""
    max_duration_s: Annotated[int, Field(ge=1, le=30 * 24 * 3600)] = 6 * 3600
    """Longest duration of one clip, in seconds."""
    memory_mb: Annotated[int, Field(ge=256, le=2**20)] = 1536
    """Memory of one decoder process beyond what it holds after its start, in MiB. A rotated picture of 64 million
    pixels takes 1180.
    """
    seconds_per_answer: Annotated[int, Field(ge=1, le=600)] = 25
    """Longest wait for one answer of the decoder (the headers of a file, or its next frame), in seconds. A halt of
    a source or a purpose can take this long, and some seconds more for work in hand.
    """
    cpu_seconds_per_file: Annotated[int, Field(ge=1, le=7 * 24 * 3600)] = 2 * 3600
    """CPU time of the decoder for one file, all answers together, in seconds. Time spent waiting for it counts as a
    quarter. One core decodes 1080 lines at ten times the speed of a player at 25 frames a second, 2160 lines at two
    or three times.
    """


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip are searched for faces: its keyframes where they are dense enough, else N a second.

    Between two keyframes, N frames a second are searched where two faces came so near each other that position alone
    can't tell which is which.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    mode: Literal["keyframes", "per_second"] = "keyframes"
    """Which frames of a clip are searched: its keyframes where they are dense enough, or always
    `sampling.per_second` frames a second.
    """
    max_gap_ms: Annotated[int, Field(ge=1, le=600_000)] = 1000
    """Longest time between two keyframes, in milliseconds. A clip whose keyframes lie further apart is searched at
    `sampling.per_second`.
    """
    per_second: Annotated[float, Field(ge=0.01, le=240)] = 2.0
    """Frames searched in each second of a clip where keyframes aren't used or aren't enough."""


@dataclass(frozen=True, slots=True)
class BindingRules:
    """When a face may be bound to a roster line. Every doubt refuses the face."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    border_px: Annotated[int, Field(ge=0, le=1000)] = 2
    """A face counts as cut by the border of the picture if a landmark lies nearer to it than this, in pixels."""
    max_outside: Annotated[float, Field(ge=0, le=1)] = 0.1
    """A face counts as cut if more than this share of its box lies outside the picture."""
    max_outside_alone: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The same share for the only face of a portrait that it fills. Its landmarks only have to lie inside."""
    near_factor: Annotated[float, Field(ge=0, le=1)] = 0.35
    """A face is too near another if its box overlaps another box by more than this (intersection over union)."""
    min_face_px: Annotated[int, Field(ge=1, le=10_000)] = 24
    """Shorter side of the smallest face that may be embedded, in pixels. Smaller faces are counted and refused."""
    candidate_weight: Annotated[float, Field(ge=0, le=1)] = 0.6
    """Photos: a box below the detection threshold makes a binding ambiguous from this weight on. Its weight is its
    score as a share of the threshold, less where it is smaller than the face. 0 = every such box counts.
    """
    candidate_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Clips: boxes below the detection threshold make a binding ambiguous if they appear in at least this share of
    the frames in which the face was found.
    """


@dataclass(frozen=True, slots=True)
class FaceRules:
    """Which faces are searched for, how many frames of a bound track are embedded, and the quality that they need."""

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    smallest_px: Annotated[int, Field(ge=8, le=10_000)] = 32
    """Longer side of the smallest face to find, in pixels, in a picture of any size. Where a search of the whole
    picture would miss it, the picture is searched in tiles as well.
    """
    frames_per_track: Annotated[int, Field(ge=1, le=100)] = 3
    """Largest number of frames embedded of one bound track of a clip, best first."""
    kept_sightings: Annotated[int, Field(ge=1, le=1000)] = 8
    """Largest number of pictures of one track held in memory until binding. Not below `faces.frames_per_track`."""
    min_sharpness: Annotated[float, Field(ge=0, le=1_000_000)] = 4.0
    """Lowest sharpness of an embedded face: variance of the Laplacian of its luminance (0 to 255), once aligned."""
    min_exposure: Annotated[float, Field(ge=0, le=1)] = 0.08
    """Lowest mean luminance of an embedded face (0 = black, 1 = white)."""
    max_exposure: Annotated[float, Field(ge=0, le=1)] = 0.95
    """Highest mean luminance of an embedded face. Above `faces.min_exposure`."""
    min_frontality: Annotated[float, Field(ge=0, le=1)] = 0.15
    """Lowest frontality of an embedded face: 1 = frontal and upright, 0 = in profile or lying on its side."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What runs the networks, and with which numeric precision. Another precision gives other vectors: it is part of
    the model's identity, so that vectors of two precisions are never compared.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CONFIG

    provider: Literal["cpu", "cuda", "openvino"] = "cpu"
    """What runs the networks. `cuda` and `openvino` need a package of their own in place of onnxruntime; there is
    no fallback to `cpu`.
    """
    precision: Literal["f32", "bf16"] = "f32"
    """Numeric precision of the networks; part of the model's identity. `bf16`: `openvino` alone, on processors that
    have it.
    """
