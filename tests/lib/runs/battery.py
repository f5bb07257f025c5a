"""The long matrices: which part of them a run takes, what passed before, and a table of it all.

`--battery 1` runs every test marked `battery`, `--battery 0.1` a tenth that `--battery-seed` draws. Outcomes are kept
in bench/results/battery.json after each test: a run that was cut off goes on, as long as no file that matters changed.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
RESULT = PROJECT / "bench" / "results" / "battery.json"
_CODE = ("src", "jobs", "dags", "schemas", "policies", "models", "tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("battery", "the long matrices")
    group.addoption(
        "--battery", type=float, metavar="SHARE", help="tests marked battery alone, so many of them"
    )
    group.addoption("--battery-seed", type=int, default=1, metavar="N", help="draws which (default: 1)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    share = config.getoption("--battery")
    if share is None:
        return
    seed = config.getoption("--battery-seed")
    done = kept(share, seed)["tests"]
    drawn = [item for item in items if item.get_closest_marker("battery") and lot(seed, item.nodeid) < share]
    chosen = [item for item in drawn if done.get(item.nodeid) != "passed"]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Kept by whoever hands tests out; a worker's own reports come to it as well."""
    config = _Here.config
    if config is None or (report.when != "call" and report.outcome == "passed"):
        return
    found = kept(config.getoption("--battery"), config.getoption("--battery-seed"))
    if report.when == "call" or found["tests"].get(report.nodeid) != "failed":
        found["tests"][report.nodeid] = report.outcome
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if _Here.config is None:
        return
    found = kept(config.getoption("--battery"), config.getoption("--battery-seed"))
    by_file: dict[str, Counter[str]] = {}
    for name, outcome in sorted(found["tests"].items()):
        by_file.setdefault(name.split("::")[0], Counter())[outcome] += 1
    terminalreporter.section(f"battery: share {found['share']}, seed {found['seed']}")
    for file, counts in by_file.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        terminalreporter.line(f"{file}: {counts.total()} tried, {told}")
    whole = sum(by_file.values(), Counter[str]())
    terminalreporter.line(f"all: {whole.total()} tried, {whole['passed']} passed")


class _Here:
    """The options, where results are kept: not in xdist's workers, and not without --battery."""

    config: pytest.Config | None = None


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--battery") is not None and not hasattr(config, "workerinput"):
        _Here.config = config


def kept(share: float, seed: int) -> dict[str, Any]:
    """What the same code did with the same share and seed; else a new page."""
    page = {"code": code(), "share": share, "seed": seed}
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    return known if page.items() <= known.items() else {**page, "tests": {}}


def lot(seed: int, name: str) -> float:
    """From 0 to 1, the same for a test whatever others there are."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:7]) / 256**7


_known: list[str] = []


def code() -> str:
    """Digest of every file that a test could depend on, once a process."""
    if not _known:
        digest = hashlib.sha256()
        for folder in _CODE:
            for file in sorted((PROJECT / folder).rglob("*")):
                if file.is_file() and file.suffix != ".pyc":
                    digest.update(f"{file.relative_to(PROJECT)}\0".encode() + file.read_bytes())
        _known.append(digest.hexdigest()[:16])
    return _known[0]
