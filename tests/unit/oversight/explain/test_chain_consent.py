"""What an explanation says of a statement."""

from __future__ import annotations

from ordinary import a_statement, day

from habeas.oversight.explain.consent import consent_step
from habeas.records.table_rows import statement_row


def test_a_yes_says_whether_and_when_it_ends() -> None:
    for_ever, until = statement_row(a_statement()), statement_row(a_statement(expires_at=day("2027-01-01")))
    assert (
        "for all footage, without an end"
        in consent_step([for_ever], "archive_search", day("2026-06-01"), None).says
    )
    assert (
        "for all footage, until 2027-01-01"
        in consent_step([until], "archive_search", day("2026-06-01"), None).says
    )
    assert (
        "over when this was decided" in consent_step([until], "archive_search", day("2027-06-01"), None).says
    )
