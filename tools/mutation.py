"""Faults put into gate and facts by machine, and whether a test sees each: a seeded sample, in slices of time.

mutmut changes one thing at a time (`<` to `<=`, `and` to `or`, a word to another) in a copy of the tree, and runs the
tests that reach the changed function. A fault that no test sees has survived: a test is missing, or the fault changes
nothing that matters. What is changed and which tests run stands in pyproject.toml, [tool.mutmut].

The sample is drawn from all mutants by the seed, so it is the same wherever the code is. A slice that ends leaves its
results in mutants/; the next one goes on from there. Delete that folder to begin anew.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MUTANTS = PROJECT / "mutants"
KILLED, SURVIVED = (1, 3), 0  # exit codes of a mutant's tests
WAITING = (None, 2)  # not tried yet, or broken off
EXAMPLES = """examples:
  make mutation                                  a sample of 200, until it is done
  tools/mutation.py --seconds 590                one slice; run it again to go on
  tools/mutation.py --sample 3000                all of them: hours
  mutmut show NAME                               what a survivor changed
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=200, help="how many mutants are tried (default: 200)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: 1)")
    parser.add_argument(
        "--seconds", type=float, help="stop after so many seconds; default: when all are tried"
    )
    parser.add_argument(
        "--survivors", action="store_true", help="try those again that survived: after a new test"
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    asked = parser.parse_args()
    end = time.monotonic() + (asked.seconds or float("inf"))
    if not known():
        mutmut(["habeas.*__mutmut_1", "--max-children", "1"], end, until_made=True)
    everything = known()
    names = sorted(everything)
    chosen = random.Random(asked.seed).sample(names, min(asked.sample, len(names)))  # noqa: S311  # a seeded draw
    open_ones = (*WAITING, SURVIVED) if asked.survivors else WAITING
    waiting = [name for name in chosen if everything[name] in open_ones]
    if waiting and time.monotonic() < end:
        mutmut([*waiting, "--max-children", "1"], end)
    found = known()
    tried = {name: found[name] for name in chosen if found[name] not in WAITING}
    result = {
        "of": len(names), "seed": asked.seed, "sample": len(chosen), "tried": len(tried),
        "killed": sum(code in KILLED for code in tried.values()),
        "survived": sorted(name for name, code in tried.items() if code == SURVIVED),
        "other": {name: code for name, code in sorted(tried.items()) if code not in (*KILLED, SURVIVED)},
    }  # fmt: skip
    print(json.dumps(result) if asked.json else said(result))
    return 0 if len(tried) == len(chosen) else 1


def known() -> dict[str, int | None]:
    """Every mutant there is, and how its tests ended."""
    found: dict[str, int | None] = {}
    for file in MUTANTS.glob("src/**/*.meta"):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def mutmut(words: list[str], end: float, *, until_made: bool = False) -> None:
    """Run it until it ends, the time is over, or all mutants are made. Its own picture goes to a log."""
    MUTANTS.mkdir(exist_ok=True)
    with (MUTANTS / "mutmut.log").open("ab") as log:
        run = subprocess.Popen(
            [sys.executable, "-m", "mutmut", "run", *words],
            cwd=PROJECT,
            env=os.environ | {"HABEAS_EXAMPLES": "all"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        while run.poll() is None:
            if time.monotonic() > end or (until_made and (MUTANTS / "mutmut-stats.json").exists()):
                stop(run)
                return
            time.sleep(1)
        if run.wait() not in (0, 1):
            raise SystemExit(f"mutmut ended with {run.returncode}; see mutants/mutmut.log")


def stop(run: subprocess.Popen[bytes]) -> None:
    """Interrupt it, and what it started with it; it doesn't always listen. Results were written as they came."""
    for way in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        os.killpg(run.pid, way)
        with suppress(subprocess.TimeoutExpired):
            run.wait(timeout=3)
            return


def said(result: dict[str, object]) -> str:
    lines = [
        f"{result['killed']} of {result['tried']} killed "
        f"(a sample of {result['sample']} out of {result['of']}, seed {result['seed']})"
    ]
    lines += [f"survived  {name}" for name in result["survived"]]
    lines += [f"exit {code}  {name}" for name, code in result["other"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
