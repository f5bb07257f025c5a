"""How fast faces are embedded, beside what people write by hand, and what asking first costs.

Draws photos in which all said yes and all but one of each group are listed, decides, and then, in one run and in both
orders:

- images a second, against InsightFace's FaceAnalysis as its README shows it, on the same cores;
- CPU seconds a photo, against a bare loop with the same networks, threads and decoder that makes vectors of as many
  faces: with the shipped recogniser, and with one as large as those in use (of random weights);
- both gates, sealing and Delta, against the same work written as plain vectors to plain Parquet, with both recognisers;
- two cores against one.

The last two also with many photos (`--many`): what a night costs whatever is in it counts for less there.

Each face is at least 48 pixels high and each picture is looked at once, as the other loops do. Times are of this
machine at this moment: compare ratios, not seconds. Writes bench/results/speed.json after each part.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import big_recogniser
import kept
import page
from others import Others
from pace import Pace
from page import Row
from rich.console import Console

os.environ["HABEAS_FACES__SMALLEST_PX"] = "48"  # one look a picture; settings read it

from drawn import PROJECT, SEED, Archive

from habeas.synthetic.archives.archive_plan import Size

RESULT = PROJECT / "bench" / "results" / "speed.json"
SYNTHETIC = PROJECT / "models" / "synthetic"
EXAMPLES = """examples:
  bench/speed.py                        2,000 photos, and 8,000; two rounds in both orders (hours)
  bench/speed.py --photos 100 --many 200 --rounds 1    minutes; ratios of so few say little
  bench/speed.py --parts bare --go-on   one part more, beside those that stand in the results
"""
LIBRARIES = ("pyspark", "delta-spark", "insightface", "onnxruntime")
PARTS = ("stock", "cores", "governed", "bare", "governed_big", "bare_big")
MANY = ("cores_many", "governed_many")
Run = Callable[[], dict[str, Any]]
Told = Callable[[dict[str, Any]], dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=2000, help="how many are drawn (default: 2000)")
    parser.add_argument("--many", type=int, default=8000, help="how many for a large night (default: 8000)")
    parser.add_argument("--rounds", type=int, default=2, help="A B B A so often (default: 2)")
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS + MANY, default=PARTS + MANY, help="these alone (default: all)"
    )
    parser.add_argument(
        "--go-on", action="store_true", help="keep the parts that the same code measured here before"
    )
    parser.add_argument("--folder", type=Path, help="where scratch files go; default: the system's")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    drawn = {"photos": asked.photos, "many": asked.many, "seed": SEED, "rounds": asked.rounds}
    result = kept.begun(RESULT, drawn, LIBRARIES, go_on=asked.go_on)
    wanted = [name for name in asked.parts if name not in result["parts"]]
    with tempfile.TemporaryDirectory(prefix="habeas-bench-", dir=asked.folder) as folder:
        if set(wanted) & set(PARTS):
            measure(result, Path(folder) / "photos", wanted)
        if set(wanted) & set(MANY):
            measure_many(result, Path(folder) / "many", wanted)
    print(json.dumps(result)) if asked.json else show(result)
    return 0


def measure(result: dict[str, Any], folder: Path, wanted: Sequence[str]) -> None:
    """The parts in `wanted` that need no large night, into `result`."""
    archive, cores = archive_of(folder, result["drawn"]["photos"]), os.cpu_count() or 1
    files, faces = archive.photos(), archive.faces()
    result["found"] = found_in(faces)

    def loop(kind: str, pack: Path) -> Run:
        listed = [(str(file), done) for file, (_, done) in zip(files, faces, strict=True)]
        return lambda: elsewhere(folder, kind, pack, listed)

    def measured(name: str, ours: Run, theirs: Run, told: Told = dict) -> None:
        if name in wanted:
            pair(result, name, ours, theirs, told)

    def same_faces(found: dict[str, Any]) -> dict[str, Any]:
        saw = [run.pop("faces") for run in found["theirs"]][-1]
        same = sum(min(ours, theirs) for (ours, _), theirs in zip(faces, saw, strict=True)) / max(1, sum(saw))
        return found | {"faces_theirs": sum(saw), "same_faces": round(same, 4)}

    measured("stock", lambda: archive.embed(cores), loop("stock", SYNTHETIC), same_faces)
    measured("cores", lambda: archive.embed(cores), lambda: archive.embed(1))
    measured("governed", lambda: archive.night(cores), lambda: archive.plain(cores))
    measured("bare", lambda: archive.embed(1), loop("bare", SYNTHETIC))
    big_recogniser.pack(SYNTHETIC, folder / "models" / "big")
    with archive.embedding_with(folder / "models", "big"):
        measured("governed_big", lambda: archive.night(cores), lambda: archive.plain(cores))
        measured("bare_big", lambda: archive.embed(1), loop("bare", folder / "models" / "big"))
    save(result)


def measure_many(result: dict[str, Any], folder: Path, wanted: Sequence[str]) -> None:
    """The parts in `wanted` that are about a large night, into `result`."""
    archive, cores = archive_of(folder, result["drawn"]["many"]), os.cpu_count() or 1
    result["found_many"] = found_in(archive.faces())
    if "cores_many" in wanted:
        pair(result, "cores_many", lambda: archive.embed(cores), lambda: archive.embed(1))
    if "governed_many" in wanted:
        pair(result, "governed_many", lambda: archive.night(cores), lambda: archive.plain(cores))


def archive_of(folder: Path, photos: int) -> Archive:
    """One with so many photos: three portraits in four, the rest groups of four to six; two faces a photo."""
    say(f"drawing {photos} photos")
    folder.mkdir()
    size = Size(people=max(20, photos // 10), portraits=photos * 3 // 4, groups=photos // 4, street=1, unregistered=1,
                clips=1, clip_ms=1_000, fps=5)  # fmt: skip
    cores = os.cpu_count() or 1
    archive = Archive(folder, size, cores)
    archive.embed(cores)  # the JVM and the page cache get warm
    return archive


def found_in(faces: Sequence[tuple[int, int]]) -> dict[str, int]:
    done = sum(embedded for _, embedded in faces)
    return {"embedded_from": len(faces), "faces": sum(seen for seen, _ in faces), "embedded": done}


def pair(result: dict[str, Any], name: str, ours: Run, theirs: Run, told: Told = dict) -> None:
    """Measure a part and keep it. `told`: what else it says."""
    rounds = result["drawn"]["rounds"]
    say(f"{name}: {rounds} x A B B A")
    result["parts"][name] = told(compared(ours, theirs, rounds))
    save(result)


def say(text: str) -> None:
    Console(stderr=True).print(text)


def compared(ours: Run, theirs: Run, rounds: int) -> dict[str, Any]:
    """A B B A, so that a machine that gets slower or faster does so for both."""
    told: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        for name in ("ours", "theirs", "theirs", "ours"):
            load = os.getloadavg()[0]
            with Others() as others, Pace() as pace:
                run = {"ours": ours, "theirs": theirs}[name]()
            meanwhile = {"load_before": load, "pace_ms": round(1000 * pace.seconds, 2), **others.told()}
            told[name].append(run | meanwhile)
    middle = {
        name: {k: median(run[k] for run in runs) for k in ("cpu", "wall")} for name, runs in told.items()
    }
    ratio = {k: round(middle["ours"][k] / middle["theirs"][k], 3) for k in ("cpu", "wall")}
    return {**told, "median": middle, "ratio": ratio}


def elsewhere(folder: Path, kind: str, pack: Path, files: list[tuple[str, int]]) -> dict[str, Any]:
    """A loop in a process of its own: its libraries read their threads when they are loaded."""
    listed = folder / "files.json"
    listed.write_text(json.dumps(files))
    words = [sys.executable, str(Path(__file__).with_name("loops.py")), kind, str(pack), str(listed)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said if kind == "stock" else {name: said[name] for name in ("cpu", "wall")}


def save(result: dict[str, Any]) -> None:
    result["rows"] = rows_of(result)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


def rows_of(result: dict[str, Any]) -> list[Row]:
    """Each goal whose part was measured."""
    parts, many = result["parts"], f"{result['drawn'].get('many', 0):,} photos"
    told = (
        ("stock", "images a second, of FaceAnalysis as it comes", lambda part: 1 / part["ratio"]["wall"], 2.0, True),
        ("stock", "faces that loop finds, found", lambda part: part["same_faces"], 0.99, True),
        ("bare_big", "CPU a photo, of a bare loop, large recogniser", cpu, 1.15, False),
        ("bare", "CPU a photo, of a bare loop, shipped recogniser", cpu, 1.6, False),
        ("governed_big", "gates, sealing and Delta, of plain vectors, large recogniser", cpu, 1.10, False),
        ("governed", "gates, sealing and Delta, of plain vectors, shipped recogniser", cpu, 1.10, False),
        ("governed_many", f"gates, sealing and Delta, shipped recogniser, {many}", cpu, 1.10, False),
        ("cores", "all cores, of one", lambda part: 1 / part["ratio"]["wall"], 1.8, True),
        ("cores_many", f"all cores, of one, {many}", lambda part: 1 / part["ratio"]["wall"], 1.8, True),
    )  # fmt: skip
    return [
        Row(what, round(value(parts[name]), 4), goal, least)
        for name, what, value, goal, least in told
        if name in parts
    ]


def cpu(part: dict[str, Any]) -> float:
    return float(part["ratio"]["cpu"])


def show(result: dict[str, Any]) -> None:
    archives = [result[name] for name in ("found", "found_many") if name in result]
    drawn = "; ".join(f"{each['embedded_from']} photos, {each['faces']} faces" for each in archives)
    title = f"{drawn}; {result['machine']['cores']} cores"
    page.show(title, (Row(*row) for row in result["rows"]))


if __name__ == "__main__":
    sys.exit(main())
