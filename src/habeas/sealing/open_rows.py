"""Opening sealed rows, for the custodian and a recorded reason. Count and digest come out, vectors don't."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from habeas.model.errors import IntegrityError, UsageError
from habeas.model.ids import packed
from habeas.model.orders import NOTHING_HALTED, Stopped
from habeas.sealing.envelope import SealContext
from habeas.sealing.opening import open_sealed
from habeas.warehouse.current.row_status import newest_statuses, zoned

OPENED = "opened"
"""What is recorded of a row that opened; of another, the word why it didn't."""

Row = Mapping[str, Any]
"""A row of a table as its contract in schemas/ says."""


@dataclass(frozen=True, slots=True)
class OpeningKey:
    """A private key and what the key store says it is for."""

    subject_id: str
    purpose: str
    suite: int
    private: bytes = field(repr=False)


class OpeningStore(Protocol):
    """The custodian's key store, as opening needs it."""

    def opener(self, key_ids: Iterable[str]) -> Mapping[str, OpeningKey]:
        """Private keys of the open keys among `key_ids`; others are left out. Raises KeyUnavailable, IntegrityError."""

    def note_opening(self, at: datetime, who: str, reason: str, row_ids: Collection[str]) -> str:
        """Record who is about to open which rows and why. Returns the opening id."""

    def finish_opening(self, opening_id: str, outcomes: Mapping[str, str], digest: str) -> None:
        """Record what came of each row, and the digest of what was opened."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What leaves an opening: how many rows opened, one digest over them, and why others didn't.

    Words in `skipped`: halted, left_out, no_status, closed, frozen, held (row_status), expired, key_closed,
    does_not_open (tampered with, or sealed as another row: an integrity failure).
    """

    count: int
    digest: str
    skipped: Mapping[str, int]


def open_rows(
    rows: Iterable[Row],
    statuses: Iterable[Row],
    store: OpeningStore,
    *,
    who: str,
    reason: str,
    now: datetime,
    stopped: Stopped = NOTHING_HALTED,
    left_out: Collection[str] = (),
) -> Opened:
    """Open rows of `embeddings`; the vectors don't leave, their digest does.

    `statuses` are rows of `row_status` (newest wins, missing = closed). What is halted (`stopped`) stays shut whatever
    its status, and so do the rows whose ids are in `left_out`. The digest is SHA-256 over row ids and vectors
    (float32, little-endian), ordered by row_id. The opening is written down before the first key is fetched. Raises
    UsageError without a name and a reason.
    """
    if not who.strip() or not reason.strip():
        raise UsageError("an opening needs a name and a reason", hint="Say who opens and what for.")
    kept = list(rows)
    opening = store.note_opening(now, who, reason, {row["row_id"] for row in kept})
    vectors, skipped = _vectors(kept, statuses, store, now=now, stopped=stopped, left_out=left_out)
    whole = hashlib.sha256()
    for row_id in sorted(vectors):
        whole.update(packed(row_id, vectors[row_id].astype("<f4").tobytes()))
    store.finish_opening(opening, skipped | dict.fromkeys(vectors, OPENED), whole.hexdigest())
    return Opened(len(vectors), whole.hexdigest(), dict(sorted(Counter(skipped.values()).items())))


def _vectors(
    rows: Sequence[Row],
    statuses: Iterable[Row],
    store: OpeningStore,
    *,
    now: datetime,
    stopped: Stopped = NOTHING_HALTED,
    left_out: Collection[str] = (),
) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """row_id -> vector, and row_id -> why it didn't open. Leaves no record: for `open_rows` and tests."""
    if len({row["row_id"] for row in rows}) != len(rows):
        raise IntegrityError(
            "a row id stands twice among the rows to open", hint="Check `embeddings` for duplicates."
        )
    newest = newest_statuses(statuses)
    skipped: dict[str, str] = {}
    allowed = []
    for row in rows:
        halted = stopped.touching(row["source_id"], frozenset({row["purpose"]}))
        refusal = (
            "halted" if halted
            else "left_out" if row["row_id"] in left_out
            else _refusal(newest.get(row["row_id"]), now)
        )  # fmt: skip
        if refusal:
            skipped[row["row_id"]] = refusal
        else:
            allowed.append(row)
    keys = store.opener({row["key_id"] for row in allowed})
    vectors = {}
    for row in allowed:
        try:
            vectors[row["row_id"]] = _open(row, keys)
        except _Skip as skip:
            skipped[row["row_id"]] = skip.word
    return vectors, skipped


class _Skip(Exception):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _open(row: Row, keys: Mapping[str, OpeningKey]) -> NDArray[np.float32]:
    key = keys.get(row["key_id"])
    if key is None:
        raise _Skip("key_closed")
    # The row's own columns are not bound to the subject; the key store's are.
    if (row["subject_id"], row["purpose"], row["suite"]) != (key.subject_id, key.purpose, key.suite):
        raise _Skip("does_not_open")
    try:
        return open_sealed(bytes(row["sealed"]), context_of(row), key.suite, key.private)
    except IntegrityError:
        raise _Skip("does_not_open") from None


def context_of(row: Row) -> SealContext:
    """What a row of `embeddings` says it is: the context it must have been sealed with."""
    return SealContext(
        row_id=row["row_id"],
        key_id=row["key_id"],
        asset_id=row["asset_id"],
        line_id=row["line_id"],
        purpose=row["purpose"],
        source_id=row["source_id"],
        model_id=row["model_id"],
        preprocessing=row["preprocessing"],
        transform=row["transform"],
        decision_id=row["decision_id"],
        format_version=int(row["format_version"]),
    )


def _refusal(status: Row | None, now: datetime) -> str:
    """Why a row may not be opened now; empty if it may."""
    if status is None:
        return "no_status"
    if status["status"] != "open":
        return str(status["status"]) if status["status"] in {"frozen", "held"} else "closed"
    expires = status["expires_at"]
    return "expired" if expires is not None and zoned(expires) <= now else ""
