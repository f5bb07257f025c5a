"""Facts derived anew: as they were known then, told apart from what was erased or learnt since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from deriving import FULL_SOURCE, MODEL, NOW, a_full_statement, a_subject, embed, lists, scan
from in_memory import Row, Tables
from ordinary import a_leave_out, a_statement, day

from habeas.model.decision import Action, Facts
from habeas.model.jurisdictions import LAWS
from habeas.model.people import Scope
from habeas.oversight.replay.as_known_at import KeyEnds, RunTimes
from habeas.oversight.replay.rederive_facts import RederiveFacts
from habeas.oversight.replay.replay import Again, FactsAgain
from habeas.oversight.runs.last_run import code_digest
from habeas.policy.derivation.derive import Derived
from habeas.policy.derivation.derive_rows import place_of
from habeas.policy.facts.schema import canonical, facts_digest
from habeas.records.table_rows import leave_out_row, statement_row

FOUND, LATER = day("2026-03-01"), NOW + timedelta(days=30)
READ_BY = NOW + timedelta(minutes=10)
ASKED = SimpleNamespace(reads={Action.EMBED: ("age", "consent"), Action.SCAN: ()})
POLICIES: Any = SimpleNamespace(lists=lists(), digest="p", packs=(ASKED,))
ASSET = {"asset_id": "asset-1", "source_id": "studio", "folders": [], "captured_at": day("2026-02-01"),
         "catalogued_at": FOUND}  # fmt: skip


def everything(**changes: list[Row]) -> Tables:
    """The ordinary person's line, key and consent, in tables."""
    subject = asdict(a_subject()) | {"jurisdictions": ["KR"], "recorded_at": FOUND}
    line = {"line_id": "line-1", "asset_id": "asset-1", "subject_id": "subject-1", "attested_by": "front desk",
            "attested_at": day("2026-01-01"), "recorded_at": FOUND, "closed": False}  # fmt: skip
    ordinary: dict[str, list[Row]] = {
        "sources": [asdict(FULL_SOURCE) | {"purposes": list(FULL_SOURCE.purposes)}],
        "assets": [ASSET],
        "rosters": [line],
        "subjects": [subject],
        "consents": [statement_row(a_full_statement())],
        "leave_outs": [],
        "occasions": [],
        "keys": [key("k1", 1, FOUND)],
        "decisions": [],
        "fact_sets": [],
    }
    return Tables(**(ordinary | changes))


def key(key_id: str, generation: int, created_at: datetime) -> Row:
    return {"key_id": key_id, "subject_id": "subject-1", "purpose": "archive_search", "generation": generation,
            "created_at": created_at}  # fmt: skip


def decision(derived: Derived, **changes: Any) -> Row:
    digest = facts_digest(Action(changes.get("action", "embed")), derived.facts)
    ordinary = {"action": "embed", "asset_id": "asset-1", "line_id": "line-1", "purpose": "archive_search",
                "facts_digest": digest, "policy_digest": "p", "as_of": NOW, "valid_until": derived.valid_until,
                "run_id": "r"}  # fmt: skip
    return ordinary | changes


def again(
    tables: Tables,
    derived: Derived,
    ends: Mapping[str, datetime | None] | None = None,
    model: frozenset[str] | None = MODEL,
    times: Mapping[str, RunTimes] | None = None,
    **changes: Any,
) -> FactsAgain:
    """The second check of one decision that rests on `derived`."""
    known = {"k1": None} if ends is None else ends
    key_ends: KeyEnds | None = (
        None
        if changes.pop("no_key_store", False)
        else lambda asked: {each: known[each] for each in asked if each in known}
    )
    runs = {"r": RunTimes(NOW, READ_BY, model)} | dict(times or {})
    made = [each for each in tables.tables["keys"] if each["created_at"] <= NOW]
    newest = max(made, key=lambda each: each["generation"], default={"key_id": None})
    spoken_of = newest["key_id"] if derived.facts.get("subject_known") else None
    row = decision(derived, **({"key_id": spoken_of} | changes))
    stored: dict[str, Facts] = {row["facts_digest"]: derived.facts}
    (told,) = RederiveFacts(tables, lambda run, _: runs[run], key_ends)([row], stored, lambda _: POLICIES)
    return told


def test_facts_come_out_as_the_night_derived_them() -> None:
    assert FactsAgain(Again.SAME) == again(everything(), embed())


def test_what_was_said_after_the_run_is_not_heard() -> None:
    said = [a_full_statement(), a_statement("withdrawn", given_at=day("2026-05-01"), recorded_at=LATER)]
    footage = a_leave_out(subject_id=None, leave_out_id="f", scope=Scope(sources=("studio",)))
    listed = [replace(each, recorded_at=LATER) for each in (a_leave_out(), footage)]
    tables = everything(consents=list(map(statement_row, said)), leave_outs=list(map(leave_out_row, listed)))
    assert FactsAgain(Again.SAME) == again(tables, embed())
    place = place_of(ASSET, {})
    assert FactsAgain(Again.SAME) == again(
        tables, scan(line_allowed=None, line_laws=None, place=place), **SCAN
    )


@pytest.mark.parametrize(("recorded_at", "in_scope"), [(NOW, True), (LATER, False)])
def test_what_a_folder_is_about_counts_from_when_it_was_learnt(recorded_at: datetime, in_scope: bool) -> None:
    said = a_full_statement(scope=Scope(events=("gala",)))
    row = {
        "source_id": "studio",
        "folder_id": "folder-1",
        "kind": "event",
        "name": "gala",
        "recorded_at": recorded_at,
    }
    asset = ASSET | {"folders": ["folder-1"]}
    place = place_of(asset, {"folder-1": [("event", "gala")] if in_scope else []})
    derived = embed(statements=[said], place=place)
    assert in_scope is derived.facts["consent_in_scope"]
    tables = everything(consents=[statement_row(said)], assets=[asset], occasions=[row])
    assert FactsAgain(Again.SAME) == again(tables, derived)


def test_what_was_said_before_is_heard_though_it_is_true_only_later() -> None:
    said = [a_full_statement(expires_at=LATER)]
    derived = embed(statements=said)
    assert derived.valid_until == LATER
    assert FactsAgain(Again.SAME) == again(everything(consents=list(map(statement_row, said))), derived)


@pytest.mark.parametrize(
    ("table", "column", "value", "fact"),
    [
        ("consents", "status", "ConsentRefused", "consent"),
        ("consents", "explicit", None, "consent_explicit"),
        ("subjects", "age", "under_14", "age"),
        ("rosters", "attested_by", " ", "line_attested"),
        ("sources", "retention_days", 3, "within_retention"),
        ("sources", "purposes", [], "purpose_collected"),
        ("assets", "captured_at", day("2020-01-01"), "consent_before_capture"),
    ],
)
def test_an_edited_row_is_named_by_the_fact_it_changes(
    table: str, column: str, value: Any, fact: str
) -> None:
    tables = everything()
    tables.tables[table][0] = tables.tables[table][0] | {column: value}
    told = again(tables, embed())
    assert Again.DIFFERS is told.says
    assert fact in told.names


@pytest.mark.parametrize("code", [None, code_digest()])
def test_a_fact_that_is_no_longer_derived_is_a_difference(code: str | None) -> None:
    derived = embed()
    more = replace(derived, facts={**derived.facts, "of_old": True})
    times = {"r": RunTimes(NOW, READ_BY, MODEL, code)}
    assert (Again.DIFFERS, ("of_old",)) == _told(again(everything(), more, times=times))


def test_a_fact_that_another_version_derived_is_no_difference_and_said() -> None:
    derived = embed()
    fewer = {name: value for name, value in derived.facts.items() if name != "line_attested"}
    other = replace(derived, facts={**fewer, "of_old": True})
    told = again(everything(), other, times={"r": RunTimes(NOW, READ_BY, MODEL, "other code")})
    assert (Again.SAME, ()) == _told(told)
    assert "only one version" in told.note


def test_an_edited_row_is_a_difference_whatever_version_decided() -> None:
    tables = everything()
    tables.tables["consents"][0] = tables.tables["consents"][0] | {"status": "ConsentRefused"}
    told = again(tables, embed(), times={"r": RunTimes(NOW, READ_BY, MODEL, "other code")})
    assert Again.DIFFERS is told.says and "consent" in told.names


@pytest.mark.parametrize("gone", ["age", "consent"])
def test_a_fact_whose_row_was_taken_away_is_a_difference_whatever_version_decided(gone: str) -> None:
    """It isn't told of something that an older version had known."""
    tables = everything()
    if gone == "age":
        tables.tables["subjects"][0] = tables.tables["subjects"][0] | {"age": None}
    else:
        tables.tables["consents"][0] = tables.tables["consents"][0] | {"purpose": "access_verification"}
    told = again(tables, embed(), times={"r": RunTimes(NOW, READ_BY, MODEL, "other code")})
    assert Again.DIFFERS is told.says and gone in told.names


@pytest.mark.parametrize(("name", "says"), [("age", Again.DIFFERS), ("line_attested", Again.SAME)])
def test_a_fact_that_came_later_is_a_difference_where_a_rule_of_then_asked_for_it(
    name: str, says: Again
) -> None:
    derived = embed()
    fewer = replace(derived, facts={fact: value for fact, value in derived.facts.items() if fact != name})
    told = again(everything(), fewer, times={"r": RunTimes(NOW, READ_BY, MODEL, "other code")})
    assert says is told.says


def _told(found: FactsAgain) -> tuple[Again, tuple[str, ...]]:
    return found.says, found.names


def test_a_statement_taken_away_beside_others_is_a_difference() -> None:
    said = [a_full_statement(), a_statement("withdrawn", given_at=day("2026-05-01"))]
    derived = embed(statements=said)
    assert "withdrawn" == derived.facts["consent"]
    assert Again.SAME is again(everything(consents=list(map(statement_row, said))), derived).says
    assert "consent" in again(everything(consents=[statement_row(said[0])]), derived).names


def test_a_leave_out_taken_away_is_a_difference() -> None:
    record = a_leave_out(purposes=("archive_search",))
    derived = embed(leave_outs=[record])
    assert FactsAgain(Again.SAME) == again(everything(leave_outs=[leave_out_row(record)]), derived)
    assert ("left_out",) == again(everything(), derived).names
    footage = a_leave_out(subject_id=None, scope=Scope(sources=("studio",)))
    assert (
        Again.SAME is again(everything(leave_outs=[leave_out_row(footage)]), embed(leave_outs=[footage])).says
    )


def test_a_leave_out_that_was_lifted_for_the_person_is_known_to_be_lifted() -> None:
    record = a_leave_out(purposes=("archive_search",))
    lift = a_leave_out(since=day("2026-02-01"), subject_id=None, leave_out_id="x", lifts=record.leave_out_id,
                       scope=Scope(sources=("studio",)))  # fmt: skip
    derived = embed(leave_outs=[record, lift])
    assert derived.facts["left_out"] is False
    assert (
        Again.SAME is again(everything(leave_outs=[leave_out_row(record), leave_out_row(lift)]), derived).says
    )


@pytest.mark.parametrize("gone", ["rosters", "subjects", "consents", "anonymised"])
def test_an_erased_person_is_said_to_be_erased(gone: str) -> None:
    tables = everything()
    if gone == "anonymised":
        tables.tables["rosters"][0]["subject_id"] = None
    else:
        tables.tables[gone] = []
    told = again(tables, embed())
    assert (Again.ERASED, ()) == (told.says, told.names)
    says = {"subjects": "no longer known", "consents": "nothing the person said"}.get(gone, "names nobody")
    assert says in told.note


def test_a_line_about_nobody_is_not_called_erased() -> None:
    tables = everything()
    tables.tables["rosters"][0]["subject_id"] = None
    derived = embed(
        line=SimpleNamespace(subject_id=None, attested_by="front desk", attested_at=day("2026-01-01"))
    )
    assert FactsAgain(Again.SAME) == again(tables, derived)


def test_somebody_who_never_said_anything_is_not_called_erased() -> None:
    derived = embed(statements=[])
    assert FactsAgain(Again.SAME) == again(everything(consents=[]), derived)


@pytest.mark.parametrize(
    ("table", "column"),
    [("sources", "registered_at"), ("rosters", "recorded_at"), ("subjects", "recorded_at")],
)
def test_a_row_that_is_newer_than_the_decision_explains_a_difference(table: str, column: str) -> None:
    tables = everything()
    tables.tables[table][0] = tables.tables[table][0] | {
        column: LATER,
        "age": "under_14",
        "retention_days": 1,
    }
    assert Again.CHANGED is again(tables, embed()).says
    early = everything()
    early.tables[table][0] = early.tables[table][0] | {column: READ_BY}
    assert Again.SAME is again(early, embed()).says


def test_a_file_that_moved_out_of_what_a_consent_reaches_explains_a_difference() -> None:
    in_folder = a_full_statement(scope=Scope(folders=("folder-1",)))
    then = embed(statements=[in_folder], place=place_of(ASSET | {"folders": ["folder-1"]}, {}))
    moved = ASSET | {"folders": ["folder-1", "folder-2"], "folders_now": ["folder-2"]}
    said = [statement_row(in_folder)]
    assert Again.CHANGED is again(everything(assets=[moved], consents=said), then).says
    edited = replace(then, facts={**then.facts, "age": "under_14"})
    assert Again.DIFFERS is again(everything(assets=[moved], consents=said), edited).says, (
        "a move explains no age"
    )
    stayed = ASSET | {"folders": ["folder-1"], "folders_now": ["folder-1"]}
    assert Again.SAME is again(everything(assets=[stayed], consents=said), then).says
    elsewhere = ASSET | {"folders": ["folder-2"], "folders_now": ["folder-2"]}
    assert Again.DIFFERS is again(everything(assets=[elsewhere], consents=said), then).says


def test_a_file_that_left_the_catalogue_explains_a_difference() -> None:
    assert Again.CHANGED is again(everything(assets=[]), embed()).says


@pytest.mark.parametrize(
    ("keys", "ends", "then", "looked"),
    [
        ([key("k1", 1, FOUND)], {"k1": None}, True, True),
        ([key("k1", 1, FOUND)], {"k1": LATER}, True, True),  # closed since
        ([key("k1", 1, FOUND)], {"k1": NOW}, False, True),
        ([key("k1", 1, FOUND)], {"k1": NOW + timedelta(minutes=5)}, True, False),  # while the run went on
        ([key("k1", 1, FOUND)], {}, False, False),  # the key store knows it no more
        ([], {}, None, True),
        ([key("k1", 1, LATER)], {"k1": None}, None, True),  # made since
        ([key("k1", 1, FOUND), key("k2", 2, LATER)], {"k1": NOW, "k2": None}, False, True),
        ([key("k1", 1, NOW + timedelta(minutes=5))], {"k1": None}, None, True),
    ],
)
def test_a_key_is_compared_as_it_was_then_and_else_said_to_be_left_out(
    keys: list[Row], ends: dict[str, datetime | None], then: bool | None, looked: bool
) -> None:
    told = again(everything(keys=keys), embed(key_open=then), ends)
    assert (Again.SAME, looked) == (told.says, not told.note)
    other = again(everything(keys=keys), embed(key_open=not then), ends)
    assert (("key_open",) if looked else ()) == other.names


def test_another_key_than_the_decision_was_about_is_a_difference() -> None:
    told = again(everything(), embed(), key_id="k9")
    assert (Again.DIFFERS, ("key_id",)) == (told.says, told.names)


def test_without_the_key_store_everything_else_is_compared_and_that_is_said() -> None:
    told = again(everything(), embed(key_open=False), no_key_store=True)
    assert Again.SAME is told.says
    assert "key" in told.note
    edited = everything(consents=[statement_row(a_full_statement("refused"))])
    assert Again.DIFFERS is again(edited, embed(), no_key_store=True).says


def test_a_run_that_does_not_say_which_model_is_compared_without_it() -> None:
    told = again(everything(), embed(), model=None)
    assert (Again.SAME, True) == (told.says, "model" in told.note)


def test_the_time_until_which_facts_hold_is_compared_too() -> None:
    told = again(everything(), embed(), valid_until=LATER)
    assert (Again.DIFFERS, ("valid_until",)) == (told.says, told.names)


LAWFUL = {"facts_digest": "f1", "action": "embed", "facts": canonical({"law_kr": True, "law_eu": False})}


def listed(line: str, effect: str, run: str = "r", as_of: datetime = NOW, **changes: Any) -> Row:
    return {"action": "embed", "asset_id": "asset-1", "line_id": line, "purpose": "archive_search", "effect": effect,
            "as_of": as_of, "run_id": run, "decision_id": f"{line}{run}", "valid_until": None, "facts_digest": "f1",
            "policy_digest": "p"} | changes  # fmt: skip


def scanned(
    allowed: bool | None, until: datetime | None = None, laws: Any = frozenset({"law_kr"})
) -> Derived:
    place = place_of(ASSET, {})
    return scan(line_allowed=allowed, line_laws=laws, lines_valid_until=until, place=place)


SCAN = {"action": "scan", "line_id": None}


YESTERDAY = NOW - timedelta(days=1)
RUNS = {
    "q": RunTimes(YESTERDAY, YESTERDAY, MODEL),
    "beside": RunTimes(NOW, NOW + timedelta(minutes=5), MODEL),
    "z": RunTimes(LATER, LATER, MODEL),
}


@pytest.mark.parametrize(
    ("decisions", "allowed", "until"),
    [
        ([listed("l1", "deny"), listed("l2", "allow", "q", YESTERDAY, valid_until=LATER)], True, LATER),
        ([listed("l1", "allow", "q", YESTERDAY), listed("l1", "deny")], False, None),  # the newest one counts
        ([listed("l1", "deny"), listed("l1", "allow", decision_id="z")], False, None),  # as the night chooses
        (
            [listed("l1", "deny"), listed("l1", "allow", "z", LATER)],
            False,
            None,
        ),  # written later than the scan
        ([listed("l1", "allow", "beside")], True, None),
        ([listed("l1", "deny"), listed("l2", "allow", purpose="model_training")], False, None),
        (
            [listed("l1", "deny", valid_until=LATER), listed("l2", "deny", valid_until=READ_BY)],
            False,
            READ_BY,
        ),
    ],
)
def test_a_file_is_looked_at_again_by_what_had_been_decided_about_its_people(
    decisions: list[Row], allowed: bool, until: datetime | None
) -> None:
    tables = everything(decisions=decisions, fact_sets=[LAWFUL])
    assert FactsAgain(Again.SAME) == again(tables, scanned(allowed, until), times=RUNS, **SCAN)
    assert ("line_allowed",) == again(tables, scanned(not allowed, until), times=RUNS, **SCAN).names


def test_a_file_nobody_is_listed_in_has_no_such_fact() -> None:
    assert FactsAgain(Again.SAME) == again(everything(), scanned(None, None, None), **SCAN)


def test_a_file_is_looked_at_again_by_the_list_that_held_then() -> None:
    """The wrong list's person was allowed, the right one's is not. What came while the run read isn't compared."""
    tables = everything(decisions=[listed("line-1", "allow"), listed("right", "deny")], fact_sets=[LAWFUL])
    (wrong,) = tables.tables["rosters"]
    newer = wrong | {"line_id": "right", "attested_at": day("2026-01-05")}
    replaced = scanned(False, None)
    for recorded_at, says in ((NOW, Again.SAME), (READ_BY, Again.CHANGED), (LATER, Again.DIFFERS)):
        tables.tables["rosters"][1:] = [newer | {"recorded_at": recorded_at}]
        runs = RUNS | {"r": RunTimes(NOW, READ_BY, MODEL, code_digest())}
        assert says == again(tables, replaced, times=runs, **SCAN).says
    tables.tables["rosters"][1:] = [newer | {"recorded_at": NOW}]
    runs = RUNS | {"r": RunTimes(NOW, READ_BY, MODEL, "another version")}
    assert Again.CHANGED == again(tables, replaced, times=runs, **SCAN).says


def test_a_line_whose_facts_are_gone_may_be_under_any_law() -> None:
    tables = everything(decisions=[listed("l1", "allow")])
    assert FactsAgain(Again.SAME) == again(tables, scanned(True, None, LAWS), **SCAN)


def test_decisions_of_one_person_in_many_files_do_not_disturb_each_other() -> None:
    other = replace(a_subject(), subject_id="subject-2")
    tables = everything()
    tables.tables["rosters"].append(
        tables.tables["rosters"][0] | {"line_id": "line-2", "subject_id": "subject-2"}
    )
    tables.tables["subjects"].append(asdict(other) | {"jurisdictions": ["KR"], "recorded_at": FOUND})
    first, second = embed(), embed(statements=[], key_open=None)
    mine, theirs = decision(first, key_id="k1"), decision(second, line_id="line-2", key_id=None)
    rows = [mine, theirs, mine] * 2
    stored: dict[str, Facts] = {rows[0]["facts_digest"]: first.facts, rows[1]["facts_digest"]: second.facts}
    check = RederiveFacts(tables, lambda *_: RunTimes(NOW, READ_BY, MODEL), dict.fromkeys)
    assert {Again.SAME} == {told.says for told in check(rows, stored, lambda _: POLICIES)}
