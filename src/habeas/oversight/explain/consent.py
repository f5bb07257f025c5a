"""The statements of a person about one purpose, as a step: their footage, their form, and when each was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from habeas.model.people import ConsentStatus, Place
from habeas.oversight.explain.wording import CONSENT
from habeas.oversight.explanation_step import ExplanationStep, day, plain
from habeas.oversight.scope_wording import scope_words
from habeas.records.scopes import fits
from habeas.records.table_rows import statement_of
from habeas.warehouse.reader import Row

_FIELDS: Final = (
    "consent_id", "purpose", "status", "given_at", "expires_at", "recorded_at", "sources", "folders", "sites",
    "events", "lots", "assets", "from_at", "to_at", "explicit", "separate", "written", "guardian", "recipients",
    "countries", "notice_version", "method", "evidence_digest",
)  # fmt: skip
_HOW: Final = {
    "explicit": ("in so many words", "not in so many words", "whether in so many words"),
    "separate": (
        "asked apart from everything else",
        "bundled with something else",
        "whether asked apart from everything else",
    ),
    "written": ("in writing", "not in writing", "whether in writing"),
    "guardian": ("by a guardian", "not by a guardian", "whether by a guardian"),
}
"""Column -> the words for yes, no and unknown."""
_ID = 12


def consent_step(
    statements: Sequence[Row], purpose: str, as_of: datetime, place: Place | None
) -> ExplanationStep:
    """The statements of one person about one purpose; those recorded after the decision stand apart.

    `place`: where the file belongs; None = unknown, and the step then leaves it out.
    """
    ordered = sorted(statements, key=lambda row: (row["recorded_at"], row["given_at"]))
    sentences = [_statement(row, as_of, place) for row in ordered if row["recorded_at"] <= as_of]
    later = [_statement(row, as_of, place) for row in ordered if row["recorded_at"] > as_of]
    if sentences:
        says = " ".join(sentences)
    elif later:
        says = f"When this was decided, nobody had recorded that this person was asked for {purpose}, so no."
    else:
        says = f"As far as is recorded, nobody ever asked this person for {purpose}: no yes and no no, so no."
    if later:
        says += " Recorded since: " + " ".join(later)
    fields = [_fields(row, place) for row in ordered]
    return ExplanationStep("consent", says, {"purpose": purpose, "statements": fields})


def _fields(row: Row, place: Place | None) -> dict[str, Any]:
    """Every column as a field, unknown ones included: a rule may refuse because of them."""
    columns = {**dict.fromkeys(_FIELDS), **plain(row, *_FIELDS)}
    return {**columns, "about_this_file": None if place is None else _reaches(row, place)}


def _reaches(row: Row, place: Place) -> bool:
    """As in the ledger: for a file of unknown date, a yes with a time window doesn't apply, and a no does."""
    return fits(statement_of(row).scope, place, unknown_fits=row["status"] != ConsentStatus.GIVEN)


def _statement(row: Row, as_of: datetime, place: Place | None) -> str:
    text = f"On {day(row['given_at'])} {CONSENT.get(row['status'], row['status'])} to {row['purpose']}"
    text += f" for {scope_words(statement_of(row).scope, _ID)}"
    if place is not None and not _reaches(row, place):
        text += " (this file is not part of it)"
    if row["status"] == ConsentStatus.GIVEN:
        expired = row["expires_at"] is not None and row["expires_at"] <= as_of
        text += f", until {day(row['expires_at'])}" if row["expires_at"] is not None else ", without an end"
        text += " (over when this was decided)" if expired else ""
        text += " (not yet true when this was decided)" if row["given_at"] > as_of else ""
        text += "".join(f"; {part}" for part in _how(row))
    elif row["guardian"]:
        text += "; said by a guardian"
    return f"{text}; recorded {day(row['recorded_at'])}."


def _how(row: Row) -> list[str]:
    """The form of a consent, its recipients, and which of its columns are empty: rules that need those refuse."""
    stated = [yes if row[name] else no for name, (yes, no, _) in _HOW.items() if row[name] is not None]
    unknown = [words for name, (_, _, words) in _HOW.items() if row[name] is None]
    parts = ["said " + ", ".join(stated)] if stated else []
    parts += ["nobody recorded " + " or ".join(unknown)] if unknown else []
    parts += [f"{', '.join(row['recipients'])} may get templates"] if row["recipients"] else []
    parts += [f"they may go to {', '.join(row['countries'])}"] if row["countries"] else []
    return parts
