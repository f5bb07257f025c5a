"""Whether the scope of a record covers this footage. Shared by consents and leave-outs: pure.

A scope without parts is about everything. Every part that is filled must fit: one of its folders, of its sites, of
its events and of its lots must be among those of the footage; its sources and assets must hold the footage's own;
the footage must be captured inside its window (`from_at` <= captured < `to_at`).

One thing can be unknown: when the footage was captured. Then a window never fits for a consent and always fits for
what speaks against: `unknown_fits` says which of the two asks. Where the time may be off (`captured_give`: a clip's own
time), a window of what speaks against reaches that much further.

Footage that moves keeps every folder it ever lay in for what speaks against (`Place.ever`); a consent reaches it by
where it lies now.

A name of a source, site, event or lot is compared as it is written for a consent. For what speaks against, a name
fits that differs in case, dashes, blanks or look-alike letters alone: a no about `open_day` holds for `open-day`,
whichever of the two is recorded first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from habeas.model.people import Place, Scope
from habeas.model.text import shape

NAMED = ("sources", "sites", "events", "lots")
"""Parts of a scope that hold public names; the others hold ids."""


@lru_cache(maxsize=4096)
def alike(name: str) -> str:
    """The same for public names that look alike."""
    return shape(name) or name


def fits(scope: Scope, place: Place, *, unknown_fits: bool) -> bool:
    """True when every filled part of `scope` holds for `place`."""
    share = _share_alike if unknown_fits else _share
    if unknown_fits and place.ever is not None:
        place = place.ever
    return (
        share(scope.sources, (place.source_id,))
        and (not scope.assets or place.asset_id in scope.assets)
        and _share(scope.folders, place.folders)
        and share(scope.sites, place.sites)
        and share(scope.events, place.events)
        and share(scope.lots, place.lots)
        and _inside(scope, place, unknown_fits=unknown_fits)
    )


def contains(wide: Scope, narrow: Scope) -> bool:
    """True when whatever `narrow` reaches, a no about `wide` reaches too: each part is empty or holds narrow's."""
    for part in ("sources", "folders", "sites", "events", "lots", "assets"):
        around, inside = frozenset(getattr(wide, part)), frozenset(getattr(narrow, part))
        if part in NAMED:
            around, inside = frozenset(map(alike, around)), frozenset(map(alike, inside))
        if around and not (inside and inside <= around):
            return False
    begins = wide.from_at is None or (narrow.from_at is not None and wide.from_at <= narrow.from_at)
    ends = wide.to_at is None or (narrow.to_at is not None and narrow.to_at <= wide.to_at)
    return begins and ends


def _share(wanted: Iterable[str], there: Iterable[str]) -> bool:
    asked = frozenset(wanted)
    return not asked or not asked.isdisjoint(there)


def _share_alike(wanted: Iterable[str], there: Iterable[str]) -> bool:
    return _share(map(alike, wanted), map(alike, there))


def _inside(scope: Scope, place: Place, *, unknown_fits: bool) -> bool:
    if scope.from_at is None and scope.to_at is None:
        return True
    if place.captured_at is None:
        return unknown_fits
    give = place.captured_give if unknown_fits else timedelta(0)
    return (scope.from_at is None or scope.from_at <= place.captured_at + give) and (
        scope.to_at is None or place.captured_at - give < scope.to_at
    )
