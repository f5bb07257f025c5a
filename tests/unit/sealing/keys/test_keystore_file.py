"""The database: private, forgetful, silent about values, and right when several write at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from habeas.model.errors import BadInput, IntegrityError, Unavailable, UsageError
from habeas.sealing.keys import roles
from habeas.sealing.keys.registrar import Registrar
from habeas.sealing.keys.store import KeyStore
from habeas.sealing.keys.tables import metadata

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERSON = "Kim Minji <minji@example.org>"


def row(keeping, query: str, *values):
    with sqlite3.connect(keeping.database) as connection:
        return connection.execute(query, values).fetchall()


def test_the_database_is_private_and_forgets(keeping, registrar):
    registrar.enrol("s", "a", NOW)
    assert 0o600 == keeping.database.stat().st_mode & 0o777
    with registrar._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("secure_delete", "synchronous", "journal_mode", "foreign_keys")
        }
    assert {"secure_delete": 1, "synchronous": 3, "journal_mode": "delete", "foreign_keys": 1} == pragmas


def test_a_deleted_key_leaves_no_bytes_behind(keeping, registrar):
    registrar.enrol("s", "a", NOW)
    ((sealed,),) = row(keeping, "SELECT sealed_private FROM keys")
    assert sealed[-64:] in keeping.database.read_bytes()
    with registrar._writer.begin() as connection:
        connection.execute(sa.text("DELETE FROM keys"))
    assert sealed[-64:] not in keeping.database.read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_database_others_may_read_is_refused(mode, keeping, registrar):
    keeping.database.chmod(mode)
    with pytest.raises(IntegrityError):
        roles.watcher(keeping.custody)


@pytest.mark.parametrize(
    "url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "postgresql+nodriver://h/db"]
)
def test_a_url_that_cannot_be_used_is_a_usage_error(url):
    with pytest.raises(UsageError):
        KeyStore(url)


def test_a_store_that_was_never_set_up_says_so(keeping, tmp_path):
    empty = KeyStore(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with pytest.raises(Unavailable, match="habeas init"):
        empty.open_keys()
    with pytest.raises(Unavailable):
        KeyStore(f"sqlite:///{tmp_path / 'no' / 'folder' / 'keys.sqlite'}")


def test_every_statement_is_also_postgresql():
    """Tables and the partial unique index compile for the second database."""
    dialect = postgresql.dialect()
    for table in metadata.sorted_tables:
        assert table.name in str(CreateTable(table).compile(dialect=dialect))
    index = next(iter(metadata.tables["keys"].indexes))
    assert "WHERE status = 'open'" in str(CreateIndex(index).compile(dialect=dialect))


def _enrol(custody, start, results) -> None:
    registrar = roles.registrar(custody)
    start.wait()
    subjects = registrar.subjects_for([f"person {number}" for number in range(20)], NOW)
    made = registrar.enrol_many([(subject, "a") for subject in subjects.values()], NOW)
    results.put(sorted((record.subject_id, record.key_id) for record in made.values()))


def test_two_processes_enrolling_the_same_people_make_one_key_each(keeping, watcher):
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(3), context.Queue()
    workers = [context.Process(target=_enrol, args=(keeping.custody, start, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    assert [0, 0, 0] == [worker.exitcode for worker in workers]
    assert answers[0] == answers[1] == answers[2]
    assert 20 == len(answers[0]) == len(watcher.records(only_open=False))


def test_a_rival_between_looking_and_writing_wins(registrar, keeping, monkeypatch):
    """The unique constraint decides, whoever looked first."""
    rival = roles.registrar(keeping.custody)
    honest = registrar._insert_keys
    seen = []

    def late(rows):
        if not seen:
            seen.append(rival.enrol("s", "a", NOW))
        honest(rows)

    monkeypatch.setattr(registrar, "_insert_keys", late)
    assert registrar.enrol("s", "a", NOW) == seen[0]
    assert 1 == len(registrar.records(only_open=False))


def test_many_people_are_enrolled_in_few_transactions(registrar, keeping):
    commits = []
    sa.event.listen(registrar._engine, "commit", lambda _: commits.append(1))
    subjects = registrar.subjects_for((f"person {number}" for number in range(600)), NOW)
    classical = Registrar(
        keeping.custody.key_store,
        identity_key=keeping.custody.identity_key.read_bytes(),
        registrar_private=keeping.custody.registrar_key.read_bytes(),
        suite=1,
    )
    made = classical.enrol_many([(subject, "a") for subject in subjects.values()], NOW)
    assert 600 == len(made) == len(registrar.records(subjects.values()))
    assert len(commits) <= 3
    assert 600 == len(registrar.close_many(made, NOW, "withdrawn"))


def test_a_file_of_people_is_one_transaction_or_none(registrar):
    def broken_file() -> None:
        with registrar.together():
            first = registrar.subject_for("a", NOW)
            assert first == registrar.find_subject("a")
            registrar.enrol(first, "archive_search", NOW)
            registrar.subject_for("", NOW)

    with pytest.raises(BadInput):
        broken_file()
    assert (None, []) == (registrar.find_subject("a"), registrar.records())
    with registrar.together():
        for number in range(300):
            registrar.subject_for(f"person {number}", NOW)
    assert registrar.find_subject("person 299")
