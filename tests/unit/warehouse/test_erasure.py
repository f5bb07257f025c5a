"""Every table that names a person says what erasing that person does to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from habeas.model.errors import UsageError
from habeas.model.installation.resources import PROJECT
from habeas.warehouse.contracts import erasure_map, read_contracts

CONTRACTS = read_contracts(PROJECT / "schemas")
NAMING_A_PERSON = {name for name, contract in CONTRACTS.items() if "subject_id" in contract.names}


def test_every_table_with_a_person_in_it_is_in_the_map_of_erasure() -> None:
    found = erasure_map(CONTRACTS)
    assert found.keys() == NAMING_A_PERSON
    assert {"consents", "embeddings", "keys", "leave_outs", "rosters", "staged", "subjects"} <= found.keys()
    assert all(CONTRACTS[name].erasure == what for name, what in found.items())


def test_every_table_says_what_erasure_does_to_it() -> None:
    assert [] == [name for name, contract in CONTRACTS.items() if not contract.erasure]


@pytest.mark.parametrize("name", sorted(NAMING_A_PERSON))
@pytest.mark.parametrize("erasure", ["", "keep"])
def test_a_table_that_names_a_person_and_would_keep_them_fails_the_build(name: str, erasure: str) -> None:
    with pytest.raises(UsageError, match=f"tables {name} hold a subject and say nothing about erasure"):
        erasure_map(CONTRACTS | {name: replace(CONTRACTS[name], erasure=erasure)})


def test_a_new_table_with_a_person_in_it_must_say_so_too() -> None:
    new = replace(CONTRACTS["work"], name="sightings", columns=CONTRACTS["subjects"].columns)
    with pytest.raises(UsageError, match="tables sightings hold a subject"):
        erasure_map(CONTRACTS | {"sightings": new})
