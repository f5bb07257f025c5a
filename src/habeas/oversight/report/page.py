"""The page of a run: one HTML file with its charts inside. No script, no font, no picture from anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from habeas.faces.binding.bind import RESIDUAL
from habeas.model.installation.durable_files import replace_file
from habeas.oversight.explain.wording import reason
from habeas.oversight.explanation_step import day
from habeas.oversight.numbers.numbers import Numbers
from habeas.oversight.report.charts import bars, histogram
from habeas.oversight.report.detail import Detail

_QUALITY = {
    "q_size_px": "Size of the face, pixels",
    "q_sharpness": "Sharpness",
    "q_exposure": "Exposure, 0 dark to 1 bright",
    "q_frontality": "Frontality, 1 = looks at the camera",
}
_RED = "#b5533f"


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is shown. `drawn`: say that its people are drawn; `checks`: relative link to the quality checks;
    `late`: say that other runs ended before the page was made, so its numbers are theirs as well.
    """

    title: str
    drawn: bool = False
    checks: str | None = None
    late: bool = False


def render(summary: Mapping[str, Any], numbers: Numbers, detail: Detail, look: Look) -> str:
    """The page as HTML."""
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            summary=summary,
            n=numbers,
            detail=detail,
            look=look,
            flow=_steps(numbers),
            residual=f"{RESIDUAL:.2%}".replace("%", " %"),
            charts={
                "files": _reasons(numbers.files.refused_by),
                "aside": _reasons(numbers.files.set_aside_by),
                "faces": _reasons(numbers.faces.refused),
                "lines": _reasons(numbers.lines.without_by),
                "records": _reasons(dict(detail.records)),
            },
            quality=[histogram(detail.quality.get(name, ()), label) for name, label in _QUALITY.items()],
        )
    )


def environment() -> Environment:
    """How pages are made of templates: everything escaped, nothing undefined."""
    made = Environment(
        loader=PackageLoader("habeas.oversight.report"),
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
    replace_file(place, html)
    return place


def _steps(numbers: Numbers) -> list[dict[str, Any]]:
    """Each step of the way with what was lost on the way to it; files and faces are counted apart."""
    files, faces = numbers.files, numbers.faces
    counts = (
        ("Files", "found in registered sources", files.total, True),
        ("Looked at", "first gate: may anyone look for faces here?", len(files.looked_at), False),
        ("Faces", "found in those files, each once", faces.total, True),
        ("Bound", "to one listed person, without comparing faces", faces.bound, False),
        ("Allowed", "second gate: person, purpose and law said yes", faces.allowed, False),
        ("Embedded", "good enough, measured and sealed", faces.embedded, False),
    )
    steps: list[dict[str, Any]] = []
    for label, says, count, fresh in counts:
        lost = 0 if fresh else steps[-1]["count"] - count
        steps.append({"label": label, "says": says, "count": count, "lost": lost, "fresh": fresh})
    return steps


def _reasons(counts: Mapping[str, int]) -> Any:
    return bars(counts, {name: reason(name) for name in counts}, _RED)


def _day(moment: datetime | str | None) -> str:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return day(moment) if moment else "unknown"


def _number(value: float) -> str:
    return f"{value:,}".replace(",", "\u202f")
