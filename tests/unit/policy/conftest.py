from __future__ import annotations

from pathlib import Path

import pytest

from habeas.model.purposes import Purposes
from habeas.policy.lists.purposes import load_purposes
from habeas.policy.rules.packs import Pack, load_packs

POLICIES = Path(__file__).resolve().parents[3] / "policies"


@pytest.fixture(scope="session")
def house() -> tuple[Pack, ...]:
    return load_packs(POLICIES, ["house"])


@pytest.fixture(scope="session")
def purposes() -> Purposes:
    return load_purposes(POLICIES / "purposes.yaml")
