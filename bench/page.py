"""The bench page: every goal of bench/results/*.json in one picture, and how each was measured.

Writes bench/results/index.html, which runs nothing and loads nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import altair as alt
from rich.console import Console
from rich.table import Table

from habeas.oversight.report.charts import svg
from habeas.oversight.report.page import environment, write

RESULTS = Path(__file__).resolve().parent / "results"
_ABOUT = ("machine", "versions", "drawn", "changed")
_HELD, _MISSED, _INK = "#3f6fb5", "#b5533f", "#3b4252"


class Row(NamedTuple):
    """One goal. `least`: the value has to be at least as large, else at most."""

    what: str
    value: float
    goal: float
    least: bool

    @property
    def holds(self) -> bool:
        return self.value >= self.goal if self.least else self.value <= self.goal

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.goal:g}"

    @property
    def used(self) -> float:
        """How much of the goal is used up: beyond 1 it is missed."""
        return self.goal / self.value if self.least else self.value / self.goal


def show(title: str, rows: Iterable[Row]) -> None:
    table = Table(title=title)
    for heading in ("what", "measured", "goal", ""):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        table.add_row(row.what, f"{row.value:.4g}", row.wanted, "holds" if row.holds else "missed")
    Console().print(table)


def of_decide(found: Mapping[str, Any]) -> list[Row]:
    """Rows of bench/decide.py's result."""
    goals, sizes = found["goals"], found["sizes"]
    rows = [
        Row(
            f"deciding: slope of CPU, {each['from']:,} to {each['to']:,} lines",
            each["cpu"],
            goals["slope"],
            False,
        )
        for each in found["slopes"]
    ]
    return rows + [
        Row(f"deciding again after a small change, {size['lines']:,} lines", size["again"]["ratio"]["cpu"],
            goals["again"], False)
        for size in sizes if "again" in size
    ]  # fmt: skip


def gathered(folder: Path = RESULTS) -> list[tuple[str, Mapping[str, Any], list[Row]]]:
    """File, its result, its goals."""
    found = []
    for file in sorted(folder.glob("*.json")):
        result = json.loads(file.read_text())
        rows = of_decide(result) if file.stem == "decide" else [Row(*row) for row in result.get("rows", ())]
        found.append((file.name, result, rows))
    return found


def picture(rows: Sequence[Row]) -> Any:
    """A bar a goal, from nothing to how much of it is used up; the line is the goal."""
    data = [
        {"what": row.what, "used": min(row.used, 2.0), "held": row.holds, "told": f"{row.value:.4g}",
         "beside": max(min(row.used, 2.0), 1.0) if row.used > 0.6 else row.used}  # not under the line
        for row in rows
    ]  # fmt: skip
    names = [row.what for row in rows]
    base = alt.Chart(alt.InlineData(values=data)).encode(
        y=alt.Y("what:N", sort=names, title=None, axis=alt.Axis(labelLimit=430, ticks=False, domain=False)),
        x=alt.X("used:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 2.2])),
    )
    colour = alt.condition("datum.held", alt.value(_HELD), alt.value(_MISSED))
    bar = base.mark_bar(height=14, cornerRadiusEnd=3).encode(color=colour)
    number = base.mark_text(align="left", dx=5, fontSize=12).encode(
        x=alt.X("beside:Q", axis=None), text="told:N"
    )
    line = (
        alt.Chart(alt.InlineData(values=[{"at": 1}])).mark_rule(color=_INK).encode(x=alt.X("at:Q", axis=None))
    )
    return svg((bar + number + line).properties(width=300, height=alt.Step(24)))


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>What habeas costs</title>
<style>
{% include "page.css" %}
.scroll { overflow-x: auto; }
</style>
</head>
<body>
<header>
  <h1>What habeas costs</h1>
  <p class="lead">Ratios measured within one run each, on the machine named below. Each bar is how much of its goal is
  used up; beyond the line the goal is missed. The numbers are what was measured.</p>
</header>
<section>
  <figure class="wide">{{ picture }}</figure>
  <div class="scroll"><table>
    <thead><tr><th>What</th><th>Measured</th><th>Goal</th><th class="text">Held</th></tr></thead>
    <tbody>{% for row in rows %}
    <tr><th scope="row">{{ row.what }}</th><td>{{ "%.4g" | format(row.value) }}</td><td>{{ row.wanted }}</td>
    <td class="text">{{ "yes" if row.holds else "no" }}</td></tr>{% endfor %}
    </tbody></table></div>
</section>
<section>
  <h2>Where and with what</h2>
  <div class="scroll"><table>
    <thead><tr><th>Result</th><th class="text">Machine, versions, what was drawn</th></tr></thead>
    <tbody>{% for name, about in told %}
    <tr><th scope="row"><code>{{ name }}</code></th><td class="text">{{ about }}</td></tr>{% endfor %}
    </tbody></table></div>
</section>
</body>
</html>
"""


def page(folder: Path = RESULTS) -> Path:
    found = gathered(folder)
    rows = [row for _, _, some in found for row in some]
    told = [
        (
            name,
            "; ".join(_said(key, result[key]) for key in _ABOUT if key in result) + _others(result),
        )
        for name, result, some in found
        if some
    ]
    html = environment().from_string(_PAGE).render(rows=rows, picture=picture(rows), told=told)
    return write(folder, html)


def _others(result: object) -> str:
    """What others had of the machine meanwhile, as far as a result says so."""
    found = list(_shares(result))
    return f"; others had {median(found):.0%} of the machine, at most {max(found):.0%}" if found else ""


def _shares(told: object) -> Iterator[float]:
    if isinstance(told, dict):
        if "others" in told:
            yield told["others"]
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from _shares(each)


def _said(name: str, value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return f"{name} {value}"


if __name__ == "__main__":
    print(page())
    sys.exit(0)
