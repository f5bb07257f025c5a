"""Paths that people write, turned into ids by looking into the archive. No path leaves this module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from habeas.adapters import files
from habeas.adapters.archive import is_folder, open_file
from habeas.adapters.roots import SourceFolder, usable
from habeas.errors import BadInput
from habeas.model.ids import asset_id
from habeas.model.limits import MediaLimits
from habeas.steps import locations
from habeas.steps.import_scope import Places


def archive_places(archive: Path, roots: Mapping[str, str], installation_key: bytes) -> Places:
    """Look-ups in an archive whose sources lie in `roots` (source id -> folder)."""
    limits = MediaLimits()

    @cache
    def folders() -> tuple[dict[str, SourceFolder], dict[str, str]]:
        return usable(archive, roots)

    def root_of(source_id: str) -> SourceFolder:
        found, refused = folders()
        if source_id in refused:
            raise BadInput(refused[source_id], "nothing can be looked up in its source now")
        return found[source_id]

    def folder(source_id: str, path: str) -> str:
        _require(source_id, roots)
        try:
            location = locations.canonical(path)
            there = is_folder(root_of(source_id), location, limits)
        except BadInput:
            there = False
        if not there:
            raise BadInput("folder_missing", "no such folder in its source")
        return locations.place(installation_key, source_id, location)

    def asset(source_id: str, path: str) -> str:
        _require(source_id, roots)
        try:
            with open_file(root_of(source_id), path, limits) as fd:
                return asset_id(installation_key, source_id, files.sha256_of(fd))
        except BadInput:
            raise BadInput("asset_missing", "no such file in its source") from None

    def named(source_id: str, path: str) -> str:
        return locations.place(installation_key, source_id, locations.canonical(path))

    return Places(folder, asset, named)


def _require(source_id: str, roots: Mapping[str, str]) -> None:
    if source_id not in roots:
        raise BadInput("unknown_source", "no source of that id is registered")
