"""One wording of scopes, for logs and explanations."""

from __future__ import annotations

from datetime import UTC, datetime

from habeas.model.people import Scope
from habeas.oversight.scope_wording import scope_words


def test_what_a_scope_is_about_is_said_in_words() -> None:
    assert "all footage" == scope_words(Scope())
    first, last = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, 6, tzinfo=UTC)
    said = scope_words(Scope(sources=("studio",), events=("fair", "ball"), from_at=first, to_at=last))
    expected = (
        "footage of source studio and event fair or ball captured from 2026-11-01 00:00 UTC on and before "
        "2026-11-02 06:00 UTC"
    )
    assert expected == said
    assert "all footage captured before 2026-11-02 06:00 UTC" == scope_words(Scope(to_at=last))


def test_only_ids_are_shortened_and_only_where_it_is_asked_for() -> None:
    scope = Scope(sources=("a-long-source",), folders=("f" * 64,), assets=("a" * 64,))
    assert f"footage of source a-long-source and folder {'f' * 64} and file {'a' * 64}" == scope_words(scope)
    assert "footage of source a-long-source and folder ffff and file aaaa" == scope_words(scope, 4)
