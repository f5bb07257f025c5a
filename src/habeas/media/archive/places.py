"""Resolves paths in lists to ids by a look-up in the archive. No path leaves this module."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from habeas.media.archive.walk import is_folder, open_file
from habeas.media.files import disk_files as files
from habeas.media.files import locations
from habeas.media.files.source_folders import SourceFolder, usable
from habeas.model.errors import BadInput
from habeas.model.ids import asset_id
from habeas.model.installation.limits import MediaLimits
from habeas.records.parsing.scope import Places


def archive_places(archive: Path, roots: Mapping[str, str], installation_key: bytes) -> Places:
    """Look-ups in an archive whose sources lie in `roots` (source id -> folder)."""
    look = _LookUp(archive, roots, installation_key)
    return Places(look.folder, look.asset, look.named, look.contents, look.of_no)


class _LookUp:
    def __init__(self, archive: Path, roots: Mapping[str, str], installation_key: bytes) -> None:
        self._archive, self._roots, self._key = archive, roots, installation_key
        self._limits = MediaLimits()

    def folder(self, source_id: str, path: str) -> str:
        self._require(source_id)
        try:
            location = locations.canonical(path)
            there = is_folder(self._root_of(source_id), location, self._limits)
        except BadInput:
            there = False
        if not there:
            raise BadInput("folder_missing", "no such folder in its source")
        return locations.place(self._key, source_id, location)

    def asset(self, source_id: str, path: str) -> str:
        self._require(source_id)
        digest = self._digest(source_id, path)
        if digest is None:
            raise BadInput("asset_missing", "no such file in its source")
        return asset_id(self._key, source_id, digest)

    def named(self, source_id: str, path: str) -> str:
        return locations.place(self._key, source_id, locations.canonical(path))

    def contents(self, source_id: str, path: str) -> tuple[str, ...]:
        """Of the files of that name, in whichever form of its letters, as each source would call them."""
        self._require(source_id)
        forms = dict.fromkeys((path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD"))))
        digests = [digest for each in forms if (digest := self._digest(source_id, each)) is not None]
        if not digests:
            raise BadInput("asset_missing", "no such file in its source")
        return tuple(asset_id(self._key, each, digest) for each in sorted(self._roots) for digest in digests)

    def of_no(self, source_id: str, path: str) -> tuple[str, ...]:
        return locations.places_of_no(self._key, source_id, locations.canonical(path))

    @cached_property
    def _folders(self) -> tuple[dict[str, SourceFolder], dict[str, str]]:
        return usable(self._archive, self._roots)

    def _root_of(self, source_id: str) -> SourceFolder:
        folders, refused = self._folders
        if source_id in refused:
            raise BadInput(refused[source_id], "nothing can be looked up in its source now")
        return folders[source_id]

    def _digest(self, source_id: str, path: str) -> bytes | None:
        """The SHA-256 of the file that lies there; None where none can be read."""
        try:
            with open_file(self._root_of(source_id), path, self._limits) as fd:
                return files.sha256_of(fd)
        except BadInput:
            return None

    def _require(self, source_id: str) -> None:
        if source_id not in self._roots:
            raise BadInput("unknown_source", "no source of that id is registered")
