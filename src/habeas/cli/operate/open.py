"""`habeas open`: the custodian opens sealed rows. A count and a digest come out, never a vector."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json, SubjectFile, now


def open_(
    reason: Annotated[str, typer.Option("--reason", help="Why the rows are opened; kept in the key store.")],
    who: Annotated[str, typer.Option("--who", help="Who opens them; kept in the key store.")],
    subject_file: SubjectFile = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="Only rows of this purpose.")] = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Open sealed rows to see that they can be opened. The opening is recorded before the first key is fetched.

    What is halted, or left out since the last run, stays shut; while everything is halted nothing is opened.

    \b
    habeas open --reason "yearly custody check" --who "custodian 2"
    habeas open --reason "request 2026-114" --who "custodian 2" --subject-file -
    """
    from habeas.cli.installation import installation
    from habeas.erasure.left_out_rows import left_out_rows
    from habeas.sealing.open_rows import open_rows
    from habeas.warehouse.reader import rows

    place, at = installation(config, custody), now()
    stopped = place.stopped(at)
    where: list[tuple[str, str, Any]] = []
    if subject_file is not None:
        where.append(("subject_id", "=", place.subject_of(out.one_real_id(subject_file))))
    if purpose is not None:
        where.append(("purpose", "=", purpose))
    sealed = rows(place.reader, "embeddings", *where)
    opened = open_rows(
        sealed,
        rows(place.reader, "row_status"),
        place.custodian,
        who=who,
        reason=reason,
        now=at,
        stopped=stopped,
        left_out=left_out_rows(place.reader, sealed, at),
    )
    answer = {"opened": opened.count, "digest": opened.digest, "skipped": dict(opened.skipped)}

    def human(console: Any) -> None:
        console.print(out.pairs({"opened": opened.count, "digest": opened.digest}))
        if opened.skipped:
            console.print(out.table(["not opened", "rows"], sorted(opened.skipped.items())))

    out.show(answer, as_json, human)
    if opened.skipped.get("does_not_open"):
        from habeas.model.errors import IntegrityError

        raise IntegrityError(
            f"{opened.skipped['does_not_open']} rows don't open under what they say they are",
            hint="They were changed or moved after sealing. Keep the table as it is and find out who wrote it.",
        )
