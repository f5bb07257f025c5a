"""Rules as people read them: what each says, where it comes from, since when it holds, and who waived it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from habeas.policy.lists.waivers import Waiver
from habeas.policy.policy_set import PolicySet

_WAIVED = "waived:"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule. `source` is a public page about what it cites; `curable` = consent can mend what it speaks about."""

    sentence: str
    citation: str = ""
    fact: str = ""
    source: str = ""
    effective_from: date | None = None
    curable: bool = True


def _none(_: str) -> Rulebook | None:
    return None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One set of rules by name (pack/id), with its waivers. `older`: digest -> another set, where it is kept."""

    digest: str = ""
    rules: Mapping[str, RuleText] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    older: Callable[[str], Rulebook | None] = _none

    @classmethod
    def of(cls, policies: PolicySet, older: Callable[[str], Rulebook | None] = _none) -> Rulebook:
        """Rulebook of a policy set. `older`: digest -> the rulebook of an earlier set."""
        rules = {
            each.rule.name: RuleText(
                each.rule.sentence, each.rule.citation, each.rule.fact, each.source, each.effective_from,
                each.rule.curable,
            )
            for pack in policies.packs for each in pack.rules
        }  # fmt: skip
        return cls(policies.digest, rules, policies.waivers, older)

    def at(self, digest: str) -> Rulebook:
        """The rules with this digest; where they are not kept, those there are now."""
        if digest in ("", self.digest):
            return self
        return self.older(digest) or self

    def rule(self, name: str) -> RuleText:
        """What a rule says; of one that isn't here any more, its name."""
        return self.rules.get(name.removeprefix(_WAIVED)) or RuleText(sentence=name)

    def sentence(self, name: str) -> str:
        """Sentence of a rule, for readers who are no lawyers."""
        return self.rule(name).sentence

    def fact(self, name: str) -> str:
        """The fact a rule is about; its name if the fact is unknown."""
        return self.rule(name).fact or name

    def waiver(self, name: str, source: str | None, purpose: str, on: date) -> Waiver | None:
        """The waiver of a rule that was in force on a day for this source and purpose; the one that ends last."""
        house = name.removeprefix(_WAIVED).partition("/")[2].removesuffix("-gap")
        fitting = [
            each
            for each in self.waivers
            if each.rule == house and each.fits(source, purpose) and each.state(on) == "in force"
        ]
        return max(fitting, key=lambda each: each.ends_on, default=None)


def is_waived(name: str) -> bool:
    """Whether a recorded rule fired and was set aside."""
    return name.startswith(_WAIVED)
