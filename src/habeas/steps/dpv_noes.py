"""What a consent record as JSON-LD says, as far as it can be told where something in it can't be read.

For a no alone: it needs a person and a purpose. What is found here goes through the checks of any other record, with
the error beside it, so that a yes is set aside all the same.
"""

from __future__ import annotations

from collections.abc import Callable

from habeas.steps import consent_terms as terms


def told(record: object, process: object, purpose_of: Callable[[str], str | None]) -> list[dict[str, object]]:
    """One record for each purpose that is named; a record without any is one that may be a no."""
    event = next(iter(listed(part(process, "dpv:hasConsentStatus"))), None)
    kinds = {each for each in listed(part(event, "@type")) if isinstance(each, str) and each in terms.STATUS}
    common = {
        "subject": part(part(record, "dpv:hasDataSubject"), "dpv:hasIdentifier"),
        "status": kinds.pop() if len(kinds) == 1 else None,
        "given_at": part(event, "dpv:isIndicatedAtTime"),
    }
    iris = [part(each, "@id") for each in listed(part(process, "dpv:hasPurpose"))]
    purposes = [found for iri in iris if isinstance(iri, str) and (found := purpose_of(iri)) is not None]
    return [common | {"purpose": each} for each in dict.fromkeys(purposes)] or [common]


def part(given: object, name: str) -> object:
    """What stands under a key; None where nothing does."""
    return given.get(name) if isinstance(given, dict) else None


def listed(given: object) -> list[object]:
    """A list, or one thing as a list of one."""
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
