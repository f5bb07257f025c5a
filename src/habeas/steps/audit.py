"""What an auditor asks of the log: what people said, and what was decided, as it was known at a time.

Subjects are named by their random id here; whoever holds a real id resolves it through the key store first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from habeas.consent.ledger import standing
from habeas.errors import UsageError
from habeas.model.people import ConsentStatement, Place
from habeas.steps.explain import find
from habeas.steps.ledger_rows import statement_of
from habeas.steps.reading import Reader, Row, rows

_COUNTS = ("given", "refused", "withdrawn")
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
    """Every statement that was known at `as_of`, oldest first.

    `standing` says where the statements that speak leave the consent; `in_force`: it still stood then.
    About an asset: the statements of the people its roster lists.
    """
    found = rows(reader, "consents", ("recorded_at", "<=", as_of))
    if wanted.subject_id:
        found = [row for row in found if row["subject_id"] == wanted.subject_id]
    if wanted.asset_id:
        listed = {line["subject_id"] for line in rows(reader, "rosters", ("asset_id", "=", wanted.asset_id))}
        found = [row for row in found if row["subject_id"] in listed]
    found.sort(key=_order)
    sources = [row["source_id"] for row in rows(reader, "sources", columns=["source_id"])] or [""]
    words = _speaking(found, sources, as_of)
    return [
        {
            **row,
            "standing": words.get(row["consent_id"], ""),
            "in_force": words.get(row["consent_id"]) in _COUNTS,
        }
        for row in found
    ]


def _speaking(found: list[Row], sources: list[str], as_of: datetime) -> dict[str, str]:
    """Statement -> where it leaves the consent, for each statement that speaks for at least one source."""
    told: dict[str, str] = {}
    groups: dict[tuple[str, str], list[ConsentStatement]] = {}
    for row in found:
        groups.setdefault((row["subject_id"], row["purpose"]), []).append(statement_of(row))
    for (subject, purpose), said in groups.items():
        for source in sources:
            where = standing(said, subject, purpose, Place(source), as_of, as_of)
            if where.statement and where.status:
                told[where.statement.consent_id] = where.status
    return told


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
