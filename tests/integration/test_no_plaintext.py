"""No vector lies anywhere in plain after a night; and a planted one is found, so that the search means something."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import tempfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from installations import AS_DRAWN, Installed
from plaintext import Vector, scan

from habeas.sealing import open_rows as opening

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def vectors(after_a_night: Installed) -> list[Vector]:
    found, _ = opening._vectors(
        after_a_night.rows("embeddings"),
        after_a_night.rows("row_status"),
        after_a_night.place.custodian,
        now=AS_DRAWN + timedelta(days=1),
    )
    assert found
    return list(found.values())


def test_no_vector_lies_in_plain_in_tables_records_reports_or_scratch_folders(
    after_a_night: Installed, vectors: list[Vector]
) -> None:
    spark_folders = [p for p in Path(tempfile.gettempdir()).glob("*spark*") if p.is_dir()]
    spark_folders += [p for p in Path(tempfile.gettempdir()).glob("blockmgr-*") if p.is_dir()]
    done = scan([after_a_night.place.settings.home, *spark_folders], vectors)
    assert done.hits == [], f"{len(done.hits)} hits in {done.files} files, {done.size} bytes"
    assert done.files > 100


def _parquet(place: Path, vector: Vector) -> None:
    column = pa.array([vector.tolist()], pa.list_(pa.float32()))
    pq.write_table(pa.table({"embedding": column}), place, compression="zstd")


def _sealed_too_late(place: Path, vector: Vector) -> None:
    pq.write_table(
        pa.table({"sealed": [b"HBSV" + vector.astype("<f4").tobytes()]}), place, compression="snappy"
    )


LEAKS: dict[str, Callable[[Path, Vector], object]] = {
    "float32": lambda p, v: p.write_bytes(b"x" * 13 + v.tobytes()),
    "float64 big-endian": lambda p, v: p.write_bytes(v.astype(">f8").tobytes()),
    "float16": lambda p, v: p.write_bytes(v.astype("<f2").tobytes()),
    "json": lambda p, v: p.write_text(json.dumps({"v": [float(x) for x in v]})),
    "json without blanks": lambda p, v: p.write_text(
        json.dumps([float(x) for x in v], separators=(",", ":"))
    ),
    "six decimals": lambda p, v: p.write_text(", ".join(f"{x:.6f}" for x in v)),
    "base64": lambda p, v: p.write_bytes(b"a" + base64.b64encode(b"zz" + v.tobytes())),
    "hex": lambda p, v: p.write_text(v.tobytes().hex()),
    "gzip": lambda p, v: p.write_bytes(gzip.compress(v.tobytes())),
    "zlib in the middle": lambda p, v: p.write_bytes(b"framed" + zlib.compress(v.tobytes())),
    "pickled array": lambda p, v: p.write_bytes(pickle.dumps(v)),
    "parquet list": _parquet,
    "parquet binary": _sealed_too_late,
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(leak: str, tmp_path: Path) -> None:
    values = np.random.default_rng(7).normal(size=128)
    vector = (values / np.linalg.norm(values)).astype(np.float32)
    LEAKS[leak](tmp_path / "planted.bin", vector)
    assert len({file for file, _ in scan([tmp_path], [vector]).hits}) == 1
    assert scan([tmp_path], [np.roll(vector, 64)[::-1].copy()]).hits == []
