"""The page: one HTML file with its charts inside. No script, no font, no picture from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from habeas.faces.binding import RESIDUAL
from habeas.report.charts import bars, histogram
from habeas.report.detail import Detail
from habeas.steps.links import day
from habeas.steps.words import reason

_QUALITY = {
    "q_size_px": "Size of the face, pixels",
    "q_sharpness": "Sharpness",
    "q_exposure": "Exposure, 0 dark to 1 bright",
    "q_frontality": "Frontality, 1 = looks at the camera",
}
_FLOW = (
    ("assets", "Files", "found in registered sources"),
    ("scanned", "Looked at", "first gate: may anyone look for faces here?"),
    ("faces", "Faces", "found in those files"),
    ("bound", "Bound", "to one listed person, without comparing faces"),
    ("allowed", "Allowed", "second gate: person, purpose and law say yes"),
    ("embedded", "Embedded", "measured, sealed and stored"),
)
_RED = "#b5533f"


def render(summary: Mapping[str, Any], detail: Detail, *, title: str, drawn: bool, docs: str | None) -> str:
    """The page as HTML. `drawn` says that nobody in it is real; `docs` is the relative link to the data docs."""
    template = environment().get_template("page.html.jinja")
    return template.render(
        summary=summary,
        detail=detail,
        title=title,
        drawn=drawn,
        docs=docs,
        flow=_steps(detail.flow),
        residual=f"{RESIDUAL:.2%}".replace("%", " %"),
        charts={
            "assets": _reasons(summary["assets_refused"]),
            "faces": _reasons(summary["faces_refused"]),
            "quarantine": _reasons(dict(detail.quarantine)),
            "rules": bars(dict(detail.rules), {}, _RED, width=240, label=640),
        },
        quality=[histogram(detail.quality.get(name, ()), label) for name, label in _QUALITY.items()],
    )


def environment() -> Environment:
    """How pages are made of templates: everything escaped, nothing undefined."""
    made = Environment(
        loader=PackageLoader("habeas.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"reason": reason, "day": _day, "number": _number}
    return made


def write(folder: Path, html: str, name: str = "index.html") -> Path:
    """Put the page in place, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    temporary = folder / f".{name}.tmp"
    temporary.write_text(html, encoding="utf-8")
    temporary.replace(place)
    return place


def data_docs(folder: Path) -> str | None:
    """Relative link to the newest data docs under the report folder, if there are any."""
    found = sorted((folder / "data_docs").rglob("index.html"), key=lambda place: len(place.parts))
    return found[0].relative_to(folder).as_posix() if found else None


def _steps(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each step of the way with what was lost on the way to it; files and faces are counted apart."""
    told: list[dict[str, Any]] = []
    for name, label, says in _FLOW:
        fresh = name in ("assets", "faces")
        lost = 0 if fresh else counts[told[-1]["name"]] - counts[name]
        told.append(
            {"name": name, "label": label, "says": says, "count": counts[name], "lost": lost, "fresh": fresh}
        )
    return told


def _reasons(counts: Mapping[str, int]) -> Any:
    return bars(counts, {name: reason(name) for name in counts}, _RED)


def _day(moment: datetime | None) -> str:
    return day(moment) if moment else "unknown"


def _number(value: float) -> str:
    return f"{value:,}".replace(",", " ")
