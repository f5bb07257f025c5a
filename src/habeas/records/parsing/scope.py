"""What footage a record is about, in words that people write, turned into ids.

A folder is written as a path inside a source and an asset as source/path; both become keyed ids here, because paths
hold names. Neither the path nor a part of it goes into a record, a detail or an error. A user with the id already
(a receipt does) writes it with its prefix instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from habeas.model.errors import BadInput
from habeas.model.people import Scope
from habeas.model.text import hidden
from habeas.records.readers import fields as cell
from habeas.records.readers.lines import MAX_FIELD, Values

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
    For a no, `contents`: ids of the file's content in every source, raising as `asset` does (None = of that source
    alone); `of_no`: every id of the place, raising as `named` does (None = that one).
    """

    folder: Callable[[str, str], str]
    asset: Callable[[str, str], str]
    named: Callable[[str, str], str] = _nowhere
    contents: Callable[[str, str], tuple[str, ...]] | None = None
    of_no: Callable[[str, str], tuple[str, ...]] | None = None


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
            folders=sorted_once(
                named_by(each, FOLDER) or folder_of(self, each, places) for each in self.folders
            ),
            sites=self.sites,
            events=self.events,
            lots=self.lots,
            assets=sorted_once(named_by(each, ASSET) or places.asset(*_split(each)) for each in self.assets),
            from_at=self.from_at,
            to_at=self.to_at,
        )

    def scope_of_names(self) -> Scope:
        """The scope without folders and files."""
        return Scope(self.sources, (), self.sites, self.events, self.lots, (), self.from_at, self.to_at)


def parse(values: Values) -> SaidScope:
    """The scope of a record. Raises BadInput."""
    from_at, to_at = window(values)
    scope = SaidScope(
        sources=slugs(values, "sources"),
        folders=cell.listed(values, "folders", limit=MAX_FIELD) or (),
        sites=slugs(values, "sites"),
        events=slugs(values, "events"),
        lots=slugs(values, "lots"),
        assets=cell.listed(values, "assets", limit=MAX_FIELD) or (),
        from_at=from_at,
        to_at=to_at,
    )
    return checked(scope)


def checked(scope: SaidScope) -> SaidScope:
    """A scope whose sources, folders and files fit one another. Raises BadInput."""
    paths = [each for each in scope.folders if named_by(each, FOLDER) is None]
    if paths and len(scope.sources) != 1:
        raise BadInput("bad_scope", "folders: name exactly one source that they lie in")
    apart = {_split(each)[0] for each in scope.assets if named_by(each, ASSET) is None} - set(scope.sources)
    if scope.sources and apart:
        raise BadInput("bad_scope", "assets: one lies in none of the sources named")
    return scope


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
    return sorted_once(cell.slug({column: each}, column) for each in cell.listed(values, column) or ())


def is_id(text: str) -> bool:
    """True for an id as tables hold it."""
    return _ID.fullmatch(text) is not None


def folder_of(scope: SaidScope, path: str, places: Places) -> str:
    """The id of a folder in the one source that is named. Raises BadInput."""
    if len(scope.sources) != 1:
        raise BadInput("bad_scope", "folders: name exactly one source that they lie in")
    return places.folder(scope.sources[0], path)


def named_by(text: str, prefix: str) -> str | None:
    """The id behind a prefix; None where the text is a path."""
    if not text.startswith(prefix):
        return None
    identifier = text.removeprefix(prefix)
    if not is_id(identifier):
        raise BadInput("bad_scope", "an id is 32 characters of 0-9 and a-f")
    return identifier


def _split(text: str) -> tuple[str, str]:
    source, _, path = text.partition("/")
    if not path:
        raise BadInput("bad_scope", "assets: written like source/path of the file")
    return cell.slug({"assets": source}, "assets"), path


def sorted_once(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(sorted(set(names)))
