"""Cedar text, rule by rule: cut into statements with the line each begins on, parsed and checked one by one.

Cedar's own messages name no line; a privacy officer who edits a rule needs one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

import cedarpy
from cedarpy import pst

from habeas.errors import UsageError
from habeas.policy.facts import cedar_schema

# A comment, a string, the end of a statement, or one other character. `;` ends a statement wherever it
# stands outside of comments and strings; Cedar uses it for nothing else.
_TOKEN = re.compile(r'(?P<comment>//[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<end>;)|(?P<other>.)', re.DOTALL)

SCHEMA_TEXT = cedar_schema()
SCHEMA = cedarpy.Schema.from_str(SCHEMA_TEXT)


@dataclass(frozen=True, slots=True)
class Statement:
    """One parsed Cedar policy, where it stands, and its text."""

    place: str  # "house/embed.cedar:12"
    text: str
    node: pst.Template


def statements(text: str, file: str) -> Iterator[Statement]:
    """Cut, parse and type-check every policy in `text`. Raises UsageError naming file and line."""
    for line, source in _cut(text):
        yield _parsed(source, f"{file}:{line}")


def _cut(text: str) -> Iterator[tuple[int, str]]:
    begin: int | None = None
    for token in _TOKEN.finditer(text):
        if begin is None:
            if token.lastgroup == "comment" or token.group().isspace():
                continue
            begin = token.start()
        if token.lastgroup == "end":
            yield text.count("\n", 0, begin) + 1, text[begin : token.end()]
            begin = None
    if begin is not None:
        yield text.count("\n", 0, begin) + 1, text[begin:]


def _parsed(source: str, place: str) -> Statement:
    try:
        parsed = cedarpy.policies_to_pst(source)
    except ValueError as error:
        raise UsageError(f"{place}: not Cedar: {error}") from None
    if parsed.templates or len(parsed.static_policies) != 1:
        raise UsageError(f"{place}: expected one policy without slots")
    checked = cedarpy.validate_policies(source, SCHEMA)
    if not checked.validation_passed:
        reasons = "; ".join(error.error.replace("for policy `policy0`, ", "") for error in checked.errors)
        hint = "The facts stand in habeas/policy/facts.py; guard each with `context has`."
        raise UsageError(f"{place}: {reasons}", hint=hint)
    return Statement(place, source, next(iter(parsed.static_policies.values())))


def attributes_of(node: object) -> set[str]:
    """Names of the facts an expression reads or asks for."""
    found: set[str] = set()
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, pst.GetAttr):
            found.add(current.attr)
        elif isinstance(current, pst.HasAttr):
            found.update(current.attrs)
        if isinstance(current, tuple):
            stack.extend(current)
        elif isinstance(current, dict):
            stack.extend(current.values())
        elif is_dataclass(current):
            stack.extend(getattr(current, each.name) for each in fields(current))
    return found


def asks_for(expr: object) -> str | None:
    """The fact in `context has fact`, or None when `expr` is anything else."""
    if isinstance(expr, pst.HasAttr) and expr.base == pst.Var("context") and len(expr.attrs) == 1:
        return expr.attrs[0]
    return None


def first_conjunct(expr: object) -> object:
    """What stands before the first `&&`."""
    while isinstance(expr, pst.BinaryOp) and expr.op == "and":
        expr = expr.left
    return expr
