"""What an explanation is, and what several kinds of it need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from habeas.oversight.explain.evidence import Evidence
from habeas.oversight.explanation_step import ExplanationStep
from habeas.warehouse.current.current_decision import current_decisions
from habeas.warehouse.reader import Row, one

SHOWN: Final = 10
"""Ids that a sentence lists; the fields of its link have all of them."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An id, what it names, one sentence, and the links back. `as_dict` is what `--json` prints.

    `alarm`: what should never be; empty = nothing is wrong.
    """

    kind: str
    id: str
    headline: str
    links: tuple[ExplanationStep, ...]
    alarm: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain values, for JSON."""
        links = [{"step": link.step, "says": link.says, **link.fields} for link in self.links]
        values = {"kind": self.kind, "id": self.id, "headline": self.headline, "links": links}
        return values | {"alarm": self.alarm} if self.alarm else values


def source_of(links: Evidence, asset_id: str) -> list[ExplanationStep]:
    """Step about the source of a file; empty if the file isn't catalogued."""
    asset = one(links.reader, "assets", "asset_id", asset_id, ["source_id"])
    return [links.source(asset["source_id"])] if asset else []


def newest(decisions: list[Row]) -> list[Row]:
    """The decision that holds about each line, action and purpose, in a steady order."""
    held = current_decisions(decisions).values()
    return sorted(held, key=lambda row: (row["action"], row["line_id"] or "", row["purpose"]))


def listed(ids: Iterable[str]) -> str:
    """The beginnings of some ids, and how many more there are."""
    whole = sorted(ids)
    more = f" and {len(whole) - SHOWN} more" if len(whole) > SHOWN else ""
    return ", ".join(one[:12] for one in whole[:SHOWN]) + more
