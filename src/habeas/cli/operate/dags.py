"""`habeas dags`: where the DAGs lie, for an Airflow that is there already."""

from __future__ import annotations

import typer

app = typer.Typer(help="The DAGs, for an Airflow of your own.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The DAGs, for an Airflow of your own."""


@app.command()
def path() -> None:
    """Print the folder of the DAGs: what Airflow's `dags_folder`, or a DAG bundle of its own, should name.

    \b
    export AIRFLOW__CORE__DAGS_FOLDER="$(habeas dags path)"
    """
    from habeas.model.installation.resources import DAGS

    typer.echo(DAGS)
