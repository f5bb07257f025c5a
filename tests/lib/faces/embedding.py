"""What it takes to embed one asset in a test: keys that exist, an archive of one folder, rows that open."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.plan import AssetPlan, Kind, StagedRow
from habeas.media.source import ArchiveMedia
from habeas.model.ids import asset_id
from habeas.model.installation.limits import MediaLimits, Sampling
from habeas.model.lines import Grant, Line
from habeas.sealing import keypairs
from habeas.sealing.envelope import SealContext
from habeas.sealing.keyrecords import KeyRecord, registrar_public_of, sign
from habeas.sealing.opening import open_sealed
from habeas.sealing.sealer import Sealer

KEY = b"installation key of the tests...."
REGISTRAR = hashlib.sha256(b"registrar").digest()
SUITE = 1
UNTIL = datetime(2027, 1, 1, tzinfo=UTC)


def sealer() -> Sealer:
    return Sealer(registrar_public_of(REGISTRAR))


def _seed(subject: str, purpose: str) -> bytes:
    return hashlib.sha256(f"{subject}/{purpose}".encode()).digest()


def grant(subject: str, purpose: str = "archive_search") -> Grant:
    key_id = f"key of {subject} for {purpose}"
    record = sign(
        KeyRecord(key_id, subject, purpose, 1, SUITE, keypairs.public_of(SUITE, _seed(subject, purpose))),
        REGISTRAR,
    )
    return Grant(
        purpose, f"decision about {subject} for {purpose}", "facts", "policy", UNTIL, key_id, 1, SUITE,
        record.public_key, record.signature,
    )  # fmt: skip


def plan_for(path: Path, *lines: Line, media: str = "photo") -> AssetPlan:
    name = asset_id(KEY, "demo", hashlib.sha256(path.read_bytes()).digest())
    made_for = tuple(
        f"{purpose}=digest" for purpose in sorted({g.purpose for li in lines for g in li.grants})
    )
    return AssetPlan(name, "demo", path.name, media, "work digest", lines, "model", made_for)


def archive(folder: Path) -> ArchiveMedia:
    return ArchiveMedia({"demo": folder}, MediaLimits(), Sampling())


def opened(row: StagedRow, models: LoadedPack) -> NDArray[np.float32]:
    context = SealContext(
        row_id=row.row_id, key_id=row.key_id, asset_id=row.asset_id, line_id=row.line_id, purpose=row.purpose,
        source_id=row.source_id, model_id=row.model_id, preprocessing=models.pack.recogniser.preprocessing,
        decision_id=row.decision_id,
    )  # fmt: skip
    return open_sealed(row.sealed, context, SUITE, _seed(row.subject_id, row.purpose))


def embeddings(rows: list[StagedRow]) -> list[StagedRow]:
    return [row for row in rows if row.kind is Kind.EMBEDDING]


def refusals(rows: list[StagedRow]) -> dict[tuple[str, str], int]:
    return {(row.reason, row.purpose): row.count for row in rows if row.kind is Kind.REFUSAL}


def done(rows: list[StagedRow]) -> StagedRow:
    (row,) = (row for row in rows if row.kind is Kind.DONE)
    return row
