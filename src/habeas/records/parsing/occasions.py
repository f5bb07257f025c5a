"""Which site, event or lot the footage of a folder belongs to, parsed from a list that an archive's office keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from habeas.model.errors import BadInput
from habeas.records.parsing.scope import Places
from habeas.records.readers import fields as cell
from habeas.records.readers.lines import MAX_FIELD, Columns, Values

KINDS = ("site", "event", "lot")
COLUMNS = Columns(("source", "folder", "kind", "name"))


@dataclass(frozen=True, slots=True)
class Occasion:
    """A row of `occasions`: everything in the folder belongs to this site, event or lot."""

    source_id: str
    folder_id: str
    kind: str
    name: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """A line before its folder has an id."""

    source_id: str
    folder: str = field(repr=False)
    kind: str
    name: str

    def occasion(self, recorded_at: datetime, places: Places) -> tuple[Occasion, str]:
        """The occasion, and why its folder isn't there (empty = it is): then it holds once there is one.

        A leave-out of an event reaches footage by its folders, so a line is not lost because the folder comes later.
        Raises BadInput where the folder can't even be named.
        """
        missing = ""
        try:
            folder_id = places.folder(self.source_id, self.folder)
        except BadInput as error:
            missing, folder_id = error.reason, places.named(self.source_id, self.folder)
        return Occasion(self.source_id, folder_id, self.kind, self.name, recorded_at), missing


def parse(values: Values) -> Named:
    """Raises BadInput."""
    folder = cell.optional_text(values, "folder", limit=MAX_FIELD)
    if folder is None:
        raise BadInput("missing_value", "folder")
    return Named(
        source_id=cell.slug(values, "source"),
        folder=folder,
        kind=cell.word(values, "kind", KINDS),
        name=cell.slug(values, "name"),
    )
