"""Under the laws of all packs the drawn archive allows exactly those who said yes: nobody is refused by accident."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from derived_facts import embed_facts, scan_facts
from ordinary import a_line

from habeas.model.decision import Action, Effect, Verdict
from habeas.model.people import Place
from habeas.policy.derivation.source_terms import terms_of
from habeas.policy.lists.activities import activities_of
from habeas.policy.lists.purposes import load_purposes
from habeas.policy.policy_set import Lists
from habeas.policy.rules.decide import Decider
from habeas.policy.rules.packs import load_packs, pack_names
from habeas.records.imports.pipeline import import_consents, import_leave_outs, import_sources
from habeas.synthetic.archives.activities import activities
from habeas.synthetic.archives.archive_people import (
    ACCESS,
    CONSENT_COLUMNS,
    COUNCIL,
    LEAVE_OUT_COLUMNS,
    PRESS,
    PRESS_DAY,
    SEARCH,
    STUDIO,
    leave_outs,
    statements,
)
from habeas.synthetic.archives.archive_plan import SOURCES, STREET, Size, plan_archive

POLICIES = Path(__file__).resolve().parents[3] / "policies"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PURPOSES = load_purposes(POLICIES / "purposes.yaml")
PLAN = plan_archive(Size(), 1, NOW)

Decided = dict[tuple[str, str, str], Verdict]


def _table(columns: tuple[str, ...], rows: object) -> io.BytesIO:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)  # type: ignore[arg-type]
    return io.BytesIO(text.getvalue().encode())


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(load_packs(POLICIES, pack_names(POLICIES)))


@pytest.fixture(scope="module")
def decided(decider: Decider) -> Decided:
    """(person, source or folder, purpose) -> what is decided about a picture of them there, taken a year ago."""
    imported = import_sources(_table(tuple(SOURCES[0]), SOURCES), purposes=PURPOSES, recorded_at=NOW)
    sources = {source.source_id: source for source in imported.records}
    assert set(sources) == {STUDIO, COUNCIL, STREET}
    common: dict[str, Any] = {
        "purposes": PURPOSES,
        "recorded_at": NOW,
        "subject_of": lambda real_id: f"subject {real_id}",
    }
    said = import_consents(_table(CONSENT_COLUMNS, statements(PLAN.people, NOW)), **common)
    out = import_leave_outs(_table(LEAVE_OUT_COLUMNS, leave_outs(PLAN.people, NOW, None)), **common)
    assert () == imported.set_aside == said.set_aside == out.set_aside
    people = {subject.subject_id: subject for subject in said.subjects}
    record = activities_of(activities((SEARCH, ACCESS)).encode(), "activities.yaml", PURPOSES)
    found = {}
    taken = datetime(2025, 11, 24, tzinfo=UTC)
    places = {each: Place(each, "a", captured_at=taken) for each in sources}
    places[f"{COUNCIL}/{PRESS}"] = Place(COUNCIL, "b", events=(PRESS_DAY,), captured_at=taken)
    for name, place in places.items():
        for purpose in (SEARCH, ACCESS):
            lists = Lists(dict(PURPOSES), record)
            terms = terms_of(sources[place.source_id], purpose, lists, NOW, model=frozenset())
            for person in PLAN.people:
                subject = f"subject {person.badge}"
                derived = embed_facts(
                    terms, line=a_line(subject_id=subject), subject=people.get(subject), statements=said.records,
                    key_open=subject in people or None, catalogued_at=NOW, place=place, leave_outs=out.records,
                )  # fmt: skip
                found[person.badge, name, purpose] = decider.decide(Action.EMBED, derived.facts)
    return found


def test_who_said_yes_is_allowed_and_nobody_else(decided: Decided) -> None:
    people = {person.badge: person for person in PLAN.people}

    def allowed(badge: str, where: str) -> tuple[str, ...]:
        source, _, folder = where.partition("/")
        return people[badge].allows(source, f"{folder}/x.jpg" if folder else "")

    wrong = {
        key: (verdict.effect, [rule.name for rule in verdict.rules])
        for key, verdict in decided.items()
        if key[1] != STREET and (verdict.effect is Effect.ALLOW) is not (key[2] in allowed(key[0], key[1]))
    }
    assert {} == wrong


def rules_against(decided: Decided, standing: str, where: str, purpose: str = SEARCH) -> set[str]:
    person = next(person for person in PLAN.people if person.standing == standing)
    return {rule.name for rule in decided[person.badge, where, purpose].rules}


def test_each_way_to_say_it_is_told_apart(decided: Decided) -> None:
    assert "kr-pipa/KR-23-1" in rules_against(decided, "bundled", STUDIO)
    assert "house/HOUSE-12" in rules_against(decided, "one_event", COUNCIL)
    assert "house/HOUSE-17" in rules_against(decided, "left_out", STUDIO)
    assert "house/HOUSE-17" in rules_against(decided, "objected", STUDIO, ACCESS)
    assert any(name.startswith("kr-pipa/KR-22") for name in rules_against(decided, "child", STUDIO))


def test_street_cameras_give_nobody_a_template(decided: Decided) -> None:
    assert {Effect.DENY} == {verdict.effect for key, verdict in decided.items() if key[1] == STREET}


def test_a_purpose_nobody_filmed_for_stays_closed(decided: Decided) -> None:
    """The council filmed for its archive: consent to portraits at the door opens none of it."""
    asked = [verdict for key, verdict in decided.items() if key[1:] == (COUNCIL, ACCESS)]
    assert all("house/HOUSE-2" in {rule.name for rule in verdict.rules} for verdict in asked)


def test_each_way_to_be_refused_occurs(decided: Decided) -> None:
    fired = {rule.name for verdict in decided.values() for rule in verdict.rules}
    assert {"house/HOUSE-10", "house/HOUSE-10-gap", "house/HOUSE-12", "kr-pipa/KR-23-1"} <= fired


def test_a_file_with_listed_people_may_be_looked_into(decider: Decider) -> None:
    record = activities_of(activities((SEARCH, ACCESS)).encode(), "activities.yaml", PURPOSES)
    source = import_sources(_table(tuple(SOURCES[0]), SOURCES), purposes=PURPOSES, recorded_at=NOW).records[0]
    terms = terms_of(source, SEARCH, Lists(dict(PURPOSES), record), NOW, model=frozenset())

    def looked(listed: bool | None, laws: set[str] | None) -> Effect:
        derived = scan_facts(
            terms, place=Place(source.source_id, "a"), catalogued_at=NOW, line_allowed=listed, line_laws=laws,
            lines_valid_until=None,
        )  # fmt: skip
        return decider.decide(Action.SCAN, derived.facts).effect

    assert Effect.ALLOW is looked(listed=True, laws={"law_kr"})
    assert Effect.DENY is looked(listed=False, laws={"law_kr"})
    assert Effect.GAP is looked(listed=None, laws=None)
