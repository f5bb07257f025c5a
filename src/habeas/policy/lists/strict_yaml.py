"""YAML read strictly: what a list says must have one meaning, the same for a person and for us.

Every value stays text until a reader asks for more (plain YAML turns `no` into a boolean). No alias, no tag, no
name twice, no character that isn't seen. Every error names file and line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

import yaml

from habeas.model.errors import UsageError
from habeas.model.text import flaw, hidden

MAX_BYTES = 1_000_000
MAX_DEPTH = 50


def compose(raw: bytes, file: str) -> yaml.Node | None:
    """The one document in `raw`; None = nothing in it. Raises UsageError, like everything here."""
    if len(raw) > MAX_BYTES:
        raise UsageError(
            f"{file} is larger than {MAX_BYTES} bytes", hint="A list is written by people; split it."
        )
    try:
        written = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{file}:1: not UTF-8", hint="Save the file as UTF-8.") from None
    for number, line in enumerate(written.split("\n"), start=1):
        if reason := hidden(line.strip(" \r")):
            raise UsageError(
                f"{file}:{number}: {reason}", hint="Type the line anew, in an editor that shows it."
            )
    try:
        _refuse_what_multiplies(written, file)
        return yaml.compose(written, Loader=yaml.CBaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f":{min(mark.line + 1, len(written.splitlines()))}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        hint = "Mend the line: a list is names, colons and indents; quote what holds other marks."
        raise UsageError(f"{file}{at}: {problem}", hint=hint) from None


def _refuse_what_multiplies(written: str, file: str) -> None:
    """No alias, and no depth that would be too much for composing, which calls itself."""
    depth = 0
    for event in yaml.parse(written, Loader=yaml.CBaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise UsageError(f"{_at(event, file)}: aliases are not allowed", hint="Write the value out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise UsageError(
                f"{_at(event, file)}: nested more than {MAX_DEPTH} deep", hint="No list needs it."
            )


def place(node: yaml.Node | None, file: str) -> str:
    """`file:line` of a node, for an error."""
    return _at(node, file)


def _at(what: yaml.Node | yaml.Event | None, file: str) -> str:
    return f"{file}:{what.start_mark.line + 1 if what and what.start_mark else 1}"


def mapping(node: yaml.Node | None, file: str) -> dict[str, yaml.Node]:
    """Names with values; no name twice."""
    if not isinstance(node, yaml.MappingNode) or node.tag != "tag:yaml.org,2002:map":
        raise UsageError(f"{place(node, file)}: expected names with values", hint="Write `name: value`.")
    entries: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = text(key, file)
        if name in entries:
            raise UsageError(f"{place(key, file)}: {name} stands twice", hint="Keep one of them.")
        entries[name] = value
    return entries


def fields(
    node: yaml.Node | None, file: str, needed: Collection[str], optional: Collection[str] = ()
) -> dict[str, yaml.Node]:
    """Names with values, of which `needed` are all there and the rest are `optional`."""
    entries = mapping(node, file)
    wrong = sorted((set(needed) - set(entries)) | (set(entries) - set(needed) - set(optional)))
    if wrong:
        hint = f"It has {', '.join(needed)}" + (f", and may have {', '.join(optional)}." if optional else ".")
        raise UsageError(f"{place(node, file)}: missing or unknown fields: {', '.join(wrong)}", hint=hint)
    return entries


def sequence(node: yaml.Node | None, file: str) -> list[yaml.Node]:
    """Items of a list. Raises UsageError with file and line for anything else."""
    if not isinstance(node, yaml.SequenceNode) or node.tag != "tag:yaml.org,2002:seq":
        raise UsageError(
            f"{place(node, file)}: expected a list", hint="Write `[a, b]`, or a line `- a` for each."
        )
    return list(node.value)


def entries(raw: bytes, file: str, key: str) -> list[yaml.Node]:
    """The entries of a file that is one list under one name."""
    top = mapping(compose(raw, file), file)
    if set(top) != {key} or not isinstance(top[key], yaml.SequenceNode):
        raise UsageError(f"{file}:1: expected one key, {key}, with a list", hint=f"Begin it with `{key}:`.")
    return sequence(top[key], file)


def text(node: yaml.Node, file: str) -> str:
    """Non-empty text without control characters. Raises UsageError with file and line."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str" or flaw(node.value):
        raise UsageError(
            f"{place(node, file)}: expected plain text", hint="Write a value on the line, quoted."
        )
    if not node.value:
        raise UsageError(f"{place(node, file)}: the value is empty", hint="Write one, or leave the name out.")
    return str(node.value)


def texts(node: yaml.Node, file: str) -> tuple[str, ...]:
    """A list of texts, none twice; it may be empty."""
    values = tuple(text(each, file) for each in sequence(node, file))
    if len(set(values)) != len(values):
        raise UsageError(f"{place(node, file)}: something stands twice in the list", hint="Name each once.")
    return values


def word(node: yaml.Node, file: str, words: Iterable[str]) -> str:
    """One word of a closed list."""
    choices = tuple(words)
    if (value := text(node, file)) not in choices:
        message = f"{place(node, file)}: expected one of {', '.join(choices)}"
        raise UsageError(message, hint="Write one of them as it stands here.")
    return value


def boolean(node: yaml.Node, file: str) -> bool:
    """`true` or `false`. Raises UsageError with file and line for anything else."""
    value = text(node, file)
    if value not in ("true", "false"):
        raise UsageError(
            f"{place(node, file)}: expected true or false", hint="Write one of them, unquoted or not."
        )
    return value == "true"


def day(node: yaml.Node, file: str) -> date:
    """Day in the form 2026-01-31. Raises UsageError with file and line for anything else."""
    value = text(node, file)
    try:
        read = date.fromisoformat(value)
    except ValueError:
        read = None
    if read is None or read.isoformat() != value:
        raise UsageError(f"{place(node, file)}: expected a day", hint="Write it like 2026-01-31.")
    return read


def raw_of(path: Path) -> bytes:
    """The bytes of a list that must be there."""
    try:
        return path.read_bytes()
    except OSError:
        raise UsageError(f"{path.name} can't be read", hint="It stands beside the policy packs.") from None
