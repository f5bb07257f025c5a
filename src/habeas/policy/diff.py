"""Who would be affected by other rules, counted: what the new set refuses, allows or keeps for another time.

The counting happens where the tables are; what arrives here are groups: things of one source and purpose that
both sets decide alike. There are few of them, however large the archive is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What becomes of a thing under the new set; the first that holds."""

    NEWLY_REFUSED = "newly_refused"
    NEWLY_ALLOWED = "newly_allowed"
    RETENTION = "changed_retention"  # allowed by both, kept for another number of days
    DUTIES = "changed_duties"  # allowed by both, with other obligations
    REASONS = "other_reasons"  # refused by both, by other rules
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one set says; the words are those of the table `decisions`."""

    effect: str
    rules: tuple[str, ...]
    missing: tuple[str, ...] = ()
    retention_days: int | None = None
    obligations: tuple[str, ...] = ()

    @property
    def allows(self) -> bool:
        """True if the effect is `allow`."""
        return self.effect == "allow"


@dataclass(frozen=True, slots=True)
class Group:
    """How many things of one source and purpose are decided so by both sets, and how many rows hang on them.

    `open_rows`: templates that are open now; `closed_rows`: those that an earlier decision closed.
    """

    action: str
    purpose: str
    source_id: str
    before: Outcome
    after: Outcome
    things: int
    open_rows: int = 0
    closed_rows: int = 0

    @property
    def kind(self) -> Kind:
        """Kind of change between the two outcomes."""
        return kind_of(self.before, self.after)

    @property
    def telling(self) -> tuple[str, ...]:
        """The rules that make the difference: what refuses now and didn't, or refused and no longer does."""
        before, after = _against(self.before), _against(self.after)
        match self.kind:
            case Kind.NEWLY_REFUSED:
                return tuple(sorted(after))
            case Kind.NEWLY_ALLOWED:
                return tuple(sorted(before))
            case Kind.REASONS:
                return tuple(sorted(before ^ after))
            case Kind.RETENTION | Kind.DUTIES:
                return tuple(sorted(set(self.before.rules) ^ set(self.after.rules)))
        return ()


def kind_of(before: Outcome, after: Outcome) -> Kind:
    """Which of the kinds a change is; a gap counts as a refusal."""
    if before.allows and not after.allows:
        return Kind.NEWLY_REFUSED
    if after.allows and not before.allows:
        return Kind.NEWLY_ALLOWED
    if after.allows:
        if before.retention_days != after.retention_days:
            return Kind.RETENTION
        return Kind.DUTIES if before.obligations != after.obligations else Kind.SAME
    return Kind.SAME if (before.effect, before.rules) == (after.effect, after.rules) else Kind.REASONS


@dataclass(frozen=True, slots=True)
class Difference:
    """What `habeas policy diff` shows. `people`: kind -> people whose listed lines change so."""

    old: str
    new: str
    groups: tuple[Group, ...]
    people: Mapping[str, int]

    def count(self, kind: Kind, action: str | None = None) -> int:
        """Number of decisions with this kind of change, of one action or of all."""
        return sum(group.things for group in self._of(kind, action))

    @property
    def rows_closed(self) -> int:
        """Open templates that the new set would close."""
        return sum(group.open_rows for group in self._of(Kind.NEWLY_REFUSED, "embed"))

    @property
    def rows_opened(self) -> int:
        """Templates an earlier decision closed that the new set would open again."""
        return sum(group.closed_rows for group in self._of(Kind.NEWLY_ALLOWED, "embed"))

    def by_rule(self, kind: Kind) -> dict[str, int]:
        """Rule -> things of this kind it makes the difference for; a thing counts under each of its rules."""
        return _counted(self._of(kind), lambda group: group.telling)

    def by_source(self, kind: Kind) -> dict[str, int]:
        """Number of decisions with this kind of change, by source."""
        return _counted(self._of(kind), lambda group: (group.source_id,))

    def by_purpose(self, kind: Kind) -> dict[str, int]:
        """Number of decisions with this kind of change, by purpose."""
        return _counted(self._of(kind), lambda group: (group.purpose,))

    def retentions(self) -> dict[tuple[int | None, int | None], int]:
        """(days before, days after) -> listed lines or files whose retention changes so."""
        counts: Counter[tuple[int | None, int | None]] = Counter()
        for group in self._of(Kind.RETENTION):
            counts[group.before.retention_days, group.after.retention_days] += group.things
        return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))

    def _of(self, kind: Kind, action: str | None = None) -> list[Group]:
        return [g for g in self.groups if g.kind is kind and action in (None, g.action)]

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints: counts, words of rules and sources; no id of a person or a file."""
        summary: dict[str, Any] = {"old": self.old, "new": self.new, "decided": _decided(self.groups)}
        for kind in Kind:
            summary[kind] = {
                "lines": self.count(kind, "embed"),
                "files": self.count(kind, "scan"),
                "people": self.people.get(kind, 0),
            }
            if kind is not Kind.SAME:
                summary[kind] |= {
                    "by_rule": self.by_rule(kind),
                    "by_source": self.by_source(kind),
                    "by_purpose": self.by_purpose(kind),
                }
        summary["rows"] = {"closed": self.rows_closed, "opened_again": self.rows_opened}
        summary["retention"] = [
            {"before": before, "after": after, "things": things}
            for (before, after), things in self.retentions().items()
        ]
        summary["groups"] = [
            asdict(group) | {"kind": group.kind} for group in self.groups if group.kind is not Kind.SAME
        ]
        return summary


def _decided(groups: Sequence[Group]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[{"embed": "lines", "scan": "files"}.get(group.action, group.action)] += group.things
    return dict(sorted(counts.items()))


def _against(outcome: Outcome) -> set[str]:
    """The rules that refused: none where it was allowed, however many permits and waivers were named."""
    if outcome.allows:
        return set()
    return {rule for rule in outcome.rules if not rule.startswith("waived:")}


def _counted(groups: Iterable[Group], names: Callable[[Group], Iterable[str]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for group in groups:
        for name in names(group):
            counts[name] += group.things
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
