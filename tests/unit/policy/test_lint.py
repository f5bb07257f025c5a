"""A rule that can't do what its sentence says is found before it is in force."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cedar_rules import NOTES, a_pack, pair, permit

from habeas.model.errors import UsageError
from habeas.model.installation.resources import POLICIES as SHIPPED_POLICIES
from habeas.policy.lint import Finding, lint
from habeas.policy.rules import pairs
from habeas.policy.rules.coverage import meaning
from habeas.policy.rules.packs import load_packs

TODAY = date(2026, 11, 23)
PERMITS = permit("T-permit", "scan", "embed", "match", "keep", "certify")
KEY = pair("T-1", "key_open", "!context.key_open")


def packs(place: Path, **texts: str) -> Path:
    """A folder of packs: a house, and what a test says."""
    house = (PERMITS + KEY).replace("T-", "H-") + pair(
        "H-2", "source_registered", "!context.source_registered", "scan"
    )
    for name, text in ({"house": house} | texts).items():
        folder = place / name
        folder.mkdir()
        (folder / "pack.yaml").write_text(
            f"title: A pack\nlaw: urn:example:law\napplies_when: {'always' if name == 'house' else 'law_kr'}\n"
        )
        (folder / "a.cedar").write_text(text)
    return place


def found(place: Path, *severities: str) -> list[Finding]:
    return [each for each in lint(place, TODAY) if each.severity in (severities or ("error", "warning"))]


def says(*rules: str) -> list[tuple[str, str, str]]:
    """What is said about the meaning of these rules."""
    return [(each.severity, each.rule, each.says) for each in meaning(a_pack("t", *rules).rules)]


def test_a_clean_folder_has_nothing_to_mend(tmp_path: Path) -> None:
    assert [] == found(packs(tmp_path, t=PERMITS + KEY))


def test_a_statute_whose_review_ran_out_is_named_with_its_line(tmp_path: Path) -> None:
    """So no set that leans on it can be put into force; one that is in force goes on without it."""
    folder = packs(tmp_path, t=PERMITS + KEY)
    (folder / "purposes.yaml").write_bytes((SHIPPED_POLICIES / "purposes.yaml").read_bytes())
    entry = """\
  - {id: border-photos, law: "https://example.org/act", article: Art 12, place: KR, purposes: [model_training],
     controllers: [Ministry], processor_classes: [controller], data_kinds: [template], reviewed_by: reviewer-1,
     reviewed_on: 2025-11-01, expires_on: DAY, signature: c2lnbmVk}
"""
    for day, count in (("2026-11-24", 0), ("2026-11-23", 1), ("2026-01-01", 1)):
        (folder / "statutes.yaml").write_text("# reviewed\nstatutes:\n" + entry.replace("DAY", day))
        errors = found(folder, "error")
        assert count == len(errors)
        for error in errors:
            assert ("statutes.yaml:3", f"statute border-photos expired on {day}") == (error.place, error.says)
            assert "signed again" in error.mend


def test_the_shipped_packs_have_nothing_to_mend() -> None:
    place = Path(__file__).resolve().parents[3] / "policies"
    assert [] == found(place)


# What reading refuses, each rule on its own.


def test_every_flawed_rule_is_found_with_file_line_and_what_to_do(tmp_path: Path) -> None:
    text = (
        PERMITS.replace('@source("example.org/art-1") ', "", 1)
        + KEY.replace("2024-01-01", "pending", 1)
        + pair("T-2", "sold", "context.sld")
    )
    here = found(packs(tmp_path, t=text), "error")
    assert [("t/a.cedar:1", "@source"), ("t/a.cedar:3", "is no day"), ("t/a.cedar:9", "sld")] == [
        (each.place, word)
        for each, word in zip(here, ("@source", "is no day", "sld"), strict=True)
        if word in each.says
    ]
    assert all(each.mend for each in here)


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        (PERMITS + KEY.replace('enacted("true")', 'enacted("false")', 1), "t/a.cedar:3", "unenacted rule"),
        (
            PERMITS + pair("T-2", "sold", "context.sold").split("\n@id", 1)[0] + "\n",
            "t/a.cedar:3",
            "no partner",
        ),
        (KEY, "t", "permits no scan"),
        (PERMITS + "permit (", "t/a.cedar:3", "not Cedar"),
        (PERMITS + "// \u202e\n", "t/a.cedar:3", "not drawn"),
    ],
)
def test_a_pack_that_cannot_be_read_is_a_finding(tmp_path: Path, text: str, place: str, word: str) -> None:
    (only,) = found(packs(tmp_path, t=text))
    assert ("error", place) == (only.severity, only.place)
    assert word in only.says
    assert only.mend


def test_a_pack_that_is_no_text_or_has_no_pack_yaml_is_a_finding(tmp_path: Path) -> None:
    place = packs(tmp_path, t=PERMITS, u=PERMITS.replace("T-", "U-"))
    (place / "t" / "a.cedar").write_bytes(PERMITS.encode("utf-16"))
    (place / "u" / "pack.yaml").unlink()
    assert ["t/a.cedar:1", "u/pack.yaml is missing"] == [each.place for each in found(place)]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        lint(tmp_path / "nowhere", TODAY)


def test_a_folder_without_the_house_is_an_error(tmp_path: Path) -> None:
    place = packs(tmp_path, t=PERMITS + KEY)
    for file in (place / "house").iterdir():
        file.unlink()
    (place / "house").rmdir()
    assert ["there is no house pack"] == [each.says for each in found(place)]


# Meaning.


@pytest.mark.parametrize(
    "condition",
    [
        "context.key_open && !context.key_open",
        "!context.key_open && !(context has medium || true)",
        "!context.key_open && 1 > 2",
    ],
)
def test_a_rule_that_can_never_fire_is_an_error(condition: str) -> None:
    assert [("error", "T-1", "can never fire for embed")] == says(pair("T-1", "key_open", condition))


def test_a_fact_of_one_action_is_always_missing_for_the_other() -> None:
    """`line_allowed` is a fact of scan alone: asked about at the embed gate, it is missing."""
    applies = "!(context has line_allowed && context.line_allowed)"
    assert [] == says(pair("T-1", "left_out", "context.left_out", "scan", "embed", applies=applies))
    never = pair("T-1", "left_out", "context.left_out && !context.left_out", "scan", "embed", applies=applies)
    assert [("error", "T-1", f"can never fire for {action}") for action in ("scan", "embed")] == says(never)


def test_a_rule_that_cannot_always_be_evaluated_is_an_error() -> None:
    found = says(pair("T-1", "key_open", "!context.key_open && 9223372036854775807 + 1 > 0"))
    assert ("error", "T-1", "can't be evaluated on some facts") in found


def test_a_shadowed_rule_is_told() -> None:
    wide = pair("T-1", "consent", 'context.consent != Consent::"given"')
    narrow = pair("T-2", "consent", 'context.consent == Consent::"withdrawn"')
    assert [("warning", "T-2", "never decides alone: T-1 fires whenever it does")] == says(wide, narrow)
    assert [("warning", "T-2", "never decides alone: T-1 fires whenever it does")] == says(narrow, wide)


def test_a_word_of_another_action_hides_no_shadow() -> None:
    """Words that only a rule of another action names are alike to the rules of this one."""
    wide = pair("T-1", "medium", 'context.medium != Medium::"studio"')
    narrow = pair("T-2", "medium", 'context.medium == Medium::"web"')
    other = pair("T-3", "medium", '[Medium::"cctv", Medium::"event"].contains(context.medium)', "scan")
    assert [("warning", "T-2", "never decides alone: T-1 fires whenever it does")] == says(
        wide, narrow, other
    )


def test_a_rule_that_can_never_fire_is_not_called_shadowed_too() -> None:
    never = pair("T-2", "key_open", "context.key_open && !context.key_open")
    assert [("error", "T-2", "can never fire for embed")] == says(KEY, never)


def test_a_shadow_must_fall_on_every_action() -> None:
    both = pair("T-1", "purpose_known", "!context.purpose_known", "scan", "embed")
    one = pair("T-2", "purpose_known", "!context.purpose_known", "scan")
    assert [("warning", "T-2", "never decides alone: T-1 fires whenever it does")] == says(both, one)


def test_two_rules_that_say_the_same_are_told_once() -> None:
    twin = pair("T-2", "key_open", "!context.key_open")
    assert [("warning", "T-1", "never decides alone: T-2 fires whenever it does")] == says(KEY, twin)


def test_a_rule_that_applies_less_often_is_shadowed() -> None:
    some = pair("T-2", "key_open", "!context.key_open", applies="!(context has sold && context.sold)")
    assert [("warning", "T-2", "never decides alone: T-1 fires whenever it does")] == says(KEY, some)


@pytest.mark.parametrize(
    "other",
    [
        pair("T-2", "encrypted", "!context.encrypted"),
        pair("T-2", "key_open", "context.key_open"),
        pair("T-2", "key_open", "!context.key_open && !(context has sold && context.sold)", "embed").replace(
            "!context.key_open && !(", "!(", 1
        ),
        pair("T-2", "purpose_known", "!context.purpose_known", "scan"),
    ],
)
def test_rules_that_decide_apart_are_not_shadowed(other: str) -> None:
    base = pair("T-1", "purpose_known", "!context.purpose_known") if "purpose_known" in other else KEY
    assert [] == says(base, other)


def test_a_missing_fact_that_could_be_allowed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading refuses such a pack; this finds it by trying, whatever reading thinks."""
    monkeypatch.setattr(pairs, "_check_reads", lambda rules: None)
    rule = pair("T-1", "key_open", "!context.key_open", applies="context has sold && context.sold")
    expected = "denies for some value of sold, and could allow where sold is missing"
    assert [("error", "T-1", expected)] == says(rule)
    assert [] == says(rule, pair("T-2", "sold", "!context.sold"))
    closed = pair("T-1", "key_open", "!context.key_open", applies="!(context has sold && !context.sold)")
    assert [] == says(closed)


def test_a_missing_fact_of_the_pair_itself_is_the_gap_rules_business(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [each for each in a_pack("t", KEY).rules if each.rule.rule_id != "T-1-gap"]
    assert ["denies for some value of key_open, and could allow where key_open is missing"] == [
        each.says for each in meaning(rules)
    ]


def test_too_many_facts_to_try_are_told() -> None:
    names = ("sold", "encrypted", "commercial", "outsourced", "opt_out", "undertaking", "restricted", "objected",
             "model_training", "access_logged")  # fmt: skip
    applies = " && ".join(f"!(context has {name} && context.{name})" for name in names)
    assert {("info", "reads too many facts to be tried on all of them")} == {
        (severity, told)
        for severity, _, told in says(pair("T-1", "key_open", "!context.key_open", applies=applies))
    }


def test_facts_compared_with_one_another_are_tried_on_every_word() -> None:
    """With one word for all that no rule names, two facts could never differ."""
    differ = "context has processing_ground && context.processing_ground != context.roster_ground"
    named = pair(
        "T-2",
        "processing_ground",
        '!(context has sold && context.sold) && context.processing_ground == Ground::"none"',
    )
    assert [] == says(pair("T-1", "roster_ground", differ), named)


def test_a_gap_rule_that_applies_here_and_there_speaks_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_check_reads", lambda rules: None)
    rule = pair("T-1", "key_open", "!context.key_open", applies="context has sold && context.sold")
    some = pair("T-2", "sold", "!context.sold", applies="!(context has commercial && context.commercial)")
    assert "denies for some value of sold, and could allow where sold is missing" in {
        told for *_, told in says(rule, some)
    }


def test_a_deny_rule_about_a_fact_is_no_gap_rule_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "_check_reads", lambda rules: None)
    rule = pair("T-1", "key_open", "!context.key_open", applies="context has sold && context.sold")
    both = [
        each
        for each in a_pack("t", rule, pair("T-2", "sold", "!context.sold")).rules
        if each.rule.rule_id != "T-2-gap"
    ]
    assert ["denies for some value of sold, and could allow where sold is missing"] == [
        each.says for each in meaning(both) if each.rule == "T-1"
    ]


# The folder as a whole.


def test_one_id_in_two_packs_is_an_error(tmp_path: Path) -> None:
    (only,) = found(packs(tmp_path, t=PERMITS + KEY, u=PERMITS + KEY.replace("T-", "U-")))
    assert ("error", "u/a.cedar:1", "T-permit") == (only.severity, only.place, only.rule)
    assert "t/a.cedar:1" in only.says


def test_a_rule_whose_day_lies_ahead_is_told(tmp_path: Path) -> None:
    ahead = KEY.replace("2024-01-01", "2026-11-24")
    told = [each for each in found(packs(tmp_path, t=PERMITS + ahead), "info") if each.rule.startswith("T-")]
    assert ["comes into force on 2026-11-24 and is applied already"] * 2 == [each.says for each in told]


def test_a_rule_of_today_is_in_force(tmp_path: Path) -> None:
    now = KEY.replace("2024-01-01", "2026-11-23")
    assert [] == [
        each for each in found(packs(tmp_path, t=PERMITS + now), "info") if each.rule.startswith("T-")
    ]


def test_a_pending_rule_is_told(tmp_path: Path) -> None:
    notes = NOTES.replace("2024-01-01", "pending").replace('enacted("true")', 'enacted("false")')
    place = packs(tmp_path, t=PERMITS + pair("T-1", "key_open", "!context.key_open", notes=notes))
    told = [each.rule for each in found(place, "info") if "not enacted" in each.says]
    assert ["T-1-gap", "T-1"] == told


def test_a_pack_that_is_silent_about_an_action_of_its_law_is_told(tmp_path: Path) -> None:
    told = found(packs(tmp_path, t=permit("T-permit", "scan", "embed", "keep")), "warning")
    assert ["permits no match: wherever the pack applies, every match is refused"] == [
        each.says for each in told
    ]


def test_a_fact_that_no_rule_reads_is_told(tmp_path: Path) -> None:
    unread = {each.rule for each in found(packs(tmp_path, t=PERMITS + KEY), "info")}
    assert "consent" in unread
    assert not {"key_open", "law_kr", "waived"} & unread


def test_a_pack_that_permits_and_refuses_nothing_is_an_error(tmp_path: Path) -> None:
    """Put into force it would allow whatever it is asked, for everybody."""
    (only,) = found(packs(tmp_path, t=PERMITS))
    assert ("error", "t/", "permits and refuses nothing") == (only.severity, only.place, only.says)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("", "permits and refuses nothing"),
        (KEY, "permits every scan and refuses none"),
        (
            pair("T-2", "source_registered", "!context.source_registered", "scan"),
            "permits every embed and refuses none",
        ),
    ],
)
def test_house_rules_that_refuse_no_scan_or_no_embed_are_an_error(
    tmp_path: Path, rules: str, says: str
) -> None:
    place = packs(tmp_path, house=PERMITS + rules)
    assert [("error", "house/", says)] == [(e.severity, e.place, e.says) for e in found(place, "error")]


def test_what_lint_calls_clean_can_be_loaded(tmp_path: Path) -> None:
    place = packs(tmp_path, t=PERMITS + KEY)
    assert [] == found(place, "error")
    assert 2 == len(load_packs(place, ["house", "t"]))


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("purposes.yaml", "purposes:\n  - id: A\n", 2),
        ("activities.yaml", "activities:\n  - purpose: archive_search\n", 2),
        (
            "waivers.yaml",
            "waivers:\n  - {rule: T-1, owner: x, reason: y, granted_on: 2026-01-01, ends_on: 2027-01-01}\n",
            2,
        ),
        ("tainted.yaml", "models: &a [*a]\n", 1),
        ("waivers.yaml", "waivers: []\nwaivers: []\n", 2),
    ],
)
def test_a_list_beside_the_packs_that_cannot_be_read_is_a_finding(
    tmp_path: Path, file: str, text: str, line: int
) -> None:
    place = packs(tmp_path, t=PERMITS + KEY)
    (place / file).write_text(text)
    assert [("error", f"{file}:{line}")] == [(each.severity, each.place) for each in found(place)]
