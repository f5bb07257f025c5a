"""Facts: what nobody supplied is absent, what a complete list doesn't name is no, and none of them names anybody."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from deriving import (
    NOW,
    PURPOSES,
    START,
    a_full_statement,
    a_processor,
    a_subject,
    a_vendor,
    a_waiver,
    an_activity,
    embed,
    lists,
    scan,
    terms,
)
from ordinary import a_leave_out, a_line, a_place, a_source, a_statement, day

from habeas.model.decision import Action
from habeas.model.jurisdictions import ALL
from habeas.model.people import Scope
from habeas.policy.derivation.activity import Clock
from habeas.policy.derivation.derive import retention_end
from habeas.policy.derivation.source_terms import terms_of
from habeas.policy.facts.schema import canonical, fact_named, facts_of, odd
from habeas.policy.lists.activities import NOT_AUDITED, NOT_DISCLOSED
from habeas.policy.lists.activity import Activity, Notice, Recipient
from habeas.policy.lists.statutes import Statute


def law(facts: Any) -> set[str]:
    return {name for name in ALL if facts[name]}


def test_an_ordinary_line_has_every_fact() -> None:
    waived = {"waivers": (a_waiver(),)}
    assert [fact.name for fact in facts_of(Action.EMBED)] == list(embed(**waived).facts)
    assert [fact.name for fact in facts_of(Action.SCAN)] == list(scan(**waived).facts)


def test_every_fact_has_its_type() -> None:
    """What the schema can't read denies everything; derivation must never write it."""
    assert () == odd(Action.EMBED, embed(waivers=(a_waiver(),)).facts)
    assert () == odd(Action.SCAN, scan(waivers=(a_waiver(),)).facts)


def test_facts_hold_no_id_and_no_instant() -> None:
    text = canonical(embed(waivers=(a_waiver(),)).facts) + canonical(scan().facts)
    for secret in (
        "subject-1",
        "asset-1",
        "line-1",
        "archive_search",
        "2026",
        "Museum",
        "privacy-office",
        "Hanok",
    ):
        assert secret not in text


def test_two_people_in_the_same_position_share_one_fact_set() -> None:
    other = embed(
        line=a_line(subject_id="subject-2", line_id="line-2"),
        subject=a_subject(subject_id="subject-2"),
        statements=[a_full_statement(subject_id="subject-2")],
        place=a_place("studio", asset_id="asset-2", captured_at=day("2026-02-02")),
    )
    assert embed().facts == other.facts


def test_what_nobody_supplied_is_left_out() -> None:
    """Without source, activity, person and key, only complete lists and laws answer."""
    nothing: dict[str, Any] = {"source": None, "activity": None, "model": None}
    bare = embed(**nothing, subject=None, statements=[], key_open=None).facts
    registers = {name for name in bare if (fact := fact_named(name)) and fact.register}
    assert {"purpose_known", "commercial", "model_training", "gallery_building", "activity_recorded", "left_out",
            "objected", "restricted", "separate_consent"} == registers  # fmt: skip
    assert {"subject_known", "line_attested", "encrypted"} == set(bare) - registers - ALL
    assert ALL == law(bare)
    assert {"purpose_known", "gallery_building", "source_registered", "left_out"} == set(
        scan(**nothing, line_allowed=None, line_laws=None).facts
    ) - ALL


def test_an_activity_that_says_nothing_supplies_nothing() -> None:
    silent = Activity("archive_search")
    told = embed(activity=silent).facts.keys() - embed(activity=None).facts.keys()
    assert set() == told
    assert True is embed(activity=silent).facts["activity_recorded"]
    assert False is embed(activity=None).facts["activity_recorded"]


def test_without_a_notice_nobody_knows_whether_consent_rests_on_it() -> None:
    assert "notice_current" not in embed(activity=an_activity(notice=None)).facts
    assert "notice_current" not in embed(statements=[]).facts


def test_a_placeholder_line_has_no_person() -> None:
    facts = embed(line=a_line(subject_id=None)).facts
    assert False is facts["subject_known"]
    personal = {"consent", "consent_explicit", "consent_in_scope", "separate_consent", "recipient_consented",
                "key_open", "age", "last_contact", "guardian_consented", "notice_current"}  # fmt: skip
    assert not personal & set(facts)
    assert ALL - {"law_us_il"} == law(facts)  # nobody knows where they live; no private body takes part


# Which laws


def test_laws_unite_over_person_source_and_activity() -> None:
    assert {"law_kr"} == law(embed().facts)
    assert {"law_kr", "law_eu"} == law(embed(subject=a_subject(jurisdictions=("KR", "FR"))).facts)
    assert {"law_kr", "law_us_tx"} == law(embed(source=a_source(capture_place="US-TX")).facts)
    assert {"law_eu", "law_kr"} == law(embed(source=a_source(jurisdiction="DE")).facts)
    for changes in (
        {"processing_places": ("US-WA",)},
        {"transfers": ("US-WA",)},
        {"recipient": a_vendor(place="US-WA")},
        {"processors": (a_processor(place="US-WA"),)},
    ):
        assert {"law_kr", "law_us_wa"} == law(embed(activity=an_activity(**changes)).facts)


def test_a_place_nobody_knows_brings_every_law() -> None:
    assert ALL == law(embed(subject=None).facts) | {"law_us_il"}
    assert ALL == law(embed(subject=a_subject(jurisdictions=None)).facts) | {"law_us_il"}
    assert ALL == law(embed(subject=a_subject(jurisdictions=())).facts) | {"law_us_il"}
    assert ALL == law(embed(activity=None).facts)
    assert ALL == law(embed(activity=an_activity(processors=None)).facts)
    assert ALL == law(embed(source=a_source(capture_place="unknown")).facts) | {"law_us_il"}


def test_illinois_reaches_private_bodies_alone() -> None:
    american = {"subject": a_subject(jurisdictions=("US-IL",))}
    assert not embed(**american).facts["law_us_il"]
    assert embed(**american, source=a_source(controller_kind="private")).facts["law_us_il"]
    assert embed(**american, activity=an_activity(recipient=a_vendor())).facts["law_us_il"]
    assert embed(**american, activity=an_activity(processors=(a_processor(),))).facts["law_us_il"]
    public = an_activity(processors=(a_processor(kind="public"),))
    assert not embed(**american, activity=public).facts["law_us_il"]
    contractor = a_source(controller_kind="private", contractor_scope=True)
    assert not embed(**american, source=contractor).facts["law_us_il"]
    beyond = a_source(controller_kind="private", contractor_scope=False)
    assert embed(**american, source=beyond).facts["law_us_il"]


def test_a_scan_is_under_the_laws_of_those_who_are_listed() -> None:
    assert {"law_kr"} == law(scan().facts)
    assert {"law_kr", "law_eu"} == law(scan(line_laws={"law_eu"}).facts)
    assert ALL == law(scan(line_laws=None).facts) | {"law_us_il"}


# The record of activities


@pytest.mark.parametrize(
    ("processors", "facts"),
    [
        (None, (None, None, None, None, None)),
        ((), (False, True, True, True, True)),
        ((a_processor(),), (True, True, True, True, True)),
        ((a_processor(), a_processor(contract=False)), (True, False, True, True, True)),
        ((a_processor(), a_processor(contract=None)), (True, None, True, True, True)),
        ((a_processor(contract=None), a_processor(contract=False)), (True, False, True, True, True)),
        ((a_processor(disclosed_on=date(2026, 6, 1)),), (True, True, True, True, True)),
        ((a_processor(disclosed_on=date(2026, 6, 2)),), (True, True, False, True, True)),
        ((a_processor(disclosed_on=NOT_DISCLOSED),), (True, True, False, True, True)),
        ((a_processor(disclosed_on=None),), (True, True, None, True, True)),
        ((a_processor(audited_on=date(2025, 6, 1)),), (True, True, True, True, True)),
        ((a_processor(audited_on=date(2025, 5, 31)),), (True, True, True, False, True)),
        ((a_processor(audited_on=date(2026, 6, 2)),), (True, True, True, False, True)),
        ((a_processor(audited_on=NOT_AUDITED),), (True, True, True, False, True)),
        ((a_processor(audited_on=None),), (True, True, True, None, True)),
        ((a_processor(onward_approved=False),), (True, True, True, True, False)),
    ],
)
def test_processors_are_bound_public_and_audited_or_it_shows(processors: Any, facts: Any) -> None:
    found = embed(activity=an_activity(processors=processors)).facts
    names = (
        "outsourced",
        "processor_contract",
        "processor_disclosed",
        "processor_audited",
        "onward_approved",
    )
    assert facts == tuple(found.get(name) for name in names)


@pytest.mark.parametrize(
    ("activity", "private"),
    [
        ({}, False),
        ({"recipient": a_vendor()}, True),
        (
            {"processors": (a_processor(kind="public"), a_processor())},
            True,
        ),  # the ministry called itself recipient
        ({"processors": (a_processor(kind="public"),)}, False),
        ({"processors": None}, None),
        ({"recipient": None}, None),
        ({"recipient": None, "processors": (a_processor(),)}, True),
        ({"recipient": a_vendor(), "processors": None}, True),
    ],
)
def test_a_private_body_that_works_for_a_public_one_is_a_private_body(activity: Any, private: Any) -> None:
    assert private is embed(activity=an_activity(**activity)).facts.get("recipient_private")


@pytest.mark.parametrize(
    ("source", "activity", "korea", "eea"),
    [
        ({}, {}, False, False),
        ({}, {"transfers": ("US",)}, True, False),
        ({}, {"transfers": ("unknown",)}, True, True),
        ({}, {"processing_places": ("DE",)}, True, True),  # and it comes back
        ({"jurisdiction": "DE", "capture_place": "DE"}, {}, False, True),  # it comes to Korea
        ({"jurisdiction": "DE", "capture_place": "DE"},
         {"processing_places": ("FR",), "recipient": a_vendor(place="DE")}, False, False),
        ({"capture_place": "DE"}, {}, False, True),
        ({"capture_place": "US"}, {}, False, False),
        ({}, {"transfers": None}, None, None),
        ({}, {"transfers": None, "processing_places": ("US",)}, True, None),
    ],
)  # fmt: skip
def test_data_that_leaves_is_seen_to_leave(source: Any, activity: Any, korea: Any, eea: Any) -> None:
    facts = embed(source=a_source(**source), activity=an_activity(**activity)).facts
    assert (korea, eea) == (facts.get("leaves_korea"), facts.get("leaves_eea"))


def test_another_sources_controller_is_a_third_party() -> None:
    """Whoever controls one archive is nobody's own controller in another."""
    named = an_activity(recipient=a_vendor("controller", name="Museum"))
    own = embed(activity=named).facts
    assert ("controller", True) == (
        own["recipient_role"],
        own["recipient_consented"],
    )  # nobody else to be named
    other = embed(activity=named, source=a_source(controller="City"))
    assert ("third_party", False) == (other.facts["recipient_role"], other.facts["recipient_consented"])


def test_a_run_about_the_past_hears_what_was_said_since() -> None:
    """`as_of` is what the run is about, `known_at` what it may know: a withdrawal recorded later still counts."""
    late = a_full_statement("withdrawn", given_at=day("2026-05-20"), recorded_at=day("2026-06-10"))
    said = [a_full_statement(), late]
    assert "given" == embed(statements=said).facts["consent"]
    assert "withdrawn" == embed(statements=said, known_at=day("2026-06-11")).facts["consent"]


def test_a_clock_notes_the_days_that_lie_ahead_and_no_others() -> None:
    clock = Clock(day("2026-06-01"))
    days = (date(2026, 5, 31), date(2026, 6, 1), date(2026, 6, 2), date.max)
    assert [True, True, False, False] == [clock.reached(each) for each in days]
    assert not clock.reached(date.max, 1)  # further ahead than days can be written
    assert [day("2026-06-02")] == clock.flips


def test_consent_must_name_the_recipient_and_every_country() -> None:
    to_vendor = an_activity(recipient=a_vendor(place="US-IL"), transfers=("DE",))

    def said(**changes: Any) -> tuple[Any, Any]:
        facts = embed(activity=to_vendor, statements=[a_full_statement(**changes)]).facts
        return facts["recipient_consented"], facts["transfer_consented"]

    assert (False, False) == said()
    assert (True, False) == said(recipients=("Vendor",), countries=("DE",))
    assert (False, True) == said(recipients=("Other",), countries=("DE", "US-IL"))
    assert (True, True) == said(recipients=("Other", "Vendor"), countries=("EU", "US"))
    assert (False, False) == said(recipients=("Vendor",), countries=("US", "EU"), status="refused")
    own = embed().facts
    assert own["recipient_consented"] and own["transfer_consented"]
    assert not embed(statements=[]).facts["recipient_consented"]


def test_a_notice_states_what_the_law_asks_for() -> None:
    def told(*states: str, version: str = "1") -> tuple[Any, ...]:
        notice = Notice(version, frozenset(states))
        facts = embed(activity=an_activity(notice=notice)).facts
        return tuple(facts[name] for name in ("notice_collection", "notice_provision", "notice_current"))

    collection = ("purpose", "items", "retention", "right_to_refuse")
    provision = ("recipient", "recipient_purpose", "items", "recipient_retention")
    assert (True, False, True) == told(*collection)
    assert (False, True, True) == told(*provision)
    assert (True, True, False) == told(*collection, *provision, version="2")
    for missing in collection:
        assert not told(*(state for state in collection if state != missing))[0]
    for missing in provision:
        assert not told(*(state for state in provision if state != missing))[1]


# Statutes, taint, waivers


def a_statute(**changes: Any) -> Statute:
    ordinary: dict[str, Any] = {
        "statute_id": "s", "law": "l", "article": "a", "place": "KR", "purposes": frozenset({"archive_search"}),
        "controllers": frozenset({"Museum"}), "processor_classes": frozenset({"controller"}),
        "data_kinds": frozenset({"template"}), "reviewed_by": "r", "reviewed_on": date(2026, 1, 1),
        "expires_on": date(2027, 1, 1),
    }  # fmt: skip
    return Statute(**(ordinary | changes))


@pytest.mark.parametrize(
    ("statute", "activity", "named"),
    [
        ({}, {}, True),
        ({"purposes": frozenset({"model_training"})}, {}, False),
        ({"controllers": frozenset({"City"})}, {}, False),
        ({"data_kinds": frozenset({"frame"})}, {}, False),
        ({"processor_classes": frozenset({"private"})}, {}, False),
        ({"reviewed_on": date(2026, 6, 2)}, {}, False),
        ({"expires_on": date(2026, 6, 1)}, {}, False),
        ({}, {"recipient": a_vendor()}, False),
        ({}, {"processors": (a_processor(),)}, False),
        ({"processor_classes": frozenset({"controller", "private"})}, {"recipient": a_vendor()}, True),
        ({}, {"processors": None}, False),
        ({}, {"recipient": None}, False),
        ({}, {"recipient": Recipient("Museum", "controller", "private", "KR")}, True),  # itself, by its name
    ],
)
def test_a_statute_counts_for_exactly_what_it_names(statute: Any, activity: Any, named: bool) -> None:
    facts = embed(statutes=(a_statute(**statute),), activity=an_activity(**activity)).facts
    assert named is facts["statute_named"]


def test_a_statute_says_whose_law_it_is() -> None:
    for place, korea, union in (
        ("KR", True, False),
        ("EU", False, True),
        ("DE", False, True),
        ("GB", False, False),
    ):
        facts = embed(statutes=(a_statute(place=place),)).facts
        assert (korea, union) == (facts["statute_kr"], facts["statute_eu"])
    none = embed().facts
    assert (False, False) == (none["statute_kr"], none["statute_eu"])


def test_without_an_activity_no_statute_is_named() -> None:
    assert False is embed(statutes=(a_statute(),), activity=None).facts["statute_named"]
    assert "statute_named" not in embed(statutes=(a_statute(),), source=None).facts


def test_a_tainted_model_is_known_by_any_of_its_digests() -> None:
    assert False is embed().facts["model_tainted"]
    assert True is embed(tainted={"a" * 64: "why"}).facts["model_tainted"]
    assert "model_tainted" not in embed(model=None).facts


def test_waivers_in_force_are_named_and_no_others() -> None:
    waivers = (
        a_waiver("HOUSE-16"), a_waiver("HOUSE-9"), a_waiver("HOUSE-9", sources=("studio",)),
        a_waiver("HOUSE-7", ends_on=date(2026, 6, 1)), a_waiver("HOUSE-8", granted_on=date(2026, 6, 2)),
        a_waiver("HOUSE-10", sources=("lobby",)), a_waiver("HOUSE-11", purposes=("model_training",)),
        a_waiver("HOUSE-2", sources=("studio",)), a_waiver("HOUSE-3", purposes=("archive_search",)),
    )  # fmt: skip
    for found in (embed(waivers=waivers), scan(waivers=waivers)):
        assert "HOUSE-16,HOUSE-2,HOUSE-3,HOUSE-9" == found.facts["waived"]
    assert "waived" not in embed().facts
    assert day("2026-06-02") == embed(waivers=waivers).valid_until


# The person and what they said


@pytest.mark.parametrize(
    ("last", "band", "flips"),
    [
        (date(2026, 6, 1), "within_1_year", date(2027, 6, 1)),
        (date(2025, 6, 2), "within_1_year", date(2026, 6, 2)),
        (date(2025, 6, 1), "within_3_years", date(2028, 5, 31)),
        (date(2023, 6, 3), "within_3_years", date(2026, 6, 2)),
        (date(2023, 6, 2), "longer", None),
        (date(2026, 6, 2), None, date(2026, 6, 2)),
        (None, None, None),
    ],
)
def test_the_last_contact_is_a_band_of_whole_days(last: Any, band: Any, flips: Any) -> None:
    long = a_source(retention_days=36_500, medium="studio")
    found = embed(subject=a_subject(last_contact_on=last), source=long)
    assert band == found.facts.get("last_contact")
    if flips is None:
        assert found.valid_until is not None and found.valid_until > day("2100-01-01")
    else:
        assert day(flips.isoformat()) == found.valid_until


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        (None, "running"),
        (date(2026, 6, 2), "running"),
        (date(2026, 6, 1), "ended"),
        (date(2025, 6, 2), "ended"),
        (date(2025, 6, 1), "ended_1_year"),
    ],
)
def test_a_purpose_ends_on_its_day(ended: Any, word: str) -> None:
    assert word == embed(source=a_source(purpose_ended_on=ended)).facts["purpose_end"]


@pytest.mark.parametrize(
    ("changes", "separate"),
    [
        ({}, True),
        ({"separate": False}, False),
        ({"separate": None}, False),
        ({"explicit": False}, False),
        ({"explicit": None}, False),
        ({"scope": Scope(sources=("lobby",))}, False),
        ({"status": "refused"}, False),
        ({"status": "withdrawn"}, False),
        ({"expires_at": day("2026-06-01")}, False),
        ({"given_at": day("2026-06-02"), "recorded_at": START}, False),
        ({"purpose": "model_training"}, False),
        ({"subject_id": "subject-2"}, False),
    ],
)
def test_separate_consent_is_asked_for_apart_and_stands(changes: Any, separate: bool) -> None:
    assert separate is embed(statements=[a_full_statement(**changes)]).facts["separate_consent"]


def test_what_is_not_known_about_a_consent_is_absent() -> None:
    facts = embed(statements=[a_statement(explicit=None)]).facts
    names = {"consent_explicit", "consent_separate", "consent_written", "guardian_consented"}
    assert not names & set(facts)
    assert "given" == facts["consent"]


@pytest.mark.parametrize(
    ("said", "before"),
    [
        ([a_full_statement(given_at=day("2026-01-31"))], True),
        ([a_full_statement(given_at=day("2026-02-01"))], False),
        ([a_full_statement(given_at=day("2026-02-02"))], False),
        # Renewed later: what stood before counts, if it said no less.
        ([a_full_statement(given_at=START), a_full_statement(given_at=day("2026-05-01"))], True),
        ([a_full_statement(given_at=START, written=None), a_full_statement(given_at=day("2026-05-01"))], False),
        ([a_full_statement(given_at=START, explicit=False), a_full_statement(given_at=day("2026-05-01"))], False),
        ([a_full_statement(given_at=START, expires_at=day("2026-01-15")),
          a_full_statement(given_at=day("2026-05-01"))], False),
        ([a_full_statement("refused", given_at=START), a_full_statement(given_at=day("2026-05-01"))], False),
        ([a_full_statement(given_at=START, scope=Scope(sources=("lobby",))),
          a_full_statement(given_at=day("2026-05-01"))], False),
        ([a_full_statement("refused", given_at=START)], False),
        ([a_full_statement(given_at=START, recorded_at=day("2026-07-01")),
          a_full_statement(given_at=day("2026-05-01"))], False),
        # Dated before the footage and recorded after it: only with evidence, else anybody could date one back.
        ([a_full_statement(given_at=day("2026-01-31"), recorded_at=day("2026-02-02"))], False),
        ([a_full_statement(given_at=day("2026-01-31"), recorded_at=day("2026-02-02"), evidence_digest="e" * 64)], True),
        ([a_full_statement(given_at=START, recorded_at=day("2026-02-02")),
          a_full_statement(given_at=day("2026-05-01"))], False),
        ([a_full_statement(given_at=START, recorded_at=day("2026-02-02"), evidence_digest="e" * 64),
          a_full_statement(given_at=day("2026-05-01"))], True),
        ([], None),
    ],
)  # fmt: skip
def test_consent_before_the_footage_was_taken_is_no_back_dating(said: Any, before: Any) -> None:
    assert before is embed(statements=said).facts.get("consent_before_capture")


def test_nobody_knows_when_it_was_taken_so_nobody_knows_what_was_before() -> None:
    for captured in (None, day("2026-04-01")):  # found before it was taken: the camera's clock was wrong
        assert "consent_before_capture" not in embed(place=a_place(captured_at=captured)).facts


def test_what_is_filmed_and_found_at_one_instant_was_filmed_then() -> None:
    found = embed(place=a_place(captured_at=day("2026-03-01")), catalogued_at=day("2026-03-01"))
    assert True is found.facts["consent_before_capture"]


def test_leaving_out_always_wins() -> None:
    everyone = a_leave_out(subject_id=None, scope=Scope(sources=("studio",)))
    for record in (a_leave_out(), everyone):
        assert True is embed(leave_outs=[record]).facts["left_out"]
    assert True is scan(leave_outs=[everyone]).facts["left_out"]
    assert False is scan(leave_outs=[a_leave_out()]).facts["left_out"]  # a person, not the footage
    assert True is embed(line=a_line(subject_id=None), leave_outs=[everyone]).facts["left_out"]
    assert False is embed(leave_outs=[a_leave_out(subject_id="subject-2")]).facts["left_out"]


def test_left_out_for_one_purpose_is_left_out_for_it_and_for_no_other() -> None:
    person = a_leave_out(purposes=("archive_search",))
    footage = a_leave_out(subject_id=None, scope=Scope(sources=("studio",)), purposes=("archive_search",))
    for purpose, out in (("archive_search", True), ("access_verification", False)):
        assert out is embed(leave_outs=[person], purpose=purpose).facts["left_out"]
        assert out is embed(leave_outs=[footage], purpose=purpose).facts["left_out"]
        assert out is scan(leave_outs=[footage], purpose=purpose).facts["left_out"]


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("leave_out", (True, False, False)),
        ("objection", (True, True, False)),
        ("restriction", (True, False, True)),
    ],
)
def test_each_kind_of_leaving_out_is_told(kind: str, facts: Any) -> None:
    found = embed(leave_outs=[a_leave_out(kind)]).facts
    assert facts == (found["left_out"], found["objected"], found["restricted"])


# Time


def test_retention_is_counted_from_capture_unless_the_clock_was_ahead() -> None:
    found = day("2026-03-01")
    assert day("2026-01-11") == retention_end(10, START, found)
    assert day("2026-03-11") == retention_end(10, None, found)
    assert day("2026-03-11") == retention_end(10, day("2099-01-01"), found)
    assert retention_end(10**9, START, found) > day("9999-12-30")


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"statements": [a_full_statement(expires_at=day("2026-08-01"))]}, "2026-08-01"),
        ({"source": a_source(retention_days=121)}, "2026-06-02"),
        ({"line": a_line(attested_at=day("2026-06-03"))}, "2026-06-03"),
        ({"activity": an_activity(processors=(a_processor(audited_on=date(2025, 6, 3)),))}, "2026-06-04"),
        ({"activity": an_activity(processors=(a_processor(disclosed_on=date(2026, 6, 5)),))}, "2026-06-05"),
        ({"waivers": (a_waiver(ends_on=date(2026, 6, 6)),)}, "2026-06-06"),
        ({"waivers": (a_waiver(granted_on=date(2026, 6, 7)),)}, "2026-06-07"),
        ({"statutes": (a_statute(expires_on=date(2026, 6, 8)),)}, "2026-06-08"),
        ({"statutes": (a_statute(reviewed_on=date(2026, 6, 9)),)}, "2026-06-09"),
        ({"source": a_source(purpose_ended_on=date(2026, 6, 10))}, "2026-06-10"),
        ({"source": a_source(purpose_ended_on=date(2025, 6, 11))}, "2026-06-11"),
        ({"leave_outs": [a_leave_out(since=day("2026-06-12"))]}, "2026-06-12"),
        ({"leave_outs": [a_leave_out(until=day("2026-06-13"))]}, "2026-06-13"),
    ],
)
def test_valid_until_is_the_earliest_of_all_that_could_flip(changes: Any, ends: str) -> None:
    assert day(ends) == embed(**changes).valid_until


def test_a_scan_holds_as_long_as_its_lines() -> None:
    assert day("2026-06-04") == scan(lines_valid_until=day("2026-06-04")).valid_until
    assert day("2026-06-02") == scan(source=a_source(retention_days=121)).valid_until
    assert day("2026-06-06") == scan(waivers=(a_waiver(ends_on=date(2026, 6, 6)),)).valid_until


def test_nothing_that_could_flip_is_no_end() -> None:
    nothing: dict[str, Any] = {"source": None, "activity": None, "subject": None, "statements": []}
    assert None is embed(**nothing).valid_until


def test_what_is_kept_for_ever_has_no_end() -> None:
    world: dict[str, Any] = {"activity": None, "subject": None, "statements": []}
    assert None is embed(source=a_source(retention_days=10**9), **world).valid_until


def test_terms_are_the_same_for_every_file_and_person() -> None:
    """Computed once a run: they may hold nothing of a person or a file."""
    source = a_source()
    once = terms_of(source, "archive_search", lists(), NOW, model=frozenset())
    for number in range(3):
        place = a_place(asset_id=f"asset-{number}", captured_at=NOW - timedelta(days=200 + number))
        again = embed(place=place, source=source, model=frozenset())
        assert again.facts == embed(place=place, terms=once).facts
    assert set(PURPOSES) >= {"archive_search"} and terms().purpose == "archive_search"
