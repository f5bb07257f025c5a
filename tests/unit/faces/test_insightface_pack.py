from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_pack

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection import onnx_files
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.model_packs import registry as packs
from habeas.faces.tracking.tracker import Tracker
from habeas.faces.values import Sighting
from habeas.media import source as media
from habeas.media.values import Frame
from habeas.model.errors import IntegrityError
from habeas.model.installation.limits import FaceRules, MediaLimits

PEOPLE = [(1, 64, 96), (2, 304, 128), (3, 448, 208)]


def _load(folder: Path) -> LoadedPack:
    return insightface_pack.load(packs.read(folder), folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> LoadedPack:
    return _load(tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny"))


def _sightings(models: LoadedPack, image: np.ndarray) -> list[Sighting]:
    """From left to right."""
    tracker = Tracker(FaceRules(), models.threshold)
    tracker.add(Frame(image), models.detect(image))
    return sorted((t.sightings[0] for t in tracker.finish()), key=lambda s: s.detection.box[0])


def test_faces_are_found_where_they_are(tiny: LoadedPack) -> None:
    found = sorted(tiny.detect(tiny_pack.scene(*PEOPLE)), key=lambda d: d.box[0])
    assert [(x, y, x + 48, y + 48) for _, x, y in PEOPLE] == [tuple(map(round, d.box)) for d in found]
    assert all(d.score > tiny.threshold and d.landmarks.dtype == np.float32 for d in found)
    assert [] == tiny.detect(tiny_pack.scene())


def test_the_same_person_gets_the_same_vector_anywhere_in_the_picture(tiny: LoadedPack) -> None:
    vectors = []
    for x, y in ((64, 96), (400, 208)):
        (sighting,) = _sightings(tiny, tiny_pack.scene((1, x, y)))
        crop = tiny.align(sighting)
        assert crop is not None and crop.shape == (112, 112, 3)
        vectors.append(tiny.embed([crop])[0])
    assert vectors[0] @ vectors[1] > 0.99999


def test_a_crop_cut_out_beforehand_aligns_as_the_whole_picture_would(tiny: LoadedPack) -> None:
    from insightface.utils import face_align

    image = tiny_pack.scene(*PEOPLE)
    for sighting in _sightings(tiny, image):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            whole = face_align.norm_crop(image, sighting.detection.landmarks, 112)
        crop = tiny.align(sighting)
        assert crop is not None
        assert np.abs(crop.astype(int) - whole.astype(int)).max() <= 1


def test_a_batch_gives_each_face_the_vector_it_gets_alone(tiny: LoadedPack) -> None:
    crops = [tiny.align(s) for s in _sightings(tiny, tiny_pack.scene(*PEOPLE))] * 30  # more than one batch
    together = tiny.embed(crops)  # type: ignore[arg-type]
    assert ((90, 48), np.float32) == (together.shape, together.dtype)
    assert np.allclose(1, np.linalg.norm(together, axis=1), atol=1e-6)
    for index in (0, 1, 2, 63, 64, 89):
        assert np.allclose(together[index], tiny.embed([crops[index]])[0], atol=1e-6)  # type: ignore[list-item]


def test_no_face_is_no_call_and_every_face_is_counted(tiny: LoadedPack) -> None:
    before = tiny.faces_embedded
    assert (0, 48) == tiny.embed([]).shape
    assert before == tiny.faces_embedded
    tiny.embed([np.zeros((112, 112, 3), np.uint8) + 9] * 3)
    assert before + 3 == tiny.faces_embedded


def test_landmarks_that_make_no_face_align_to_nothing(tiny: LoadedPack) -> None:
    (sighting,) = _sightings(tiny, tiny_pack.scene((1, 64, 96)))
    sighting.detection.landmarks[:] = 5.0
    assert tiny.align(sighting) is None


def test_a_pack_is_loaded_once_a_process(tmp_path: Path) -> None:
    folder = tiny_pack.write(tmp_path / "tiny")
    assert _load(folder) is _load(folder)


def test_sessions_use_one_thread_that_does_not_spin(tiny: LoadedPack) -> None:
    for network in (tiny._detector, tiny._recogniser):
        options = network.session.get_session_options()
        assert (1, 1) == (options.intra_op_num_threads, options.inter_op_num_threads)
        assert "0" == options.get_session_config_entry("session.intra_op.allow_spinning")
    assert ["CPUExecutionProvider"] == tiny._recogniser.session.get_providers()


@pytest.mark.parametrize("broken", ["nan detector", "nan recogniser"])
def test_a_network_that_gives_no_numbers_is_refused_when_it_is_loaded(tmp_path: Path, broken: str) -> None:
    with pytest.raises(IntegrityError, match="no numbers"):
        _load(tiny_pack.write(tmp_path / "tiny", broken=broken))


def test_a_network_that_starts_to_give_no_numbers_stops_the_run(
    tiny: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    crop = np.full((112, 112, 3), 9, np.uint8)
    for bad in (
        np.full((1, 48), np.nan),
        np.full((1, 48), np.inf),
        np.zeros((1, 48)),
        np.ones((1, 47)),
        np.ones((2, 48)),
    ):
        monkeypatch.setattr(tiny._recogniser, "get_feat", lambda crops, bad=bad: bad)
        with pytest.raises(IntegrityError):
            tiny.embed([crop])
    nan = np.full((1, 5), np.nan, np.float32), np.zeros((1, 5, 2), np.float32)
    monkeypatch.setattr(tiny._detector, "detect", lambda image, **_: nan)
    with pytest.raises(IntegrityError):
        tiny.detect(tiny_pack.scene())


@pytest.mark.parametrize(
    ("changed", "said"), [({"dimensions": 64}, "dimensions"), ({"rec": "det"}, "no recognition network")]
)
def test_a_pack_that_states_something_else_than_it_holds_is_refused(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    folder = tiny_pack.write(tmp_path / "tiny")
    if changed.pop("rec", None):
        (folder / "rec.onnx").write_bytes((folder / "det.onnx").read_bytes())
    (folder / "pack.toml").write_text(tiny_pack.toml(folder, **changed))
    with pytest.raises(IntegrityError, match=said):
        _load(folder)


def test_a_changed_file_is_refused_before_a_parser_sees_it(tmp_path: Path) -> None:
    folder = tiny_pack.write(tmp_path / "tiny")
    pack = packs.read(folder)
    (folder / "det.onnx").write_bytes(b"not even ONNX")
    with pytest.raises(IntegrityError, match="digest"):
        insightface_pack.load(pack, folder)


def _outside(tensor: onnx.TensorProto) -> onnx.TensorProto:
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret.bin")
    tensor.ClearField("raw_data")
    return tensor


def _weights() -> onnx.TensorProto:
    return _outside(onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [1], [1.0]))


def _constant() -> onnx.NodeProto:
    return onnx.helper.make_node("Constant", [], ["w"], value=_weights())


def _in_weights(model: onnx.ModelProto) -> None:
    _outside(model.graph.initializer[0])


def _in_a_function(model: onnx.ModelProto) -> None:
    opsets = [onnx.helper.make_opsetid("", 17)]
    model.functions.append(onnx.helper.make_function("own", "Hidden", [], ["w"], [_constant()], opsets))


def _in_a_branch_of_a_function(model: onnx.ModelProto) -> None:
    branch = onnx.helper.make_graph([_constant()], "branch", [], [])
    node = onnx.helper.make_node("If", ["c"], ["w"], then_branch=branch, else_branch=branch)
    opsets = [onnx.helper.make_opsetid("", 17)]
    model.functions.append(onnx.helper.make_function("own", "Hidden", ["c"], ["w"], [node], opsets))


def _in_a_sparse_tensor(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().values.CopyFrom(_weights())


def _in_training(model: onnx.ModelProto) -> None:
    model.training_info.add().algorithm.node.append(_constant())


def _in_a_compiled_part(model: onnx.ModelProto) -> None:
    node = onnx.helper.make_node("EPContext", [], ["w"], domain="com.microsoft", embed_mode=0)
    model.graph.node.append(node)


@pytest.mark.parametrize(
    "hide",
    [
        _in_weights,
        _in_a_function,
        _in_a_branch_of_a_function,
        _in_a_sparse_tensor,
        _in_training,
        _in_a_compiled_part,
    ],
)
def test_a_network_that_keeps_data_in_another_file_is_refused(
    tmp_path: Path, hide: Callable[[onnx.ModelProto], None]
) -> None:
    folder = tiny_pack.write(tmp_path / "tiny")
    model = onnx.load(folder / "rec.onnx")
    hide(model)
    (folder / "rec.onnx").write_bytes(model.SerializeToString())
    (folder / "pack.toml").write_text(tiny_pack.toml(folder))
    with pytest.raises(IntegrityError, match="outside itself"):
        _load(folder)


def test_what_is_loaded_is_what_was_hashed_whatever_becomes_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who may write into the pack's folder waits for its digest to be taken, and swaps the file."""
    folder = tiny_pack.write(tmp_path / "tiny")
    wanted = _load(tiny_pack.write(tmp_path / "same"))
    look = onnx_files.require_self_contained

    def swapped(name: str, content: bytes) -> None:
        (folder / name).write_bytes(b"another network")
        look(name, content)

    monkeypatch.setattr(onnx_files, "require_self_contained", swapped)
    loaded = _load(folder)
    crop = np.full((112, 112, 3), 9, np.uint8)
    assert np.array_equal(wanted.embed([crop]), loaded.embed([crop]))


def test_the_bytes_of_a_network_cannot_be_written_to(tmp_path: Path) -> None:
    place = onnx_files.sealed(b"a network")
    assert b"a network" == Path(place).read_bytes()
    with pytest.raises(PermissionError), open(place, "r+b") as file:
        file.write(b"another")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"not a network"])
def test_a_pickle_or_any_other_file_called_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = tiny_pack.write(tmp_path / "tiny")
    (folder / "rec.onnx").write_bytes(content)
    (folder / "pack.toml").write_text(tiny_pack.toml(folder))
    with pytest.raises(IntegrityError):
        _load(folder)


def test_photos_of_a_folder_are_counted_and_bad_ones_named(tiny: LoadedPack, tmp_path: Path) -> None:
    import media_files as make

    make.png(tmp_path / "two.png", tiny_pack.scene(*PEOPLE[:2]))
    make.clip(tmp_path / "clip.mp4")
    (tmp_path / "empty.jpg").write_bytes(b"")
    checked = packs.check(tiny, media.pictures(tmp_path, MediaLimits()), 0.3)
    assert ({"two.png": 2}, {"empty.jpg": "empty_file"}) == (checked.boxes, checked.unreadable)
