"""Generated rows of `decisions`: a few things, times that collide, rows of versions that noted no time of recording."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TIMES = [NOW + timedelta(minutes=m) for m in (-60_000, -90, -90, -5, 0, 4, 6, 90, 60_000)]
THINGS = [
    ("scan", "a1", None, "p"), ("scan", "a1", None, "q"), ("embed", "a1", "l1", "p"), ("embed", "a2", "l2", "p"),
]  # fmt: skip


def decision(number: int = 0, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "decision_id": f"d{number:05}", "action": "embed", "asset_id": "a1", "line_id": "l1", "purpose": "p",
        "key_id": None, "facts_digest": "f", "policy_digest": "x", "as_of": NOW, "recorded_at": NOW, "known_at": NOW,
        "valid_until": None, "effect": "allow", "rules": [], "missing": [], "retention_days": None, "obligations": [],
        "regulator_effect": None, "regulator_rules": [], "run_id": "r1",
    }  # fmt: skip
    return row | changes


def drawn(seed: int, count: int) -> list[dict[str, Any]]:
    """Decisions at random about few things, so that each is decided many times."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        action, asset, line, purpose = rng.choice(THINGS)
        rows.append(decision(
            number, action=action, asset_id=asset, line_id=line, purpose=purpose, as_of=rng.choice(TIMES),
            recorded_at=rng.choice([None, *TIMES]), valid_until=rng.choice([None, *TIMES]),
            effect=rng.choice(["allow", "deny", "gap"]),
        ))  # fmt: skip
    rng.shuffle(rows)
    return rows


def drawn_statuses(seed: int, count: int) -> list[dict[str, Any]]:
    """Statuses at random of a few rows, many of one instant: whoever reads them must see one answer."""
    rng = random.Random(seed)
    rows = [
        {
            "row_id": rng.choice(["r1", "r2", "r3"]), "status": rng.choice(["open", "closed", "frozen", "held"]),
            "decision_id": f"d{number}", "expires_at": rng.choice([None, *TIMES]), "erase_by": None,
            "reason": rng.choice(["published", "decision_ended", "key_closed"]),
            "recorded_at": rng.choice(TIMES[:5]), "run_id": f"run-{number}",
        }
        for number in range(count)
    ]  # fmt: skip
    rng.shuffle(rows)
    return rows
