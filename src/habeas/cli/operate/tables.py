"""`habeas tables`: what stands in the warehouse, and what each table promises."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Json
from habeas.model.errors import UsageError

app = typer.Typer(help="What stands in the warehouse.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of a table.")]


@app.command("list")
def list_(config: Config = None, as_json: Json = False) -> None:
    """List the tables: rows, newest version, what erasing a person does to each."""
    from habeas.cli.installation import installation

    place = installation(config)
    tables = []
    for name, contract in sorted(_contracts(place).items()):
        there = place.reader.exists(name)
        tables.append(
            {
                "table": name,
                "rows": place.reader.count(name) if there else 0,
                "version": place.reader.version(name) if there else None,
                "erasure": contract.erasure,
                "description": contract.description,
            }
        )

    def human(console: Any) -> None:
        console.print(out.table(list(tables[0]), [list(row.values()) for row in tables]))

    out.show(tables, as_json, human)


@app.command()
def show(
    name: Name,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=100_000, help="How many rows.")] = 20,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show rows of a table. Ciphertext is shown as its length.

    \b
    habeas tables show embeddings --rows 5
    habeas tables show refusals --json
    """
    from habeas.cli.installation import installation

    place = installation(config)
    contract = _contract(place, name)
    shown = place.reader.read(name).slice(0, rows).to_pylist() if place.reader.exists(name) else []

    def human(console: Any) -> None:
        lines = [[_cell(row.get(column)) for column in contract.names] for row in shown]
        if len(contract.names) <= 9:
            console.print(out.table(contract.names, lines))
            return
        for line in lines:
            console.print(out.pairs(dict(zip(contract.names, line, strict=True))))
            console.print()

    out.show(shown, as_json, human)


@app.command()
def describe(name: Name, config: Config = None, as_json: Json = False) -> None:
    """Show a table's contract: columns, who may see them, how long they stay, what erasure does."""
    from dataclasses import asdict

    from habeas.cli.installation import installation

    contract = _contract(installation(config), name)

    def human(console: Any) -> None:
        console.print(out.safe(contract.description) + "\n", markup=False)
        console.print(
            out.pairs(
                {"key": ", ".join(contract.key), "owner": contract.owner, "kept": contract.retention,
                 "erasure": contract.erasure, "version": contract.version}
            )
        )  # fmt: skip
        rows = [(c.name, c.type, "" if c.required else "may be empty", c.classification, c.description)
                for c in contract.columns]  # fmt: skip
        console.print(out.table(["column", "type", "", "class", "description"], rows))

    out.show(asdict(contract), as_json, human)


def _contracts(place: Any) -> Any:
    from habeas.warehouse.contracts import read_contracts

    return read_contracts(place.settings.schemas)


def _contract(place: Any, name: str) -> Any:
    contract = _contracts(place).get(name)
    if contract is None:
        raise UsageError("there is no table of that name", hint="See: habeas tables list")
    return contract


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return ", ".join(value) if isinstance(value, list) else value
