"""The cells of a no, read leniently: what can't be read is left out and reported to the user.

A no can only close. So a cell that says where, since when or how is never a reason to lose it: without a date it
holds from when it is recorded, and without a part of its scope it reaches further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar

from habeas.model.errors import BadInput
from habeas.model.installation.clocks import dated_ahead
from habeas.model.purposes import Purposes
from habeas.model.text import fold, tidy
from habeas.records.parsing import scope as import_scope
from habeas.records.parsing.names import Names
from habeas.records.parsing.scope import SaidScope
from habeas.records.readers import fields as cell
from habeas.records.readers.id_text import clean_id, require_somebody
from habeas.records.readers.lines import MAX_FIELD, Values

T = TypeVar("T")

_LONGEST_ID = 200


class Doubt(NamedTuple):
    """What was not understood of a no, without its value: a reason of `readers.fields.REASONS`, and words."""

    reason: str
    detail: str


class Lenient:
    """One record that says no."""

    def __init__(self, values: Values, names: Names) -> None:
        self._values, self._names = values, names
        self.doubts: list[Doubt] = []

    def doubt(self, reason: str, detail: str) -> None:
        """Note what couldn't be read; the refusal is kept and made wider."""
        self.doubts.append(Doubt(reason, detail))

    def get(self, read: Callable[[Values], T], otherwise: T) -> T:
        """What `read` gives, or `otherwise` where it refuses."""
        try:
            return read(self._values)
        except BadInput as error:
            self.doubt(error.reason, f"{error.detail}; left out")
            return otherwise

    def person(self) -> str | None:
        """The real id as written, without what isn't drawn; None when blank.

        Raises BadInput where it is unclear who it is: a number that a spreadsheet shortened, `#N/A`, no text.
        """
        value = self._values.get("subject")
        if isinstance(value, int) and not isinstance(value, bool):
            self.doubt("wrong_type", "subject: a number; its digits are taken")
            value = str(value)
        if value is None:
            return None
        if not isinstance(value, str):
            raise BadInput("wrong_type", "subject: text is expected")
        if len(value) > _LONGEST_ID:
            raise BadInput("field_too_long", f"subject: longer than {_LONGEST_ID} characters")
        require_somebody(tidy(value))
        try:
            return clean_id(value)
        except BadInput as error:
            self.doubt(error.reason, f"{error.detail}; read without it")
            return tidy(value) or None

    def purpose(self, value: object, purposes: Purposes) -> str:
        """Raises BadInput where it isn't one of ours, whatever its case, dashes or blanks."""
        text = value if isinstance(value, str) else ""
        if text in purposes:
            return text
        meant = "_".join(fold(text[:_LONGEST_ID]).replace("-", " ").replace("_", " ").split())
        if meant in purposes:
            self.doubt("unclean_text", f"purpose: read as {meant}")
            return meant
        if value is None:
            raise BadInput("missing_value", "purpose")
        if not isinstance(value, str):
            raise BadInput("wrong_type", "purpose: text is expected")
        return purposes.resolve(value[:_LONGEST_ID]).purpose_id  # raises, and says why

    def since(self, column: str, recorded_at: datetime) -> tuple[datetime, datetime | str]:
        """Since when it is true, and what its id covers of that.

        Unreadable or ahead of the clock: from when it is recorded, since a refusal must not wait.
        """
        try:
            instant = cell.instant(self._values, column)
        except BadInput as error:
            self.doubt(error.reason, f"{error.detail}; it holds from now on")
            return recorded_at, f"not read: {str(self._values.get(column))[:MAX_FIELD]}"
        if dated_ahead(instant, recorded_at):
            self.doubt("lies_ahead", f"{column}: after it is recorded; it holds from now on")
        return min(instant, recorded_at), instant

    def scope(self, values: Values | None = None) -> SaidScope:
        """The footage it is about; a part that can't be read is left out, so that it reaches further."""
        given = self._values if values is None else values
        sources, sites, events, lots = (
            self._slugs(given, kind) for kind in ("sources", "sites", "events", "lots")
        )
        from_at, to_at = self._window(given)
        parsed = SaidScope(
            sources=sources,
            folders=self._paths(given, "folders", import_scope.is_folder),
            sites=sites,
            events=events,
            lots=lots,
            assets=self._paths(given, "assets", import_scope.is_asset),
            from_at=from_at,
            to_at=to_at,
        )
        try:
            return import_scope.checked(parsed)
        except BadInput as error:
            self.doubt(error.reason, f"{error.detail}; left out, so it reaches further")
            return SaidScope(sites=sites, events=events, lots=lots, from_at=from_at, to_at=to_at)

    def _slugs(self, values: Values, kind: str) -> tuple[str, ...]:
        slugs: set[str] = set()
        for text in self._parts(values, kind):
            alike = self._names.alike(kind, text)
            if text in alike:
                slugs.add(text)
                continue
            is_slug = cell.is_slug(text)
            if alike:
                self.doubt("looks_like_known", f"{kind}: nothing is called so; taken for {', '.join(alike)}")
            elif not is_slug:
                self.doubt("bad_slug", f"{kind}: a-z, 0-9 and . _ -; left out, so it reaches further")
                return ()
            slugs |= {*alike, *([text] if is_slug else [])}
        return tuple(sorted(slugs))

    def _paths(self, values: Values, kind: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
        paths = self._parts(values, kind, whole=True)
        if all(map(fits, paths)):
            return paths
        self.doubt("bad_scope", f"{kind}: not written as a path is; left out, so it reaches further")
        return ()

    def _parts(self, values: Values, kind: str, *, whole: bool = False) -> tuple[str, ...]:
        """The texts of a list; none where some of it can't be read. `whole`: each as it stands."""
        value = values.get(kind)
        if value is None:
            return ()
        parts: object = value.split(";") if isinstance(value, str) and len(value) <= MAX_FIELD else value
        if isinstance(parts, list) and parts and all(isinstance(part, str) and tidy(part) for part in parts):
            return tuple(dict.fromkeys(part if whole else tidy(part) for part in parts))
        self.doubt("bad_list", f"{kind}: no list as it is expected; left out, so it reaches further")
        return ()

    def _window(self, values: Values) -> tuple[datetime | None, datetime | None]:
        try:
            return import_scope.window(values)
        except BadInput as error:
            self.doubt(error.reason, f"{error.detail}; the window is left out, so it reaches further")
            return None, None

    def read_all(self, texts: Iterable[str], read: Callable[[str], T]) -> list[T] | None:
        """Every text read; None where one can't be."""
        try:
            return [read(text) for text in texts]
        except BadInput as error:
            self.doubt(error.reason, f"{error.detail}; left out, so it reaches further")
            return None
