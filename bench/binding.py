"""What a wrong roster does: how many faces are bound to somebody else when some rosters are wrong.

Draws portraits, captions in one row and in two, and seats; spoils the rosters of some of them in the ways that people
spoil lists; finds faces with the shipped pack and binds them with the code of the nightly job. Nothing looks at who a
face belongs to but this program, which drew it. Writes bench/results/binding.json.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track as progress
from rich.table import Table

from habeas.faces.binding.bind import bind
from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.model_packs import registry as packs
from habeas.faces.tracking.tracker import Tracker, overlap
from habeas.media.values import Frame
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.installation.resources import PROJECT
from habeas.model.lines import Line
from habeas.synthetic import (
    MILD,
    Person,
    Placement,
    Scene,
    draw_nuisance,
    draw_portrait,
    draw_scene,
    sample_rng,
)
from habeas.synthetic.seeds import PEOPLE_TEST

RESULT = Path(__file__).resolve().parent / "results" / "binding.json"
EXAMPLES = """examples:
  bench/binding.py                       2,000 pictures, one roster in twenty wrong
  bench/binding.py 200 --wrong 0.5       a quick look
"""
Rng = np.random.Generator


@dataclass(frozen=True)
class Picture:
    """What was drawn, and the right roster of it."""

    kind: str
    scene: Scene
    lines: tuple[Line, ...]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="?", type=int, default=2000)
    parser.add_argument(
        "--wrong", type=float, default=0.05, help="share of rosters that are wrong (default: 0.05)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    result = measure(asked.pictures, asked.wrong)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result)) if asked.json else show(result)
    return 0


def measure(pictures: int, wrong: float) -> dict[str, object]:
    folder = PROJECT / "models" / "synthetic"
    models = insightface_pack.load(packs.read(folder), folder)
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for number in progress(range(pictures), "binding", console=Console(stderr=True)):
        rng = sample_rng("test", "scene", 500_000 + number)
        picture = KINDS[number % len(KINDS)](rng)
        error = str(rng.choice(sorted(ERRORS))) if rng.random() < wrong else "right"
        lines = ERRORS[error](list(picture.lines), rng) if error != "right" else list(picture.lines)
        told[error] += compared(models, picture, lines)
        told[picture.kind] += Counter(pictures=1)
    whole = sum((told[name] for name in ("right", *ERRORS)), Counter[str]())
    return {
        "pictures": pictures, "wrong_rosters": wrong, "kinds": {kind: told[kind]["pictures"] for kind in NAMES},
        "by_error": {name: dict(told[name]) for name in ("right", *sorted(ERRORS))},
        "bound": whole["bound"], "bound_wrongly": whole["wrongly"],
        "residual_wrong_binding_rate": round(whole["wrongly"] / max(1, whole["bound"]), 5),
    }  # fmt: skip


def compared(models: LoadedPack, picture: Picture, lines: Sequence[Line]) -> Counter[str]:
    """Counts of one picture: faces bound, and bound to a line of somebody else."""
    tracker = Tracker(FaceRules(), models.threshold)
    tracker.add(Frame(picture.scene.image), models.detect(picture.scene.image))
    found = bind(lines, tracker.finish(), True, BindingRules())
    wrongly = 0
    for line, track in found.bound:
        box = tuple(track.steps[0, 1:5])
        nearest = max(picture.scene.faces, key=lambda face: overlap(face.box, box))
        wrongly += line.subject_id != _name(nearest.person_seed) or overlap(nearest.box, box) < 0.3
    return Counter(rosters=1, bound=len(found.bound), wrongly=wrongly)


def _name(seed: int) -> str:
    return f"person-{seed}"


def _line(number: int, person: Person, **where: object) -> Line:
    plain = {"from_ms": None, "to_ms": None, "region": None, "position": None, "closed": False} | where
    return Line(f"line-{number:02}", _name(person.seed), **plain)  # type: ignore[arg-type]


def _people(rng: Rng, number: int) -> list[Person]:
    return [Person.from_seed(int(rng.integers(PEOPLE_TEST.start, PEOPLE_TEST.stop))) for _ in range(number)]


def _portrait(rng: Rng) -> Picture:
    (person,) = _people(rng, 1)
    return Picture("portrait", draw_portrait(person, rng), (_line(0, person),))


def _rows(rng: Rng, rows: Sequence[int], kind: str) -> Picture:
    """Front row first and lowest; faces of 90 pixels, not quite in line."""
    people, placements, lines = _people(rng, sum(rows)), [], []
    height = 300 + 200 * (len(rows) - 1)
    for row, number in enumerate(rows, 1):
        for place in range(1, number + 1):
            person = people[len(placements)]
            x = 960 * (place - (0.5 if row == 1 else 0.45)) / number + rng.uniform(-10, 10)
            y = height - 130 - 190 * (row - 1) + rng.uniform(-12, 12)
            placements.append(Placement(person, x, y, 90, draw_nuisance(rng, MILD)))
            lines.append(
                _line(len(lines), person, position=place, closed=True, row=row if len(rows) > 1 else None)
            )
    return Picture(kind, draw_scene(placements, (960, height), rng), tuple(lines))


def _one_row(rng: Rng) -> Picture:
    return _rows(rng, [int(rng.integers(2, 6))], "one row")


def _two_rows(rng: Rng) -> Picture:
    return _rows(rng, [int(rng.integers(2, 6)), int(rng.integers(2, 6))], "two rows")


def _seats(rng: Rng) -> Picture:
    row = _rows(rng, [int(rng.integers(2, 6))], "seats")
    edges = np.linspace(0, 1, len(row.lines) + 1)
    lines = [
        replace(line, position=None, closed=False, region=(float(edges[n]), 0.0, float(edges[n + 1]), 1.0))
        for n, line in enumerate(row.lines)
    ]
    return Picture("seats", row.scene, tuple(lines))


KINDS: tuple[Callable[[Rng], Picture], ...] = (_portrait, _one_row, _two_rows, _seats)
NAMES = ("portrait", "one row", "two rows", "seats")


def _another_name(lines: list[Line], rng: Rng) -> list[Line]:
    at = int(rng.integers(len(lines)))
    return [replace(line, subject_id="stranger") if n == at else line for n, line in enumerate(lines)]


def _name_missing(lines: list[Line], _: Rng) -> list[Line]:
    """The last of a row is struck, so that the numbers still follow each other."""
    return lines[:-1]


def _name_too_many(lines: list[Line], _: Rng) -> list[Line]:
    last = lines[-1]
    place = None if last.position is None else last.position + 1
    return [*lines, replace(last, line_id="line-99", subject_id="stranger", position=place)]


def _two_swapped(lines: list[Line], rng: Rng) -> list[Line]:
    if len(lines) < 2:
        return _another_name(lines, rng)
    at = int(rng.integers(len(lines) - 1))
    one, other = lines[at], lines[at + 1]
    swapped = {
        at: replace(one, subject_id=other.subject_id),
        at + 1: replace(other, subject_id=one.subject_id),
    }
    return [swapped.get(n, line) for n, line in enumerate(lines)]


ERRORS: dict[str, Callable[[list[Line], Rng], list[Line]]] = {
    "another name": _another_name, "a name missing": _name_missing, "a name too many": _name_too_many,
    "two names swapped": _two_swapped,
}  # fmt: skip


def show(result: dict[str, object]) -> None:
    table = Table(
        title=f"{result['pictures']:,} pictures, {result['wrong_rosters']:.0%} of the rosters wrong"
    )
    for heading in ("roster", "pictures", "faces bound", "to somebody else"):
        table.add_column(heading, justify="right")
    for name, counts in result["by_error"].items():  # type: ignore[attr-defined]
        table.add_row(name, *(str(counts.get(each, 0)) for each in ("rosters", "bound", "wrongly")))
    console = Console()
    console.print(table)
    console.print(
        f"Faces bound to somebody else: {result['residual_wrong_binding_rate']:.2%} of all that were bound."
    )


if __name__ == "__main__":
    raise SystemExit(main())
