"""A model pack: two networks, what they may be used for, and how they want their input."""

from __future__ import annotations

from dataclasses import dataclass

ANY_PURPOSE = "*"
CANDIDATE_SHARE = 0.8
"""`candidate_threshold` as a share of `threshold`, where a pack doesn't say one."""


@dataclass(frozen=True, slots=True)
class Detector:
    """Finds boxes and five landmarks. `input_size` None = the loader's automatic sizes (128 and 640)."""

    file: str
    sha256: str
    input_size: tuple[int, int] | None  # width, height in pixels
    threshold: float  # a detection from here on is a face
    candidate_threshold: float  # from here to `threshold` it may make a binding ambiguous (`doubts`)
    nms: float
    resolves_px: float = 16.0  # longer side of the smallest face it finds, in pixels of its own input


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Turns an aligned face into `dimensions` numbers."""

    file: str
    sha256: str
    dimensions: int
    input_size: tuple[int, int]
    preprocessing: str
    same_person_score: float  # cosine from which two faces count as one person, for tests and reports


@dataclass(frozen=True, slots=True)
class ModelPack:
    """`pack.toml`, read. `permitted_purposes` holds purpose ids, or "*" alone."""

    name: str
    version: str
    licence: str
    licence_source: str
    permitted_purposes: tuple[str, ...]
    commercial_use: bool
    training_data: str
    detector: Detector
    recogniser: Recogniser
