"""The public names there are (sources, sites, events, lots), and which of them a list may have meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from habeas.model.text import fold, shape

KINDS = ("sources", "sites", "events", "lots")
_NEAREST, _LIKE = 3, 0.5


@dataclass(frozen=True, slots=True)
class Names:
    """Kind (as the columns of a scope are called) -> its names. A kind that is missing isn't asked about."""

    there: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def unknown(self, kind: str, name: str) -> bool:
        """Nothing here is called so."""
        return kind in self.there and name not in self.there[kind]

    def alike(self, kind: str, text: str) -> tuple[str, ...]:
        """Names that differ from `text` in case, dashes, blanks or look-alike letters alone."""
        wanted = shape(text)
        return tuple(sorted(name for name in self.there.get(kind, ()) if wanted and shape(name) == wanted))

    def nearest(self, kind: str, text: str) -> tuple[str, ...]:
        """The names most like `text`, best first."""
        return tuple(get_close_matches(fold(text), sorted(self.there.get(kind, ())), _NEAREST, _LIKE))


NO_NAMES = Names()
