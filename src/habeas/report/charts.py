"""Charts as inline SVG: drawn by Vega-Lite inside this process, so that the page needs no script and no network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from habeas.report.detail import Bin

_CLIP = re.compile(r' clip-path="url\(#[a-z0-9]+\)"')
_FONT = "DejaVu Sans, Verdana, sans-serif"
_INK, _FAINT, _BLUE, _RED = "#3b4252", "#c8cdd6", "#3f6fb5", "#b5533f"


def bars(
    counts: Mapping[str, int],
    labels: Mapping[str, str],
    colour: str = _BLUE,
    width: int = 190,
    label: int = 330,
) -> Markup:
    """Horizontal bars, largest first, with the number behind each. Empty counts give nothing."""
    if not counts:
        return Markup("")
    data = [{"label": labels.get(name, name), "count": count} for name, count in counts.items()]
    base = alt.Chart(_inline(data)).encode(
        y=alt.Y("label:N", sort="-x", title=None, axis=alt.Axis(labelLimit=label, ticks=False, domain=False)),
        x=alt.X("count:Q", title=None, axis=None),
    )
    chart = base.mark_bar(color=colour, cornerRadiusEnd=3, height=16)
    numbers = base.mark_text(align="left", dx=5, fontSize=12).encode(text="count:Q")
    return svg((chart + numbers).properties(width=width, height=alt.Step(26)))


def two_sided(
    left: Mapping[str, int], right: Mapping[str, int], titles: tuple[str, str], width: int = 420
) -> Markup:
    """Bars from a middle line: what is lost to the left in red, what is won to the right in blue.

    Longest first; each bar has its number at its end. Nothing on either side gives nothing.
    """
    names = sorted({*left, *right}, key=lambda name: (-left.get(name, 0) - right.get(name, 0), name))
    if not names:
        return Markup("")
    data = [
        {"label": name, "side": title, "at": sign * counts[name], "count": counts[name]}
        for counts, title, sign in ((left, titles[0], -1), (right, titles[1], 1))
        for name in names
        if counts.get(name)
    ]
    longest = max([*left.values(), *right.values()])
    base = alt.Chart(_inline(data)).encode(
        y=alt.Y("label:N", sort=names, title=None, axis=alt.Axis(labelLimit=330, ticks=False, domain=False)),
        # Room for the numbers beyond the longest bar on either side.
        x=alt.X("at:Q", title=None, axis=None, scale=alt.Scale(domain=[-1.3 * longest, 1.3 * longest])),
    )
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=list(titles), range=[_RED, _BLUE]),
        legend=alt.Legend(title=None, orient="top", labelColor=_INK, labelFontSize=12),
    )
    bar = base.mark_bar(height=16).encode(color=colour)
    lost = base.transform_filter("datum.at < 0").mark_text(align="right", dx=-5, fontSize=12)
    won = base.transform_filter("datum.at > 0").mark_text(align="left", dx=5, fontSize=12)
    middle = alt.Chart(_inline([{"at": 0}])).mark_rule(color=_FAINT).encode(x=alt.X("at:Q", axis=None))
    layers = middle + bar + lost.encode(text="count:Q") + won.encode(text="count:Q")
    return svg(layers.properties(width=width, height=alt.Step(26)))


def side_by_side(
    counts: Mapping[str, Mapping[str, int]], labels: Mapping[str, str], colour: str = _RED, width: int = 150
) -> Markup:
    """A column of bars for each name of `counts`, the same rows in all, in the order of `labels`.

    A row that is nowhere counted is left out; where it counts nothing in one column it has no bar and no number.
    """
    order = [label for key, label in labels.items() if any(found.get(key) for found in counts.values())]
    data = [
        {"column": name, "label": labels[key], "count": count}
        for name, found in counts.items()
        for key, count in found.items()
        if key in labels and count
    ]
    if not data:
        return Markup("")
    base = alt.Chart().encode(
        y=alt.Y(
            "label:N",
            sort=order,
            title=None,
            axis=alt.Axis(labelLimit=330, ticks=False, domain=False),
        ),
        x=alt.X("count:Q", title=None, axis=None),
    )
    bar = base.mark_bar(color=colour, cornerRadiusEnd=3, height=16)
    number = base.mark_text(align="left", dx=5, fontSize=12).encode(text="count:Q")
    head = alt.Header(title=None, labelColor=_INK, labelFontSize=13, labelFontWeight="bold")
    columns = alt.Column("column:N", sort=list(counts), header=head)
    chart = alt.layer(bar, number, data=_inline(data)).properties(width=width, height=alt.Step(26))
    return svg(chart.facet(column=columns, spacing=34))


def histogram(found: Sequence[Bin], title: str) -> Markup:
    """Columns over equal bins. Only the bins go in, never the values they were made from."""
    if not found:
        return Markup("")
    data = [{"low": item.low, "high": item.high, "count": item.count} for item in found]
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
