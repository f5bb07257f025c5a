"""Setting up custody: once, resumable, and never a fresh key in the place of a lost one."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime

import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable, UsageError
from habeas.sealing.epochs import new_epoch
from habeas.sealing.keys import roles

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERSON = "Kim Minji <minji@example.org>"


def row(keeping, query: str, *values):
    with sqlite3.connect(keeping.database) as connection:
        return connection.execute(query, values).fetchall()


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
