"""Two imports at once, one of a yes and one of the no that the first has not read: no key stays open against a no."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from import_files import CONSENT, PURPOSES, csv_bytes
from keeping import Keeping
from ordinary import day

from habeas.model.installation.settings import Custody, Settings
from habeas.pipeline.record.imports import add_consents, add_leave_outs
from habeas.sealing.keys import roles
from habeas.sealing.keys.registrar import Registrar
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
NOW = day("2026-11-23")
LATER = NOW + timedelta(hours=1)
NO = {"status": "withdrawn", "given_at": "2026-11-23T00:30:00Z", "expires_at": ""}
OUT = {"kind": "leave_out", "since": "2026-11-01T00:00:00Z", "reason": "family_asked"}


@pytest.fixture
def registrar(tmp_path: Path, settings: Settings) -> Registrar:
    keeping = Keeping(Custody(home=tmp_path / "custody"), settings)
    roles.set_up(keeping.custody, settings, NOW)
    return roles.registrar(keeping.custody)


def consents(tables: Tables, registrar: Registrar, *changes: dict[str, Any], now: Any = NOW) -> Any:
    return add_consents(tables, registrar, io.BytesIO(csv_bytes(CONSENT, *changes)), PURPOSES, now)


def withdraws(tables: Tables, registrar: Registrar) -> None:
    consents(tables, registrar, NO, now=LATER)


def left_out(tables: Tables, registrar: Registrar) -> None:
    line = OUT | {"subject": CONSENT["subject"]}
    add_leave_outs(tables, registrar, io.BytesIO(csv_bytes(line, {})), PURPOSES, LATER)


@pytest.mark.parametrize("says_no", [withdraws, left_out])
def test_an_import_that_had_not_read_a_no_leaves_no_key_open_against_it(
    tables: Tables,
    registrar: Registrar,
    monkeypatch: pytest.MonkeyPatch,
    says_no: Callable[[Tables, Registrar], None],
) -> None:
    """The same list of consents is imported every night; meanwhile somebody in it says no."""
    consents(tables, registrar, {})
    assert len(registrar.open_keys()) == 1
    enrol, meanwhile = registrar.enrol_many, [says_no]

    def enrolling(pairs: Any, now: Any) -> Any:
        if meanwhile:
            meanwhile.pop()(tables, registrar)
            assert not registrar.open_keys()
        return enrol(pairs, now)

    monkeypatch.setattr(registrar, "enrol_many", enrolling)
    consents(tables, registrar, {}, now=LATER)
    assert not meanwhile
    assert not registrar.open_keys()


@pytest.mark.parametrize("footage", ["", "lobby"], ids=["of all footage", "of some"])
def test_a_key_made_between_a_withdrawals_closing_and_its_writing_is_closed_as_well(
    tables: Tables, registrar: Registrar, monkeypatch: pytest.MonkeyPatch, footage: str
) -> None:
    """What still stands gets a key made after all of it."""
    consents(tables, registrar, {})
    seen, real, meanwhile = set(registrar.open_keys()), Tables._writing, [{}]

    @contextmanager
    def writing(self: Tables, name: str) -> Iterator[None]:
        if name == "consents" and meanwhile:
            assert not registrar.open_keys()
            consents(tables, registrar, meanwhile.pop())
            seen.update(registrar.open_keys())
        with real(self, name):
            yield

    monkeypatch.setattr(Tables, "_writing", writing)
    consents(tables, registrar, NO | {"sources": footage}, now=LATER)
    assert len(seen) == 2
    left = registrar.open_keys()
    assert len(left) == (1 if footage else 0)
    assert left.isdisjoint(seen)
    assert left <= {row["key_id"] for row in tables.read("keys").collect()}
