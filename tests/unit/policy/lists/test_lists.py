"""The lists beside the packs: what is misread is refused by file and line, never guessed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from habeas.model.errors import UsageError
from habeas.model.jurisdictions import ALL, PLACE, laws_of, laws_of_all, may_lie_in, within
from habeas.policy.lists.activities import NOT_AUDITED, NOT_DISCLOSED, activities_of
from habeas.policy.lists.tainted_models import tainted_of
from habeas.policy.lists.waivers import Waiver, waivers_of

PURPOSES = {"archive_search", "model_training"}
HOUSE = {"HOUSE-9", "HOUSE-16"}
POLICIES = Path(__file__).resolve().parents[4] / "policies"

WAIVER = """\
waivers:
  - rule: HOUSE-9
    owner: privacy-office
    reason: The desk's books were lost in the flood
    granted_on: 2026-11-01
    ends_on: 2027-02-01
"""
ACTIVITY = """\
activities:
  - purpose: archive_search
    recipient: {role: third_party, kind: private, place: US-IL, name: Vendor}
    processors:
      - {name: Hanok, kind: private, place: KR, contract: true, disclosed_on: never, audited_on: never}
    processing_places: [KR]
    transfer_ground: none
    notice: {version: "2026-1", states: [purpose, items]}
    sold: false
"""


def waivers(text: str) -> tuple[Waiver, ...]:
    return waivers_of(text.encode(), "waivers.yaml", HOUSE, PURPOSES)


def example_of(name: str) -> str:
    """The example in a list's comment, as a list."""
    lines = (POLICIES / name).read_text(encoding="utf-8").splitlines()
    key = next(line.partition(":")[0] for line in lines if line.endswith(": []") and not line.startswith("#"))
    shown = [line[1:] for line in lines if line.startswith(("#  - ", "#    "))]
    return f"{key}:\n" + "\n".join(shown) + "\n"


def test_the_examples_in_the_shipped_lists_are_right() -> None:
    assert (
        "Hanok Hosting"
        == (
            activities_of(example_of("activities.yaml").encode(), "a", PURPOSES)["archive_search"].processors
            or ()
        )[0].name
    )
    assert "privacy-office" == waivers(example_of("waivers.yaml"))[0].owner
    assert {"0" * 64} == set(tainted_of(example_of("tainted.yaml").encode(), "t"))


def test_a_waiver_begins_and_ends_on_its_days() -> None:
    waiver = waivers(WAIVER)[0]
    granted, ends, one = waiver.granted_on, waiver.ends_on, timedelta(days=1)
    states = [waiver.state(day) for day in (granted - one, granted, ends - one, ends)]
    assert ["not yet", "in force", "in force", "expired"] == states


def test_a_waiver_is_about_what_it_names() -> None:
    assert waivers(WAIVER)[0].fits(None, "model_training") and "everything" == waivers(WAIVER)[0].about
    limited = waivers(WAIVER + "    sources: [studio]\n    purposes: [archive_search]\n")[0]
    assert limited.fits("studio", "archive_search")
    assert not limited.fits("lobby", "archive_search") and not limited.fits("studio", "model_training")
    assert not limited.fits(None, "archive_search")
    assert "source studio; purpose archive_search" == limited.about


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("HOUSE-9", "HOUSE-99", ":2: HOUSE-99 is no house rule"),
        ("HOUSE-9", "HOUSE-17", ":2: HOUSE-17 is no house rule"),  # not among those that can be waived
        ("HOUSE-9", "HOUSE-9-gap", ":2: only one house rule"),
        ("HOUSE-9", "KR-23-1", ":2: only one house rule"),
        ("HOUSE-9", "kr-pipa/KR-23-1", ":2: only one house rule"),
        ("HOUSE-9", "'*'", ":2: only one house rule"),
        ("HOUSE-9", "HOUSE-*", ":2: only one house rule"),
        ("HOUSE-9", "all", ":2: only one house rule"),
        ("HOUSE-9", "[HOUSE-9, HOUSE-16]", ":2: expected plain text"),
        ("    ends_on: 2027-02-01\n", "", ":2: missing or unknown fields: ends_on"),
        ("    owner: privacy-office\n", "", "owner"),
        ("privacy-office", "[privacy-office]", "waivers.yaml:3: expected plain text"),
        ("2026-11-01", "2026-02-30", "waivers.yaml:5: expected a day"),
        ("2027-02-01", "2026-10-31", "waivers.yaml:2: it ends before it begins"),
        ("    granted_on: 2026-11-01\n", "", "granted_on"),
        ("The desk's books were lost in the flood", "", "the value is empty"),
        ("privacy-office", "Mrs Kim", "must be a role"),
        ("2027-02-01", "2026-11-01", "ends before it begins"),
        ("2027-02-01", "2027-02-30", ":6: expected a day"),
        ("2027-02-01", "20270201", ":6: expected a day"),
        ("2027-02-01", "never", ":6: expected a day"),
        ("    ends_on: 2027-02-01\n", "    ends_on: 2027-02-01\n    sources: []\n", ":7: sources must name"),
        ("    ends_on: 2027-02-01\n", "    ends_on: 2027-02-01\n    purposes: ['*']\n", ":7: purposes must name"),
        ("    ends_on: 2027-02-01\n", "    ends_on: 2027-02-01\n    purposes: [Any]\n", ":7: purposes must name"),
        ("    ends_on: 2027-02-01\n", "    ends_on: 2027-02-01\n    sources: [ALL]\n", ":7: sources must name"),
        ("    ends_on: 2027-02-01\n", "    ends_on: 2027-02-01\n    purposes: [crowds]\n", "not in the list"),
        ("    ends_on: 2027-02-01\n", "    ends_on: 2027-02-01\n    silent: true\n", "silent"),
        ("lost", "lo\u200bst", ":4: "),
        ("waivers:", "waivers: []\nwaivers:", "waivers stands twice"),
    ],
)  # fmt: skip
def test_a_waiver_that_says_less_or_more_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"waivers\.yaml:\d+: ") as caught:
        waivers(WAIVER.replace(old, new))
    assert says in str(caught.value)


def test_a_waiver_names_a_role_and_the_refusal_says_so() -> None:
    with pytest.raises(UsageError) as caught:
        waivers(WAIVER.replace("privacy-office", "Mrs Kim"))
    assert "privacy-office" in caught.value.hint


def test_what_an_activity_leaves_out_was_not_said() -> None:
    found = activities_of(ACTIVITY.encode(), "a", PURPOSES)["archive_search"]
    assert None is found.transfers and None is found.opt_out and None is found.dpia_approved
    processor = (found.processors or ())[0]
    assert (NOT_DISCLOSED, NOT_AUDITED, None) == (
        processor.disclosed_on, processor.audited_on, processor.onward_approved
    )  # fmt: skip


def test_days_are_read() -> None:
    text = ACTIVITY.replace("disclosed_on: never", "disclosed_on: 2026-02-01")
    found = activities_of(text.encode(), "a", PURPOSES)["archive_search"]
    assert date(2026, 2, 1) == (found.processors or ())[0].disclosed_on


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("purpose: archive_search", "purpose: crowds", ":2: the purpose is not in the list"),
        ("purpose: archive_search", "purpose: Archive_search", ":2: the purpose is not in the list"),
        ("  - purpose: archive_search\n", "  - note: x\n", "note, purpose"),
        ("third_party", "friend", ":3: expected one of controller, processor, third_party"),
        ("third_party", "processor", "stands not among the processors"),
        (", name: Vendor", "", "missing or unknown fields: name"),
        ("place: US-IL", "place: Illinois", ":3: expected a place"),
        ("[KR]", "[]", None),
        ("[KR]", "[KR, KR]", "stands twice"),
        ("[KR]", "KR", ":6: expected a list"),
        ("transfer_ground: none", "transfer_ground: maybe", ":7: expected one of"),
        ("transfer_ground: none", "transfer_ground: null", ":7: expected one of"),
        ("[purpose, items]", "[purpose, thing]", "a notice can't state thing"),
        ("sold: false", "sold: no", ":9: expected true or false"),
        ("sold: false", "sould: false", "sould"),
        ("contract: true", "contract: 1", ":5: expected true or false"),
        ("disclosed_on: never", "disclosed_on: soon", ":5: expected a day"),
        ("kind: private, place: KR", "kind: secret, place: KR", ":5: expected one of public, private"),
        ("sold: false\n", "sold: false\n  - purpose: archive_search\n", ":10: purpose archive_search stands"),
        ("activities:", "activity:", "expected one key, activities"),
    ],
)
def test_an_activity_that_can_be_misread_is_refused(old: str, new: str, says: str | None) -> None:
    text = ACTIVITY.replace(old, new).encode()
    if says is None:
        assert () == activities_of(text, "activities.yaml", PURPOSES)["archive_search"].processing_places
        return
    with pytest.raises(UsageError, match=r"activities\.yaml:\d+: ") as caught:
        activities_of(text, "activities.yaml", PURPOSES)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("models: [{digest: abc, reason: x}]", "SHA-256"),
        (f"models: [{{digest: {'A' * 64}, reason: x}}]", "SHA-256"),
        (f"models: [{{digest: {'a' * 64}}}]", "reason"),
        (f"models: [{{digest: {'a' * 64}, reason: x}}, {{digest: {'a' * 64}, reason: y}}]", "already"),
        ("models: ['*']", "names with values"),
    ],
)
def test_a_tainted_model_is_named_by_its_digest(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"tainted\.yaml:1: ") as caught:
        tainted_of(text.encode(), "tainted.yaml")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("place", "laws"),
    [
        ("KR", {"law_kr"}),
        ("KR-11", {"law_kr"}),
        ("EU", {"law_eu"}),
        ("DE", {"law_eu"}),
        ("DE-BY", {"law_eu"}),
        ("NO", {"law_eu"}),
        ("EL", {"law_eu"}),
        ("RE", {"law_eu"}),
        ("US", {"law_us_il", "law_us_tx", "law_us_wa"}),
        ("US-IL", {"law_us_il"}),
        ("US-TX", {"law_us_tx"}),
        ("US-WA", {"law_us_wa"}),
        ("US-CA", set()),
        ("US-DC", set()),
        ("US-ILL", {"law_us_il", "law_us_tx", "law_us_wa"}),
        ("US-TEX", {"law_us_il", "law_us_tx", "law_us_wa"}),
        ("US-ZZ", {"law_us_il", "law_us_tx", "law_us_wa"}),
        ("GB", set()),
        ("CH", set()),
        ("unknown", ALL),
        ("UK", ALL),  # no country has this code
        ("XX", ALL),
    ],
)
def test_a_place_brings_its_laws_and_an_unknown_one_brings_all(place: str, laws: set[str]) -> None:
    assert PLACE.fullmatch(place)
    assert laws == laws_of(place)


def test_laws_of_several_places_unite() -> None:
    assert {"law_kr", "law_us_il"} == laws_of_all(["KR", "US-IL", "GB"])
    assert ALL == laws_of_all(["KR", "unknown"]) == laws_of_all(None)
    assert frozenset() == laws_of_all([])


def test_a_part_lies_in_its_country_and_an_unknown_place_in_none() -> None:
    assert within("US-IL", "US") and within("DE", "EU") and within("KR", "KR")
    assert not within("US", "US-IL") and not within("GB", "EU") and not within("US-IL", "US-TX")
    assert not within("unknown", "unknown") and not within("unknown", "KR") and not within("KR", "unknown")
    assert not within("US-ZZ", "US-ZZ") and not within("XX", "XX") and within("US-ZZ", "US")
    assert may_lie_in("US-ZZ", "US-IL") and not may_lie_in("US-ZZ", "KR")
    assert may_lie_in("unknown", "KR") and may_lie_in("XX", "EU") and not may_lie_in("US", "KR")
    assert may_lie_in("KR", "KR") and not may_lie_in("US-IL", "KR") and not may_lie_in("GB", "KR")


def test_every_country_is_known() -> None:
    """A country missing from the list would bring every law: strict, but wrong."""
    table = Path("/usr/share/zoneinfo/iso3166.tab")
    if not table.exists():
        pytest.skip("this system has no list of countries")
    lines = table.read_text(encoding="utf-8").splitlines()
    assert [] == [code for line in lines if not line.startswith("#") and laws_of(code := line[:2]) == ALL]
