"""Counts from the tables: what was found, looked at, stored, refused and set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from habeas.model.face import BindingReason
from habeas.policy.waivers import Waiver
from habeas.steps.current_decision import current_decisions
from habeas.steps.reading import Reader, Row, rows
from habeas.steps.rulebook import Rulebook, is_waived

# When several facts spoke against a file, the first of these is the one that is told.
_TOLD_FIRST = (
    "left_out",
    "source_registered",
    "scan_ground",
    "within_retention",
    "purpose_known",
    "purpose_collected",
)
_BOUND = (BindingReason.NOT_ALLOWED, BindingReason.QUALITY)
_Faces = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything the summary and the page count from, read once."""

    assets: list[Row]
    decisions: list[Row]  # the newest of each thing and purpose
    embeddings: list[Row]
    refusals: list[Row]  # of each asset's newest work
    quarantine: list[Row]
    work: Mapping[str, Row]  # asset -> its newest work
    runs: list[Row]
    sources: list[Row]
    subjects: int

    @property
    def scanned(self) -> set[str]:
        """Assets that were decoded and looked at."""
        return {asset for asset, row in self.work.items() if row["state"] == "done"}


def read_tally(reader: Reader, run_id: str) -> Tally:
    """Read what is counted: ids and words, no ciphertext."""
    work: dict[str, Row] = {}
    for row in sorted(rows(reader, "work"), key=lambda row: row["recorded_at"]):
        work[row["asset_id"]] = row
    refusals = [
        row
        for row in rows(reader, "refusals")
        if work.get(row["asset_id"], row)["work_digest"] == row["work_digest"]
    ]
    columns = ["row_id", "asset_id", "line_id", "subject_id", "source_id", "purpose", "rank",
               "q_size_px", "q_sharpness", "q_exposure", "q_frontality"]  # fmt: skip
    return Tally(
        assets=[row for row in rows(reader, "assets") if row["present"]],
        decisions=list(current_decisions(rows(reader, "decisions")).values()),
        embeddings=rows(reader, "embeddings", columns=columns),
        refusals=refusals,
        quarantine=rows(reader, "quarantine"),
        work=work,
        runs=sorted(rows(reader, "runs", ("run_id", "=", run_id)), key=lambda row: row["started_at"]),
        sources=rows(reader, "sources"),
        subjects=len(rows(reader, "subjects", columns=["subject_id"])),
    )


def summarise(tally: Tally, run_id: str, tables: Mapping[str, str], rules: Rulebook) -> dict[str, Any]:
    """The content of `summary.json`. `tables` maps each table to its folder."""
    return {
        "run_id": run_id,
        "assets": len(tally.assets),
        "assets_refused": dict(sorted(Counter(refused_assets(tally, rules).values()).items())),
        "quarantined": len({row["asset_id"] for row in tally.quarantine if row["item"] == "file"}),
        "faces_detected": flow(tally)["faces"],
        "faces_refused": _by_reason(tally.refusals),
        "embeddings": len(tally.embeddings),
        "subjects": len({row["subject_id"] for row in tally.embeddings}),
        "waivers": waivers(tally, rules),
        "seconds": {row["task"]: round(row["seconds"], 1) for row in tally.runs},
        "tables": dict(tables),
    }


def waivers(tally: Tally, rules: Rulebook) -> list[dict[str, Any]]:
    """Every waiver there is, in force or not, as it stood when the run decided; `used` = decisions it touches."""
    times = [row["as_of"] for row in (*tally.runs, *tally.decisions)]
    if not times:
        return []
    used = Counter(rule.rpartition("/")[2].removesuffix("-gap") for row in tally.decisions
                   for rule in set(row["rules"]) if is_waived(rule))  # fmt: skip
    return [{**told, "used": used[told["rule"]]} for told in waivers_on(rules.waivers, max(times).date())]


def waivers_on(waivers: Iterable[Waiver], today: date) -> list[dict[str, Any]]:
    """Waivers as a report tells them."""
    return [
        {
            "rule": each.rule,
            "about": each.about,
            "owner": each.owner,
            "reason": each.reason,
            "granted_on": each.granted_on.isoformat(),
            "ends_on": each.ends_on.isoformat(),
            "state": each.state(today),
        }
        for each in waivers
    ]


def flow(tally: Tally) -> dict[str, int]:
    """How many are left after each step: files, then faces, then sealed templates.

    A bound face is stored or refused once a purpose, so in each file it is counted for the purpose with most.
    """
    stored, refused = _bound_faces(tally)
    unbound = sum(row["count"] for row in tally.refusals if row["reason"] not in _BOUND)
    poor = sum(row["count"] for row in tally.refusals if row["reason"] == BindingReason.QUALITY)
    bound: Counter[str] = Counter()
    allowed: Counter[str] = Counter()
    for asset, purpose in stored.keys() | refused.keys():
        allowed[asset] = max(allowed[asset], stored[asset, purpose])
        bound[asset] = max(bound[asset], stored[asset, purpose] + refused[asset, purpose])
    return {
        "assets": len(tally.assets),
        "scanned": len(tally.scanned),
        "faces": unbound + poor + bound.total(),
        "bound": poor + bound.total(),
        "allowed": poor + allowed.total(),
        "embedded": len({(row["asset_id"], row["line_id"]) for row in tally.embeddings}),
        "templates": len(tally.embeddings),
    }


def refused_assets(tally: Tally, rules: Rulebook) -> dict[str, str]:
    """Asset -> why nobody may look for faces in it, for every file no purpose may look at."""
    scans: dict[str, list[Row]] = {}
    for row in tally.decisions:
        if row["action"] == "scan":
            scans.setdefault(row["asset_id"], []).append(row)
    told = {}
    for asset in tally.assets:
        mine = scans.get(asset["asset_id"], [])
        if asset["media"] != "unreadable" and not any(row["effect"] == "allow" for row in mine):
            told[asset["asset_id"]] = _why(mine, rules)
    return told


def _why(scans: list[Row], rules: Rulebook) -> str:
    facts = {rules.fact(rule) for row in scans for rule in row["rules"] if not is_waived(rule)}
    facts |= {fact for row in scans for fact in row["missing"]}
    for fact in _TOLD_FIRST:
        if fact in facts:
            return fact
    return min(facts, default="undecided")


def _bound_faces(tally: Tally) -> tuple[_Faces, _Faces]:
    """(asset, purpose) -> bound faces that were stored, and those whose decision is no."""
    lines = {(row["asset_id"], row["purpose"], row["line_id"]) for row in tally.embeddings}
    stored = Counter((asset, purpose) for asset, purpose, _ in lines)
    refused = _Faces()
    for row in tally.refusals:
        if row["reason"] == BindingReason.NOT_ALLOWED:
            refused[row["asset_id"], row["purpose"]] += row["count"]
    return stored, refused


def _by_reason(refusals: list[Row]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in refusals:
        counts[row["reason"]] += row["count"]
    return dict(sorted(counts.items()))
