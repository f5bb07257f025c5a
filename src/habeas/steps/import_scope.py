"""What footage a record is about, in words that people write, turned into ids.

A folder is written as a path inside a source and an asset as source/path; both become keyed ids here, because paths
hold names. Neither the path nor a part of it goes into a record, a detail or an error. Whoever holds the id already
(a receipt does) writes it with its prefix instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from habeas.errors import BadInput
from habeas.model.people import Scope
from habeas.model.text import hidden
from habeas.steps import import_fields as cell
from habeas.steps.import_lines import MAX_FIELD, Values

COLUMNS = ("folders", "sites", "events", "lots", "assets", "from_at", "to_at")
"""Optional columns of a scope; `sources` stands beside them."""

FOLDER, ASSET, SUBJECT = "urn:habeas:folder:", "urn:habeas:asset:", "urn:habeas:subject:"
"""What stands before an id where a path, or a real id, might stand too."""

_ID = re.compile(r"[0-9a-f]{32}")


def _nowhere(_source_id: str, _path: str) -> str:
    raise BadInput("unknown_source")


@dataclass(frozen=True, slots=True)
class Places:
    """How paths become ids. Each raises BadInput without the path when nothing lies there.

    `folder(source_id, path)`: unknown_source, folder_missing. `asset(source_id, path)`: unknown_source,
    asset_missing. `named(source_id, path)`: the id of that place whether or not something lies there; bad_location.
    """

    folder: Callable[[str, str], str]
    asset: Callable[[str, str], str]
    named: Callable[[str, str], str] = _nowhere


NOWHERE = Places(_nowhere, _nowhere)
"""Where no archive is at hand: no path can be named."""


@dataclass(frozen=True, slots=True)
class SaidScope:
    """A scope before its folders and assets have ids."""

    sources: tuple[str, ...] = ()
    folders: tuple[str, ...] = field(default=(), repr=False)
    sites: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    assets: tuple[str, ...] = field(default=(), repr=False)
    from_at: datetime | None = None
    to_at: datetime | None = None

    def scope(self, places: Places) -> Scope:
        """Raises BadInput when a folder or an asset isn't there."""
        return Scope(
            sources=self.sources,
            folders=_sorted(_named(each, FOLDER) or self._folder(each, places) for each in self.folders),
            sites=self.sites,
            events=self.events,
            lots=self.lots,
            assets=_sorted(_named(each, ASSET) or places.asset(*_split(each)) for each in self.assets),
            from_at=self.from_at,
            to_at=self.to_at,
        )

    def of_no(self, places: Places) -> tuple[tuple[Scope, ...], tuple[str, ...]]:
        """Scopes of a no, of which each speaks for itself, and the reasons why something named isn't there.

        A file that is named by its path is named twice: by its content, wherever that lies, and by its place, whatever
        lies there, so that a file that is turned or saved again in its place stays refused, as one does that isn't
        there yet. A folder has the id of its place. Where a place can't be told, the part is left out, and the no
        reaches further.
        """
        gone: list[str] = []

        def placed(source_id: str, path: str) -> str:
            try:
                return places.named(source_id, path)
            except BadInput as error:
                gone.append(error.reason)
                return ""

        def folder(text: str) -> str:
            try:
                return _named(text, FOLDER) or self._folder(text, places)
            except BadInput as error:
                gone.append(error.reason)
                return placed(self.sources[0] if self.sources else "", text)

        def asset(text: str) -> tuple[str, str]:
            """Its content and its place; empty where it isn't there, and where an id names it."""
            if known := _named(text, ASSET):
                return known, ""
            source_id, path = text.split("/", 1) if "/" in text else ("", "")
            try:
                content = places.asset(source_id, path)
            except BadInput as error:
                gone.append(error.reason)
                content = ""
            return content, placed(source_id, path)

        folders, assets = list(map(folder, self.folders)), list(map(asset, self.assets))
        if not all(folders) or not all(map(any, assets)):
            folders, assets = [], []
        rest = replace(self.scope_of_names(), folders=_sorted(folders))
        contents = _sorted(content for content, _ in assets if content)
        files = _sorted(place for _, place in assets if place)
        scopes = [replace(rest, assets=contents)] if contents or not files else []
        scopes += [replace(rest, folders=files)] if files else []  # such a file lies in its folder anyway
        return tuple(scopes), tuple(gone)

    def scope_of_names(self) -> Scope:
        """The scope without folders and files."""
        return Scope(self.sources, (), self.sites, self.events, self.lots, (), self.from_at, self.to_at)

    def _folder(self, path: str, places: Places) -> str:
        if len(self.sources) != 1:
            raise BadInput("bad_scope", "folders: name exactly one source that they lie in")
        return places.folder(self.sources[0], path)


def parse(values: Values) -> SaidScope:
    """The scope of a record. Raises BadInput."""
    from_at, to_at = window(values)
    said = SaidScope(
        sources=slugs(values, "sources"),
        folders=cell.listed(values, "folders", limit=MAX_FIELD) or (),
        sites=slugs(values, "sites"),
        events=slugs(values, "events"),
        lots=slugs(values, "lots"),
        assets=cell.listed(values, "assets", limit=MAX_FIELD) or (),
        from_at=from_at,
        to_at=to_at,
    )
    return checked(said)


def checked(said: SaidScope) -> SaidScope:
    """A scope whose sources, folders and files fit one another. Raises BadInput."""
    paths = [each for each in said.folders if _named(each, FOLDER) is None]
    if paths and len(said.sources) != 1:
        raise BadInput("bad_scope", "folders: name exactly one source that they lie in")
    apart = {_split(each)[0] for each in said.assets if _named(each, ASSET) is None} - set(said.sources)
    if said.sources and apart:
        raise BadInput("bad_scope", "assets: one lies in none of the sources named")
    return said


def window(values: Values) -> tuple[datetime | None, datetime | None]:
    """From when to when footage was captured. Raises BadInput."""
    from_at, to_at = cell.optional_instant(values, "from_at"), cell.optional_instant(values, "to_at")
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise BadInput("bad_window", "from_at: not before to_at")
    return from_at, to_at


def is_folder(text: str) -> bool:
    """Whether a text may be a folder: a path, or an id behind its prefix."""
    return _whole(text) and (not text.startswith(FOLDER) or is_id(text.removeprefix(FOLDER)))


def is_asset(text: str) -> bool:
    """Whether a text may be a file: source/path, or an id behind its prefix."""
    if text.startswith(ASSET):
        return is_id(text.removeprefix(ASSET))
    source, _, path = text.partition("/")
    return _whole(text) and cell.is_slug(source) and bool(path)


def _whole(text: str) -> bool:
    return len(text) <= MAX_FIELD and hidden(text) is None


def slugs(values: Values, column: str) -> tuple[str, ...]:
    """Blank = every one; an empty list could mean none, and is refused (see listed)."""
    return _sorted(cell.slug({column: each}, column) for each in cell.listed(values, column) or ())


def is_id(text: str) -> bool:
    """True for an id as tables hold it."""
    return _ID.fullmatch(text) is not None


def _named(text: str, prefix: str) -> str | None:
    """The id behind a prefix; None where the text is a path."""
    if not text.startswith(prefix):
        return None
    known = text.removeprefix(prefix)
    if not is_id(known):
        raise BadInput("bad_scope", "an id is 32 characters of 0-9 and a-f")
    return known


def _split(text: str) -> tuple[str, str]:
    source, _, path = text.partition("/")
    if not path:
        raise BadInput("bad_scope", "assets: written like source/path of the file")
    return cell.slug({"assets": source}, "assets"), path


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
