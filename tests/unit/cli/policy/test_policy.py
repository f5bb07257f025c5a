"""`habeas policy lint` and `test`: a privacy officer sees what is wrong before anything is in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cedar_rules import pair, permit
from typer.testing import CliRunner, Result

from habeas.cli.main import app
from habeas.cli.operate.setup import make

PERMITS = permit("HOUSE-permit", "scan", "embed", "match", "keep", "certify")
PERMITS += pair("HOUSE-1", "source_registered", "!context.source_registered", "scan")
CONSENT = pair("HOUSE-10", "consent", 'context.consent != Consent::"given"')
TABLE = """\
family: HOUSE-10
action: embed
cases:
  - {name: given, is: allow}
  - {name: refused, facts: {consent: refused}, is: deny, by: [HOUSE-10]}
"""


def habeas(*words: str) -> Result:
    environment = {"HABEAS_CONFIG": None, "HABEAS_CUSTODY": None, "NO_COLOR": "1"}
    return CliRunner(env=environment).invoke(app, ["policy", *words])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    house = tmp_path / "policies" / "house"
    house.mkdir(parents=True)
    (house / "pack.yaml").write_text("title: House\nlaw: urn:example:house\napplies_when: always\n")
    (house / "a.cedar").write_text(PERMITS + CONSENT)
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "bases.yaml").write_text("embed: {consent: given}\n")
    (tables / "consent.yaml").write_text(TABLE)
    return tmp_path


def test_clean_packs_end_with_0(place: Path) -> None:
    result = habeas("lint", str(place / "policies"))
    assert 0 == result.exit_code, result.output


def test_an_error_ends_with_2_and_says_where_and_what_to_do(place: Path) -> None:
    house = place / "policies" / "house" / "a.cedar"
    house.write_text(house.read_text().replace('@source("example.org/art-1") ', "", 1))
    result = habeas("lint", str(place / "policies"))
    assert 2 == result.exit_code
    assert "house/a.cedar:1" in result.stdout
    assert "lacks @source" in result.stdout
    assert "1 error in the policy packs" in result.stderr


def test_a_warning_is_told_and_ends_with_0(place: Path) -> None:
    house = place / "policies" / "house" / "a.cedar"
    house.write_text(PERMITS + CONSENT + CONSENT.replace("HOUSE-10", "HOUSE-11"))
    result = habeas("lint", str(place / "policies"))
    assert (0, True) == (result.exit_code, "never decides alone" in result.stdout)


def test_findings_come_as_json(place: Path) -> None:
    (place / "policies" / "house" / "a.cedar").write_text(PERMITS + CONSENT.replace("unless", "unles", 1))
    result = habeas("lint", str(place / "policies"), "--json")
    told = json.loads(result.stdout)
    assert (2, False) == (result.exit_code, told["clean"])
    assert ("error", "house/a.cedar:7") == (told["findings"][0]["severity"], told["findings"][0]["place"])


def test_tables_that_hold_end_with_0(place: Path) -> None:
    result = habeas("test", str(place / "policies"), "--tables", str(place / "tables"))
    assert (0, True) == (result.exit_code, "2 cases passed, 0 failed" in result.stdout)


def test_a_failing_case_ends_with_3_and_says_expected_and_got(place: Path) -> None:
    table = place / "tables" / "consent.yaml"
    table.write_text(TABLE.replace("is: deny, by: [HOUSE-10]", "is: allow"))
    result = habeas("test", str(place / "policies"), "--tables", str(place / "tables"))
    assert (3, True) == (result.exit_code, "1 cases passed, 1 failed" in result.stdout)
    assert "expected allow, got deny" in result.stdout
    told = json.loads(
        habeas("test", str(place / "policies"), "--tables", str(place / "tables"), "--json").stdout
    )
    assert (1, 1, "consent.yaml:5", "refused") == (
        told["passed"],
        told["failed"],
        told["cases"][0]["place"],
        told["cases"][0]["case"],
    )


def test_a_flawed_table_ends_with_2_and_its_line(place: Path) -> None:
    (place / "tables" / "consent.yaml").write_text(TABLE.replace("HOUSE-10]", "HOUSE-99]"))
    result = habeas("test", str(place / "policies"), "--tables", str(place / "tables"))
    assert (2, True) == (result.exit_code, "consent.yaml:5" in result.stderr)


def test_what_nobody_sees_in_a_finding_is_shown_as_an_escape(place: Path) -> None:
    (place / "policies" / "\u202emore").mkdir()
    result = habeas("lint", str(place / "policies"))
    assert 2 == result.exit_code
    assert "\u202e" not in result.output


@pytest.mark.parametrize("command", ["lint", "test"])
def test_without_a_folder_the_installations_own_packs_are_meant(place: Path, command: str) -> None:
    make(place / "home", None, ["archive_search"], "synthetic")
    config = place / "home" / "habeas.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("policies")]
    config.write_text("\n".join([f'policies = "{place / "policies"}"', *lines]) + "\n")
    more = ["--tables", str(place / "tables")] if command == "test" else []
    result = habeas(command, "--config", str(config), *more)
    assert 0 == result.exit_code, result.output
    (place / "policies" / "house" / "a.cedar").write_text("")
    assert 2 == habeas(command, "--config", str(config), *more).exit_code


def test_an_installations_own_tables_are_run_where_it_keeps_some(place: Path) -> None:
    make(place / "home", None, ["archive_search"], "synthetic")
    config = place / "home" / "habeas.toml"
    lines = [line for line in config.read_text().splitlines() if not line.startswith("policies")]
    config.write_text("\n".join([f'policies = "{place / "policies"}"', *lines]) + "\n")
    (place / "tables").rename(place / "home" / "policy-tests")
    result = habeas("test", "--config", str(config))
    assert (0, True) == (result.exit_code, "2 cases passed" in result.stdout)
