"""Embed one asset unless a halt covers it: before it, between two of its frames, or after it.

An asset that a halt touches leaves no row at all, not even that it is done. A later run finds it undone and makes
of it what it would have made now, so a halt that was lifted leaves no trace in the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from habeas.faces.embed_asset import EmbedRules, FaceModels, Media, OpenMedia, VectorSealer, embed_asset
from habeas.faces.plan import AssetPlan, StagedRow
from habeas.media.values import Frames, after
from habeas.model.errors import Halted
from habeas.model.orders import Halt
from habeas.oversight.orders.book import stop


class Halts(Protocol):
    """What is halted now; cheap enough to ask before every frame."""

    def touching(self, source: str, purposes: frozenset[str]) -> Halt | None:
        """Halt that covers this source or one of these purposes; None if there is none."""

    def require(self) -> None:
        """Raises Halted while everything is halted."""


def embed_unless_halted(
    plan: AssetPlan,
    halts: Halts,
    media: Media,
    models: FaceModels,
    sealer: VectorSealer,
    rules: EmbedRules,
) -> list[StagedRow]:
    """Every staged row of one asset, or none when a halt touches its source or a purpose it is wanted for.

    Raises Halted when everything is halted, and what `embed_asset` raises.
    """
    wanted = frozenset(grant.purpose for line in plan.lines for grant in line.grants)

    def look() -> None:
        if halt := halts.touching(plan.source_id, wanted):
            raise stop(halt)

    try:
        look()
        rows = embed_asset(plan, _Watched(media, look), models, sealer, rules)
        look()
    except Halted:
        halts.require()
        return []
    return rows


@dataclass(frozen=True, slots=True)
class _Watched:
    """Media that look for a halt before each frame: a long clip must not outlast one."""

    media: Media
    look: Callable[[], None]

    @contextmanager
    def open(self, plan: AssetPlan) -> Iterator[OpenMedia]:
        with self.media.open(plan) as opened:
            yield _WatchedOpen(opened, self.look)


@dataclass(frozen=True, slots=True)
class _WatchedOpen:
    opened: OpenMedia
    look: Callable[[], None]

    def sha256(self) -> bytes:
        return self.opened.sha256()

    def frames(self) -> Frames:
        frames = self.opened.frames()
        frame = next(frames, None)
        while frame is not None:
            self.look()
            closer = yield frame
            frame = after(frames, closer=bool(closer))

    def unchanged(self) -> None:
        self.opened.unchanged()
