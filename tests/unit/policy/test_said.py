"""What people said and what was asked, to what the house pack answers: facts are derived on the way."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ordinary import a_line, a_source, a_statement, day

from habeas.model.decision import Action, Effect
from habeas.policy.decide import decide
from habeas.policy.packs import Pack
from habeas.policy.purposes import Purposes
from habeas.steps.derive import Derived, embed_facts, scan_facts

TABLES = Path(__file__).resolve().parent / "said"


def _cases(action: Action) -> list[Any]:
    table = yaml.safe_load((TABLES / f"{action.value}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(action, table["ordinary"] | case, id=case["name"]) for case in table["cases"]]


ROWS = [row for action in (Action.EMBED, Action.SCAN) for row in _cases(action)]


def test_the_tables_are_worth_the_name() -> None:
    assert len(ROWS) >= 40


@pytest.mark.parametrize(("action", "case"), ROWS)
def test_decision(action: Action, case: dict[str, Any], house: tuple[Pack, ...], purposes: Purposes) -> None:
    derived = _embed(case, purposes) if action is Action.EMBED else _scan(case, purposes)
    verdict = decide(action, derived.facts, house)
    against = [] if verdict.effect is Effect.ALLOW else [rule.rule_id for rule in verdict.rules]
    by = sorted(rule_id.removeprefix("HOUSE-") for rule_id in against)
    assert (case["is"], sorted(case["by"])) == (verdict.effect.value, by)


def _embed(case: dict[str, Any], purposes: Purposes) -> Derived:
    but = case.get("but", {})
    line = {name: but[name] for name in ("attested_by", "attested_at") if name in but}
    if "attested_at" in line:
        line["attested_at"] = _at(line["attested_at"])
    return embed_facts(
        source=_source(but),
        line=a_line(**line, subject_id=None if but.get("placeholder") else "subject-1"),
        purpose=case["ask"],
        purposes=purposes,
        statements=[_statement(said) for said in case["said"]],
        key_open={"open": True, "closed": False, "none": None}[but.get("key", "open")],
        captured_at=_at(but.get("captured_at", date(2026, 1, 1))),
        catalogued_at=day("2026-01-01"),
        as_of=_at(case["at"]),
    )


def _scan(case: dict[str, Any], purposes: Purposes) -> Derived:
    but = case.get("but", {})
    captured = but.get("captured_at", date(2026, 1, 1))
    return scan_facts(
        source=_source(but),
        purpose=case["ask"],
        purposes=purposes,
        captured_at=None if captured is None else _at(captured),
        catalogued_at=day("2026-01-01"),
        line_allowed={"allowed": True, "refused": False, "nobody": None}[but.get("listed", "allowed")],
        lines_valid_until=None,
        as_of=_at(case["at"]),
    )


def _source(but: dict[str, Any]) -> Any:
    names = ("scan_ground", "roster_ground", "retention_days")
    return (
        a_source(**{name: but[name] for name in names if name in but})
        if but.get("registered", True)
        else None
    )


def _statement(said: list[Any]) -> Any:
    status, purpose, given, ends = said[:4]
    more = said[4] if len(said) > 4 else {}
    changes: dict[str, Any] = {"sources": tuple(more.get("sources", ()))}
    if "explicit" in more:
        changes["explicit"] = None if more["explicit"] == "unknown" else more["explicit"]
    if "recorded" in more:
        changes["recorded_at"] = _at(more["recorded"])
    return a_statement(status, purpose, _at(given), None if ends is None else _at(ends), **changes)


def _at(when: date) -> datetime:
    return day(when.isoformat())
