"""What people said and what was asked, to what the house pack answers: facts are derived on the way."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from deriving import a_vendor, a_waiver, an_activity, embed, scan
from ordinary import a_leave_out, a_line, a_place, a_source, a_statement, day

from habeas.model.decision import Action
from habeas.model.people import Scope
from habeas.policy.derivation.derive import Derived
from habeas.policy.rules.decide import decide
from habeas.policy.rules.packs import Pack

TABLES = Path(__file__).resolve().parent / "said"


def _cases(action: Action) -> list[Any]:
    table = yaml.safe_load((TABLES / f"{action.value}.yaml").read_text(encoding="utf-8"))
    return [pytest.param(action, table["ordinary"] | case, id=case["name"]) for case in table["cases"]]


ROWS = [row for action in (Action.EMBED, Action.SCAN) for row in _cases(action)]


def test_the_tables_are_worth_the_name() -> None:
    assert len(ROWS) >= 40


@pytest.mark.parametrize(("action", "case"), ROWS)
def test_decision(action: Action, case: dict[str, Any], house: tuple[Pack, ...]) -> None:
    derived = _embed(case) if action is Action.EMBED else _scan(case)
    verdict = decide(action, derived.facts, house)
    against = [rule for rule in verdict.rules if rule.kind != "permit"]
    by = sorted(rule.name.replace("house/", "").replace("HOUSE-", "") for rule in against)
    assert (case["is"], sorted(case["by"])) == (verdict.effect.value, by)


def _embed(case: dict[str, Any]) -> Derived:
    but = case.get("but", {})
    line = {name: but[name] for name in ("attested_by", "attested_at") if name in but}
    if "attested_at" in line:
        line["attested_at"] = _at(line["attested_at"])
    return embed(
        **_asked(case, but),
        line=a_line(**line, subject_id=None if but.get("placeholder") else "subject-1"),
        statements=[_statement(said) for said in case["said"]],
        key_open={"open": True, "closed": False, "none": None}[but.get("key", "open")],
    )


def _scan(case: dict[str, Any]) -> Derived:
    but = case.get("but", {})
    listed = {"allowed": True, "refused": False, "nobody": None}[but.get("listed", "allowed")]
    return scan(**_asked(case, but), line_allowed=listed)


def _asked(case: dict[str, Any], but: dict[str, Any]) -> dict[str, Any]:
    captured = but.get("captured_at", date(2026, 1, 1))
    purpose = case["ask"]
    return {
        "source": _source(but),
        "purpose": purpose,
        "activity": an_activity(purpose=purpose, **_activity(but)),
        "waivers": tuple(a_waiver(rule) for rule in but.get("waived", ())),
        "tainted": {"a" * 64: "why"} if but.get("tainted") else {},
        "leave_outs": [_leave_out(said) for said in but.get("left_out", ())],
        "place": a_place(captured_at=None if captured is None else _at(captured)),
        "catalogued_at": day("2026-01-01"),
        "as_of": _at(case["at"]),
    }


def _activity(but: dict[str, Any]) -> dict[str, Any]:
    return {"recipient": a_vendor()} if but.get("vendor") else {}


def _source(but: dict[str, Any]) -> Any:
    names = ("scan_ground", "roster_ground", "retention_days")
    return (
        a_source(**{name: but[name] for name in names if name in but})
        if but.get("registered", True)
        else None
    )


def _statement(said: list[Any]) -> Any:
    status, purpose, given, ends = said[:4]
    more = dict(said[4]) if len(said) > 4 else {}
    changes: dict[str, Any] = {"scope": Scope(sources=tuple(more.pop("sources", ())))}
    if "recorded" in more:
        changes["recorded_at"] = _at(more.pop("recorded"))
    changes |= {name: None if word == "unknown" else word for name, word in more.items()}
    changes |= {"recipients": tuple(changes.get("recipients", ()))}
    return a_statement(status, purpose, _at(given), None if ends is None else _at(ends), **changes)


def _leave_out(said: dict[str, Any]) -> Any:
    """Without a source it is about the person."""
    changes: dict[str, Any] = {}
    if "source" in said:
        changes = {"subject_id": None, "scope": Scope(sources=(said["source"],))}
    until = _at(said["until"]) if "until" in said else None
    return a_leave_out(said.get("kind", "leave_out"), _at(said["since"]), until=until, **changes)


def _at(when: date) -> datetime:
    return day(when.isoformat())
