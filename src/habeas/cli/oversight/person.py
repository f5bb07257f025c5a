"""`habeas person`: everything that is held about one person."""

from __future__ import annotations

from typing import Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Custody, Json, Subject, SubjectFile, now
from habeas.model.errors import UsageError

app = typer.Typer(help="Everything that is held about one person.", no_args_is_help=True)

_SECTIONS = {
    "roster_lines": ("listed in", ("recorded_at", "line_id", "source_id", "location", "present", "attested_by")),
    "consents": (
        "said about consent",
        ("given_at", "recorded_at", "purpose", "status", "standing", "expires_at", "about"),
    ),
    "leave_outs": ("left out", ("since", "until", "kind", "purpose", "reason", "about", "in_force")),
    "keys": ("keys", ("key_id", "purpose", "generation", "created_at", "status")),
    "decisions": ("decisions", ("recorded_at", "as_of", "decision_id", "purpose", "effect", "rules", "in_force")),
    "templates": ("templates", ("row_id", "purpose", "source_id", "sealed_at", "state", "reason", "erase_by")),
    "to_be_erased": ("to be erased", ("erase_by", "late", "row_id", "purpose", "since", "why")),
    "openings": ("openings of their templates", ("at", "who", "reason", "asked", "opened", "finished")),
}  # fmt: skip


@app.command()
def show(
    subject: Subject = None,
    subject_file: SubjectFile = None,
    config: Config = None,
    custody: Custody = None,
    as_json: Json = False,
) -> None:
    """Show what is held about one person: lines, consents, keys, decisions, templates, openings. Starts no JVM.

    File names may say who is in a picture; they stand here as the catalogue has them. No vector is opened.

    \b
    habeas person show --subject 5d0c7b6a
    habeas person show --subject-file - --json
    """
    from habeas.cli.installation import installation
    from habeas.oversight.person import person_held
    from habeas.oversight.queries.audit import find_subject

    if (subject is None) == (subject_file is None):
        raise UsageError("say who it is about", hint="Give --subject ID, or --subject-file FILE.")
    place = installation(config, custody)
    if subject_file is not None:
        subject_id = place.subject_of(out.one_real_id(subject_file))
    else:
        subject_id = find_subject(place.reader, subject or "")
    store = place.watcher if place.has_custody else None
    held = person_held(
        place.reader,
        subject_id,
        now(),
        key_status=place.key_status(),
        openings=(store.openings(), store.opened_rows()) if store else None,
    )
    out.show(held, as_json, lambda console: _human(console, held))


def _human(console: Any, held: dict[str, Any]) -> None:
    person = held["person"] or {}
    console.print(out.pairs({"person": held["subject_id"], "law of": ", ".join(person.get("jurisdictions") or ()),
                             "age": person.get("age"), "last contact": person.get("last_contact_on"),
                             "known since": person.get("recorded_at")}))  # fmt: skip
    for section, (title, columns) in _SECTIONS.items():
        entries = held[section]
        console.print(f"\n{title}: {_count(entries)}", markup=False, style="bold")
        if entries:
            console.print(out.table(columns, [out.cells(row, columns) for row in entries]))


def _count(entries: list[Any] | None) -> str:
    if entries is None:
        return "this user may not read the key store"
    return str(len(entries)) if entries else "none"
