"""Who would be affected by other rules: kinds, counts, and by which rule and source."""

from __future__ import annotations

import json

import pytest

from habeas.policy.diff import Difference, Group, Kind, Outcome, kind_of

ALLOWED = Outcome("allow", ("house/HOUSE-ALLOW",), retention_days=365)
DENIED = Outcome("deny", ("house/HOUSE-10",))
GAP = Outcome("gap", ("kr-pipa/KR-26-2-gap",), missing=("processor_disclosed",))
SHORTER = Outcome("allow", ("house/HOUSE-ALLOW",), retention_days=30)
DUTIES = Outcome("allow", ("house/HOUSE-ALLOW",), retention_days=365, obligations=("log_days>=730",))
WAIVED = Outcome("allow", ("house/HOUSE-ALLOW", "waived:house/HOUSE-9"), retention_days=365)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (ALLOWED, ALLOWED, Kind.SAME),
        (ALLOWED, DENIED, Kind.NEWLY_REFUSED),
        (ALLOWED, GAP, Kind.NEWLY_REFUSED),
        (DENIED, ALLOWED, Kind.NEWLY_ALLOWED),
        (GAP, ALLOWED, Kind.NEWLY_ALLOWED),
        (ALLOWED, SHORTER, Kind.RETENTION),
        (ALLOWED, DUTIES, Kind.DUTIES),
        (ALLOWED, WAIVED, Kind.SAME),
        (GAP, DENIED, Kind.REASONS),
        (DENIED, DENIED, Kind.SAME),
    ],
)
def test_a_missing_fact_counts_as_a_refusal_in_both_directions(
    before: Outcome, after: Outcome, kind: Kind
) -> None:
    assert kind is kind_of(before, after)


def group(before: Outcome, after: Outcome, things: int, **more: object) -> Group:
    told = {"action": "embed", "purpose": "archive_search", "source_id": "studio"} | more
    return Group(before=before, after=after, things=things, **told)  # type: ignore[arg-type]


FOUND = Difference(
    "a" * 64,
    "b" * 64,
    (
        group(ALLOWED, GAP, 5, open_rows=9, closed_rows=2),
        group(ALLOWED, GAP, 2, source_id="event", open_rows=1),
        group(ALLOWED, DENIED, 1, action="scan"),
        group(DENIED, ALLOWED, 3, open_rows=1, closed_rows=4),
        group(ALLOWED, SHORTER, 7),
        group(GAP, DENIED, 4),
        group(ALLOWED, ALLOWED, 100, open_rows=80),
    ),
    {Kind.NEWLY_REFUSED: 6},
)


def test_rows_that_would_close_are_the_open_ones_of_lines_that_are_refused() -> None:
    assert (10, 4) == (FOUND.rows_closed, FOUND.rows_opened)


def test_a_change_counts_under_the_rules_that_make_the_difference() -> None:
    assert {"kr-pipa/KR-26-2-gap": 7, "house/HOUSE-10": 1} == FOUND.by_rule(Kind.NEWLY_REFUSED)
    assert {"house/HOUSE-10": 3} == FOUND.by_rule(Kind.NEWLY_ALLOWED)
    assert {"house/HOUSE-10": 4, "kr-pipa/KR-26-2-gap": 4} == FOUND.by_rule(Kind.REASONS)
    assert {"studio": 6, "event": 2} == FOUND.by_source(Kind.NEWLY_REFUSED)
    assert {(365, 30): 7} == FOUND.retentions()


def test_a_waived_rule_is_not_what_refuses() -> None:
    refused = Outcome("deny", ("house/HOUSE-10", "waived:house/HOUSE-9"))
    assert ("house/HOUSE-10",) == group(ALLOWED, refused, 1).telling


def test_the_json_counts_lines_and_files_apart_and_holds_no_id() -> None:
    told = json.loads(json.dumps(FOUND.as_dict()))
    assert (7, 1, 6) == tuple(told["newly_refused"][each] for each in ("lines", "files", "people"))
    assert {"lines": 121, "files": 1} == told["decided"]
    assert {"closed": 10, "opened_again": 4} == told["rows"]
    assert [{"before": 365, "after": 30, "things": 7}] == told["retention"]
    assert "same" not in {entry["kind"] for entry in told["groups"]}
    words = {word for entry in told["groups"] for word in entry}
    assert not {"asset_id", "line_id", "subject_id"} & words
