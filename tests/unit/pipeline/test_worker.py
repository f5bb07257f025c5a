"""What an embed worker is made of. A worker is plain Python: no JVM here."""

from __future__ import annotations

import ctypes
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_pack
from embedding import REGISTRAR

from habeas.faces.detection.tiles import tiles
from habeas.faces.model_packs import registry as packs
from habeas.model.installation.limits import BindingRules, Execution, FaceRules, MediaLimits, Sampling
from habeas.pipeline.embed.worker import WorkerSetup, make_worker
from habeas.sealing.keyrecords import registrar_public_of


@pytest.fixture
def setup(tmp_path: Path) -> WorkerSetup:
    folder = tiny_pack.write(tmp_path / "tiny")
    keys = {"installation.key": bytes(32), "registrar.pub": registrar_public_of(REGISTRAR)}
    for name, content in keys.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    return WorkerSetup(
        packs.read(folder), folder, (), ("archive_search",), tmp_path / "installation.key",
        tmp_path / "registrar.pub", tmp_path / "orders", False, (), MediaLimits(), Sampling(),
        BindingRules(), FaceRules(), Execution(),
    )  # fmt: skip


def test_another_smallest_face_is_other_work(setup: WorkerSetup) -> None:
    coarse = replace(setup, faces=replace(setup.faces, smallest_px=64))
    assert setup.identity == replace(setup, faces=FaceRules(smallest_px=32)).identity
    assert setup.identity != coarse.identity


def test_files_that_are_read_in_another_way_are_other_work(
    setup: WorkerSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = setup.identity
    monkeypatch.setattr("habeas.pipeline.embed.worker.READER_VERSION", "another")
    assert before != setup.identity


def test_another_precision_is_another_model_and_other_work_and_another_machine_is_neither(
    setup: WorkerSetup,
) -> None:
    coarse = replace(setup, execution=Execution("openvino", "bf16"))
    assert setup.model_id != coarse.model_id  # the work digest holds it, beside `identity`
    assert setup.identity == coarse.identity
    elsewhere = replace(setup, execution=Execution("cuda"))
    assert (setup.model_id, setup.identity) == (elsewhere.model_id, elsewhere.identity)


@pytest.mark.parametrize("smallest", [32, 64])
def test_a_worker_looks_for_faces_as_small_as_the_settings_want(setup: WorkerSetup, smallest: int) -> None:
    worker = make_worker(replace(setup, faces=replace(setup.faces, smallest_px=smallest)))
    models = worker.keywords["models"]  # type: ignore[attr-defined]
    models.detect(np.full((1500, 2000, 3), 120, np.uint8))
    assert 2 + len(tiles(2000, 1500, (640, 640), smallest, 16)) == models.looks


def test_a_worker_that_holds_templates_dumps_no_core_and_is_not_looked_into(setup: WorkerSetup) -> None:
    make_worker(replace(setup, purposes=("vendor_training",)))
    assert (0, 0) == resource.getrlimit(resource.RLIMIT_CORE)
    assert 0 == ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), "PR_GET_DUMPABLE"
