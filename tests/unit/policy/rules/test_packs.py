"""A pack is read strictly: what is not understood stops the reading, with file, line and what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cedar_rules import ALWAYS, NOTES, a_pack, pair, permit, scope

from habeas.model.decision import Action
from habeas.model.errors import UsageError
from habeas.policy.rules.packs import (
    PackMeta,
    load_pack,
    load_packs,
    pack_names,
    pack_of,
    policy_digest,
    read_meta,
)

PERMIT = permit("T-permit", "scan", "embed")
PAIR = pair("T-1", "key_open", "!context.key_open")
WHOLE = PERMIT + PAIR  # lines 1-2; the gap rule 3-4, the deny rule 5-6
GAP, DENY = PAIR[: PAIR.index('@id("T-1") ')], PAIR[PAIR.index('@id("T-1") ') :]
META = "title: A small pack\nlaw: urn:example:law\napplies_when: law_kr\n"


def read(text: str, name: str = "t"):
    return pack_of(name, {"a.cedar": text}, ALWAYS)


def refused(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert caught.value.hint, "no error without what to do"
    return caught.value


def test_a_whole_pack_is_read() -> None:
    pack = read(WHOLE)
    assert ["T-permit", "T-1-gap", "T-1"] == [rule.rule.rule_id for rule in pack.rules]
    assert ["permit", "gap", "deny"] == [rule.rule.kind for rule in pack.rules]
    assert ["t/a.cedar:1", "t/a.cedar:3", "t/a.cedar:5"] == [rule.place for rule in pack.rules]
    assert all(rule.rule.curable for rule in pack.rules)
    last = pack.rules[-1]
    assert ("example.org/art-1", date(2024, 1, 1), "text", "") == (
        last.source,
        last.effective_from,
        last.confidence,
        last.regulator_permits,
    )
    assert {Action.EMBED: ("key_open",), Action.SCAN: ()} == {
        action: pack.reads[action] for action in (Action.EMBED, Action.SCAN)
    }


GAPS = PERMIT + GAP
ONLY = 'forbid (principal, action == Action::"embed", resource) '


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        # Cedar itself.
        ("unless {", "unles {", 3, "not Cedar"),
        (DENY, DENY.removesuffix(";\n"), 5, "not Cedar"),
        ('@id("T-1") ', '@id("T-1") @id("T-2") ', 5, "not Cedar"),
        ("permit (principal,", "permit (principal == ?principal,", 1, "without slots"),
        ("context has key_open && ", "", 5, "unable to guarantee safety"),
        ("!context.key_open", "!context.key_opn", 5, "key_opn"),
        ('Action::"scan"', 'Action::"open"', 1, "open"),
        # Annotations.
        ('@id("T-permit") ', "", 1, "lacks @id"),
        ('@sentence("Because.") ', '@sentence("") ', 1, "lacks @sentence"),
        ('@citation("Art 1") ', "", 1, "lacks @citation"),
        ('@source("example.org/art-1") ', "", 1, "lacks @source"),
        ('@source("example.org/art-1") ', '@source(" ") ', 1, "lacks @source"),
        ('@effective_from("2024-01-01") ', "", 1, "lacks @effective_from"),
        ('@enacted("true") ', "", 1, "lacks @enacted"),
        ('@confidence("text")', "", 1, "lacks @confidence"),
        ('@kind("gap") ', "", 3, "lacks @kind"),
        ('@kind("gap") @fact("key_open")', '@kind("gap")', 3, "lacks @fact"),
        ('@id("T-permit")', '@id("T-permit") @kind("gap")', 1, "@kind means nothing on a permit"),
        ('@id("T-permit")', '@id("T-permit") @curable("false")', 1, "means nothing on a permit"),
        ('@id("T-1")', '@id("T-1") @obligation("human_review")', 5, "means nothing on a forbid"),
        ('@id("T-1")', '@id("T-1") @owner("me")', 5, "means nothing on a forbid"),
        ('@id("T-1")', '@id("T-1") @curable("no")', 5, "@curable must be"),
        ('@id("T-1")', '@id("T-1") @regulator_permits("PIPC")', 5, "@regulator_permits must be"),
        ('@id("T-1")', '@id("T-1") @regulator_permits("none")', 5, "@regulator_permits must be"),
        ('@confidence("text")', '@confidence("sure")', 1, "@confidence must be"),
        ('@enacted("true")', '@enacted("yes")', 1, "@enacted must be"),
        ('@kind("deny")', '@kind("warn")', 5, '@kind must be "gap" or "deny"'),
        # When a rule is in force.
        ('@enacted("true")', '@enacted("false")', 1, "an unenacted rule is marked active"),
        ('"2024-01-01") @enacted("true")', '"pending") @enacted("true")', 1, "is no day"),
        ("2024-01-01", "2024-02-30", 1, "is no day"),
        ("2024-01-01", "20240101", 1, "is no day"),
        ("2024-01-01", "2024-W01-1", 1, "is no day"),
        # Ids and pairs.
        ('@id("T-1")', '@id("one")', 5, "must look like"),
        ('@id("T-1")', '@id("T-1-gap")', 5, "stands already at t/a.cedar:3"),
        ('@id("T-1")', '@id("T-2")', 3, "has no partner T-1"),
        (GAP, "", 3, "has no partner T-1-gap"),
        (DENY, "", 3, "has no partner T-1"),
        (
            '@id("T-1-gap") @kind("gap")',
            '@id("T-1-gap") @curable("false") @kind("gap")',
            3,
            "differ in @curable",
        ),
        ('@id("T-1")', '@id("T-1") @regulator_permits("PIPC-2022")', 3, "differ in @regulator_permits"),
        (
            DENY,
            DENY.replace("2024-01-01", "pending").replace('enacted("true")', 'enacted("false")'),
            3,
            "@enacted",
        ),
        (
            "resource) unless",
            "resource) when { !(context has sold && context.sold) } unless",
            3,
            "differ in where",
        ),
        # Shapes.
        ('@fact("key_open")', '@fact("key_opn")', 3, "is no fact of embed"),
        ('@fact("key_open")', '@fact("scan_ground")', 3, "is no fact of embed"),
        ('@fact("key_open")', '@fact("waived")', 3, "is no fact of embed"),
        ("unless { context has key_open }", "unless { context has consent }", 3, "must read"),
        ("unless { context has key_open }", "when { context has key_open }", 3, "must read"),
        ("unless { context has key_open }", "unless { context has key_open || true }", 3, "must read"),
        ("unless { context has key_open }", "", 3, "must read"),
        ("when { context has key_open && !context.key_open }", "when { true }", 5, "must read"),
        ("when { context has key_open && !context.key_open }", "", 5, "must read"),
        (" && !context.key_open", "", 5, "must read"),
        ("has key_open && !context.key_open }", "has key_open || true }", 5, "must read"),
        ("context has key_open && !", "!false && context has key_open && !", 5, "must read"),
        (
            "has key_open && !context.key_open }",
            "has key_open && !context.key_open } when { true }",
            5,
            "must read",
        ),
        ('@id("T-1") @kind("deny")', '@id("T-1") @kind("gap")', 5, "a gap rule about key_open must read"),
        ("resource) unless", "resource) unless { true } unless", 3, "must read"),
        ("resource) unless", "resource) when { true } when { true } unless", 3, "must read"),
        ("resource) unless", "resource) when { context has key_open } unless", 3, "is never missing"),
        ("resource);", "resource) when { true };", 1, "a permit must be unconditional"),
        ("permit (principal,", 'permit (principal == Pipeline::"x",', 1, "must stay open"),
        ("resource);", 'resource == Thing::"x");', 1, "must stay open"),
        ('action in [Action::"scan", Action::"embed"]', "action", 1, "must name its action"),
        ('Action::"embed", resource) unless', 'Action::"match", resource) unless', 3, "is no fact of match"),
        # Obligations.
        ('@id("T-permit")', '@id("T-permit") @obligation("retention_days<=0")', 1, "no obligation"),
        ('@id("T-permit")', '@id("T-permit") @obligation("retention_days>=5")', 1, "no obligation"),
        ('@id("T-permit")', '@id("T-permit") @obligation("log_days<=5")', 1, "no obligation"),
        ('@id("T-permit")', '@id("T-permit") @obligation("retention_days<=forever")', 1, "no obligation"),
        ('@id("T-permit")', '@id("T-permit") @obligation("human_review;")', 1, "no obligation"),
        ('@id("T-permit")', '@id("T-permit") @obligation("keep it short")', 1, "no obligation"),
        ('@id("T-permit")', '@id("T-permit") @obligation("log_days>=5; log_days>=6")', 1, "twice"),
    ],
)
def test_a_flawed_rule_is_refused_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in WHOLE
    error = refused(WHOLE.replace(old, new, 1))
    assert error.message.startswith(f"t/a.cedar:{line}: ")
    assert says in error.message


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\u3164", "\u00a0", "\u2028", "\x07"]
)
@pytest.mark.parametrize("where", ["Because.", "T-1-gap", "Art 1", "key_open };", "// remark"])
def test_what_nobody_sees_is_refused_anywhere_in_a_rule(hidden: str, where: str) -> None:
    text = "// remark\n" + WHOLE
    error = refused(text.replace(where, where[:2] + hidden + where[2:], 1))
    assert error.message.startswith("t/a.cedar:")
    assert hidden not in str(error)


@pytest.mark.parametrize("name", ["sentence", "id", "citation", "source"])
@pytest.mark.parametrize("escaped", [r"\u{202e}", r"\u{200b}", r"\n", r"\0"])
def test_what_nobody_sees_is_refused_when_it_comes_as_an_escape(name: str, escaped: str) -> None:
    error = refused(WHOLE.replace(f'@{name}("', f'@{name}("a{escaped}', 1))
    assert error.message.startswith("t/a.cedar:1: ")


def test_the_line_of_what_nobody_sees_is_named() -> None:
    assert refused(WHOLE.replace("!context", "!\u200bcontext")).message.startswith("t/a.cedar:6: ")


def test_what_no_consent_cures_is_marked() -> None:
    marked = read(PERMIT + pair("T-1", "key_open", "!context.key_open", more='@curable("false")'))
    assert [True, False, False] == [each.rule.curable for each in marked.rules]


def test_what_is_seen_is_fine_in_any_script() -> None:
    assert "민감정보" in read(WHOLE.replace("Because.", "민감정보 – § 23, ¶ 1 “so”")).rules[0].rule.sentence
    assert 3 == len(read(WHOLE.replace("\n", "\r\n").replace(") @", ")\t@")).rules)


def test_a_misspelt_word_is_refused() -> None:
    text = PERMIT + pair("T-1", "consent", 'context.consent != Consent::"gven"')
    assert "gven" in refused(text).message


def test_pairs_may_not_differ_in_action_or_fact() -> None:
    text = WHOLE.replace("key_open", "purpose_known")
    both = text.replace(f"forbid {scope('embed')} unless", f"forbid {scope('scan', 'embed')} unless")
    assert "differ in action" in refused(both).message
    two = (
        PERMIT + GAP + pair("T-2", "encrypted", "!context.encrypted").replace("T-2", "T-1").split(";\n", 1)[1]
    )
    assert "differ in fact" in refused(two).message


def test_a_comment_or_text_with_semicolons_ends_no_rule() -> None:
    text = "\n// a; b\n\n" + WHOLE.replace("Because.", 'no; \\"really\\"; // no')
    assert ["t/a.cedar:4", "t/a.cedar:6", "t/a.cedar:8"] == [rule.place for rule in read(text).rules]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "permits no scan and no embed"),
        ("// nothing\n", "permits no scan and no embed"),
        (PAIR, "permits no scan and no embed"),
        (permit("T-permit", "embed") + PAIR, "permits no scan"),
        (
            PERMIT + pair("T-1", "within_retention", "!context.within_retention", "match"),
            "speaks about match",
        ),
        (
            PERMIT.replace("2024-01-01", "pending").replace('enacted("true")', 'enacted("false")'),
            "permits no scan",
        ),
    ],
)
def test_a_pack_that_could_never_allow_is_refused(text: str, says: str) -> None:
    assert says in refused(text).message


def test_a_rule_id_may_not_stand_in_two_files() -> None:
    with pytest.raises(UsageError, match=r"t/b\.cedar:1: .*already at t/a\.cedar:1"):
        pack_of("t", {"a.cedar": WHOLE, "b.cedar": PERMIT}, ALWAYS)


def test_a_pending_rule_is_listed_and_never_evaluated() -> None:
    pending = NOTES.replace("2024-01-01", "pending").replace('enacted("true")', 'enacted("false")')
    pack = read(WHOLE + pair("T-2", "encrypted", "!context.encrypted", notes=pending))
    assert ["T-2-gap", "T-2"] == [each.rule.rule_id for each in pack.pending]
    assert all(not each.enacted and each.effective_from is None for each in pack.pending)
    assert "encrypted" not in pack.reads[Action.EMBED]


# Other facts: while one is missing, no rule may be silent.

OTHER = pair("T-9", "encrypted", "!context.encrypted")


@pytest.mark.parametrize(
    "applies",
    [
        "!(context has encrypted && context.encrypted)",
        "!(context has encrypted && !context.encrypted)",
        '!(context has medium && context.medium == Medium::"studio")',
        '!(context has medium && [Medium::"web", Medium::"cctv"].contains(context.medium))',
        "!(context has encrypted && context.encrypted && context has sold && !context.sold)",
        "!(context has encrypted && context.encrypted) && !(context has sold && context.sold)",
        "!(context has encrypted && context.encrypted) || !(context has sold && context.sold)",
        "!((context has encrypted && context.encrypted) || (context has sold && context.sold))",
        "!(context has encrypted)",
    ],
)
def test_a_fact_read_so_that_absence_denies_is_fine(applies: str) -> None:
    read(PERMIT + pair("T-1", "key_open", "!context.key_open", applies=applies))
    read(PERMIT + pair("T-1", "key_open", f"!context.key_open && ({applies})"))


@pytest.mark.parametrize(
    "applies",
    [
        "context has encrypted && context.encrypted",
        "context has encrypted",
        "!(!(context has encrypted && context.encrypted))",
        "!(context has sold && context.sold && !(context has encrypted && context.encrypted))",
        "!(context has sold && context.sold) && context has encrypted && !context.encrypted",
        "if context has encrypted then context.encrypted else true",
        "(context has encrypted) == true",
        "(context has encrypted) != false",
        "!((context has encrypted) == false)",
    ],
)
def test_a_fact_whose_absence_would_silence_a_rule_is_refused(applies: str) -> None:
    for rule in (
        pair("T-1", "key_open", "!context.key_open", applies=applies),
        pair("T-1", "key_open", f"!context.key_open && ({applies})"),
    ):
        error = refused(PERMIT + rule)
        assert "silent while encrypted is missing" in error.message
        read(PERMIT + rule + OTHER)  # a gap rule of its own mends it


def test_a_gap_rule_that_applies_here_and_there_does_not_mend_it() -> None:
    reading = pair(
        "T-1", "key_open", "!context.key_open", applies="context has encrypted && context.encrypted"
    )
    some = pair("T-9", "encrypted", "!context.encrypted", applies="!(context has sold && context.sold)")
    assert "silent while encrypted is missing" in refused(PERMIT + reading + some).message


def test_a_gap_rule_for_another_action_does_not_mend_it() -> None:
    reading = pair(
        "T-1", "purpose_known", "!context.purpose_known", "scan", "embed",
        applies="context has left_out && context.left_out",
    )  # fmt: skip
    some = pair("T-9", "left_out", "context.left_out", "embed")
    error = refused(PERMIT + reading + some)
    assert "silent while left_out is missing" in error.message
    assert "for scan" in error.hint


# Files.


def folder(place: Path, **files: str) -> Path:
    made = place / "t"
    made.mkdir()
    for name, text in {"a_cedar": WHOLE, "pack_yaml": META, **files}.items():
        if text:
            (made / name.replace("_", ".")).write_text(text)
    return made


def test_a_pack_says_what_law_it_is(tmp_path: Path) -> None:
    assert PackMeta("A small pack", "urn:example:law", "law_kr") == load_pack(folder(tmp_path)).meta


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("law_kr", "law_mars", 3, "applies_when names no law"),
        ("law_kr", "medium", 3, "applies_when names no law"),
        ("law_kr", "commercial", 3, "applies_when names no law"),
        ("title: A small pack\n", "", 1, "title"),
        ("law: urn:example:law", "law: ", 2, "plain text|empty"),
        ("title: A small pack\n", "title: A small pack\ntitle: again\n", 2, "stands twice"),
        ("title: A small pack\n", "title: A small pack\nowner: me\n", 1, "owner"),
        ("A small pack", "A \u202esmall pack", 1, "not drawn"),
        ("A small pack", "&a pack", 1, ""),
    ],
)
def test_a_flawed_pack_yaml_is_refused_with_its_line(old: str, new: str, line: int, says: str) -> None:
    text = META.replace(old, new, 1)
    if "&" in new:
        text = text.replace("urn:example:law", "*a")
        line = 2
    with pytest.raises(UsageError, match=f"^t/pack.yaml:{line}: .*({says})"):
        read_meta("t", text.encode())


def test_the_house_applies_always() -> None:
    with pytest.raises(UsageError, match=r"house/pack\.yaml"):
        read_meta("house", META.encode())
    with pytest.raises(UsageError, match=r"house/pack\.yaml"):
        pack_of("house", {"a.cedar": WHOLE}, PackMeta("t", "l", "law_kr"))


def test_a_pack_without_pack_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"t/pack\.yaml is missing"):
        load_pack(folder(tmp_path, pack_yaml=""))


def test_the_digest_covers_every_rule_file_and_what_pack_yaml_says(tmp_path: Path) -> None:
    made = folder(tmp_path)
    first = load_pack(made)
    (made / "README.md").write_text("not a rule")
    assert first.digest == load_pack(made).digest
    (made / "pack.yaml").write_text(META.replace("law_kr", "law_eu"))
    assert first.digest != load_pack(made).digest
    (made / "pack.yaml").write_text(META)
    (made / "a.cedar").write_text(WHOLE + "\n")
    assert first.digest != load_pack(made).digest
    assert policy_digest([first]) != policy_digest([load_pack(made)])


@pytest.mark.parametrize("name", ["rules.txt", "a.cedar.bak", "more", "more.cedar", "other.yaml"])
def test_a_stray_file_in_a_pack_is_refused(tmp_path: Path, name: str) -> None:
    made = folder(tmp_path)
    if name.startswith("more"):
        (made / name).mkdir()
    else:
        (made / name).write_text(WHOLE)
    with pytest.raises(UsageError, match=f"t/{name}"):
        load_pack(made)


def test_a_pack_that_is_no_text_is_refused(tmp_path: Path) -> None:
    made = folder(tmp_path)
    (made / "a.cedar").write_bytes(WHOLE.encode("utf-16"))
    with pytest.raises(UsageError, match=r"t/a\.cedar:1: not UTF-8"):
        load_pack(made)


def test_a_hidden_file_is_no_part_of_a_pack(tmp_path: Path) -> None:
    made = folder(tmp_path)
    first = load_pack(made)
    (made / ".DS_Store").write_bytes(b"\x00")
    assert first.digest == load_pack(made).digest


def test_the_order_in_which_files_are_listed_changes_nothing() -> None:
    texts = {"a.cedar": PERMIT, "b.cedar": PAIR}
    one, two = (pack_of("t", dict(items), ALWAYS) for items in (texts.items(), reversed(texts.items())))
    assert one == two
    assert [each.place for each in one.rules] == [each.place for each in two.rules]


def test_the_packs_of_a_folder_are_its_sub_folders(tmp_path: Path) -> None:
    for name in ("b", "a", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "purposes.yaml").write_text("")
    assert ("a", "b") == pack_names(tmp_path)
    with pytest.raises(UsageError):
        pack_names(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["T", "t_1", "1t"])
def test_a_pack_is_called_in_lower_case(tmp_path: Path, name: str) -> None:
    folder(tmp_path).rename(tmp_path / name)
    with pytest.raises(UsageError, match="no such policy pack"):
        load_packs(tmp_path, [name])


@pytest.mark.parametrize("names", [[], ["t", "t"], ["nowhere"], ["../t"], ["T"], [""]])
def test_packs_must_be_named_and_there(tmp_path: Path, names: list[str]) -> None:
    folder(tmp_path)
    with pytest.raises(UsageError):
        load_packs(tmp_path, names)


def test_two_packs_of_one_test_differ_by_name_alone() -> None:
    assert a_pack("a").digest != a_pack("b").digest
