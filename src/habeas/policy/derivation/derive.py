"""Facts from what was registered, recorded and said: plain functions, the one place where facts come from.

Each gives the facts of one decision beside `valid_until`: at any time before it the same values give the same facts.
A missing fact is left out, which the policy reads as a gap: it never becomes True or False by default. Lists
that are complete by definition (facts that name a `register`) answer no by False.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from habeas.model.decision import FactValue
from habeas.model.jurisdictions import ALL, LAWS, within
from habeas.model.people import LeaveOut, LeaveOutKind, Place
from habeas.policy.derivation.activity import Clock, Facts
from habeas.policy.derivation.coming_of_age import age_known, guardian_ends
from habeas.policy.derivation.person import PersonRecord
from habeas.policy.derivation.source_terms import SourceTerms
from habeas.records.consent_ledger import NO_END
from habeas.records.leave_outs import left_out

Flips = list[datetime | None]

_NO_KINDS: frozenset[LeaveOutKind] = frozenset()
_BANDS = (("within_1_year", 365), ("within_3_years", 1095))


@dataclass(frozen=True, slots=True)
class Derived:
    """The facts of one decision, and the next instant one of them could flip (None = none)."""

    facts: dict[str, FactValue]
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class RowFacts:
    """The facts that `SourceTerms` doesn't hold; None = not stated.

    Few combinations occur, however many rows there are.
    """

    facts: Facts
    valid_until: datetime | None

    def on(self, same: Mapping[str, FactValue | None]) -> Derived:
        """Together with the facts of the terms, without missing ones."""
        whole = {**same, **self.facts}
        supplied = {name: value for name in sorted(whole) if (value := whole[name]) is not None}
        return Derived(supplied, self.valid_until)


def scan_moving(
    terms: SourceTerms,
    place: Place,
    catalogued_at: datetime,
    line_allowed: bool | None,
    line_laws: Collection[str] | None,
    lines_valid_until: datetime | None,
    leave_outs: Sequence[LeaveOut] = (),
) -> RowFacts:
    """What differs from asset to asset of one source and purpose, for looking for faces in it.

    `line_allowed`: True when some line of the asset has embed = allow for the purpose, False when there are lines and
    none has, None when no person is listed. `line_laws`: laws (as facts) that reach any of those lines; None when
    no person is listed, so that every law may. `lines_valid_until`: earliest valid_until of those decisions.
    """
    flips: Flips = [lines_valid_until, *terms.scan_flips]
    facts: Facts = _laws(terms, ALL if line_laws is None else frozenset(line_laws))
    facts["line_allowed"] = line_allowed
    facts["within_retention"] = _retained(terms, place, catalogued_at, flips)
    facts["left_out"] = bool(_left_out(terms, None, trusted(place, catalogued_at), leave_outs, flips))
    return RowFacts(facts, _earliest(flips, terms.as_of))


def embed_moving(
    terms: SourceTerms,
    voice: PersonRecord | None,
    attested_by: str,
    attested_at: datetime,
    place: Place,
    catalogued_at: datetime,
    key_open: bool | None,
    leave_outs: Sequence[LeaveOut] = (),
) -> RowFacts:
    """What differs from line to line of one source and purpose; `voice` is None for a placeholder.

    `leave_outs`: at least all about the footage; others are ignored. `key_open`: True when a key record for person and
    purpose exists and is not closed, False when all are closed, None when there never was one (so that a person who was
    never asked is a gap, not a refusal).
    """
    where = trusted(place, catalogued_at)
    flips: Flips = [attested_at, *terms.embed_flips]
    facts: Facts = _laws(terms, ALL if voice is None else voice.laws)
    facts["subject_known"] = voice is not None
    facts["line_attested"] = bool(attested_by.strip()) and attested_at <= terms.as_of
    facts["within_retention"] = _retained(terms, place, catalogued_at, flips)
    kinds = _left_out(terms, voice, where, leave_outs, flips)
    facts["left_out"] = bool(kinds)
    facts["objected"] = LeaveOutKind.OBJECTION in kinds
    facts["restricted"] = LeaveOutKind.RESTRICTION in kinds
    if voice is not None:
        facts["key_open"] = key_open
        _person(terms, voice, facts, flips)
        _consent(terms, voice, where, facts, flips)
    return RowFacts(facts, _earliest(flips, terms.as_of))


def _laws(terms: SourceTerms, of_people: frozenset[str]) -> Facts:
    reach = (terms.laws | of_people) - terms.spared
    return {law: law in reach for law in LAWS}


def _person(terms: SourceTerms, voice: PersonRecord, facts: Facts, flips: Flips) -> None:
    subject = voice.subject
    if subject is None:
        return
    facts["age"], unknown_from = age_known(subject, terms.as_of)
    flips.append(unknown_from)
    if subject.last_contact_on is not None:
        clock = Clock(terms.as_of)
        if clock.reached(subject.last_contact_on):
            bands = (band for band, days in _BANDS if not clock.reached(subject.last_contact_on, days))
            facts["last_contact"] = next(bands, "longer")
        flips += clock.flips


def _consent(terms: SourceTerms, voice: PersonRecord, where: Place, facts: Facts, flips: Flips) -> None:
    stands, before = voice.stands(terms, where)
    statement, status = stands.consent, stands.status
    if statement is not None and statement.guardian and status == "given":
        of_age = guardian_ends(voice.subject, statement)
        status = "expired" if of_age <= terms.as_of else status
        flips.append(of_age)
    given = status == "given"
    facts["consent"] = status
    facts["consent_in_scope"] = stands.in_scope
    facts["consent_before_capture"] = before
    facts["consent_explicit"] = statement.explicit if statement else None
    facts["consent_separate"] = statement.separate if statement else None
    facts["consent_written"] = statement.written if statement else None
    facts["guardian_consented"] = statement.guardian if statement else None
    facts["separate_consent"] = bool(
        statement and given and statement.explicit and statement.separate and stands.in_scope
    )
    if terms.recipient is not None:
        facts["recipient_consented"] = given and (
            not terms.recipient or (statement is not None and terms.recipient in statement.recipients)
        )
    if terms.abroad is not None:
        named = statement.countries if statement else ()
        facts["transfer_consented"] = given and all(
            any(within(place, country) for country in named) for place in terms.abroad
        )
    if statement is not None and terms.notice is not None:
        facts["notice_current"] = statement.notice_version == terms.notice
    flips.append(stands.flips_at)


def _left_out(
    terms: SourceTerms, voice: PersonRecord | None, where: Place, footage: Sequence[LeaveOut], flips: Flips
) -> frozenset[LeaveOutKind]:
    own = voice.leave_outs if voice else ()
    if not own and not footage:
        return _NO_KINDS
    subject = voice.subject_id if voice else None
    result = left_out((*own, *footage), subject, terms.purpose, where, terms.as_of, terms.known_at)
    flips.append(result.flips_at)
    return result.kinds


def _retained(terms: SourceTerms, place: Place, catalogued_at: datetime, flips: Flips) -> bool | None:
    if terms.source is None:
        return None
    end = retention_end(terms.source.retention_days, place.captured_at, catalogued_at)
    flips.append(end)
    return end > terms.as_of


def retention_end(days: int, captured_at: datetime | None, catalogued_at: datetime) -> datetime:
    """When an asset's retention runs out.

    Counted from capture, or from cataloguing where that is unknown or earlier: nothing is captured after it
    was found, so a camera clock set ahead must not lengthen anything.
    """
    start = catalogued_at if captured_at is None else min(captured_at, catalogued_at)
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return NO_END


def trusted(place: Place, catalogued_at: datetime) -> Place:
    """The place, without its time of capture if that lies after the time at which the footage was found."""
    ahead = place.captured_at is not None and place.captured_at > catalogued_at
    if not ahead:
        return place
    ever = None if place.ever is None else replace(place.ever, captured_at=None)
    return replace(place, captured_at=None, ever=ever)


def _earliest(flips: Flips, as_of: datetime) -> datetime | None:
    return min((each for each in flips if each is not None and as_of < each < NO_END), default=None)
