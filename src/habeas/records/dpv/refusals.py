"""What a consent record as JSON-LD says, as far as it can be told where something in it can't be read.

For a no alone: it needs a person and a purpose. What is found here goes through the checks of any other record, with
the error beside it, so that a yes is set aside all the same.
"""

from __future__ import annotations

from collections.abc import Callable

from habeas.model.errors import BadInput
from habeas.model.people import ConsentStatus
from habeas.records.dpv import terms

GIVEN = f"dpv:{ConsentStatus.GIVEN}"
_STRANGE = frozenset({"extra_column", "unknown_word", "unknown_status"})


def told(
    record: object, process: object, purpose_of: Callable[[str], str | None], error: BadInput
) -> list[dict[str, object]]:
    """One record for each no and each purpose; where there is no no, one for each purpose.

    `error`: why the record can't be read. Where it holds a word or a key that nobody knows (a status `ConsentRevoked`
    beside `ConsentGiven`), it doesn't plainly say yes: that may take back what the rest says.
    A purpose that isn't known, or none at all, gives a record without one, which is set aside.
    """
    subject = part(part(record, "dpv:hasDataSubject"), "dpv:hasIdentifier")
    iris = [part(each, "@id") for each in listed(part(process, "dpv:hasPurpose"))] or [None]
    purposes = [purpose_of(iri) if isinstance(iri, str) else None for iri in iris]
    known = list(dict.fromkeys(each for each in purposes if each is not None))
    named = [*({"purpose": each} for each in known), *({} for each in purposes if each is None)]
    strange = error.reason in _STRANGE
    return [
        {"subject": subject, **said, **purpose}
        | ({"status": None} if strange and said["status"] == GIVEN else {})
        for said in _said(listed(part(process, "dpv:hasConsentStatus")))
        for purpose in named
    ]


def _said(events: list[object]) -> list[dict[str, object]]:
    """Status and date of each event that says no; else one status: given where every event says so, else None.

    An event that says yes and no at once is neither.
    """
    words = [{each for each in listed(part(event, "@type")) if isinstance(each, str)} for event in events]
    statuses = [sorted(each & terms.STATUS.keys()) for each in words]
    noes: list[dict[str, object]] = [
        {"status": status, "given_at": part(event, "dpv:isIndicatedAtTime")}
        for event, found in zip(events, statuses, strict=True)
        if GIVEN not in found
        for status in found
    ]
    if noes:
        return noes
    plain = bool(statuses) and all(found == [GIVEN] for found in statuses)
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
