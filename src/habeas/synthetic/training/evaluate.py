"""The pack's two numbers, measured the way the pipeline uses it: through InsightFace, on unseen seeds.

No torch here: what is measured are the ONNX files.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from insightface.model_zoo import get_model
from insightface.utils import face_align
from numpy.typing import NDArray

from habeas.faces.boxes import overlaps
from habeas.synthetic.drawing.nuisance import FULL, Severity, draw_nuisance
from habeas.synthetic.drawing.people import Person
from habeas.synthetic.drawing.scenes import draw_random_scene, draw_snapshot
from habeas.synthetic.seeds import PEOPLE_TEST, sample_rng
from habeas.synthetic.training.samples.matching import Tally
from habeas.synthetic.training.samples.shards import as_row
from habeas.synthetic.training.scores import true_accept_rate

DETECTOR_FILE, RECOGNISER_FILE = "det_synthetic.onnx", "rec_synthetic.onnx"
NEAR_FRONTAL, LARGE = 0.26, 80.0
"""Turned by at most this much (radians, 15 degrees), and drawn at least this high (pixels): the easy half."""
_SIZES = ((640, 480), (640, 640), (480, 640), (512, 384))


@dataclass(slots=True)
class Pack:
    """Both networks of the pack, loaded by InsightFace's own loader with one thread each."""

    detector: Any
    recogniser: Any

    @classmethod
    def load(cls, folder: Path, threshold: float = 0.5) -> Pack:
        """`threshold`: the score from which a detection counts as a face."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        nets = [
            get_model(str(folder / file), providers=["CPUExecutionProvider"], sess_options=options)
            for file in (DETECTOR_FILE, RECOGNISER_FILE)
        ]
        nets[0].prepare(-1, input_size=(640, 640), det_thresh=threshold, nms_thresh=0.4)
        nets[1].prepare(-1)
        return cls(*nets)

    def find(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Boxes with scores (n, 5) and landmarks (n, 5, 2), best first."""
        boxes, marks = self.detector.detect(image)
        order = np.argsort(-boxes[:, 4], kind="stable")
        return boxes[order].astype(float), marks[order].astype(float)

    def embed(self, image: NDArray[np.uint8], marks: NDArray[np.float64]) -> NDArray[np.float32]:
        """The face at these landmarks (5, 2) as 128 numbers."""
        face = face_align.norm_crop(image, marks.astype(np.float32), 112)
        vector: NDArray[np.float32] = self.recogniser.get_feat(face).flatten()
        return vector


def measure_detector(pack: Pack, scenes: int = 300, first: int = 0) -> Tally:
    """Recall and precision over pictures of 0 to 12 test people; faces of 32 pixels and more, half visible."""
    tally = Tally()
    for index in range(first, first + scenes):
        rng = sample_rng("test", "scene", index)
        scene = draw_random_scene(rng, PEOPLE_TEST, _SIZES[index % len(_SIZES)])
        boxes, marks = pack.find(scene.image)
        labels = np.stack([as_row(face) for face in scene.faces]) if scene.faces else np.zeros((0, 16))
        tally.add(boxes[:, :4], marks, labels.astype(float))
    return tally


def doubtful_share(pack_low: Pack, scenes: int = 100, threshold: float = 0.5) -> float:
    """Share of pictures in which something that is no face scores between the two thresholds of the pack.

    `pack_low` must be loaded with the lower one.
    """
    doubtful = 0
    for index in range(scenes):
        rng = sample_rng("test", "scene", index)
        scene = draw_random_scene(rng, PEOPLE_TEST, _SIZES[index % len(_SIZES)])
        boxes, _ = pack_low.find(scene.image)
        labels = np.array([face.box for face in scene.faces]) if scene.faces else np.zeros((0, 4))
        between = boxes[boxes[:, 4] < threshold, :4]
        alone = overlaps(between, labels).max(axis=1) < 0.3 if len(labels) else np.ones(len(between), bool)
        doubtful += bool(alone.any())
    return doubtful / scenes


@dataclass(frozen=True, slots=True)
class Recognition:
    """Embeddings (n, 128) of the faces that were found, whose they are (n,), and how many were not found.

    `easy` (n,): large and near frontal.
    """

    vectors: NDArray[np.float32]
    who: NDArray[np.int64]
    easy: NDArray[np.bool_]
    missed: int

    def at(self, false_accepts: float) -> tuple[float, float]:
        """True accept rate and threshold at a false accept rate, over all pairs."""
        return true_accept_rate(self.vectors, self.who, false_accepts)

    def easy_ones(self) -> Recognition:
        """The large, near frontal faces alone."""
        return replace(
            self, vectors=self.vectors[self.easy], who=self.who[self.easy], easy=self.easy[self.easy]
        )


def measure_recogniser(
    pack: Pack, people: int = 300, pictures: int = 10, severity: Severity = FULL, smallest: float = 48.0
) -> Recognition:
    """The whole chain for test people: four of them in a picture of 640 pixels; detect, align, embed."""
    vectors, who, easy, missed = [], [], [], 0
    for picture in range(pictures):
        for first in range(0, people, 4):
            group = range(first, min(first + 4, people))
            image, truth, simple = _four(group, picture, severity, smallest)
            boxes, marks = pack.find(image)
            shared = overlaps(truth, boxes[:, :4]) if len(boxes) else np.zeros((len(truth), 1))
            for index, row, one_easy in zip(group, shared, simple, strict=True):
                if row.max() < 0.5:
                    missed += 1
                    continue
                vectors.append(pack.embed(image, marks[int(row.argmax())]))
                who.append(index)
                easy.append(one_easy)
    stacked = np.stack(vectors) if vectors else np.zeros((0, 128), np.float32)
    return Recognition(stacked, np.array(who, np.int64), np.array(easy, bool), missed)


def _four(
    group: range, picture: int, severity: Severity, smallest: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64], list[bool]]:
    """Four separately taken pictures side by side, so that one detection serves four; boxes (4, 4), which are easy."""
    image, boxes, easy = np.zeros((640, 640, 3), np.uint8), [], []
    for place, index in enumerate(group):
        rng = sample_rng("test", "crop", index, picture)
        face = float(np.exp(rng.uniform(np.log(smallest), np.log(220))))
        scene = draw_snapshot(
            Person.from_seed(PEOPLE_TEST.start + index), rng, (320, 320), face, severity=severity
        )
        x, y = 320 * (place % 2), 320 * (place // 2)
        image[y : y + 320, x : x + 320] = scene.image
        left, top, right, bottom = scene.faces[0].box
        boxes.append((left + x, top + y, right + x, bottom + y))
        # drawn anew from the same seed: how the face was turned
        yaw = draw_nuisance(sample_rng("test", "crop", index, picture), severity).pose.yaw
        easy.append(scene.faces[0].size >= LARGE and abs(yaw) <= NEAR_FRONTAL)
    return image, np.array(boxes), easy


def report(folder: Path, scenes: int = 300, people: int = 300, pictures: int = 10) -> dict[str, float]:
    """Everything the model card states, by name."""
    described = tomllib.loads((folder / "pack.toml").read_text())
    sure, perhaps = described["detector"]["threshold"], described["detector"]["candidate_threshold"]
    pack = Pack.load(folder, sure)
    tally = measure_detector(pack, scenes)
    recognition = measure_recogniser(pack, people, pictures)
    (tar3, threshold3), (tar4, _) = recognition.at(1e-3), recognition.at(1e-4)
    return {
        "scenes": scenes,
        "faces": tally.faces,
        "recall": tally.recall,
        "precision": tally.precision,
        "landmark_error_share_of_size": tally.mark_error / max(tally.detected, 1),
        "doubtful_pictures": doubtful_share(Pack.load(folder, perhaps), min(scenes, 100), sure),
        "people": people,
        "pictures_each": pictures,
        "faces_not_found": recognition.missed,
        "tar_at_far_1e-3": tar3,
        "score_at_far_1e-3": threshold3,
        "tar_at_far_1e-4": tar4,
        "easy_faces": int(recognition.easy.sum()),
        "tar_at_far_1e-4_easy": recognition.easy_ones().at(1e-4)[0],
    }
