"""Lists carry wall-clock times with an offset. In the night when summer time ends an hour comes twice, and in the night
when it begins one is missing: the instant decides, never the wall clock.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import pytest
from deriving import a_subject, embed
from import_files import CONSENT, PURPOSES, KeyStore, csv_bytes
from ordinary import a_place, day

from habeas.records.imports.pipeline import import_consents

SUMMER, WINTER = "2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"
"""00:30 and 01:30 UTC: the same wall clock, an hour apart."""


def consent(as_of: str, *lines: dict[str, str]) -> object:
    imported = import_consents(
        io.BytesIO(csv_bytes(CONSENT | {"sources": ""}, *lines)),
        purposes=PURPOSES, recorded_at=day("2025-11-01"), subject_of=KeyStore().subject_of,
    )  # fmt: skip
    assert () == imported.set_aside
    statements = [
        replace(each, subject_id="subject-1", recorded_at=each.given_at) for each in imported.records
    ]
    return embed(
        as_of=datetime.fromisoformat(as_of),
        subject=a_subject(),
        statements=statements,
        place=a_place(captured_at=day("2025-02-01")),
        catalogued_at=day("2025-03-01"),
    ).facts["consent"]


@pytest.mark.parametrize(
    ("as_of", "word"),
    [("2025-10-26T00:29:59+00:00", "given"), ("2025-10-26T00:31:00+00:00", "given"),
     ("2025-10-26T01:29:59+00:00", "given"), ("2025-10-26T01:30:00+00:00", "withdrawn")],
)  # fmt: skip
def test_a_withdrawal_in_the_hour_that_comes_twice_is_the_later_one(as_of: str, word: str) -> None:
    yes = {"status": "given", "given_at": "2025-10-26T02:00:00+02:00"}
    assert word == consent(as_of, yes, {"status": "withdrawn", "given_at": WINTER})


def test_a_yes_before_the_clock_went_back_does_not_outlive_a_no_at_the_same_wall_clock() -> None:
    no = {"status": "withdrawn", "given_at": WINTER}
    assert "withdrawn" == consent("2025-10-26T02:00:00+00:00", {"status": "given", "given_at": SUMMER}, no)


def test_a_consent_that_expires_in_the_hour_that_comes_twice_ends_at_its_own_instant() -> None:
    yes = {"status": "given", "given_at": "2025-10-01T09:00:00+02:00", "expires_at": SUMMER}
    assert ["given", "expired"] == [
        consent(as_of, yes) for as_of in ("2025-10-26T00:29:59+00:00", "2025-10-26T00:30:00+00:00")
    ]


def test_the_hour_that_is_missing_in_spring_is_an_instant_all_the_same() -> None:
    """02:30 of Berlin on 30 March 2025 exists on no clock; a machine that knows no zones still writes it."""
    yes = {"status": "given", "given_at": "2025-03-01T09:00:00+01:00"}
    no = {"status": "withdrawn", "given_at": "2025-03-30T02:30:00+01:00"}
    assert ["given", "withdrawn"] == [
        consent(as_of, yes, no) for as_of in ("2025-03-30T01:29:59+00:00", "2025-03-30T01:30:00+00:00")
    ]
