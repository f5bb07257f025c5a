"""`habeas policy`: the rules, checked before they are in force. Changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Json, now
from habeas.model.errors import CheckFailed, UsageError

app = typer.Typer(help="The rules: check them, test them.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[FOLDER]", help="Folder of policy packs. Default: the installation's own."),
]


@app.command()
def lint(folder: Folder = None, config: Config = None, as_json: Json = False) -> None:
    """Read every pack and say what is wrong with it, or not wise. Ends with 2 where there is an error.

    \b
    habeas policy lint
    habeas policy lint policies --json
    """
    from habeas.policy.lint import lint as use_case

    problems = use_case(_policies(folder, config), now().date())
    answer = {
        "clean": not any(each.severity == "error" for each in problems),
        "findings": [
            {
                "severity": each.severity,
                "place": each.place,
                "rule": each.rule,
                "says": each.says,
                "mend": each.mend,
            }
            for each in problems
        ],
    }

    def human(console: Any) -> None:
        if problems:
            rows = [(each.severity, each.place, each.rule, each.says, each.mend) for each in problems]
            console.print(out.table(["", "place", "rule", "says", "what to do"], rows))
        else:
            console.print("no problems found", markup=False)

    out.show(answer, as_json, human)
    errors = sum(each.severity == "error" for each in problems)
    if errors:
        raise UsageError(f"{errors} {'error' if errors == 1 else 'errors'} in the policy packs")


@app.command("test")
def run_cases(
    folder: Folder = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            help="Folder of decision tables. Default: policy-tests of the installation, or the project's own.",
        ),
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run the decision tables: facts, and what must follow from them. Ends with 3 where a case comes out otherwise.

    \b
    habeas policy test
    habeas policy test policies --tables tests/policy --json
    """
    from habeas.policy.cases.run import run_tables
    from habeas.policy.rules.packs import load_packs, pack_names

    place = _policies(folder, config)
    chosen = tables or _tables(config, own=folder is None)
    results = run_tables(chosen, load_packs(place, pack_names(place)))
    failed = [result for result in results if result.differs]
    answer = {
        "passed": len(results) - len(failed),
        "failed": len(failed),
        "cases": [
            {
                "place": each.case.place,
                "family": each.case.family,
                "case": each.case.name,
                "differs": each.differs,
            }
            for each in failed
        ],
    }

    def human(console: Any) -> None:
        rows = [(each.case.place, each.case.name, "; ".join(each.differs)) for each in failed]
        if rows:
            console.print(out.table(["place", "case", "differs"], rows))
        console.print(f"{answer['passed']} cases passed, {len(failed)} failed", markup=False)

    out.show(answer, as_json, human)
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {len(results)} cases come out otherwise", hint="Mend the rule, or the case."
        )


def _policies(folder: Path | None, config: Path | None) -> Path:
    if folder is not None:
        return folder
    from habeas.cli.installation import installation

    return Path(installation(config).settings.policies)


def _tables(config: Path | None, *, own: bool) -> Path:
    """The decision tables an installation keeps for its own rules; else those of the shipped ones."""
    from habeas.model.installation.resources import DECISION_TABLES

    if own:
        from habeas.cli.installation import installation

        kept = Path(installation(config).settings.home) / "policy-tests"
        if kept.is_dir():
            return kept
    return DECISION_TABLES
