"""Deciding in bulk: every line gets the facts its own words give, and only what changed is decided again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deriving import NOW, embed, scan
from ordinary import a_leave_out, day
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from spark_world import (
    LEFT_OUT,
    OPEN,
    PERSON_OUT,
    PURPOSES,
    SOURCES,
    assets,
    copied,
    keys,
    lines,
    question,
    statements,
    subjects,
    write,
)

from habeas.model.errors import Halted
from habeas.model.installation.settings import Settings
from habeas.model.jurisdictions import LAWS
from habeas.model.people import Place
from habeas.pipeline.current.current_decisions import current
from habeas.pipeline.decide import decide as decide_module
from habeas.pipeline.decide.decide import decide
from habeas.pipeline.decide.derive_facts import derived_lines, derived_scans, sets_of, with_stored
from habeas.policy.facts.schema import canonical, parse
from habeas.records.table_rows import leave_out_row
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def decided(
    spark: SparkSession, written: Path, packs: Any, tmp_path_factory: pytest.TempPathFactory
) -> Tables:
    """The same, decided once."""
    home = copied(written, tmp_path_factory.mktemp("decided"))
    tables = Tables(spark, Settings(home=home), "r1")
    decide(tables, packs, question(), OPEN)
    return tables


@pytest.fixture
def world(spark: SparkSession, written: Path, tmp_path: Path) -> Tables:
    """A copy to change."""
    return Tables(spark, Settings(home=copied(written, tmp_path)), "r1")


def said_plainly(as_of: Any = NOW) -> dict[tuple[str, str], str]:
    """(line, purpose) -> facts, derived one by one from the same values."""
    by_asset = {row["asset_id"]: row for row in assets()}
    people = {each.subject_id: each for each in subjects()}
    sources = {each.source_id: each for each in SOURCES}
    found = {}
    for line in lines():
        asset = by_asset[line.asset_id]
        for purpose in PURPOSES:
            key = f"{purpose}-{str(line.subject_id)[-1]}-1"
            derived = embed(
                source=sources[asset["source_id"]], line=line, purpose=purpose, subject=people.get(line.subject_id),
                statements=statements(), key_open=key in OPEN, place=place(asset), as_of=as_of,
                catalogued_at=asset["catalogued_at"], leave_outs=LEFT_OUT,
            )  # fmt: skip
            found[line.line_id, purpose] = canonical(derived.facts), derived.valid_until
    return found


def told(derived: DataFrame, where: str = "true") -> list[Any]:
    """Each row with the text of its facts, which most bring by its digest alone."""
    rows = derived.drop("facts", "action").where(where)
    return rows.join(sets_of(derived), "facts_digest").collect()


def place(asset: dict[str, Any]) -> Place:
    events = ("gala",) if "gala-folder" in asset["folders"] else ()
    return Place(
        asset["source_id"], asset["asset_id"], tuple(asset["folders"]), (), events, (), asset["captured_at"]
    )


def test_every_line_gets_the_facts_of_its_own_words(world: Tables) -> None:
    rows = told(derived_lines(world, question(), OPEN))
    found = {(r["line_id"], r["purpose"]): (r["facts"], r["valid_until"]) for r in rows}
    expected = said_plainly()
    assert set(expected) == set(found) and len(rows) == len(found)
    differ = {key for key in expected if json.loads(expected[key][0]) != json.loads(found[key][0])}
    assert set() == differ
    assert {until.timestamp() for _, until in expected.values() if until} == {
        until.timestamp() for _, until in found.values() if until
    }
    kinds = {parse(facts)["left_out"] for facts, _ in found.values()}
    assert {True, False} == kinds


def test_leaving_out_a_person_or_an_event_leaves_nothing_allowed(decided: Tables) -> None:
    rows = current(decided.read("decisions")).where("action = 'embed'").collect()
    out = [r for r in rows if r["line_id"].endswith("-4") or r["asset_id"] == "asset-6"]
    assert out and {"deny"} == {r["effect"] for r in out}
    assert all("house/HOUSE-17" in r["rules"] for r in out)
    lifted = [r for r in rows if r["line_id"].endswith("-5") and r["asset_id"] != "asset-6"]
    assert lifted and all("house/HOUSE-17" not in r["rules"] for r in lifted)


def test_a_scan_is_under_the_laws_of_those_it_lists(decided: Tables) -> None:
    """And what is decided about an asset is what its newest line decisions say."""
    rows = current(decided.read("decisions")).toArrow().to_pylist()
    facts = {r["facts_digest"]: parse(r["facts"]) for r in decided.read("fact_sets").collect()}
    for asset in (row for row in assets() if row["present"]):
        for purpose in PURPOSES:
            mine = [r for r in rows if (r["asset_id"], r["purpose"]) == (asset["asset_id"], purpose)]
            embeds = [r for r in mine if r["action"] == "embed"]
            until = [r["valid_until"] for r in embeds if r["valid_until"]]
            plain = scan(
                source=next(s for s in SOURCES if s.source_id == asset["source_id"]), purpose=purpose, as_of=NOW,
                place=place(asset), catalogued_at=asset["catalogued_at"], leave_outs=LEFT_OUT,
                line_allowed=any(r["effect"] == "allow" for r in embeds) if embeds else None,
                line_laws={law for law in LAWS for r in embeds if facts[r["facts_digest"]][law]} if embeds else None,
                lines_valid_until=min(until, default=None),
            )  # fmt: skip
            one = next(r for r in mine if r["action"] == "scan")
            assert plain.facts == facts[one["facts_digest"]]


@pytest.mark.parametrize("text", ["{", "{}"], ids=["unreadable", "says nothing"])
def test_lines_whose_facts_tell_no_law_may_be_under_any(decided: Tables, text: str) -> None:
    stored = decided.read("fact_sets")

    def scans(fact_sets: DataFrame) -> set[tuple[str, str, str]]:
        found = derived_scans(decided, question(), fact_sets=fact_sets)
        return {
            (row["asset_id"], row["purpose"], row["facts_digest"])
            for row in found.select("asset_id", "purpose", "facts_digest").collect()
        }

    spoilt = scans(stored.withColumn("facts", F.lit(text)))
    assert scans(stored.limit(0)) == spoilt != scans(stored)


def test_decisions_hold_what_they_oblige_to_and_how_a_regulator_reads_them(
    decided: Tables, packs: Any
) -> None:
    rows = current(decided.read("decisions")).where("action = 'embed'").collect()
    allowed = [r for r in rows if r["effect"] == "allow"]
    assert allowed and all(r["obligations"] == sorted(r["obligations"]) for r in rows)
    if len(packs) > 1:
        assert {"allow", "deny"} <= {r["regulator_effect"] for r in rows}
        assert not [name for r in rows for name in r["regulator_rules"] if name.startswith("house/")]


@pytest.mark.battery
def test_only_what_changed_is_decided_again(
    spark: SparkSession, decided: Tables, packs: Any, tmp_path: Path
) -> None:
    world = Tables(spark, Settings(home=copied(decided.warehouse.parent, tmp_path)), "r2")

    def again(run: str, **changes: Any) -> int:
        counts, _ = decide(world, packs, question(run_id=run, **changes), OPEN)
        return sum(
            n for name, n in counts.items() if name.startswith(("embed_", "scan_")) and "fact" not in name
        )

    soon = NOW + timedelta(hours=1)
    # A fact changed: one more person is left out, of whom only their own lines and files are decided again.
    more = a_leave_out(subject_id="subject-0", leave_out_id="out-0", since=soon, recorded_at=soon)
    write(world, "leave_outs", [leave_out_row(more)])
    later = NOW + timedelta(hours=2)
    changed = again("r3", as_of=later, known_at=later)
    theirs = [r for r in world.read("decisions").where("run_id = 'r3'").collect() if r["action"] == "embed"]
    assert changed > 0 and {"0"} == {r["line_id"][-1] for r in theirs}
    # valid_until passed: every consent has ended.
    assert again("r4", as_of=day("2026-10-02"), known_at=day("2026-10-02")) > changed
    # The rules changed: everything is decided again.
    rows = current(world.read("decisions")).count()
    assert rows == again("r5", as_of=day("2026-10-03"), known_at=day("2026-10-03"), policy="q")


def test_what_was_recorded_later_is_not_heard(world: Tables) -> None:
    late = replace(
        PERSON_OUT, leave_out_id="late", subject_id="subject-1", recorded_at=NOW + timedelta(days=1)
    )
    write(world, "leave_outs", [leave_out_row(late)])
    new = keys()[2] | {"key_id": "new", "generation": 2, "created_at": NOW + timedelta(days=1)}
    assert ("subject-1", "access_verification") == (new["subject_id"], new["purpose"])
    write(world, "keys", [new])
    lines_of_1 = "line_id LIKE 'line-%-1' AND purpose = 'access_verification'"
    rows = told(derived_lines(world, question(), OPEN | {"new"}), lines_of_1)
    assert {False} == {parse(r["facts"])["left_out"] for r in rows if r["asset_id"] != "asset-6"}
    assert {"access_verification-1-1"} == {r["key_id"] for r in rows}, "nor is a key that answers to it used"
    heard = question(as_of=NOW + timedelta(days=2), known_at=NOW + timedelta(days=2))
    rows = told(derived_lines(world, heard, OPEN | {"new"}), lines_of_1)
    assert {True} == {parse(r["facts"])["left_out"] for r in rows}
    assert {"new"} == {r["key_id"] for r in rows}


def test_what_is_stored_for_a_purpose_nobody_wants_any_more_is_decided_on(world: Tables, packs: Any) -> None:
    """Else a withdrawal or a new rule would never reach it. The same goes for files that are gone: see above."""
    row = {
        "row_id": "r", "asset_id": "asset-0", "line_id": "line-0-1", "subject_id": "subject-1", "source_id": "studio",
        "purpose": "archive_search", "key_id": "k", "suite": 2, "format_version": 1, "model_id": "m",
        "preprocessing": "x", "transform": "none", "decision_id": "d", "frame_ms": 0, "rank": 0, "q_size_px": 90.0,
        "q_sharpness": 50.0, "q_exposure": 0.5, "q_frontality": 0.9, "q_norm_ok": True, "sealed": b"s" * 99,
        "work_digest": "w", "run_id": "r0", "sealed_at": NOW,
    }  # fmt: skip
    wanted = question(wanted=("access_verification",))
    assert ("access_verification",) == with_stored(world, wanted).wanted
    write(world, "embeddings", [row])
    assert PURPOSES == with_stored(world, wanted).wanted
    counts, _ = decide(world, packs, wanted, OPEN)
    assert set(PURPOSES) == {r["purpose"] for r in world.read("decisions").collect()}
    assert counts["embed_fact_sets"] > 0


def test_a_halt_is_heard_between_two_answers_of_the_rules(
    world: Tables, packs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking the packs takes a minute for millions of lines, and no Spark job runs meanwhile that could be stopped."""
    asked: list[str] = []
    verdict = decide_module._verdict

    def noted(decider: Any, action: str, text: str, digest: str) -> Any:
        asked.append(digest)
        return verdict(decider, action, text, digest)

    def halted() -> None:
        if len(asked) == 2:
            raise Halted("stop")

    monkeypatch.setattr(decide_module, "_verdict", noted)
    tables = Tables(world.spark, Settings(home=world.warehouse.parent), "r1", guard=halted)
    with pytest.raises(Halted):
        decide(tables, packs, question(), OPEN)
    assert 2 == len(asked)
    assert tables.read("decisions").isEmpty()
