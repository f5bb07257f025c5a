"""One person, asked about many files: what they said about one is not carried over to another."""

from __future__ import annotations

import pytest
from deriving import a_full_statement, terms
from ordinary import a_place, day

from habeas.model.people import Scope
from habeas.policy.derivation.person import PersonRecord

ASKED = terms()


def test_a_consent_for_one_file_is_not_carried_to_another_of_the_same_moment() -> None:
    voice = PersonRecord("subject-1", None, [a_full_statement(scope=Scope(assets=("asset-1",)))])
    stands = [voice.stands(ASKED, a_place(asset_id=f"asset-{n}"))[0].in_scope for n in (1, 2, 1)]
    assert [True, False, True] == stands


@pytest.mark.parametrize("unscoped", ["before", "after"])
def test_one_scoped_statement_among_others_is_enough_to_look_at_each_file(unscoped: str) -> None:
    wide = a_full_statement("refused", given_at=day("2025-01-01"), consent_id="wide")
    narrow = a_full_statement(scope=Scope(assets=("asset-1",)), consent_id="narrow")
    voice = PersonRecord("subject-1", None, [wide, narrow] if unscoped == "before" else [narrow, wide])
    stands = [voice.stands(ASKED, a_place(asset_id=f"asset-{n}"))[0].status for n in (1, 2)]
    assert ["given", "refused"] == stands


def test_a_consent_for_another_file_was_no_consent_before_this_one_was_taken() -> None:
    other = a_full_statement(scope=Scope(assets=("asset-9",)), given_at=day("2026-01-01"), consent_id="other")
    wide = a_full_statement(given_at=day("2026-03-01"), consent_id="wide")
    place = a_place(captured_at=day("2026-02-01"))
    for said in ([other, wide], [wide, other]):
        standing, before = PersonRecord("subject-1", None, said).stands(ASKED, place)
        assert ("given", False) == (standing.status, before)
    later = a_full_statement(scope=Scope(assets=("asset-9",)), given_at=day("2026-03-01"), consent_id="later")
    assert False is PersonRecord("subject-1", None, [other, later]).stands(ASKED, place)[1]
    same = a_full_statement(given_at=day("2026-01-01"), consent_id="same")
    assert True is PersonRecord("subject-1", None, [same, wide]).stands(ASKED, place)[1]
