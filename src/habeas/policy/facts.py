"""The facts a decision may rest on: booleans, enum words and whole days; no id, no instant.

This list is the one place that names them. The Cedar schema is generated from it, every fact in it is
optional (nobody may have supplied it), and an enum word is a Cedar entity of an enumerated type, so that a
misspelt word in a policy is refused when the policy is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import rfc8785

from habeas.errors import UsageError
from habeas.model.decision import Action, Facts, FactValue

_SCAN, _EMBED = (Action.SCAN,), (Action.EMBED,)
_BOTH = (Action.SCAN, Action.EMBED)


@dataclass(frozen=True, slots=True)
class Words:
    """A closed list of words; `name` is its entity type in Cedar."""

    name: str
    words: tuple[str, ...]


GROUND = Words(
    "Ground", ("Consent", "LegitimateInterest", "LegalObligation", "PublicInterest", "Contract", "none")
)
"""Legal grounds: local names of W3C DPV 2 legal bases, and `none` = there is no ground."""

CONSENT = Words("Consent", ("given", "refused", "withdrawn", "expired", "future"))
"""Where a person's consent stands. Never asked = the fact is absent."""

BOOL, DAYS = "Bool", "Long"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: which actions it is about, its type (BOOL, DAYS or a list of words), what it says."""

    name: str
    actions: tuple[Action, ...]
    type: str | Words
    sentence: str


SCHEMA: tuple[Fact, ...] = (
    Fact("source_registered", _SCAN, BOOL, "the footage lies in a registered source"),
    Fact("scan_ground", _SCAN, GROUND, "the ground for looking for faces in the source"),
    Fact("line_allowed", _SCAN, BOOL, "at least one person listed in the asset may be embedded"),
    Fact("purpose_known", _BOTH, BOOL, "the purpose stands in the list of purposes"),
    Fact("purpose_collected", _BOTH, BOOL, "the source was collected for this purpose"),
    Fact("within_retention", _BOTH, BOOL, "the source's retention has not run out for this asset"),
    Fact("subject_known", _EMBED, BOOL, "the roster line names a person, not a placeholder"),
    Fact("roster_ground", _EMBED, GROUND, "the ground for holding the source's roster"),
    Fact("line_attested", _EMBED, BOOL, "a role or desk vouches for the roster line"),
    Fact("consent", _EMBED, CONSENT, "where the person's consent to this purpose stands"),
    Fact("consent_explicit", _EMBED, BOOL, "the consent was expressed explicitly"),
    Fact("consent_covers_source", _EMBED, BOOL, "the consent covers this source"),
    Fact("key_open", _EMBED, BOOL, "a key for this person and purpose exists and is not closed"),
)
_BY_NAME = {fact.name: fact for fact in SCHEMA}


def facts_of(action: Action) -> tuple[Fact, ...]:
    """The facts `action` may rest on, sorted by name (the order of the canonical JSON)."""
    return tuple(sorted((fact for fact in SCHEMA if action in fact.actions), key=lambda fact: fact.name))


def fact_named(name: str) -> Fact | None:
    return _BY_NAME.get(name)


def cedar_schema() -> str:
    """The Cedar schema, as Cedar text."""
    lists = {fact.type.name: fact.type for fact in SCHEMA if isinstance(fact.type, Words)}
    lines = ["entity Pipeline, Thing;"]
    lines += [
        f"entity {name} enum [{', '.join(json.dumps(word) for word in lists[name].words)}];"
        for name in sorted(lists)
    ]
    for action in Action:
        attributes = ", ".join(f"{fact.name}?: {_type_name(fact)}" for fact in facts_of(action))
        lines.append(
            f"action {action.value} appliesTo {{ principal: Pipeline, resource: Thing, "
            f"context: {{ {attributes} }} }};"
        )
    return "\n".join(lines) + "\n"


def _type_name(fact: Fact) -> str:
    return fact.type.name if isinstance(fact.type, Words) else fact.type


def cedar_context(facts: Facts) -> dict[str, object]:
    """Facts as a Cedar request context. What the schema doesn't know goes through: Cedar refuses it."""
    context: dict[str, object] = {}
    for name, value in facts.items():
        fact = _BY_NAME.get(name)
        if fact is not None and isinstance(fact.type, Words):
            context[name] = {"type": fact.type.name, "id": value}
        else:
            context[name] = value
    return context


def canonical(facts: Facts) -> str:
    """Facts as canonical JSON (RFC 8785): names sorted, no blanks, absent facts absent.

    Raises UsageError when a value is neither a boolean, a whole number nor text.
    """
    plain: dict[str, FactValue] = {}
    for name, value in facts.items():
        if not isinstance(value, bool | int | str):
            raise UsageError(
                f"fact {name} is a {type(value).__name__}", hint="Leave out a fact nobody supplied."
            )
        plain[name] = value
    try:
        return rfc8785.dumps(plain).decode()
    except ValueError:
        raise UsageError("a fact holds a number or text beyond what JSON can hold") from None


def parse(text: str) -> dict[str, FactValue]:
    """The facts written in `text`, which must be exactly `canonical` of them. Raises UsageError."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, Mapping) or canonical(value) != text:
        raise UsageError("a fact set is not in canonical JSON (RFC 8785)", hint="Write it with canonical().")
    return dict(value)


def facts_digest(action: Action, facts: Facts) -> str:
    """SHA-256, hex, over `habeas/facts/1`, the action and the canonical JSON, each on a line of its own.

    Plain on purpose: an SQL engine computes the same with sha2(concat(...), 256).
    """
    return hashlib.sha256(f"habeas/facts/1\n{action.value}\n{canonical(facts)}".encode()).hexdigest()
