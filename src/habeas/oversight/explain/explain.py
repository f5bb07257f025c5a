"""Why does this template exist, or why doesn't it? From any id back to the file, the consent and the rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from habeas.oversight.explain.evidence import Evidence, KeyStatus, set_aside
from habeas.oversight.explain.explanation import Explanation, source_of
from habeas.oversight.explain.file import explain_asset, explain_line
from habeas.oversight.explain.known import explain_key, explain_person, explain_run
from habeas.oversight.explain.wording import ACTIONS, EFFECTS, reason
from habeas.oversight.explanation_step import ExplanationStep, day, plain
from habeas.oversight.queries.find import find
from habeas.policy.rulebook import Rulebook
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.reader import Reader, Row, one, rows

_NO_DECISION = "The decision this row rests on is missing: the row should not be here"


def explain(
    reader: Reader,
    given: str,
    *,
    rules: Rulebook | None = None,
    key_status: KeyStatus | None = None,
    archive: Path | None = None,
    left: Sequence[Row] = (),
) -> Explanation:
    """Explain what an id, the beginning of one, the id of a run or a path names (see `find`).

    `archive`: its folder, for paths. `left`: the run's tasks as its own records have them, when `given` is a run.
    Raises UsageError when nothing or more than one thing fits; the message lists the candidates.
    """
    links = Evidence(reader, rules or Rulebook(), key_status)
    if left:
        return explain_run(links, str(left[0]["run_id"]), left)
    kind, whole = find(reader, given, archive)
    return _BY_KIND[kind](links, whole)


def _embedding(links: Evidence, row_id: str) -> Explanation:
    columns = [
        "row_id",
        "asset_id",
        "line_id",
        "subject_id",
        "source_id",
        "purpose",
        "key_id",
        "suite",
        "model_id",
        "decision_id",
        "frame_ms",
        "rank",
        "q_size_px",
        "q_sharpness",
        "q_exposure",
        "q_frontality",
        "run_id",
        "sealed_at",
    ]
    row = one(links.reader, "embeddings", "row_id", row_id, columns) or {}
    decision = one(links.reader, "decisions", "decision_id", row["decision_id"])
    line, _ = links.roster_line(row["line_id"])
    file = links.file(row["asset_id"])
    at = f"The frame at {row['frame_ms'] / 1000:.2f} s, number {row['rank'] + 1} of its track."
    way = [
        file,
        ExplanationStep(
            "frame",
            "The photo as a whole: it has one picture." if file.fields.get("media") == "photo" else at,
            plain(row, "frame_ms", "rank"),
        ),
        ExplanationStep(
            "quality",
            f"Face {row['q_size_px']:.0f} px, sharpness {row['q_sharpness']:.1f}, "
            f"exposure {row['q_exposure']:.2f}, frontality {row['q_frontality']:.2f}.",
            plain(row, "q_size_px", "q_sharpness", "q_exposure", "q_frontality"),
        ),
        line,
    ]
    if decision:
        way += [
            links.consent(row["subject_id"], row["asset_id"], row["purpose"], decision["as_of"]),
            *links.left_out(row["subject_id"], row["asset_id"], row["purpose"]),
            *links.decision(decision),
            links.policy(decision),
        ]
    else:
        way.append(ExplanationStep("decision", f"{_NO_DECISION}.", plain(row, "decision_id")))
    way += [
        links.run(row["run_id"]),
        ExplanationStep("model", f"Made by model {row['model_id']}.", plain(row, "model_id")),
        links.key(row["key_id"]),
        _status(links, row_id),
    ]
    who, stored = row["subject_id"][:8], day(row["sealed_at"])
    headline = f"A sealed template of person {who} for {row['purpose']}, stored {stored}."
    return Explanation("embedding", row_id, headline, tuple(way), "" if decision else _NO_DECISION)


def _status(links: Evidence, row_id: str) -> ExplanationStep:
    statuses = rows(links.reader, "row_status", ("row_id", "=", row_id))
    if not statuses:
        return ExplanationStep(
            "status", "No status is recorded: the row counts as closed.", {"status": "closed"}
        )
    newest = newest_statuses(statuses)[row_id]
    names = ["status", "reason", "decision_id", "erase_by", "recorded_at"]
    if newest["status"] == "closed":
        return ExplanationStep("status", _closed(newest), plain(newest, *names))
    says = f"Now {newest['status']}, permission until {day(newest['expires_at'])}."
    return ExplanationStep("status", says, plain(newest, *names, "expires_at"))


def _closed(status: Row) -> str:
    """When and why: a closed row has no permission, whatever time stands beside it."""
    ended, at = status["expires_at"], status["recorded_at"]
    if status["reason"] == "key_closed":
        why = "its key was closed, because the person said no or is left out"
    elif status["reason"] == "decision_ended" and ended is not None and ended <= at:
        why = f"its permission ran out on {day(ended)}"
    elif status["reason"] == "decision_ended":
        why = f"decision {status['decision_id'][:12]} no longer allows it"
    else:
        why = reason(status["reason"])
    by = f"It is to be erased by {day(status['erase_by'])}." if status["erase_by"] else ""
    return f"Closed {day(at)}: {why}. Nobody may open it. {by}".strip()


def _decision(links: Evidence, decision_id: str) -> Explanation:
    row = one(links.reader, "decisions", "decision_id", decision_id) or {}
    way = [links.file(row["asset_id"]), *source_of(links, row["asset_id"])]
    subject = None
    if row["line_id"]:
        link, line = links.roster_line(row["line_id"])
        subject = line["subject_id"] if line else None
        way += [link, links.consent(subject, row["asset_id"], row["purpose"], row["as_of"])]
    way += links.left_out(subject, row["asset_id"], row["purpose"])
    way += [*links.decision(row), links.policy(row), links.run(row["run_id"])]
    headline = f"{ACTIONS[row['action']]} for {row['purpose']} was {EFFECTS[row['effect']]}."
    return Explanation(
        "decision" if row["effect"] == "allow" else "refusal", decision_id, headline, tuple(way)
    )


def _quarantine(links: Evidence, quarantine_id: str) -> Explanation:
    row = one(links.reader, "quarantine", "quarantine_id", quarantine_id) or {}
    way = [links.file(row["asset_id"])] if row["asset_id"] else []
    way += [set_aside(row), links.run(row["run_id"])]
    return Explanation("quarantine", quarantine_id, f"Set aside: {reason(row['reason'])}.", tuple(way))


_BY_KIND = {
    "embedding": _embedding,
    "decision": _decision,
    "roster line": explain_line,
    "asset": explain_asset,
    "quarantine": _quarantine,
    "person": explain_person,
    "key": explain_key,
    "run": explain_run,
}
