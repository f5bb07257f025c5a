"""A decision table that says something else than it seems to is worse than none: read strictly, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cedar_rules import a_pack, pair, permit

from habeas.model.decision import Action, Effect
from habeas.model.errors import UsageError
from habeas.policy.cases.run import Case, Result, read_tables, run_tables

CONSENT = pair("HOUSE-10", "consent", 'context.consent != Consent::"given"')
KEY = pair("HOUSE-9", "line_attested", "!context.line_attested")
HOUSE = a_pack(
    "house", CONSENT, KEY, permits=permit("HOUSE-permit", "scan", "embed", obligation="retention_days<=30")
)
LAW = a_pack(
    "kr",
    pair("KR-1", "sold", "context.sold", more='@regulator_permits("PIPC-2022")'),
    permits=permit("KR-permit", "scan", "embed"),
    applies_when="law_kr",
)
TWIN = a_pack("eu", pair("KR-1", "sold", "context.sold"), applies_when="law_eu")
PACKS = (HOUSE, LAW)
BASES = (
    "embed:\n  law_kr: true\n  consent: given\n  line_attested: true\n  sold: false\nscan:\n  law_kr: true\n"
)
TABLE = """\
family: HOUSE-10 consent
packs: [house, kr]
action: embed
base: embed
given: {medium: studio}
cases:
  - name: refused
    facts: {consent: refused}
    is: deny
    by: [HOUSE-10]
"""


def tables(place: Path, text: str, **more: str) -> Path:
    (place / "bases.yaml").write_text(BASES)
    for name, content in ({"consent": text} | more).items():
        (place / f"{name}.yaml").write_text(content)
    return place


def run(place: Path, case: str, packs: Any = PACKS) -> Result:
    """One case in flow style, under the head of TABLE."""
    text = TABLE[: TABLE.index("  - name")] + f"  - {case}\n"
    (only,) = run_tables(tables(place, text), packs)
    return only


def test_a_case_is_read(tmp_path: Path) -> None:
    (case,) = read_tables(tables(tmp_path, TABLE), PACKS)
    facts = {"law_kr": True, "consent": "refused", "line_attested": True, "sold": False, "medium": "studio"}
    expected = Case(
        "HOUSE-10 consent", "refused", "consent.yaml:7", Action.EMBED, ("house", "kr"), facts, Effect.DENY,
        by=("house/HOUSE-10",),
    )  # fmt: skip
    assert expected == case


@pytest.mark.parametrize(
    "case",
    [
        "{name: a, is: allow}",
        "{name: a, is: allow, by: [HOUSE-permit, KR-permit], obligations: [retention_days<=30]}",
        "{name: a, facts: {consent: refused}, is: deny, by: [HOUSE-10]}",
        "{name: a, facts: {consent: null, line_attested: null}, is: gap, by: [HOUSE-9-gap, HOUSE-10-gap]}",
        "{name: a, facts: {sold: true}, is: deny, by: [kr/KR-1], regulator: deny, regulator_by: [KR-1]}",
        "{name: a, facts: {sold: true, regulator_finding: PIPC-2022}, is: deny, by: [KR-1], regulator: allow}",
        "{name: a, facts: {line_attested: false}, is: allow, waived: [HOUSE-9]}",
        "{name: a, facts: {line_attested: null, waived: HOUSE-9}, is: allow, waived: [HOUSE-9-gap]}",
        "{name: a, facts: {line_attested: false, waived: HOUSE-10}, is: deny, by: [HOUSE-9], waived: []}",
    ],
)
def test_a_case_that_is_so_passes(tmp_path: Path, case: str) -> None:
    assert () == run(tmp_path, case).differs


REFUSED = "{name: a, facts: {consent: refused}, is: "
H10, H9, BOTH = "house/HOUSE-10", "house/HOUSE-9", "house/HOUSE-permit, kr/KR-permit"


@pytest.mark.parametrize(
    ("case", "differs"),
    [
        (f"{REFUSED} allow}}", "answer: expected allow, got deny"),
        ("{name: a, is: gap, by: [HOUSE-10-gap]}", "answer: expected gap, got allow"),
        (f"{REFUSED} deny, by: [HOUSE-9]}}", f"by: expected {H9}, got {H10}"),
        (f"{REFUSED} deny, by: [HOUSE-10, HOUSE-9]}}", f"by: expected {H10}, {H9}, got {H10}"),
        ("{name: a, is: allow, by: [HOUSE-permit]}", f"by: expected house/HOUSE-permit, got {BOTH}"),
        ("{name: a, facts: {line_attested: null}, is: gap, by: [], missing: []}",
         "missing: expected nothing, got line_attested"),
        ("{name: a, is: allow, missing: [consent]}", "missing: expected consent, got nothing"),
        ("{name: a, is: allow, regulator: deny}", "regulator: expected deny, got allow"),
        ("{name: a, facts: {law_kr: false}, is: allow, regulator: allow}", "regulator: expected allow, got nothing"),
        ("{name: a, is: allow, regulator_by: [KR-1]}", "regulator_by: expected kr/KR-1, got kr/KR-permit"),
        ("{name: a, is: allow, obligations: [human_review]}", "obligations: expected human_review, got nothing"),
        ("{name: a, is: allow, waived: [HOUSE-9]}", f"waived: expected {H9}, got nothing"),
        ("{name: a, facts: {line_attested: null, waived: HOUSE-9}, is: allow, waived: []}",
         f"waived: expected nothing, got {H9}-gap"),
    ],
)  # fmt: skip
def test_a_case_that_comes_out_otherwise_says_how(tmp_path: Path, case: str, differs: str) -> None:
    assert differs in run(tmp_path, case).differs


def test_a_case_asks_the_packs_it_names(tmp_path: Path) -> None:
    text = TABLE.replace("[house, kr]", "[kr]").replace("is: deny\n    by: [HOUSE-10]", "is: allow")
    (only,) = run_tables(tables(tmp_path, text), PACKS)
    assert () == only.differs
    text = TABLE.replace("packs: [house, kr]\n", "")
    assert ("house", "kr") == read_tables(tables(tmp_path, text), PACKS)[0].packs


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("family: HOUSE-10 consent\n", "", 1, "family"),
        ("packs:", "pack:", 1, "pack"),
        ("[house, kr]", "[house, mars]", 2, "a pack that isn't there"),
        ("[house, kr]", "[house, house]", 2, "twice"),
        ("action: embed", "action: open", 3, "expected one of"),
        ("base: embed", "base: match", 4, "expected one of"),
        ("{medium: studio}", "{medium: film}", 5, "expected one of"),
        ("{medium: studio}", "{line_allowed: true}", 5, "no fact of embed"),
        ("{medium: studio}", "{medium: studio, medium: web}", 5, "twice"),
        ("name: refused", "name: refused\n    why: so", 7, "why"),
        ("    is: deny\n", "", 7, "is"),
        ("is: deny", "is: denied", 9, "expected one of"),
        ("    by: [HOUSE-10]\n", "", 7, "by which rules"),
        ("consent: refused", "consent: no", 8, "expected one of"),
        ("consent: refused", "concent: refused", 8, "no fact of embed"),
        ("consent: refused", "line_attested: refused", 8, "true or false"),
        ("consent: refused", "line_attested: no", 8, "true or false"),
        ("consent: refused", "line_attested: True", 8, "true or false"),
        ("consent: refused", "consent: ", 8, "plain text|empty"),
        ("consent: refused", "consent: &a refused", 8, ""),
        ("by: [HOUSE-10]", "by: [HOUSE-99]", 10, "no pack asked here has a rule HOUSE-99"),
        ("by: [HOUSE-10]", "by: [mars/HOUSE-10]", 10, "no pack asked here has a rule"),
        ("by: [HOUSE-10]", "by: [HOUSE-10, HOUSE-10]", 10, "twice"),
        ("by: [HOUSE-10]", "by: HOUSE-10", 10, "list"),
        ("by: [HOUSE-10]", "by: [HOUSE-10]\n    missing: [a, a]", 11, "twice"),
        ("by: [HOUSE-10]", "by: [HOUSE-10]\n    waived: [HOUSE-99]", 11, "no pack asked here has a rule"),
        ("by: [HOUSE-10]", "by: [HOUSE-10]\n  - {name: refused, is: allow}", 7, "two cases have one name"),
        ("refused\n    facts", "re\u200bfused\n    facts", 7, "not drawn"),
    ],
)
def test_a_flawed_table_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    assert old in TABLE
    if "&a" in new:
        new, says = "consent: &a refused, sold: *a", "aliases"
    with pytest.raises(UsageError, match=rf"^consent\.yaml:{line}: .*({says})"):
        read_tables(tables(tmp_path, TABLE.replace(old, new, 1)), PACKS)


def test_a_rule_id_of_two_packs_must_say_which(tmp_path: Path) -> None:
    text = (
        TABLE.replace("[house, kr]", "[eu, kr]")
        .replace("consent: refused", "sold: true")
        .replace("HOUSE-10]", "KR-1]")
    )
    with pytest.raises(UsageError, match="several packs have a rule KR-1"):
        read_tables(tables(tmp_path, text), (*PACKS, TWIN))
    (only,) = run_tables(tables(tmp_path, text.replace("[KR-1]", "[eu/KR-1, kr/KR-1]")), (*PACKS, TWIN))
    assert () == only.differs


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [("consent: given", "consent: yes", 3), ("embed:", "open:", 1), ("sold: false", "soled: false", 5)],
)
def test_a_flawed_base_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int) -> None:
    place = tables(tmp_path, TABLE)
    (place / "bases.yaml").write_text(BASES.replace(old, new, 1))
    with pytest.raises(UsageError, match=rf"^bases\.yaml:{line}: "):
        read_tables(place, PACKS)


def test_tables_without_bases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bases\.yaml"):
        read_tables(tmp_path, PACKS)
