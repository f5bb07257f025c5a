"""A refusal or a withdrawal in a list of statements. It needs a person and a purpose, and nothing else."""

from __future__ import annotations

from datetime import datetime

from habeas.model.errors import BadInput
from habeas.model.people import ConsentStatus
from habeas.model.purposes import Purposes
from habeas.model.text import fold
from habeas.model.words import AGE
from habeas.records.parsing import consents
from habeas.records.parsing.consents import ParsedStatement
from habeas.records.parsing.lenient import Lenient
from habeas.records.parsing.names import NO_NAMES, Names
from habeas.records.readers import fields as cell
from habeas.records.readers.lines import Values

_REFUSED = "refused refuse refusal declined rejected denied no 거부 거절 동의거부 미동의 부동의 동의안함"
_WITHDRAWN = "withdrawn withdraw withdrawal revoked revoke 철회 동의철회 철회함"
_WORDS = {
    **{fold(word): status for word, status in consents.STATUSES.items() if status is not ConsentStatus.GIVEN},
    **dict.fromkeys(_REFUSED.split(), ConsentStatus.REFUSED),
    **dict.fromkeys(_WITHDRAWN.split(), ConsentStatus.WITHDRAWN),
}
"""Words that plainly say no, without capitals and blanks. No word of another kind is ever taken for a yes."""

NO_NOTICE = "none"
"""The notice version of a no that names none; the desk's own withdrawals have it, too."""


def status_of(values: Values) -> ConsentStatus | None:
    """What kind of no the record is; None where it doesn't plainly say no."""
    value = values.get("status")
    return _WORDS.get(fold(value).replace(" ", "")) if isinstance(value, str) and len(value) < 100 else None


def read(
    values: Values, purposes: Purposes, recorded_at: datetime, names: Names = NO_NAMES
) -> ParsedStatement:
    """A record that says no. Raises BadInput where its person or its purpose is unclear."""
    status, reader = status_of(values), Lenient(values, names)
    if status is None:
        raise BadInput("unknown_status", "status: it doesn't say no")
    who = reader.person()
    if who is None:
        raise BadInput("missing_value", "subject")
    given_at, dated = reader.since("given_at", recorded_at)
    ends = reader.get(lambda v: cell.optional_instant(v, "expires_at"), None)
    return ParsedStatement(
        real_id=who,
        purpose=reader.purpose(values.get("purpose"), purposes),
        status=status,
        given_at=given_at,
        dated=dated,
        expires_at=ends if ends is not None and ends > given_at else None,
        explicit=reader.get(lambda v: cell.boolean(v, "explicit"), None),
        notice_version=reader.get(lambda v: cell.optional_text(v, "notice_version"), None) or NO_NOTICE,
        method=reader.get(lambda v: cell.optional_text(v, "method"), None) or "",
        evidence_digest=reader.get(lambda v: cell.hex_digest(v, "evidence_digest"), ""),
        scope=reader.scope(),
        separate=reader.get(lambda v: cell.boolean(v, "separate"), None),
        written=reader.get(lambda v: cell.boolean(v, "written"), None),
        guardian=reader.get(lambda v: cell.boolean(v, "guardian"), None),
        recipients=reader.get(consents.recipients, ()),
        countries=reader.get(consents.countries, ()),
        jurisdictions=reader.get(consents.jurisdictions, None),
        age=reader.get(lambda v: None if v.get("age") is None else cell.word(v, "age", AGE.words), None),
        last_contact_on=reader.get(lambda v: consents.last_contact(v, recorded_at), None),
        doubts=tuple(reader.doubts),
    )
