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
_INK, _FAINT, _BLUE = "#3b4252", "#c8cdd6", "#3f6fb5"


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
