"""Whoever is refused for a missing fact learns which file and line to write."""

from __future__ import annotations

import re

import pytest

from habeas.model.decision import Action
from habeas.oversight.explain.supply import _ACTIVITY, _LISTS, where_to_write
from habeas.policy.facts.schema import SCHEMA
from habeas.policy.lists.activities import activities_of
from habeas.records.parsing import consents as import_consents
from habeas.records.parsing import rosters as import_rosters
from habeas.records.parsing import sources as import_sources

GATES = {Action.SCAN, Action.EMBED}
ASKED = [each.name for each in SCHEMA if GATES & set(each.actions) and not each.register]


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_fact_that_can_be_missing_has_a_place_to_write_it(name: str) -> None:
    assert where_to_write(name, "archive_search")


def test_a_file_without_a_roster_needs_roster_lines() -> None:
    """The fact is missing where no line is about a file; with lines it is known, yes or no."""
    assert "habeas roster import" in where_to_write("line_allowed")


def test_the_columns_that_are_named_exist() -> None:
    known = {
        "the list of sources": import_sources.COLUMNS,
        "the list of consents": import_consents.COLUMNS,
        "the list of rosters": import_rosters.COLUMNS,
    }
    for name, (file, line) in _LISTS.items():
        found = re.match(r"columns? ([a-z_]+(?:, [a-z_]+)*)", line)
        if found and file in known:
            columns = known[file]
            for column in found[1].split(", "):
                assert column.strip() in {*columns.needed, *columns.optional}, name


@pytest.mark.parametrize(
    "name", sorted(name for name, said in _ACTIVITY.items() if said == f"{name}: true or false")
)
def test_the_lines_for_activities_are_read_as_they_are_told(name: str) -> None:
    text = f"activities:\n  - purpose: archive_search\n    {name}: false\n"
    read = activities_of(text.encode(), "activities.yaml", {"archive_search"})
    assert getattr(read["archive_search"], name) is False
