"""The key store: people are random ids, one open key a purpose, and the store alone opens nothing."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import traceback
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from habeas.adapters import custody as roles
from habeas.adapters.keystore import KeyStore
from habeas.adapters.keystore_registrar import Registrar
from habeas.adapters.keystore_tables import metadata
from habeas.errors import BadInput, IntegrityError, KeyUnavailable, Unavailable, UsageError
from habeas.sealing.epochs import new_epoch
from habeas.sealing.keypairs import public_of
from habeas.sealing.keyrecords import verify

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERSON = "Kim Minji <minji@example.org>"


def row(keeping, query: str, *values):
    with sqlite3.connect(keeping.database) as connection:
        return connection.execute(query, values).fetchall()


# People


def test_a_person_keeps_one_random_id(registrar):
    subject = registrar.subject_for(PERSON, NOW)
    assert subject == registrar.subject_for(PERSON, NOW + timedelta(days=1))
    assert subject == registrar.find_subject(PERSON)
    assert 32 == len(subject)
    assert None is registrar.find_subject("nobody")


def test_the_same_name_written_in_two_unicode_forms_is_one_person(registrar):
    composed, decomposed = (unicodedata.normalize(form, "Zoë 민지") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert registrar.subject_for(composed, NOW) == registrar.subject_for(decomposed, NOW)


def test_two_ids_are_never_made_one(registrar):
    ids = ["anna", "Anna", "ANNA", "anna ", " anna", "аnna"]  # the last begins with a Cyrillic letter
    assert len(ids) == len(set(registrar.subjects_for(ids, NOW).values()))


def test_subject_ids_say_nothing_about_the_person(keeping, registrar, tmp_path):
    other = tmp_path / "second"
    other.mkdir(mode=0o700)
    custody = keeping.custody.model_copy(update={"key_store": f"sqlite:///{other / 'keys.sqlite'}"})
    second = roles.registrar(custody)
    second.create_tables()
    assert registrar.subject_for(PERSON, NOW) != second.subject_for(PERSON, NOW)


@pytest.mark.parametrize(("real_id", "reason"), [("", "empty_real_id"), ("\ud800", "unreadable_real_id")])
def test_an_id_that_is_none_is_refused_and_not_repeated(real_id, reason, registrar):
    with pytest.raises(BadInput) as caught:
        registrar.subjects_for([PERSON, real_id], NOW)
    assert reason == caught.value.reason
    assert PERSON not in str(caught.value)
    assert None is registrar.find_subject(PERSON)  # all or none


def test_a_real_id_is_nowhere_in_the_bytes(keeping, registrar):
    subject = registrar.subject_for(PERSON, NOW)
    registrar.enrol(subject, "archive_search", NOW)
    stored = b"".join(path.read_bytes() for path in keeping.custody.home.rglob("*") if path.is_file())
    assert subject.encode() in stored  # the search finds what is there
    for form in ("utf-8", "utf-16-le", "utf-16-be"):
        for word in (PERSON, "Minji", "minji@example"):
            assert word.encode(form) not in stored


def test_without_the_identity_key_a_guess_cannot_be_tested(keeping, registrar):
    subject = registrar.subject_for(PERSON, NOW)
    guess = Registrar(
        keeping.custody.key_store,
        identity_key=bytes(32),
        registrar_private=keeping.custody.registrar_key.read_bytes(),
    )
    assert None is guess.find_subject(PERSON)
    assert subject == registrar.find_subject(PERSON)


# Keys


def test_a_person_has_one_open_key_a_purpose(keeping, registrar):
    first = registrar.enrol("s", "archive_search", NOW)
    assert first == registrar.enrol("s", "archive_search", NOW + timedelta(days=1))
    other = registrar.enrol("s", "access_verification", NOW)
    assert first.public_key != other.public_key
    assert (1, 2) == (first.generation, first.suite)
    verify(first, roles.registrar_public_key(keeping.settings.registrar_public_key))


def test_a_key_after_a_closed_one_is_a_new_generation(registrar):
    first = registrar.enrol("s", "archive_search", NOW)
    assert first.key_id == registrar.close("s", "archive_search", NOW, "withdrawn")
    second = registrar.enrol("s", "archive_search", NOW)
    assert (1, 2) == (first.generation, second.generation)
    assert first.key_id != second.key_id
    assert first.public_key != second.public_key


def test_a_closed_key_is_listed_and_gone_for_everybody_else(registrar, custodian, watcher):
    kept, closed = registrar.enrol("s", "a", NOW), registrar.enrol("s", "b", NOW)
    registrar.close("s", "b", NOW, "withdrawn")
    assert frozenset({closed.key_id}) == watcher.closed_keys()
    assert frozenset({kept.key_id}) == watcher.open_keys()
    assert [kept] == watcher.records()
    assert {kept, closed} == set(watcher.records(["s"], only_open=False))
    assert {kept.key_id} == set(custodian.opener([kept.key_id, closed.key_id]))


def test_closing_what_is_not_open_does_nothing(registrar, watcher):
    assert None is registrar.close("s", "a", NOW, "withdrawn")
    registrar.enrol("s", "a", NOW)
    registrar.close("s", "a", NOW, "withdrawn")
    assert None is registrar.close("s", "a", NOW, "withdrawn")
    assert 1 == len(watcher.closed_keys())


def test_closing_one_purpose_leaves_the_others(registrar, watcher):
    kept = [registrar.enrol("s", "a", NOW), registrar.enrol("t", "b", NOW)]
    registrar.enrol("s", "b", NOW)
    registrar.close("s", "b", NOW, "withdrawn")
    assert {record.key_id for record in kept} == watcher.open_keys()


def test_when_and_why_a_key_closed_is_kept(keeping, registrar):
    registrar.enrol("s", "a", NOW)
    registrar.close("s", "a", NOW + timedelta(hours=1), "withdrawn")
    assert [("closed", "2026-01-01 10:00:00.000000", "withdrawn")] == row(
        keeping, "SELECT status, closed_at, reason FROM keys"
    )


def test_records_come_back_as_they_were_signed(registrar, watcher):
    made = registrar.enrol("s", "a", NOW.astimezone(tz=None))
    (found,) = watcher.records(["s", "unknown"])
    assert (made, made.signature, NOW) == (found, found.signature, found.created_at)


def test_a_time_without_a_zone_is_refused(registrar):
    with pytest.raises(UsageError):
        registrar.enrol("s", "a", datetime(2026, 1, 1))  # noqa: DTZ001


# Who can do what


def test_the_custodian_gets_the_private_half(registrar, custodian):
    record = registrar.enrol("s", "a", NOW)
    key = custodian.opener([record.key_id])[record.key_id]
    assert (record.subject_id, record.purpose, record.suite) == (key.subject_id, key.purpose, key.suite)
    assert record.public_key == public_of(record.suite, key.private)
    assert {} == custodian.opener(["unknown"])


def test_the_registrar_enrols_without_the_kms_and_cannot_open(keeping, registrar, custodian):
    shutil.rmtree(keeping.custody.kms)
    record = registrar.enrol("s", "a", NOW)
    assert not hasattr(registrar, "opener")
    with pytest.raises(KeyUnavailable):
        custodian.opener([record.key_id])


def test_the_key_store_alone_opens_nothing(keeping, registrar, tmp_path):
    """A stolen database with a KMS of the thief's own."""
    record = registrar.enrol("s", "a", NOW)
    thief = keeping.custody.model_copy(update={"kms": tmp_path / "thief"})
    roles.LocalKms(thief.kms).create(1)
    with pytest.raises(IntegrityError):
        roles.custodian(thief).opener([record.key_id])


def test_no_private_key_stands_in_the_database(keeping, registrar, custodian):
    record = registrar.enrol("s", "a", NOW)
    private = custodian.opener([record.key_id])[record.key_id].private
    stored = keeping.database.read_bytes()
    assert record.public_key[:64] in stored  # the search finds what is there
    for secret in (
        private,
        keeping.custody.identity_key.read_bytes(),
        keeping.custody.registrar_key.read_bytes(),
    ):
        assert secret not in stored
        assert secret.hex().encode() not in stored


@pytest.mark.parametrize("column", ["subject_id", "purpose", "public_key", "sealed_private"])
def test_a_row_edited_in_the_database_opens_nothing(column, keeping, registrar, custodian):
    mine, other = registrar.enrol("s", "a", NOW), registrar.enrol("t", "b", NOW)
    with sqlite3.connect(keeping.database) as connection:
        connection.execute(
            f"UPDATE keys SET {column} = (SELECT {column} FROM keys WHERE key_id = ?) WHERE key_id = ?",
            (other.key_id, mine.key_id),
        )
    with pytest.raises(IntegrityError):
        custodian.opener([mine.key_id])


def test_an_epoch_slipped_into_the_database_gets_no_key(keeping, registrar):
    """Otherwise every new private key would be sealed to whoever edited the row."""
    stranger = public_of(2, bytes(32))
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("UPDATE epochs SET public_key = ?", (stranger,))
    with pytest.raises(IntegrityError):
        registrar.enrol("s", "a", NOW)
    assert [] == registrar.records(only_open=False)


def test_no_secret_stands_in_a_repr_or_message(keeping, registrar, custodian):
    record = registrar.enrol("s", "a", NOW)
    key = custodian.opener([record.key_id])[record.key_id]
    said = " ".join(repr(each) for each in (registrar, custodian, record, key, registrar.current_epoch()))
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("UPDATE keys SET purpose = 'b'")
    with pytest.raises(IntegrityError) as caught:
        custodian.opener([record.key_id])
    said += "".join(traceback.format_exception(caught.value))
    for secret in (
        key.private,
        keeping.custody.identity_key.read_bytes(),
        record.signature,
        record.public_key,
    ):
        for form in (secret.hex(), repr(secret)[2:-1]):
            assert form not in said


def test_a_database_error_quotes_no_value(keeping, registrar):
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("DROP TABLE identity")
    with pytest.raises(Unavailable) as caught:
        registrar.subject_for(PERSON, NOW)
    library = str(caught.value.__context__)  # what it would have said
    assert "[SQL parameters hidden" in library
    assert PERSON not in f"{caught.value!r} {library}"


# The file


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


# Several at once


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
    subjects = registrar.subjects_for((f"person {number}" for number in range(1200)), NOW)
    classical = Registrar(
        keeping.custody.key_store,
        identity_key=keeping.custody.identity_key.read_bytes(),
        registrar_private=keeping.custody.registrar_key.read_bytes(),
        suite=1,
    )
    made = classical.enrol_many([(subject, "a") for subject in subjects.values()], NOW)
    assert 1200 == len(made) == len(registrar.records(subjects.values()))
    assert len(commits) <= 3
    assert 1200 == len(registrar.close_many(made, NOW, "withdrawn"))


def test_a_file_of_people_is_one_transaction_or_none(registrar):
    with pytest.raises(BadInput), registrar.together():
        first = registrar.subject_for("a", NOW)
        assert first == registrar.find_subject("a")
        registrar.enrol(first, "archive_search", NOW)
        registrar.subject_for("", NOW)
    assert (None, []) == (registrar.find_subject("a"), registrar.records())
    with registrar.together():
        for number in range(300):
            registrar.subject_for(f"person {number}", NOW)
    assert registrar.find_subject("person 299")


# Openings


def test_an_opening_is_written_down_before_and_after(custodian, watcher):
    opening = custodian.note_opening(NOW, "dana", "court order 7", 3)
    assert [("dana", "court order 7", 3, "", NOW)] == [
        (one["who"], one["reason"], one["rows"], one["digest"], one["at"]) for one in watcher.openings()
    ]
    custodian.finish_opening(opening, 2, "d" * 64)
    assert [(2, "d" * 64)] == [(one["rows"], one["digest"]) for one in watcher.openings()]


def test_a_finished_opening_cannot_be_rewritten(custodian, watcher):
    opening = custodian.note_opening(NOW, "dana", "court order 7", 3)
    custodian.finish_opening(opening, 2, "d" * 64)
    for known in (opening, "unknown"):
        with pytest.raises(IntegrityError):
            custodian.finish_opening(known, 0, "e" * 64)
    assert ["d" * 64] == [one["digest"] for one in watcher.openings()]


# Setting up


def test_setting_up_again_changes_nothing(keeping, registrar):
    record = registrar.enrol(registrar.subject_for(PERSON, NOW), "a", NOW)
    files = {path: path.read_bytes() for path in keeping.custody.home.parent.rglob("*.key")}
    assert 4 == len(files)
    assert False is roles.set_up(keeping.custody, keeping.settings, NOW)
    assert files == {path: path.read_bytes() for path in keeping.custody.home.parent.rglob("*.key")}
    assert [record] == registrar.records()


def test_secrets_are_private_on_disk(keeping):
    modes = {path.name: path.stat().st_mode & 0o777 for path in keeping.custody.home.parent.rglob("*")}
    assert 0o644 == modes.pop("registrar.pub")
    assert (0o700, 0o700) == (modes.pop("custody"), modes.pop("kms"))
    modes.pop("home")
    assert {0o600} == set(modes.values())


@pytest.mark.parametrize(
    "lost", ["identity_key", "registrar_key", "installation_key", "registrar_public_key"]
)
def test_a_lost_key_file_is_reported_and_never_replaced(lost, keeping, registrar):
    place = getattr(keeping.custody, lost, None) or getattr(keeping.settings, lost)
    place.unlink()
    with pytest.raises(KeyUnavailable):
        roles.set_up(keeping.custody, keeping.settings, NOW)
    assert not place.exists()


def test_an_interrupted_set_up_is_finished_by_the_next(keeping, tmp_path):
    """Killed before epoch 1: what was made is kept, the rest is made."""
    identity = keeping.custody.identity_key.read_bytes()
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("DELETE FROM epochs")
    keeping.settings.installation_key.unlink()
    assert True is roles.set_up(keeping.custody, keeping.settings, NOW)
    assert identity == keeping.custody.identity_key.read_bytes()
    assert 1 == roles.watcher(keeping.custody).current_epoch().epoch


def test_a_public_key_of_another_installation_is_refused(keeping):
    keeping.settings.registrar_public_key.write_bytes(bytes(32))
    with pytest.raises(IntegrityError):
        roles.set_up(keeping.custody, keeping.settings, NOW)


def test_an_epoch_number_is_used_once(keeping, watcher):
    with pytest.raises(IntegrityError):
        watcher.add_epoch(watcher.current_epoch())


def test_without_an_epoch_nobody_is_enrolled(keeping, registrar):
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("DELETE FROM epochs")
    with pytest.raises(UsageError, match="habeas init"):
        registrar.enrol("s", "a", NOW)


def test_new_keys_go_to_the_newest_epoch(keeping, registrar, custodian):
    old = registrar.enrol("s", "a", NOW)
    kms = roles.LocalKms(keeping.custody.kms)
    registrar.add_epoch(new_epoch(2, 2, kms, keeping.custody.registrar_key.read_bytes(), NOW, os.urandom))
    new = registrar.enrol("t", "a", NOW)
    assert [(1,), (2,)] == row(keeping, "SELECT epoch FROM keys ORDER BY epoch")
    assert {old.key_id, new.key_id} == set(custodian.opener([old.key_id, new.key_id]))
    kms.destroy("local-kms:epoch-1")
    assert {new.key_id} == set(custodian.opener([new.key_id]))
    with pytest.raises(KeyUnavailable):
        custodian.opener([old.key_id])
