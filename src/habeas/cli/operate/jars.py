"""`habeas jars`: Delta's jars for Spark, by digest. The one thing a wheel can't bring along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Json
from habeas.model.errors import UsageError


def jars(
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder that holds the jars already: nothing is asked of a network."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put the jars that Spark needs for Delta into the environment of habeas, once. Safe to run again.

    Without --from Spark's own resolver fetches them, from where it is told to look. Only files whose digests are those
    that this version of habeas was tested with are kept. HABEAS_JARS names another folder for them.

    \b
    habeas jars
    habeas jars --from /media/jars
    """
    from habeas.model.installation.resources import JARS_LOCK, jars_folder
    from habeas.pipeline.runtime.jars import ensure

    if source is not None and not source.is_dir():
        raise UsageError("there is no folder of jars at the place named", hint="Name one: --from FOLDER")
    folder = jars_folder()
    fetched = ensure(folder, JARS_LOCK, _fetch if source is None else lambda _: source)
    # Spark's JVM writes down its classes: every job starts some seconds sooner. Nothing needs it.
    command = [sys.executable, "-m", "habeas.pipeline.runtime.class_archive"]
    quick = subprocess.run(command, capture_output=True, check=False).returncode == 0 if fetched else None
    answer: dict[str, Any] = {"folder": str(folder), "fetched": fetched, "classes_remembered": quick}
    out.show(answer, as_json, lambda console: console.print(out.pairs(answer)))


def _fetch(work: Path) -> Path:
    """Raises UsageError without Spark or Java, Unavailable when nothing could be fetched."""
    from habeas.model.installation.resources import JARS_LOCK
    from habeas.pipeline.local_airflow import spark_home
    from habeas.pipeline.runtime.jars import resolve
    from habeas.pipeline.runtime.java import find_java, how_to_get

    java = find_java()
    if java is None or not java.usable:
        raise UsageError("no Java for Spark", hint=how_to_get())
    return resolve(JARS_LOCK, spark_home(), sys.executable, str(java.home), work)
