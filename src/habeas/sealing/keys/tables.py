"""Tables of the key store and how its database is opened. Everything SQLite-only stands in `_for_sqlite`."""

from __future__ import annotations

import contextlib
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import NullPool

from habeas.model.errors import IntegrityError, Unavailable, UsageError


class UtcTime(sa.types.TypeDecorator[datetime]):
    """Times with a zone in, UTC out, also where the database has no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Time in UTC for the database, without a zone on SQLite. Raises UsageError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise UsageError("a time without a zone can't go into the key store")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Time from the database, in UTC with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = sa.MetaData()

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("real_id_hmac", sa.LargeBinary(32), primary_key=True),
    sa.Column("subject_id", sa.String(32), nullable=False, unique=True),
    sa.Column("created_at", UtcTime, nullable=False),
)

identity_shapes = sa.Table(
    "identity_shapes",
    metadata,
    sa.Column(
        "real_id_hmac",
        sa.LargeBinary(32),
        sa.ForeignKey("identity.real_id_hmac", ondelete="CASCADE"),
        primary_key=True,
    ),
    # The same for real ids that look alike; NULL = it was stated that this is another person.
    sa.Column("shape_hmac", sa.LargeBinary(32), nullable=True, index=True),
)

epochs = sa.Table(
    "epochs",
    metadata,
    sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("suite", sa.Integer, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("kms_uri", sa.String(512), nullable=False, unique=True),
    sa.Column("wrapped_private", sa.LargeBinary, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("key_id", sa.String(32), primary_key=True),
    sa.Column("subject_id", sa.String(32), nullable=False),
    sa.Column("purpose", sa.String(128), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("suite", sa.Integer, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("sealed_private", sa.LargeBinary, nullable=True),  # NULL once destroyed
    sa.Column("epoch", sa.Integer, sa.ForeignKey("epochs.epoch"), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("closed_at", UtcTime, nullable=True),
    sa.Column("reason", sa.String(256), nullable=True),
    sa.UniqueConstraint("subject_id", "purpose", "generation", name="one_key_a_generation"),
    sa.CheckConstraint("status IN ('open', 'closed', 'destroyed')", name="known_status"),
    sa.CheckConstraint("generation >= 1", name="first_generation"),
)
_open = keys.c.status == "open"
sa.Index(
    "one_open_key", keys.c.subject_id, keys.c.purpose, unique=True, sqlite_where=_open, postgresql_where=_open
)

openings = sa.Table(
    "openings",
    metadata,
    sa.Column("opening_id", sa.String(32), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("who", sa.String(256), nullable=False),
    sa.Column("reason", sa.String(1024), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # empty until the opening is through
)

opened_rows = sa.Table(
    "opened_rows",
    metadata,
    sa.Column("opening_id", sa.String(32), sa.ForeignKey("openings.opening_id"), primary_key=True),
    sa.Column("row_id", sa.String(64), primary_key=True),
    sa.Column("outcome", sa.String(32), nullable=False),  # empty until the opening is through
)
"""Which rows an opening asked for. Key stores of versions before it get the table with their next opening."""


def open_engine(url: str) -> sa.Engine:
    """Engine for a key store. Statements' values never reach a message (`hide_parameters`).

    Raises UsageError for an unreadable URL, IntegrityError for an SQLite file that others may read.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _for_sqlite(parsed)
        return sa.create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    except (sa.exc.ArgumentError, ImportError):
        raise UsageError(
            "the key store's URL can't be used", hint="Check `key_store` in the custody settings."
        ) from None


def _for_sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise UsageError("the key store must be a file or a server", hint="sqlite:////folder/keys.sqlite")
    _private_file(Path(url.database))
    # No pool: a connection that crosses a fork breaks SQLite's locks.
    engine = sa.create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args={"timeout": 60})

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
        for pragma in (
            "journal_mode = DELETE",  # no write-ahead file that outlives a deleted key
            "synchronous = EXTRA",
            "secure_delete = ON",  # freed pages are overwritten with zeros
            "temp_store = MEMORY",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A writer takes the lock at once: two readers that both turn writer would deadlock.
        writes = connection.get_execution_options().get("habeas_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _private_file(path: Path) -> None:
    # Looked at without opening: closing a descriptor would drop SQLite's locks held elsewhere in this
    # process.
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        mode = path.lstat().st_mode
    except OSError as error:
        raise Unavailable(
            f"the key store can't be opened: {error.strerror}",
            hint="Make one with: habeas init --home FOLDER",
        ) from None
    if not stat.S_ISREG(mode) or mode & 0o077:
        raise IntegrityError(
            "the key store may be read by others", hint="Make it private with: chmod 600 FILE"
        )
