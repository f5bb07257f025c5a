"""The airport case counted, from decisions made in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airport_case import Case, rules

from habeas.oversight.numbers.tally import Tally
from habeas.oversight.report.airport.counts import AirportCase, airport_case
from habeas.policy.rules.decide import rule_names
from habeas.synthetic.archives.airport_lists import TRAINING, A


class Tables:
    """A warehouse of two tables: keys of those who said yes, and the rows stored for them."""

    def __init__(self, case: Case, astray: bool = False) -> None:
        allowed = [(a.badge, a.purpose) for a in case.asked if a.verdict.effect == "allow"]
        pairs = {*allowed, *((a.badge, a.purpose) for a in case.of("both", A))}
        keys = [
            {"key_id": f"{who}/{what}", "subject_id": who, "purpose": what} for who, what in sorted(pairs)
        ]
        stored = [
            {"row_id": str(n), "key_id": f"{who}/{A if astray else what}", "subject_id": who, "purpose": what}
            for n, (who, what) in enumerate(allowed)
        ]
        self.tables = {"keys": keys, "embeddings": stored}

    def exists(self, table: str) -> bool:
        return table in self.tables

    def read(self, table: str, columns: Sequence[str] | None = None, filter: Any = None) -> Any:
        rows = self.tables[table]

        class Rows:
            def to_pylist(self) -> list[dict[str, Any]]:
                return rows

        return Rows()


def counted(case: Case, astray: bool = False) -> AirportCase:
    decisions = [
        {"action": "embed", "asset_id": a.file, "line_id": f"{a.badge}/{a.file}", "purpose": a.purpose,
         "effect": str(a.verdict.effect), "rules": list(rule_names(a.verdict)),
         "regulator_effect": str(a.verdict.regulator.effect),
         "regulator_rules": list(rule_names(a.verdict.regulator))}
        for a in case.asked
    ]  # fmt: skip
    assets = [{"asset_id": shot.file} for shot in case.plan.shots]
    work = {file: {"state": "done"} for (file, _), verdict in case.scans.items() if verdict.effect == "allow"}
    tally = Tally(assets, decisions, [], {}, [], [], work, [], [], {})
    return airport_case(Tables(case, astray), tally, rules(), TRAINING)
