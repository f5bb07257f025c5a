"""What lets no step begin is told before the first, in one sentence, with exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from keeping import Keeping
from ordinary import day

from habeas.model.errors import UsageError
from habeas.model.installation.resources import POLICIES as SHIPPED_POLICIES
from habeas.model.installation.settings import Custody, Settings
from habeas.model.purposes import Purposes
from habeas.pipeline.runtime import preflight
from habeas.policy.lists.purposes import load_purposes
from habeas.sealing.keys import roles


def known() -> Purposes:
    return load_purposes(SHIPPED_POLICIES / "purposes.yaml")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    keeping = Keeping(Custody(home=tmp_path / "custody"), Settings(home=tmp_path / "home"))
    keeping.settings.home.mkdir()
    roles.set_up(keeping.custody, keeping.settings, day("2026-01-01"))
    return keeping.settings


def test_an_installation_that_is_whole_lets_a_run_begin(settings: Settings) -> None:
    preflight.require(settings, ["archive_search"], known)


def refused(settings: Settings, wanted: list[str], source: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        preflight.require(settings, wanted, known, source)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return caught.value.message


def test_a_home_that_is_no_installation_is_refused(tmp_path: Path) -> None:
    assert "is no installation" in refused(Settings(home=tmp_path / "elsewhere"), ["archive_search"])
    with pytest.raises(UsageError, match="is no installation"):
        preflight.require_installation(Settings(home=tmp_path / "elsewhere"))


def test_a_purpose_that_there_isnt_is_refused_before_anything_is_written(settings: Settings) -> None:
    assert "there is no purpose 'archive_serch'" in refused(settings, ["archive_search", "archive_serch"])
    assert not settings.warehouse.exists()


def test_a_source_that_there_isnt_is_refused(settings: Settings) -> None:
    assert "there is no source 'studio'" in refused(settings, ["archive_search"], "studio")


@pytest.mark.parametrize("name", ["warehouse", "runs", "report"])
def test_a_file_in_place_of_a_folder_is_refused(settings: Settings, name: str) -> None:
    getattr(settings, name).write_bytes(b"")
    assert f"{name}: " in refused(settings, ["archive_search"])


def test_a_model_pack_or_contracts_that_arent_there_are_refused(settings: Settings, tmp_path: Path) -> None:
    assert refused(settings.model_copy(update={"model_pack": "none"}), ["archive_search"])
    assert "no contracts" in refused(settings.model_copy(update={"schemas": tmp_path}), ["archive_search"])


_SAYS = """
import sys
from pathlib import Path
from habeas.pipeline.runtime.preflight import process_faults
from habeas.model.installation.settings import Settings
print([fault.says for fault in process_faults(Settings(home=Path(sys.argv[1])))])
"""


def _in_a_process(home: Path, more: dict[str, str], limit: str = "") -> str:
    words = ["sh", "-c", f'{limit} exec "$0" "$@"', sys.executable, "-c", _SAYS, str(home)]
    environment = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "LANG", "LC_CTYPE")} | more
    return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_too_few_open_files_are_a_sentence_and_a_low_soft_limit_is_raised(tmp_path: Path) -> None:
    assert "may open 256 files at once" in _in_a_process(tmp_path, {}, "ulimit -n 256;")
    assert _in_a_process(tmp_path, {}, "ulimit -S -n 256;") == "[]"


@pytest.mark.parametrize(
    ("more", "fine"),
    [
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "C", "PYSPARK_GATEWAY_PORT": "1"}, False),
        ({"LC_ALL": "C.UTF-8", "PYSPARK_GATEWAY_PORT": "1"}, True),
        ({"LANG": "ko_KR.UTF-8", "PYSPARK_GATEWAY_PORT": "1"}, True),
    ],
)
def test_a_home_in_letters_that_a_jvm_cant_spell_is_a_sentence(
    tmp_path: Path, more: dict[str, str], fine: bool
) -> None:
    """A JVM that habeas starts itself is told to take names for UTF-8; one that was submitted is there already."""
    told = _in_a_process(tmp_path / "얼굴", more)
    assert (told == "[]") is fine
    assert fine or "this locale can't spell" in told
    assert _in_a_process(tmp_path / "faces", more) == "[]"
