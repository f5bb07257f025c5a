"""What a consent record as JSON-LD says, as far as it can be read where a part of it can't.

For a no alone: it needs a person and a purpose. These records go through the checks of any other record, with
the error beside it, so that a yes is set aside all the same.
"""

from __future__ import annotations

from collections.abc import Callable

from habeas.model.errors import BadInput
from habeas.model.people import ConsentStatus
from habeas.records.dpv import terms

GIVEN = f"dpv:{ConsentStatus.GIVEN}"
_STRANGE = frozenset({"extra_column", "unknown_word", "unknown_status"})


def partial_records(
    record: object, process: object, purpose_of: Callable[[str], str | None], error: BadInput
) -> list[dict[str, object]]:
    """One record for each no and each purpose; where there is no no, one for each purpose.

    `error`: why the record can't be read. Where it holds a word or a key that isn't in the form (a status
    `ConsentRevoked` beside `ConsentGiven`), it doesn't plainly say yes: that may take back what the rest says.
    An unknown purpose, or none at all, gives a record without one, which is set aside.
    """
    subject = part(part(record, "dpv:hasDataSubject"), "dpv:hasIdentifier")
    iris = [part(each, "@id") for each in listed(part(process, "dpv:hasPurpose"))] or [None]
    purposes = [purpose_of(iri) if isinstance(iri, str) else None for iri in iris]
    recognized = list(dict.fromkeys(each for each in purposes if each is not None))
    named = [*({"purpose": each} for each in recognized), *({} for each in purposes if each is None)]
    strange = error.reason in _STRANGE
    return [
        {"subject": subject, **outcome, **purpose}
        | ({"status": None} if strange and outcome["status"] == GIVEN else {})
        for outcome in _outcomes(listed(part(process, "dpv:hasConsentStatus")))
        for purpose in named
    ]


def _outcomes(events: list[object]) -> list[dict[str, object]]:
    """Status and date of each event that says no; else one status: given where every event says so, else None.

    An event that says yes and no at once is neither.
    """
    words = [{each for each in listed(part(event, "@type")) if isinstance(each, str)} for event in events]
    statuses = [sorted(each & terms.STATUS.keys()) for each in words]
    noes: list[dict[str, object]] = [
        {"status": status, "given_at": part(event, "dpv:isIndicatedAtTime")}
        for event, event_statuses in zip(events, statuses, strict=True)
        if GIVEN not in event_statuses
        for status in event_statuses
    ]
    if noes:
        return noes
    plain = bool(statuses) and all(event_statuses == [GIVEN] for event_statuses in statuses)
    at = part(events[0], "dpv:isIndicatedAtTime") if events else None
    return [{"status": GIVEN if plain else None, "given_at": at}]


def part(given: object, name: str) -> object:
    """What stands under a key; None where nothing does."""
    return given.get(name) if isinstance(given, dict) else None


def listed(given: object) -> list[object]:
    """A list, or one thing as a list of one."""
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
