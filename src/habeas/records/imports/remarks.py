"""What an import reports about records that it keeps: what was not understood, and names that nothing here has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from habeas.records.parsing.names import KINDS, NO_NAMES, Names
from habeas.records.parsing.scope import SaidScope

NEEDS_A_LOOK = frozenset({"unknown_name", "unknown_person", "looks_like_known", "folder_missing", "asset_missing",
                          "unknown_source"})  # fmt: skip
"""Reasons after which a refusal may have no effect: the user who imports has to check."""


@dataclass(frozen=True, slots=True)
class Remark:
    """About a record that is kept. No value of it is repeated: names are those that are here already."""

    line_number: int
    reason: str
    detail: str
    is_no: bool

    @property
    def needs_a_look(self) -> bool:
        """True if a refusal may have been missed or misread, so that a person has to check the line."""
        return self.is_no and self.reason in NEEDS_A_LOOK


def _nobody(_: Collection[str]) -> Collection[str]:
    return ()


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What is recorded, so that a no without an effect can be reported.

    `alike(real_id)`: subject ids of other real ids that look like it. `listed(subject_ids)`: those that a roster names;
    None where that is not asked. `names`: of sources, sites, events and lots.
    """

    names: Names = NO_NAMES
    alike: Callable[[str], Collection[str]] = _nobody
    listed: Callable[[Collection[str]], Collection[str]] | None = None


NO_CONTEXT = ImportContext()


def of_doubts(number: int, doubts: Iterable[tuple[str, str]]) -> list[Remark]:
    """What was not understood of a no."""
    return [Remark(number, reason, detail, is_no=True) for reason, detail in doubts]


def of_places(
    number: int, scope: SaidScope, gone: Iterable[str], names: Names, *, is_no: bool
) -> list[Remark]:
    """What a record names and isn't here; a no is kept and holds as soon as it is."""
    remarks = [
        Remark(number, "unknown_name", _unknown(kind, name, names), is_no=is_no)
        for kind in KINDS
        for name in getattr(scope, kind)
        if names.unknown(kind, name)
    ]
    later = "kept, and it holds as soon as there is one"
    words = {"folder_missing": f"no such folder in its source; {later}",
             "asset_missing": f"no such file in its source; {later}",
             "unknown_source": f"no source of that id is registered; {later}",
             "bad_location": "not written as a path is; left out, so it reaches further"}  # fmt: skip
    return remarks + [Remark(number, why, words.get(why, later), is_no=is_no) for why in gone]


def of_people(number: int, alike: Collection[str]) -> Remark:
    """About a no of a person whom nothing here names. `alike`: subject ids that it was recorded for as well."""
    if alike:
        detail = (
            "subject: no such id here, but one that differs only in case, dashes, blanks or look-alike letters "
            f"({', '.join(sorted(alike))}): the no was recorded for both. Is it the same person?"
        )
        return Remark(number, "looks_like_known", detail, is_no=True)
    detail = (
        "subject: no roster and no consent here names this person; kept, and it holds as soon as one does"
    )
    return Remark(number, "unknown_person", detail, is_no=True)


def of_new_name(number: int, kind: str, name: str, here: Names, noes: Names) -> list[Remark]:
    """A name that comes in and looks like one that a recorded no is about. `here`: names there are, reported before."""
    similar = [each for each in noes.alike(kind, name) if each != name] if here.unknown(kind, name) else []
    detail = (
        f"{kind}: a no that is recorded names {', '.join(similar)}, which differs only in case, dashes or look-alike "
        "letters: the no holds for both. Is it the same?"
    )
    return [Remark(number, "looks_like_known", detail, is_no=True)] if similar else []


def _unknown(kind: str, name: str, names: Names) -> str:
    nearest = names.nearest(kind, name)
    suggestion = f"; nearest: {', '.join(nearest)}" if nearest else ""
    return f"{kind}: nothing here has that name{suggestion}; kept, and it holds as soon as something has"
