"""A pack is read strictly: what is not understood stops the reading, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from habeas.errors import UsageError
from habeas.model.decision import Action
from habeas.policy.facts import SCHEMA
from habeas.policy.packs import Pack, load_pack, load_packs, pack_of, policy_digest

PERMIT = (
    '@id("T-embed") @sentence("s") @citation("c")\npermit (principal, action == Action::"embed", resource);\n'
)
NOTES = '@fact("key_open") @sentence("s") @citation("c")'
SCOPE = '(principal, action == Action::"embed", resource)'
GAP = f'@id("T-1-gap") @kind("gap") {NOTES}\nforbid {SCOPE} unless {{ context has key_open }};\n'
CLOSED = "context has key_open && !context.key_open"
DENY = f'@id("T-1") @kind("deny") {NOTES}\nforbid {SCOPE} when {{ {CLOSED} }};\n'
WHOLE = PERMIT + GAP + DENY  # lines 1-2, 3-4, 5-6


def test_a_whole_pack_is_read() -> None:
    pack = pack_of("t", {"a.cedar": WHOLE})
    assert ["T-embed", "T-1-gap", "T-1"] == [rule.rule.rule_id for rule in pack.rules]
    assert ["permit", "gap", "deny"] == [rule.rule.kind for rule in pack.rules]
    assert ["t/a.cedar:1", "t/a.cedar:3", "t/a.cedar:5"] == [rule.place for rule in pack.rules]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("unless {", "unles {", 3, "not Cedar"),
        ('@kind("gap") ', "", 3, "lacks @kind"),
        ('@kind("gap") @fact("key_open")', '@kind("gap")', 3, "lacks @fact"),
        ('@id("T-embed")', "", 1, "lacks @id"),
        (
            '@sentence("s") @citation("c")\npermit',
            '@sentence("") @citation("c")\npermit',
            1,
            "lacks @sentence",
        ),
        ('@id("T-embed")', '@id("T-embed") @kind("gap")', 1, "means nothing on a permit"),
        ('@id("T-1")', '@id("T-1") @obligation("retention_days<=1")', 5, "means nothing on a forbid"),
        ('@id("T-1")', '@id("T-1") @owner("me")', 5, "means nothing on a forbid"),
        ('@id("T-1")', '@id("T-1") @id("T-2")', 5, "not Cedar"),
        ('@id("T-1")', '@id("T-1-gap")', 5, "stands already at t/a.cedar:3"),
        ('@id("T-1")', '@id("T-2")', 3, "has no partner T-1"),
        ('@id("T-1")', '@id("one")', 5, "must look like"),
        (GAP, "", 3, "has no partner T-1-gap"),
        (DENY, "", 3, "has no partner T-1"),
        ('@id("T-1") @kind("deny")', '@id("T-1") @kind("gap")', 5, "a gap rule about key_open must read"),
        ('@kind("deny")', '@kind("warn")', 5, '@kind must be "gap" or "deny"'),
        ("context has key_open && ", "", 5, "unable to guarantee safety"),
        ("!context.key_open", "!context.key_opn", 5, "key_opn"),
        ('@fact("key_open")', '@fact("key_opn")', 3, "is no fact of embed"),
        ('@fact("key_open")', '@fact("scan_ground")', 3, "is no fact of embed"),
        ("unless { context has key_open }", "unless { context has consent }", 3, "must read"),
        ("unless { context has key_open }", "when { context has key_open }", 3, "must read"),
        ("unless { context has key_open }", "unless { context has key_open || true }", 3, "must read"),
        ("when { context has key_open && !context.key_open }", "when { true }", 5, "must read"),
        (" && !context.key_open", "", 5, "must read"),
        (
            'resource);\n@id("T-1-gap")',
            'resource) when { true };\n@id("T-1-gap")',
            1,
            "must be unconditional",
        ),
        ("permit (principal,", 'permit (principal == Pipeline::"x",', 1, "must stay open"),
        (
            'permit (principal, action == Action::"embed"',
            "permit (principal, action",
            1,
            "must name its action",
        ),
        (
            'permit (principal, action == Action::"embed"',
            'permit (principal, action == Action::"open"',
            1,
            "open",
        ),
        ("permit (principal,", "permit (principal == ?principal,", 1, "without slots"),
        ('@id("T-embed")', '@id("T-embed") @obligation("retention_days<=0")', 1, "retention_days<=N"),
        ('@id("T-embed")', '@id("T-embed") @obligation("retention_days<=forever")', 1, "retention_days<=N"),
        ('@id("T-embed")', '@id("T-embed") @obligation("keep it short")', 1, "retention_days<=N"),
        (DENY, DENY.removesuffix(";\n"), 5, "not Cedar"),
        (
            "!context.key_open",
            'context has consent && context.consent != Consent::"given"',
            5,
            "reads consent, which has no gap rule",
        ),
    ],
)
def test_a_flawed_rule_is_refused_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in WHOLE
    with pytest.raises(UsageError) as caught:
        pack_of("t", {"a.cedar": WHOLE.replace(old, new, 1)})
    assert f"t/a.cedar:{line}: " in str(caught.value)
    assert says in str(caught.value)


def test_a_misspelt_word_is_refused() -> None:
    consent = WHOLE.replace("key_open", "consent").replace(
        "!context.consent", 'context.consent != Consent::"gven"'
    )
    with pytest.raises(UsageError, match=r"t/a\.cedar:5: .*gven"):
        pack_of("t", {"a.cedar": consent})


def test_pairs_may_not_differ_in_action() -> None:
    both = '(principal, action in [Action::"scan", Action::"embed"], resource)'
    text = WHOLE.replace("key_open", "purpose_known")
    gap_for_both = text.replace(f"forbid {SCOPE} unless", f"forbid {both} unless")
    with pytest.raises(UsageError, match="differ in fact or action"):
        pack_of("t", {"a.cedar": gap_for_both})


def test_semicolons_in_text_and_comments_end_no_rule() -> None:
    text = "// a; b\n\n" + WHOLE.replace('@sentence("s")', '@sentence("no; \\"really\\"; // no")')
    places = [rule.place for rule in pack_of("t", {"a.cedar": text}).rules]
    assert ["t/a.cedar:3", "t/a.cedar:5", "t/a.cedar:7"] == places


@pytest.mark.parametrize("texts", [{}, {"a.cedar": ""}, {"a.cedar": "// nothing\n"}, {"a.cedar": GAP + DENY}])
def test_a_pack_that_permits_nothing_is_refused(texts: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="permits nothing"):
        pack_of("t", texts)


def test_a_rule_id_may_not_stand_in_two_files() -> None:
    with pytest.raises(UsageError, match=r"t/b\.cedar:1: .*already at t/a\.cedar:1"):
        pack_of("t", {"a.cedar": WHOLE, "b.cedar": PERMIT})


def test_the_digest_covers_every_byte_of_every_file(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.cedar").write_text(WHOLE)
    first = load_pack(folder)
    (folder / "README.md").write_text("not a rule")
    assert first.digest == load_pack(folder).digest
    (folder / "a.cedar").write_text(WHOLE + "\n")
    assert first.digest != load_pack(folder).digest
    assert policy_digest([first]) != policy_digest([load_pack(folder)])


@pytest.mark.parametrize("name", ["rules.txt", "a.cedar.bak", "more"])
def test_a_stray_file_in_a_pack_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.cedar").write_text(WHOLE)
    if name == "more":
        (folder / name).mkdir()
    else:
        (folder / name).write_text(WHOLE)
    with pytest.raises(UsageError, match=f"t/{name}"):
        load_pack(folder)


def test_a_pack_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "a.cedar").write_bytes(WHOLE.encode("utf-16"))
    with pytest.raises(UsageError, match=r"t/a\.cedar:1: not UTF-8"):
        load_pack(folder)


@pytest.mark.parametrize("names", [[], ["house", "house"], ["nowhere"]])
def test_packs_must_be_named_and_there(names: list[str]) -> None:
    with pytest.raises(UsageError):
        load_packs(Path(__file__).resolve().parents[3] / "policies", names)


def test_the_house_pack_reads_every_fact_there_is(house: tuple[Pack, ...]) -> None:
    gaps = {(r.rule.fact, action) for r in house[0].rules if r.rule.kind == "gap" for action in r.actions}
    assert {(fact.name, action) for fact in SCHEMA for action in fact.actions} == gaps


def test_the_house_pack_permits_each_action_once(house: tuple[Pack, ...]) -> None:
    assert [Action.EMBED, Action.SCAN] == sorted(
        action for rule in house[0].rules if rule.rule.kind == "permit" for action in rule.actions
    )
