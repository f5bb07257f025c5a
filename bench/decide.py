"""What deciding costs as rosters grow, and what a night costs that changes little.

Draws the tables of an installation of each size, then decides both gates over them by the very code of the nightly job.
CPU is that of driver, JVM and workers together, without the start of the session; small nights before warm the JVM
up, so that its start can't flatten the slope. Each repeat decides anew, on tables without any decision; sizes take
turns, from small to large and back. Then a few consents are withdrawn and copies of the same tables are decided once
more, as often.

Times are of this machine at this moment: compare ratios, not seconds. Load and pace (what a fixed loop cost meanwhile)
stand beside each night, and slopes are given at equal pace too. Writes bench/results/decide.json, after each night.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import decide_tables
from pace import Pace
from pyspark.sql import SparkSession
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from habeas.model.decision import Action, Verdict
from habeas.model.installation.resources import POLICIES as SHIPPED_POLICIES
from habeas.model.installation.settings import ALL_PACKS, Settings
from habeas.oversight.runs.last_run import Last, Mark, basis
from habeas.pipeline.decide import decide
from habeas.pipeline.runtime.cpu_seconds import CpuClock
from habeas.policy.policy_set import PolicySet, policy_set_of, read_files
from habeas.policy.rules.decide import Decider
from habeas.synthetic.archives.activities import activities
from habeas.warehouse.spark_session import open_session
from habeas.warehouse.spark_tables import Tables

RESULT = Path(__file__).resolve().parent / "results" / "decide.json"
SIZES, WARM_UP, WARM_UPS = (1_000_000, 3_000_000, 10_000_000), 2_000, 4
SLOPE_GOAL, AGAIN_GOAL = 1.10, 0.05
EXAMPLES = """examples:
  make bench-decide                              the sizes of the goals; hours and tens of GB of scratch
  bench/decide.py 30000 100000 300000            minutes
  bench/decide.py 100000 --repeats 1             one size: no slope
  bench/decide.py --folder /big/disk --json      scratch files elsewhere, JSON on standard output
  bench/decide.py --go-on                        nights that stand in the results already aren't measured again
"""


class Timed(Decider):
    """Counts the CPU seconds inside: Cedar's, and those of reading facts and its answers."""

    seconds = 0.0

    def decide_text(self, action: Action, text: str) -> Verdict:
        before = time.thread_time()
        try:
            return super().decide_text(action, text)
        finally:
            Timed.seconds += time.thread_time() - before


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "lines", nargs="*", type=int, default=SIZES, help="sizes in roster lines, each >= 1000"
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=3,
        help="full nights a size, and nights after a change; medians are shown (default: 3)",
    )
    parser.add_argument(
        "--changed", type=float, default=0.001, help="share of consents withdrawn (default: 0.001)"
    )
    parser.add_argument("--folder", type=Path, help="where scratch files go; default: the system's")
    parser.add_argument(
        "--go-on",
        action="store_true",
        help="keep what the same code measured here before, and add what is missing",
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    sizes = sorted(set(asked.lines))
    if sizes[0] < 1000 or asked.repeats < 1 or not 0 < asked.changed < 1:
        parser.error(
            "sizes are at least 1000, repeats at least 1, and the changed share lies between 0 and 1"
        )
    with tempfile.TemporaryDirectory(prefix="habeas-bench-", dir=asked.folder) as folder:
        result = measure(Path(folder), sizes, asked.repeats, asked.changed, asked.go_on)
    print(json.dumps(result)) if asked.json else show(result)
    return 0


def measure(
    folder: Path, sizes: Sequence[int], repeats: int, changed: float, go_on: bool = False
) -> dict[str, Any]:
    """Every size in every round, from small to large and back again, so that a machine that grows slower meanwhile
    doesn't grow slower for one size alone. What is known is written after each night: a run that is cut off loses one.
    """
    decide.Decider = Timed
    about, policies = _about(changed), _policies()
    kept = {found["lines"]: found for found in (earlier(about) if go_on else [])}
    missing = [n for n in sizes if _lacks(kept.get(n, {}), repeats)]
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                   console=Console(stderr=True))  # fmt: skip
    spark = open_session("bench-decide", Settings(home=folder / "spark"), "local[*]")
    with bar:
        task = bar.add_task("warming up", total=1 + (1 + 2 * repeats) * len(missing))

        def say(what: str) -> None:
            bar.update(task, advance=1, description=what)

        for n in range(WARM_UPS):
            warm = Size(spark, folder / f"warm-{n}", {"lines": WARM_UP}, policies)
            warm.draw()
            warm.full_night()
            warm.change(changed)
            warm.later_night()
        asked = [Size(spark, folder / f"{n}", kept.get(n, {"lines": n}), policies) for n in missing]
        for size in asked:
            say(f"{size.lines:,} lines: drawing tables")
            size.draw()
        for number in range(repeats):
            for size in asked[:: 1 if number % 2 == 0 else -1]:
                say(f"{size.lines:,} lines: night {number + 1} of {repeats}")
                # Deciding after a change needs the words of a full night, so one is run whatever is known already.
                if len(size.nights) < repeats or not size.words:
                    size.full_night()
                    kept[size.lines] = size.known()
                    save(about, kept.values())
        for size in asked:
            size.change(changed)
            for number in range(repeats):
                say(f"{size.lines:,} lines: after a change, {number + 1} of {repeats}")
                size.later_night()
            kept[size.lines] = size.known()
            save(about, kept.values())
            shutil.rmtree(size.folder)
        say("done")
    spark.stop()
    return save(about, kept.values())


def _lacks(found: Mapping[str, Any], repeats: int) -> bool:
    again = found.get("again", {})
    return len(found.get("nights", ())) < repeats or len(again.get("nights", ())) < repeats


def _about(changed: float) -> dict[str, Any]:
    """What must be the same for two sizes to be compared."""
    return {
        "machine": {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine(),
                    "python": platform.python_version()},
        "versions": {name: version(name) for name in ("pyspark", "delta-spark", "cedarpy")},
        "code": basis("", "", ())["derived_by"],
        "goals": {"slope": SLOPE_GOAL, "again": AGAIN_GOAL},
        "changed": changed,
    }  # fmt: skip


def earlier(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Sizes in the results, where the same code measured them in the same way on a machine like this."""
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    return known["sizes"] if all(known.get(name) == value for name, value in about.items()) else []


def save(about: dict[str, Any], found: Iterable[dict[str, Any]]) -> dict[str, Any]:
    sizes = sorted(found, key=lambda size: int(size["lines"]))
    result = about | {
        "sizes": sizes,
        "slopes": [
            {"from": a["lines"], "to": b["lines"]}
            | {kind: slope(a, b, kind) for kind in ("cpu", "at_equal_pace", "wall")}
            for a, b in pairwise(sizes)
        ],
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    return result


class Size:
    """Tables of one number of lines, drawn once, and what the nights over copies of them cost."""

    def __init__(
        self, spark: SparkSession, folder: Path, found: Mapping[str, Any], policies: PolicySet
    ) -> None:
        self.folder, self.lines, self.words = folder, int(found["lines"]), dict[str, str]()
        self.nights: list[dict[str, Any]] = list(found.get("nights", ()))
        self._spark, self._policies = spark, policies
        self._keys = frozenset[str]()
        self._withdrawn = frozenset[str]()
        self._later: list[dict[str, Any]] = []
        self._before = found.get("again")

    def draw(self) -> None:
        decide_tables.write(Tables(self._spark, Settings(home=self.folder / "drawn"), "drawn"), self.lines)
        self._keys = decide_tables.open_keys(self.lines)

    def full_night(self) -> None:
        shutil.rmtree(self.folder / "decided", ignore_errors=True)
        found, self.words = self._night("drawn", "decided", self._keys)
        self.nights.append(found)

    def change(self, share: float) -> None:
        """Withdraws that share of the consents, in the tables of the last full night."""
        tables = Tables(self._spark, Settings(home=self.folder / "decided"), "change")
        self._withdrawn = decide_tables.change(tables, self.lines, share)

    def later_night(self) -> None:
        found, _ = self._night("decided", "after", self._keys - self._withdrawn, after=self.words)
        self._later.append(found)
        shutil.rmtree(self.folder / "after")

    def known(self) -> dict[str, Any]:
        """Medians of all nights, and of those after the change where there are any."""
        whole = summary(self.lines, self.nights)
        if not self._later:
            return whole | ({"again": self._before} if self._before else {})
        again = middle(self._later)
        ratio = {kind: round(again[kind] / whole[kind], 3) for kind in again}
        return whole | {"again": again | {"withdrawn": len(self._withdrawn), "counts": self._later[-1]["counts"],
                                          "ratio": ratio, "nights": self._later}}  # fmt: skip

    def _night(
        self, source: str, target: str, keys: frozenset[str], after: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        home = self.folder / target
        # Delta never writes into a file again, so a link is as good as a copy.
        shutil.copytree(self.folder / source / "warehouse", home / "warehouse", copy_function=os.link)
        return night(self._spark, home, self._policies, keys, after)


def middle(nights: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {
        kind: round(median(each[kind] for each in nights), 2) for kind in ("cpu", "at_equal_pace", "wall")
    }


def summary(lines: int, nights: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians of the nights of one size."""
    return {
        "lines": lines, "purposes": len(decide_tables.PURPOSES), **(found := middle(nights)),
        "lines_per_cpu_second": round(lines / found["cpu"]),
        "cedar_share": round(median(each["cedar"] / each["cpu"] for each in nights), 4),
        "counts": nights[-1]["counts"], "nights": list(nights),
    }  # fmt: skip


def night(
    spark: SparkSession, home: Path, policies: PolicySet, keys: frozenset[str],
    after: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:  # fmt: skip
    """Decide both gates: seconds, Cedar's part of them, what was decided, and the words for the next night.

    `after`: the words that the first night left. `at_equal_pace`: CPU in units of the loop that was run meanwhile.
    """
    at = decide_tables.FIRST_NIGHT if after is None else decide_tables.SECOND_NIGHT
    question = decide.DecisionRequest(
        wanted=decide_tables.PURPOSES, lists=policies.lists, policy=policies.digest, model=frozenset({"0" * 64}),
        as_of=at, known_at=at, run_id="first" if after is None else "second",
    )  # fmt: skip
    tables = Tables(spark, Settings(home=home), question.run_id, policies.digest)
    last = "the first night" if after is None else first_night(after)
    load, Timed.seconds, wall = os.getloadavg(), 0.0, time.monotonic()
    with CpuClock(spark) as cpu, Pace() as pace:
        counts, words = decide.decide(tables, policies.packs, question, keys, last)
    wall = time.monotonic() - wall
    return {
        "cpu": round(cpu.seconds(), 2),
        "at_equal_pace": round(cpu.seconds() / pace.seconds),
        "wall": round(wall, 2),
        "pace_ms": round(1000 * pace.seconds, 2),
        "cedar": round(Timed.seconds, 3),
        "load_before": load,
        "counts": counts,
    }, words


def first_night(words: Mapping[str, str]) -> Last:
    at = decide_tables.FIRST_NIGHT
    marks = {name.removeprefix("saw_"): Mark.parse(word) for name, word in words.items() if "saw_" in name}
    return Last("first", at, at, marks)


def slope(a: dict[str, Any], b: dict[str, Any], kind: str) -> float:
    """How cost grows with size: 1 = in step with it."""
    return round(math.log(b[kind] / a[kind]) / math.log(b["lines"] / a["lines"]), 3)


def _policies() -> PolicySet:
    """The shipped rules, all packs, with an activity for each purpose."""
    files = read_files(SHIPPED_POLICIES, ALL_PACKS)
    files["activities.yaml"] = activities(decide_tables.PURPOSES).encode()
    return policy_set_of(files, ALL_PACKS)


def show(result: dict[str, Any]) -> None:
    table = Table(title=f"deciding both gates, {result['machine']['cores']} cores, medians of the nights")
    for heading in (
        "lines",
        "nights",
        "CPU s",
        "wall s",
        "fact sets",
        "Cedar's share",
        "after a change",
        "CPU of it",
    ):
        table.add_column(heading, justify="right")
    for size in result["sizes"]:
        sets = size["counts"]["embed_fact_sets"] + size["counts"]["scan_fact_sets"]
        again = size.get("again")
        after = (
            (f"{again['withdrawn']} withdrawn", f"{again['ratio']['cpu']:.1%}") if again else ("not yet", "")
        )
        table.add_row(
            f"{size['lines']:,}", str(len(size["nights"])), str(size["cpu"]), str(size["wall"]), f"{sets:,}",
            f"{size['cedar_share']:.2%}", *after,
        )  # fmt: skip
    console = Console()
    console.print(table)
    for each in result["slopes"]:
        held = "holds" if each["cpu"] <= SLOPE_GOAL else "is missed"
        console.print(f"Slope of CPU from {each['from']:,} to {each['to']:,} lines: {each['cpu']} "
                      f"({each['at_equal_pace']} at equal pace); the goal of {SLOPE_GOAL} {held}.")  # fmt: skip
    worst = max((s["again"]["ratio"]["cpu"] for s in result["sizes"] if "again" in s), default=0.0)
    held = "holds" if worst <= AGAIN_GOAL else "is missed"
    console.print(f"A night after a small change costs up to {worst:.1%} of a full one; "
                  f"the goal of {AGAIN_GOAL:.0%} {held}.")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
