"""Where the files lie that belong to the program and are no Python modules.

A checkout has them at its top (`policies/`, `schemas/`, ...); a wheel has them inside the package, in `habeas/_data`,
where the build puts them (`tool.hatch` in pyproject.toml). Standard library only: the set-up and the DAGs use it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
"""The folder of `habeas` itself, with every module."""

_IN_WHEEL = PACKAGE / "_data"
INSTALLED = _IN_WHEEL.is_dir()
"""True where the program was installed from a wheel, False in a checkout."""

PROJECT = _IN_WHEEL if INSTALLED else PACKAGE.parents[1]
"""The folder that holds the folders below: the top of the checkout, or the data of the installed package."""

POLICIES = PROJECT / "policies"
SCHEMAS = PROJECT / "schemas"
MODELS = PROJECT / "models"
JOBS = PROJECT / "jobs"
DAGS = PROJECT / "dags"
DECISION_TABLES = PROJECT / "tests" / "policy"
JARS_LOCK = JOBS / "jars.lock"
PACKAGES_LOCK = PROJECT / "requirements.lock"
"""Only a checkout has this one: a wheel's packages are chosen by the site, within the ranges of its metadata."""


def default_home() -> Path:
    """The installation that is meant where none is named: of the checkout, or below the current folder."""
    return (Path.cwd() if INSTALLED else PROJECT) / "var" / "habeas"


def jars_folder() -> Path:
    """Where Spark's extra jars are kept: `HABEAS_JARS`, else a folder of the checkout or of the Python environment."""
    if chosen := os.environ.get("HABEAS_JARS"):
        return Path(chosen)
    return Path(sys.prefix) / "share" / "habeas" / "jars" if INSTALLED else PROJECT / ".jars"


def how_to_get_jars() -> str:
    """The command that fetches them."""
    return "habeas jars" if INSTALLED else "make setup"


def how_to_get_packages(extra: str = "") -> str:
    """The command that installs what is missing. `extra`: the optional part of the program that needs it."""
    if not INSTALLED:
        return "make setup"
    return f"pip install 'habeas[{extra}]'" if extra else "pip install habeas"
