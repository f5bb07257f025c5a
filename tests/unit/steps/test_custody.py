"""Who says yes gets a key, who says no loses it at once; a later yes opens nothing an earlier one sealed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from habeas.model.people import ConsentStatement, ConsentStatus
from habeas.steps.custody import enrol_consents

GIVEN, REFUSED, WITHDRAWN = ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN
NOW = datetime(2026, 1, 10, tzinfo=UTC)


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
