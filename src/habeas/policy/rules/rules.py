"""One rule of a pack, read strictly out of its Cedar statement and annotations.

A reason to refuse is a pair about one fact, because Cedar skips a policy that errors and would then allow. The gap
rule fires when the fact is missing, the deny rule when the fact speaks against it:

    forbid (…) [when { APPLIES }] unless { context has fact };
    forbid (…) [when { APPLIES }] when { context has fact && COND };

A permit is unconditional: then a refusal always names the rule that made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from cedarpy import pst

from habeas.model.decision import Action, Rule
from habeas.model.errors import UsageError
from habeas.model.text import hidden
from habeas.policy.facts.catalogue import FINDING
from habeas.policy.facts.schema import WAIVERS, fact_named
from habeas.policy.rules.cedar_text import Statement, asks_for, attributes_of, conjuncts
from habeas.policy.rules.obligations import parse

GAP_SUFFIX = "-gap"
PENDING = "pending"
CONFIDENCE = ("text", "secondary", "unsourced")

NEVER_WAIVED = frozenset({"consent", "consent_in_scope", "separate_consent", "purpose_collected", "key_open"})
"""Facts that only the person can change, by what they say: these can't be waived on their behalf."""

_EVERY_RULE = frozenset({"id", "sentence", "citation", "source", "effective_from", "enacted", "confidence"})
_EVERY_FORBID = frozenset({"kind", "fact"})
_SOME_FORBIDS = frozenset({"curable", "regulator_permits"})
_SOME_PERMITS = frozenset({"obligation"})
_ID = re.compile(r"[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]+)+")


@dataclass(frozen=True, slots=True)
class PackRule:
    """One rule of a pack: what to tell people, what it speaks about, and where it comes from."""

    rule: Rule  # kind: "gap", "deny" or "permit"
    actions: tuple[Action, ...]
    obligations: tuple[str, ...]
    source: str
    effective_from: date | None  # None: not enacted; such a rule is listed and never evaluated
    confidence: str
    regulator_permits: str  # the finding under which a regulator reads this rule as met; empty: none
    statement: Statement

    @property
    def place(self) -> str:
        """File and line of the rule."""
        return self.statement.place

    @property
    def waivable(self) -> bool:
        """Whether a waiver may set this rule of the house aside; a law's rule is never asked."""
        return self.rule.curable and self.rule.fact not in NEVER_WAIVED

    @property
    def enacted(self) -> bool:
        """True if the rule has a date of effect."""
        return self.effective_from is not None

    @property
    def applies(self) -> tuple[pst.Clause, ...]:
        """The clauses before the last one: where the pair speaks at all."""
        clauses: tuple[pst.Clause, ...] = self.statement.node.clauses
        return clauses[:-1]

    @property
    def reads(self) -> frozenset[str]:
        """Names of the facts it reads or asks for."""
        return self.statement.reads


def rule_of(pack: str, statement: Statement) -> PackRule:
    """The rule a statement is. Raises UsageError naming its place and what to do."""
    place, node = statement.place, statement.node
    notes = _notes(place, node)
    actions = _actions_of(statement)
    forbid = node.effect == "forbid"
    kind, fact = (notes["kind"], notes["fact"]) if forbid else ("permit", "")
    if forbid:
        _check_forbid(statement, kind, fact, actions)
    elif node.clauses:
        _refuse(place, "a permit must be unconditional", "Write the condition as a gap/deny pair.")
    curable = _word(place, "curable", notes.get("curable", "true"), ("true", "false")) == "true"
    finding = notes.get("regulator_permits", "")
    if finding:
        _word(place, "regulator_permits", finding, [word for word in FINDING.words if word != "none"])
    return PackRule(
        rule=Rule(pack, notes["id"], kind, notes["sentence"], notes["citation"], fact, curable),
        actions=actions,
        obligations=parse(notes["obligation"], place) if "obligation" in notes else (),
        source=notes["source"],
        effective_from=_in_force(place, notes),
        confidence=_word(place, "confidence", notes["confidence"], CONFIDENCE),
        regulator_permits=finding,
        statement=statement,
    )


def _notes(place: str, node: pst.Template) -> dict[str, str]:
    """The annotations, all that must be there and none that means nothing."""
    forbid, notes = node.effect == "forbid", dict(node.annotations)
    needed = _EVERY_RULE | (_EVERY_FORBID if forbid else frozenset())
    missing = sorted(name for name in needed if not notes.get(name, "").strip())
    if missing:
        _refuse(
            place, f"the rule lacks @{', @'.join(missing)}", "policies/README.md says what each one is for."
        )
    unknown = sorted(set(notes) - needed - (_SOME_FORBIDS if forbid else _SOME_PERMITS))
    if unknown:
        _refuse(
            place,
            f"@{', @'.join(unknown)} means nothing on a {node.effect}",
            "Take it out, or mend its name.",
        )
    for name, value in notes.items():
        if reason := hidden(value):
            _refuse(place, f"@{name} holds {reason}", "Write it anew, as it is seen.")
    if not _ID.fullmatch(notes["id"]):
        _refuse(place, "@id must look like HOUSE-1 or HOUSE-1-gap", "Plain letters, digits and dashes.")
    return notes


def _in_force(place: str, notes: dict[str, str]) -> date | None:
    """The day the rule came, or comes, into force; None while it is not enacted."""
    enacted = _word(place, "enacted", notes["enacted"], ("true", "false")) == "true"
    written = notes["effective_from"]
    if not enacted:
        if written != PENDING:
            hint = f'Write @effective_from("{PENDING}") until it is enacted.'
            _refuse(place, "an unenacted rule is marked active", hint)
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = None
    if day is None or day.isoformat() != written:
        _refuse(place, "@effective_from is no day", 'Write it like "2026-01-31".')
    return day


def _actions_of(statement: Statement) -> tuple[Action, ...]:
    node, place = statement.node, statement.place
    if not isinstance(node.principal, pst.ScopeAny) or not isinstance(node.resource, pst.ScopeAny):
        _refuse(place, "principal and resource must stay open", "Facts hold no id: name no one thing.")
    match node.action:
        case pst.ActionEq(entity=entity):
            return (Action(entity.id),)
        case pst.ActionIn(entities=entities) if entities:
            return tuple(sorted(Action(entity.id) for entity in entities))
    raise UsageError(
        f"{place}: the rule must name its action or actions", hint='Write action == Action::"embed".'
    )


def _check_forbid(statement: Statement, kind: str, fact: str, actions: tuple[Action, ...]) -> None:
    place, clauses = statement.place, statement.node.clauses
    declared = fact_named(fact)
    if declared is None or declared.type == WAIVERS or not set(actions) <= set(declared.actions):
        says = f'@fact("{fact}") is no fact of {" and ".join(actions)}'
        _refuse(place, says, "The facts of each action stand in docs/reference/rules.md.")
    applies, last = clauses[:-1], clauses[-1] if clauses else None
    if _word(place, "kind", kind, ("gap", "deny")) == "gap":
        fits = isinstance(last, pst.Unless) and asks_for(last.expr) == fact
        shape = f"unless {{ context has {fact} }}"
    else:
        parts = conjuncts(last.expr) if isinstance(last, pst.When) else []
        fits = len(parts) > 1 and asks_for(parts[0]) == fact
        shape = f"when {{ context has {fact} && … }}"
    if not fits or len(applies) > 1 or not all(isinstance(clause, pst.When) for clause in applies):
        hint = "One `when { … }` may stand before it, the same in both rules of the pair: where they apply."
        _refuse(place, f"a {kind} rule about {fact} must read `{shape}`", hint)
    if fact in attributes_of(applies):
        hint = f"Ask about {fact} in the last clause alone."
        _refuse(place, f"the pair applies only where {fact} is there, so it is never missing", hint)


def _word(place: str, name: str, value: str, words: tuple[str, ...] | list[str]) -> str:
    if value not in words:
        choices = " or ".join(f'"{word}"' for word in words)
        _refuse(place, f"@{name} must be {choices}", "Mend the word.")
    return value


def _refuse(place: str, says: str, hint: str) -> None:
    raise UsageError(f"{place}: {says}", hint=hint)
