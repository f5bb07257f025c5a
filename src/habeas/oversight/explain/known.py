"""What is recorded about a person, a key or a run, in a few steps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from habeas.oversight.explain.evidence import Evidence
from habeas.oversight.explain.explanation import Explanation, listed
from habeas.oversight.explain.wording import CONSENT, LEFT_OUT
from habeas.oversight.explanation_step import ExplanationStep, day, plain
from habeas.oversight.numbers.numbers import state_of
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.reader import Row, one, rows

_STORED = ("row_id", "key_id", "subject_id", "purpose", "asset_id")


def explain_person(links: Evidence, subject_id: str) -> Explanation:
    """What is recorded about a person, and which templates follow from it."""
    reader, who = links.reader, ("subject_id", "=", subject_id)
    subject = one(reader, "subjects", "subject_id", subject_id)
    way = [
        ExplanationStep(
            "person",
            _person(subject),
            {"subject_id": subject_id, **(plain(subject, *subject) if subject else {})},
        )
    ]
    statements = sorted(rows(reader, "consents", who), key=lambda row: (row["recorded_at"], row["given_at"]))
    for row in statements:
        says = (
            f"On {day(row['given_at'])} {CONSENT.get(row['status'], row['status'])} to {row['purpose']}; "
            f"recorded {day(row['recorded_at'])}."
        )
        way.append(
            ExplanationStep(
                "consent", says, plain(row, "consent_id", "purpose", "status", "given_at", "recorded_at")
            )
        )
    for row in rows(reader, "leave_outs", who):
        says = f"This person {LEFT_OUT[row['kind']]} since {day(row['since'])} ({row['reason']})."
        way.append(
            ExplanationStep("left out", says, plain(row, "leave_out_id", "kind", "since", "until", "reason"))
        )
    lines = rows(reader, "rosters", who, columns=["line_id", "asset_id"])
    if lines:
        ids = [row["line_id"] for row in lines]
        files = len({row["asset_id"] for row in lines})
        way.append(
            ExplanationStep(
                "roster lines", f"{len(ids)} in {files} files: {listed(ids)}.", {"line_ids": sorted(ids)}
            )
        )
    keys = rows(reader, "keys", who, columns=["key_id"])
    way += [links.key(row["key_id"]) for row in sorted(keys, key=lambda row: str(row["key_id"]))]
    way += _templates(links, who)
    headline = (
        f"Person {subject_id[:8]}: listed {len(lines)} times, {len(statements)} statements about consent."
    )
    return Explanation("person", subject_id, headline, tuple(way))


def explain_key(links: Evidence, key_id: str) -> Explanation:
    """Whose key this is, for which purpose, and which templates are sealed to it."""
    key = one(links.reader, "keys", "key_id", key_id, ["key_id", "subject_id", "purpose", "created_at"])
    way = [links.key(key_id)]
    if key:
        says = f"Of person {key['subject_id'][:8]}, for {key['purpose']}, made {day(key['created_at'])}."
        way.append(ExplanationStep("person", says, plain(key, "subject_id", "purpose", "created_at")))
    way += _templates(links, ("key_id", "=", key_id))
    whose = f" of person {key['subject_id'][:8]} for {key['purpose']}" if key else ""
    return Explanation("key", key_id, f"A key{whose}.", tuple(way))


def explain_run(links: Evidence, run_id: str, left: Sequence[Row] = ()) -> Explanation:
    """`left`: its tasks as its own records have them; a run that failed has no row in `runs`."""
    tasks = {row["task"]: row for row in (*left, *rows(links.reader, "runs", ("run_id", "=", run_id)))}
    way = []
    for row in sorted(tasks.values(), key=lambda row: row["started_at"]):
        says = (
            f"{row['task'].capitalize()} {row['status']}, {day(row['started_at'])}, {row['seconds']:.0f} s."
        )
        fields = plain(
            row, "task", "status", "started_at", "finished_at", "seconds", "policy_digest", "model_id"
        )
        counts = row.get("counts")
        way.append(ExplanationStep("task", says, fields | {"counts": json.loads(counts) if counts else {}}))
    mine = ("run_id", "=", run_id)
    effects = Counter(row["effect"] for row in rows(links.reader, "decisions", mine, columns=["effect"]))
    if effects:
        says = ", ".join(f"{number} {effect}" for effect, number in sorted(effects.items()))
        way.append(
            ExplanationStep("decisions", f"It made {effects.total()} decisions: {says}.", dict(effects))
        )
    way += _templates(links, mine)
    closed = [row for row in rows(links.reader, "row_status", mine) if row["status"] == "closed"]
    if closed:
        ids = [row["row_id"] for row in closed]
        way.append(
            ExplanationStep(
                "closed", f"It closed {len(ids)} templates: {listed(ids)}.", {"row_ids": sorted(ids)}
            )
        )
    ended = sorted({row["status"] for row in tasks.values()} - {"done"})
    how = f"{' and '.join(ended)}" if ended else f"{len(tasks)} tasks done"
    return Explanation("run", run_id, f"Run {run_id}: {how}.", tuple(way))


def _person(subject: Row | None) -> str:
    if subject is None:
        return "Nothing but the id is known here."
    places = ", ".join(subject["jurisdictions"] or ()) or "unknown"
    age = (subject["age"] or "unknown").replace("_", " ")
    return f"Law of: {places}; age: {age}; known since {day(subject['recorded_at'])}."


def _templates(links: Evidence, where: tuple[str, str, str]) -> list[ExplanationStep]:
    stored = rows(links.reader, "embeddings", where, columns=_STORED)
    if not stored:
        return [ExplanationStep("templates", "No template is stored.", {"row_ids": []})]
    ids = sorted(row["row_id"] for row in stored)
    newest = newest_statuses(rows(links.reader, "row_status", ("row_id", "in", ids)))
    now = datetime.now(UTC)
    states = Counter(state_of(newest.get(row_id), now) for row_id in ids)
    how = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return [
        ExplanationStep(
            "templates", f"{len(ids)} stored, {how}: {listed(ids)}.", {"row_ids": ids, "states": dict(states)}
        )
    ]
