"""Embed one asset: decode, detect, follow, bind, look up, align, embed, seal. One call, every row of it.

- No line allowed: nothing is opened. An unsigned key record: nothing is opened either.
- A face reaches the embedder only if it is bound to a line that a decision allows. What a refused face
  leaves is one more in a count.
- Line, track and rank travel beside each crop, so they aren't matched by position afterwards.
- A file that can't be used leaves one quarantine row and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from habeas.faces import quality
from habeas.faces.binding.bind import Binding, bind, window_ends
from habeas.faces.binding.bindable_lines import BindableLines
from habeas.faces.plan import AssetPlan, Kind, Quality, StagedRow
from habeas.faces.tracking.track_clip import follow
from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import BindingReason, Detection, Sighting, Track
from habeas.media.values import Frames, Image, MediaReason
from habeas.model.errors import BadInput, IntegrityError
from habeas.model.ids import asset_id, row_id
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.lines import Grant, Line
from habeas.sealing.envelope import SealContext
from habeas.sealing.keyrecords import KeyRecord, from_grant


class OpenMedia(Protocol):
    """One open photo or clip."""

    def sha256(self) -> bytes:
        """SHA-256 of the content, 32 bytes. Raises BadInput (`changed_while_read`, `unreadable`)."""

    def frames(self) -> Frames:
        """Frames, BGR uint8 (H, W, 3), upright, in time order. Raises BadInput."""

    def unchanged(self) -> None:
        """Raises BadInput (`changed_while_read`) if the file changed since it was opened."""


class Media(Protocol):
    """The archive, as the embed step sees it."""

    def open(self, plan: AssetPlan) -> AbstractContextManager[OpenMedia]:
        """Open the file of a plan. Raises BadInput if it is missing or unreadable."""


class FaceModels(Protocol):
    """A loaded model pack."""

    @property
    def threshold(self) -> float:
        """Lowest detection score (0 to 1) of a face; below it a box is a candidate."""

    @property
    def faces_embedded(self) -> int:
        """How many faces went through the recogniser since it was loaded, counted where it is called."""

    def detect(self, image: Image) -> Sequence[Detection]:
        """Faces and candidates in a BGR uint8 picture (H, W, 3), boxes and landmarks in its pixels."""

    def align(self, sighting: Sighting) -> Image | None:
        """Aligned face, BGR uint8 (S, S, 3); None if the landmarks are degenerate."""

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Embeddings of n aligned faces, float32 (n, D), L2-normalised, in the same order."""


class VectorSealer(Protocol):
    """Seals embeddings to public keys; it can't open."""

    def check(self, record: KeyRecord) -> None:
        """Raises IntegrityError unless the registrar signed this key record."""

    def seal(self, vector: NDArray[np.float32], context: SealContext, record: KeyRecord) -> bytes:
        """Sealed embedding. `vector`: float32 (D,). Raises IntegrityError for a record that is unsigned or of another
        key.
        """


@dataclass(frozen=True, slots=True)
class EmbedRules:
    """What is the same for every asset of a run. `max_gap_ms`: longest time between two frames looked at."""

    purposes: tuple[str, ...]
    model_id: str
    preprocessing: str
    installation_key: bytes = field(repr=False)
    binding: BindingRules
    faces: FaceRules
    max_gap_ms: int


@dataclass(frozen=True, slots=True)
class _Chosen:
    """One picture of one bound, allowed face, with whose it is."""

    line: Line
    rank: int
    at_ms: int
    quality: Quality
    crop: Image = field(repr=False)


def embed_asset(
    plan: AssetPlan, media: Media, models: FaceModels, sealer: VectorSealer, rules: EmbedRules
) -> list[StagedRow]:
    """Every staged row of one asset: embeddings, refusals and done, or a single quarantine row.

    Raises IntegrityError when a key record or the model pack can't be trusted: that is no matter of one asset.
    """
    if not any(line.grants for line in plan.lines):
        return [_ended(Kind.DONE, plan)]
    before = models.faces_embedded
    for line in plan.lines:
        for grant in line.grants:
            sealer.check(_record(line, grant))
    try:
        tracks, frames = _followed(plan, media, models, rules)
    except BadInput as bad:
        return [_ended(Kind.QUARANTINE, plan, reason=bad.reason)]
    binding = bind(plan.lines, tracks, plan.media == "photo", rules.binding)
    chosen, refused = _allowed(binding, models, rules)
    vectors = models.embed([one.crop for one in chosen]) if chosen else ()
    if len(vectors) != len(chosen):
        raise IntegrityError("the recogniser gave another number of vectors than it got faces")
    rows = [
        _sealed(plan, one, grant, vector, sealer, rules)
        for one, vector in zip(chosen, vectors, strict=True)
        for grant in one.line.grants
    ]
    rows += [
        _row(Kind.REFUSAL, plan, reason=reason, purpose=purpose, count=count)
        for (reason, purpose), count in sorted(refused.items())
    ]
    embedded = len({one.line.line_id for one in chosen})
    calls = models.faces_embedded - before  # what the recogniser saw, whatever was chosen for it
    rows.append(
        _ended(
            Kind.DONE,
            plan,
            count=embedded,
            faces=binding.faces,
            frames_decoded=frames,
            embedder_faces=calls,
        )
    )
    return rows


def _followed(
    plan: AssetPlan, media: Media, models: FaceModels, rules: EmbedRules
) -> tuple[tuple[Track, ...], int]:
    """Tracks of the whole asset and the number of frames looked at. One frame is alive at a time."""
    hopes = BindableLines([line for line in plan.lines if line.grants], plan.media == "photo")
    tracker = Tracker(
        rules.faces, models.threshold, window_ends(plan.lines), rules.max_gap_ms, hopes.wanted, hopes.ended
    )
    with media.open(plan) as opened:
        if asset_id(rules.installation_key, plan.source_id, opened.sha256()) != plan.asset_id:
            raise BadInput(MediaReason.CONTENT, "the file no longer holds what was catalogued")
        frames = follow(opened.frames(), models.detect, tracker)
        opened.unchanged()
    return tracker.finish(), frames


def _allowed(
    binding: Binding, models: FaceModels, rules: EmbedRules
) -> tuple[list[_Chosen], Counter[tuple[str, str]]]:
    """Pictures to embed, and faces refused by (reason, purpose); purpose "" = for every purpose."""
    refused = Counter({(reason, ""): count for reason, count in binding.refused.items()})
    chosen: list[_Chosen] = []
    for line, track in binding.bound:
        # nothing of a face without a grant is measured, so this stands first
        best = _best(line, track, models, rules) if line.grants else []
        if line.grants and not best:
            refused[BindingReason.QUALITY, ""] += 1
            continue
        granted = {grant.purpose for grant in line.grants}
        for purpose in rules.purposes:
            if purpose not in granted:
                refused[BindingReason.NOT_ALLOWED, purpose] += 1
        chosen += best
    return chosen, refused


def _best(line: Line, track: Track, models: FaceModels, rules: EmbedRules) -> list[_Chosen]:
    """The best pictures of a track that are good enough, best first."""
    good: list[tuple[Quality, Sighting, Image]] = []
    for sighting in track.sightings:
        crop = models.align(sighting)
        if crop is None:
            continue
        measured = quality.measure(sighting.detection, crop)
        if quality.passes(measured, rules.faces, rules.binding):
            good.append((measured, sighting, crop))
    good.sort(key=lambda one: (-quality.merit(one[0]), one[1].at_ms))
    return [
        _Chosen(line, rank, sighting.at_ms, measured, crop)
        for rank, (measured, sighting, crop) in enumerate(good[: rules.faces.frames_per_track])
    ]


def _sealed(
    plan: AssetPlan,
    one: _Chosen,
    grant: Grant,
    vector: NDArray[np.float32],
    sealer: VectorSealer,
    rules: EmbedRules,
) -> StagedRow:
    record = _record(one.line, grant)
    name = row_id(one.line.line_id, grant.key_id, rules.model_id, one.rank)
    context = SealContext(
        row_id=name,
        key_id=grant.key_id,
        asset_id=plan.asset_id,
        line_id=one.line.line_id,
        purpose=grant.purpose,
        source_id=plan.source_id,
        model_id=rules.model_id,
        preprocessing=rules.preprocessing,
        decision_id=grant.decision_id,
    )
    length = float(np.linalg.norm(vector.astype(np.float64)))
    measured = one.quality
    return _row(
        Kind.EMBEDDING,
        plan,
        work_digest=plan.digest_for(grant.purpose),
        purpose=grant.purpose,
        row_id=name,
        line_id=one.line.line_id,
        subject_id=one.line.subject_id or "",
        key_id=grant.key_id,
        suite=grant.suite,
        format_version=context.format_version,
        model_id=rules.model_id,
        preprocessing=context.preprocessing,
        transform=context.transform,
        decision_id=grant.decision_id,
        expires_at=grant.expires_at,
        frame_ms=one.at_ms,
        rank=one.rank,
        quality=Quality(
            measured.size_px,
            measured.sharpness,
            measured.exposure,
            measured.frontality,
            norm_ok=bool(np.isfinite(vector).all()) and abs(length - 1) <= 1e-3,
        ),
        sealed=sealer.seal(vector, context, record),
    )


def _record(line: Line, grant: Grant) -> KeyRecord:
    if line.subject_id is None:
        raise IntegrityError("a placeholder was planned with a key", hint="Run decide again.")
    return from_grant(grant, line.subject_id)


def _ended(kind: Kind, plan: AssetPlan, **values: Any) -> StagedRow:
    """The row that says what the work on this asset came to, and for which purposes it was done."""
    return _row(kind, plan, model_id=plan.model_id, made_for=plan.made_for, **values)


def _row(kind: Kind, plan: AssetPlan, **values: Any) -> StagedRow:
    same = {"asset_id": plan.asset_id, "source_id": plan.source_id, "work_digest": plan.work_digest}
    return StagedRow(kind=kind, **(same | values))
