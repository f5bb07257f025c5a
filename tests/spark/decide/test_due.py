"""A night that looks only at what may have changed decides what a whole one would, and looks at little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deriving import NOW, a_full_statement, a_subject
from ordinary import a_leave_out, a_line, day
from pyspark.sql import SparkSession
from spark_world import (
    OPEN,
    PURPOSES,
    assets,
    copied,
    fill,
    keys,
    lines,
    question,
    roster_row,
    subject_row,
    write,
)

from habeas.model.errors import Unavailable
from habeas.model.installation.settings import Settings
from habeas.model.people import Scope
from habeas.oversight.runs.last_run import Last, Mark
from habeas.pipeline.decide.decide import decide
from habeas.pipeline.decide.due_lines import due_since
from habeas.pipeline.decide.table_changes import Seen
from habeas.records.table_rows import leave_out_row, statement_row
from habeas.warehouse import spark_frames as local
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark

MORE = range(10, 25)
"""People of their own, a file each, so that what happens to one shows in nobody else's decisions."""
SOON = NOW + timedelta(hours=1)
NEXT = NOW + timedelta(hours=6)
AGAIN = {"as_of": NEXT, "known_at": NEXT, "run_id": "r2"}
PURPOSE = PURPOSES[0]


def person(number: int) -> str:
    return f"subject-{number}"


def key(number: int, generation: int = 1, **changes: Any) -> dict[str, Any]:
    made = keys()[0] | {
        "key_id": f"{PURPOSE}-{number}-{generation}", "subject_id": person(number), "purpose": PURPOSE,
        "generation": generation,
    }  # fmt: skip
    return made | changes


OPEN_KEYS = OPEN | {f"{PURPOSE}-{n}-{generation}" for n in MORE for generation in (1, 2)}
OPEN_THEN = OPEN_KEYS - {f"{PURPOSE}-23-1"}
"""What the first night found open."""


def said(number: int, status: str = "given", **changes: Any) -> dict[str, Any]:
    ordinary = a_full_statement(
        status,
        PURPOSE,
        day("2026-01-02"),
        day("2026-10-01"),
        subject_id=person(number),
        consent_id=f"{status}-{number}",
    )
    return statement_row(replace(ordinary, **changes))


def asset(number: int, **changes: Any) -> dict[str, Any]:
    return assets()[0] | {"asset_id": f"asset-{number}", "location": f"{number}.jpg"} | changes


def line(number: int, **changes: Any) -> dict[str, Any]:
    ordinary = a_line(line_id=f"line-of-{number}", asset_id=f"asset-{number}", subject_id=person(number))
    return roster_row(replace(ordinary, **changes))


def withdrawn(tables: Tables) -> None:
    write(tables, "consents", [said(10, "withdrawn", given_at=SOON, recorded_at=SOON, expires_at=None)])


def learnt(tables: Tables) -> None:
    """In an update, which writes rows of others anew beside it."""
    tables.upsert(
        "subjects", tables.frame("subjects", [subject_row(a_subject(subject_id=person(11), age="under_14"))])
    )


def got_a_key(tables: Tables) -> None:
    write(tables, "keys", [key(12, 2, created_at=SOON)])


def left_out(tables: Tables) -> None:
    out = a_leave_out(subject_id=person(13), leave_out_id="out-13", since=SOON, recorded_at=SOON)
    write(tables, "leave_outs", [leave_out_row(out)])


def lifted(tables: Tables) -> None:
    """The record of a lift names nobody."""
    lift = a_leave_out(subject_id=None, leave_out_id="lift-14", lifts="out-14", since=SOON, recorded_at=SOON)
    write(tables, "leave_outs", [leave_out_row(lift)])


def listed(tables: Tables) -> None:
    write(tables, "rosters", [line(15, line_id="line-new")])


def moved(tables: Tables) -> None:
    """A file that is gone is still decided on: what was made of it may be stored. But nobody looks into it."""
    tables.upsert("assets", tables.frame("assets", [asset(16, captured_at=day("2020-01-01"))]))


def source_learnt(tables: Tables) -> None:
    """About one source; and another one is registered, of which there is no file."""
    annex = next(row for row in tables.rows("sources") if row["source_id"] == "annex")
    rows = [annex | {"capture_place": "KR"}, annex | {"source_id": "new", "root": "new"}]
    tables.upsert("sources", tables.frame("sources", rows))


def decided_by_others(tables: Tables) -> None:
    """By a run that died: by other rules, and for the lines alone."""
    rows = tables.read("decisions").where("line_id = 'line-of-17'").collect()
    dead = {"effect": "deny", "policy_digest": "dead", "run_id": "dead", "as_of": SOON}
    write(tables, "decisions", [r.asDict() | dead | {"decision_id": f"dead-{n}"} for n, r in enumerate(rows)])


HAPPENED: dict[str, Callable[[Tables], None]] = {
    "line-of-10": withdrawn,
    "line-of-11": learnt,
    "line-of-12": got_a_key,
    "line-of-13": left_out,
    "line-of-14": lifted,
    "line-new": listed,
    "line-of-16": moved,
    "line-of-17": decided_by_others,
    "line-of-24": source_learnt,
}
BY_ITSELF = {"line-of-18", "line-of-19", "line-of-20", "line-of-21", "line-of-23"}
"""Nothing is written about these: a consent ends, a later no begins to count, a key closes, a young key counts, a key
turns out to be open that the first night couldn't know of."""


def died_before_its_scans(tables: Tables, last: Last, packs: Any) -> None:
    """A run that wrote its line decisions and no more. The next finds these lines decided, and not their assets."""
    write(tables, "consents", [said(22, "withdrawn", given_at=SOON, recorded_at=SOON, expires_at=None)])
    before = Seen(tables).marks["decisions"]

    def dying() -> None:
        if Seen(tables).marks["decisions"] != before:
            raise Unavailable("out of power")

    dead = Tables(tables.spark, Settings(home=tables.warehouse.parent), "died", guard=dying)
    at = SOON + timedelta(minutes=5)
    with pytest.raises(Unavailable, match="out of power"):
        decide(dead, packs, question(as_of=at, known_at=at, run_id="died"), OPEN_THEN, last)


def more_people(tables: Tables) -> None:
    soon = SOON + timedelta(minutes=30)
    ends = {18: {"expires_at": soon}, 19: {"status": "refused", "recorded_at": soon}}
    lobby = next(row for row in tables.rows("sources") if row["source_id"] == "lobby")
    write(tables, "sources", [lobby | {"source_id": "annex", "root": "annex"}])
    write(tables, "assets", [asset(n, **{"source_id": "annex"} if n == 24 else {}) for n in MORE])
    write(tables, "rosters", [line(n) for n in MORE])
    write(tables, "consents", [said(n, **ends.get(n, {})) for n in MORE])
    write(tables, "subjects", [subject_row(a_subject(subject_id=person(n))) for n in MORE])
    write(tables, "keys", [key(n) for n in MORE] + [key(21, 2, created_at=soon)])
    out = a_leave_out(subject_id=person(14), leave_out_id="out-14")
    write(tables, "leave_outs", [leave_out_row(out)])


@pytest.fixture(scope="module")
def first(spark: SparkSession, packs: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Last]:
    """Tables after a whole night, and what that night saw."""
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    home = tmp_path_factory.mktemp("first")
    tables = Tables(spark, Settings(home=home), "r1")
    fill(tables)
    more_people(tables)
    _, words = decide(tables, packs, question(), OPEN_THEN)
    marks = {name.removeprefix("saw_"): Mark.parse(word) for name, word in words.items() if "@" in word}
    return home, Last("r1", NOW, NOW, marks)


@pytest.fixture
def world(spark: SparkSession, first: tuple[Path, Last], tmp_path: Path) -> Tables:
    return Tables(spark, Settings(home=copied(first[0], tmp_path)), "r2")


def written_by(tables: Tables, run_id: str) -> list[tuple[Any, ...]]:
    rows = tables.read("decisions").where(f"run_id = '{run_id}'").collect()
    return sorted((tuple(map(str, row)) for row in rows), key=str)


def test_whatever_happened_is_decided_as_a_whole_night_would(
    spark: SparkSession, world: Tables, first: tuple[Path, Last], packs: Any, tmp_path: Path
) -> None:
    died_before_its_scans(world, first[1], packs)
    assert {"line-of-22"} == {
        r["line_id"] for r in world.read("decisions").where("run_id = 'died'").collect()
    }
    for happen in HAPPENED.values():
        happen(world)
    shut = OPEN_KEYS - {f"{PURPOSE}-20-1"}
    whole = Tables(spark, Settings(home=copied(tmp_path, tmp_path / "whole")), "r2")
    counts, words = decide(world, packs, question(**AGAIN), shut, first[1])
    all_counts, all_words = decide(whole, packs, question(**AGAIN), shut)
    assert "r1" == words["since"] and "whole" in all_words
    assert written_by(whole, "r2") == written_by(world, "r2")
    rows = world.read("decisions").where("run_id = 'r2'").collect()
    assert HAPPENED.keys() | BY_ITSELF <= {row["line_id"] for row in rows}, "each of them changed something"
    assert {"asset-10", "asset-16", "asset-22", "asset-24"} <= {
        r["asset_id"] for r in rows if r["action"] == "scan"
    }
    # Nobody else is looked at: one line each, theirs whose run died, and whoever's young key was there before.
    assert len(HAPPENED) + len(BY_ITSELF) + 1 == counts["lines_due"] < all_counts["lines_due"]
    nothing, _ = decide(world, packs, question(**AGAIN | {"run_id": "r2"}), shut, first[1])
    assert not [n for n in nothing if n.startswith(("embed_", "scan_")) and "fact_sets" not in n]


def test_a_night_with_much_to_do_ends_like_a_whole_one(
    world: Tables, first: tuple[Path, Last], packs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where much is due it is kept as a plan and all of it found, and fact sets are stored in parts: none twice."""
    monkeypatch.setattr(local, "FEW", 2)
    monkeypatch.setattr("habeas.pipeline.decide.decide.FEW", 3)
    withdrawn(world)
    got_a_key(world)
    learnt(world)
    counts, _ = decide(world, packs, question(**AGAIN), OPEN_THEN, first[1])
    assert counts["lines_due"] > 2
    assert counts["embed_fact_sets"] > 3
    stored = [row["facts_digest"] for row in world.rows("fact_sets")]
    assert len(stored) == len(set(stored))
    assert {row["facts_digest"] for row in world.rows("decisions")} <= set(stored)
    again, _ = decide(world, packs, question(**AGAIN), OPEN_THEN, "every line was asked for")
    assert again["lines_due"] > counts["lines_due"]
    assert not [n for n in again if n.startswith(("embed_", "scan_")) and "fact_sets" not in n]


def test_a_quiet_night_looks_at_nothing_and_writes_nothing(
    world: Tables, first: tuple[Path, Last], packs: Any
) -> None:
    before = Seen(world).marks
    soon = {"as_of": NOW + timedelta(minutes=1), "known_at": NOW + timedelta(minutes=1), "run_id": "quiet"}
    counts, words = decide(world, packs, question(**soon), OPEN_THEN, first[1])
    assert ("r1", 0) == (words["since"], counts["lines_due"])
    assert before == Seen(world).marks


@pytest.mark.parametrize("table", ["occasions", "leave_outs"])
def test_what_is_about_more_than_some_people_or_files_makes_every_line_due(
    world: Tables, first: tuple[Path, Last], table: str
) -> None:
    row = {
        "occasions": {"source_id": "studio", "folder_id": "top", "kind": "event", "name": "gala", "recorded_at": SOON},
        "leave_outs": leave_out_row(a_leave_out(subject_id=None, leave_out_id="x", scope=Scope(events=("gala",)))),
    }[table]  # fmt: skip
    write(world, table, [row])
    due = due_since(world, Seen(world), first[1], question(**AGAIN), OPEN_KEYS)
    assert isinstance(due, str) and due


def test_a_table_that_was_restored_or_cleaned_up_makes_every_line_due(
    world: Tables, first: tuple[Path, Last]
) -> None:
    """Its commits are numbered as before, and hold something else."""
    last = first[1]
    restored = replace(last, marks=dict(last.marks) | {"consents": Mark(0, last.marks["keys"].files)})
    write(world, "consents", [said(10, "withdrawn", given_at=SOON, recorded_at=SOON, expires_at=None)])
    assert "consents is another table than it was" == Seen(world).since(restored)
    ahead = replace(last, marks=dict(last.marks) | {"consents": Mark(99, last.marks["consents"].files)})
    assert "what consents was then is gone" == Seen(world).since(ahead)
    learnt(world)
    for file in (world.warehouse / "subjects").glob("*.parquet"):
        if file.name not in Seen(world)._files["subjects"][1]:
            file.unlink()
    assert "old files of subjects are gone" == Seen(world).since(last)


def test_rows_that_an_update_wrote_anew_did_not_change(world: Tables, first: tuple[Path, Last]) -> None:
    learnt(world)
    since = Seen(world).since(first[1])
    assert not isinstance(since, str)
    assert {person(11)} == {row["subject_id"] for row in since.rows("subjects").collect()}
    assert asdict(a_subject())["age"] != "under_14" and len(lines()) > 1
