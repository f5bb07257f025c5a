"""Stops what Spark is doing for a job as soon as everything is halted, however long the step it is in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pyspark.sql import SparkSession

from habeas.model.errors import HabeasError
from habeas.oversight.orders.folder import HaltWatch


@dataclass
class Stop:
    """Why the work was stopped; None while it wasn't."""

    why: HabeasError | None = None


@contextmanager
def stopping(spark: SparkSession, halts: HaltWatch, every_s: float = 1.0) -> Iterator[Stop]:
    """Look for halts beside the work in this block, and cancel Spark's jobs when nothing may go on.

    Cancelling is safe at any moment: a table's commit is one file, there or not there. What Spark raises then is
    of no interest; `Stop.why` says why.
    """
    stop, over = Stop(), threading.Event()

    def look() -> None:
        while not over.wait(every_s):
            try:
                halts.require()
            except HabeasError as error:  # also a book that can't be read: it may hold a halt
                stop.why = stop.why or error
            if stop.why:
                _cancel(spark)  # every time: the work may have begun another job meanwhile

    thread = threading.Thread(target=look, name="halts", daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        over.set()
        thread.join()


def _cancel(spark: SparkSession) -> None:
    with suppress(Exception):  # the session ended by itself meanwhile: nothing is left to cancel
        spark.sparkContext.cancelAllJobs()
