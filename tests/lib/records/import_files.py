"""Input files for the import tests, and the look-ups an import gets from key store and catalog."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from habeas.model.errors import BadInput
from habeas.model.purposes import Purposes
from habeas.policy.lists.purposes import load_purposes
from habeas.records.parsing.scope import Places

PURPOSES: Purposes = load_purposes(Path(__file__).resolve().parents[3] / "policies" / "purposes.yaml")

CONSENT: dict[str, Any] = {
    "subject": "mina@example.org",
    "purpose": "archive_search",
    "status": "given",
    "given_at": "2026-01-01T09:00:00+09:00",
    "expires_at": "",
    "sources": "",
    "explicit": "true",
    "notice_version": "2",
    "method": "paper form",
}
LINE: dict[str, Any] = {
    "source": "studio",
    "file": "a/one.jpg",
    "subject": "mina@example.org",
    "from_ms": "",
    "to_ms": "",
    "x0": "",
    "y0": "",
    "x1": "",
    "y1": "",
    "position": "",
    "closed": "true",
    "attested_by": "front desk",
    "attested_at": "2026-01-01T00:00:00Z",
}
SOURCE: dict[str, Any] = {
    "source_id": "studio",
    "controller": "Museum",
    "controller_kind": "public",
    "root": "studio",
    "purposes": "archive_search;access_verification",
    "legal_basis": "Consent",
    "scan_ground": "LegitimateInterest",
    "roster_ground": "LegitimateInterest",
    "jurisdiction": "KR",
    "capture_place": "KR",
    "retention_days": "365",
}


def csv_bytes(ordinary: dict[str, Any], *changes: dict[str, Any], columns: list[str] | None = None) -> bytes:
    """A CSV file with one row a change; columns are those of the ordinary row and of the changes."""
    rows = [ordinary | change for change in changes]
    names = columns or list(dict.fromkeys(name for row in [ordinary, *rows] for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def json_bytes(*records: dict[str, Any] | str) -> bytes:
    """JSON lines: records, or lines as they are."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return "\n".join(lines).encode("utf-8") + b"\n"


class KeyStore:
    """The identity table in small: an id per real id, and a log of what was asked."""

    def __init__(self, refused: frozenset[str] = frozenset()) -> None:
        self.asked: list[str] = []
        self._refused = refused

    def subject_of(self, real_id: str) -> str:
        self.asked.append(real_id)
        if real_id in self._refused:
            raise BadInput("tombstoned")
        return self.known_as(real_id)

    @staticmethod
    def known_as(real_id: str) -> str:
        return "s-" + hashlib.sha256(real_id.encode()).hexdigest()[:12]


ASSETS = {
    ("studio", "a/one.jpg"): "asset-1",
    ("studio", "a/two.jpg"): "asset-2",
    ("studio", "copy.jpg"): "asset-1",
}


def asset_of(source_id: str, location: str) -> str:
    if (source_id, location) not in ASSETS:
        raise BadInput("roster_asset_missing")
    return ASSETS[source_id, location]


def _folder(source_id: str, path: str) -> str:
    if source_id not in ("studio", "lobby"):
        raise BadInput("unknown_source")
    if path not in ("a", "a;b", "kims_wedding"):
        raise BadInput("folder_missing")
    return hashlib.sha256(f"{source_id}/{path}".encode()).hexdigest()[:32]


def _asset(source_id: str, location: str) -> str:
    known = ASSETS | {("studio", "a;b/three.jpg"): "asset-3"}
    if (source_id, location) not in known:
        raise BadInput("asset_missing")
    return known[source_id, location]


def _named(source_id: str, path: str) -> str:
    return hashlib.sha256(f"place {source_id}/{path}".encode()).hexdigest()[:32]


PLACES = Places(_folder, _asset, _named)
