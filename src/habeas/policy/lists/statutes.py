"""Statutes that may stand in for consent: `policies/statutes.yaml`, each entry signed by a reviewer.

An entry says for whom and for what it holds, name by name: "any processor" is no answer. The signature (Ed25519 over
the entry's canonical JSON) says who read the statute and vouches for the entry; with one letter changed it is broken.
An entry that is over is not in force and stays in the list.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import rfc8785
import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from habeas.model.errors import UsageError
from habeas.model.jurisdictions import PLACE, UNKNOWN
from habeas.policy.lists import strict_yaml

PROCESSOR_CLASSES = ("controller", "public", "private")
"""Who may get the data or work on it: the controller itself, other public bodies, private ones."""

DATA_KINDS = ("frame", "face_crop", "template", "model")

_LABEL = b"habeas/statute/1\n"
_TEXTS = ("id", "law", "article", "place", "reviewed_by")
_LISTS = ("purposes", "controllers", "processor_classes", "data_kinds")
_DAYS = ("reviewed_on", "expires_on")
FIELDS = (*_TEXTS, *_LISTS, *_DAYS)
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_WILD = frozenset({"*", "any", "all", "everyone", "everything"})


@dataclass(frozen=True, slots=True)
class Statute:
    """One signed entry. In force from the day it was reviewed until the day before `expires_on` (UTC)."""

    statute_id: str
    law: str
    article: str
    place: str  # whose law it is: KR, EU, DE, US-IL
    purposes: frozenset[str]
    controllers: frozenset[str]
    processor_classes: frozenset[str]
    data_kinds: frozenset[str]
    reviewed_by: str
    reviewed_on: date
    expires_on: date

    def in_force(self, today: date) -> bool:
        """True from the day of review until the day before the entry expires."""
        return self.reviewed_on <= today < self.expires_on

    def covers(self, purpose: str, controller: str, classes: Collection[str], data_kind: str) -> bool:
        """Whether it names exactly this: every class of those who take part, too."""
        return (
            purpose in self.purposes
            and controller in self.controllers
            and self.processor_classes.issuperset(classes)
            and data_kind in self.data_kinds
        )


def statutes_of(
    raw: bytes, file: str, purposes: Collection[str], reviewers: Mapping[str, bytes]
) -> tuple[Statute, ...]:
    """All entries, in the order of the file. `reviewers`: id -> raw Ed25519 public key.

    Raises UsageError naming the line: a wildcard, an unknown purpose, no signature, one that isn't the reviewer's.
    """
    statutes: dict[str, Statute] = {}
    for node in entries_of(raw, file):
        entry, place = entry_of(node, file, purposes), strict_yaml.place(node, file)
        if entry["id"] in statutes:
            raise UsageError(
                f"{place}: statute {entry['id']} stands already in the list", hint="Keep one of them."
            )
        check_signature(node, file, entry, reviewers)
        statutes[entry["id"]] = _statute(entry)
    return tuple(statutes.values())


def entry_of(node: yaml.Node, file: str, purposes: Collection[str]) -> dict[str, Any]:
    """What an entry says, without its signature: texts, lists and days as text. Raises UsageError."""
    nodes, place = strict_yaml.fields(node, file, FIELDS, ("signature",)), strict_yaml.place(node, file)
    entry: dict[str, Any] = {name: strict_yaml.text(nodes[name], file) for name in _TEXTS}
    entry |= {name: _named(nodes[name], file, name) for name in _LISTS}
    days = {name: strict_yaml.day(nodes[name], file) for name in _DAYS}
    if days["expires_on"] <= days["reviewed_on"]:
        raise UsageError(
            f"{place}: it ends before it was reviewed", hint="Review and sign it again, or take it out."
        )
    if not _ID.fullmatch(entry["id"]):
        raise UsageError(
            f"{place}: id must be lower case ASCII letters, digits and -", hint="Write kr-museum-act-4."
        )
    if not PLACE.fullmatch(entry["place"]) or entry["place"] == UNKNOWN:
        raise UsageError(f"{place}: place must say whose law it is", hint="Write it like KR, DE or US-IL.")
    for name, allowed in (
        ("purposes", purposes),
        ("processor_classes", PROCESSOR_CLASSES),
        ("data_kinds", DATA_KINDS),
    ):
        if set(entry[name]) - set(allowed):
            hint = f"Known: {', '.join(sorted(allowed))}."
            raise UsageError(f"{strict_yaml.place(nodes[name], file)}: unknown {name}", hint=hint)
    return entry | {name: day.isoformat() for name, day in days.items()}


def _named(node: yaml.Node, file: str, name: str) -> list[str]:
    names = list(strict_yaml.texts(node, file))
    if not names or any(word.lower() in _WILD or "*" in word for word in names):
        raise UsageError(
            f"{strict_yaml.place(node, file)}: {name} must name each one, without a wildcard",
            hint="A ground by statute holds for what the statute names and for nothing else.",
        )
    return names


def sign_statute(entry: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """Signature of an entry (as `entry_of` gives it), as base64. `sign`: Ed25519, with the reviewer's private key."""
    return base64.b64encode(sign(_message(entry))).decode()


def entries_of(raw: bytes, file: str) -> list[yaml.Node]:
    """YAML nodes of the entries of a `statutes.yaml`. Raises UsageError with file and line."""
    return strict_yaml.entries(raw, file, "statutes")


def _message(entry: Mapping[str, Any]) -> bytes:
    return _LABEL + rfc8785.dumps({name: entry[name] for name in FIELDS})


def check_signature(
    node: yaml.Node, file: str, entry: Mapping[str, Any], reviewers: Mapping[str, bytes]
) -> None:
    """Raises UsageError unless the entry's reviewer is known and signed exactly this."""
    nodes, place = strict_yaml.mapping(node, file), strict_yaml.place(node, file)
    command = (
        f"habeas policy sign-statute {file} --id {entry['id']} --key KEYFILE --as {entry['reviewed_by']}"
    )
    if "signature" not in nodes:
        raise UsageError(f"{place}: statute {entry['id']} isn't signed", hint=f"Its reviewer runs: {command}")
    public = reviewers.get(entry["reviewed_by"])
    if public is None:
        raise UsageError(
            f"{place}: nobody known with the role reviewer is called {entry['reviewed_by']}",
            hint="Add them with: habeas people add, or let another reviewer sign.",
        )
    try:
        signature = base64.b64decode(strict_yaml.text(nodes["signature"], file), validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _message(entry))
    except (InvalidSignature, binascii.Error, ValueError):
        raise UsageError(
            f"{place}: the signature of statute {entry['id']} is not {entry['reviewed_by']}'s over this text",
            hint=f"Whoever changed it has it reviewed anew: {command}",
        ) from None


def _statute(entry: Mapping[str, Any]) -> Statute:
    return Statute(
        statute_id=entry["id"],
        law=entry["law"],
        article=entry["article"],
        place=entry["place"],
        purposes=frozenset(entry["purposes"]),
        controllers=frozenset(entry["controllers"]),
        processor_classes=frozenset(entry["processor_classes"]),
        data_kinds=frozenset(entry["data_kinds"]),
        reviewed_by=entry["reviewed_by"],
        reviewed_on=date.fromisoformat(entry["reviewed_on"]),
        expires_on=date.fromisoformat(entry["expires_on"]),
    )
