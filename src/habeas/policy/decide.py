"""decide(action, facts, packs) -> Verdict. Pure: same facts and packs, same verdict.

- Each pack is evaluated on its own and all must allow: over a union, one pack's permit would cover another's
  silence.
- Anything but Allow without an error denies. Cedar skips a policy that errors and may then say Allow.
- gap = only gap rules fired, so that supplying the missing facts might change the answer. It counts as deny.
- A permit that held is reported among the rules when all packs allow: it says what the allowance rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cedarpy

from habeas.errors import UsageError
from habeas.model.decision import Action, Decision, Effect, Facts, Rule, Verdict
from habeas.policy.cedar_text import SCHEMA
from habeas.policy.facts import canonical, cedar_context, facts_digest
from habeas.policy.packs import Pack, PackRule, policy_digest

_ENTITIES = cedarpy.Entities.from_json_str("[]")

_NO_PACK = Rule("habeas", "no-pack", "deny", "No policy pack applies, so nothing is allowed.", "", "")
# Rules of the engine's own, reported under the pack they concern.
_SILENT = ("silent", "No rule of the pack permits this, and what nobody permits is denied.")
_NOT_UNDERSTOOD = ("not-understood", "A rule can't be evaluated on these facts, so the pack denies.")


def decide(action: Action, facts: Facts, packs: Iterable[Pack]) -> Verdict:
    """What the packs say. Never raises on odd facts: facts a pack can't evaluate are denied by name."""
    ordered = sorted(packs, key=lambda pack: pack.name)
    if not ordered:
        return Verdict(Effect.DENY, (_NO_PACK,), (), None)
    answers = [_ask(pack, action, facts) for pack in ordered]
    against = tuple(rule for allowed, rules in answers if not allowed for rule in rules)
    if against:
        missing = tuple(sorted({rule.rule.fact for rule in against if rule.rule.kind == "gap"}))
        effect = Effect.GAP if all(rule.rule.kind == "gap" for rule in against) else Effect.DENY
        return Verdict(effect, tuple(rule.rule for rule in against), missing, None)
    permits = tuple(rule for _, rules in answers for rule in rules)
    retentions = [rule.retention_days for rule in permits if rule.retention_days is not None]
    return Verdict(Effect.ALLOW, tuple(rule.rule for rule in permits), (), min(retentions, default=None))


def _ask(pack: Pack, action: Action, facts: Facts) -> tuple[bool, tuple[PackRule, ...]]:
    """One pack's answer: allowed or not, and the rules that made it so (never empty)."""
    request = {
        "principal": 'Pipeline::"habeas"',
        "action": f'Action::"{action.value}"',
        "resource": 'Thing::"one"',
        "context": cedar_context(facts),
    }
    try:
        answer = cedarpy.is_authorized(request, pack.policies, _ENTITIES, SCHEMA)
    except (TypeError, ValueError):
        return False, (_own(pack, *_NOT_UNDERSTOOD),)
    diagnostics = answer.diagnostics
    numbers = sorted(int(name.removeprefix("policy")) for name in diagnostics.reasons)
    fired = tuple(pack.rules[number] for number in numbers)
    if diagnostics.errors or answer.decision is cedarpy.Decision.NoDecision:
        against = tuple(rule for rule in fired if rule.rule.kind != "permit")
        return False, (*against, _own(pack, *_NOT_UNDERSTOOD))
    if answer.decision is cedarpy.Decision.Allow and fired:
        return True, fired
    return False, fired or (_own(pack, *_SILENT),)


def _own(pack: Pack, rule_id: str, sentence: str) -> PackRule:
    return PackRule(Rule(pack.name, rule_id, "deny", sentence, "", ""), (), None, "")


class Decider:
    """Parsed packs, kept, with every answer they gave: distinct fact sets are few. Not to be pickled."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        if len({pack.name for pack in packs}) != len(packs):
            raise UsageError("a policy pack is there twice")
        self.packs = tuple(packs)
        self.policy_digest = policy_digest(packs)
        self._known: dict[tuple[Action, str], Verdict] = {}

    def decide(self, action: Action, facts: Facts) -> Verdict:
        """As `decide`, remembered. Raises UsageError when a value is no boolean, whole number or text."""
        key = (Action(action), canonical(facts))
        if key not in self._known:
            self._known[key] = decide(key[0], facts, self.packs)
        return self._known[key]


def replay(decision: Decision, facts: Facts, packs: Sequence[Pack]) -> tuple[str, ...]:
    """Decide again on the recorded facts: names of the fields that come out differently; empty = the same.

    A different `policy_digest` means other packs than the decision rests on: the rest then proves nothing.
    """
    verdict = decide(decision.action, facts, packs)
    again = {
        "policy_digest": policy_digest(packs),
        "facts_digest": facts_digest(decision.action, facts),
        "effect": verdict.effect,
        "rules": rule_names(verdict),
        "missing": verdict.missing,
        "retention_days": verdict.retention_days,
    }
    return tuple(name for name, value in again.items() if getattr(decision, name) != value)


def rule_names(verdict: Verdict) -> tuple[str, ...]:
    """The rules as `decisions.rules` holds them: pack/id."""
    return tuple(f"{rule.pack}/{rule.rule_id}" for rule in verdict.rules)
