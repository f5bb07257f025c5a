"""`habeas policy sign-statute`: a reviewer vouches for one entry of the list of statutes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from habeas.cli import output as out
from habeas.cli.options import Config, Json
from habeas.cli.oversight.signing import As, Key, passphrase
from habeas.model.errors import UsageError


def sign_statute(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="statutes.yaml; purposes.yaml lies beside it.")
    ],
    statute_id: Annotated[str, typer.Option("--id", metavar="ID", help="The entry to sign.")],
    key: Key,
    person: As,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Sign one entry of statutes.yaml, in the file. Its text is checked before, and nothing else in it changes.

    Sign what you have read: the law itself, and the entry's every word.

    \b
    habeas policy sign-statute policies/statutes.yaml --id border-photos --key reviewer-1.pem --as reviewer-1
    """
    from habeas.cli.installation import installation
    from habeas.model.installation.durable_files import replace_file
    from habeas.oversight.orders.person_keys import signer
    from habeas.policy.lists.purposes import load_purposes
    from habeas.policy.lists.statute_signing import with_signature
    from habeas.policy.lists.strict_yaml import raw_of

    public = installation(config).book.reviewers().get(person)
    if public is None:
        raise UsageError(
            f"there is nobody with the id {person!a} who may sign statutes",
            hint="See: habeas people list. The role is reviewer.",
        )
    purposes, sign = load_purposes(file.parent / "purposes.yaml"), signer(key, passphrase)
    signed = with_signature(raw_of(file), file.name, statute_id, purposes, (person, public), sign)
    replace_file(file, signed)
    answer = {"signed": statute_id, "by": person, "file": str(file)}

    def human(console: Any) -> None:
        console.print(out.pairs(answer))
        console.print("\nIt counts once these rules are in force: habeas policy activate", markup=False)

    out.show(answer, as_json, human)
