"""Folders and assets become ids on their way in: a path holds names, and none gets through."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from import_files import CONSENT, PLACES, PURPOSES, KeyStore, csv_bytes, json_bytes
from ordinary import day

from habeas.model.people import ConsentStatement, Scope
from habeas.records.imports.pipeline import Imported, import_consents
from habeas.records.parsing.scope import ASSET, FOLDER, NOWHERE, Places

NOW = day("2026-11-23")


def read(data: bytes, places: Places = PLACES) -> Imported[ConsentStatement]:
    return import_consents(
        io.BytesIO(data), purposes=PURPOSES, recorded_at=NOW, subject_of=KeyStore().subject_of, places=places
    )


def reasons(found: Imported[Any]) -> list[str]:
    return [each.reason for each in found.set_aside]


def test_folders_and_assets_become_ids() -> None:
    named = {"sources": "studio", "folders": "a;kims_wedding", "assets": "studio/a/one.jpg"}
    found = read(csv_bytes(CONSENT, named))
    (said,) = found.records
    folders = tuple(sorted((PLACES.folder("studio", "a"), PLACES.folder("studio", "kims_wedding"))))
    assert Scope(sources=("studio",), folders=folders, assets=("asset-1",)) == said.scope
    assert "kims" not in repr(found)


def test_a_path_with_a_semicolon_stands_in_json() -> None:
    record = CONSENT | {"explicit": True, "assets": ["studio/a;b/three.jpg"]}
    assert ("asset-3",) == read(json_bytes(record)).records[0].scope.assets


def test_an_id_that_is_known_stands_behind_its_prefix() -> None:
    folder, asset = "a1" * 16, "b2" * 16
    named = {"sources": "studio", "folders": FOLDER + folder, "assets": ASSET + asset}
    scope = read(csv_bytes(CONSENT, named), NOWHERE).records[0].scope
    assert ((folder,), (asset,)) == (scope.folders, scope.assets)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"folders": "a"}, "bad_scope"),  # of which source?
        ({"folders": "a", "sources": "studio;lobby"}, "bad_scope"),
        ({"folders": "kims_birthday", "sources": "studio"}, "folder_missing"),
        ({"folders": "a", "sources": "attic"}, "unknown_source"),
        ({"folders": FOLDER + "A1" * 16, "sources": "studio"}, "bad_scope"),
        ({"assets": ASSET + "xyz"}, "bad_scope"),
        ({"assets": "studio"}, "bad_scope"),
        ({"assets": "studio/"}, "bad_scope"),
        ({"assets": "/a/one.jpg"}, "bad_slug"),
        ({"assets": "studio/kims_portrait.jpg"}, "asset_missing"),
        ({"assets": "studio/a/one.jpg", "sources": "lobby"}, "bad_scope"),
        ({"assets": "x" * 4_097}, "field_too_long"),
        ({"folders": "a\u202e", "sources": "studio"}, "unclean_text"),
    ],
)
def test_what_can_not_be_placed_is_set_aside_without_its_path(change: dict[str, str], reason: str) -> None:
    found = read(csv_bytes(CONSENT, change, {"subject": "juno"}))
    assert ([reason], 1) == (reasons(found), len(found.records))
    assert "kims" not in repr(found)


def test_where_no_archive_is_at_hand_no_path_is_taken() -> None:
    found = read(csv_bytes(CONSENT, {"folders": "a", "sources": "studio"}), NOWHERE)
    assert ["unknown_source"] == reasons(found)


def test_a_no_about_a_folder_that_is_not_there_is_kept_and_told_and_a_yes_is_set_aside() -> None:
    named = {"folders": "kims_birthday", "sources": "studio"}
    found = read(csv_bytes(CONSENT, named | {"status": "withdrawn"}, named))
    assert (1, 0) == (len(found.records), found.refusals_set_aside)
    assert ["folder_missing"] == [each.reason for each in found.remarks if each.needs_a_look]
    assert [(3, "folder_missing")] == [(each.line_number, each.reason) for each in found.set_aside]


def test_each_path_is_looked_up_once() -> None:
    asked: list[str] = []

    def folder(source: str, path: str) -> str:
        asked.append(f"{source}/{path}")
        return "f1"

    lines = [{"subject": f"s{number}", "sources": "studio", "folders": "a"} for number in range(50)]
    found = read(csv_bytes(CONSENT, *lines), Places(folder, folder))
    assert (50, ["studio/a"]) == (len(found.records), asked)


def test_the_same_scope_in_another_order_is_the_same_statement() -> None:
    one = {"sources": "studio", "folders": "a;kims_wedding", "events": "x;y"}
    other = one | {"folders": "kims_wedding;a", "events": "y;x"}
    found = read(csv_bytes(CONSENT, one, other))
    assert (1, 1) == (len(found.records), found.repeated)


def test_lists_never_run_into_each_other() -> None:
    """`a;b` as one recipient is another statement than a and b as two."""
    both = [["a;b"], ["a", "b"]]
    lines = [json.dumps(CONSENT | {"explicit": True, "recipients": each}) for each in both]
    assert 2 == len({each.consent_id for each in read(json_bytes(*lines)).records})
