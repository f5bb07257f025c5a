"""What the page shows beyond the summary: sources, purposes, histograms of stored quality, times, examples."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from habeas import __version__
from habeas.oversight.explain.supply import where_to_write
from habeas.oversight.explain.wording import fact, obligation
from habeas.oversight.numbers.numbers import Numbers, count, template_states
from habeas.oversight.numbers.tally import Tally
from habeas.policy.rulebook import Rulebook, is_waived
from habeas.policy.rules.obligations import unite
from habeas.warehouse.reader import Row

_BINS = 12


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie in low <= value < high (the last bin holds its upper end too)."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source and what became of its files, faces and templates."""

    source_id: str
    controller: str
    purposes: tuple[str, ...]
    scan_ground: str
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class PurposeLine:
    """One purpose: the embed gate's decisions about roster lines, and what is stored. `shut`: not open any more."""

    purpose: str
    allow: int
    deny: int
    gap: int
    open: int
    shut: int
    people: int
    regulator: dict[str, int]  # how the laws alone read the same lines; it opens nothing


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule and the refusals of listed people by it. `name`: pack/id."""

    name: str
    sentence: str
    citation: str
    count: int


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything the page needs beside `summary.json`."""

    sources: tuple[SourceLine, ...]
    purposes: tuple[PurposeLine, ...]
    missing: tuple[tuple[str, int, str], ...]  # fact in words, decisions that lack it, where to write it
    quality: dict[str, tuple[Bin, ...]]
    rules: tuple[RuleLine, ...]
    obligations: tuple[str, ...]  # in words
    records: tuple[tuple[str, int], ...]  # lines of lists that were set aside, by reason
    of_no_source: int  # files that lie in no registered source
    steps: tuple[Row, ...]
    as_of: datetime | None
    policy_digest: str
    model_id: str
    version: str
    examples: tuple[tuple[str, str], ...]  # what, id


def describe(tally: Tally, rules: Rulebook, now: datetime) -> Detail:
    """Count once more, by source, purpose, rule and bin."""
    states = template_states(tally, now)
    open_rows = [row for row in tally.embeddings if states[row["row_id"]] == "open"]
    last = tally.runs[-1] if tally.runs else {}
    aside = Counter(row["reason"] for row in tally.quarantine if row["item"] == "record")
    return Detail(
        sources=_sources(tally, rules, now),
        purposes=_purposes(tally, states),
        missing=_missing(tally),
        quality={
            name: bins([row[name] for row in open_rows])
            for name in ("q_size_px", "q_sharpness", "q_exposure", "q_frontality")
        },
        rules=_rules(tally, rules),
        obligations=_obligations(tally),
        records=tuple(aside.most_common()),
        of_no_source=_of_no_source(tally),
        steps=tuple(tally.runs),
        as_of=last.get("as_of"),
        policy_digest=policy_of(tally),
        model_id=_last_word(tally.runs, "model_id"),
        version=last.get("version") or __version__,
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


def _sources(tally: Tally, rules: Rulebook, now: datetime) -> tuple[SourceLine, ...]:
    return tuple(
        SourceLine(
            source_id=source["source_id"],
            controller=source["controller"],
            purposes=tuple(source["purposes"]),
            scan_ground=source["scan_ground"],
            numbers=count(tally.of_source(source["source_id"]), rules, now),
        )
        for source in sorted(tally.sources, key=lambda row: row["source_id"])
    )


def _purposes(tally: Tally, states: Mapping[str, str]) -> tuple[PurposeLine, ...]:
    asked = [row for row in tally.decisions if row["action"] == "embed"]
    effects = Counter((row["purpose"], row["effect"]) for row in asked)
    read = Counter((row["purpose"], row["regulator_effect"]) for row in asked)
    lines = []
    for purpose in sorted({purpose for purpose, _ in effects} | {row["purpose"] for row in tally.embeddings}):
        stored = [row for row in tally.embeddings if row["purpose"] == purpose]
        open_rows = [row for row in stored if states[row["row_id"]] == "open"]
        lines.append(
            PurposeLine(
                purpose,
                effects[purpose, "allow"],
                effects[purpose, "deny"],
                effects[purpose, "gap"],
                len(open_rows),
                len(stored) - len(open_rows),
                len({row["subject_id"] for row in open_rows}),
                {effect: read[purpose, effect] for effect in ("allow", "deny", "gap")},
            )
        )
    return tuple(lines)


def _rules(tally: Tally, rules: Rulebook) -> tuple[RuleLine, ...]:
    fired = Counter(
        rule
        for row in tally.decisions
        if row["action"] == "embed" and row["effect"] != "allow"
        for rule in row["rules"]
        if not is_waived(rule)
    )
    return tuple(
        RuleLine(name, rules.sentence(name), rules.rule(name).citation, number)
        for name, number in sorted(fired.items(), key=lambda item: (-item[1], item[0]))
    )


def _missing(tally: Tally) -> tuple[tuple[str, int, str], ...]:
    """Missing facts: in words, how many decisions lack it, and where to write it."""
    counts = Counter(
        (fact(name), where_to_write(name, row["purpose"]))
        for row in tally.decisions
        for name in row["missing"] or ()
    )
    return tuple(
        (words, number, where)
        for (words, where), number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    )


def _of_no_source(tally: Tally) -> int:
    """Files that the run found outside every registered source."""
    counts = [json.loads(row["counts"]) for row in tally.runs if row["task"] == "catalog" and row["counts"]]
    return int(counts[-1].get("unregistered", 0)) if counts else 0


def _obligations(tally: Tally) -> tuple[str, ...]:
    """What the packs oblige to in anything that is allowed, united."""
    duties = unite(
        duty for row in tally.decisions if row["effect"] == "allow" for duty in row["obligations"] or ()
    )
    return tuple(obligation(duty) for duty in duties)


def _last_word(entries: Sequence[Row], column: str) -> str:
    words = [row[column] for row in entries if row.get(column)]
    return str(words[-1]) if words else ""


def examples(tally: Tally) -> tuple[tuple[str, str], ...]:
    """Ids worth explaining: a template, a refused person, a missing fact, a waived rule, a file that may not be
    scanned.
    """
    questions = []
    if tally.embeddings:
        questions.append(("why this template exists", min(row["row_id"] for row in tally.embeddings)))
    for what, action, effect in (
        ("why this person's face was refused", "embed", "deny"),
        ("which fact is missing", "", "gap"),
        ("why nobody looked at this file", "scan", "deny"),
    ):
        fitting = [
            row for row in tally.decisions if row["effect"] == effect and action in ("", row["action"])
        ]
        if fitting:
            questions.append((what, min(row["decision_id"] for row in fitting)))
    waived = [row["decision_id"] for row in tally.decisions if any(map(is_waived, row["rules"]))]
    if waived:
        questions.append(("what was waived, by whom and until when", min(waived)))
    return tuple(questions)
