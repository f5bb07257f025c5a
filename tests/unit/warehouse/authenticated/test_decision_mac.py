"""A recorded decision can't be edited, moved to another line or made by somebody else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from habeas.model.installation.resources import PROJECT
from habeas.warehouse.authenticated.decision_mac import FIELDS, decision_mac, is_genuine
from habeas.warehouse.authenticated.mac import MacKey, Use
from habeas.warehouse.contracts import read_contracts

KEY = MacKey.of(b"i" * 32, Use.DECISION)
AT = datetime(2026, 11, 23, 2, 0, 0, 1, tzinfo=UTC)
ROW: dict[str, Any] = {
    "decision_id": "d" * 32, "action": "embed", "asset_id": "a1", "line_id": "l1", "purpose": "archive_search",
    "key_id": "k1", "facts_digest": "f" * 64, "policy_digest": "p" * 64, "pack_digest": "m" * 64, "as_of": AT,
    "recorded_at": AT, "known_at": AT, "valid_until": None, "effect": "deny", "rules": ["house/HOUSE-1"],
    "missing": [], "retention_days": None, "obligations": ["log_days>=730", "x"], "regulator_effect": None,
    "regulator_rules": [], "run_id": "night",
}  # fmt: skip
OTHER: dict[str, Any] = {
    "as_of": AT + timedelta(microseconds=1), "recorded_at": None, "known_at": AT - timedelta(days=1),
    "valid_until": AT, "effect": "allow", "rules": [], "missing": [""], "retention_days": 30,
    "obligations": ["log_days>=730x"], "regulator_effect": "allow", "regulator_rules": ["a"],
}  # fmt: skip


def signed(**changes: Any) -> dict[str, Any]:
    row = ROW | changes
    return row | {"mac": decision_mac(KEY, row)}


def test_every_column_of_the_table_is_covered() -> None:
    names = read_contracts(PROJECT / "schemas")["decisions"].names
    assert {*FIELDS, "mac"} == set(names)
    assert is_genuine(KEY, signed())


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_can_be_edited(name: str) -> None:
    assert not is_genuine(KEY, signed() | {name: OTHER.get(name, "other")})


def test_a_decision_is_not_moved_to_another_line_with_its_code() -> None:
    """Also not where its id is reckoned anew, which anybody can."""
    assert not is_genuine(KEY, signed() | {"line_id": "l2", "decision_id": "e" * 32})


@pytest.mark.parametrize("mac", [None, b"", b"\0" * 16, "0" * 32, 5])
def test_a_decision_without_a_code_is_nobodys(mac: Any) -> None:
    assert not is_genuine(KEY, ROW | {"mac": mac})
    assert not is_genuine(MacKey.of(b"o" * 32, Use.DECISION), signed())


def test_times_are_the_same_as_instants_and_as_microseconds() -> None:
    micros = int(AT.timestamp()) * 1_000_000 + AT.microsecond
    in_numbers = dict.fromkeys(("as_of", "recorded_at", "known_at"), micros)
    assert decision_mac(KEY, ROW) == decision_mac(KEY, ROW | in_numbers)
    naive = {name: AT.replace(tzinfo=None) for name in in_numbers}
    assert decision_mac(KEY, ROW) == decision_mac(KEY, ROW | naive)


def test_parts_of_lists_do_not_run_together() -> None:
    ways = [["a", "b"], ["ab"], ["a"], [], ["a", "", "b"], ["a,b"]]
    assert len(ways) == len({decision_mac(KEY, ROW | {"rules": way}) for way in ways})
    assert decision_mac(KEY, ROW | {"rules": ["x"], "missing": []}) != decision_mac(
        KEY, ROW | {"rules": [], "missing": ["x"]}
    )
