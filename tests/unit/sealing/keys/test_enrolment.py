"""Who says yes gets a key, who says no loses it at once; a later yes opens nothing an earlier one sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from ordinary import a_leave_out

from habeas.model.people import ConsentStatement, ConsentStatus, Scope
from habeas.sealing.keys.enrolment import close_ended, close_left_out, enrol_standing

GIVEN, REFUSED, WITHDRAWN = ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN
NOW = datetime(2026, 1, 10, tzinfo=UTC)


def enrol_consents(statements, store, now):
    """What ended is closed and what stands enrolled, where nothing is written in between."""
    listed = list(statements)
    close_ended(listed, store, now)
    return enrol_standing(listed, store, now)


def said(status, day, *, subject="s", purpose="archive_search", known=None) -> ConsentStatement:
    at = datetime(2026, 1, day, tzinfo=UTC)
    return ConsentStatement(
        consent_id=f"{subject}-{purpose}-{status}-{day}-{known}",
        subject_id=subject,
        purpose=purpose,
        status=status,
        given_at=at,
        expires_at=None,
        recorded_at=datetime(2026, 1, known or day, tzinfo=UTC),
        explicit=True,
        notice_version="1",
        method="form",
        evidence_digest="e",
    )


def test_a_given_consent_enrols(registrar):
    (record,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert ("s", "archive_search", 1) == (record.subject_id, record.purpose, record.generation)
    assert [record] == registrar.records()


@pytest.mark.parametrize("status", [REFUSED, WITHDRAWN])
def test_who_never_consented_gets_no_key(status, registrar):
    assert [] == enrol_consents([said(status, 1)], registrar, NOW)
    assert [] == registrar.records(only_open=False)


@pytest.mark.parametrize("status", [REFUSED, WITHDRAWN])
def test_a_withdrawn_consent_closes_the_key_at_once(status, registrar):
    (record,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert [] == enrol_consents([said(status, 12)], registrar, NOW + timedelta(days=2))
    assert frozenset({record.key_id}) == registrar.closed_keys()


def test_withdrawing_one_purpose_keeps_the_other(registrar):
    kept, lost = said(GIVEN, 1, purpose="a"), said(GIVEN, 1, purpose="b")
    records = {record.purpose: record.key_id for record in enrol_consents([kept, lost], registrar, NOW)}
    enrol_consents([said(WITHDRAWN, 12, purpose="b")], registrar, NOW + timedelta(days=2))
    assert frozenset({records["a"]}) == registrar.open_keys()
    assert frozenset({records["b"]}) == registrar.closed_keys()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_statement_decides_whatever_the_order(order, registrar):
    statements = [said(GIVEN, 1), said(WITHDRAWN, 2), said(GIVEN, 3)]
    (record,) = enrol_consents([statements[place] for place in order], registrar, NOW)
    assert 1 == record.generation  # nothing was sealed before, so there is nothing to cut off
    ended = [said(GIVEN, 1, subject="t"), said(WITHDRAWN, 2, subject="t"), said(REFUSED, 3, subject="t")]
    assert [] == enrol_consents([ended[place] for place in order], registrar, NOW)


def test_a_late_paper_form_does_not_undo_a_withdrawal(registrar):
    """Given on the 1st, withdrawn on the 5th; the form of the 3rd is found on the 9th."""
    history = [said(GIVEN, 1), said(WITHDRAWN, 5), said(GIVEN, 3, known=9)]
    assert [] == enrol_consents(history, registrar, NOW)


def test_yes_and_no_at_the_same_instant_is_no(registrar):
    assert [] == enrol_consents([said(WITHDRAWN, 1), said(GIVEN, 1)], registrar, NOW)


def test_a_new_consent_never_opens_what_the_old_one_sealed(registrar):
    """Withdrawal and new consent arrive in one file."""
    (old,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    later = NOW + timedelta(days=5)
    (new,) = enrol_consents([said(GIVEN, 1), said(WITHDRAWN, 12), said(GIVEN, 13)], registrar, later)
    assert (1, 2) == (old.generation, new.generation)
    assert frozenset({old.key_id}) == registrar.closed_keys()


def test_importing_the_same_history_again_changes_nothing(registrar):
    history = [said(GIVEN, 1), said(WITHDRAWN, 12), said(GIVEN, 13), said(GIVEN, 1, subject="t")]
    enrol_consents(history[:1], registrar, NOW)
    first = enrol_consents(history, registrar, NOW + timedelta(days=5))
    closed = registrar.closed_keys()
    again = enrol_consents(history, registrar, NOW + timedelta(days=6))
    assert (first, closed) == (again, registrar.closed_keys())
    assert 2 == len(again)


def test_a_second_consent_keeps_the_key(registrar):
    (first,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert [first] == enrol_consents([said(GIVEN, 12)], registrar, NOW + timedelta(days=5))
    assert frozenset() == registrar.closed_keys()


# --- what is about some footage alone -------------------------------------------------------

FAIR, BALL = Scope(events=("fair",)), Scope(events=("ball",))
LATER, MUCH_LATER = NOW + timedelta(days=5), NOW + timedelta(days=9)


def at_the(scope: Scope, statement: ConsentStatement) -> ConsentStatement:
    return replace(statement, scope=scope, consent_id=f"{statement.consent_id}-{scope}")


def test_withdrawing_for_one_event_closes_the_key_and_makes_another_for_the_rest(registrar):
    (old,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    history = [said(GIVEN, 1), at_the(FAIR, said(WITHDRAWN, 12))]
    (new,) = enrol_consents(history, registrar, LATER)
    assert (frozenset({old.key_id}), frozenset({new.key_id})) == (
        registrar.closed_keys(),
        registrar.open_keys(),
    )
    assert [new] == enrol_consents(history, registrar, MUCH_LATER)


def test_withdrawing_what_was_given_for_one_event_leaves_no_key(registrar):
    enrol_consents([at_the(FAIR, said(GIVEN, 1))], registrar, NOW)
    assert [] == enrol_consents(
        [at_the(FAIR, said(GIVEN, 1)), at_the(FAIR, said(WITHDRAWN, 12))], registrar, LATER
    )
    assert frozenset() == registrar.open_keys()


def test_a_no_to_one_event_is_none_to_another(registrar):
    (record,) = enrol_consents([at_the(FAIR, said(REFUSED, 2)), at_the(BALL, said(GIVEN, 1))], registrar, NOW)
    assert frozenset({record.key_id}) == registrar.open_keys()


def test_a_withdrawal_of_everything_ends_each_event(registrar):
    assert [] == enrol_consents([at_the(FAIR, said(GIVEN, 1)), said(WITHDRAWN, 2)], registrar, NOW)


# --- leaving out ----------------------------------------------------------------------------


def out(kind="leave_out", **changes):
    since = changes.pop("since", datetime(2026, 1, 12, tzinfo=UTC))
    return a_leave_out(kind, since, **({"subject_id": "s", "leave_out_id": f"out-{kind}"} | changes))


@pytest.mark.parametrize("kind", ["leave_out", "objection", "restriction"])
def test_who_is_left_out_loses_every_key_at_once_and_gets_no_other(kind, registrar):
    history = [said(GIVEN, 1, purpose="a"), said(GIVEN, 1, purpose="b"), said(GIVEN, 1, subject="t")]
    records = {(r.subject_id, r.purpose): r.key_id for r in enrol_consents(history, registrar, NOW)}
    closed = close_left_out([out(kind)], registrar, LATER)
    assert {records["s", "a"], records["s", "b"]} == set(closed) == registrar.closed_keys()
    assert ["t"] == [each.subject_id for each in enrol_standing(history, registrar, LATER, [out(kind)])]


def test_leaving_out_wins_over_a_newer_consent(registrar):
    newer = [said(GIVEN, 1), said(GIVEN, 20)]
    assert [] == enrol_standing(newer, registrar, LATER, [out()])


def test_an_objection_to_one_purpose_keeps_the_other(registrar):
    history = [said(GIVEN, 1, purpose="a"), said(GIVEN, 1, purpose="b")]
    records = {r.purpose: r.key_id for r in enrol_consents(history, registrar, NOW)}
    assert [records["b"]] == close_left_out([out("objection", purposes=("b",))], registrar, LATER)


def test_left_out_of_one_event_gets_a_new_key_for_the_rest_once(registrar):
    (old,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    listed = [out(scope=FAIR)]
    assert [old.key_id] == close_left_out(listed, registrar, LATER)
    (new,) = enrol_standing([said(GIVEN, 1)], registrar, LATER, listed)
    assert [] == close_left_out(listed, registrar, MUCH_LATER)
    assert [new] == enrol_standing([said(GIVEN, 1)], registrar, MUCH_LATER, listed)


def test_footage_that_is_left_out_closes_nobodys_key(registrar):
    (record,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert [] == close_left_out([out(subject_id=None, scope=FAIR)], registrar, LATER)
    assert [record] == enrol_standing([said(GIVEN, 1)], registrar, LATER, [out(subject_id=None, scope=FAIR)])


def test_what_was_sealed_before_stays_shut_after_a_lift(registrar):
    (old,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    close_left_out([out()], registrar, LATER)
    lifted = [
        out(),
        a_leave_out(since=MUCH_LATER, subject_id=None, leave_out_id="lift", lifts="out-leave_out"),
    ]
    (new,) = enrol_standing([said(GIVEN, 1)], registrar, MUCH_LATER, lifted)
    assert (frozenset({old.key_id}), 2) == (registrar.closed_keys(), new.generation)


def test_a_record_that_ended_leaves_nobody_out(registrar):
    ended = [out(until=LATER)]
    assert 1 == len(enrol_standing([said(GIVEN, 1)], registrar, MUCH_LATER, ended))
    assert [] == enrol_standing([said(GIVEN, 1, subject="s")], registrar, LATER - timedelta(days=1), ended)


def test_one_that_begins_later_closes_now_since_nobody_comes_back_for_it(registrar):
    enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert 1 == len(close_left_out([out(since=MUCH_LATER)], registrar, LATER))


def test_a_lift_that_lies_ahead_lifts_nothing_yet(registrar):
    lift = a_leave_out(since=MUCH_LATER, subject_id=None, leave_out_id="lift", lifts="out-leave_out")
    listed = [out(), lift]
    assert [] == enrol_standing([said(GIVEN, 1)], registrar, LATER, listed)
    assert 1 == len(enrol_standing([said(GIVEN, 1)], registrar, MUCH_LATER, listed))


def test_a_record_ends_at_the_very_instant_it_says(registrar):
    ended = [out(until=LATER)]
    assert [] == enrol_standing([said(GIVEN, 1)], registrar, LATER - timedelta(microseconds=1), ended)
    assert 1 == len(enrol_standing([said(GIVEN, 1)], registrar, LATER, ended))


@pytest.mark.parametrize(
    ("kind", "why"), [("leave_out", "left_out"), ("objection", "objected"), ("restriction", "restricted")]
)
def test_the_key_store_knows_why_a_key_was_closed(kind, why, registrar):
    enrol_consents([said(GIVEN, 1)], registrar, NOW)
    told = []
    close = registrar.close_many
    registrar.close_many = lambda pairs, now, reason: (
        told.append((list(pairs), reason)) or close(pairs, now, reason)
    )
    close_left_out([out(kind)], registrar, LATER)
    assert [why] == [reason for pairs, reason in told if pairs]


def test_leaving_out_some_footage_after_the_key_was_made_closes_it_before_is_answered_by_it(registrar):
    before = out(scope=FAIR, recorded_at=NOW - timedelta(days=1))
    enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert [] == close_left_out([before], registrar, LATER)
    assert [] == close_left_out([out(scope=FAIR, recorded_at=NOW)], registrar, LATER)
    assert 1 == len(
        close_left_out([out(scope=FAIR, recorded_at=NOW + timedelta(seconds=1))], registrar, LATER)
    )


def test_leaving_out_everywhere_closes_whatever_key_there_is(registrar):
    enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert 1 == len(close_left_out([out(recorded_at=NOW - timedelta(days=1))], registrar, LATER))


def test_leaving_out_closes_in_an_import_of_consents_too(registrar):
    enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert [] == close_ended([said(GIVEN, 1)], registrar, LATER)
    assert 1 == len(close_ended([said(GIVEN, 1)], registrar, LATER, [out()]))


def test_only_what_covers_the_whole_consent_takes_its_key(registrar):
    to_both = at_the(Scope(events=("ball", "fair")), said(GIVEN, 1))
    assert 1 == len(enrol_standing([to_both, at_the(FAIR, said(WITHDRAWN, 2))], registrar, NOW))
    assert 1 == len(enrol_standing([to_both], registrar, NOW, [out(scope=FAIR)]))
    covered = [at_the(FAIR, said(GIVEN, 1, subject="t"))]
    assert [] == enrol_standing(covered, registrar, NOW, [out(subject_id="t", scope=FAIR)])


def test_a_key_of_which_nobody_knows_when_it_was_made_answers_to_no_refusal(registrar):
    history = [said(GIVEN, 1), at_the(FAIR, said(REFUSED, 2))]
    (record,) = enrol_consents(history, registrar, NOW)
    registrar.records = lambda _: [replace(record, created_at=None)]
    assert [record.key_id] == close_ended(history, registrar, LATER)


def test_a_no_for_some_footage_closes_the_key_that_a_clock_ahead_dated_after_it(registrar):
    """The no is new in this import, so the key can't be the answer to it."""
    no, left_out = at_the(FAIR, said(WITHDRAWN, 9)), out(scope=FAIR, recorded_at=NOW - timedelta(minutes=4))
    (old,) = enrol_consents([said(GIVEN, 1)], registrar, NOW)
    assert [old.key_id] == close_ended([said(GIVEN, 1), no], registrar, NOW, fresh={no.consent_id})
    (new,) = enrol_standing([said(GIVEN, 1), no], registrar, NOW)
    assert [new.key_id] == close_left_out([left_out], registrar, NOW, fresh={left_out.leave_out_id})
