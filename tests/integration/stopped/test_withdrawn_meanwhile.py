"""Somebody withdraws at every step of a night, while it runs: no row of theirs is open when it is over.

One night for all of them: at each step another person withdraws, and at some of them one more is left out by their
family. The embed step runs as a process of its own, with a worker between two files.
"""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from installations import AS_DRAWN, Installed, import_lists, install

from habeas.erasure.queue import waiting
from habeas.pipeline.record.imports import add_consents, add_leave_outs
from habeas.synthetic.archives.archive_people import (
    CONSENT_COLUMNS,
    LEAVE_OUT_COLUMNS,
    SEARCH,
    STUDIO,
    residents,
    statements,
)
from habeas.synthetic.archives.archive_plan import COUNCIL, ROSTER_COLUMNS, Size
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.spark_tables import Tables

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]
SEED = 21
POINTS = (
    "before_the_night", "before_decide", "while_deciding", "before_embed", "while_embedding", "before_check",
    "before_publish", "while_storing", "while_opening", "after_opening", "after_the_night",
)  # fmt: skip
LEFT_OUT_AT = ("while_deciding", "while_embedding", "while_opening")
MOVED_AT = ("before_decide", "before_embed")
WITHDREW = {f"withdrew_{point}" for point in POINTS}
LEFT_OUT = {f"left_out_{point}" for point in LEFT_OUT_AT}
MOVED = {f"moved_{point}" for point in MOVED_AT}
"""Withdrew, and allowed footage of another source instead."""
STAYED = {"stayed_1", "stayed_2"}
PARTS = sorted(WITHDREW | LEFT_OUT | MOVED | STAYED)
AT_WRITE = {"while_deciding": "decisions", "while_storing": "embeddings", "while_opening": "row_status",
            "after_opening": "work"}  # fmt: skip
"""The table whose write begins at that point."""


@dataclass
class Night:
    """An installation, who plays which part in it, and what of a person is stored."""

    installed: Installed
    parts: dict[str, str]  # part -> real id
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @cached_property
    def subject(self) -> dict[str, str]:
        return {part: self.installed.place.subject_of(real_id) for part, real_id in self.parts.items()}

    def of(self, table: str, part: str) -> list[dict[str, Any]]:
        return [row for row in self.installed.rows(table) if row["subject_id"] == self.subject[part]]

    def open_rows(self, part: str) -> set[str]:
        newest = newest_statuses(self.installed.rows("row_status"))
        rows = {row["row_id"] for row in self.of("embeddings", part)}
        return {row for row in rows if row in newest and newest[row]["status"] == "open"}

    def rules(self, part: str) -> set[str]:
        """The rules of the newest decisions about a person, for what they spoke of; empty when one of them allows."""
        lines = {row["line_id"] for row in self.of("rosters", part)}
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(self.installed.rows("decisions"), key=lambda row: row["as_of"]):
            if row["line_id"] in lines and row["purpose"] == SEARCH:
                newest[row["line_id"]] = row
        assert set(newest) == lines
        assert lines
        if any(row["effect"] == "allow" for row in newest.values()):
            return set()
        return {rule for row in newest.values() for rule in row["rules"]}

    def happens(self, point: str) -> None:
        """Everybody whose time it is says so. Their clock is behind the job's that runs meanwhile."""
        at = self.began if point in AT_WRITE else datetime.now(UTC)
        lines = self._statement(f"withdrew_{point}", at, "withdrawn")
        if point in MOVED_AT:
            lines += self._statement(f"moved_{point}", at - timedelta(seconds=1), "withdrawn")
            lines += self._statement(f"moved_{point}", at, "given", sources=COUNCIL)
        place = self.installed.place
        with place.tables(point) as tables:
            read = add_consents(tables, place.registrar, _csv(CONSENT_COLUMNS, lines), place.purposes, at)
            assert not read.set_aside
            if point in LEFT_OUT_AT:
                line = dict.fromkeys(LEAVE_OUT_COLUMNS, "") | {
                    "kind": "leave_out", "since": at.isoformat(), "reason": "family_asked",
                    "subject": self.parts[f"left_out_{point}"],
                }  # fmt: skip
                add_leave_outs(tables, place.registrar, _csv(LEAVE_OUT_COLUMNS, [line]), place.purposes, at)

    def _statement(self, part: str, at: datetime, status: str, sources: str = "") -> list[dict[str, str]]:
        people = residents(len(PARTS), SEED)
        person = next(each for each in people if each.badge == self.parts[part])
        said = next(row for row in statements((replace(person, standing="both"),), AS_DRAWN))
        changes = {"status": status, "given_at": at.isoformat(), "sources": sources}
        return [said | changes | ({"expires_at": ""} if status == "withdrawn" else {})]


def _csv(columns: Any, rows: list[dict[str, str]]) -> io.BytesIO:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


@contextmanager
def at_write(happens: Callable[[str], None], *points: str) -> Iterator[None]:
    """Let it happen when the first write of the point's table begins, before that is locked."""
    real, left = Tables._writing, {AT_WRITE[point]: point for point in points}

    @contextmanager
    def writing(self: Tables, name: str) -> Iterator[None]:
        if point := left.pop(name, None):
            happens(point)
        with real(self, name):
            yield

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tables, "_writing", writing)
        yield
    assert not left


def embed_elsewhere(installed: Installed, folder: Path, between_two_files: Callable[[], None]) -> None:
    """The embed job as a process of its own, and something that happens while a worker is between two files."""
    folder.mkdir()
    script = Path(__file__).parents[2] / "lib" / "runs" / "waiting_embed.py"
    command = [
        sys.executable, str(script), str(folder), "--run-id", "first", "--config", str(installed.place.config)
    ]  # fmt: skip
    paths = [str(script.parent), str(script.parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(paths)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    while not (folder / "waits").exists():
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        time.sleep(0.05)
    between_two_files()
    (folder / "go").touch()
    assert 0 == process.wait(timeout=300), (folder / "log").read_text()[-3000:]


@pytest.fixture(scope="module")
def prepared(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Everybody said yes, and each is listed in a portrait of their own."""
    size = Size(people=len(PARTS), portraits=len(PARTS) + 2, groups=1, street=1, unregistered=0, clips=0)
    installed = install(tmp_path_factory.mktemp("meanwhile") / "home", size, SEED)
    lists, people = installed.lists, residents(len(PARTS), SEED)
    said = statements(tuple(replace(person, standing="both") for person in people), AS_DRAWN)
    yes = [row for row in said if row["purpose"] == SEARCH]
    (lists / "consents.csv").write_bytes(_csv(CONSENT_COLUMNS, yes).getvalue())
    with (lists / "rosters.csv").open() as file:
        listed = [row for row in csv.DictReader(file) if row["source"] == STUDIO][: len(PARTS)]
    assert len({row["subject"] for row in listed}) == len(PARTS)
    (lists / "rosters.csv").write_bytes(_csv(ROSTER_COLUMNS, listed).getvalue())
    (lists / "leave_outs.csv").unlink()
    import_lists(installed)
    return Night(installed, dict(zip(PARTS, [person.badge for person in people], strict=True)))


@pytest.fixture(scope="module")
def night(prepared: Night, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """That night, and at every step somebody withdraws."""
    installed, happens = prepared.installed, prepared.happens

    def step(name: str) -> None:
        prepared.began = datetime.now(UTC)
        assert 0 == installed.step(name, "first")

    happens("before_the_night")
    step("catalog")
    happens("before_decide")
    with at_write(happens, "while_deciding"):
        step("decide")
    happens("before_embed")
    embed_elsewhere(
        installed, tmp_path_factory.mktemp("embed") / "barrier", lambda: happens("while_embedding")
    )
    happens("before_check")
    step("check")
    happens("before_publish")
    with at_write(happens, "while_storing", "while_opening", "after_opening"):
        step("publish")
    happens("after_the_night")
    return prepared


@pytest.fixture(scope="module")
def next_night(night: Night) -> Night:
    night.installed.night("second")
    return night


def test_who_withdraws_while_a_night_runs_has_no_open_row_after_it(night: Night) -> None:
    opened = {part for part in PARTS if night.open_rows(part)}
    assert opened == STAYED
    stored = {part for part in PARTS if night.of("embeddings", part)}
    after_the_last_look = {"withdrew_while_storing", "withdrew_while_opening", "left_out_while_opening",
                           "withdrew_after_opening", "withdrew_after_the_night"}  # fmt: skip
    assert stored == STAYED | after_the_last_look, "who withdrew before publish is not even stored"


def test_people_who_spoke_before_embed_began_are_not_embedded_and_later_ones_are_sealed_to_a_closed_key(
    night: Night,
) -> None:
    """The night was under way for all others: their rows were staged, and it was publish that held them back.

    Embed looks at the ledger itself: a no recorded after the run began ends what the run had decided.
    """
    done = night.installed.counts("first", "embed")["embeddings"]
    early = {
        f"withdrew_{point}"
        for point in ("before_the_night", "before_decide", "while_deciding", "before_embed")
    }
    early |= {"left_out_while_deciding", *MOVED}
    assert done == len(set(PARTS) - early)
    assert night.rules("withdrew_before_the_night") >= {"house/HOUSE-10", "house/HOUSE-13"}
    # Said after the run had begun: it isn't heard, but its key is closed.
    assert night.rules("withdrew_before_decide") == {"house/HOUSE-13"}


def test_a_new_yes_for_other_footage_opens_nothing_of_the_footage_it_took_back(next_night: Night) -> None:
    """Its key was made while the run went on that still knew the old consent."""
    for part in MOVED:
        assert not next_night.of("embeddings", part)
        rules = next_night.rules(part)
        assert "house/HOUSE-10" in rules, (
            "of this footage the withdrawal speaks, the new yes of other footage"
        )
        assert "house/HOUSE-13" not in rules, "the new key is open"
        (key,) = [k for k in next_night.of("keys", part) if k["generation"] == 2 and k["purpose"] == SEARCH]
        assert key["key_id"] in next_night.installed.place.watcher.open_keys()


def test_after_the_next_night_every_decision_says_why(next_night: Night) -> None:
    rules = {part: next_night.rules(part) for part in PARTS}
    assert all({"house/HOUSE-10", "house/HOUSE-13"} <= rules[part] for part in WITHDREW), rules
    assert all({"house/HOUSE-17", "house/HOUSE-13"} <= rules[part] for part in LEFT_OUT), rules
    assert (
        STAYED
        == {part for part in PARTS if not rules[part]}
        == {part for part in PARTS if next_night.open_rows(part)}
    )


def test_the_next_night_decides_about_those_who_spoke_and_embeds_nobody(next_night: Night) -> None:
    spoke = {part for part in PARTS if part not in STAYED and part != "withdrew_before_the_night"}
    lines = {row["line_id"] for part in spoke for row in next_night.of("rosters", part)}
    again = [row for row in next_night.installed.rows("decisions") if row["run_id"] == "second"]
    assert {row["line_id"] for row in again if row["action"] == "embed" and row["purpose"] == SEARCH} == lines
    files = {row["asset_id"] for part in spoke for row in next_night.of("rosters", part)}
    assert {row["asset_id"] for row in again if row["action"] == "scan"} <= files
    assert next_night.installed.counts("second", "embed").get("embedder_faces", 0) == 0


def test_what_was_closed_waits_to_be_erased(next_night: Night) -> None:
    stored = {row["row_id"]: row for row in next_night.installed.rows("embeddings")}
    queue = waiting(next_night.installed.place.reader, datetime.now(UTC))
    kept = {row for part in STAYED for row in next_night.open_rows(part)}
    assert {row["row_id"] for row in queue} == set(stored) - kept
    assert {row["why"] for row in queue} == {"key_closed"}
    assert all(timedelta(0) < row["erase_by"] - row["since"] <= timedelta(days=5) for row in queue)
