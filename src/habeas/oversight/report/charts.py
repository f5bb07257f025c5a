"""Charts that need no script and no network.

Bars are plain HTML, so that their labels wrap and stay readable on a telephone and on paper. Histograms are inline
SVG, drawn by Vega-Lite inside this process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from habeas.oversight.report.detail import Bin

_CLIP = re.compile(r' clip-path="url\(#[a-z0-9]+\)"')
_FONT = "DejaVu Sans, Verdana, sans-serif"
_INK, _FAINT, _BLUE, _RED = "#3b4252", "#c8cdd6", "#3f6fb5", "#b5533f"
_ROW = Markup('<li><span class="name">{}</span>{}<b>{}</b></li>')
_SIDES = Markup('<li><span class="name">{}</span><b>{}</b>{}{}<b>{}</b></li>')
_TITLES = Markup('<li class="titles"><span style="color: {}">{}</span><span style="color: {}">{}</span></li>')
_LINE = Markup('<li><span class="name">{}</span><span class="cells" style="--columns: {}">{}</span></li>')
_HEAD = Markup('<span class="cell"><b>{}</b></span>')


def bars(counts: Mapping[str, int], labels: Mapping[str, str], colour: str = _BLUE) -> Markup:
    """Horizontal bars, largest first, with the number behind each. Empty counts give nothing."""
    if not counts:
        return Markup("")
    longest = max(counts.values()) or 1
    rows = [
        _ROW.format(labels.get(name, name), _bar(count, longest, colour), _shown(count))
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    ]
    return Markup('<ul class="bars">{}</ul>').format(Markup("").join(rows))


def two_sided(left: Mapping[str, int], right: Mapping[str, int], titles: tuple[str, str]) -> Markup:
    """Bars from a middle line: what is lost to the left in red, what is won to the right in blue.

    Longest first; each bar has its number beside it. Nothing on either side gives nothing.
    """
    names = sorted({*left, *right}, key=lambda name: (-left.get(name, 0) - right.get(name, 0), name))
    if not names:
        return Markup("")
    longest = max([*left.values(), *right.values()]) or 1
    head = _TITLES.format(_RED, titles[0], _BLUE, titles[1])
    rows = [
        _SIDES.format(
            name,
            _number(left.get(name, 0)),
            _bar(left.get(name, 0), longest, _RED),
            _bar(right.get(name, 0), longest, _BLUE),
            _number(right.get(name, 0)),
        )
        for name in names
    ]
    return Markup('<ul class="bars two">{}{}</ul>').format(head, Markup("").join(rows))


def side_by_side(
    counts: Mapping[str, Mapping[str, int]], labels: Mapping[str, str], colour: str = _RED
) -> Markup:
    """A column of bars for each name of `counts`, the same rows in all, in the order of `labels`.

    A row that is nowhere counted is left out; where it counts nothing in one column it has no bar and no number.
    """
    order = [key for key in labels if any(column.get(key) for column in counts.values())]
    if not order:
        return Markup("")
    longest = max(count for column in counts.values() for count in column.values())
    head = _columns("", [_HEAD.format(name) for name in counts])
    rows = [
        _columns(labels[key], [_cell(column.get(key, 0), longest, colour) for column in counts.values()])
        for key in order
    ]
    return Markup('<ul class="bars side">{}{}</ul>').format(head, Markup("").join(rows))


def _columns(label: str, cells: Sequence[Markup]) -> Markup:
    return _LINE.format(label, len(cells), Markup("").join(cells))


def _cell(count: int, longest: int, colour: str) -> Markup:
    if not count:
        return Markup('<span class="cell"></span>')
    return Markup('<span class="cell">{}<b>{}</b></span>').format(_bar(count, longest, colour), _shown(count))


def _bar(count: int, longest: int, colour: str) -> Markup:
    if not count:
        return Markup('<span class="bar"></span>')
    share = f"{100 * count / longest:.1f}"
    return Markup('<span class="bar"><i style="width: {}%; background: {}"></i></span>').format(share, colour)


def _number(count: int) -> str:
    return _shown(count) if count else ""


def _shown(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")


def histogram(bins: Sequence[Bin], title: str) -> Markup:
    """Columns over equal bins. Only the bins go in, never the values they were made from."""
    if not bins:
        return Markup("")
    data = [{"low": item.low, "high": item.high, "count": item.count} for item in bins]
    chart = (
        alt.Chart(_inline(data))
        .mark_bar(color=_BLUE)
        .encode(
            x=alt.X("low:Q", bin="binned", title=title, axis=alt.Axis(tickCount=5, grid=False)),
            x2=alt.X2("high"),
            y=alt.Y(
                "count:Q", title=None, axis=alt.Axis(tickCount=3, tickMinStep=1, domain=False, ticks=False)
            ),
        )
    )
    return svg(chart.properties(width=205, height=110))


def svg(chart: Any) -> Markup:
    """A chart as an SVG element without fixed size or background."""
    spec = chart.configure(
        background="transparent",
        font=_FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(labelColor=_INK, titleColor=_INK, gridColor=_FAINT, domainColor=_FAINT, tickColor=_FAINT,
                            labelFontSize=12, titleFontSize=12, titleFontWeight="normal"),
        text=alt.MarkConfig(color=_INK),
    ).to_dict()  # fmt: skip
    drawn: str = vl_convert.vegalite_to_svg(json.dumps(spec))
    # Every chart numbers its clips from 0, so on one page they would clip each other; nothing here needs clipping.
    drawn = _CLIP.sub("", drawn[drawn.index("<svg") :])
    return Markup(drawn)  # noqa: S704 - Vega escapes every text it draws


def _inline(data: list[dict[str, Any]]) -> Any:
    return alt.InlineData(values=data)
