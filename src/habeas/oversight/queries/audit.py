"""Queries of the log: statements and decisions, as they were recorded at a time.

Subjects are named by their random id here; a real id is resolved through the key store first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from habeas.model.errors import UsageError
from habeas.model.installation.clocks import dated_ahead
from habeas.model.people import ConsentStatement, Place, Scope, Subject
from habeas.oversight.queries.find import find
from habeas.oversight.scope_wording import scope_words
from habeas.records.consent_ledger import standing
from habeas.records.leave_outs import holds, lifted_by
from habeas.records.table_rows import leave_out_of, statement_of, subject_of
from habeas.warehouse.current.current_decision import current_decisions, oldest_first, recorded
from habeas.warehouse.reader import Reader, Row, one, rows, starting

_COUNTS = ("given", "refused", "withdrawn")
_SUBJECT = re.compile(r"[0-9a-f]{8,64}")
"""As much of a subject id as `habeas explain` shows, or more: a shorter one could be a badge number."""
_NAME_PEOPLE = ("subjects", "consents", "leave_outs", "rosters", "embeddings")
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class About:
    """The subject of a query: a person, a file, or (both None) everything."""

    subject_id: str | None = None
    asset_id: str | None = None


def about(reader: Reader, subject: str | None, asset: str | None) -> About:
    """Check the ids of a query. A real id is never accepted here: arguments are kept in shell histories.

    Raises UsageError when `subject` or `asset`, an id or the beginning of one, names no person or asset here.
    """
    subject_id = None if subject is None else find_subject(reader, subject)
    if asset is None:
        return About(subject_id=subject_id)
    kind, asset_id = find(reader, asset)
    if kind != "asset":
        raise UsageError(f"that is the id of a {kind}, not of an asset", hint="See: habeas explain ID")
    return About(subject_id=subject_id, asset_id=asset_id)


def find_subject(reader: Reader, id_prefix: str) -> str:
    """The whole subject id that starts with `id_prefix`.

    Raises UsageError when none or more than one matches: an empty answer would read like "nothing is
    recorded". The message never repeats what was given, which may be a real id that looks like a random one.
    """
    prefix = id_prefix.strip().lower()
    require_random_id(prefix)
    matches = {
        str(row["subject_id"])
        for table in _NAME_PEOPLE
        for row in starting(reader, table, "subject_id", prefix, ["subject_id"])
    }
    if prefix in matches:
        return prefix
    if not matches:
        raise UsageError(
            "nobody here has a subject id that is or starts with the one given",
            hint="Ids are listed by: habeas tables show subjects. A real id goes into a file: --subject-file FILE",
        )
    if len(matches) > 1:
        listed = ", ".join(sorted(matches)[:_SHOWN])
        more = f" and {len(matches) - _SHOWN} more" if len(matches) > _SHOWN else ""
        raise UsageError(
            f"that is the beginning of {len(matches)} subject ids: {listed}{more}",
            hint="Give more of the id.",
        )
    return matches.pop()


def require_random_id(subject: str) -> None:
    """Raise UsageError, without repeating it, when `subject` can't be a random subject id."""
    if not _SUBJECT.fullmatch(subject):
        raise UsageError(
            "--subject takes a random subject id (0-9, a-f)",
            hint="A real id goes into a file: --subject-file FILE, or --subject-file - for standard input.",
        )


def log_consents(
    reader: Reader, wanted: About, as_of: datetime, known_at: datetime | None = None
) -> list[Row]:
    """Every statement recorded by `known_at` (default: as_of), oldest first.

    `standing`: the state of the consent at `as_of` by the statements that decide it; `in_force`: it still held then;
    `about`: the footage it is about, in words. About an asset: the statements of the people its roster lists.
    """
    recorded_by = as_of if known_at is None else known_at
    statements = _wanted(reader, wanted, rows(reader, "consents", ("recorded_at", "<=", recorded_by)))
    statements.sort(key=_order)
    sources = [row["source_id"] for row in rows(reader, "sources", columns=["source_id"])] or [""]
    standings = _standings(statements, sources, as_of, recorded_by)
    return [
        {
            **row,
            "about": scope_words(statement_of(row).scope),
            "standing": standings.get(row["consent_id"], ""),
            "in_force": standings.get(row["consent_id"]) in _COUNTS,
        }
        for row in statements
    ]


def log_leave_outs(
    reader: Reader, wanted: About, as_of: datetime, known_at: datetime | None = None
) -> list[Row]:
    """Every leave-out of the people in question that was recorded by `known_at` (default: as_of), oldest first."""
    recorded_by = as_of if known_at is None else known_at
    listed = rows(reader, "leave_outs", ("recorded_at", "<=", recorded_by))
    lifted = lifted_by(map(leave_out_of, listed), as_of)
    chosen = [row for row in _wanted(reader, wanted, listed) if row["lifts"] is None]
    return [
        {
            **row,
            "about": scope_words(leave_out_of(row).scope),
            "in_force": holds(leave_out_of(row), as_of) and row["leave_out_id"] not in lifted,
        }
        for row in sorted(chosen, key=lambda row: (row["since"], row["recorded_at"], row["leave_out_id"]))
    ]


def statements_of(reader: Reader, subject_id: str) -> list[ConsentStatement]:
    """Every statement of one person."""
    return [statement_of(row) for row in rows(reader, "consents", ("subject_id", "=", subject_id))]


def person(reader: Reader, subject_id: str) -> Subject:
    """What is recorded about one person besides their statements."""
    row = one(reader, "subjects", "subject_id", subject_id)
    return Subject(subject_id, None, None) if row is None else subject_of(row)


def _wanted(reader: Reader, wanted: About, chosen: list[Row]) -> list[Row]:
    if wanted.subject_id:
        chosen = [row for row in chosen if row["subject_id"] == wanted.subject_id]
    if wanted.asset_id:
        listed = {line["subject_id"] for line in rows(reader, "rosters", ("asset_id", "=", wanted.asset_id))}
        chosen = [row for row in chosen if row["subject_id"] in listed]
    return chosen


def _standings(entries: list[Row], sources: list[str], as_of: datetime, known_at: datetime) -> dict[str, str]:
    """consent_id -> state of the consent, for each statement that decides it for some footage.

    The footage tried is some of each source, and some in the scope of each statement.
    """
    statuses: dict[str, str] = {}
    groups: dict[tuple[str, str], list[ConsentStatement]] = {}
    for row in entries:
        groups.setdefault((row["subject_id"], row["purpose"]), []).append(statement_of(row))
    for (subject, purpose), statements in groups.items():
        places = [Place(source) for source in sources] + [inside(each.scope) for each in statements]
        for place in places:
            where = standing(statements, subject, purpose, place, as_of, known_at)
            if where.statement and where.status:
                statuses[where.statement.consent_id] = where.status
    return statuses


def inside(scope: Scope) -> Place:
    """Footage that a scope is about."""
    captured = scope.from_at
    if captured is None and scope.to_at is not None:
        captured = scope.to_at - timedelta(microseconds=1)
    return Place(
        scope.sources[0] if scope.sources else "",
        scope.assets[0] if scope.assets else "",
        scope.folders,
        scope.sites,
        scope.events,
        scope.lots,
        captured,
    )


def log_decisions(reader: Reader, wanted: About, as_of: datetime, now: datetime | None = None) -> list[Row]:
    """Every decision recorded up to `as_of`, in the order of recording.

    `in_force` marks the one that held then about each thing; `dated_ahead` one that was made as of a time to come at
    `now` (default: `as_of`), which permits nothing.
    """
    where = [("asset_id", "=", wanted.asset_id)] if wanted.asset_id else []
    decisions = [row for row in rows(reader, "decisions", *where) if _recorded_by(row, as_of, now)]
    if wanted.subject_id:
        about_them = rows(reader, "rosters", ("subject_id", "=", wanted.subject_id), columns=["line_id"])
        lines = {row["line_id"] for row in about_them}
        decisions = [row for row in decisions if row["line_id"] in lines]
    held = {row["decision_id"] for row in current_decisions(decisions).values()}
    return [
        {
            **row,
            "recorded_at": row.get("recorded_at"),
            "dated_ahead": dated_ahead(row["as_of"], now or as_of),
            "in_force": row["decision_id"] in held
            and not dated_ahead(row["as_of"], as_of)
            and (row["valid_until"] is None or row["valid_until"] > as_of),
        }
        for row in oldest_first(decisions)
    ]


def _recorded_by(row: Row, at: datetime, now: datetime | None) -> bool:
    """Whether a decision was there at `at`. One of a version that noted no time, dated ahead, was there before now."""
    if row.get("recorded_at") is None and now is not None and dated_ahead(row["as_of"], now):
        return True
    return recorded(row) <= at


def _order(row: Row) -> tuple[datetime, datetime, str]:
    return row["given_at"], row["recorded_at"], row["consent_id"]
