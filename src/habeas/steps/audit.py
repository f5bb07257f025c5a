"""What an auditor asks of the log: what people said, and what was decided, as it was known at a time.

Subjects are named by their random id here; whoever holds a real id resolves it through the key store first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from habeas.errors import UsageError
from habeas.steps.explain import find
from habeas.steps.reading import Reader, Row, rows

_SUBJECT = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class About:
    """Whom or what the auditor asks about: a person, a file, or (both None) everything."""

    subject_id: str | None = None
    asset_id: str | None = None


def about(reader: Reader, subject: str | None, asset: str | None) -> About:
    """Check what was asked for. A real id must never come this way: an argument ends in shell histories.

    Raises UsageError when `subject` can't be a random id, or `asset` names no asset.
    """
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise UsageError(
            "--subject takes a random subject id (0-9, a-f)",
            hint="A real id goes into a file: --subject-file FILE, or --subject-file - for standard input.",
        )
    if asset is None:
        return About(subject_id=subject)
    kind, asset_id = find(reader, asset)
    if kind != "asset":
        raise UsageError(f"that is the id of a {kind}, not of an asset", hint="See: habeas explain ID")
    return About(subject_id=subject, asset_id=asset_id)


def log_consents(reader: Reader, wanted: About, as_of: datetime) -> list[Row]:
    """Every statement that was known at `as_of`, oldest first; `in_force` marks those that counted then.

    About an asset: the statements of the people its roster lists.
    """
    found = rows(reader, "consents", ("recorded_at", "<=", as_of))
    if wanted.subject_id:
        found = [row for row in found if row["subject_id"] == wanted.subject_id]
    if wanted.asset_id:
        listed = {line["subject_id"] for line in rows(reader, "rosters", ("asset_id", "=", wanted.asset_id))}
        found = [row for row in found if row["subject_id"] in listed]
    found.sort(key=_order)
    last: dict[tuple[str, str], str] = {}
    for row in found:
        if row["given_at"] <= as_of:
            last[row["subject_id"], row["purpose"]] = row["consent_id"]
    return [
        {
            **row,
            "in_force": row["consent_id"] == last.get((row["subject_id"], row["purpose"]))
            and (row["expires_at"] is None or row["expires_at"] > as_of),
        }
        for row in found
    ]


def log_decisions(reader: Reader, wanted: About, as_of: datetime) -> list[Row]:
    """Every decision taken up to `as_of`, oldest first; `in_force` marks the newest about each thing."""
    where = [("as_of", "<=", as_of)]
    found = rows(
        reader, "decisions", *where, *([("asset_id", "=", wanted.asset_id)] if wanted.asset_id else [])
    )
    if wanted.subject_id:
        about_them = rows(reader, "rosters", ("subject_id", "=", wanted.subject_id), columns=["line_id"])
        lines = {row["line_id"] for row in about_them}
        found = [row for row in found if row["line_id"] in lines]
    found.sort(key=lambda row: (row["as_of"], row["action"], row["decision_id"]))
    last = {
        (row["action"], row["asset_id"], row["line_id"], row["purpose"]): row["decision_id"] for row in found
    }
    return [
        {
            **row,
            "in_force": row["decision_id"]
            == last[row["action"], row["asset_id"], row["line_id"], row["purpose"]]
            and (row["valid_until"] is None or row["valid_until"] > as_of),
        }
        for row in found
    ]


def _order(row: Row) -> tuple[datetime, datetime, str]:
    return row["given_at"], row["recorded_at"], row["consent_id"]
