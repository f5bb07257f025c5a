"""Who a real id in a list is, and whom else it may mean."""

from __future__ import annotations

from collections.abc import Callable, Collection

from habeas.model.errors import BadInput
from habeas.records.imports.intake import remembered

SubjectOf = Callable[[str], str]


class RealIds:
    """Who a real id is, and whom else it may mean."""

    def __init__(self, subject: SubjectOf, alike: Callable[[str], Collection[str]]) -> None:
        """`subject` makes an id at first sight; `alike` gives the subjects of other ids that look like one."""
        self._subject, self._alike = remembered(subject), alike
        self._first: set[str] = set()

    def one(self, real_id: str) -> str:
        """The subject behind a real id that must be beyond doubt. Raises BadInput where it looks like another one."""
        if real_id not in self._first and self._alike(real_id):
            raise BadInput("looks_like_known", LOOKS_LIKE)
        self._first.add(real_id)
        return self._subject(real_id)

    def all(self, real_id: str) -> tuple[str, ...]:
        """The subject of a no, first, and those that it may mean as well."""
        own = self._subject(real_id)
        return own, *(each for each in sorted(self._alike(real_id)) if each != own)


LOOKS_LIKE = (
    "subject: it differs from an id that is here only in case, dashes, blanks or look-alike letters. Write it as it is "
    "here, or import with --ids-as-typed where they are two people"
)
