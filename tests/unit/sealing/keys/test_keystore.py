"""The key store: people are random ids, with one open key a purpose, and closing is for good."""

from __future__ import annotations

import sqlite3
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

from habeas.model.errors import BadInput, UsageError
from habeas.sealing.keyrecords import verify
from habeas.sealing.keys import roles
from habeas.sealing.keys.registrar import Registrar

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERSON = "Kim Minji <minji@example.org>"


def row(keeping, query: str, *values):
    with sqlite3.connect(keeping.database) as connection:
        return connection.execute(query, values).fetchall()


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


def test_the_store_says_when_a_key_ended_and_nothing_of_one_it_does_not_know(registrar):
    subject = registrar.subject_for(PERSON, NOW)
    key = registrar.enrol(subject, "archive_search", NOW).key_id
    assert {key: None} == registrar.ends([key, "0" * 32])
    later = NOW + timedelta(days=3)
    registrar.close(subject, "archive_search", later, "withdrawn")
    assert {key: later} == registrar.ends([key])


@pytest.mark.parametrize("typed", ["kim-10", "KIM–10", "Kim 10", "Kim10", "Кim-10", "Kim-1O"])
def test_ids_that_look_alike_are_found_by_no_secret_but_the_identity_key(registrar, typed):
    subject = registrar.subject_for("Kim-10", NOW)
    assert [subject] == registrar.alike(typed)
    assert [] == registrar.alike("Kim-10") == registrar.alike("Kim-1") == registrar.alike("Kim-100")


def test_ids_that_are_said_to_be_two_people_are_never_asked_about_again(registrar):
    first = registrar.subject_for("Kim-10", NOW)
    assert first != registrar.subject_for("kim-10", NOW, as_typed=True)
    assert [] == registrar.alike("kim-10") == registrar.alike("Kim-10")
    assert [first] == registrar.alike("KIM-10")


def test_a_key_store_from_before_shapes_were_kept_learns_them(keeping, registrar):
    subject = registrar.subject_for("Kim-10", NOW)
    with sqlite3.connect(keeping.database) as connection:
        connection.execute("drop table identity_shapes")
    later = roles.registrar(keeping.custody)
    assert [] == later.alike("kim-10")
    assert subject == later.subject_for("Kim-10", NOW)
    assert [subject] == later.alike("kim-10")


def test_no_shape_says_what_the_id_is(keeping, registrar):
    registrar.subject_for("Kim-10", NOW)
    ((shaped,),) = row(keeping, "select shape_hmac from identity_shapes")
    assert 32 == len(shaped)
    assert b"kim" not in keeping.database.read_bytes().lower()
