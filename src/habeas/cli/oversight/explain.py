"""`habeas explain`: from any id back to the file, the consent and the rule."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json
from habeas.model.errors import IntegrityError


def explain(
    id: Annotated[
        str,
        typer.Argument(
            metavar="ID|PATH",
            help="An id or its beginning (4 characters or more), the id of a run, or the path of a file.",
        ),
    ],
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Say why a template exists, or why a face, a person or a file was refused.

    ID may be of a row of `embeddings`, a decision, a roster line, an asset, a quarantined item, a person, a key or a
    run. PATH may be on this machine, inside the archive, or inside a source.

    \b
    habeas explain 3fa9c1d2
    habeas explain /srv/archive/studio/day1.jpg
    habeas explain 3fa9c1d2 --json
    """
    from habeas.cli.installation import installation
    from habeas.oversight.explain.explain import explain as use_case

    place = installation(config, custody)
    explanation = use_case(
        place.reader,
        id,
        rules=place.rules,
        key_status=place.key_status(),
        archive=place.settings.archive,
        left=place.left_by(id),
    )

    def human(console: Any) -> None:
        console.print(f"{explanation.kind} {explanation.id}", style="bold", markup=False)
        console.print(out.safe(explanation.headline) + "\n", markup=False)
        console.print(out.table(["step", ""], [(link.step, link.says) for link in explanation.links]))

    out.show(explanation.as_dict(), as_json, human)
    if explanation.alarm:
        raise IntegrityError(
            explanation.alarm[:1].lower() + explanation.alarm[1:],
            hint="Halt the pipeline, and make the decisions of its run again: habeas replay --run RUN.",
        )
