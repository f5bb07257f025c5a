"""What the rules of one pack owe each other: no id twice, whole pairs, no silence where a fact is missing."""

from __future__ import annotations

from collections.abc import Sequence

from habeas.model.decision import Action
from habeas.model.errors import UsageError
from habeas.policy.rules.cedar_text import open_when_absent
from habeas.policy.rules.rules import GAP_SUFFIX, PackRule

_ALWAYS = (Action.SCAN, Action.EMBED)  # every pack speaks about these


def check(pack: str, rules: Sequence[PackRule]) -> None:
    """Raises UsageError naming the place and what to do."""
    in_force = [each for each in rules if each.enacted]
    _check_permits(pack, in_force)
    _check_ids(rules)
    _check_pairs(rules)
    _check_reads(in_force)


def partner_id(rule_id: str) -> str:
    """The id of the other rule of the pair."""
    gap = rule_id.endswith(GAP_SUFFIX)
    return rule_id.removesuffix(GAP_SUFFIX) if gap else rule_id + GAP_SUFFIX


def _check_permits(pack: str, rules: Sequence[PackRule]) -> None:
    permitted = {action for each in rules if each.rule.kind == "permit" for action in each.actions}
    hint = "What nobody permits is refused, whatever the facts: write one unconditional permit an action."
    silent = [action for action in _ALWAYS if action not in permitted]
    if silent:
        raise UsageError(f"{pack}: the pack permits no {' and no '.join(silent)}", hint=hint)
    for each in rules:
        silent = [action for action in each.actions if action not in permitted]
        if silent:
            raise UsageError(
                f"{each.place}: speaks about {silent[0]}, which the pack never permits", hint=hint
            )


def _check_ids(rules: Sequence[PackRule]) -> None:
    seen: dict[str, str] = {}
    for each in rules:
        first = seen.setdefault(each.rule.rule_id, each.place)
        if first != each.place:
            says = f"{each.place}: @id {each.rule.rule_id} stands already at {first}"
            raise UsageError(says, hint="An id names one rule for ever: take a new one.")


def _check_pairs(rules: Sequence[PackRule]) -> None:
    by_id = {pack_rule.rule.rule_id: pack_rule for pack_rule in rules if pack_rule.rule.kind != "permit"}
    for name, pack_rule in by_id.items():
        if (pack_rule.rule.kind == "gap") != name.endswith(GAP_SUFFIX):
            says = f"{pack_rule.place}: ids of gap rules, and only theirs, end in {GAP_SUFFIX}"
            raise UsageError(says, hint=f"A pair is called X and X{GAP_SUFFIX}.")
        other_id = partner_id(name)
        other = by_id.get(other_id)
        if other is None:
            hint = "Rules come in gap/deny pairs: write the other one."
            raise UsageError(f"{pack_rule.place}: {name} has no partner {other_id}", hint=hint)
        wrong = [word for word, mine, theirs in _alike(pack_rule, other) if mine != theirs]
        if wrong:
            says = f"{pack_rule.place}: {name} and {other_id} differ in {' and '.join(wrong)}"
            raise UsageError(says, hint="Both rules of a pair must say the same there.")


def _alike(one: PackRule, two: PackRule) -> list[tuple[str, object, object]]:
    return [
        ("fact", one.rule.fact, two.rule.fact),
        ("action", one.actions, two.actions),
        ("where they apply (the `when` before the last clause)", one.applies, two.applies),
        ("@curable", one.rule.curable, two.rule.curable),
        ("@enacted", one.enacted, two.enacted),
        ("@regulator_permits", one.regulator_permits, two.regulator_permits),
    ]


def _check_reads(rules: Sequence[PackRule]) -> None:
    """A rule is silent while a fact it reads is missing, unless absence makes it fire or a gap rule does."""
    always = {
        (pack_rule.rule.fact, action)
        for pack_rule in rules
        if pack_rule.rule.kind == "gap" and not pack_rule.applies
        for action in pack_rule.actions
    }
    for pack_rule in rules:
        clauses = pack_rule.statement.node.clauses
        opening = {name for clause in clauses for name in open_when_absent(clause.expr)}
        for name in sorted(opening - {pack_rule.rule.fact}):
            bare = [action for action in pack_rule.actions if (name, action) not in always]
            if bare:
                says = f"{pack_rule.place}: reads {name} so that the rule is silent while {name} is missing"
                hint = (
                    f"Write !(context has {name} && …), or give {name} a gap rule of its own for {bare[0]} "
                    "that applies everywhere."
                )
                raise UsageError(says, hint=hint)


def facts_read(rules: Sequence[PackRule], action: Action) -> tuple[str, ...]:
    """The facts that the rules about `action` read, sorted."""
    return tuple(sorted({name for each in rules if action in each.actions for name in each.reads}))
