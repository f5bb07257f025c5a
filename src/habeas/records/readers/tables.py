"""Records from other systems: a Delta table, or the result of a database query. Read only.

No address, password, query or value goes into an error: a message says what to check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from habeas.model.errors import Unavailable, UsageError
from habeas.records.readers.lines import Columns
from habeas.records.readers.rows import RowRecords

_AT_ONCE = 1_000
"""Rows fetched at once."""
_NO_DATE = "a date that can't be read"
"""In place of one that Python has no form for; it is refused like any other text that is no date."""


@contextmanager
def delta_records(folder: Path, columns: Columns) -> Iterator[RowRecords]:
    """The newest version of a Delta table. Raises UsageError when there is none."""
    try:
        table = DeltaTable(str(folder))
        dataset = table.to_pyarrow_dataset()
    except TableNotFoundError:
        raise UsageError(
            "that folder is no Delta table", hint="Name the folder that holds _delta_log."
        ) from None
    except (DeltaError, OSError):
        raise Unavailable("the Delta table can't be read", hint="Check its files and permissions.") from None

    def rows() -> Iterator[Mapping[str, Any]]:
        for batch in dataset.to_batches(batch_size=_AT_ONCE):
            yield from _plain_rows(batch)

    yield RowRecords(dataset.schema.names, rows(), columns)


def _plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows as Python's values. A date that Python can't hold (the year 10000, for never) takes no other row with it."""
    try:
        return batch.to_pylist()  # type: ignore[no-any-return]
    except (OverflowError, ValueError):
        columns = [[_plain(each) for each in column] for column in batch.columns]
        return [dict(zip(batch.schema.names, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain(value: pa.Scalar) -> object:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return _NO_DATE


@contextmanager
def query_records(url: str, query: str, columns: Columns) -> Iterator[RowRecords]:
    """What a database answers to one query, in one read-only transaction. `url`: SQLAlchemy's form.

    Raises UsageError when address or query can't be used, Unavailable when the database doesn't answer.
    """
    engine = _engine(url)
    with ExitStack() as open_things:
        open_things.callback(engine.dispose)
        with _database_errors():
            connection = open_things.enter_context(engine.connect())
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
            streamed = connection.execution_options(stream_results=True, yield_per=_AT_ONCE)
            result = streamed.execute(sa.text(query))
            names = list(result.keys())

        def rows() -> Iterator[Mapping[str, Any]]:
            with _database_errors():
                for row in result.mappings():
                    yield dict(row)

        yield RowRecords(names, rows(), columns)


@contextmanager
def _database_errors() -> Iterator[None]:
    """Kind of a database error, without its message, which may repeat the query and its values."""
    try:
        yield
    except sa.exc.OperationalError:
        hint = "Check the address, the account and its rights."
        raise Unavailable("the database doesn't answer", hint=hint) from None
    except sa.exc.SQLAlchemyError as error:
        hint = "Try it in the database's own shell; a colon that is no parameter is written \\:"
        raise UsageError(f"the query can't be run ({type(error).__name__})", hint=hint) from None


def _engine(url: str) -> sa.Engine:
    try:
        address = sa.make_url(url)
        if address.drivername == "postgresql":  # SQLAlchemy's own default is a driver we don't bring
            address = address.set(drivername="postgresql+psycopg")
        return sa.create_engine(address, poolclass=sa.pool.NullPool)
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError):
        hint = "Write it like postgresql://account@host/database"
        raise UsageError("the address of the database can't be used", hint=hint) from None
