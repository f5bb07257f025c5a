"""Cedar text, rule by rule: cut into statements with the line each begins on, parsed and checked one by one.

Cedar's own messages name no line; a privacy officer who edits a rule needs one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache

import cedarpy
from cedarpy import pst

from habeas.model.errors import UsageError
from habeas.model.text import hidden
from habeas.policy.facts.schema import cedar_schema

# A comment, a string, the end of a statement, or one other character. `;` ends a statement wherever it
# stands outside of comments and strings; Cedar uses it for nothing else.
_TOKEN = re.compile(r'(?P<comment>//[^\n]*)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<end>;)|(?P<other>.)', re.DOTALL)

SCHEMA_TEXT = cedar_schema()
SCHEMA = cedarpy.Schema.from_str(SCHEMA_TEXT)


@dataclass(frozen=True, slots=True)
class Statement:
    """One parsed Cedar policy: where it stands, its text, and what it speaks about."""

    place: str  # "house/embed.cedar:12"
    text: str
    node: pst.Template
    reads: frozenset[str]  # names of the facts it reads or asks for
    words: frozenset[tuple[str, str]]  # list and word of every word it names


def cut(text: str, file: str) -> Iterator[tuple[str, str]]:
    """Place and source of every statement. Raises UsageError where the text holds invisible characters."""
    _check_seen(text, file)
    begin: int | None = None
    for token in _TOKEN.finditer(text):
        if begin is None:
            if token.lastgroup == "comment" or token.group().isspace():
                continue
            begin = token.start()
        if token.lastgroup == "end":
            yield _place(file, text, begin), text[begin : token.end()]
            begin = None
    if begin is not None:
        yield _place(file, text, begin), text[begin:]


def _place(file: str, text: str, begin: int) -> str:
    return f"{file}:{text.count(chr(10), 0, begin) + 1}"


def _check_seen(text: str, file: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if reason := hidden(line.replace("\t", " ").strip(" \r")):
            raise UsageError(f"{file}:{number}: {reason}", hint="Delete it: a rule says what is seen of it.")


@lru_cache(maxsize=2048)  # a comparison of two policy sets reads most of them twice
def parsed(source: str, place: str) -> Statement:
    """One statement, parsed and type-checked against the facts there are. Raises UsageError."""
    try:
        policies = cedarpy.policies_to_pst(source)
    except ValueError as error:
        hint = "See docs.cedarpolicy.com, or a rule of a shipped pack."
        raise UsageError(f"{place}: not Cedar: {error}", hint=hint) from None
    if len(policies.static_policies) != 1:
        raise UsageError(
            f"{place}: expected one policy without slots", hint="End each rule with a semicolon."
        )
    checked = cedarpy.validate_policies(source, SCHEMA)
    if not checked.validation_passed:
        reasons = "; ".join(error.error.replace("for policy `policy0`, ", "") for error in checked.errors)
        hint = "The facts and their words stand in docs/reference/rules.md; guard each with `context has`."
        raise UsageError(f"{place}: {reasons}", hint=hint)
    node = next(iter(policies.static_policies.values()))
    return Statement(place, source, node, attributes_of(node.clauses), words_of(node.clauses))


def attributes_of(node: object) -> frozenset[str]:
    """Names of the facts an expression reads or asks for."""
    return frozenset(
        name
        for each in parts_of(node)
        for name in ((each.attr,) if isinstance(each, pst.GetAttr) else _asked(each))
    )


def words_of(node: object) -> frozenset[tuple[str, str]]:
    """List and word of every word an expression names."""
    return frozenset(
        (str(each.value.type), each.value.id) for each in parts_of(node) if isinstance(each, pst.EntityLit)
    )


def parts_of(node: object) -> Iterator[object]:
    """A node and all nodes in it."""
    stack: list[object] = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, tuple):
            stack.extend(current)
        elif isinstance(current, dict):
            stack.extend(current.values())
        elif is_dataclass(current):
            stack.extend(getattr(current, each.name) for each in fields(current))


def asks_for(expr: object) -> str | None:
    """The fact in `context has fact`, or None when `expr` is anything else."""
    if isinstance(expr, pst.HasAttr) and expr.base == pst.Var("context") and len(expr.attrs) == 1:
        return expr.attrs[0]
    return None


def conjuncts(expr: object) -> list[object]:
    """What stands between the `&&` of an expression."""
    if isinstance(expr, pst.BinaryOp) and expr.op == "and":
        return [*conjuncts(expr.left), *conjuncts(expr.right)]
    return [expr]


def open_when_absent(expr: object, *, denied: bool = False) -> frozenset[str]:
    """Facts whose absence could make `expr` false: those asked for (`context has g`) outside of a `!(…)`.

    A rule with such a fact would be silent while the fact is missing. Inside of `!(…)` an absent fact makes the
    whole true, so that the rule applies: Cedar's own check sees to it that a fact is read behind its question only.
    """
    if isinstance(expr, pst.UnaryOp) and expr.op == "not":
        return open_when_absent(expr.arg, denied=not denied)
    if isinstance(expr, pst.BinaryOp) and expr.op in ("and", "or"):
        return open_when_absent(expr.left, denied=denied) | open_when_absent(expr.right, denied=denied)
    if isinstance(expr, pst.HasAttr):
        return frozenset() if denied else frozenset(expr.attrs)
    return frozenset(name for part in parts_of(expr) for name in _asked(part))  # a question in if, ==, …


def _asked(node: object) -> tuple[str, ...]:
    return tuple(node.attrs) if isinstance(node, pst.HasAttr) else ()
