"""A verified model pack, loaded by InsightFace's model zoo: detection and recognition, nothing else.

One thread that doesn't spin, once a process. Nothing is downloaded: the two networks are the bytes that were hashed.
InsightFace's code is MIT; the licence of a pack is its own and was checked before this module is called.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import insightface.model_zoo.model_zoo as zoo
import numpy as np
from insightface.utils import face_align
from numpy.typing import NDArray

from habeas.faces.alignment import similarity
from habeas.faces.detection import onnx_files, onnx_sessions
from habeas.faces.detection.search import Search, broken
from habeas.faces.model_packs import registry as packs
from habeas.faces.model_packs.pack import ModelPack
from habeas.faces.values import Detection, Sighting
from habeas.media.values import Image
from habeas.model.errors import IntegrityError
from habeas.model.installation.limits import Execution, FaceRules

AUTOMATIC_SIZES = [(128, 128), (640, 640)]
_BATCH = 64
_SMALLEST_NORM = 1e-6
_loaded: dict[tuple[str, str, float, Execution], LoadedPack] = {}
_lock = threading.Lock()


def load(
    pack: ModelPack,
    folder: Path,
    smallest_px: float = FaceRules().smallest_px,
    execution: Execution = Execution(),  # noqa: B008 - it can't be changed
) -> LoadedPack:
    """The pack's networks, loaded once a process; verified first.

    `smallest_px`: longer side of the smallest face that is to be found in a picture of any size.
    Raises IntegrityError; UsageError where what `execution` asks for isn't installed or doesn't work.
    """
    key = (packs.pack_digest(pack), str(folder), smallest_px, execution)
    with _lock:
        if key not in _loaded:
            networks = packs.contents(pack, folder)
            _loaded[key] = LoadedPack(pack, networks, smallest_px, execution)
        return _loaded[key]


class LoadedPack:
    """The networks of a model pack: detection, alignment, embedding. Counts pictures, detector runs and faces."""

    def __init__(
        self, pack: ModelPack, networks: Mapping[str, bytes], smallest_px: float, execution: Execution
    ) -> None:
        """`networks`: file name -> the bytes that were hashed."""
        cv2.setNumThreads(1)
        self.pack, self.threshold = pack, pack.detector.threshold
        self.model_id = packs.model_id(pack, execution.precision)
        self.pictures_searched = self.faces_embedded = 0
        self._detector = _network(pack.detector.file, networks, "detection", execution)
        size = pack.detector.input_size
        self._detector.prepare(
            0,
            input_size=AUTOMATIC_SIZES if size is None else size,
            det_thresh=pack.detector.candidate_threshold,
            nms_thresh=pack.detector.nms,
        )
        self._search = Search(self._detector, pack, smallest_px)
        self._recogniser = _network(pack.recogniser.file, networks, "recognition", execution)
        self._side = int(pack.recogniser.input_size[0])
        if tuple(self._recogniser.input_size) != pack.recogniser.input_size:
            raise IntegrityError(
                f"the recogniser of pack {pack.name} takes another input size than it states"
            )
        self._try_out()

    @property
    def looks(self) -> int:
        """Number of runs of the detector: one a picture, more where one isn't enough."""
        return self._search.looks

    def detect(self, image: Image) -> list[Detection]:
        """Every face and every candidate that the detector can resolve, best first.

        `image`: BGR uint8 (H, W, 3). Boxes and landmarks are in its pixels. Raises IntegrityError for outputs that
        aren't finite.
        """
        self.pictures_searched += 1
        return self._search.detect(image)

    def align(self, sighting: Sighting) -> Image | None:
        """Aligned face, BGR uint8 (S, S, 3), S of the recogniser; None if the landmarks are degenerate."""
        landmarks = sighting.detection.landmarks - np.asarray(sighting.offset, np.float32)
        if similarity(landmarks) is None or sighting.crop.size < 3 * 4:
            return None
        with warnings.catch_warnings():
            # InsightFace calls what scikit-image has renamed; nothing for our users to mend
            warnings.simplefilter("ignore", FutureWarning)
            aligned: Image = face_align.norm_crop(sighting.crop, landmarks, self._side)
        return aligned

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """Embeddings, (N, D) float32 of unit length, one row a crop, in their order.

        `crops`: BGR uint8 (S, S, 3). Raises ValueError for other crops, IntegrityError for outputs of another shape,
        that aren't finite, or are zero.
        """
        nothing = np.empty((0, self.pack.recogniser.dimensions), np.float32)
        batches = [list(crops[start : start + _BATCH]) for start in range(0, len(crops), _BATCH)]
        return np.concatenate([nothing, *map(self._embed, batches)])

    def _embed(self, crops: list[Image]) -> NDArray[np.float32]:
        if any(crop.shape != (self._side, self._side, 3) or crop.dtype != np.uint8 for crop in crops):
            raise ValueError("crops must be aligned 8-bit pictures of the recogniser's input size")
        self.faces_embedded += len(crops)
        raw = np.asarray(self._recogniser.get_feat(crops), np.float64)
        if raw.shape != (len(crops), self.pack.recogniser.dimensions):
            raise broken(self.pack, "recogniser", "another number of dimensions than it states")
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        if not np.isfinite(raw).all() or not (lengths > _SMALLEST_NORM).all():
            raise broken(self.pack, "recogniser", "outputs that are no numbers")
        vectors: NDArray[np.float32] = (raw / lengths).astype(np.float32)
        return vectors

    def _try_out(self) -> None:
        """Run both networks once on a synthetic picture: a network of NaN would find no face, without an error.

        Raises IntegrityError.
        """
        rows, columns = np.mgrid[0 : self._side, 0 : self._side]
        picture = np.stack([rows * 2 % 256, columns * 2 % 256, (rows + columns) % 256], 2).astype(np.uint8)
        _check_outputs(self._detector, picture, self.pack.name)
        self._embed([picture])
        self.detect(picture)
        self.pictures_searched = self.faces_embedded = self._search.looks = 0


def _network(name: str, networks: Mapping[str, bytes], task: str, execution: Execution) -> Any:
    onnx_files.require_self_contained(name, networks[name])
    providers = onnx_sessions.providers(execution)
    try:
        network = zoo.ModelRouter(onnx_files.sealed(networks[name])).get_model(
            providers=providers, sess_options=onnx_sessions.options()
        )
    except Exception as error:  # noqa: BLE001 onnxruntime's exceptions have no common base
        raise IntegrityError(f"{name} can't be loaded as a network ({type(error).__name__})") from None
    if getattr(network, "taskname", None) != task:
        raise IntegrityError(f"{name} is no {task} network")
    onnx_sessions.require(network.session, execution)
    return network


def _check_outputs(detector: Any, picture: Image, name: str) -> None:
    for width, height in detector.input_sizes:
        blob = detector._prepare_input_blob(cv2.resize(picture, (width, height)), (width, height))  # noqa: SLF001
        session = detector._session_for_input_size((width, height))  # noqa: SLF001 its outputs, before it drops what is no number
        for output in session.run(None, {detector.input_name: blob}):
            if not np.isfinite(output).all():
                raise IntegrityError(f"the detector of model pack {name} gives outputs that are no numbers")
