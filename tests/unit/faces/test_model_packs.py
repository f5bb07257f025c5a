from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_pack

from habeas.faces.model_packs import manifest as pack_file
from habeas.faces.model_packs import registry as packs
from habeas.faces.model_packs.pack import ModelPack
from habeas.faces.values import Detection
from habeas.media.values import Frame, Image
from habeas.model.errors import BadInput, IntegrityError, RefusedByPolicy, UsageError

DEMO = {"archive_search": False}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_pack.write(tmp_path / "tiny")


def _with(folder: Path, **changed: object) -> Path:
    (folder / "pack.toml").write_text(tiny_pack.toml(folder, **changed))
    return folder


def test_a_pack_is_read_to_the_letter(folder: Path) -> None:
    pack = packs.ready(folder, DEMO)
    assert ("tiny", "1", ("*",), True) == (
        pack.name,
        pack.version,
        pack.permitted_purposes,
        pack.commercial_use,
    )
    assert ((640, 640), 0.6, 0.3) == (
        pack.detector.input_size,
        pack.detector.threshold,
        pack.detector.candidate_threshold,
    )
    assert packs.model_id(pack).startswith("tiny@1:")


@pytest.mark.parametrize(
    ("changed", "purposes"),
    [
        ({"commercial_use": "false"}, {"model_training": True}),
        (
            {"permitted_purposes": '["archive_search"]'},
            {"archive_search": False, "access_verification": False},
        ),
        ({"permitted_purposes": "[]"}, DEMO),
        ({"permitted_purposes": '["archive_search "]'}, DEMO),
    ],
    ids=["commercial", "another purpose", "no purpose", "nearly the purpose"],
)
def test_a_licence_that_forbids_the_purpose_refuses_before_a_network_is_opened(
    folder: Path, changed: dict[str, object], purposes: dict[str, bool]
) -> None:
    _with(folder, **changed)
    for network in ("det.onnx", "rec.onnx"):
        os.remove(folder / network)  # opening one would now be another error
    with pytest.raises(RefusedByPolicy) as refused:
        packs.ready(folder, purposes)
    assert 4 == refused.value.exit_code


@pytest.mark.parametrize("network", ["det.onnx", "rec.onnx"])
def test_a_changed_byte_refuses_the_pack(folder: Path, network: str) -> None:
    data = bytearray((folder / network).read_bytes())
    data[-1] ^= 1
    (folder / network).write_bytes(data)
    with pytest.raises(IntegrityError, match=network):
        packs.ready(folder, DEMO)


@pytest.mark.parametrize("swap", ["missing", "link", "folder", "pipe"])
def test_a_network_that_is_no_regular_file_refuses_the_pack(folder: Path, swap: str, tmp_path: Path) -> None:
    network = folder / "rec.onnx"
    network.rename(tmp_path / "elsewhere.onnx")
    if swap == "link":
        network.symlink_to(tmp_path / "elsewhere.onnx")
    elif swap == "folder":
        network.mkdir()
    elif swap == "pipe":
        os.mkfifo(network)
    with pytest.raises(IntegrityError):
        packs.ready(folder, DEMO)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format = 1", "format = 2", "format"),
        ('name = "tiny"', 'name = "../tiny"', "name"),
        ('file = "det.onnx"', 'file = "../det.onnx"', "file"),
        ('file = "det.onnx"', 'file = "/etc/passwd"', "file"),
        ("\nthreshold = 0.6\ncandidate_threshold = 0.3\n", "\n", " threshold is missing"),
        ("threshold = 0.6\n", "threshold = 7\n", "threshold"),
        ("threshold = 0.6\n", "threshold = 0.2\n", "candidate_threshold"),
        ("nms = 0.3", "nms = 0.3\nmirror = 1", "mirror is no field"),
        ("commercial_use = true", 'commercial_use = "yes"', "commercial_use"),
        ('permitted_purposes = ["*"]', 'permitted_purposes = ["*", "x"]', "permitted_purposes"),
        ("input_size = [640, 640]", "input_size = [640]", "input_size"),
        ("dimensions = 48", "dimensions = true", "dimensions"),
        ("[recogniser]", "[recognizer]", "recogniser"),
        ("format = 1", "format = ", "TOML"),
    ],
)
def test_a_pack_file_that_says_less_more_or_nonsense_is_refused(
    folder: Path, old: str, new: str, said: str
) -> None:
    text = tiny_pack.toml(folder)
    assert old in text
    with pytest.raises(UsageError, match=said):
        pack_file.parse(text.replace(old, new))


def test_the_automatic_size_is_a_size(folder: Path) -> None:
    text = tiny_pack.toml(folder).replace("input_size = [640, 640]", 'input_size = "auto"')
    assert pack_file.parse(text).detector.input_size is None


def test_models_whose_vectors_cannot_be_compared_have_different_ids(folder: Path) -> None:
    pack = packs.read(folder)
    recogniser = replace(pack.recogniser, sha256="0" * 64)
    other_input = replace(pack.recogniser, preprocessing="bgr")
    ids = {
        packs.model_id(p)
        for p in (pack, replace(pack, recogniser=recogniser), replace(pack, recogniser=other_input))
    }
    assert 3 == len(ids)
    strict = replace(pack, detector=replace(pack.detector, threshold=0.9))
    assert packs.model_id(pack) == packs.model_id(strict)
    assert packs.pack_digest(pack) != packs.pack_digest(strict)


def test_vectors_reckoned_in_another_precision_are_of_another_model(folder: Path) -> None:
    pack = packs.read(folder)
    assert packs.model_id(pack, "f32") == packs.model_id(pack)
    assert packs.model_id(pack, "bf16") not in {packs.model_id(pack), f"{packs.model_id(pack)}-bf16"}
    assert packs.model_id(pack, "bf16").endswith("-bf16")


def test_adding_a_pack_copies_what_was_verified_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    (folder / "MODEL_CARD.md").write_text("card")
    (folder / "face.jpg").write_bytes(b"no business here")
    (folder / "extra.onnx").write_bytes(b"nor here")
    packs.add(folder, tmp_path / "models")
    added = tmp_path / "models" / "tiny"
    assert ["MODEL_CARD.md", "det.onnx", "pack.toml", "rec.onnx"] == sorted(p.name for p in added.iterdir())
    assert packs.ready(added, DEMO) == packs.add(folder, tmp_path / "models")
    _with(folder, version='"2"')
    with pytest.raises(UsageError, match="different"):
        packs.add(folder, tmp_path / "models")


def test_a_pack_that_fails_its_digests_is_not_added(folder: Path, tmp_path: Path) -> None:
    (folder / "rec.onnx").write_bytes(b"swapped")
    with pytest.raises(IntegrityError):
        packs.add(folder, tmp_path / "models")
    assert not (tmp_path / "models" / "tiny").exists()


def test_a_broken_pack_in_the_list_does_not_hide_the_others(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    shown = dict(packs.listed(tmp_path))
    assert isinstance(shown["tiny"], ModelPack)
    assert isinstance(shown["broken"], UsageError)


class _Finder:
    threshold = 0.5

    def detect(self, image: Image) -> Sequence[Detection]:
        scores = (0.9, 0.6, 0.4)
        return [Detection((0, 0, 9, 9), np.zeros((5, 2), np.float32), score) for score in scores]


def test_a_check_counts_faces_and_names_what_is_no_picture() -> None:
    picture = Frame(np.zeros((8, 8, 3), np.uint8))
    checked = packs.check(_Finder(), [("a.jpg", picture), ("b.jpg", BadInput("truncated"))], 0.35)
    assert ({"a.jpg": 2}, {"b.jpg": "truncated"}) == (checked.boxes, checked.unreadable)
    assert {0.2: 1, 0.3: 1, 0.35: 1, 0.4: 1} == {t: each["a.jpg"] for t, each in checked.doubtful.items()}
    assert {0} == set(checked.refused.values()), "of two faces nobody is refused for a doubt"


class _WithHand:
    """A face, and a doubtful box as large beside it."""

    threshold = 0.5

    def detect(self, image: Image) -> Sequence[Detection]:
        inside = np.full((5, 2), 50, np.float32)
        return [Detection((40, 40, 80, 80), inside, 0.9), Detection((100, 100, 140, 140), inside, 0.35)]


def test_a_check_says_which_candidate_threshold_costs_portraits() -> None:
    picture = Frame(np.zeros((160, 160, 3), np.uint8))
    checked = packs.check(_WithHand(), [("a.jpg", picture)], 0.4)
    assert {0.2: 1, 0.3: 1, 0.4: 0} == checked.refused
    assert {0.2: 1, 0.3: 1, 0.4: 0} == {t: each["a.jpg"] for t, each in checked.doubtful.items()}


def test_a_pack_that_says_no_candidate_threshold_has_the_shared_one(folder: Path) -> None:
    text = tiny_pack.toml(folder).replace("candidate_threshold = 0.3\n", "")
    assert pytest.approx(0.48) == pack_file.parse(text).detector.candidate_threshold
    assert pytest.approx(0.2) == packs.for_check(pack_file.parse(text)).detector.candidate_threshold
