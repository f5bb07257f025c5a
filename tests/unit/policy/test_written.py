"""What the documents say about rules is so."""

from __future__ import annotations

import re
from pathlib import Path

from habeas.policy.cases.run import run_tables
from habeas.policy.rules.obligations import AT_LEAST, AT_MOST, WORDS
from habeas.policy.rules.packs import (
    META_FILE,
    Pack,
    load_pack,
    load_packs,
    pack_files,
    pack_from_files,
    pack_names,
)
from habeas.policy.rules.rules import GAP_SUFFIX

PROJECT = Path(__file__).resolve().parents[3]
POLICIES = PROJECT / "policies"
README = (POLICIES / "README.md").read_text(encoding="utf-8")
HOW_TO = (PROJECT / "docs" / "how-to" / "change-a-rule.md").read_text(encoding="utf-8")


def block(text: str, kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)
    assert found
    return found.group(1)


def test_the_rule_of_the_how_to_can_be_added_and_its_cases_hold(tmp_path: Path) -> None:
    files = pack_files(POLICIES / "house")
    table = block(HOW_TO, "yaml")
    for name in ("bases.yaml", "table.yaml"):
        text = (PROJECT / "tests" / "policy" / "bases.yaml").read_text() if name == "bases.yaml" else table
        (tmp_path / name).write_text(text, encoding="utf-8")
    files["embed.cedar"] += b"\n" + block(HOW_TO, "cedar").encode()
    results = run_tables(tmp_path, [pack_from_files("house", files)])
    assert [(), ()] == [result.differs for result in results]


def test_the_pair_of_the_readme_reads_as_the_pack_does() -> None:
    """Its first rule stands there whole, but for the sentence and the page."""
    pack = load_pack(POLICIES / "kr-pipa")
    shown = block(README, "cedar")
    for rule_id in ("KR-26-2-gap", "KR-26-2"):
        rule = next(each for each in pack.rules if each.rule.rule_id == rule_id)
        assert f'@id("{rule_id}")' in shown
        assert f'@kind("{rule.rule.kind}")' in shown
    text = re.sub(r"//[^\n]*", "", shown)
    gap = next(each for each in pack.rules if each.rule.rule_id == "KR-26-2-gap")
    last = gap.statement.text[gap.statement.text.index("forbid") :]
    assert " ".join(last.split()) in " ".join(text.split())


def test_the_overview_names_every_pack_and_when_it_is_asked() -> None:
    rows = dict(re.findall(r"^\| \[`([a-z-]+)`\].*?\| ([^|]*) \|$", README, re.MULTILINE))
    packs = load_packs(POLICIES, pack_names(POLICIES))
    assert {pack.name for pack in packs} == set(rows)
    for pack in packs:
        assert pack.meta.applies_when in rows[pack.name], pack.name
    assert META_FILE in README


def _house() -> Pack:
    return load_pack(POLICIES / "house")


def test_the_table_of_house_rules_says_what_a_waiver_can_set_aside() -> None:
    rows = re.findall(r"^\| ((?:HOUSE|NIST)-\w+) \| ([a-z, ]+) \| .* \| (yes|no) \|$", README, re.MULTILINE)
    told = {rule_id: (asked, waiver) for rule_id, asked, waiver in rows}
    for each in _house().rules:
        if each.rule.kind == "deny" and each.rule.rule_id in told:
            asked, waiver = told.pop(each.rule.rule_id)
            assert {action.value for action in each.actions} == set(asked.split(", ")), each.rule.rule_id
            assert ("yes" if each.waivable else "no") == waiver, each.rule.rule_id
    assert not told, "rules that the house pack doesn't have"


def test_every_house_rule_stands_in_the_readme() -> None:
    for each in _house().rules:
        if each.rule.kind != "permit":
            assert each.rule.rule_id.removesuffix(GAP_SUFFIX) in README


def test_every_obligation_stands_in_the_readme() -> None:
    for name in (*(f"{n}<=N" for n in AT_MOST), *(f"{n}>=N" for n in AT_LEAST), *WORDS):
        assert f"`{name}`" in README
