"""What was sealed yesterday opens tomorrow: tests/golden/sealing.json."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hpke_oracle import open_single_shot

from habeas.sealing.envelope import SealContext, payload
from habeas.sealing.epochs import Epoch, open_private
from habeas.sealing.framing import HEADER_BYTES
from habeas.sealing.keypairs import private_key, public_of
from habeas.sealing.keyrecords import KeyRecord, canonical, registrar_public_of, sign, verify
from habeas.sealing.keys.kms_local import LocalKms
from habeas.sealing.opening import open_sealed

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "sealing.json").read_text())
SUITES = {entry["suite"]: entry for entry in GOLDEN["vectors"]}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
both = pytest.mark.parametrize("number", [1, 2], ids=["x25519", "hybrid"])


def raw(entry: dict[str, str], name: str) -> bytes:
    return bytes.fromhex(entry[name])


def record(number: int) -> KeyRecord:
    public = raw(SUITES[number], "public_key")
    return KeyRecord(f"{number:02d}" * 16, "f6" * 16, "archive_search", 1, number, public)


def test_hybrid_keys_grow_from_seeds_as_the_draft_says():
    public = public_of(2, raw(GOLDEN["xwing"], "seed"))
    assert GOLDEN["xwing"]["public_key_sha256"] == hashlib.sha256(public).hexdigest()


@both
def test_a_known_blob_opens(number):
    entry = SUITES[number]
    context = SealContext(**entry["context"])
    assert entry["public_key"] == public_of(number, raw(entry, "seed")).hex()
    opened = open_sealed(raw(entry, "sealed"), context, number, raw(entry, "seed"))
    assert entry["vector"] == opened.astype("<f4").tobytes().hex()


@both
def test_encodings_are_exact(number):
    entry = SUITES[number]
    vector = np.frombuffer(raw(entry, "vector"), "<f4").astype(np.float32)
    assert entry["info"] == SealContext(**entry["context"]).info(number).hex()
    assert entry["payload_start"] == payload(vector)[:80].hex()
    assert not any(payload(vector)[80:])


@both
def test_a_known_blob_is_standard_hpke(number):
    entry = SUITES[number]
    plain = open_single_shot(
        number, raw(entry, "seed"), raw(entry, "sealed")[HEADER_BYTES:], raw(entry, "info")
    )
    assert 2112 == len(plain)
    assert entry["vector"] == plain[2 : 2 + 64].hex()


@both
def test_key_records_are_exact(number):
    entry = {one["suite"]: one for one in GOLDEN["key_records"]}[number]
    signed = sign(record(number), raw(entry, "registrar_private"))
    assert entry["registrar_public"] == registrar_public_of(raw(entry, "registrar_private")).hex()
    assert entry["canonical"] == canonical(record(number)).hex()
    assert entry["signature"] == signed.signature.hex()
    verify(signed, raw(entry, "registrar_public"))


@both
def test_a_known_private_key_opens(number):
    entry = {one["suite"]: one for one in GOLDEN["private_keys"]}[number]
    public = public_of(number, raw(entry, "epoch_seed"))
    epoch = Epoch(1, number, public, "local-kms:epoch-1", b"", NOW)
    epoch_key = private_key(number, raw(entry, "epoch_seed"))
    assert entry["seed"] == open_private(raw(entry, "sealed"), record(number), epoch, epoch_key).hex()


def test_a_known_wrapped_epoch_opens(tmp_path):
    entry = GOLDEN["wrapped_epoch"]
    kms = LocalKms(tmp_path / "kms", random=lambda length: raw(entry, "kms_key")[:length])
    uri = kms.create(1)
    assert entry["uri"] == uri
    assert entry["secret"] == kms.unwrap(uri, raw(entry, "wrapped"), raw(entry, "context")).hex()
    assert entry["wrapped"] == kms.wrap(uri, raw(entry, "secret"), raw(entry, "context")).hex()
