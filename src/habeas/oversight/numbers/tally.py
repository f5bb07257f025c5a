"""The rows that every number is counted from, read once. Ids and words; no ciphertext."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from habeas.warehouse.current.current_decision import current_decisions
from habeas.warehouse.current.current_lines import current_lines
from habeas.warehouse.current.newest_work import newest_work, of_newest_work
from habeas.warehouse.current.row_status import newest_statuses
from habeas.warehouse.reader import Condition, Reader, Row, rows

_EMBEDDINGS = ("row_id", "asset_id", "line_id", "subject_id", "source_id", "purpose", "rank", "run_id",
               "q_size_px", "q_sharpness", "q_exposure", "q_frontality")  # fmt: skip


@dataclass(frozen=True)
class Tally:
    """What the tables hold now: the current decisions, the newest work of each file, the newest status of each row."""

    assets: Sequence[Row]  # present ones
    decisions: Sequence[Row]  # the current one of each thing and purpose
    embeddings: Sequence[Row]
    statuses: Mapping[str, Row]  # row_id -> its newest status
    refusals: Sequence[Row]  # of the newest work of each file
    quarantine: Sequence[Row]
    work: Mapping[str, Row]  # asset_id -> its newest work
    rosters: Sequence[Row]  # lines that hold
    sources: Sequence[Row]
    homes: Mapping[str, str]  # asset_id -> its source, also of files that are gone
    runs: Sequence[Row] = ()  # tasks of one run, in the order they started

    @cached_property
    def present(self) -> frozenset[str]:
        """Ids of the assets that are in the archive now."""
        return frozenset(row["asset_id"] for row in self.assets)

    @cached_property
    def looked_at(self) -> frozenset[str]:
        """Present files that were decoded and searched for faces."""
        done = {asset for asset, row in self.work.items() if row["state"] == "done"}
        return frozenset(done & self.present)

    def of_source(self, source_id: str) -> Tally:
        """The same of one source."""
        names = {asset for asset, source in self.homes.items() if source == source_id}
        return replace(
            self,
            assets=[row for row in self.assets if row["source_id"] == source_id],
            decisions=[row for row in self.decisions if row["asset_id"] in names],
            embeddings=[row for row in self.embeddings if row["source_id"] == source_id],
            refusals=[row for row in self.refusals if row["source_id"] == source_id],
            quarantine=[row for row in self.quarantine if row["source_id"] == source_id],
            rosters=[row for row in self.rosters if row["asset_id"] in names],
            sources=[row for row in self.sources if row["source_id"] == source_id],
        )


def read_tally(reader: Reader, runs: Sequence[Row] = ()) -> Tally:
    """Read what is counted. `runs`: the tasks of the run that the numbers are for, if any."""
    return _read(reader, (), runs)


def tally_of(reader: Reader, asset_id: str) -> Tally:
    """The same of one file."""
    return _read(reader, (("asset_id", "=", asset_id),), ())


def _read(reader: Reader, where: Sequence[Condition], runs: Sequence[Row]) -> Tally:
    work, assets = newest_work(rows(reader, "work", *where)), rows(reader, "assets", *where)
    embeddings = rows(reader, "embeddings", *where, columns=_EMBEDDINGS)
    ids = sorted(row["row_id"] for row in embeddings)
    mine: list[Condition] = [("row_id", "in", ids)] if where else []
    return Tally(
        assets=[row for row in assets if row["present"]],
        decisions=list(current_decisions(rows(reader, "decisions", *where)).values()),
        embeddings=embeddings,
        statuses=newest_statuses(rows(reader, "row_status", *mine) if ids else ()),
        refusals=of_newest_work(rows(reader, "refusals", *where), work),
        quarantine=rows(reader, "quarantine", *where),
        work=work,
        rosters=current_lines(rows(reader, "rosters", *where)),
        sources=rows(reader, "sources"),
        homes={row["asset_id"]: row["source_id"] for row in assets},
        runs=runs,
    )
