"""Facts as a policy reads them: typed, canonical, digested. Which facts there are stands in `catalogue`.

The Cedar schema is generated from that list, every fact in it is optional (it may be missing), and an
enum word is a Cedar entity of an enumerated type, so that a misspelt word in a policy is refused when the policy
is loaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import rfc8785

from habeas.model.decision import Action, Facts, FactValue
from habeas.model.errors import UsageError
from habeas.model.words import GROUND, Words
from habeas.policy.facts.catalogue import BOOL, CONSENT, DAYS, SCHEMA, WAIVERS, Fact

__all__ = ["BOOL", "CONSENT", "DAYS", "GROUND", "SCHEMA", "WAIVERS", "Fact", "Words", "canonical", "cedar_context",
           "cedar_schema", "fact_named", "facts_digest", "facts_of", "odd", "parse", "text_digest",
           "waived_in"]  # fmt: skip

_BY_NAME = {fact.name: fact for fact in SCHEMA}
_MOST_DAYS = 10**6


def facts_of(action: Action) -> tuple[Fact, ...]:
    """The facts `action` may rest on, sorted by name (the order of the canonical JSON)."""
    return tuple(sorted((fact for fact in SCHEMA if action in fact.actions), key=lambda fact: fact.name))


def fact_named(name: str) -> Fact | None:
    """The fact of this name, or None."""
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
        shown = (fact for fact in facts_of(action) if fact.type != WAIVERS)
        attributes = ", ".join(f"{fact.name}?: {_type_name(fact)}" for fact in shown)
        lines.append(
            f"action {action.value} appliesTo {{ principal: Pipeline, resource: Thing, "
            f"context: {{ {attributes} }} }};"
        )
    return "\n".join(lines) + "\n"


def _type_name(fact: Fact) -> str:
    return fact.type.name if isinstance(fact.type, Words) else fact.type


def odd(action: Action, facts: Facts) -> tuple[str, ...]:
    """Names of the facts that can't be read: of another action, of the wrong type, or no fact at all."""
    return tuple(
        sorted(
            name if name in _BY_NAME else "(no fact)"
            for name, value in facts.items()
            if not (
                name in _BY_NAME and action in _BY_NAME[name].actions and _fits(_BY_NAME[name].type, value)
            )
        )
    )


def _fits(kind: str | Words, value: object) -> bool:
    if isinstance(kind, Words):
        return value in kind.words
    if kind == BOOL:
        return isinstance(value, bool)
    if kind == DAYS:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST_DAYS
    ids = value.split(",") if isinstance(value, str) else [""]
    return all(ids) and ids == sorted(set(ids))


def waived_in(facts: Facts) -> frozenset[str]:
    """The ids in the fact `waived`."""
    value = facts.get("waived")
    return frozenset(value.split(",")) if isinstance(value, str) else frozenset()


def cedar_context(facts: Facts) -> dict[str, object]:
    """Facts as a Cedar request context. What the schema doesn't know goes through: Cedar refuses it."""
    context: dict[str, object] = {}
    for name, value in facts.items():
        fact = _BY_NAME.get(name)
        if fact is not None and fact.type == WAIVERS:
            continue
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
        raise UsageError(
            "a fact holds a number or text beyond what JSON can hold",
            hint="Facts are words and small numbers.",
        ) from None


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
    return text_digest(action, canonical(facts))


def text_digest(action: Action, text: str) -> str:
    """`facts_digest` of facts that are already written as `text`."""
    return hashlib.sha256(f"habeas/facts/1\n{action.value}\n{text}".encode()).hexdigest()
