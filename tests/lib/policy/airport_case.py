"""The airport case decided in memory: the drawn lists, the real imports, facts and rules. No picture, no engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from derived_facts import embed_facts, scan_facts

from habeas.model.decision import Action, Facts, Verdict
from habeas.model.installation.resources import PROJECT
from habeas.model.jurisdictions import LAWS
from habeas.model.people import ConsentStatus, Place, RosterLine
from habeas.policy.derivation.source_terms import SourceTerms, terms_of
from habeas.policy.policy_set import PolicySet, policy_set_of, read_files
from habeas.policy.rules.decide import Decider
from habeas.records.imports.pipeline import import_consents, import_rosters, import_sources
from habeas.synthetic.archives.airport import write_lists
from habeas.synthetic.archives.airport_lists import TRAINING, activities, purposes
from habeas.synthetic.archives.airport_plan import AirportPlan, Size, plan_airport

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PACKS = ("house", "kr-pipa", "eu-gdpr", "eu-ai-act", "us-il-bipa", "us-tx-cubi", "us-wa")
MODEL = frozenset({"a" * 64})


@dataclass(frozen=True)
class Asked:
    """One request: a listed person in a file, for a purpose; and what became of it."""

    badge: str
    source: str
    file: str
    purpose: str
    verdict: Verdict

    @property
    def rules(self) -> set[str]:
        return {rule.rule_id for rule in self.verdict.rules}

    @property
    def read_by_regulator(self) -> set[str]:
        return {rule.rule_id for rule in self.verdict.regulator.rules}


@dataclass(frozen=True)
class Case:
    """Every request, and for each file and purpose whether faces may be looked for."""

    plan: AirportPlan
    asked: tuple[Asked, ...]
    scans: Mapping[tuple[str, str], Verdict]

    def of(self, said: str, purpose: str | None = None) -> list[Asked]:
        badges = {person.badge for person in self.plan.people if person.answer == said}
        return [a for a in self.asked if a.badge in badges and purpose in (None, a.purpose)]


def rules(published: bool = False) -> PolicySet:
    """The shipped packs with the lists of the drawn ministry. `published`: it had told people of vendors A and B."""
    files = read_files(PROJECT / "policies", PACKS)
    files["purposes.yaml"] = purposes(files["purposes.yaml"].decode()).encode()
    recorded = activities(NOW)
    if published:
        recorded = recorded.replace("disclosed_on: never", "disclosed_on: 2026-01-01")
    files["activities.yaml"] = recorded.encode()
    return policy_set_of(files, PACKS)


def decided(
    folder: Path, wanted: Sequence[str] = TRAINING, size: Size | None = None, policy: PolicySet | None = None
) -> Case:
    """Write the lists into `folder`, read them in, decide everything."""
    plan, policy = plan_airport(size or Size(), 1, NOW), policy or rules()
    write_lists(plan, folder, NOW)
    lists, decider = _Read(folder, policy), Decider(policy.packs)
    badges = {_digest(person.badge): person.badge for person in plan.people}
    asked: list[Asked] = []
    scans: dict[tuple[str, str], Verdict] = {}
    for shot, purpose in product(plan.shots, wanted):
        place = Place(shot.source_id, _asset(shot.source_id, shot.file), captured_at=shot.captured_at)
        terms = terms_of(lists.sources[shot.source_id], purpose, policy.lists, NOW, model=MODEL)
        lines = [line for line in lists.lines if line.asset_id == place.asset_id]
        found = [lists.facts(terms, line, place) for line in lines]
        told = [decider.decide(Action.EMBED, facts) for facts in found]
        asked += [
            Asked(badges[str(line.subject_id)], shot.source_id, shot.file, purpose, verdict)
            for line, verdict in zip(lines, told, strict=True)
        ]
        scans[shot.file, purpose] = decider.decide(Action.SCAN, _scan(terms, place, told, found))
    return Case(plan, tuple(asked), scans)


class _Read:
    """The three lists as the imports read them: nothing is set aside."""

    def __init__(self, folder: Path, policy: PolicySet) -> None:
        purposes = policy.purposes
        sources = import_sources(folder / "sources.csv", purposes=purposes, recorded_at=NOW)
        consents = import_consents(
            folder / "consents.csv", purposes=purposes, recorded_at=NOW, subject_of=_digest
        )
        rosters = import_rosters(folder / "rosters.csv", recorded_at=NOW, subject_of=_digest, asset_of=_asset)
        assert ((), (), ()) == (sources.set_aside, consents.set_aside, rosters.set_aside)
        self.sources = {source.source_id: source for source in sources.records}
        self.lines, self._said = rosters.records, consents.records
        self._who = {subject.subject_id: subject for subject in consents.subjects}
        self._keys: dict[tuple[str, str], bool] = {}
        for each in self._said:  # a no closes the key, whatever was said before
            pair, given = (each.subject_id, each.purpose), each.status is ConsentStatus.GIVEN
            self._keys[pair] = given and self._keys.get(pair, True)

    def facts(self, terms: SourceTerms, line: RosterLine, place: Place) -> Facts:
        who = str(line.subject_id)
        return embed_facts(
            terms, line=line, subject=self._who.get(who), statements=self._said,
            key_open=self._keys.get((who, terms.purpose)), place=place, catalogued_at=NOW,
        ).facts  # fmt: skip


def _scan(terms: SourceTerms, place: Place, told: Sequence[Verdict], found: Sequence[Facts]) -> Facts:
    laws = {law for facts in found for law in LAWS if facts[law]}
    allowed = any(verdict.effect == "allow" for verdict in told)
    return scan_facts(
        terms, place=place, catalogued_at=NOW, line_allowed=allowed if told else None,
        line_laws=laws if told else None, lines_valid_until=None,
    ).facts  # fmt: skip


def _asset(source: str, file: str) -> str:
    return _digest(f"{source}/{file}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
