"""Where statements come from: a file of lines, JSON-LD, a Delta table, or a query that a database answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from habeas.model.purposes import Purposes
    from habeas.records.imports.intake import Input

FORMATS = ("csv", "jsonl", "jsonld", "delta", "sql")
URL_ENV = "HABEAS_CONSENTS_URL"
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".jsonld": "jsonld", ".sql": "sql"}


@contextmanager
def statements(
    name: str, form: str | None, purposes: Purposes, url_env: str = URL_ENV, url_file: Path | None = None
) -> Iterator[Input]:
    """The content of `name`, for `add_consents`. Raises UsageError.

    Without `form` the suffix decides; an unknown suffix means CSV.
    """
    if form is not None and form not in FORMATS:
        raise UsageError("that is no format", hint=f"One of {', '.join(FORMATS)}.")
    path = Path(name)
    form = form or ("delta" if name != "-" and path.is_dir() else _SUFFIXES.get(path.suffix.lower(), "csv"))
    if form == "delta":
        from habeas.records.parsing.consents import COLUMNS
        from habeas.records.readers.tables import delta_records

        with delta_records(path, COLUMNS) as records:
            yield records
    elif form == "sql":
        from habeas.records.parsing.consents import COLUMNS
        from habeas.records.readers.tables import query_records

        with query_records(_address(url_env, url_file), _query(name), COLUMNS) as records:
            yield records
    else:
        given = sys.stdin.buffer if name == "-" else path
        if form != "jsonld":
            yield given
            return
        from habeas.records.dpv.read import DpvRecords

        by_iri = {purpose.iri: purpose.purpose_id for purpose in purposes.values()}
        yield DpvRecords(given, by_iri.get)


def _address(url_env: str, url_file: Path | None) -> str:
    """The address never comes as an argument: it may hold a password."""
    if url_file is None:
        address = os.environ.get(url_env, "")
    else:
        try:
            address = url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError("the file with the address can't be read") from None
    if not address:
        hint = f"Set {URL_ENV}, or name a file by --url-file."
        raise UsageError("no address of a database is given", hint=hint)
    return address


def _query(name: str) -> str:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError("the file with the query can't be read", hint="One SELECT, in UTF-8.") from None
    query = text.strip().removesuffix(";")
    if not query:
        raise UsageError("the file with the query is empty", hint="One SELECT, in UTF-8.")
    return query
