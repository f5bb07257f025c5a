"""What the page shows beyond the summary: sources, purposes, histograms of stored quality, times, examples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from habeas.policy.obligations import unite
from habeas.report.summary import Tally, flow, refused_assets
from habeas.steps.rulebook import Rulebook, is_waived
from habeas.steps.supply import where_to_write
from habeas.steps.words import fact, obligation

_BINS = 12


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie in low <= value < high (the last bin holds its upper end too)."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source: its files and what became of them."""

    source_id: str
    controller: str
    purposes: tuple[str, ...]
    scan_ground: str
    assets: int
    refused: int
    scanned: int
    quarantined: int
    faces_refused: int
    templates: int
    subjects: int


@dataclass(frozen=True, slots=True)
class PurposeLine:
    """One purpose: what the embed gate said about roster lines, and what was stored."""

    purpose: str
    allow: int
    deny: int
    gap: int
    templates: int
    subjects: int
    regulator: dict[str, int]  # how the laws alone read the same lines; it opens nothing


@dataclass(frozen=True, slots=True)
class StepLine:
    """One task of the run."""

    task: str
    status: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything the page needs beside `summary.json`."""

    flow: dict[str, int]
    sources: tuple[SourceLine, ...]
    purposes: tuple[PurposeLine, ...]
    missing: tuple[tuple[str, int, str], ...]  # fact in words, decisions that lack it, where to write it
    quality: dict[str, tuple[Bin, ...]]
    rules: tuple[tuple[str, int], ...]  # sentence, how many newest decisions it spoke against
    obligations: tuple[str, ...]  # in words
    quarantine: tuple[tuple[str, int], ...]
    steps: tuple[StepLine, ...]
    as_of: datetime | None
    policy_digest: str
    model_id: str
    version: str
    examples: tuple[tuple[str, str], ...]  # what, id


def describe(tally: Tally, rules: Rulebook) -> Detail:
    """Count once more, by source, purpose, rule and bin."""
    last = tally.runs[-1] if tally.runs else {}
    return Detail(
        flow=flow(tally),
        sources=_sources(tally, rules),
        purposes=_purposes(tally),
        missing=_missing(tally),
        quality={
            name: bins([row[name] for row in tally.embeddings])
            for name in ("q_size_px", "q_sharpness", "q_exposure", "q_frontality")
        },
        rules=_rules(tally, rules),
        obligations=_obligations(tally),
        quarantine=tuple(Counter(row["reason"] for row in tally.quarantine).most_common()),
        steps=tuple(StepLine(r["task"], r["status"], r["seconds"], r["cpu_seconds"]) for r in tally.runs),
        as_of=last.get("as_of"),
        policy_digest=policy_of(tally),
        model_id=_last_word(tally.runs, "model_id"),
        version=last.get("version", ""),
        examples=examples(tally),
    )


def policy_of(tally: Tally) -> str:
    """Digest of the rules the run decided by; "" where nothing was decided yet."""
    return _last_word(tally.runs, "policy_digest") or _last_word(tally.decisions, "policy_digest")


def bins(values: Sequence[float], wanted: int = _BINS) -> tuple[Bin, ...]:
    """Equal bins with round borders; no bin when there are no values."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ()
    low, high = min(finite), max(finite)
    width = _round_up((high - low) / wanted) if high > low else 1.0
    start = math.floor(low / width) * width
    counts = Counter(int((value - start) / width) for value in finite)
    last = max(counts)
    return tuple(Bin(start + i * width, start + (i + 1) * width, counts[i]) for i in range(last + 1))


def _round_up(width: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9))


def _sources(tally: Tally, rules: Rulebook) -> tuple[SourceLine, ...]:
    refused, scanned = refused_assets(tally, rules), tally.scanned
    assets = {row["asset_id"]: row["source_id"] for row in tally.assets}
    lines = []
    for source in sorted(tally.sources, key=lambda row: row["source_id"]):
        name = source["source_id"]
        mine = {asset for asset, where in assets.items() if where == name}
        stored = [row for row in tally.embeddings if row["source_id"] == name]
        lines.append(
            SourceLine(
                source_id=name,
                controller=source["controller"],
                purposes=tuple(source["purposes"]),
                scan_ground=source["scan_ground"],
                assets=len(mine),
                refused=len(mine & refused.keys()),
                scanned=len(mine & scanned),
                quarantined=len({row["asset_id"] for row in tally.quarantine if row["source_id"] == name}),
                faces_refused=sum(row["count"] for row in tally.refusals if row["source_id"] == name),
                templates=len(stored),
                subjects=len({row["subject_id"] for row in stored}),
            )
        )
    return tuple(lines)


def _purposes(tally: Tally) -> tuple[PurposeLine, ...]:
    effects = Counter((row["purpose"], row["effect"]) for row in tally.decisions if row["action"] == "embed")
    read = Counter(
        (row["purpose"], row["regulator_effect"]) for row in tally.decisions if row["action"] == "embed"
    )
    lines = []
    for purpose in sorted({purpose for purpose, _ in effects} | {row["purpose"] for row in tally.embeddings}):
        stored = [row for row in tally.embeddings if row["purpose"] == purpose]
        allow, deny, gap = (effects[purpose, effect] for effect in ("allow", "deny", "gap"))
        people = len({row["subject_id"] for row in stored})
        regulator = {effect: read[purpose, effect] for effect in ("allow", "deny", "gap")}
        lines.append(PurposeLine(purpose, allow, deny, gap, len(stored), people, regulator))
    return tuple(lines)


def _rules(tally: Tally, rules: Rulebook) -> tuple[tuple[str, int], ...]:
    fired = Counter(
        rules.sentence(rule)
        for row in tally.decisions
        if row["action"] == "embed" and row["effect"] != "allow"
        for rule in row["rules"]
        if not is_waived(rule)
    )
    return tuple(fired.most_common())


def _missing(tally: Tally) -> tuple[tuple[str, int, str], ...]:
    """Facts that nobody supplied: in words, how many decisions lack it, and where to write it."""
    counts = Counter((name, row["purpose"]) for row in tally.decisions for name in row["missing"] or ())
    return tuple(
        (fact(name), count, where_to_write(name, purpose))
        for (name, purpose), count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def _obligations(tally: Tally) -> tuple[str, ...]:
    """What the packs oblige to in anything that is allowed, united."""
    duties = unite(
        duty for row in tally.decisions if row["effect"] == "allow" for duty in row["obligations"] or ()
    )
    return tuple(obligation(duty) for duty in duties)


def _last_word(found: Sequence[dict[str, Any]], column: str) -> str:
    words = [row[column] for row in found if row.get(column)]
    return str(words[-1]) if words else ""


def examples(tally: Tally) -> tuple[tuple[str, str], ...]:
    """Ids worth explaining: a template, a refused person, a missing fact, a waived rule, a file nobody may scan."""
    found = []
    if tally.embeddings:
        found.append(("why this template exists", min(row["row_id"] for row in tally.embeddings)))
    for what, action, effect in (
        ("why this person's face was refused", "embed", "deny"),
        ("which fact is missing", "", "gap"),
        ("why nobody looked at this file", "scan", "deny"),
    ):
        fitting = [
            row for row in tally.decisions if row["effect"] == effect and action in ("", row["action"])
        ]
        if fitting:
            found.append((what, min(row["decision_id"] for row in fitting)))
    waived = [row["decision_id"] for row in tally.decisions if any(map(is_waived, row["rules"]))]
    if waived:
        found.append(("what was waived, by whom and until when", min(waived)))
    return tuple(found)
