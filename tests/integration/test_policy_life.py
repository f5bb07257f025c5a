"""A year in one test's time: a night, other rules foreseen and put into force, the next night, and old decisions again.

One installation goes through it in this order; each test looks at one promise.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest
from installations import Installed, copy_of
from typer.testing import CliRunner, Result

from habeas.cli.installation import Installation, installation
from habeas.cli.main import app
from habeas.model.errors import IntegrityError
from habeas.pipeline.publish import row_status as statuses
from habeas.policy.rulebook import is_waived

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1500)]

Run = Callable[..., Result]
Thing = tuple[str, str, str | None, str]


def call(place: Installation, *words: str) -> Result:
    environment = {"HABEAS_CONFIG": str(place.config), "HABEAS_CUSTODY": str(place.custody_file), "NO_COLOR": "1",
                   "HABEAS_PASSPHRASE": None}  # fmt: skip
    return CliRunner(env=environment).invoke(app, list(words))


def told(place: Installation, *words: str, code: int = 0) -> Any:
    result = call(place, *words, "--json")
    assert code == result.exit_code, result.output + result.stderr
    return json.loads(result.stdout)


# Each takes the text of the house rules and gives another. Together they refuse, allow and shorten.
def stricter(rules: Path) -> None:
    """Nobody is embedded from footage of an event, nor looked for in it, but for access, which is waived; templates are
    kept for 30 days at most.
    """
    text = """
@id("HOUSE-98-gap") @kind("gap") @fact("medium") {notes}
forbid (principal, action in [Action::"scan", Action::"embed"], resource) unless {{ context has medium }};
@id("HOUSE-98") @kind("deny") @fact("medium") {notes}
forbid (principal, action in [Action::"scan", Action::"embed"], resource)
when {{ context has medium && context.medium == Medium::"event" }};
"""
    notes = (
        '@sentence("Footage of events is left alone.") @citation("House rule") @source("example.org/house") '
        '@effective_from("2026-11-23") @enacted("true") @confidence("text")'
    )
    (rules / "events.cedar").write_text(text.format(notes=notes))
    (rules.parent / "waivers.yaml").write_text(
        "waivers:\n  - {rule: HOUSE-98, owner: privacy-office, reason: the council asked for it, "
        "granted_on: 2026-01-01, ends_on: 2031-01-01, purposes: [access_verification]}\n"
    )
    embed = rules / "embed.cedar"
    embed.write_text(embed.read_text().replace("retention_days<=3650", "retention_days<=30"))


class Life:
    """What happened, step by step, for the tests to look at."""

    def __init__(self, first_night: Installed, home: Path) -> None:
        self.installed: Installed = copy_of(first_night, home)
        self.place = self.installed.place
        keys = home / "keys"
        keys.mkdir()
        self.key = keys / "policy-1.pem"
        told(self.place, "people", "key", "--out", str(self.key))
        told(self.place, "people", "add", "policy-1", "--role", "policy", "--public-key", f"{self.key}.pub")
        self.old = told(self.place, "policy", "show")["digest"]
        self.activate(self.place.settings.policies)  # from now on a draft that changes does nothing by itself
        stricter(self.place.settings.policies / "house")
        self.foreseen = told(self.place, "policy", "diff", "active", "draft", "--ids")
        self.new = self.activate(self.place.settings.policies)
        self.installed.steps("second", "catalog")
        self.died_between = self.decide_that_dies_before_it_closes_rows()
        self.unsettled = self.closed()
        self.installed.steps("second", "decide")
        self.settled = self.closed()
        self.installed.steps("second", "embed", "check", "publish")
        self.back = told(self.place, "policy", "diff", "active", self.old[:12])
        self.activate(self.place.settings.home / "policy" / self.old / "files")
        self.installed.steps("third", "decide")
        self.decisions = self.installed.rows("decisions")

    def decide_that_dies_before_it_closes_rows(self) -> int:
        def dies(*_: Any) -> dict[str, int]:
            raise OSError("disk gone")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(statuses, "settle_now", dies)
            return self.installed.step("decide", "second")

    def closed(self) -> set[str]:
        return {r["row_id"] for r in self.installed.rows("row_status") if r["status"] == "closed"}

    def activate(self, folder: Path) -> str:
        words = ("--as", "policy-1", "--key", str(self.key), "--yes")
        return str(told(self.place, "policy", "activate", str(folder), *words)["digest"])

    def of(self, run_id: str) -> dict[Thing, dict[str, Any]]:
        return {thing(row): row for row in self.decisions if row["run_id"] == run_id}


def thing(row: Any) -> Thing:
    return row["action"], row["asset_id"], row["line_id"], row["purpose"]


@pytest.fixture(scope="module")
def life(first_night: Installed, tmp_path_factory: pytest.TempPathFactory) -> Life:
    return Life(first_night, tmp_path_factory.mktemp("life") / "home")


def by_effect(row: dict[str, Any]) -> str:
    """Allowed first."""
    return str(row["effect"])


def outcome(row: dict[str, Any]) -> tuple[str, int | None]:
    return row["effect"], row["retention_days"]


def says(row: dict[str, Any]) -> tuple[bool, int | None]:
    """What a decision opens, and for how long; a gap refuses as a denial does."""
    return row["effect"] == "allow", row["retention_days"]


def test_the_diff_foresees_every_decision_of_the_next_night(life: Life) -> None:
    before, after = life.of("first"), life.of("second")
    assert before.keys() == after.keys()
    changed = {
        key: (outcome(before[key]), outcome(after[key]))
        for key in before
        if says(before[key]) != says(after[key])
    }
    foreseen = {
        thing(each): tuple(
            (each["effect"][when], each["retention_days"][when]) for when in ("before", "after")
        )
        for each in life.foreseen["changes"]
        if each["kind"] in ("newly_refused", "newly_allowed", "changed_retention")
    }
    assert changed == foreseen
    effects = {(was[0], now[0]) for was, now in changed.values()}
    assert {("allow", "deny"), ("allow", "allow")} <= effects
    assert {"scan", "embed"} == {key[0] for key in changed}


def test_the_counts_are_those_of_what_was_written(life: Life) -> None:
    before, after = life.of("first"), life.of("second")
    refused = [key for key in before if before[key]["effect"] == "allow" != after[key]["effect"]]
    people = {row["line_id"]: row["subject_id"] for row in life.installed.rows("rosters")}
    counts = life.foreseen["newly_refused"]
    assert counts["lines"] == sum(key[0] == "embed" for key in refused)
    assert counts["files"] == sum(key[0] == "scan" for key in refused)
    assert counts["people"] == len({people[key[2]] for key in refused if key[2]})
    assert counts["by_rule"]["house/HOUSE-98"] == len(refused)
    assert (0, 0) == (life.foreseen["newly_allowed"]["lines"], life.foreseen["newly_allowed"]["files"])


def test_the_way_back_is_foreseen_too(life: Life) -> None:
    before, after = life.of("second"), life.of("third")
    allowed = [key for key in before if before[key]["effect"] != "allow" == after[key]["effect"]]
    counts = life.back["newly_allowed"]
    assert (
        counts["lines"]
        == life.foreseen["newly_refused"]["lines"]
        == sum(key[0] == "embed" for key in allowed)
    )
    assert counts["files"] == sum(key[0] == "scan" for key in allowed) > 0
    first = life.of("first")
    assert {key: outcome(first[key]) for key in first} == {key: outcome(after[key]) for key in after}


def test_what_a_policy_ends_is_closed_at_once_whatever_becomes_of_the_night(life: Life) -> None:
    assert 0 != life.died_between and set() == life.unsettled
    assert life.settled == life.closed() and life.settled


def test_the_rows_it_said_would_close_and_open_do_so(life: Life) -> None:
    counted = Counter((row["run_id"], row["status"]) for row in life.installed.rows("row_status"))
    assert life.foreseen["rows"] == {"closed": counted["second", "closed"], "opened_again": 0}
    opened = {
        r["row_id"]
        for r in life.installed.rows("row_status")
        if r["run_id"] == "third" and r["reason"] == "allowed_again"
    }
    assert life.back["rows"] == {"closed": 0, "opened_again": len(opened)}
    assert counted["second", "closed"] == len(opened) > 0


def test_the_picture_is_there(life: Life) -> None:
    page = Path(life.foreseen["picture"]).read_text()
    assert '<ul class="bars' in page
    assert "house/HOUSE-98" in page


def test_a_diff_writes_no_table(life: Life) -> None:
    reader = life.place.reader
    before = {name: reader.version(name) for name in life.place.table_paths() if reader.exists(name)}
    again = told(life.place, "policy", "diff", life.old[:12], life.new[:12])
    assert before == {name: reader.version(name) for name in before}
    assert life.foreseen["newly_refused"] == again["newly_refused"]
    assert "changes" not in again


def test_decisions_of_both_nights_come_out_the_same_after_the_rules_changed(life: Life) -> None:
    for run in ("first", "second", "third"):
        found = told(life.place, "replay", "--run", run)
        assert found["decisions"] == found["reproduced"] > 0
        assert {"same": found["decisions"]} == found["facts"]
        assert [] == found["alarms"]
        assert {} == found["not_looked_at"]


def test_a_night_names_the_rules_it_was_decided_by(life: Life) -> None:
    digests = {row["run_id"]: row["policy_digest"] for row in life.decisions}
    assert {"first": life.old, "second": life.new, "third": life.old} == digests
    assert {life.old, life.new} == set(life.place.policy_store.digests())


def test_a_decision_by_a_waiver_says_which_rule_who_and_until_when(life: Life) -> None:
    waived = [row for row in life.of("second").values() if any(map(is_waived, row["rules"]))]
    assert waived and {"access_verification"} == {row["purpose"] for row in waived}
    said = " ".join(call(life.place, "explain", min(waived, key=by_effect)["decision_id"]).output.split())
    assert "waived HOUSE-98" in said and "Footage of events is left alone. (House rule)" in said
    assert "Waived until 2031-01-01 by privacy-office: the council asked for it" in said


@pytest.fixture
def copied(life: Life, tmp_path: Path) -> Installed:
    """The same installation elsewhere, to be tampered with."""
    home = life.place.config.parent
    target = tmp_path / "home"
    shutil.copytree(home, target, ignore=shutil.ignore_patterns("archive", "tmp", "airflow"))
    (target / "archive").mkdir()  # without its files: every source is away
    for file in (target / "habeas.toml", target / "custody" / "custody.toml"):
        file.write_text(file.read_text().replace(str(home), str(target)))
    place = installation(target / "habeas.toml", target / "custody" / "custody.toml")
    return Installed(place, life.installed.lists, life.installed.truth_file)


def rewrite(copied: Installed, table: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> None:
    """Put a table's rows in place of themselves, changed; None takes a row away."""
    place = copied.place.reader.path(table)
    old = deltalake.DeltaTable(str(place)).to_pyarrow_table()
    rows = [new for row in old.to_pylist() if (new := change(row)) is not None]
    shutil.rmtree(place)
    deltalake.write_deltalake(str(place), pa.Table.from_pylist(rows, schema=old.schema))


def test_an_altered_decision_raises_an_alarm(life: Life, copied: Installed) -> None:
    victim = next(
        row for row in life.of("first").values() if row["action"] == "embed" and row["effect"] != "allow"
    )

    def alter(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"effect": "allow"} if row["decision_id"] == victim["decision_id"] else row

    rewrite(copied, "decisions", alter)
    found = told(copied.place, "replay", "--run", "first", code=5)
    alarms = {each["decision_id"]: each for each in found["alarms"]}
    assert ["effect", "mac"] == alarms.pop(victim["decision_id"])["differs"]
    # Whether anybody may look into the file rests on it.
    files = {
        row["decision_id"]: row["asset_id"] for row in life.of("first").values() if row["action"] == "scan"
    }
    assert {victim["asset_id"]} >= {files[decision] for decision in alarms}
    assert all(["line_allowed"] == each["facts"]["names"] for each in alarms.values())


def test_a_consent_written_into_the_past_raises_an_alarm(life: Life, copied: Installed) -> None:
    allowed = next(
        row for row in life.of("first").values() if row["action"] == "embed" and row["effect"] == "allow"
    )
    person = next(
        r["subject_id"] for r in life.installed.rows("rosters") if r["line_id"] == allowed["line_id"]
    )

    def alter(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"status": "ConsentRefused"} if row["subject_id"] == person else row

    rewrite(copied, "consents", alter)
    found = told(copied.place, "replay", "--decision", allowed["decision_id"], code=5)
    assert (1, {"differs": 1}) == (found["reproduced"], found["facts"])
    assert "consent" in found["alarms"][0]["facts"]["names"]


def test_an_erased_person_is_said_to_be_erased_and_their_decision_still_comes_out(
    life: Life, copied: Installed
) -> None:
    gone = next(
        row["line_id"]
        for row in life.of("first").values()
        if row["action"] == "embed" and row["effect"] == "allow"
    )
    with copied.place.tables("erase") as tables:
        erased = tables.spark.createDataFrame([(gone,)], "line_id string")
        tables.delete_matching("rosters", erased, ["line_id"])
    found = told(copied.place, "replay", "--run", "first")
    about = [row for row in life.of("first").values() if row["line_id"] == gone]
    assert found["decisions"] == found["reproduced"]
    assert found["facts"]["erased"] == len(about)
    assert found["decisions"] == found["facts"]["same"] + len(about)


def test_pinned_rules_that_were_edited_raise_an_alarm(life: Life, copied: Installed) -> None:
    rules = copied.place.settings.home / "policy" / life.old / "files" / "house" / "embed.cedar"
    rules.chmod(0o600)
    rules.write_text(rules.read_text() + "\n// nothing\n")
    found = told(copied.place, "replay", "--sample", "20", "--seed", "s", code=5)
    assert 0 < len(found["alarms"]) <= 20
    assert {"not what they were"} == {
        "not what they were" for each in found["alarms"] if "not what" in each["why"]
    }


def test_a_draft_with_errors_does_not_stop_a_night(life: Life, copied: Installed) -> None:
    (copied.place.settings.policies / "house" / "embed.cedar").write_text("permit permit;")
    assert [0, 0] == [copied.step(step, "with-a-broken-draft") for step in ("decide", "embed")]
    assert {"embed_fact_sets", "scan_fact_sets"} <= set(copied.counts("with-a-broken-draft", "decide"))


def test_a_night_that_finds_a_table_lost_decides_nothing(life: Life, copied: Installed) -> None:
    """Read as empty, the ledger would know of no withdrawal, and a leave-out list of nobody."""
    before = copied.rows("decisions")
    shutil.rmtree(copied.place.reader.path("consents"))
    assert IntegrityError.exit_code == copied.step("decide", "after-a-loss")
    assert before == copied.rows("decisions")
