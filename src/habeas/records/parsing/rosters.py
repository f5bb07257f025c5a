"""A roster line, parsed: who is where in an asset, by a call sheet or a seating plan, never by a face."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from habeas.model.errors import BadInput
from habeas.model.ids import new_id
from habeas.model.installation.clocks import dated_ahead
from habeas.model.people import Region, RosterLine
from habeas.records.parsing.consents import real_id
from habeas.records.readers import fields as cell
from habeas.records.readers.lines import MAX_FIELD, Columns, Values

NEEDED = "source file subject from_ms to_ms x0 y0 x1 y1 position closed attested_by attested_at"
COLUMNS = Columns(
    tuple(NEEDED.split()),
    may_be_blank=frozenset(NEEDED.split()) - {"source", "file", "attested_at"},
    optional=("row",),
)
_LONGEST_MS = 100 * 3600 * 1000
_EDGES = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line before its asset and its person have ids."""

    source_id: str
    location: str = field(repr=False)
    real_id: str | None = field(repr=False)
    from_ms: int | None
    to_ms: int | None
    region: Region | None
    position: int | None
    closed: bool
    attested_by: str
    attested_at: datetime
    row: int | None = None

    def line(self, asset_id: str, subject_id: str | None, listed_at: datetime) -> RosterLine:
        """The id covers the whole content: the same line again is the same line.

        In a list that is newer than the line, it is a line of that list, whatever older list has it as well.
        """
        where = self.region
        edges = (where.x0, where.y0, where.x1, where.y1) if where else (None, None, None, None)
        line_id = new_id(
            "roster line",
            asset_id,
            subject_id,
            self.from_ms,
            self.to_ms,
            *edges,
            self.position,
            self.closed,
            self.attested_by,
            self.attested_at,
            *(() if self.row is None else (self.row,)),
            *(() if listed_at == self.attested_at else ("listed", listed_at)),
        )
        return RosterLine(
            line_id,
            asset_id,
            subject_id,
            self.from_ms,
            self.to_ms,
            self.region,
            self.position,
            self.closed,
            self.attested_by,
            self.attested_at,
            self.row,
            listed_at,
        )


def parse(values: Values, recorded_at: datetime) -> Entry:
    """Raises BadInput. Blank `closed` = false: it isn't stated that all people are listed."""
    from_ms, to_ms = _window(values)
    attested_at = cell.instant(values, "attested_at")
    if dated_ahead(attested_at, recorded_at):
        raise BadInput("lies_ahead", "attested_at: later than now; check the clock and the time zone")
    return Entry(
        source_id=cell.slug(values, "source"),
        location=_location(values),
        real_id=real_id(values),
        from_ms=from_ms,
        to_ms=to_ms,
        region=_region(values),
        position=cell.whole(values, "position", least=1, most=1000),
        closed=cell.boolean(values, "closed") or False,
        attested_by=cell.optional_text(values, "attested_by") or "",
        attested_at=attested_at,
        row=_row(values),
    )


def listed_times(named: Collection[tuple[str, str | None, Entry]]) -> Callable[[str, Entry], datetime]:
    """When the list that a line belongs to was attested. `named`: asset, person and line.

    One list of an asset is of the newest time of its lines, so that two desks stay together. Where a person stands
    twice, attested at different times, the lines are the asset's history: each time is a list of its own.
    """
    newest: dict[str, datetime] = {}
    attested: dict[tuple[str, str], datetime] = {}
    history: set[str] = set()
    for asset_id, subject_id, entry in named:
        newest[asset_id] = max(entry.attested_at, newest.get(asset_id, entry.attested_at))
        if subject_id and attested.setdefault((asset_id, subject_id), entry.attested_at) != entry.attested_at:
            history.add(asset_id)
    return lambda asset_id, entry: entry.attested_at if asset_id in history else newest[asset_id]


def place_hint(values: Values) -> tuple[str, str] | None:
    """The source and file an unusable line is about, where that much can be read."""
    try:
        return cell.slug(values, "source"), _location(values)
    except BadInput:
        return None


def _location(values: Values) -> str:
    """Verbatim: a path in an archive may look like anything, and it is only looked up."""
    value = values.get("file")
    if value is None:
        raise BadInput("missing_value", "file")
    if not isinstance(value, str):
        raise BadInput("wrong_type", "file: text is expected")
    if len(value) > MAX_FIELD:
        raise BadInput("field_too_long", "file")
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise BadInput("bad_location", "file: characters that no path has")
    return value


def _window(values: Values) -> tuple[int | None, int | None]:
    begin = cell.whole(values, "from_ms", least=0, most=_LONGEST_MS)
    end = cell.whole(values, "to_ms", least=0, most=_LONGEST_MS)
    if (begin is None) != (end is None):
        raise BadInput("bad_window", "from_ms, to_ms: both or neither")
    if begin is not None and end is not None and begin >= end:
        raise BadInput("bad_window", "from_ms: not before to_ms")
    return begin, end


def _row(values: Values) -> int | None:
    row = cell.whole(values, "row", least=1, most=100)
    if row is not None and cell.whole(values, "position", least=1, most=1000) is None:
        raise BadInput("missing_value", "position: a row says nothing without a place in it")
    return row


def _region(values: Values) -> Region | None:
    x0, y0, x1, y1 = (cell.fraction(values, edge) for edge in _EDGES)
    if x0 is None and y0 is None and x1 is None and y1 is None:
        return None
    if x0 is None or y0 is None or x1 is None or y1 is None:
        raise BadInput("bad_region", "x0, y0, x1, y1: all or none")
    if x0 >= x1 or y0 >= y1:
        raise BadInput("bad_region", "x0 must be left of x1, and y0 above y1")
    return Region(x0, y0, x1, y1)
