"""The local KMS: a wrapped key opens with its own key file and context, and never after that is destroyed."""

from __future__ import annotations

import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable
from habeas.sealing.keys.kms_local import LocalKms

SECRET, CONTEXT = bytes(range(32)), b"epoch 1"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kms"


@pytest.fixture
def kms(folder) -> LocalKms:
    return LocalKms(folder)


@pytest.fixture
def uri(kms) -> str:
    return kms.create(1)


def test_what_was_wrapped_unwraps(kms, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    assert SECRET not in wrapped
    assert SECRET == kms.unwrap(uri, wrapped, CONTEXT)


def test_one_private_file_an_epoch(kms, folder, uri):
    assert "local-kms:epoch-2" == kms.create(2)
    assert ["epoch-1.key", "epoch-2.key"] == sorted(path.name for path in folder.iterdir())
    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert 0o700 == folder.stat().st_mode & 0o777
    assert len({path.read_bytes() for path in folder.iterdir()}) == 2


def test_creating_again_keeps_the_key(kms, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    assert uri == kms.create(1)
    assert SECRET == kms.unwrap(uri, wrapped, CONTEXT)


def test_another_context_or_key_opens_nothing(kms, uri, tmp_path):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    second = kms.create(2)
    stranger = LocalKms(tmp_path / "other")
    stranger.create(1)
    for attempt in (
        lambda: kms.unwrap(uri, wrapped, b"epoch 2"),
        lambda: kms.unwrap(second, wrapped, CONTEXT),
        lambda: stranger.unwrap(uri, wrapped, CONTEXT),
    ):
        with pytest.raises(IntegrityError):
            attempt()


def test_a_key_file_put_under_another_name_opens_nothing(kms, folder, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    (folder / "epoch-2.key").write_bytes((folder / "epoch-1.key").read_bytes())
    (folder / "epoch-2.key").chmod(0o600)
    with pytest.raises(IntegrityError):
        kms.unwrap("local-kms:epoch-2", wrapped, CONTEXT)


def test_every_flipped_byte_is_refused(kms, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises(IntegrityError):
            kms.unwrap(uri, bytes(changed), CONTEXT)
    for cut in (b"", wrapped[:5], wrapped[:17], wrapped[:-1]):
        with pytest.raises(IntegrityError):
            kms.unwrap(uri, cut, CONTEXT)


def test_a_key_file_others_may_read_is_refused(kms, folder, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    (folder / "epoch-1.key").chmod(0o640)
    with pytest.raises(IntegrityError):
        kms.unwrap(uri, wrapped, CONTEXT)


def test_a_folder_others_may_look_into_is_refused(kms, folder, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    folder.chmod(0o755)
    with pytest.raises(IntegrityError):
        kms.unwrap(uri, wrapped, CONTEXT)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_file_of_the_wrong_length_is_refused(length, kms, folder, uri):
    (folder / "epoch-1.key").write_bytes(bytes(length))
    with pytest.raises(IntegrityError):
        kms.wrap(uri, SECRET, CONTEXT)


def test_a_destroyed_key_is_gone(kms, folder, uri):
    wrapped = kms.wrap(uri, SECRET, CONTEXT)
    kms.destroy(uri)
    kms.destroy(uri)
    assert [] == list(folder.iterdir())
    with pytest.raises(KeyUnavailable):
        kms.unwrap(uri, wrapped, CONTEXT)


@pytest.mark.parametrize(
    "uri",
    ["", "local-kms:epoch-0", "local-kms:../identity", "local-kms:epoch-1/../../x", "aws-kms://1", "epoch-1"],
)
def test_a_uri_names_no_file_elsewhere(uri, kms):
    for attempt in (lambda: kms.wrap(uri, SECRET, CONTEXT), lambda: kms._path(uri)):
        with pytest.raises(KeyUnavailable):
            attempt()
