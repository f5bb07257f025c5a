"""Airflow reads its settings when it is imported: they are set here, before any test module is."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from habeas.pipeline.local_airflow import airflow_environment

_HOME = Path(tempfile.mkdtemp(prefix="habeas-dags-"))
# A site may name custody in more than one way; the tests want none of it to reach the embed job.
os.environ.update(
    airflow_environment(_HOME) | {"HABEAS_CUSTODY_KEY_STORE": "sqlite:////secret/place/keys.sqlite"}
)
sys.path.append(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])  # as Airflow does with a bundle's folder
