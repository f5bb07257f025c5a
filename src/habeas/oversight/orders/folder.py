"""Orders as a folder of files. It needs no Spark, no table and no service: a halt must work while those don't."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from habeas.model.errors import IntegrityError, RefusedByPolicy, Unavailable
from habeas.model.installation.durable_files import create_file
from habeas.model.orders import Halt, OrderBook, Stopped
from habeas.oversight.orders.book import read_book, stop, stopped
from habeas.oversight.orders.signed_file import LARGEST, broken
from habeas.sealing import key_files

_KEY_BYTES = 32
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Listing = tuple[tuple[str, int, int, int, int], ...]
"""Name, inode, size, mtime_ns and ctime_ns of each file: ctime can't be set back."""


class OrderFolder:
    """`<home>/orders`. A folder that isn't there holds no order; one that can't be read stops everything.

    `required`: another process found the folder. A worker on another machine that doesn't see it must not take
    that for freedom.
    """

    def __init__(self, folder: Path, registrar_public_key: Path, *, required: bool = False) -> None:
        self._folder = folder
        self._required = required
        self._key_file = registrar_public_key
        self._read: tuple[Listing, OrderBook] = ((), OrderBook())

    @property
    def registrar_public(self) -> bytes:
        """Public key of the registrar, 32 raw bytes. Raises KeyUnavailable, IntegrityError."""
        return key_files.read_key(self._key_file, _KEY_BYTES, public=True)

    def book(self) -> OrderBook:
        """Every order, verified; read anew when any file changed.

        Raises IntegrityError naming the file that isn't valid or that went away while this process was looking,
        Unavailable when the folder can't be read.
        """
        listing = self._listing()
        if listing != self._read[0]:
            names = {name for name, *_ in listing}
            if gone := next((name for name, *_ in self._read[0] if name not in names), None):
                raise broken(gone, "it is gone, and an order is never taken away")
            files = [(name, self._content(name)) for name, *_ in listing]
            self._read = (listing, read_book(files, self.registrar_public) if files else OrderBook())
        return self._read[1]

    def add(self, name: str, content: bytes) -> OrderBook:
        """Put a file into the folder, whole or not at all, and only if the book is valid with it.

        Raises RefusedByPolicy when its signer may not give it, Unavailable when the folder can't be written.
        """
        self.book()  # what is wrong already is not this order's fault
        files = [(other, self._content(other)) for other, *_ in self._listing()]
        try:
            book = read_book([*files, (name, content)], self.registrar_public)
        except IntegrityError as error:
            why = error.message.partition("valid: ")[2]
            raise RefusedByPolicy(f"this can't be ordered: {why}", hint="Nothing was ordered.") from None
        try:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            # Whatever the umask: jobs of other users must read it.
            create_file(self._folder / name, content, 0o644)
        except OSError as error:
            raise Unavailable(
                f"the order can't be written ({error.strerror})",
                hint=f"Nothing was ordered. Ask whoever owns {self._folder} to let you write there.",
            ) from None
        return book

    def _listing(self) -> Listing:
        if not self._required and not self._read[0] and not os.path.lexists(self._folder):
            return ()
        try:
            with os.scandir(self._folder) as entries:
                files = [(e.name, e.stat(follow_symlinks=False)) for e in entries if not _unfinished(e.name)]
        except OSError as error:
            raise _unreadable(error) from None
        return tuple(sorted((n, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for n, s in files))

    def _content(self, name: str) -> bytes:
        try:
            handle = os.open(self._folder / name, _FLAGS)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise broken(name, "it is no plain file") from None
            raise _unreadable(error) from None
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise broken(name, "it is no plain file")
            return os.read(handle, LARGEST + 1)
        finally:
            os.close(handle)


def _unfinished(name: str) -> bool:
    """What `add` left when it was killed: never an order, so never a halt."""
    return name.startswith(".") and name.endswith(".part")


def _unreadable(error: OSError) -> Unavailable:
    return Unavailable(
        f"the folder of orders can't be read ({error.strerror})",
        hint="It may hold a halt, so nothing runs until it can.",
    )


class HaltWatch:
    """What is halted now, never older than `max_age_s`: cheap enough to ask before every batch."""

    def __init__(
        self,
        orders: OrderFolder,
        recipients: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        max_age_s: float = 1.0,
    ) -> None:
        self._orders, self._recipients = orders, recipients
        self._clock, self._monotonic, self._max_age_s = clock, monotonic, max_age_s
        self._seen: tuple[float, Stopped] | None = None

    def stopped(self) -> Stopped:
        """Raises IntegrityError or Unavailable when the orders can't be read: that stops work as a halt does."""
        at = self._monotonic()
        if self._seen is None or at - self._seen[0] > self._max_age_s:
            self._seen = (at, stopped(self._orders.book(), self._clock(), self._recipients))
        return self._seen[1]

    def require(self) -> None:
        """Raise Halted while everything is halted."""
        if halt := self.stopped().everything:
            raise stop(halt)

    def touching(self, source: str, purposes: frozenset[str]) -> Halt | None:
        """The halt that forbids working on this source for these purposes, or None."""
        return self.stopped().touching(source, purposes)
