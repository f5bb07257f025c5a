"""A person's key: private from the first byte, readable by other tools, and never handed over by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from habeas.model.errors import IntegrityError, UsageError
from habeas.oversight.orders import person_keys


def never() -> bytes:
    raise AssertionError("asked for a passphrase")


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_new_key_signs_for_its_public_half(passphrase: bytes | None, tmp_path: Path) -> None:
    public = person_keys.create(tmp_path / "me.pem", passphrase)
    assert (0o600, 0o644) == tuple((p.stat().st_mode & 0o777) for p in (tmp_path / "me.pem", public))
    sign = person_keys.signer(tmp_path / "me.pem", (lambda: passphrase) if passphrase else never)
    Ed25519PublicKey.from_public_bytes(person_keys.read_public(public)).verify(sign(b"stop"), b"stop")


def test_a_locked_key_stays_locked_without_its_passphrase(tmp_path: Path) -> None:
    person_keys.create(tmp_path / "me.pem", b"correct horse")
    with pytest.raises(UsageError, match="doesn't open with this passphrase"):
        person_keys.signer(tmp_path / "me.pem", lambda: b"battery staple")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    person_keys.create(tmp_path / "me.pem", None)
    before = (tmp_path / "me.pem").read_bytes()
    with pytest.raises(UsageError, match=r"me\.pem' already"):
        person_keys.create(tmp_path / "me.pem", None)
    (tmp_path / "me.pem.pub").unlink()
    with pytest.raises(UsageError, match=r"me\.pem' already"):
        person_keys.create(tmp_path / "me.pem", None)
    (tmp_path / "you.pem.pub").write_bytes(b"a key that somebody gave away")
    with pytest.raises(UsageError, match=r"you\.pem\.pub' already"):
        person_keys.create(tmp_path / "you.pem", None)
    assert not (tmp_path / "you.pem").exists()
    assert before == (tmp_path / "me.pem").read_bytes()


def test_a_private_key_others_may_read_signs_nothing(tmp_path: Path) -> None:
    person_keys.create(tmp_path / "me.pem", None)
    (tmp_path / "me.pem").chmod(0o640)
    with pytest.raises(IntegrityError, match="may be read by others"):
        person_keys.signer(tmp_path / "me.pem", never)


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    person_keys.create(tmp_path / "me.pem", None)
    with pytest.raises(UsageError, match="holds a private key"):
        person_keys.read_public(tmp_path / "me.pem")


def test_other_files_and_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    pem = serialization.Encoding.PEM
    (tmp_path / "ec.pub").write_bytes(
        other.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "ec.pem").write_bytes(
        other.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (tmp_path / "junk").write_bytes(b"\0" * 99)
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    for name in ("ec.pub", "junk", "missing"):
        with pytest.raises(UsageError):
            person_keys.read_public(tmp_path / name)
    for name in ("ec.pem", "junk", "missing"):
        with pytest.raises(UsageError):
            person_keys.signer(tmp_path / name, never)
