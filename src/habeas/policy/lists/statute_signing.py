"""Signing one entry of the list of statutes where it stands: everything else stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import yaml

from habeas.model.errors import UsageError
from habeas.policy.lists import strict_yaml
from habeas.policy.lists.statutes import check_signature, entries_of, entry_of, sign_statute


def with_signature(
    raw: bytes,
    file: str,
    statute_id: str,
    purposes: Collection[str],
    reviewer: tuple[str, bytes],
    sign: Callable[[bytes], bytes],
) -> bytes:
    """The list with one entry signed. `reviewer`: id and raw public key, which `sign` must fit. Raises UsageError."""
    node, entry = _found(raw, file, statute_id, purposes)
    place, (person, public) = strict_yaml.place(node, file), reviewer
    if entry["reviewed_by"] != person:
        hint = f"Write reviewed_by: {person}, and the day."
        raise UsageError(f"{place}: it is reviewed by somebody else", hint=hint)
    signed = _put(raw.decode(), strict_yaml.mapping(node, file), sign_statute(entry, sign)).encode()
    again, read = _found(signed, file, statute_id, purposes)
    if read != entry:
        hint = "Write the entry as the shipped list shows it, a line a field."
        raise UsageError(f"{place}: the signature finds no place", hint=hint)
    check_signature(again, file, entry, {person: public})
    return signed


def _found(
    raw: bytes, file: str, statute_id: str, purposes: Collection[str]
) -> tuple[yaml.Node, Mapping[str, object]]:
    for node in entries_of(raw, file):
        entry = entry_of(node, file, purposes)
        if entry["id"] == statute_id:
            return node, entry
    raise UsageError(
        f"{file}: there is no statute with this id", hint="Write the entry first, without a signature."
    )


def _put(text: str, nodes: Mapping[str, yaml.Node], signature: str) -> str:
    """In place of the old signature, or on a line of its own below the id, where YAML leaves no doubt."""
    old, after = nodes.get("signature"), nodes["id"]
    if old is not None:
        return text[: old.start_mark.index] + signature + text[old.end_mark.index :]
    line = "\n" + " " * _column(text, after.start_mark.index) + f"signature: {signature}"
    end = text.find("\n", after.end_mark.index)
    return text + line if end < 0 else text[:end] + line + text[end:]


def _column(text: str, index: int) -> int:
    """Where the name before a value begins in its line: after the dash of the list, if that stands before it."""
    line = text[text.rfind("\n", 0, index) + 1 : index]
    return len(line) - len(line.lstrip(" -"))
