"""No vector is sealed to a key that the registrar didn't sign for this subject and purpose."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from habeas.model.errors import IntegrityError
from habeas.model.lines import Grant
from habeas.sealing import keyrecords, sealer
from habeas.sealing.keypairs import public_of
from habeas.sealing.keyrecords import from_grant, registrar_public_of, sign, verify
from habeas.sealing.opening import open_sealed
from habeas.sealing.sealer import Sealer

CHANGES = {
    "key_id": "key-2",
    "subject_id": "subject-2",
    "purpose": "model_training",
    "generation": 2,
    "suite": 3,
    "public_key": b"\1" * 32,
    "signature": b"\1" * 64,
}


@pytest.fixture
def ours(registrar) -> Sealer:
    return Sealer(registrar_public_of(registrar))


def test_a_signed_key_is_sealed_to(ours, vector, context, record, suite, seed):
    sealed = ours.seal(vector, context, record)
    assert vector.tobytes() == open_sealed(sealed, context, suite, seed).tobytes()


def test_every_field_of_a_record_is_signed_or_named_here():
    assert set(CHANGES) | {"created_at"} == {item.name for item in fields(keyrecords.KeyRecord)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_swapped_key_record_is_refused_before_sealing(name, ours, vector, context, record):
    ours.seal(vector, context, record)  # the true record is known already
    with pytest.raises(IntegrityError):
        ours.seal(vector, context, replace(record, **{name: CHANGES[name]}))


def test_a_strangers_own_key_is_refused_before_sealing(ours, vector, context, record, suite):
    swapped = replace(record, public_key=public_of(suite, bytes(range(7, 39))))
    with pytest.raises(IntegrityError):
        ours.seal(vector, context, swapped)
    with pytest.raises(IntegrityError):
        ours.seal(vector, context, sign(swapped, bytes(32)))  # signed, by another registrar


def test_a_row_about_another_key_or_purpose_is_refused(ours, vector, context, record):
    for change in ({"key_id": "key-2"}, {"purpose": "model_training"}):
        with pytest.raises(IntegrityError):
            ours.seal(vector, replace(context, **change), record)


def test_a_signature_is_verified_once(ours, vector, context, record, monkeypatch):
    calls = []
    monkeypatch.setattr(sealer, "verify", lambda *args: calls.append(1) or verify(*args))
    for _ in range(3):
        ours.seal(vector, context, record)
    assert 1 == len(calls)


def test_many_keys_stay_bounded(ours, record, registrar, monkeypatch):
    monkeypatch.setattr(sealer, "_KEPT", 4)
    for number in range(20):
        ours.check(sign(replace(record, key_id=f"key-{number}"), registrar))
    assert len(ours._built) <= 4


def test_a_sealer_travels_to_a_worker_after_use(ours, vector, context, record, suite, seed):
    ours.seal(vector, context, record)
    there = pickle.loads(pickle.dumps(ours))
    assert (
        vector.tobytes() == open_sealed(there.seal(vector, context, record), context, suite, seed).tobytes()
    )


def test_a_grant_and_its_line_make_the_signed_record(record, registrar):
    grant = Grant(
        purpose=record.purpose,
        decision_id="d",
        facts_digest="f",
        policy_digest="p",
        expires_at=None,
        key_id=record.key_id,
        generation=record.generation,
        suite=record.suite,
        public_key=record.public_key,
        key_signature=record.signature,
    )
    verify(from_grant(grant, "subject-1"), registrar_public_of(registrar))
    with pytest.raises(IntegrityError):
        verify(from_grant(grant, "subject-2"), registrar_public_of(registrar))


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_broken_registrar_key_verifies_nothing(key, record):
    with pytest.raises(IntegrityError):
        verify(record, key)
    with pytest.raises(IntegrityError):
        sign(record, key)


def test_the_embed_path_cannot_reach_what_opens():
    """Imports of `sealer`, in a fresh interpreter: nothing that builds a private key."""
    program = "import sys, habeas.sealing.sealer; print([m for m in sys.modules if m.startswith('habeas')])"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert "habeas.sealing.sealer" in loaded
    for module in ("opening", "keypairs", "epochs"):
        assert f"habeas.sealing.{module}" not in loaded
