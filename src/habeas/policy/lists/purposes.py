"""The closed list of purposes, `policies/purposes.yaml`, read strictly; and text resolved against it.

A purpose sticks to a source, a consent and a key, so two spellings of one purpose must never exist:
nothing is trimmed, folded or guessed.
"""

from __future__ import annotations

import re
from pathlib import Path

from habeas.model.errors import UsageError
from habeas.model.purposes import Purpose, Purposes
from habeas.policy.lists import strict_yaml

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FLAGS = ("commercial", "training", "gallery")
_FIELDS = ("id", "label", "iri", "broader", *_FLAGS)
_DPV = "https://w3id.org/dpv#"


def load_purposes(path: Path) -> Purposes:
    """Read the list. Raises UsageError naming the line."""
    return purposes_of(strict_yaml.raw_of(path), path.name)


def purposes_of(raw: bytes, file: str) -> Purposes:
    """The list written in `raw`. Raises UsageError naming the line."""
    purposes: dict[str, Purpose] = {}
    for node in strict_yaml.entries(raw, file, "purposes"):
        place, entry = strict_yaml.place(node, file), strict_yaml.fields(node, file, _FIELDS)
        texts = {name: strict_yaml.text(entry[name], file) for name in _FIELDS if name not in _FLAGS}
        if not _ID.fullmatch(texts["id"]):
            raise UsageError(
                f"{place}: id must be lower case ASCII letters, digits and _", hint="Write archive_search."
            )
        if texts["id"] in purposes:
            raise UsageError(f"{place}: {texts['id']} stands already in the list", hint="Keep one of them.")
        if not texts["broader"].startswith(_DPV) or not texts["iri"].startswith(("urn:", "https://")):
            hint = "It is the purpose's own address, and the nearest term of the Data Privacy Vocabulary."
            raise UsageError(
                f"{place}: iri must be https: or urn:, and broader a DPV term ({_DPV}…)", hint=hint
            )
        flags = {name: strict_yaml.boolean(entry[name], file) for name in _FLAGS}
        purposes[texts["id"]] = Purpose(texts["id"], texts["label"], texts["iri"], texts["broader"], **flags)
    return Purposes(purposes)
