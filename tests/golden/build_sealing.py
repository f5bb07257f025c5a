"""Rebuild tests/golden/sealing.json: known keys, known sealed blobs, exact encodings.

    python tests/golden/build_sealing.py          keep blobs that still open; everything else is built anew
    python tests/golden/build_sealing.py --fresh  seal anew as well

HPKE sealing is randomised inside the library, so the sealed blobs are vectors to open; `info`, key
records, signatures and the wrapped epoch are exact. A changed file is reviewed as a diff: a change of an
old line means that rows sealed before can't be opened any more, and needs a new format version or suite.

Origin: keys and nonces are the counting bytes below, blobs come from this project with cryptography 50.0.2.
`xwing` is the first test vector of draft-connolly-cfrg-xwing-kem (appendix C): its 32-byte seed and the
SHA-256 of its public key. That the blobs are standard HPKE is shown by tests/lib/records/hpke_oracle.py.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from habeas.model.errors import HabeasError
from habeas.sealing import suites
from habeas.sealing.envelope import SealContext, payload, seal
from habeas.sealing.epochs import Epoch, open_private, seal_private, wrap_context
from habeas.sealing.keypairs import private_key, public_of
from habeas.sealing.keyrecords import KeyRecord, canonical, registrar_public_of, sign
from habeas.sealing.keys.kms_local import LocalKms
from habeas.sealing.opening import open_sealed

TARGET = Path(__file__).with_name("sealing.json")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def counting(start: int, length: int = 32) -> bytes:
    return bytes((start + place) % 256 for place in range(length))


def vector() -> np.ndarray:
    numbers = [(37 * place) % 101 - 50 for place in range(16)]
    norm = math.sqrt(sum(number * number for number in numbers))
    return np.array([number / norm for number in numbers], dtype=np.float32)


def context(suite: int) -> SealContext:
    return SealContext(
        row_id="a1" * 32,
        key_id=f"{suite:02d}" * 16,
        asset_id="c3" * 16,
        line_id="d4" * 16,
        purpose="archive_search",
        source_id="council-2026",
        model_id="synthetic@0123456789abcdef",
        preprocessing="arcface-112",
        decision_id="e5" * 16,
    )


def record(suite: int) -> KeyRecord:
    key_id, public = f"{suite:02d}" * 16, public_of(suite, counting(suite))
    unsigned = KeyRecord(key_id, "f6" * 16, "archive_search", 1, suite, public, created_at=NOW)
    return sign(unsigned, counting(200))


def sealed_vector(suite: int, old: str) -> dict[str, object]:
    seed, public = counting(suite), public_of(suite, counting(suite))
    blob = kept(lambda: open_sealed(bytes.fromhex(old), context(suite), suite, seed), old)
    fields = {name: getattr(context(suite), name) for name in SealContext.__slots__}
    return {
        "suite": suite,
        "seed": seed.hex(),
        "public_key": public.hex(),
        "context": fields,
        "info": context(suite).info(suite).hex(),
        "vector": vector().astype("<f4").tobytes().hex(),
        "payload_start": payload(vector())[:80].hex(),
        "sealed": blob or seal(vector(), context(suite), suite, public).hex(),
    }


def key_record(suite: int) -> dict[str, object]:
    signed = record(suite)
    return {
        "suite": suite,
        "canonical": canonical(signed).hex(),
        "registrar_private": counting(200).hex(),
        "registrar_public": registrar_public_of(counting(200)).hex(),
        "signature": signed.signature.hex(),
    }


def sealed_private(suite: int, old: str) -> dict[str, object]:
    epoch = Epoch(1, suite, public_of(suite, counting(100)), "local-kms:epoch-1", b"", NOW)
    epoch_key = private_key(suite, counting(100))
    blob = kept(lambda: open_private(bytes.fromhex(old), record(suite), epoch, epoch_key), old)
    return {
        "suite": suite,
        "epoch_seed": counting(100).hex(),
        "seed": counting(suite).hex(),
        "sealed": blob or seal_private(counting(suite), record(suite), epoch).hex(),
    }


def wrapped_epoch() -> dict[str, object]:
    bound = wrap_context(1, suites.DEFAULT, public_of(suites.DEFAULT, counting(100)))
    with tempfile.TemporaryDirectory() as folder:
        kms = LocalKms(Path(folder), random=lambda length: counting(50, length))
        uri = kms.create(1)
        wrapped = kms.wrap(uri, counting(100), bound)
    return {
        "kms_key": counting(50).hex(),
        "uri": uri,
        "context": bound.hex(),
        "secret": counting(100).hex(),
        "wrapped": wrapped.hex(),
    }


def kept(opens: object, old: str) -> str:
    """The old blob if it still opens, else nothing."""
    try:
        return old if old and opens() is not None else ""  # type: ignore[operator]
    except HabeasError:
        return ""


def main() -> None:
    old = json.loads(TARGET.read_text()) if TARGET.exists() and "--fresh" not in sys.argv else {}
    numbers = (suites.X25519, suites.MLKEM768_X25519)

    def blob(part: str, place: int) -> str:
        return old[part][place]["sealed"] if part in old else ""

    golden = {
        "origin": "tests/golden/build_sealing.py says where each part comes from",
        "xwing": {
            "seed": "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
            "public_key_sha256": "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
        },
        "vectors": [sealed_vector(suite, blob("vectors", place)) for place, suite in enumerate(numbers)],
        "key_records": [key_record(suite) for suite in numbers],
        "private_keys": [
            sealed_private(suite, blob("private_keys", place)) for place, suite in enumerate(numbers)
        ],
        "wrapped_epoch": wrapped_epoch(),
    }
    TARGET.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
