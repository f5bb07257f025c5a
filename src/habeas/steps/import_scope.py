"""What footage a record is about, in words that people write, turned into ids.

A folder is written as a path inside a source and an asset as source/path; both become keyed ids here, because paths
hold names. Neither the path nor a part of it goes into a record, a detail or an error. Whoever holds the id already
(a receipt does) writes it with its prefix instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from habeas.errors import BadInput
from habeas.model.people import Scope
from habeas.steps import import_fields as cell
from habeas.steps.import_lines import MAX_FIELD, Values

COLUMNS = ("folders", "sites", "events", "lots", "assets", "from_at", "to_at")
"""Optional columns of a scope; `sources` stands beside them."""

FOLDER, ASSET, SUBJECT = "urn:habeas:folder:", "urn:habeas:asset:", "urn:habeas:subject:"
"""What stands before an id where a path, or a real id, might stand too."""

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Places:
    """How paths become ids. Each raises BadInput without the path when nothing lies there.

    `folder(source_id, path)`: unknown_source, folder_missing. `asset(source_id, path)`: unknown_source,
    asset_missing.
    """

    folder: Callable[[str, str], str]
    asset: Callable[[str, str], str]


def _nowhere(_source_id: str, _path: str) -> str:
    raise BadInput("unknown_source")


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

    def _folder(self, path: str, places: Places) -> str:
        if len(self.sources) != 1:
            raise BadInput("bad_scope", "folders: name exactly one source that they lie in")
        return places.folder(self.sources[0], path)


def parse(values: Values) -> SaidScope:
    """The scope of a record. Raises BadInput."""
    from_at, to_at = cell.optional_instant(values, "from_at"), cell.optional_instant(values, "to_at")
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise BadInput("bad_window", "from_at: not before to_at")
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
    apart = {_split(each)[0] for each in said.assets if _named(each, ASSET) is None} - set(said.sources)
    if said.sources and apart:
        raise BadInput("bad_scope", "assets: one lies in none of the sources named")
    return said


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
