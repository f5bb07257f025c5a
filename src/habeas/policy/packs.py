"""Policy packs: one folder of Cedar files a regime, read strictly.

Every reason to refuse is a pair of rules about one fact, because Cedar skips a policy that errors and the
answer would then be Allow:

- the gap rule fires when nobody supplied the fact: `forbid (…) unless { context has fact };`
- the deny rule fires when the fact speaks against it: `forbid (…) when { context has fact && … };`

A permit is unconditional: then a refusal always names the rule that made it. Annotations: `@id`, `@sentence`,
`@citation` on every rule; `@kind("gap"|"deny")` and `@fact` on every forbid; `@obligation` on permits alone.
Anything else (a misspelt fact or word, half a pair, a file that is not Cedar) is a UsageError naming file and
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cedarpy
from cedarpy import pst

from habeas.errors import UsageError
from habeas.model.decision import Action, Rule
from habeas.model.ids import digest
from habeas.policy.cedar_text import (
    SCHEMA_TEXT,
    Statement,
    asks_for,
    attributes_of,
    first_conjunct,
    statements,
)
from habeas.policy.facts import fact_named

GAP_SUFFIX = "-gap"
_EVERY_RULE = {"id", "sentence", "citation"}
_ONLY_FORBID = {"kind", "fact"}
_OBLIGATION = re.compile(r"retention_days<=([1-9][0-9]{0,4})")
_ID = re.compile(r"[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class PackRule:
    """One rule of a pack: what to tell people, which actions it speaks about, what a permit obliges to."""

    rule: Rule  # kind: "gap", "deny" or "permit"
    actions: tuple[Action, ...]
    retention_days: int | None
    place: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A parsed pack. `rules` stand in Cedar's order: policy N is `rules[N]`."""

    name: str
    digest: str
    rules: tuple[PackRule, ...]
    policies: cedarpy.PolicySet = field(repr=False, compare=False)


def load_packs(folder: Path, names: Sequence[str]) -> tuple[Pack, ...]:
    """The packs `names`, each a folder inside `folder`, sorted by name. Raises UsageError."""
    if not names:
        raise UsageError("no policy pack is named", hint="Without one nothing may be allowed; set `packs`.")
    if len(set(names)) != len(names):
        raise UsageError("a policy pack is named twice in `packs`")
    return tuple(load_pack(folder / name) for name in sorted(names))


def load_pack(folder: Path) -> Pack:
    """Read one pack. Its digest covers names and bytes of all its Cedar files. Raises UsageError."""
    if not folder.is_dir():
        raise UsageError(f"there is no policy pack called {folder.name}", hint="See the folder policies/.")
    texts = {path.name: _text_of(path) for path in sorted(folder.iterdir()) if _belongs(path)}
    return pack_of(folder.name, texts)


def pack_of(name: str, texts: dict[str, str]) -> Pack:
    """A pack from file name -> Cedar text. Raises UsageError."""
    found = [each for file in sorted(texts) for each in statements(texts[file], f"{name}/{file}")]
    rules = tuple(_rule_of(name, statement) for statement in found)
    if not any(rule.rule.kind == "permit" for rule in rules):
        raise UsageError(f"policy pack {name} permits nothing", hint="Write a permit for what it allows.")
    _check_ids(rules)
    _check_pairs(rules)
    _check_reads(rules, found)
    parts = [part for file in sorted(texts) for part in (file, texts[file])]
    policies = cedarpy.PolicySet.from_str("\n".join(statement.text for statement in found))
    return Pack(name, digest("pack", name, *parts), rules, policies)


def policy_digest(packs: Iterable[Pack]) -> str:
    """Names everything the packs' verdicts follow from: the fact schema and every pack."""
    parts = [part for pack in sorted(packs, key=lambda each: each.name) for part in (pack.name, pack.digest)]
    return digest("policies", SCHEMA_TEXT, *parts)


def _belongs(path: Path) -> bool:
    if path.suffix == ".cedar" and path.is_file():
        return True
    if path.name == "README.md" or path.name.startswith("."):
        return False
    raise UsageError(f"{path.parent.name}/{path.name}: a pack holds Cedar files and a README.md only")


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path.parent.name}/{path.name}:1: not UTF-8") from None


def _rule_of(pack: str, statement: Statement) -> PackRule:
    place, node, notes = statement.place, statement.node, statement.node.annotations
    forbid = node.effect == "forbid"
    needed = _EVERY_RULE | (_ONLY_FORBID if forbid else set())
    missing = sorted(name for name in needed if not notes.get(name, "").strip())
    if missing:
        raise UsageError(f"{place}: the rule lacks @{', @'.join(missing)}")
    unknown = sorted(set(notes) - needed - (set() if forbid else {"obligation"}))
    if unknown:
        raise UsageError(f"{place}: @{', @'.join(unknown)} means nothing on a {node.effect}")
    if not _ID.fullmatch(notes["id"]):
        raise UsageError(f"{place}: @id must look like HOUSE-1 or HOUSE-1-gap")
    actions = _actions_of(statement)
    kind, fact = (notes["kind"], notes["fact"]) if forbid else ("permit", "")
    if forbid:
        _check_forbid(statement, kind, fact, actions)
    elif node.clauses:
        hint = "Write the condition as a gap/deny pair."
        raise UsageError(f"{place}: a permit must be unconditional", hint=hint)
    rule = Rule(pack, notes["id"], kind, notes["sentence"].strip(), notes["citation"].strip(), fact)
    return PackRule(rule, actions, _retention(notes.get("obligation"), place), place)


def _actions_of(statement: Statement) -> tuple[Action, ...]:
    node = statement.node
    if not isinstance(node.principal, pst.ScopeAny) or not isinstance(node.resource, pst.ScopeAny):
        raise UsageError(f"{statement.place}: principal and resource must stay open: facts hold no id")
    match node.action:
        case pst.ActionEq(entity=entity):
            return (Action(entity.id),)
        case pst.ActionIn(entities=entities) if entities:
            return tuple(sorted(Action(entity.id) for entity in entities))
    raise UsageError(f"{statement.place}: the rule must name its action or actions")


def _check_forbid(statement: Statement, kind: str, fact: str, actions: tuple[Action, ...]) -> None:
    place, clauses = statement.place, statement.node.clauses
    known = fact_named(fact)
    if known is None or not set(actions) <= set(known.actions):
        raise UsageError(f'{place}: @fact("{fact}") is no fact of {" and ".join(actions)}')
    if kind == "gap":
        fits = len(clauses) == 1 and isinstance(clauses[0], pst.Unless) and asks_for(clauses[0].expr) == fact
        shape = f"unless {{ context has {fact} }}"
    elif kind == "deny":
        fits = (
            len(clauses) == 1
            and isinstance(clauses[0], pst.When)
            and asks_for(first_conjunct(clauses[0].expr)) == fact
            and clauses[0].expr != first_conjunct(clauses[0].expr)
        )
        shape = f"when {{ context has {fact} && … }}"
    else:
        raise UsageError(f'{place}: @kind must be "gap" or "deny"')
    if not fits:
        raise UsageError(f"{place}: a {kind} rule about {fact} must read `{shape}`")


def _retention(obligation: str | None, place: str) -> int | None:
    if obligation is None:
        return None
    match = _OBLIGATION.fullmatch(obligation)
    if match is None:
        raise UsageError(f"{place}: @obligation must read retention_days<=N with N from 1 to 99999")
    return int(match.group(1))


def _check_ids(rules: Sequence[PackRule]) -> None:
    seen: dict[str, str] = {}
    for each in rules:
        first = seen.setdefault(each.rule.rule_id, each.place)
        if first != each.place:
            raise UsageError(f"{each.place}: @id {each.rule.rule_id} stands already at {first}")


def _check_pairs(rules: Sequence[PackRule]) -> None:
    by_id = {each.rule.rule_id: each for each in rules if each.rule.kind != "permit"}
    for each in by_id.values():
        name, gap = each.rule.rule_id, each.rule.kind == "gap"
        if gap != name.endswith(GAP_SUFFIX):
            raise UsageError(f"{each.place}: ids of gap rules, and only theirs, end in {GAP_SUFFIX}")
        other_id = name.removesuffix(GAP_SUFFIX) if gap else name + GAP_SUFFIX
        other = by_id.get(other_id)
        if other is None:
            hint = "Rules come in gap/deny pairs."
            raise UsageError(f"{each.place}: {name} has no partner {other_id}", hint=hint)
        if (other.rule.fact, other.actions) != (each.rule.fact, each.actions):
            raise UsageError(f"{each.place}: {name} and {other_id} differ in fact or action")


def _check_reads(rules: Sequence[PackRule], found: Sequence[Statement]) -> None:
    """A deny rule is silent while a fact it reads is missing: each such fact needs a gap rule of its own."""
    gaps = {(each.rule.fact, action) for each in rules if each.rule.kind == "gap" for action in each.actions}
    for each, statement in zip(rules, found, strict=True):
        for name in sorted(attributes_of(statement.node.clauses)):
            if any((name, action) not in gaps for action in each.actions):
                raise UsageError(f"{each.place}: reads {name}, which has no gap rule for this action")
