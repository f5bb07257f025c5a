"""Rules come into force by a signed order alone, checked before, and what is in force doesn't follow the draft."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import small_policies
from cedar_rules import pair, permit
from typer.testing import CliRunner, Result

from habeas.cli.installation import Installation, installation
from habeas.cli.main import app
from habeas.cli.operate.setup import make
from habeas.cli.policy.policy_sets import chosen
from habeas.warehouse.authenticated.run_records import RunFolder, TaskRecord

Run = Callable[..., Result]
PERMITS = permit("HOUSE-permit", "scan", "embed", "match", "keep", "certify")
STRICTER = pair("HOUSE-11", "consent_explicit", "!context.consent_explicit")
TABLE = """\
family: HOUSE-10
action: embed
cases:
  - {{name: refused, facts: {{consent: refused, line_attested: true}}, is: {answer}}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with two rules, and somebody who may activate and somebody who may not."""
    home = tmp_path / "home"
    place = make(home, None, ["archive_search"], "synthetic")[0]
    kept = [
        line
        for line in place.config.read_text().splitlines()
        if not line.startswith(("policies", "policy_packs"))
    ]
    kept += [f'policies = "{home / "policies"}"', 'policy_packs = ["house"]']
    place.config.write_text("\n".join(kept) + "\n")
    shutil.rmtree(home / "policies")  # the shipped rules
    draft(home)
    return home


def draft(home: Path, *more: str) -> None:
    rules = (small_policies.SCAN, small_policies.ATTESTED, small_policies.CONSENT, *more)
    small_policies.write(home / "policies", *rules, permits=PERMITS)


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(home)

    def call(*words: str) -> Result:
        asked = {"HABEAS_CONFIG": None, "HABEAS_CUSTODY": None, "NO_COLOR": "1", "HABEAS_PASSPHRASE": None}
        return CliRunner(env=asked).invoke(app, list(words))

    for person, role in (("policy-1", "policy"), ("oversight-1", "oversight")):
        assert 0 == call("people", "key", "--out", f"{person}.pem").exit_code
        assert (
            0 == call("people", "add", person, "--role", role, "--public-key", f"{person}.pem.pub").exit_code
        )
    return call


def activate(run: Run, *words: str, by: str = "policy-1", yes: tuple[str, ...] = ("--yes",)) -> Result:
    return run("policy", "activate", *words, "--as", by, "--key", f"{by}.pem", *yes, "--json")


def in_force(run: Run) -> str:
    told = run("policy", "show", "--json")
    assert 0 == told.exit_code, told.stderr
    return str(json.loads(told.stdout)["digest"])


def place(home: Path) -> Installation:
    return installation(home / "habeas.toml")


def test_what_is_in_force_follows_the_draft_until_something_is_activated(run: Run, home: Path) -> None:
    first = in_force(run)
    draft(home, STRICTER)
    assert first != in_force(run)
    told = activate(run, "--note", "separate consent is asked for")
    assert 0 == told.exit_code, told.stderr
    active = json.loads(told.stdout)["digest"]
    assert active == in_force(run)
    draft(home)
    assert active == in_force(run)
    shown = json.loads(run("policy", "show", "--json").stdout)
    assert ("policy-1", "separate consent is asked for") == (shown["by"], shown["note"])
    assert [("house", 9)] == [(pack["name"], pack["rules"]) for pack in shown["packs"]]
    assert active[:12] in run("policy", "show").stdout


def test_before_anything_is_activated_a_draft_shows_against_the_last_night(run: Run, home: Path) -> None:
    assert chosen(place(home), "active").digest == chosen(place(home), "draft").digest
    first = place(home)
    first.policy_store.pin(first.policy)
    RunFolder(first.settings.runs, "night", first.record_key).write(
        TaskRecord("night", "decide", "done", "", "", 0.0, 0.0, digests={"policy": first.policy.digest})
    )
    draft(home, STRICTER)
    before, now = chosen(place(home), "active"), chosen(place(home), "draft")
    assert (first.policy.digest, place(home).policy.digest) == (before.digest, now.digest)
    assert before.digest != now.digest
    assert 0 == activate(run).exit_code
    assert now.digest == chosen(place(home), "active").digest


def test_the_rules_of_before_come_back_by_activating_them_again(run: Run, home: Path) -> None:
    first = json.loads(activate(run).stdout)["digest"]
    draft(home, STRICTER)
    assert first != json.loads(activate(run).stdout)["digest"]
    draft(home)
    assert first == json.loads(activate(run).stdout)["digest"] == in_force(run)
    again = activate(run)
    assert (2, True) == (again.exit_code, "in force already" in again.stderr)


def test_an_activation_from_a_clock_that_runs_ahead_does_not_stay_for_ever(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    from habeas.cli.policy import lifecycle as policy_life

    monkeypatch.setattr(policy_life, "now", lambda: datetime(2099, 1, 1, tzinfo=UTC))
    assert 0 == activate(run).exit_code
    monkeypatch.undo()
    monkeypatch.chdir(home)
    draft(home, STRICTER)
    assert json.loads(activate(run).stdout)["digest"] == in_force(run)


@pytest.mark.parametrize("fault", ["not Cedar", "lint", "a table"])
def test_rules_that_are_wrong_are_not_activated_and_the_active_ones_stay(
    run: Run, home: Path, fault: str
) -> None:
    active = json.loads(activate(run).stdout)["digest"]
    match fault:
        case "not Cedar":
            (home / "policies" / "house" / "rules.cedar").write_text("permit permit;")
        case "lint":  # the second of two equal rules never decides anything
            draft(
                home,
                pair(
                    "HOUSE-99",
                    "consent",
                    'context.consent == Consent::"given" && context.consent != Consent::"given"',
                ),
            )
        case "a table":
            draft(home, STRICTER)
            (home / "policy-tests").mkdir()
            (home / "policy-tests" / "bases.yaml").write_text(
                "embed: {consent: given, line_attested: true}\n"
            )
            (home / "policy-tests" / "consent.yaml").write_text(TABLE.format(answer="allow"))
    told = activate(run)
    assert {"not Cedar": 2, "lint": 2, "a table": 3}[fault] == told.exit_code, told.output
    assert active == in_force(run)
    assert (active,) == place(home).policy_store.digests()


def test_tables_that_hold_let_the_rules_pass(run: Run, home: Path) -> None:
    (home / "policy-tests").mkdir()
    (home / "policy-tests" / "bases.yaml").write_text("embed: {consent: given, line_attested: true}\n")
    (home / "policy-tests" / "consent.yaml").write_text(TABLE.format(answer="deny, by: [HOUSE-10]"))
    assert 0 == activate(run).exit_code


def test_somebody_of_another_role_puts_nothing_into_force(run: Run, home: Path) -> None:
    before = in_force(run)
    assert 4 == activate(run, by="oversight-1").exit_code
    draft(home, STRICTER)
    assert before != in_force(run)  # still the draft
    assert () == tuple(place(home).book.activations)


def test_where_nobody_can_be_asked_nothing_is_activated_without_yes(run: Run, home: Path) -> None:
    told = activate(run, yes=())
    assert (2, True) == (told.exit_code, "--yes" in told.stderr)
    assert () == tuple(place(home).book.activations)


def test_rules_edited_in_the_store_stop_everything_instead_of_deciding(run: Run, home: Path) -> None:
    digest = json.loads(activate(run).stdout)["digest"]
    rules = home / "policy" / digest / "files" / "house" / "rules.cedar"
    rules.chmod(0o600)
    rules.write_text(rules.read_text().replace("Because.", "Why not."))
    assert 5 == run("policy", "show").exit_code


def test_a_set_is_named_by_word_folder_or_the_beginning_of_its_digest(run: Run, home: Path) -> None:
    active = json.loads(activate(run).stdout)["digest"]
    draft(home, STRICTER)
    here = place(home)
    assert active == chosen(here, "active").digest == chosen(here, active[:8]).digest
    assert chosen(here, "draft").digest == chosen(here, str(home / "policies")).digest != active


@pytest.mark.parametrize("which", ["/nope", "policies.old", "../policies"])
def test_a_folder_of_rules_that_is_not_there_is_called_a_folder(run: Run, home: Path, which: str) -> None:
    """Nobody who misspelt a path should be told about digests that don't start with it."""
    told = run("policy", "diff", "active", which)
    assert 2 == told.exit_code
    assert f"there is no folder {which}" in told.stderr
    assert "digest" in run("policy", "diff", "active", "abc123").stderr
