"""What one asset leaves behind: the rows of `staged`, all kinds in one shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from habeas.model.lines import Line


class Kind(StrEnum):
    """Kind of a staged row."""

    EMBEDDING = "embedding"
    REFUSAL = "refusal"
    QUARANTINE = "quarantine"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class AssetPlan:
    """One asset to work on: where it lies, who is listed, and the digest of everything that decides the result.

    `made_for`: each wanted purpose with the digest of what decides its rows, whatever else is wanted, as
    `purpose=digest`.
    """

    asset_id: str
    source_id: str
    location: str
    media: str  # "photo" | "clip"
    work_digest: str
    lines: tuple[Line, ...]
    model_id: str = ""
    made_for: tuple[str, ...] = ()

    def digest_for(self, purpose: str) -> str:
        """Work digest of this asset for one purpose. Raises KeyError for a purpose that isn't in `made_for`."""
        return dict(each.split("=", 1) for each in self.made_for)[purpose]


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of an embedded face (`faces/quality`); computed for bound, allowed faces alone."""

    size_px: float  # shorter side of the box, pixels
    sharpness: float  # variance of the Laplacian on the aligned face, 0..
    exposure: float  # mean luminance, 0..1
    frontality: float  # 1 = the nose lies midway between the eyes, 0 = profile
    norm_ok: bool  # the vector is finite and has unit length


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One row of `staged`. Which fields are set follows from `kind`; nothing here comes from a refused face."""

    kind: Kind
    asset_id: str
    source_id: str
    work_digest: str
    reason: str = ""  # refusal, quarantine
    count: int = 0  # refusal: faces; done: faces embedded
    purpose: str = ""
    row_id: str = ""
    line_id: str = ""
    subject_id: str = ""
    key_id: str = ""
    suite: int = 0
    format_version: int = 0
    model_id: str = ""
    preprocessing: str = ""
    transform: str = ""
    decision_id: str = ""
    expires_at: datetime | None = None
    frame_ms: int = 0
    rank: int = 0
    quality: Quality | None = None
    sealed: bytes = field(default=b"", repr=False)
    frames_decoded: int = 0  # done: counters of the work, not of a face
    embedder_faces: int = 0
    made_for: tuple[str, ...] = ()  # done, quarantine: as in AssetPlan
    faces: int = 0  # done: faces found, each once
