"""What footage a no is about: what can't be read narrows nothing, and what isn't there yet is named all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from habeas.model.errors import BadInput
from habeas.model.people import Scope
from habeas.records.parsing.scope import ASSET, FOLDER, Places, SaidScope, folder_of, named_by, sorted_once

Ids = tuple[str, ...]


def scopes_of_no(parsed: SaidScope, places: Places) -> tuple[tuple[Scope, ...], tuple[str, ...]]:
    """Scopes of a no, of which each speaks for itself, and the reasons why something named isn't there.

    A file that is named by its path is named twice: by its content, in whichever source that lies, and by its place,
    whatever lies there, so that a file that is turned or saved again in its place stays refused, as one does that
    isn't there yet. A folder has the ids of its place. Where a place is unclear, the part is left out, and the no
    reaches further.
    """
    look = _LookUp(parsed, places)
    folders, assets = list(map(look.folder, parsed.folders)), list(map(look.asset, parsed.assets))
    if not all(folders) or not all(map(any, assets)):
        folders, assets = [], []
    rest = replace(parsed.scope_of_names(), folders=sorted_once(name for ids in folders for name in ids))
    contents = sorted_once(content for ids, _ in assets for content in ids)
    files = sorted_once(place for _, ids in assets for place in ids)
    scopes = [replace(rest, assets=contents)] if contents or not files else []
    scopes += [replace(rest, folders=files)] if files else []  # such a file lies in its folder anyway
    return tuple(scopes), tuple(look.gone)


class _LookUp:
    """Ids of what is named; `gone`: why something isn't there."""

    def __init__(self, parsed: SaidScope, places: Places) -> None:
        self._parsed, self._places = parsed, places
        self.gone: list[str] = []

    def folder(self, text: str) -> Ids:
        try:
            if folder_id := named_by(text, FOLDER):
                return (folder_id,)
        except BadInput as error:
            self.gone.append(error.reason)
            return ()
        path = _plain(text)
        if not path:  # the source's own folder, which is the source
            return ()
        there = self._unless_gone(lambda: (folder_of(self._parsed, path, self._places),))
        if there and self._places.of_no is None:
            return there
        return there + self._placed(self._parsed.sources[0] if self._parsed.sources else "", path)

    def asset(self, text: str) -> tuple[Ids, Ids]:
        """Its contents and its places; empty where it isn't there, and where an id names it."""
        if asset_id := named_by(text, ASSET):
            return (asset_id,), ()
        source_id, _, path = _plain(text).partition("/")
        if (contents := self._places.contents) is not None:
            content_ids = self._unless_gone(lambda: contents(source_id, path))
        else:
            content_ids = self._unless_gone(lambda: (self._places.asset(source_id, path),))
        return content_ids, self._placed(source_id, path)

    def _placed(self, source_id: str, path: str) -> Ids:
        if (of_no := self._places.of_no) is not None:
            return self._unless_gone(lambda: of_no(source_id, path))
        return self._unless_gone(lambda: (self._places.named(source_id, path),))

    def _unless_gone(self, look_up: Callable[[], Ids]) -> Ids:
        try:
            return look_up()
        except BadInput as error:
            self.gone.append(error.reason)
            return ()


def _plain(path: str) -> str:
    """A path as people mean it who write `./a//b/`."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))
