from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ordinary import a_line, a_source, a_statement, day

from habeas.model.decision import Action
from habeas.model.people import ConsentStatement
from habeas.policy.facts import canonical, facts_of
from habeas.steps.derive import Derived, embed_facts, retention_end, scan_facts

START = day("2026-01-01")
PURPOSES = {"archive_search", "model_training"}


def embed(**changes: Any) -> Derived:
    ordinary: dict[str, Any] = {
        "source": a_source(),
        "line": a_line(),
        "purpose": "archive_search",
        "purposes": PURPOSES,
        "statements": [a_statement()],
        "key_open": True,
        "captured_at": START,
        "catalogued_at": START,
        "as_of": day("2026-06-01"),
    }
    return embed_facts(**(ordinary | changes))


def scan(**changes: Any) -> Derived:
    ordinary: dict[str, Any] = {
        "source": a_source(),
        "purpose": "archive_search",
        "purposes": PURPOSES,
        "captured_at": START,
        "catalogued_at": START,
        "line_allowed": True,
        "lines_valid_until": None,
        "as_of": day("2026-06-01"),
    }
    return scan_facts(**(ordinary | changes))


def test_an_ordinary_line_has_every_fact() -> None:
    assert [fact.name for fact in facts_of(Action.EMBED)] == list(embed().facts)
    assert [fact.name for fact in facts_of(Action.SCAN)] == list(scan().facts)


def test_facts_hold_no_id_and_no_instant() -> None:
    text = canonical(embed().facts) + canonical(scan().facts)
    for secret in ("subject-1", "asset-1", "line-1", "studio", "archive_search", "2026", "Museum"):
        assert secret not in text


def test_two_people_in_the_same_position_share_one_fact_set() -> None:
    other = embed(
        line=a_line(subject_id="subject-2", line_id="line-2"),
        statements=[a_statement(subject_id="subject-2")],
    )
    assert embed() == other


def test_what_nobody_supplied_is_left_out() -> None:
    assert {"line_attested", "purpose_known", "subject_known"} == set(
        embed(source=None, statements=[], key_open=None).facts
    )
    assert {"purpose_known", "source_registered"} == set(scan(source=None, line_allowed=None).facts)


def test_a_placeholder_line_has_no_consent() -> None:
    facts = embed(line=a_line(subject_id=None)).facts
    assert False is facts["subject_known"]
    assert not {"consent", "consent_explicit", "consent_covers_source", "key_open"} & set(facts)


def test_retention_is_counted_from_capture_unless_the_clock_was_ahead() -> None:
    found = day("2026-03-01")
    assert day("2026-01-11") == retention_end(10, START, found)
    assert day("2026-03-11") == retention_end(10, None, found)
    assert day("2026-03-11") == retention_end(10, day("2099-01-01"), found)
    assert retention_end(10**9, START, found) > day("9999-12-30")


def test_valid_until_is_the_earliest_of_all_that_could_flip() -> None:
    ends = [a_statement(expires_at=day("2026-08-01"))]
    assert day("2026-08-01") == embed(statements=ends).valid_until
    assert day("2026-06-02") == embed(statements=ends, source=a_source(retention_days=152)).valid_until
    assert day("2026-06-03") == embed(line=a_line(attested_at=day("2026-06-03"))).valid_until
    assert day("2026-06-04") == scan(lines_valid_until=day("2026-06-04")).valid_until
    assert None is embed(source=None, key_open=None).valid_until


_DAYS = st.integers(0, 9).map(lambda days: START + timedelta(days=days))
_SAID = st.builds(
    lambda status, given_at, length, recorded, sources: a_statement(
        status,
        "archive_search",
        given_at,
        length and given_at + timedelta(days=length),
        recorded_at=recorded,
        sources=sources,
    ),
    st.sampled_from(["given", "refused", "withdrawn"]),
    _DAYS,
    st.none() | st.integers(1, 5),
    _DAYS,
    st.sampled_from([(), ("studio",), ("lobby",)]),
)


@settings(deadline=None)
@given(st.lists(_SAID, max_size=5), st.integers(0, 12), _DAYS, _DAYS, _DAYS, st.integers(0, 300))
def test_facts_hold_until_valid_until(
    said: list[ConsentStatement],
    retention: int,
    captured: datetime,
    attested: datetime,
    as_of: datetime,
    hours: int,
) -> None:
    fixed: dict[str, Any] = {
        "source": a_source(retention_days=retention),
        "line": a_line(attested_at=attested),
        "statements": said,
        "captured_at": captured,
    }
    now = embed(**fixed, as_of=as_of)
    later = as_of + timedelta(hours=hours)
    if now.valid_until is None or later < now.valid_until:
        assert now.facts == embed(**fixed, as_of=later).facts
    assert now.valid_until is None or now.valid_until > as_of


@given(st.integers(0, 12), _DAYS, _DAYS, st.integers(0, 300))
def test_scan_facts_hold_until_valid_until(
    retention: int, captured: datetime, as_of: datetime, hours: int
) -> None:
    fixed: dict[str, Any] = {"source": a_source(retention_days=retention), "captured_at": captured}
    now = scan(**fixed, as_of=as_of)
    later = as_of + timedelta(hours=hours)
    if now.valid_until is None or later < now.valid_until:
        assert now.facts == scan(**fixed, as_of=later).facts
