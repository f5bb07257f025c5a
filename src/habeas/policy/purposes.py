"""The closed list of purposes, `policies/purposes.yaml`, read strictly; and text resolved against it.

A purpose sticks to a source, a consent and a key, so two spellings of one purpose must never exist:
nothing is trimmed, folded or guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from habeas.errors import BadInput, UsageError
from habeas.model.text import flaw

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FIELDS = ("id", "label", "iri", "broader", "commercial")
_DPV = "https://w3id.org/dpv#"
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose. `iri` is a DPV term or one of our own, `broader` the DPV term it narrows."""

    purpose_id: str
    label: str
    iri: str
    broader: str
    commercial: bool


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
    try:
        raw = path.read_bytes()
    except OSError:
        raise UsageError(f"{path.name} can't be read", hint="It stands beside the policy packs.") from None
    if len(raw) > _MAX_BYTES:
        raise UsageError(f"{path.name} is larger than {_MAX_BYTES} bytes")
    try:
        root = yaml.compose(raw.decode("utf-8"), Loader=_Plain)
    except UnicodeDecodeError:
        raise UsageError(f"{path.name}: not UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UsageError(f"{path.name}{line}: {getattr(error, 'problem', None) or 'not YAML'}") from None
    return _purposes(root, path.name)


class _Plain(yaml.BaseLoader):
    """Every scalar stays text (YAML would turn `no` into a boolean); no alias, so that nothing multiplies."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)


def _purposes(root: yaml.Node | None, file: str) -> Purposes:
    top = _mapping(root, file)
    if set(top) != {"purposes"} or not isinstance(top["purposes"], yaml.SequenceNode):
        raise UsageError(f"{file}:1: expected one key, purposes, with a list")
    found: dict[str, Purpose] = {}
    for node in top["purposes"].value:
        entry = {name: _text(value, file) for name, value in _mapping(node, file).items()}
        place = f"{file}:{node.start_mark.line + 1}"
        if set(entry) != set(_FIELDS):
            wrong = ", ".join(sorted(set(entry) ^ set(_FIELDS)))
            raise UsageError(f"{place}: missing or unknown fields: {wrong}")
        if not _ID.fullmatch(entry["id"]):
            raise UsageError(f"{place}: id must be lower case ASCII letters, digits and _")
        if entry["id"] in found:
            raise UsageError(f"{place}: {entry['id']} stands already in the list")
        if entry["commercial"] not in ("true", "false"):
            raise UsageError(f"{place}: commercial must be true or false")
        if not entry["broader"].startswith(_DPV) or not entry["iri"].startswith(("urn:", "https://")):
            raise UsageError(f"{place}: iri must be https: or urn:, and broader a DPV term ({_DPV}…)")
        found[entry["id"]] = Purpose(
            entry["id"], entry["label"], entry["iri"], entry["broader"], entry["commercial"] == "true"
        )
    return Purposes(found)


def _mapping(node: yaml.Node | None, file: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode) or node.tag != "tag:yaml.org,2002:map":
        line = node.start_mark.line + 1 if node else 1
        raise UsageError(f"{file}:{line}: expected names with values")
    entries: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _text(key, file)
        if name in entries:
            raise UsageError(f"{file}:{key.start_mark.line + 1}: {name} stands twice")
        entries[name] = value
    return entries


def _text(node: yaml.Node, file: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str" or flaw(node.value):
        raise UsageError(f"{file}:{node.start_mark.line + 1}: expected plain text")
    if not node.value:
        raise UsageError(f"{file}:{node.start_mark.line + 1}: the value is empty")
    return str(node.value)
