from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from habeas.sealing.envelope import SealContext
from habeas.sealing.keypairs import public_of
from habeas.sealing.keyrecords import KeyRecord, sign

REGISTRAR = bytes(range(200, 232))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def registrar() -> bytes:
    """The registrar's private key."""
    return REGISTRAR


@pytest.fixture
def vector() -> NDArray[np.float32]:
    values = np.random.default_rng(7).normal(size=512).astype(np.float32)
    return (values / np.linalg.norm(values)).astype(np.float32)


@pytest.fixture
def context() -> SealContext:
    return SealContext(
        row_id="row-1",
        key_id="key-1",
        asset_id="asset-1",
        line_id="line-1",
        purpose="archive_search",
        source_id="source-1",
        model_id="synthetic@1",
        preprocessing="arcface-112",
        decision_id="decision-1",
    )


@pytest.fixture(params=[1, 2], ids=["x25519", "hybrid"])
def suite(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def seed() -> bytes:
    return bytes(range(32))


@pytest.fixture
def public(suite: int, seed: bytes) -> bytes:
    return public_of(suite, seed)


@pytest.fixture
def record(suite: int, public: bytes, registrar: bytes) -> KeyRecord:
    return sign(
        KeyRecord("key-1", "subject-1", "archive_search", 1, suite, public, created_at=NOW), registrar
    )
