"""Consents out of a Delta table and out of PostgreSQL: as in a file, and nobody's secret in a message."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from deltalake import write_deltalake
from import_files import CONSENT, PURPOSES, KeyStore, csv_bytes

from habeas.model.errors import Unavailable, UsageError
from habeas.model.people import ConsentStatement
from habeas.records.imports.pipeline import Imported, import_consents
from habeas.records.parsing.consents import COLUMNS
from habeas.records.readers.tables import delta_records, query_records

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
ROW: dict[str, Any] = CONSENT | {
    "given_at": WHEN, "explicit": True, "expires_at": None, "sources": None, "recipients": ["Vendor B", "Vendor A"],
    "events": None, "last_contact_on": WHEN.date(),
}  # fmt: skip


def read(records: Any) -> Imported[ConsentStatement]:
    return import_consents(records, purposes=PURPOSES, recorded_at=NOW, subject_of=KeyStore().subject_of)


def as_file() -> Imported[ConsentStatement]:
    from io import BytesIO

    more = {
        "given_at": "2026-01-01T00:00:00Z",
        "recipients": "Vendor A;Vendor B",
        "last_contact_on": "2026-01-01",
    }
    return read(BytesIO(csv_bytes(CONSENT, more)))


# --- Delta ----------------------------------------------------------------------------------

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("subject", "purpose", "status", "notice_version", "method")),
        ("given_at", pa.timestamp("us", "UTC")),
        ("expires_at", pa.timestamp("us", "UTC")),
        ("sources", pa.list_(pa.string())),
        ("explicit", pa.bool_()),
        ("recipients", pa.list_(pa.string())),
        ("events", pa.list_(pa.string())),
        ("last_contact_on", pa.date32()),
    ]
)


def delta(folder: Path, *rows: dict[str, Any], schema: pa.Schema = SCHEMA) -> Path:
    names = schema.names
    data = pa.table({name: [row.get(name) for row in rows] for name in names}, schema=schema)
    write_deltalake(str(folder), data)
    return folder


def test_a_delta_table_says_what_a_file_says(tmp_path: Path) -> None:
    with delta_records(delta(tmp_path / "desk", ROW), COLUMNS) as records:
        found = read(records)
    assert as_file().records == found.records
    assert as_file().subjects == found.subjects
    assert (1, 64) == (found.lines, len(found.input_digest))


def test_a_bad_row_of_a_table_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"subject": "juno", "status": "yes"}, ROW | {"subject": "kai", "recipients": []}]
    with delta_records(delta(tmp_path / "desk", *rows), COLUMNS) as records:
        found = read(records)
    assert [(2, "unknown_status"), (3, "bad_list")] == [(e.line_number, e.reason) for e in found.set_aside]
    assert (1, 1) == (len(found.records), found.refusals_set_aside)


def test_a_time_without_a_zone_is_refused_in_a_table_too(tmp_path: Path) -> None:
    place = SCHEMA.get_field_index("given_at")
    bare = SCHEMA.set(place, pa.field("given_at", pa.string()))
    row = ROW | {"given_at": "2026-01-01T09:00:00"}
    with delta_records(delta(tmp_path / "desk", row, schema=bare), COLUMNS) as records:
        assert ["no_time_zone"] == [each.reason for each in read(records).set_aside]


def test_a_date_beyond_all_years_takes_no_withdrawal_with_it(tmp_path: Path) -> None:
    """The end of the year 9999 somewhere is the year 10000 in UTC: the whole import ended with a bare exception."""
    beyond = pa.scalar(253_402_329_599_999_999, pa.timestamp("us", "UTC"))
    column = pa.array([None, beyond.value, None], pa.int64()).cast(pa.timestamp("us", "UTC"))
    rows = [ROW, ROW | {"subject": "juno"}, ROW | {"subject": "kai", "status": "withdrawn"}]
    data = pa.table({name: [row.get(name) for row in rows] for name in SCHEMA.names}, schema=SCHEMA)
    place = SCHEMA.get_field_index("expires_at")
    write_deltalake(str(tmp_path / "desk"), data.set_column(place, SCHEMA.field(place), column))
    with delta_records(tmp_path / "desk", COLUMNS) as records:
        found = read(records)
    assert [(2, "impossible_date")] == [(e.line_number, e.reason) for e in found.set_aside]
    assert 2 == len(found.records)


@pytest.mark.parametrize(("name", "reason"), [("status", "missing_column"), ("subject", "missing_column")])
def test_a_table_without_what_a_no_needs_is_refused_whole(tmp_path: Path, name: str, reason: str) -> None:
    less = SCHEMA.remove(SCHEMA.get_field_index(name))
    with delta_records(delta(tmp_path / "desk", ROW, schema=less), COLUMNS) as records:
        found = read(records)
    assert ([(None, reason)], 1) == (
        [(e.line_number, e.reason) for e in found.set_aside],
        found.refusals_set_aside,
    )


def test_a_yes_in_a_table_with_a_column_nobody_knows_is_set_aside(tmp_path: Path) -> None:
    more = SCHEMA.append(pa.field("minas_note", pa.string()))
    with delta_records(delta(tmp_path / "desk", ROW, schema=more), COLUMNS) as records:
        found = read(records)
    assert ["extra_column"] == [each.reason for each in found.set_aside]
    assert "minas" not in repr(found)


def test_a_folder_that_is_no_table_is_a_fault_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="_delta_log"), delta_records(tmp_path, COLUMNS):
        pass


def test_the_same_rows_have_the_same_digest(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        with delta_records(delta(tmp_path / name, ROW, ROW | {"subject": "juno"}), COLUMNS) as records:
            digests.add(read(records).input_digest)
    assert 1 == len(digests)


# --- PostgreSQL -----------------------------------------------------------------------------

TABLE = """
create table desk (subject text, purpose text, status text, given_at timestamptz, expires_at timestamptz,
  sources text[], explicit boolean, notice_version text, method text, recipients text[], last_contact_on date);
insert into desk values ('mina@example.org', 'archive_search', 'given', '2026-01-01T09:00:00+09:00', null, null, true,
  '2', 'paper form', '{Vendor B,Vendor A}', '2026-01-01')
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A real server on a socket of its own; its address."""
    binary = shutil.which("postgres") or next(
        map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")), None
    )
    if binary is None:
        pytest.skip("no PostgreSQL server here")
    users = {each.pw_name for each in pwd.getpwall()}
    if os.geteuid() == 0 and "postgres" not in users:
        pytest.skip("root has nobody to run PostgreSQL as")
    # Not below pytest's own folder: that is closed to the user the server must run as instead of root.
    with tempfile.TemporaryDirectory(prefix="habeas-pg-") as name:
        become: list[str] = []
        if os.geteuid() == 0:
            become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(name, "postgres", "postgres")
        tools, data = Path(binary).resolve().parent, f"{name}/data"

        def run(tool: str, *words: str) -> None:
            command = [*become, str(tools / tool), "-D", data, *words]
            subprocess.run(command, check=True, capture_output=True, cwd=name, timeout=120)

        run("initdb", "-A", "trust", "-U", "desk", "--no-sync")
        run(
            "pg_ctl",
            "-l",
            f"{name}/log",
            "-w",
            "-o",
            f"-c listen_addresses='' -k {name} -c fsync=off",
            "start",
        )
        try:
            url = f"postgresql://desk@/postgres?host={name}"
            with sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:")).begin() as connection:
                connection.exec_driver_sql(TABLE)
            yield url
        finally:
            run("pg_ctl", "-m", "immediate", "stop")


def test_a_query_says_what_a_file_says(server: str) -> None:
    with query_records(
        server, "select * from desk where method like 'paper%' order by given_at", COLUMNS
    ) as records:
        found = read(records)
    assert (as_file().records, ()) == (found.records, found.set_aside)
    assert as_file().subjects == found.subjects


def test_a_query_can_not_write(server: str) -> None:
    sneaky = "with gone as (delete from desk returning *) select * from gone"
    for query in ("delete from desk", "insert into desk (subject) values ('x') returning subject", sneaky):
        with pytest.raises((UsageError, Unavailable)), query_records(server, query, COLUMNS) as records:
            read(records)
    with query_records(server, "select * from desk", COLUMNS) as records:
        assert 1 == len(read(records).records)


def test_a_query_that_fails_repeats_nothing(server: str) -> None:
    for query in (
        "select minas_secret from desk",
        "selekt 1",
        "select 1/0 as subject",
        "select :minas_secret",
    ):
        with (
            pytest.raises((UsageError, Unavailable)) as caught,
            query_records(server, query, COLUMNS) as records,
        ):
            read(records)
        assert "minas" not in str(caught.value)


def test_the_columns_of_a_query_are_checked(server: str) -> None:
    with query_records(server, "select subject, status from desk", COLUMNS) as records:
        assert ["missing_column"] == [each.reason for each in read(records).set_aside]


def test_what_the_import_itself_raises_is_not_put_on_the_database(server: str) -> None:
    with pytest.raises(sa.exc.OperationalError), query_records(server, "select * from desk", COLUMNS):
        raise sa.exc.OperationalError("the key store", None, Exception())


def test_an_address_that_can_not_be_used_is_not_repeated() -> None:
    for url in ("not an address", "nosuchdb://desk:s3cret@host/x", "postgresql://desk:s3cret@127.0.0.1:1/x"):
        with pytest.raises((UsageError, Unavailable)) as caught, query_records(url, "select 1", COLUMNS):
            pass
        assert "s3cret" not in str(caught.value)
        assert "desk" not in str(caught.value)
