"""Who may enrol can't open, who has the database has nothing, and every opening is on record."""

from __future__ import annotations

import shutil
import sqlite3
import traceback
from datetime import UTC, datetime

import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable, Unavailable
from habeas.sealing.keypairs import public_of
from habeas.sealing.keys import roles

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERSON = "Kim Minji <minji@example.org>"


def row(keeping, query: str, *values):
    with sqlite3.connect(keeping.database) as connection:
        return connection.execute(query, values).fetchall()


def test_the_custodian_gets_the_private_half(registrar, custodian):
    record = registrar.enrol("s", "a", NOW)
    key = custodian.opener([record.key_id])[record.key_id]
    assert (record.subject_id, record.purpose, record.suite) == (key.subject_id, key.purpose, key.suite)
    assert record.public_key == public_of(record.suite, key.private)
    assert {} == custodian.opener(["unknown"])


def test_the_registrar_enrols_without_the_kms_and_cannot_open(keeping, custodian):
    shutil.rmtree(keeping.custody.kms)
    registrar = roles.registrar(keeping.custody)
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


def test_an_opening_is_written_down_before_and_after(custodian, watcher):
    asked = ["1" * 64, "2" * 64, "3" * 64]
    opening = custodian.note_opening(NOW, "dana", "court order 7", asked)
    assert [(row, "") for row in asked] == [(r["row_id"], r["outcome"]) for r in watcher.opened_rows()]
    assert [("dana", "court order 7", 3, "", NOW)] == [
        (one["who"], one["reason"], one["rows"], one["digest"], one["at"]) for one in watcher.openings()
    ]
    outcomes = dict.fromkeys(asked[:2], "opened") | {asked[2]: "key_closed"}
    custodian.finish_opening(opening, outcomes, "d" * 64)
    assert outcomes == {r["row_id"]: r["outcome"] for r in watcher.opened_rows()}
    assert {opening} == {r["opening_id"] for r in watcher.opened_rows()}
    assert [(2, "d" * 64)] == [(one["rows"], one["digest"]) for one in watcher.openings()]


def test_a_key_store_of_an_earlier_version_gets_the_table_of_opened_rows(keeping, custodian, watcher):
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("DROP TABLE opened_rows")
    assert [] == watcher.opened_rows()
    custodian.note_opening(NOW, "dana", "court order 7", ["1" * 64])
    assert ["1" * 64] == [r["row_id"] for r in watcher.opened_rows()]


def test_a_finished_opening_cannot_be_rewritten(custodian, watcher):
    opening = custodian.note_opening(NOW, "dana", "court order 7", ["1" * 64])
    custodian.finish_opening(opening, {"1" * 64: "opened"}, "d" * 64)
    for known in (opening, "unknown"):
        with pytest.raises(IntegrityError):
            custodian.finish_opening(known, {"1" * 64: "closed"}, "e" * 64)
    assert ["d" * 64] == [one["digest"] for one in watcher.openings()]
    assert ["opened"] == [one["outcome"] for one in watcher.opened_rows()]
