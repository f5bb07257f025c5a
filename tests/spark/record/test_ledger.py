"""What imports leave in the tables and in the key store, and in which order: a no closes before it is written."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from import_files import CONSENT, PURPOSES, SOURCE, csv_bytes
from keeping import Keeping
from ordinary import day

from habeas.model.installation.settings import Custody, Settings
from habeas.model.people import LeaveOutKind
from habeas.pipeline.catalog.catalog import catalog
from habeas.pipeline.record import imports as spark_imports
from habeas.pipeline.record.imports import (
    SUBJECT,
    add_consents,
    add_leave_outs,
    add_occasions,
    add_sources,
    places_of,
)
from habeas.records.parsing.rosters import NEEDED
from habeas.records.table_rows import leave_out_of, source_of, statement_of, subject_of
from habeas.sealing.keys import roles
from habeas.sealing.keys.registrar import Registrar
from habeas.warehouse.spark_tables import Tables

pytestmark = pytest.mark.spark
NOW = day("2026-11-23")
LATER, LAST = NOW + timedelta(days=1), NOW + timedelta(days=2)
OUT = {"kind": "leave_out", "since": "2026-11-01T00:00:00Z", "reason": "family_asked"}
MINA = {"subject": "mina@example.org"}
EVIDENCE = {"evidence_digest": "ab" * 32}


@pytest.fixture
def registrar(tmp_path: Path, settings: Settings) -> Registrar:
    keeping = Keeping(Custody(home=tmp_path / "custody"), settings)
    roles.set_up(keeping.custody, settings, NOW)
    return roles.registrar(keeping.custody)


def consents(tables: Tables, registrar: Registrar, *changes: dict[str, Any], now: Any = NOW) -> Any:
    return add_consents(tables, registrar, io.BytesIO(csv_bytes(CONSENT, *changes)), PURPOSES, now)


def leave_outs(tables: Tables, registrar: Registrar, *changes: dict[str, Any], now: Any = LATER) -> Any:
    return add_leave_outs(tables, registrar, io.BytesIO(csv_bytes(OUT, *changes)), PURPOSES, now)


def statements(tables: Tables) -> list[Any]:
    return [statement_of(row.asDict()) for row in tables.read("consents").collect()]


def test_a_statement_is_stored_and_read_back_whole(tables: Tables, registrar: Registrar) -> None:
    more = {"expires_at": "2027-01-01T00:00:00Z", "separate": "true", "written": "false", "guardian": "true",
            "recipients": "Vendor A;Vendor B", "countries": "KR", "sites": "hall", "events": "fair", "lots": "lot-7",
            "from_at": "2025-01-01T00:00:00Z", "to_at": "2025-07-01T00:00:00Z", "age": "under_14"}  # fmt: skip
    read = consents(tables, registrar, more)
    assert list(read.records) == statements(tables)


def test_the_same_file_twice_changes_nothing(tables: Tables, registrar: Registrar) -> None:
    lines = ({}, {"subject": "juno", "status": "refused"}, {"status": "nope"})
    consents(tables, registrar, *lines)
    before = (statements(tables), registrar.open_keys(), tables.read("quarantine").count())
    consents(tables, registrar, *lines, now=LATER)
    assert before == (statements(tables), registrar.open_keys(), tables.read("quarantine").count())


def test_a_withdrawal_closes_its_key_before_it_is_written(
    tables: Tables, registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    consents(tables, registrar, {})
    opened, seen = registrar.open_keys(), []

    def looking(tables_: Tables, name: str, rows: list[dict[str, Any]]) -> None:
        if name == "consents":
            seen.append((len(statements(tables_)), registrar.open_keys()))
        insert(tables_, name, rows)

    insert = spark_imports._insert
    monkeypatch.setattr(spark_imports, "_insert", looking)
    consents(tables, registrar, {"status": "withdrawn", "given_at": "2026-11-22T00:00:00Z"}, now=LATER)
    assert [(1, frozenset()), (2, frozenset())] == seen, "noes first, then all that the list says"
    assert opened == registrar.closed_keys()


def test_a_new_key_for_the_rest_comes_after_what_was_said(
    tables: Tables, registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run between the two finds no open key; never an open key beside the old statements."""
    consents(tables, registrar, {})
    seen = []

    def looking(tables_: Tables, name: str, rows: list[dict[str, Any]]) -> None:
        insert(tables_, name, rows)
        if name == "consents":
            seen.append((len(statements(tables_)), registrar.open_keys()))

    insert = spark_imports._insert
    monkeypatch.setattr(spark_imports, "_insert", looking)
    change = {"status": "withdrawn", "given_at": "2026-11-22T00:00:00Z", "events": "fair"}
    consents(tables, registrar, change, now=LATER)
    assert [(2, frozenset()), (2, frozenset())] == seen
    assert (1, 1) == (len(registrar.open_keys()), len(registrar.closed_keys()))
    assert 2 == tables.read("keys").count()


def test_an_import_that_was_cut_off_is_finished_by_the_next(
    tables: Tables, registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr(Registrar, "enrol_many", fail)
        with pytest.raises(RuntimeError):
            consents(tables, registrar, {})
    assert (1, frozenset()) == (len(statements(tables)), registrar.open_keys())
    consents(tables, registrar, {}, now=LATER)
    assert (1, 1) == (len(statements(tables)), len(registrar.open_keys()))


def test_what_is_recorded_already_is_what_a_new_consent_is_judged_by(
    tables: Tables, registrar: Registrar
) -> None:
    consents(tables, registrar, {"status": "withdrawn", "given_at": "2026-06-01T00:00:00Z"})
    late = {"given_at": "2026-07-01T00:00:00Z"}
    assert ["backdated"] == [each.reason for each in consents(tables, registrar, late).set_aside]
    assert [] == list(consents(tables, registrar, late | EVIDENCE).set_aside)
    assert "backdated" in {row["reason"] for row in tables.read("quarantine").collect()}


def test_a_person_may_be_named_by_their_random_id(tables: Tables, registrar: Registrar) -> None:
    (said,) = consents(tables, registrar, {}).records
    named = {"subject": SUBJECT + said.subject_id, "purpose": "model_training"}
    assert said.subject_id == consents(tables, registrar, named).records[0].subject_id
    stranger = consents(tables, registrar, named | {"subject": SUBJECT + "ab" * 16})
    assert (["unknown_subject"], ()) == ([each.reason for each in stranger.set_aside], stranger.records)


def test_what_is_known_of_a_person_only_ever_protects_more(tables: Tables, registrar: Registrar) -> None:
    def known() -> tuple[Any, ...]:
        (row,) = tables.read("subjects").collect()
        who = subject_of(row.asDict())
        return who.jurisdictions, who.age, who.last_contact_on

    consents(tables, registrar, {})
    assert (None, None, None) == known()
    first = {"jurisdictions": "KR", "age": "under_18", "last_contact_on": "2026-03-01"}
    consents(tables, registrar, first)
    assert (("KR",), "under_18", date(2026, 3, 1)) == known()
    second = {"jurisdictions": "US-IL", "age": "adult", "last_contact_on": "2026-02-01", "method": "web"}
    consents(tables, registrar, second)
    assert (("KR", "US-IL"), "under_18", date(2026, 3, 1)) == known()
    consents(tables, registrar, {"method": "phone"})
    assert (("KR", "US-IL"), "under_18", date(2026, 3, 1)) == known()


# --- leaving out ----------------------------------------------------------------------------


def listed(tables: Tables) -> list[Any]:
    return [leave_out_of(row.asDict()) for row in tables.read("leave_outs").collect()]


def test_who_is_left_out_loses_their_keys_before_the_line_is_written(
    tables: Tables, registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    consents(tables, registrar, {}, {"purpose": "model_training"})
    assert 2 == len(registrar.open_keys())
    seen = []

    def looking(tables_: Tables, name: str, rows: list[dict[str, Any]]) -> None:
        if name == "leave_outs":
            seen.append((tables_.read("leave_outs").count(), registrar.open_keys()))
        insert(tables_, name, rows)

    insert = spark_imports._insert
    monkeypatch.setattr(spark_imports, "_insert", looking)
    read = leave_outs(tables, registrar, MINA)
    assert [(0, frozenset()), (1, frozenset())] == seen
    assert list(read.records) == listed(tables)
    assert (frozenset(), 2) == (registrar.open_keys(), len(registrar.closed_keys()))


def test_no_consent_brings_a_key_back_to_who_is_left_out(tables: Tables, registrar: Registrar) -> None:
    leave_outs(tables, registrar, MINA)
    consents(tables, registrar, {"given_at": "2026-11-22T00:00:00Z"}, now=LAST)
    assert frozenset() == registrar.open_keys()


def test_a_lift_gives_a_new_key_where_consent_still_stands(tables: Tables, registrar: Registrar) -> None:
    consents(tables, registrar, {})
    (old,) = registrar.open_keys()
    (record,) = leave_outs(tables, registrar, MINA).records
    lift = {"kind": "leave_out", "reason": "mended", "lifts": record.leave_out_id, "since": LAST.isoformat()}
    leave_outs(tables, registrar, lift, now=LAST)
    (new,) = registrar.open_keys()
    assert (True, 2) == (old != new, tables.read("keys").count())
    assert frozenset({old}) == registrar.closed_keys()


def test_left_out_of_one_event_the_rest_gets_a_new_key_once(tables: Tables, registrar: Registrar) -> None:
    consents(tables, registrar, {})
    for now in (LATER, LAST):
        leave_outs(tables, registrar, MINA | {"event": "fair"}, now=now)
        assert (1, 1, 1) == (len(registrar.open_keys()), len(registrar.closed_keys()), len(listed(tables)))


def test_footage_without_a_person_and_a_bad_line(tables: Tables, registrar: Registrar) -> None:
    read = leave_outs(tables, registrar, {"lot": "lot-7"}, {"subject": "1.23457E+11", "kind": "erase"})
    assert ([None], 1) == ([each.subject_id for each in listed(tables)], read.refusals_set_aside)
    assert {LeaveOutKind.LEAVE_OUT} == {each.kind for each in listed(tables)}
    assert ["shortened_number"] == [row["reason"] for row in tables.read("quarantine").collect()]
    assert ["unknown_name"] == [each.reason for each in read.remarks], "no folder belongs to that lot yet"


def test_a_row_that_leaves_out_nothing_is_refused_by_the_table(tables: Tables) -> None:
    row = {name: [] for name in ("purposes", "sources", "folders", "sites", "events", "lots", "assets")} | {
        "leave_out_id": "a", "kind": "leave_out", "since": NOW, "recorded_at": NOW, "reason": "x",
        "evidence_digest": "",
    }  # fmt: skip
    with pytest.raises(Exception, match=r"CHECK constraint|DELTA_VIOLATE_CONSTRAINT"):
        tables.append("leave_outs", tables.frame("leave_outs", [row]))


# --- folders --------------------------------------------------------------------------------


def _photo(shade: int) -> bytes:
    from PIL import Image

    kept = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, shade, shade)).save(kept, "JPEG")
    return kept.getvalue()


def _archive(settings: Settings) -> Path:
    for place, shade in (("studio/a/kims_wedding/one.jpg", 10), ("studio/b/two.jpg", 200)):
        file = settings.archive / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_photo(shade))
    return settings.archive


@pytest.fixture
def installed(tables: Tables, registrar: Registrar, settings: Settings) -> Any:
    archive = _archive(settings)
    add_sources(tables, io.BytesIO(csv_bytes(SOURCE, {})), PURPOSES, NOW)
    key = settings.installation_key.read_bytes()
    return archive, places_of(tables, archive, key)


def folders(tables: Tables) -> dict[str, set[str]]:
    return {row["location"]: set(row["folders"]) for row in tables.read("assets").collect()}


def test_an_asset_knows_each_folder_above_it_and_no_table_holds_the_path_twice(
    tables: Tables, settings: Settings, installed: Any
) -> None:
    _, places = installed
    catalog(tables, settings, "r1", NOW, None)
    a, wedding = places.folder("studio", "a"), places.folder("studio", "a/kims_wedding")
    one, two = (places.named("studio", name) for name in ("a/kims_wedding/one.jpg", "b/two.jpg"))
    b = places.folder("studio", "b")
    assert {"a/kims_wedding/one.jpg": {a, wedding, one}, "b/two.jpg": {b, two}} == folders(tables)


@pytest.mark.parametrize("named", [{"asset": "studio/late/one.jpg"}, {"source": "studio", "folder": "late"}])
def test_what_was_left_out_before_it_was_there_is_left_out_once_it_is(
    tables: Tables, registrar: Registrar, settings: Settings, installed: Any, named: dict[str, str]
) -> None:
    archive, places = installed
    file = io.BytesIO(csv_bytes(OUT, named))
    read = add_leave_outs(tables, registrar, file, PURPOSES, NOW, places)
    assert [True] == [each.needs_a_look for each in read.remarks]
    (record,) = read.records
    (archive / "studio/late").mkdir()
    (archive / "studio/late/one.jpg").write_bytes(_photo(77))
    catalog(tables, settings, "r1", LATER, None)
    reached = {name for name, inside in folders(tables).items() if inside & set(record.scope.folders)}
    assert {"late/one.jpg"} == reached


def test_moving_or_copying_footage_takes_it_off_no_list(
    tables: Tables, settings: Settings, installed: Any
) -> None:
    archive, places = installed
    catalog(tables, settings, "r1", NOW, None)
    wedding, b = places.folder("studio", "a/kims_wedding"), places.folder("studio", "b")
    file = archive / "studio/a/kims_wedding/one.jpg"
    (archive / "studio/b/copy.jpg").write_bytes(file.read_bytes())
    catalog(tables, settings, "r2", LATER, None)
    file.unlink()
    catalog(tables, settings, "r3", LAST, None)
    found = folders(tables)["b/copy.jpg"]
    assert {wedding, b} <= found


def test_what_was_unreadable_is_tried_again_when_asked_to(
    tables: Tables, settings: Settings, installed: Any
) -> None:
    """As an archive's HEIC files are, once a version of habeas reads them."""
    archive, _ = installed
    file = archive / "studio/b/two.jpg"
    file.write_bytes(b"?" * file.stat().st_size)
    probed = [
        catalog(tables, settings, run, NOW, None, retry=retry)[0]["files_probed"]
        for run, retry in (("r1", False), ("r2", False), ("r3", True))
    ]
    assert probed == [2, 0, 1]


def test_a_roster_that_names_other_content_than_was_catalogued_has_the_file_read_again(
    tables: Tables, registrar: Registrar, settings: Settings, installed: Any
) -> None:
    """Some file systems tell no change of an inode: the digest does."""
    archive, _ = installed
    catalog(tables, settings, "r1", NOW, None)
    key = settings.installation_key.read_bytes()
    line = {"source": "studio", "subject": "mina@example.org", "attested_at": "2026-11-01T00:00:00Z"}
    listed = csv_bytes(dict.fromkeys(NEEDED.split(), "") | line, {"file": "b/two.jpg"})

    def marked() -> list[str]:
        spark_imports.add_rosters(tables, registrar, io.BytesIO(listed), archive, key, NOW)
        return [row["location"] for row in tables.read("assets").where("changed_ns = -1").collect()]

    assert marked() == []
    (archive / "studio/b/two.jpg").write_bytes(_photo(99))
    assert marked() == ["b/two.jpg"]


def test_an_event_of_a_folder_and_a_release_for_it(
    tables: Tables, registrar: Registrar, settings: Settings, installed: Any
) -> None:
    _, places = installed
    line = {"source": "studio", "folder": "a/kims_wedding", "kind": "event", "name": "wedding-7"}
    add_occasions(tables, io.BytesIO(csv_bytes(line, {}, {"folder": "kims_birthday"})), NOW, places)
    later = places.named("studio", "kims_birthday")
    (row,) = tables.read("occasions").where(f"folder_id <> '{later}'").collect()
    assert 2 == tables.read("occasions").count()
    assert ("studio", places.folder("studio", "a/kims_wedding"), "wedding-7") == (
        row["source_id"], row["folder_id"], row["name"],
    )  # fmt: skip
    named = csv_bytes(
        CONSENT, {"sources": "studio", "folders": "a/kims_wedding", "assets": "studio/b/two.jpg"}
    )
    (said,) = add_consents(tables, registrar, io.BytesIO(named), PURPOSES, NOW, places).records
    catalog(tables, settings, "r1", NOW, None)
    two = next(row["asset_id"] for row in tables.read("assets").collect() if row["location"] == "b/two.jpg")
    assert ((row["folder_id"],), (two,)) == (said.scope.folders, said.scope.assets)
    held = [
        str(each) for name in ("consents", "occasions", "quarantine") for each in tables.read(name).collect()
    ]
    assert not [each for each in held if "kims" in each]


def test_what_a_source_left_open_is_filled_in_once(tables: Tables) -> None:
    def sources(**more: str) -> Any:
        add_sources(tables, io.BytesIO(csv_bytes(SOURCE, more)), PURPOSES, NOW)
        return source_of(tables.read("sources").collect()[0].asDict())

    assert (None, None) == (sources().medium, sources().purpose_ended_on)
    told = sources(medium="studio", purpose_ended_on="2026-06-30")
    assert ("studio", date(2026, 6, 30)) == (told.medium, told.purpose_ended_on)
    assert told == sources()
