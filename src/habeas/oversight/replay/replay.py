"""Recorded decisions made again: the same facts and the pinned rules must give the same verdict, field by field.

Two separate checks:

1. *The verdict*: the stored fact set (its digest checked) goes to the rules pinned under the decision's policy
   digest. Every field the decision recorded must come out the same. Nothing explains a difference.
2. *The facts*: derived anew from the tables as they were known when the run began (see `rederive_facts`). A person
   erased since, or something registered anew, explains a difference; nothing else does.

Pure over a reader: nothing is written, no clock is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from habeas.model.decision import Action, Facts
from habeas.model.errors import HabeasError
from habeas.model.ids import decision_id
from habeas.policy.facts.schema import facts_digest, parse
from habeas.policy.policy_set import PolicySet
from habeas.policy.rules.decide import Decider, rule_names
from habeas.warehouse.authenticated.decision_mac import is_genuine
from habeas.warehouse.authenticated.mac import MacKey
from habeas.warehouse.reader import Reader, Row, rows


class Again(StrEnum):
    """What deriving the facts anew shows."""

    SAME = "same"
    DIFFERS = "differs"
    ERASED = "erased"  # what they rest on was erased since
    CHANGED = "changed since"  # what they rest on was registered or recorded anew since
    UNKNOWN = "not compared"


@dataclass(frozen=True, slots=True)
class FactsAgain:
    """The second check of one decision: `names` of facts that differ; `note`: what it could not compare."""

    says: Again
    names: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision made again. `differs`: recorded fields that come out differently; empty = bit for bit the same."""

    decision_id: str
    action: str
    purpose: str
    run_id: str
    policy_digest: str
    differs: tuple[str, ...] = ()
    why: str = ""  # why it couldn't be made again at all
    facts: FactsAgain = field(default=FactsAgain(Again.UNKNOWN))
    verified: bool = True  # False: it carries no code, or this reader holds no key to verify one

    @property
    def reproduced(self) -> bool:
        """True if the decision came out the same."""
        return not self.differs and not self.why

    @property
    def alarm(self) -> bool:
        """An alarm: the record, the rules or the ledger are not what they were."""
        return not self.reproduced or self.facts.says is Again.DIFFERS


Rules = Callable[[str], PolicySet]
"""policy digest -> the set pinned under it, verified. Raises HabeasError when there is none or it was altered."""

RederiveFacts = Callable[[Sequence[Row], Mapping[str, Facts], Rules], Sequence[FactsAgain]]
"""(decisions, their stored facts by digest, rules) -> the second check of each."""


class Replayer:
    """Makes decisions again, a batch at a time; keeps the rules, fact sets and verdicts it has seen."""

    def __init__(
        self,
        reader: Reader,
        rules: Rules,
        derive_again: RederiveFacts | None = None,
        key: MacKey | None = None,
    ) -> None:
        """`key`: by which the code of each decision is verified."""
        self._reader, self._rules, self._derive_again, self._key = reader, rules, derive_again, key
        self._sets: dict[str, tuple[PolicySet, Decider] | HabeasError] = {}
        self._stored: dict[str, Row] = {}

    def replay(self, decisions: Sequence[Row]) -> list[Replayed]:
        """Both checks of each decision, in their order."""
        self._read_facts({row["facts_digest"] for row in decisions})
        made = [self._verdict(row) for row in decisions]
        # Facts are compared where the first check could be made: without rules it is unknown what to derive.
        checkable = [at for at, each in enumerate(made) if not each.why]
        if self._derive_again and checkable:
            chosen = [decisions[at] for at in checkable]
            stored = {row["facts_digest"]: self._facts(row["facts_digest"]) for row in chosen}
            again = self._derive_again(chosen, stored, lambda digest: self._set(digest)[0])
            for at, checked in zip(checkable, again, strict=True):
                made[at] = replace(made[at], facts=checked)
        return made

    def _verdict(self, row: Row) -> Replayed:
        about = {name: row[name] for name in ("decision_id", "action", "purpose", "run_id", "policy_digest")}
        stored = self._stored.get(row["facts_digest"])
        if stored is None:
            return Replayed(**about, why="its fact set is not there")
        try:
            facts = self._facts(row["facts_digest"])
            whole = facts_digest(Action(stored["action"]), facts) == row["facts_digest"]
        except (HabeasError, ValueError):
            whole = False
        if not whole or stored["action"] != row["action"]:
            return Replayed(**about, why="its fact set was altered")
        try:
            decider = self._set(row["policy_digest"])[1]
        except HabeasError as error:
            return Replayed(**about, why=error.message)
        verified = self._key is not None and row.get("mac") is not None
        forged = verified and self._key is not None and not is_genuine(self._key, row)
        differs = differences(row, decider, facts) + (("mac",) if forged else ())
        return Replayed(**about, differs=differs, verified=verified)

    def _facts(self, digest: str) -> Facts:
        return parse(self._stored[digest]["facts"])

    def _set(self, digest: str) -> tuple[PolicySet, Decider]:
        """The pinned rules, read once; an error is remembered too."""
        if digest not in self._sets:
            try:
                policies = self._rules(digest)
                self._sets[digest] = (policies, Decider(policies.packs))
            except HabeasError as error:
                self._sets[digest] = error
        cached = self._sets[digest]
        if isinstance(cached, HabeasError):
            raise cached
        return cached

    def _read_facts(self, digests: set[str]) -> None:
        fresh = sorted(digests - self._stored.keys())
        if fresh:
            fact_sets = rows(self._reader, "fact_sets", ("facts_digest", "in", fresh))
            self._stored |= {row["facts_digest"]: row for row in fact_sets}


def differences(row: Row, decider: Decider, facts: Facts) -> tuple[str, ...]:
    """Recorded fields that deciding again on `facts` gives another value for, by name."""
    action = Action(row["action"])
    verdict = decider.decide(action, facts)
    digest = facts_digest(action, facts)
    again: dict[str, Any] = {
        "decision_id": decision_id(
            action,
            row["asset_id"],
            row["line_id"],
            row["purpose"],
            digest,
            row["policy_digest"],
            row["as_of"],
            row.get("pack_digest") or "",
        ),
        "facts_digest": digest,
        "effect": str(verdict.effect),
        "rules": rule_names(verdict),
        "missing": verdict.missing,
        "retention_days": verdict.retention_days,
        "obligations": verdict.obligations,
        "regulator_effect": str(verdict.regulator.effect) if verdict.regulator else None,
        "regulator_rules": rule_names(verdict.regulator) if verdict.regulator else (),
    }
    return tuple(name for name, value in again.items() if not _same(row.get(name), value))


def _same(recorded: Any, again: Any) -> bool:
    """Lists come back as lists, and an empty one may come back as nothing."""
    if isinstance(again, tuple):
        return tuple(recorded or ()) == again
    return bool(recorded == again)


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found. `alarms`: every decision that needs a review."""

    decisions: int
    reproduced: int
    facts: Mapping[str, int]
    alarms: tuple[Replayed, ...]
    notes: Mapping[str, int]  # what the second check could not compare -> decisions
    unverified: int = 0  # carry no code, or were read without the key

    @property
    def same(self) -> bool:
        """True if no decision came out otherwise."""
        return not self.alarms

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints: counts, and the random ids of decisions that raise an alarm."""
        return {
            "decisions": self.decisions,
            "reproduced": self.reproduced,
            "facts": dict(self.facts),
            "not_looked_at": dict(self.notes),
            "not_verified": self.unverified,
            "alarms": [asdict(each) for each in self.alarms],
        }


def tell(made: Iterable[Replayed]) -> ReplayReport:
    """Count what came out, and keep what raises an alarm."""
    decisions = reproduced = unverified = 0
    facts, notes = Counter[str](), Counter[str]()
    alarms = []
    for decision in made:
        decisions += 1
        reproduced += decision.reproduced
        unverified += not decision.verified
        facts[decision.facts.says] += 1
        notes.update([decision.facts.note] if decision.facts.note else [])
        if decision.alarm:
            alarms.append(decision)
    return ReplayReport(
        decisions,
        reproduced,
        {word: facts[word] for word in Again if facts[word]},
        tuple(alarms),
        dict(sorted(notes.items())),
        unverified,
    )
