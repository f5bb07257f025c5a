"""Make `.venv` from `requirements.lock` and `.jars` from `jobs/jars.lock`, by hash. Standard library only.

Every package comes by the hash the lock states, the tools that build source packages included, so that pip's build
isolation, which fetches unpinned ones, stays off. The second half needs no network.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "src"))

from habeas.model.errors import HabeasError  # noqa: E402
from habeas.pipeline.runtime import jars  # noqa: E402 - found through the line above, before anything is installed
from habeas.pipeline.runtime.java import OLDEST, find_java, how_to_get  # noqa: E402

VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = PROJECT / "requirements.lock"
JARS = PROJECT / ".jars"
JARS_LOCK = PROJECT / "jobs" / "jars.lock"

BUILD_TOOLS = ("hatchling", "packaging", "pathspec", "pluggy", "setuptools", "tomlkit",
               "trove-classifiers", "wheel")  # fmt: skip

seconds = {"downloads": 0.0, "installation": 0.0}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("key", nargs="?", default="", help="what `.venv/.ready` will say when all is done")
    arguments.add_argument(
        "--lock-jars", action="store_true", help="resolve the jars anew and write jars.lock"
    )
    given = arguments.parse_args()
    try:
        java_home = ensure_java()
        if given.lock_jars:
            return lock_jars(java_home)
        ensure_packages()
        ensure_jars(java_home)
        remember_classes(java_home)
    except (Failed, HabeasError) as failure:
        print(f"set-up: {failure}", file=sys.stderr)
        return 1
    (VENV / ".ready").write_text(given.key + "\n")
    print(
        f"set-up: done; downloads {seconds['downloads']:.0f} s, installation {seconds['installation']:.0f} s"
    )
    return 0


class Failed(Exception):
    """What went wrong and what to do next."""


@contextlib.contextmanager
def step(kind: str, what: str) -> Iterator[None]:
    print(f"set-up: {what} …", flush=True)
    started = time.monotonic()
    try:
        yield
    finally:
        seconds[kind] += time.monotonic() - started


def run(*command: str | Path, mend: str, **environment: str) -> None:
    done = subprocess.run(
        [str(word) for word in command], cwd=PROJECT, env=os.environ | environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Failed(f"`{Path(str(command[0])).name} {command[1]} …` failed:\n{tail}\n{mend}")


def ensure_java() -> str:
    """JAVA_HOME of a Java that is new enough; installed by the system's package manager where we may."""
    java = find_java()
    if (java is None or not java.usable) and os.geteuid() == 0 and shutil.which("apt-get"):
        with step("downloads", f"installing Java {OLDEST} with apt-get"):
            run("apt-get", "update", "-q", mend="Check the network.", DEBIAN_FRONTEND="noninteractive")
            for package in (f"openjdk-{OLDEST}-jre-headless", "default-jre-headless"):
                with contextlib.suppress(Failed):
                    run("apt-get", "install", "-qy", "--no-install-recommends", package, mend="",
                        DEBIAN_FRONTEND="noninteractive")  # fmt: skip
                    break
        java = find_java()
    if java is None or not java.usable:
        found = f"found Java {java.version}" if java else "found none"
        raise Failed(f"Spark needs Java {OLDEST} or newer and {found}. Mend it with: {how_to_get()}")
    return str(java.home)


def ensure_packages() -> None:
    if not PYTHON.exists():
        with step("installation", "making .venv"):
            run(
                sys.executable,
                "-m",
                "venv",
                VENV,
                mend="On Debian and Ubuntu: sudo apt-get install python3-venv",
            )
    _install_locked()
    if not shutil.which("habeas", path=str(VENV / "bin")) or not _ready():
        with step("installation", "installing habeas itself"):
            pip("install", "--no-deps", "--no-index", "--no-build-isolation", "--editable", PROJECT)


def _install_locked() -> None:
    """The tools that build source packages first, then whatever isn't as the lock says."""
    for left in VENV.glob("downloads-*"):  # by a set-up that was killed
        shutil.rmtree(left)
    # Inside .venv, not in the system's temp folder: Spark's package alone is half a gigabyte, and /tmp may be memory.
    with tempfile.TemporaryDirectory(dir=VENV, prefix="downloads-") as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(_entries(*BUILD_TOOLS))
        with step("downloads", "looking at what is installed"):
            pip("install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement", wanted)
        missing = _not_as_locked()
        if not missing:
            return
        wanted.write_text(_entries(*missing))
        with step("downloads", f"downloading {len(missing)} locked packages (all of them are about 1 GB)"):
            pip("download", "--require-hashes", "--no-deps", "--no-build-isolation", "--dest", folder,
                "--requirement", wanted)  # fmt: skip
        with step("installation", "installing them"):
            pip("install", "--require-hashes", "--no-deps", "--no-build-isolation", "--no-index",
                "--find-links", folder, "--requirement", wanted)  # fmt: skip


def _entries(*names: str) -> str:
    """The lock's own lines about these packages, hashes included."""
    entries = re.split(r"^(?=[a-z0-9])", LOCK.read_text(), flags=re.MULTILINE)
    return "".join(entry for entry in entries if entry.split("==")[0] in names)


def pip(*words: str | Path) -> None:
    run(
        PYTHON,
        "-m",
        "pip",
        *words,
        "--quiet",
        "--disable-pip-version-check",
        mend="Check network and disk space.",
    )


def _not_as_locked() -> list[str]:
    """Packages of `.venv` that are missing or of another version than the lock names."""
    command = [str(PYTHON), "-m", "habeas.cli.operate.installed_packages", str(LOCK)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != bool(done.stdout):  # 1 and a list, or 0 and nothing; anything else is a crash
        raise Failed(f"can't compare .venv with the lock:\n{done.stderr}\nRemove .venv and run make again.")
    return [line.split()[0] for line in done.stdout.splitlines()]


def _ready() -> bool:
    return (VENV / ".ready").exists() and str(PROJECT) in (VENV / ".ready").read_text()


def ensure_jars(java_home: str) -> None:
    if not jars.problems(JARS, JARS_LOCK):
        return
    with step("downloads", "resolving Spark's jars by their Maven coordinates"):
        jars.ensure(JARS, JARS_LOCK, partial(resolve, java_home))


def resolve(java_home: str, work: Path) -> Path:
    spark = next(VENV.glob("lib/python3*/site-packages/pyspark"))
    return jars.resolve(JARS_LOCK, spark, str(PYTHON), java_home, work)


def remember_classes(java_home: str) -> None:
    """Let Spark's JVM write down its classes: every job starts some seconds sooner. Nothing needs it."""
    with step("installation", "letting Spark's JVM remember its classes"), contextlib.suppress(Failed):
        run(PYTHON, "-m", "habeas.pipeline.runtime.class_archive", mend="", JAVA_HOME=java_home,
            PYSPARK_PYTHON=str(PYTHON), SPARK_LOCAL_IP="127.0.0.1")  # fmt: skip


def lock_jars(java_home: str) -> int:
    """Write the digests of what resolves today: a change of jars is a diff somebody reviews."""
    head = [line for line in JARS_LOCK.read_text().splitlines() if line.startswith("#")]
    with tempfile.TemporaryDirectory() as work:
        found = sorted(resolve(java_home, Path(work)).glob("*.jar"))
        JARS_LOCK.write_text("\n".join([*head, *(f"{jars.sha256(jar)}  {jar.name}" for jar in found)]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
