"""The page of the airport case: the refusal table, a picture of it, and what it rests on. Counts only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from habeas.oversight.report.airport.counts import NAMED, AirportCase, Vendor
from habeas.oversight.report.airport.finding import FINDING, KNOWN, RESTS_ON
from habeas.oversight.report.charts import side_by_side, two_sided
from habeas.oversight.report.page import environment

SHORT = {
    "KR-26-2": "KR-26-2 · outsourcing not made public",
    "KR-18-1": "KR-18-1 · not what it was collected for",
    "KR-23-1": "KR-23-1 · sensitive, no separate consent",
    "HOUSE-2": "HOUSE-2 · no repurposing",
    "HOUSE-3": "HOUSE-3 · public faces, private training",
}
"""The named rules in a few words, for the picture. The table has their sentences."""
_OTHERS = {"house": "other rules of the house", "kr-pipa": "other Korean rules", "eu-gdpr": "GDPR",
           "eu-ai-act": "AI Act", "us-il-bipa": "Illinois", "us-tx-cubi": "Texas", "us-wa": "Washington"}  # fmt: skip
_SIDES = ("refused", "allowed")
_GREY = "#7d8796"  # what only informs


def render(
    case: AirportCase,
    examples: Sequence[tuple[str, str]] = (),
    run: str = "index.html",
    waived: Sequence[dict[str, Any]] = (),
) -> str:
    """The page as HTML. `examples`: (what, id) worth asking why; `run`: where the page of the whole run lies;
    `waived`: the run's waivers.
    """
    vendors = {vendor.recipient: vendor for vendor in case.vendors}
    return (
        environment()
        .get_template("airport.html.jinja")
        .render(
            case=case,
            known=KNOWN,
            finding=FINDING,
            sources=list(
                dict.fromkeys(each for statement in (*KNOWN, *FINDING) for each in statement.sources)
            ),
            rests_on=RESTS_ON,
            examples=examples,
            run=run,
            waived=waived,
            requests=two_sided(
                {name: vendor.strict.refused for name, vendor in vendors.items()},
                {name: vendor.strict.allowed for name, vendor in vendors.items()},
                _SIDES,
            ),
            rules=side_by_side({name: v.strict.by_group for name, v in vendors.items()}, _labels()),
            regulator=side_by_side(
                {name: v.regulator.by_group for name, v in vendors.items()}, _labels(), _GREY
            ),
            rows=_rows(case),
        )
    )


def _labels() -> dict[str, str]:
    return {name: SHORT[name] for name in NAMED} | _OTHERS


def _rows(case: AirportCase) -> list[dict[str, Any]]:
    """One row a rule, under the title of its pack; the named ones first."""
    lines: list[dict[str, Any]] = []
    for name, rule in case.rules.items():
        lines.append(
            {
                "rule": rule,
                "named": rule.rule_id in NAMED,
                "pack": case.titles.get(rule.pack, rule.pack),
                "strict": [vendor.strict.by_rule.get(name, 0) for vendor in case.vendors],
                "regulator": [_regulator(vendor, name, rule.pack) for vendor in case.vendors],
            }
        )
    return lines


def _regulator(vendor: Vendor, name: str, pack: str) -> int | None:
    """None for the house: its rules are no regulator's business."""
    return None if pack == "house" else vendor.regulator.by_rule.get(name, 0)
