"""Looks for vectors in plain bytes: every encoding they could have leaked in, inside compressed files too.

One vector's fingerprints are windows of four consecutive values in each number format, and its whole text in
decimal and base64 forms. Every file is searched as it lies and, where it is compressed, as it unpacks.
"""

from __future__ import annotations

import base64
import bz2
import contextlib
import gzip
import lzma
import pickle
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

Vector = NDArray[np.float32]
_WINDOW = 4


def fingerprints(vector: Vector) -> set[bytes]:
    """Byte strings that betray the vector: windows at its start, middle and end, in many encodings."""
    found: set[bytes] = set()
    for start in (0, len(vector) // 2, len(vector) - _WINDOW):
        part = vector[start : start + _WINDOW]
        for kind in ("<f4", ">f4", "<f8", ">f8", "<f2", ">f2"):
            raw = part.astype(kind).tobytes()
            found |= {raw, raw.hex().encode()}
            # base64 of a longer text shows a part of itself at one of three offsets
            for offset in range(3):
                coded = base64.b64encode(b"\0" * offset + raw)
                found.add(coded[(4 if offset else 0) : len(coded) - 4])
        found |= {", ".join(f"{v:.{n}f}" for v in part).encode() for n in (4, 5, 6, 7, 8, 9)}
        found |= {",".join(f"{v:.{n}f}" for v in part).encode() for n in (4, 6, 8)}
        found.add(", ".join(repr(float(v)) for v in part).encode())
        found.add(",".join(repr(float(v)) for v in part).encode())
        found.add(", ".join(str(v) for v in part).encode())
    found.add(pickle.dumps([float(v) for v in vector[:_WINDOW]], protocol=4)[-38:-2])
    return {f for f in found if len(f) >= 8 and f.strip(b"\0")}


@dataclass
class Scan:
    """What was looked at and what was found: (file, how it was unpacked)."""

    files: int = 0
    size: int = 0
    hits: list[tuple[str, str]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.hits = []


def scan(places: Iterable[Path], vectors: Sequence[Vector]) -> Scan:
    """Search every file under `places` for any of the vectors."""
    wanted = sorted(set().union(*(fingerprints(v) for v in vectors)))
    index: dict[bytes, list[bytes]] = {}
    for one in wanted:
        index.setdefault(one[:4], []).append(one)
    done = Scan()
    for place in places:
        for file in sorted(p for p in place.rglob("*") if p.is_file() and not p.is_symlink()):
            try:
                raw = file.read_bytes()
            except OSError:
                continue
            done.files += 1
            for how, data in _unpacked(file, raw):
                done.size += len(data)
                if _holds(data, index):
                    done.hits.append((str(file), how))
    return done


def _holds(data: bytes, index: dict[bytes, list[bytes]]) -> bool:
    """Whether any fingerprint stands in `data`: all positions whose first four bytes fit, then the whole."""
    if len(data) < 8:
        return False
    view = np.frombuffer(data, np.uint8)
    words = view[:-3].astype(np.uint32) | view[1:-2].astype(np.uint32) << 8
    words |= view[2:-1].astype(np.uint32) << 16 | view[3:].astype(np.uint32) << 24
    heads = np.array([int.from_bytes(head, "little") for head in index], np.uint32)
    for at in np.flatnonzero(np.isin(words, heads)):
        head = bytes(data[at : at + 4])
        if any(data.startswith(one, int(at)) for one in index.get(head, ())):
            return True
    return False


def _unpacked(file: Path, raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield "raw", raw
    for how, opener in (("gzip", gzip.decompress), ("bz2", bz2.decompress), ("xz", lzma.decompress)):
        if raw[:2] in (b"\x1f\x8b", b"BZ", b"\xfd7"):
            try:
                yield how, opener(raw)
            except (OSError, EOFError, lzma.LZMAError, zlib.error):
                continue
    yield from (("zlib", part) for part in _zlib_streams(raw))
    for codec in ("lz4", "zstd", "snappy"):
        yield from _framed(codec, raw)
    if raw[:4] == b"PAR1":
        yield from _parquet(file)
    elif file.suffix == ".arrow" or raw[:6] == b"ARROW1":
        yield "arrow", pa.ipc.open_file(file).read_all().to_pandas().to_csv().encode()


def _zlib_streams(raw: bytes) -> Iterator[bytes]:
    """Zlib streams wherever they begin: PySpark frames its batches so."""
    for head in (b"\x78\x01", b"\x78\x9c", b"\x78\xda"):
        at = raw.find(head)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj().decompress(raw[at : at + 50_000_000])
            at = raw.find(head, at + 2)


def _framed(codec: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    magics = {"lz4": b"\x04\x22\x4d\x18", "zstd": b"\x28\xb5\x2f\xfd", "snappy": b"\xff\x06\x00\x00sNaPpY"}
    at = raw.find(magics[codec])
    while at >= 0:
        try:
            with pa.input_stream(
                pa.BufferReader(raw[at:]), compression=codec if codec != "snappy" else None
            ) as s:
                yield codec, s.read()
        except (OSError, pa.ArrowInvalid):
            pass
        at = raw.find(magics[codec], at + 4)


def _parquet(file: Path) -> Iterator[tuple[str, bytes]]:
    """Every column decoded, statistics and footer included."""
    table = pq.read_table(file)
    for name in table.column_names:
        for value in table.column(name).to_pylist():
            data = value if isinstance(value, bytes) else str(value).encode()
            yield f"parquet column {name}", data
    yield "parquet footer", str(pq.ParquetFile(file).metadata.to_dict()).encode()
