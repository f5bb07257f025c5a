"""decide(action, facts, packs) -> Verdict. Pure: same facts and packs, same verdict.

- Each pack that applies is asked on its own and all must allow: over a union, one pack's permit would cover
  another's silence.
- Anything but Allow without an error denies. Cedar skips a policy that errors and may then say Allow.
- gap = only gap rules fired, so that supplying the missing facts might change the answer. It counts as deny.
- A permit that held is reported among the rules when all packs allow: it says what the allowance rests on.
- A waived house rule is set aside and reported. What nothing cures, and what only the person can give, can't be
  waived.
- The regulator's reading of the same answers stands beside the verdict. It informs and opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import cedarpy

from habeas.model.decision import Action, Decision, Effect, Facts, Informed, Rule, Verdict
from habeas.model.errors import UsageError
from habeas.policy.facts.schema import canonical, cedar_context, facts_digest, odd, parse, waived_in
from habeas.policy.rules.cedar_text import SCHEMA
from habeas.policy.rules.obligations import at_most, unite
from habeas.policy.rules.packs import HOUSE, Pack, PackRule, policy_digest
from habeas.policy.rules.rules import GAP_SUFFIX

_ENTITIES = cedarpy.Entities.from_json_str("[]")

_NO_PACK = Rule("habeas", "no-pack", "deny", "No policy pack applies, so nothing is allowed.", "", "")
# Rules of the engine's own, reported under the pack they concern.
_SILENT = ("silent", "No rule of the pack permits this, and what nobody permits is denied.")
_NOT_UNDERSTOOD = ("not-understood", "A rule can't be evaluated on these facts, so the pack denies.")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one pack says: the rules that fired against it, and whether it could be asked at all."""

    pack: Pack
    against: tuple[PackRule, ...]
    understood: bool


_Ask = Callable[[Pack, Action, Facts], _Answer]


def decide(action: Action, facts: Facts, packs: Iterable[Pack]) -> Verdict:
    """What the packs say. Never raises on odd facts: a fact that can't be read is denied by name."""
    return _decide(Action(action), facts, sorted(packs, key=lambda pack: pack.name), _ask)


def _decide(action: Action, facts: Facts, packs: Sequence[Pack], ask: _Ask) -> Verdict:
    unread = odd(action, facts)
    if unread:
        rules = tuple(_unread(name) for name in unread)
        return Verdict(Effect.DENY, rules, (), None, (), Informed(Effect.DENY, rules))
    answers = [ask(pack, action, facts) for pack in packs if pack.applies(action, facts)]
    if not answers:
        return Verdict(Effect.DENY, (_NO_PACK,), (), None)
    ids = waived_in(facts)
    effect, rules, aside = _read(answers, action, lambda rule: _waivable(rule) and _base(rule) in ids)
    finding = facts.get("regulator_finding", "none")
    laws = [answer for answer in answers if answer.pack.name != HOUSE]
    read_by_regulator = _read(laws, action, lambda rule: rule.regulator_permits == finding)
    duties = unite(
        duty for answer in answers for each in answer.pack.permits(action) for duty in each.obligations
    )
    return Verdict(
        effect=effect,
        rules=(*rules, *(replace(rule, kind="waived") for rule in aside)),
        missing=tuple(sorted({rule.fact for rule in rules if rule.kind == "gap"})),
        retention_days=at_most(duties, "retention_days") if effect is Effect.ALLOW else None,
        obligations=duties,
        regulator=Informed(*read_by_regulator[:2]) if laws else None,
    )


def _read(
    answers: Sequence[_Answer], action: Action, ignored: Callable[[PackRule], bool]
) -> tuple[Effect, tuple[Rule, ...], tuple[Rule, ...]]:
    """Effect, the rules that made it (never empty), and the rules that fired and were ignored."""
    against: list[Rule] = []
    aside: list[Rule] = []
    for answer in answers:
        refusing = [each.rule for each in answer.against if not ignored(each)]
        aside += [each.rule for each in answer.against if ignored(each)]
        if not answer.understood:
            refusing.append(_own(answer.pack, *_NOT_UNDERSTOOD))
        elif not answer.pack.permits(action):
            refusing.append(_own(answer.pack, *_SILENT))
        against += refusing
    against.sort(key=lambda rule: rule.curable)  # what nothing cures comes first
    if not against:
        permits = tuple(each.rule for answer in answers for each in answer.pack.permits(action))
        return Effect.ALLOW, permits, tuple(aside)
    effect = Effect.GAP if all(rule.kind == "gap" for rule in against) else Effect.DENY
    return effect, tuple(against), tuple(aside)


def _waivable(rule: PackRule) -> bool:
    return rule.rule.pack == HOUSE and rule.waivable


def _base(rule: PackRule) -> str:
    return rule.rule.rule_id.removesuffix(GAP_SUFFIX)


def _ask(pack: Pack, action: Action, facts: Facts) -> _Answer:
    """Ask Cedar. It sees the facts that the pack's rules read, no others: what isn't read can't matter."""
    request = {
        "principal": 'Pipeline::"habeas"',
        "action": f'Action::"{action.value}"',
        "resource": 'Thing::"one"',
        "context": cedar_context({name: facts[name] for name in pack.reads[action] if name in facts}),
    }
    try:
        answer = cedarpy.is_authorized(request, pack.policies, _ENTITIES, SCHEMA)
    except (TypeError, ValueError):
        return _Answer(pack, (), understood=False)
    numbers = sorted(int(name.removeprefix("policy")) for name in answer.diagnostics.reasons)
    fired = tuple(pack.rules[number] for number in numbers)
    against = tuple(each for each in fired if each.rule.kind != "permit")
    # Cedar says Allow exactly where the pack permits the action and nothing fired; else it and we differ.
    expected = bool(pack.permits(action)) and not against
    agreed = (answer.decision is cedarpy.Decision.Allow) == expected
    return _Answer(pack, against, understood=agreed and not answer.diagnostics.errors)


def _own(pack: Pack, rule_id: str, sentence: str) -> Rule:
    return Rule(pack.name, rule_id, "deny", sentence, "", "")


def _unread(name: str) -> Rule:
    sentence = f"The fact {name} is not what its list says, so nothing is allowed."
    return Rule("habeas", "not-understood", "deny", sentence, "", name)


class Decider:
    """Parsed packs, kept, with every answer they gave: distinct fact sets are few. Not to be pickled."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        if len({pack.name for pack in packs}) != len(packs):
            raise UsageError("a policy pack is there twice", hint="Name each pack once.")
        self.packs = tuple(sorted(packs, key=lambda pack: pack.name))
        self.policy_digest = policy_digest(packs)
        self._verdicts: dict[tuple[Action, str], Verdict] = {}
        self._answers: dict[tuple[object, ...], _Answer] = {}

    def decide(self, action: Action, facts: Facts) -> Verdict:
        """As `decide`, remembered. Raises UsageError when a value is no boolean, whole number or text."""
        return self._remembered((Action(action), canonical(facts)), facts)

    def decide_text(self, action: Action, text: str) -> Verdict:
        """As `decide`, on facts as canonical JSON. Raises UsageError when it is none."""
        return self._remembered((Action(action), text), parse(text))

    def _remembered(self, key: tuple[Action, str], facts: Facts) -> Verdict:
        if key not in self._verdicts:
            self._verdicts[key] = _decide(key[0], facts, self.packs, self._ask)
        return self._verdicts[key]

    def _ask(self, pack: Pack, action: Action, facts: Facts) -> _Answer:
        """A pack answers the facts it reads, so that many fact sets share an answer."""
        key = (pack.name, action, *(facts.get(name) for name in pack.reads[action]))
        if key not in self._answers:
            self._answers[key] = _ask(pack, action, facts)
        return self._answers[key]


def replay(
    decision: Decision, facts: Facts, packs: Sequence[Pack], policy: str | None = None
) -> tuple[str, ...]:
    """Decide again on the recorded facts: names of the fields that come out differently; empty = the same.

    `policy` is the digest of the set the packs come from; default: that of the packs. Another one means other rules
    than the decision rests on: the rest then proves nothing.
    """
    verdict = decide(decision.action, facts, packs)
    again = {
        "policy_digest": policy_digest(packs) if policy is None else policy,
        "facts_digest": facts_digest(decision.action, facts),
        "effect": verdict.effect,
        "rules": rule_names(verdict),
        "missing": verdict.missing,
        "retention_days": verdict.retention_days,
        "obligations": verdict.obligations,
        "regulator_effect": verdict.regulator.effect if verdict.regulator else None,
        "regulator_rules": rule_names(verdict.regulator) if verdict.regulator else (),
    }
    return tuple(name for name, value in again.items() if getattr(decision, name) != value)


def rule_names(verdict: Verdict | Informed) -> tuple[str, ...]:
    """The rules as tables hold them."""
    return tuple(rule.name for rule in verdict.rules)
