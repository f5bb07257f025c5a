"""The closed list of purposes, `policies/purposes.yaml`, read strictly; and text resolved against it.

A purpose sticks to a source, a consent and a key, so two spellings of one purpose must never exist:
nothing is trimmed, folded or guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from habeas.model.errors import BadInput, UsageError
from habeas.model.text import flaw
from habeas.policy.lists import strict_yaml

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FLAGS = ("commercial", "training", "gallery")
_FIELDS = ("id", "label", "iri", "broader", *_FLAGS)
_DPV = "https://w3id.org/dpv#"


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. `iri` is a DPV term or one of our own, `broader` the DPV term it narrows."""

    purpose_id: str
    label: str
    iri: str
    broader: str
    commercial: bool
    training: bool  # to train or test a model
    gallery: bool  # to build or grow a database of faces


class Purposes(Mapping[str, Purpose]):
    """The purposes there are, by id."""

    def __init__(self, purposes: Mapping[str, Purpose]) -> None:
        self._by_id = dict(purposes)

    def __getitem__(self, purpose_id: str) -> Purpose:
        return self._by_id[purpose_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def resolve(self, text: str) -> Purpose:
        """The purpose whose id is exactly `text`.

        Raises BadInput: `unclean_text` when it only looks like an id (blank at an end, hidden character,
        letters that are not ASCII), `unknown_purpose` for anything else. The message never repeats the text.
        """
        found = self._by_id.get(text)
        if found is not None:
            return found
        reason = flaw(text) or (None if text.isascii() else "a letter that no purpose id may have")
        if reason is not None:
            raise BadInput("unclean_text", f"purpose: {reason}", hint="Write the purpose id in plain ASCII.")
        if text.lower() in self._by_id:
            raise BadInput("unknown_purpose", "purpose: ids are lower case", hint="Write it in lower case.")
        raise BadInput("unknown_purpose", "purpose: not in the list", hint="See policies/purposes.yaml.")


def load_purposes(path: Path) -> Purposes:
    """Read the list. Raises UsageError naming the line."""
    return purposes_of(strict_yaml.raw_of(path), path.name)


def purposes_of(raw: bytes, file: str) -> Purposes:
    """The list written in `raw`. Raises UsageError naming the line."""
    found: dict[str, Purpose] = {}
    for node in strict_yaml.entries(raw, file, "purposes"):
        place, entry = strict_yaml.place(node, file), strict_yaml.fields(node, file, _FIELDS)
        said = {name: strict_yaml.text(entry[name], file) for name in _FIELDS if name not in _FLAGS}
        if not _ID.fullmatch(said["id"]):
            raise UsageError(
                f"{place}: id must be lower case ASCII letters, digits and _", hint="Write archive_search."
            )
        if said["id"] in found:
            raise UsageError(f"{place}: {said['id']} stands already in the list", hint="Keep one of them.")
        if not said["broader"].startswith(_DPV) or not said["iri"].startswith(("urn:", "https://")):
            hint = "It is the purpose's own address, and the nearest term of the Data Privacy Vocabulary."
            raise UsageError(
                f"{place}: iri must be https: or urn:, and broader a DPV term ({_DPV}…)", hint=hint
            )
        flags = {name: strict_yaml.boolean(entry[name], file) for name in _FLAGS}
        found[said["id"]] = Purpose(said["id"], said["label"], said["iri"], said["broader"], **flags)
    return Purposes(found)
