"""A warehouse in which whoever writes dies right after: each write in turn, until nothing is left to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import deltalake
import pytest

from habeas.warehouse.spark_tables import Tables

MANY = 20


@contextmanager
def noted(found: list[str], *, deadly: bool = False) -> Iterator[None]:
    """Note every table that is made and every write after which a table has more or fewer rows.

    Deadly: what was noted is committed, and the try ends there. Counted in rows and not in commits, because
    every try writes `staged` and `runs` anew.
    """
    real = Tables._writing

    def note(tables: Tables, what: str) -> None:
        found.append(what)
        if deadly:
            tables.spark.catalog.clearCache()  # what a process had cached dies with it
            raise OSError("disk gone")

    @contextmanager
    def writing(tables: Tables, name: str) -> Iterator[None]:
        before = _rows(tables, name)
        with real(tables, name):
            if before is None:
                note(tables, f"{name} made")
            yield
        if _rows(tables, name) != (before or 0):
            note(tables, name)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tables, "_writing", writing)
        yield


def die_until_done(attempt: Callable[[], bool]) -> list[str]:
    """Try again and again, each try one write further; where the tries died, in order."""
    died: list[str] = []
    with noted(died, deadly=True):
        for _ in range(MANY):
            before = len(died)
            if attempt():
                return died
            assert len(died) == before + 1, f"ended badly by itself after {died}"
    raise AssertionError(f"{MANY} tries and no end: {died}")


def _rows(tables: Tables, name: str) -> int | None:
    """How many rows a table has; None where there is no table."""
    path = tables.path(name)
    return deltalake.DeltaTable(path).count() if deltalake.DeltaTable.is_deltatable(path) else None
