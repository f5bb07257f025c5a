"""The record of processing activities, `policies/activities.yaml`, read strictly.

What is left out was not said, and a fact that rests on it stays missing. Days that aren't set are written `never`,
since "it was never made public" is knowledge and a blank is none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any

import yaml

from habeas.model.errors import UsageError
from habeas.model.jurisdictions import PLACE
from habeas.policy.facts.catalogue import DISCLOSURE, FINDING, ROLE, TRANSFER
from habeas.policy.lists import strict_yaml
from habeas.policy.lists.activity import Activity, Notice, Processor, Recipient

STATES = (
    "purpose",
    "items",
    "retention",
    "right_to_refuse",
    "recipient",
    "recipient_purpose",
    "recipient_retention",
)
"""What a notice may say."""

NOT_DISCLOSED, NOT_AUDITED = date.max, date.min
"""`disclosed_on: never` and `audited_on: never`."""

_KINDS = ("public", "private")
_FLAGS = (
    "dpia_approved",
    "policy_published",
    "access_logged",
    "sold",
    "undertaking",
    "opt_out",
    "targeted",
    "pseudonymous_claim",
    "pipc_resolution",
    "infers_traits",
)
_WORDS = {"transfer_ground": TRANSFER, "disclosure": DISCLOSURE, "regulator_finding": FINDING}


def activities_of(raw: bytes, file: str, purposes: Collection[str]) -> Mapping[str, Activity]:
    """Activities by purpose. Raises UsageError naming the line."""
    activities: dict[str, Activity] = {}
    for node in strict_yaml.entries(raw, file, "activities"):
        activity = _activity(node, file)
        place = strict_yaml.place(node, file)
        if activity.purpose not in purposes:
            hint = "Purposes stand in purposes.yaml, to the letter."
            raise UsageError(f"{place}: the purpose is not in the list of purposes", hint=hint)
        if activity.purpose in activities:
            hint = "What goes to another recipient is a purpose of its own."
            raise UsageError(f"{place}: purpose {activity.purpose} stands already in the list", hint=hint)
        activities[activity.purpose] = activity
    return activities


def _activity(node: yaml.Node, file: str) -> Activity:
    readers: dict[str, Callable[[yaml.Node, str], Any]] = {
        "recipient": _recipient,
        "processors": _processors,
        "processing_places": _places,
        "transfers": _places,
        "notice": _notice,
        **{name: _word(words.words) for name, words in _WORDS.items()},
        **dict.fromkeys(_FLAGS, strict_yaml.boolean),
    }
    entry = strict_yaml.fields(node, file, ("purpose",), readers)
    values = {name: readers[name](value, file) for name, value in entry.items() if name != "purpose"}
    activity = Activity(strict_yaml.text(entry["purpose"], file), **values)
    _check_recipient(activity, strict_yaml.place(node, file))
    return activity


def _check_recipient(activity: Activity, place: str) -> None:
    """A recipient that is a processor stands among the processors too: otherwise nothing binds it."""
    if activity.recipient is None or activity.recipient.role != "processor":
        return
    if activity.recipient.name not in {each.name for each in activity.processors or ()}:
        raise UsageError(
            f"{place}: the recipient is a processor and stands not among the processors",
            hint="List it there with its contract and the day it was made public.",
        )


def _recipient(node: yaml.Node, file: str) -> Recipient:
    """Of the controller itself no name is needed: each source names its own."""
    entry = strict_yaml.fields(node, file, ("role", "kind", "place"), ("name",))
    role = strict_yaml.word(entry["role"], file, ROLE.words)
    if role != "controller" and "name" not in entry:
        raise UsageError(
            f"{strict_yaml.place(node, file)}: missing or unknown fields: name",
            hint="Only a controller needs none.",
        )
    name = strict_yaml.text(entry["name"], file) if "name" in entry else ""
    return Recipient(name, role, strict_yaml.word(entry["kind"], file, _KINDS), _place(entry["place"], file))


def _processors(node: yaml.Node, file: str) -> tuple[Processor, ...]:
    processors = [_processor(each, file) for each in strict_yaml.sequence(node, file)]
    if len({each.name for each in processors}) != len(processors):
        raise UsageError(
            f"{strict_yaml.place(node, file)}: a processor stands twice in the list", hint="Name each once."
        )
    return tuple(processors)


def _processor(node: yaml.Node, file: str) -> Processor:
    optional = ("contract", "disclosed_on", "audited_on", "onward_approved")
    entry = strict_yaml.fields(node, file, ("name", "kind", "place"), optional)

    def flag(name: str) -> bool | None:
        return strict_yaml.boolean(entry[name], file) if name in entry else None

    def day(name: str, never: date) -> date | None:
        if name not in entry:
            return None
        return never if strict_yaml.text(entry[name], file) == "never" else strict_yaml.day(entry[name], file)

    return Processor(
        name=strict_yaml.text(entry["name"], file),
        kind=strict_yaml.word(entry["kind"], file, _KINDS),
        place=_place(entry["place"], file),
        contract=flag("contract"),
        disclosed_on=day("disclosed_on", NOT_DISCLOSED),
        audited_on=day("audited_on", NOT_AUDITED),
        onward_approved=flag("onward_approved"),
    )


def _notice(node: yaml.Node, file: str) -> Notice:
    entry = strict_yaml.fields(node, file, ("version", "states"))
    states = strict_yaml.texts(entry["states"], file)
    if wrong := sorted(set(states) - set(STATES)):
        place = strict_yaml.place(entry["states"], file)
        raise UsageError(
            f"{place}: a notice can't state {', '.join(wrong)}", hint=f"It may state {', '.join(STATES)}."
        )
    return Notice(strict_yaml.text(entry["version"], file), frozenset(states))


def _word(words: Iterable[str]) -> Callable[[yaml.Node, str], str]:
    return lambda node, file: strict_yaml.word(node, file, words)


def _places(node: yaml.Node, file: str) -> tuple[str, ...]:
    strict_yaml.texts(node, file)
    return tuple(_place(each, file) for each in strict_yaml.sequence(node, file))


def _place(node: yaml.Node, file: str) -> str:
    value = strict_yaml.text(node, file)
    if not PLACE.fullmatch(value):
        raise UsageError(f"{strict_yaml.place(node, file)}: expected a place", hint="KR, US-IL, or unknown.")
    return value
