"""A handful of rows in every table, shaped by the contracts, so that readers can be tested without Spark.

Ana consented to archive_search and has one template. Ben withdrew. Cleo was never asked. One photo lies in a
source nobody may scan, one file is broken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from habeas.model.installation.resources import PROJECT
from habeas.warehouse.contracts import read_contracts

TYPES = {
    "string": pa.string(),
    "long": pa.int64(),
    "integer": pa.int32(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "array<string>": pa.list_(pa.string()),
}

ANA, BEN, CLEO = "a1" * 16, "b2" * 16, "c3" * 16
GROUP, STREET, BROKEN = "00001" + "a" * 27, "00002" + "b" * 27, "0c" * 16
LINE_ANA, LINE_BEN, LINE_CLEO = "d100" + "0" * 28, "d200" + "0" * 28, "d300" + "0" * 28
ROW_ANA, KEY_ANA = "e1" * 32, "f1" * 16
ALLOWED, WITHDRAWN, NEVER_ASKED, NO_SCAN = ("ab0" + n + "1" * 60 for n in "1234")
LISTS = ("recipients", "countries", "sources", "folders", "sites", "events", "lots", "assets")
"""Columns of consents that hold lists."""
POLICY, RUN, MODEL = "9" * 64, "nightly-1", "synthetic@0123456789ab"
RULE_WITHDRAWN, RULE_CONSENT_GAP, RULE_SCAN = "house/HOUSE-10", "house/HOUSE-10-gap", "house/HOUSE-16"
RULE_LAW, RULE_PERMIT, RULE_WAIVED = "kr-pipa/KR-23-1", "house/HOUSE-embed", "waived:house/HOUSE-9"


def at(day: int, hour: int = 0) -> datetime:
    """A day of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def write(warehouse: Path, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to a table of the contract's shape; columns not named are null."""
    contract = read_contracts(PROJECT / "schemas")[table]
    schema = pa.schema([pa.field(c.name, TYPES[c.type]) for c in contract.columns])
    data = {c.name: [row.get(c.name) for row in rows] for c in contract.columns}
    write_deltalake(str(warehouse / table), pa.table(data, schema=schema), mode="append")


def fill(warehouse: Path) -> None:
    """Write the small story of this module's first lines."""
    source = {
        "controller": "City archive",
        "controller_kind": "public",
        "legal_basis": "Consent",
        "retention_days": 365,
        "jurisdiction": "KR",
        "capture_place": "KR",
        "registered_at": at(1),
        "roster_ground": "Consent",
    }
    write(
        warehouse,
        "sources",
        [
            {
                **source,
                "source_id": "studio",
                "root": "studio",
                "purposes": ["archive_search"],
                "scan_ground": "Consent",
            },
            {**source, "source_id": "street", "root": "street", "purposes": [], "scan_ground": "none"},
        ],
    )
    asset = {
        "bytes": 1000,
        "modified_ns": 1,
        "folders": [],
        "present": True,
        "catalogued_at": at(20),
        "run_id": RUN,
    }
    write(
        warehouse,
        "assets",
        [
            {
                **asset,
                "asset_id": GROUP,
                "source_id": "studio",
                "location": "day 1.jpg",
                "media": "photo",
                "format": "jpeg",
                "captured_at": at(2),
            },
            {
                **asset,
                "asset_id": STREET,
                "source_id": "street",
                "location": "x.jpg",
                "media": "photo",
                "format": "jpeg",
            },
            {
                **asset,
                "asset_id": BROKEN,
                "source_id": "studio",
                "location": "y.jpg",
                "media": "unreadable",
                "format": "",
            },
        ],
    )
    line = {
        "asset_id": GROUP,
        "closed": False,
        "attested_by": "clerk 7",
        "attested_at": at(3),
        "recorded_at": at(4),
    }
    write(
        warehouse,
        "rosters",
        [
            {**line, "line_id": LINE_ANA, "subject_id": ANA, "x0": 0.0, "y0": 0.0, "x1": 0.3, "y1": 1.0},
            {**line, "line_id": LINE_BEN, "subject_id": BEN, "x0": 0.35, "y0": 0.0, "x1": 0.6, "y1": 1.0},
            {**line, "line_id": LINE_CLEO, "subject_id": CLEO, "x0": 0.65, "y0": 0.0, "x1": 1.0, "y1": 1.0},
        ],
    )
    write(warehouse, "subjects", [{"subject_id": who, "recorded_at": at(4)} for who in (ANA, BEN, CLEO)])
    said = {
        "purpose": "archive_search",
        **{name: [] for name in LISTS},
        "explicit": True,
        "notice_version": "n1",
        "method": "form",
        "evidence_digest": "0" * 64,
    }
    write(
        warehouse,
        "consents",
        [
            {
                **said,
                "consent_id": "ca",
                "subject_id": ANA,
                "status": "ConsentGiven",
                "given_at": at(5),
                "recorded_at": at(5),
                "expires_at": datetime(2027, 11, 5, tzinfo=UTC),
            },
            {
                **said,
                "consent_id": "cb",
                "subject_id": BEN,
                "status": "ConsentGiven",
                "given_at": at(5),
                "recorded_at": at(5),
            },
            {
                **said,
                "consent_id": "cc",
                "subject_id": BEN,
                "status": "ConsentWithdrawn",
                "given_at": at(10),
                "recorded_at": at(11),
            },
            {
                **said,
                "consent_id": "cd",
                "subject_id": ANA,
                "status": "ConsentWithdrawn",
                "given_at": at(22),
                "recorded_at": at(22),
            },
        ],
    )
    write(
        warehouse,
        "fact_sets",
        [
            {
                "facts_digest": "f" + n * 63,
                "action": "embed",
                "facts": json.dumps({"consent": word} if word else {}),
                "recorded_at": at(20),
            }
            for n, word in (("1", "given"), ("2", "withdrawn"), ("3", None), ("4", None))
        ],
    )
    decided = {
        "asset_id": GROUP,
        "purpose": "archive_search",
        "policy_digest": POLICY,
        "as_of": at(20),
        "run_id": RUN,
        "rules": [],
        "missing": [],
        "obligations": [],
        "regulator_rules": [],
        "action": "embed",
    }
    write(
        warehouse,
        "decisions",
        [
            {
                **decided,
                "decision_id": ALLOWED,
                "line_id": LINE_ANA,
                "facts_digest": "f" + "1" * 63,
                "effect": "allow",
                "rules": [RULE_PERMIT, RULE_WAIVED],
                "obligations": ["destroy_days<=5", "log_days>=730"],
                "regulator_effect": "allow",
                "regulator_rules": ["kr-pipa/KR-embed"],
                "retention_days": 365,
                "valid_until": datetime(2027, 11, 5, tzinfo=UTC),
            },
            {
                **decided,
                "decision_id": WITHDRAWN,
                "line_id": LINE_BEN,
                "facts_digest": "f" + "2" * 63,
                "effect": "deny",
                "rules": [RULE_WITHDRAWN, RULE_LAW],
                "regulator_effect": "deny",
                "regulator_rules": [RULE_LAW],
            },
            {
                **decided,
                "decision_id": NEVER_ASKED,
                "line_id": LINE_CLEO,
                "facts_digest": "f" + "3" * 63,
                "effect": "gap",
                "rules": [RULE_CONSENT_GAP],
                "missing": ["consent"],
            },
            {
                **decided,
                "decision_id": NO_SCAN,
                "asset_id": STREET,
                "action": "scan",
                "facts_digest": "f" + "4" * 63,
                "effect": "deny",
                "rules": [RULE_SCAN],
            },
            {
                **decided,
                "decision_id": "ab05" + "1" * 60,
                "action": "scan",
                "facts_digest": "f" + "4" * 63,
                "effect": "allow",
            },
        ],
    )
    write(
        warehouse,
        "keys",
        [
            {
                "key_id": KEY_ANA,
                "subject_id": ANA,
                "purpose": "archive_search",
                "generation": 1,
                "suite": 2,
                "public_key": b"p",
                "created_at": at(5),
                "signature": b"s",
            }
        ],
    )
    write(
        warehouse,
        "embeddings",
        [
            {
                "row_id": ROW_ANA,
                "asset_id": GROUP,
                "line_id": LINE_ANA,
                "subject_id": ANA,
                "source_id": "studio",
                "purpose": "archive_search",
                "key_id": KEY_ANA,
                "suite": 2,
                "format_version": 1,
                "model_id": MODEL,
                "decision_id": ALLOWED,
                "frame_ms": 0,
                "rank": 0,
                "q_size_px": 120.0,
                "q_sharpness": 30.5,
                "q_exposure": 0.5,
                "q_frontality": 0.9,
                "q_norm_ok": True,
                "sealed": b"c" * 100,
                "work_digest": "w1",
                "run_id": RUN,
                "sealed_at": at(20, 1),
            }
        ],
    )
    write(
        warehouse,
        "row_status",
        [
            {
                "row_id": ROW_ANA,
                "status": "open",
                "decision_id": ALLOWED,
                "reason": "published",
                "expires_at": datetime(2027, 11, 5, tzinfo=UTC),
                "recorded_at": at(20, 1),
                "run_id": RUN,
            }
        ],
    )
    refused = {
        "asset_id": GROUP,
        "source_id": "studio",
        "purpose": "archive_search",
        "work_digest": "w1",
        "run_id": RUN,
        "recorded_at": at(20, 1),
    }
    write(
        warehouse,
        "refusals",
        [{**refused, "reason": "not_allowed", "count": 2}, {**refused, "reason": "unbound", "count": 1}],
    )
    write(
        warehouse,
        "quarantine",
        [
            {
                "quarantine_id": "7c" * 16,
                "item": "file",
                "asset_id": BROKEN,
                "source_id": "studio",
                "reason": "truncated",
                "detail": "ends inside a picture",
                "run_id": RUN,
                "recorded_at": at(20),
            }
        ],
    )
    write(
        warehouse,
        "work",
        [
            {
                "asset_id": GROUP,
                "work_digest": "w1",
                "state": "done",
                "run_id": RUN,
                "recorded_at": at(20, 1),
                "faces": 4,
                "faces_embedded": 1,
            }
        ],
    )
    counts = {
        "catalog": {"assets": 3, "quarantined": 1},
        "decide": {"decisions": 5},
        "embed": {"assets": 1, "frames_decoded": 1, "faces_detected": 4, "embedder_faces": 1},
        "check": {"rows": 1, "set_aside": 0},
        "publish": {"embeddings": 1},
    }
    write(
        warehouse,
        "runs",
        [
            {
                "run_id": RUN,
                "task": task,
                "status": "done",
                "as_of": at(20),
                "started_at": at(20, hour),
                "finished_at": at(20, hour),
                "seconds": 1.5,
                "cpu_seconds": 1.0,
                "counts": json.dumps(counts[task]),
                "policy_digest": POLICY,
                "model_id": MODEL,
                "version": "0.1.0",
            }
            for hour, task in enumerate(counts)
        ],
    )
