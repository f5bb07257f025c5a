"""Output of commands: data to standard output, everything else to standard error, control characters escaped."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from habeas.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_WIDE = 100_000
_PADDING = re.compile(r" +(?=\n)")
_LINE = re.compile(r"─{80}─+")


def show(value: Any, as_json: bool, human: Callable[[Console], None]) -> None:
    """Print the answer of a command: as JSON, or the way `human` draws it."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=1, default=_plain) + "\n")
    else:
        human(console())


def console(*, stderr: bool = False) -> Console:
    """A rich console. What goes into a file or another program is wrapped nowhere: one line a row."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False)
    if made.is_terminal:
        return made
    piped = _Unpadded(sys.stderr if stderr else sys.stdout)
    return Console(file=piped, highlight=False, width=_WIDE)  # type: ignore[arg-type]


class _Unpadded:
    """A channel without what fills up a table's last column: spaces at the end of lines, a line drawn across it."""

    def __init__(self, channel: IO[str]) -> None:
        self._channel = channel

    def write(self, text: str) -> int:
        return self._channel.write(_LINE.sub("─" * 80, _PADDING.sub("", text)))

    def flush(self) -> None:
        self._channel.flush()


def show_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    as_json: bool,
    as_csv: bool,
    more: Sequence[str] = (),
) -> None:
    """Print rows: as a table of some columns, as CSV with `more` of them, or as JSON with all. Raises UsageError."""
    if as_json and as_csv:
        raise UsageError("--json and --csv ask for two kinds of answer", hint="Give one of them.")
    if as_csv:
        _write_csv(rows, (*columns, *more))
        return

    def human(console: Console) -> None:
        console.print(table(columns, [cells(row, columns) for row in rows]))
        console.print("1 entry" if len(rows) == 1 else f"{len(rows)} entries", markup=False)

    show(rows, as_json, human)


def _write_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """RFC 4180 with a header; a list in one field, "; " between its parts; times in ISO 8601."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_field(row.get(name)) for name in columns])


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(_field, value))
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_field(part)}" for name, part in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe(value.isoformat() if isinstance(value, datetime) else value)


def say(text: str) -> None:
    """Write a message, which is no data, to standard error."""
    sys.stderr.write(f"{safe(text)}\n")


def safe(value: Any) -> str:
    """Text in which nothing is hidden: control, direction and format characters show as escapes."""
    text = value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else str(value)
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSEEN else c for c in text)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Any:
    """A rich table of plain text: what comes from a table can't be markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*[Text("" if cell is None else safe(cell)) for cell in row])
    return made


def cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    """A row's values in the order of columns; a list as words."""
    return [", ".join(map(str, row[n])) if isinstance(row[n], list) else row[n] for n in columns]


def pairs(values: Mapping[str, Any]) -> Any:
    """Names and values, one a line."""
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, 2))
    for name, value in values.items():
        made.add_row(Text(name, style="dim"), Text("" if value is None else safe(value)))
    return made


@contextmanager
def progress(shown: bool = True) -> Iterator[Progress]:
    """A progress bar on standard error; `shown=False` shows none."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    # A copy of the channel: a JVM that is being started may have the original one redirected.
    with (
        os.fdopen(os.dup(2), "w", encoding="utf-8") as channel,
        Progress(*columns, console=Console(file=channel, highlight=False), disable=not shown) as made,
    ):
        yield made


@contextmanager
def input_file(name: str) -> Iterator[Path | BinaryIO]:
    """A file to import, or standard input for `-`."""
    from pathlib import Path

    yield sys.stdin.buffer if name == "-" else Path(name)


def real_ids(name: str) -> list[str]:
    """Real ids from a file or standard input, one a line. They never come as arguments.

    Raises UsageError, without repeating anything it read, when there is none or the file can't be read.
    """
    from pathlib import Path

    from habeas.model.errors import BadInput
    from habeas.records.readers.list_text import decoded

    try:
        text = decoded(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
    except (OSError, BadInput):
        raise UsageError("the file with the real id can't be read", hint="One id a line, UTF-8.") from None
    ids = [line for line in (line.strip("\r\n") for line in text.split("\n")) if line]
    if not ids:
        raise UsageError("the file with the real id is empty", hint="One id a line, UTF-8.")
    return ids


def one_real_id(name: str) -> str:
    """The one real id of a file or standard input. Raises UsageError like `real_ids`, and when there are several."""
    ids = real_ids(name)
    if len(ids) > 1:
        raise UsageError(
            f"{len(ids)} real ids are given, and the answer is about one person",
            hint="One id, one line; run the command once for each.",
        )
    return ids[0]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return str(value)
