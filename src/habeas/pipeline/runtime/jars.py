"""The jars Spark loads besides its own: fetched by Spark's own resolver, and used only as `jars.lock` names them.

Standard library only: the set-up uses it too.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from habeas.model.errors import IntegrityError, Unavailable

# What Delta names as dependencies is either in Spark already, in another version, or for a catalog service.
_NOT_NEEDED = [
    "com.fasterxml.jackson.core:*", "com.fasterxml.jackson.datatype:*", "com.github.luben:*",
    "com.google.code.findbugs:*", "commons-logging:*", "commons-pool:*", "io.airlift:*", "io.delta:delta-kernel*",
    "io.unitycatalog:*", "javax.annotation:*", "org.apache.hadoop:*", "org.apache.logging.log4j:*",
    "org.apache.parquet:*", "org.locationtech.jts:*", "org.roaringbitmap:*", "org.slf4j:*", "org.xerial.snappy:*",
]  # fmt: skip

Fetch = Callable[[Path], Path]
"""(a folder to work in) -> the folder with the jars that were found."""


def locked(lock: Path) -> dict[str, str]:
    """File name -> SHA-256, as `jars.lock` states them."""
    lines = [line.split() for line in lock.read_text().splitlines() if line and not line.startswith("#")]
    return {name: digest for digest, name in lines}


def coordinates(lock: Path) -> list[str]:
    """Maven coordinates (`group:artifact:version`) that the jars are resolved by."""
    comments = [line[1:].strip() for line in lock.read_text().splitlines() if line.startswith("#")]
    return [text for text in comments if text.count(":") == 2 and " " not in text]


def problems(folder: Path, lock: Path) -> list[str]:
    """What keeps `folder` from holding exactly the locked jars; empty when all is well."""
    wanted = locked(lock)
    jars = {path.name: path for path in folder.glob("*.jar")}
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - jars.keys())]
    wrong += [f"{name} is not in {lock.name}" for name in sorted(jars.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & jars.keys()):
        if sha256(jars[name]) != wanted[name]:
            wrong.append(f"{name} is not the file that {lock.name} names")
    return wrong


def ensure(folder: Path, lock: Path, fetch: Fetch) -> bool:
    """Fill `folder` with the locked jars, unless they are there; True when something was fetched.

    Raises IntegrityError, and uses nothing, when what was found isn't what the lock names; Unavailable from `fetch`.
    """
    if not problems(folder, lock):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="fetching-") as work:
        fetched = fetch(Path(work))
        if wrong := problems(fetched, lock):
            raise IntegrityError(
                f"what was found isn't what {lock.name} names: {'; '.join(wrong)}; none of it is used",
                hint="Ask whoever keeps the place they came from.",
            )
        for stale in folder.glob("*.jar"):
            stale.unlink()
        for jar in fetched.glob("*.jar"):
            shutil.copy(jar, folder / jar.name)
    return True


def resolve(lock: Path, spark: Path, python: str, java_home: str, work: Path) -> Path:
    """Let the resolver of the Spark at `spark` fetch the jars below `work`; the application it starts does nothing.

    Where it looks, a site says as for any Spark (`spark.jars.ivySettings`). Raises Unavailable.
    """
    nothing = work / "nothing.py"
    nothing.touch()
    command = [
        str(spark / "bin" / "spark-submit"), "--master", "local[1]", "--packages", ",".join(coordinates(lock)),
        "--exclude-packages", ",".join(_NOT_NEEDED), "--conf", f"spark.jars.ivy={work / 'ivy'}", str(nothing),
    ]  # fmt: skip
    environment = os.environ | {
        "JAVA_HOME": java_home, "SPARK_HOME": str(spark), "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1",
    }  # fmt: skip
    done = subprocess.run(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Unavailable(f"Spark can't fetch its jars:\n{tail}", hint="Check the network.")
    return work / "ivy" / "jars"


def sha256(path: Path) -> str:
    """SHA-256 of a file, lower-case hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
