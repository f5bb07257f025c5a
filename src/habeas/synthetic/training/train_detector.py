"""Training of the detector. Everything that is drawn at random follows from the iteration's number."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from habeas.synthetic.drawing.scenes import draw_random_scene
from habeas.synthetic.seeds import PEOPLE_VALIDATION, sample_rng
from habeas.synthetic.training import loop
from habeas.synthetic.training.networks.detector import Detector
from habeas.synthetic.training.samples import shards, targets
from habeas.synthetic.training.samples.matching import Tally, kept

ITERATIONS: Final = 7_500
BATCH: Final = {320: 16, 640: 4}  # picture side -> pictures
PEAK: Final = 2.5e-3
NEW_SHARD_EVERY: Final = 250
LARGE_EVERY: Final = 5  # every fifth batch has large pictures
_MIRROR: Final = [1, 0, 2, 4, 3]  # landmarks of a mirrored face


class Scenes:
    """Batches of pictures, mirrored, resized, shifted and tinted at random."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[
            tuple[int, int], tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]
        ] = {}

    def _shard(
        self, side: int, shard: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]:
        if (side, shard) not in self._open:
            path = shards.wait_for(shards.scene_path(self._folder, side, shard))
            labels = np.load(path.with_suffix(".npz"))
            self._open[side, shard] = (np.load(path, mmap_mode="r"), labels["faces"], labels["count"])
        return self._open[side, shard]

    def batch(self, iteration: int) -> tuple[Tensor, list[NDArray[np.float32]], int]:
        """Pictures (n, 3, side, side) RGB as the network takes them, their faces (m, 16) each, and the side."""
        rng = sample_rng("train", "scene", iteration, 999)
        side = 640 if iteration % LARGE_EVERY == LARGE_EVERY - 1 else 320
        newest = min(shards.SCENE_SHARDS[320] - 1, 2 + iteration // NEW_SHARD_EVERY)
        pictures, faces = [], []
        for _ in range(BATCH[side]):
            if side == 640 and rng.random() < 0.5:
                picture, rows = self._four(rng, newest)
            else:
                shard = 0 if side == 640 else int(rng.integers(0, newest + 1))
                picture, rows = self._one(rng, side, shard)
            pictures.append(picture)
            faces.append(rows)
        return as_input(np.stack(pictures)), faces, side

    def _one(
        self, rng: np.random.Generator, side: int, shard: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        pixels, faces, count = self._shard(side, shard)
        index = int(rng.integers(0, len(count)))
        return varied(pixels[index], faces[index, : count[index]].copy(), rng)

    def _four(self, rng: np.random.Generator, newest: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Four small pictures as one large one: many faces, many sizes."""
        whole, all_faces = np.zeros((640, 640, 3), np.uint8), []
        for y in (0, 320):
            for x in (0, 320):
                part, faces = self._one(rng, 320, int(rng.integers(0, newest + 1)))
                whole[y : y + 320, x : x + 320] = part
                faces[:, 0:14:2] += x
                faces[:, 1:14:2] += y
                all_faces.append(faces)
        return whole, np.concatenate(all_faces)


def varied(
    picture: NDArray[np.uint8], faces: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Mirrored or not, another size and place on black, other colours; the labels follow."""
    side = picture.shape[0]
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        faces[:, 0:14:2] = side - 1 - faces[:, 0:14:2]
        faces[:, [0, 2]] = faces[:, [2, 0]]
        faces[:, 4:14] = faces[:, 4:14].reshape(-1, 5, 2)[:, _MIRROR].reshape(-1, 10)
    if rng.random() < 0.7:
        scale = float(np.exp(rng.uniform(np.log(0.55), np.log(1.5))))
        low, high = min(0.0, side * (1 - scale)), max(0.0, side * (1 - scale))
        shift = rng.uniform(low, high, 2)
        if scale < 1 and rng.random() < 0.5:
            shift[:] = 0.0  # top left, as pictures that do not fill the square are padded
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        picture = cv2.warpAffine(np.ascontiguousarray(picture), matrix, (side, side)).astype(
            np.uint8, copy=False
        )
        faces[:, 0:14:2] = faces[:, 0:14:2] * scale + shift[0]
        faces[:, 1:14:2] = faces[:, 1:14:2] * scale + shift[1]
        faces[:, 14] *= scale
        inside = np.clip(faces[:, :4], 0, side)
        area = (faces[:, 2] - faces[:, 0]) * (faces[:, 3] - faces[:, 1])
        faces[:, 15] *= (inside[:, 2] - inside[:, 0]) * (inside[:, 3] - inside[:, 1]) / np.maximum(area, 1e-6)
        faces = faces[faces[:, 15] > 0.02]
    gains = np.exp(rng.normal(0, 0.12, 3) + rng.normal(0, 0.12))
    table = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)
    return cv2.LUT(np.ascontiguousarray(picture), table[None]).astype(np.uint8, copy=False), faces


def as_input(pictures: NDArray[np.uint8]) -> Tensor:
    """BGR uint8 (n, h, w, 3) to what the network takes."""
    batch = torch.from_numpy(np.ascontiguousarray(pictures[..., ::-1])).permute(0, 3, 1, 2).float()
    return ((batch - 127.5) / 128.0).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def recalibrate(net: Detector, scenes: Scenes, batches: int = 60) -> None:
    """Measure the batch norms' means anew for the averaged weights, over pictures of both sizes."""
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
    net.train()
    for number in range(batches):
        net(scenes.batch(1_000_000 + (5 * number + 4 if number % 2 else 5 * number))[0])
    net.eval()
    for norm in norms:
        norm.momentum = 0.1


@torch.no_grad()
def validate(net: Detector, number: int = 60, threshold: float = 0.5) -> Tally:
    """Recall, precision and landmark error on pictures no training has seen."""
    net.eval()
    tally, grid = Tally(), targets.anchors(640, 640)
    for index in range(number):
        scene = draw_random_scene(sample_rng("validation", "scene", index), PEOPLE_VALIDATION, (640, 640))
        outputs = net(as_input(scene.image[None]))
        score, box, mark = (torch.cat([level[k][0] for level in outputs]).numpy() for k in range(3))
        sure = 1 / (1 + np.exp(-score[:, 0])) > threshold
        at, size = grid[sure, :2], grid[sure, 2:3]
        boxes = np.concatenate([at - box[sure, :2] * size, at + box[sure, 2:] * size], 1).astype(float)
        marks = mark[sure].reshape(-1, 5, 2) * size[:, None] + at[:, None]
        best = kept(boxes, score[sure, 0].astype(float), 0.4)
        labels = np.stack([shards.as_row(f) for f in scene.faces]) if scene.faces else np.zeros((0, 16))
        tally.add(boxes[best], marks[best].astype(float), labels.astype(float))
    return tally


def train(folder: Path, iterations: int = ITERATIONS) -> None:
    """Train or go on training; leaves `detector.pt` in the folder, beside the shards' folder."""
    torch.manual_seed(20_240_602)
    scenes, path, first = Scenes(folder / "shards"), folder / "detector.pt", 0
    net: Detector = Detector().to(memory_format=torch.channels_last)
    average = loop.Average(net, 0.998)
    weights, other = [p for p in net.parameters() if p.ndim > 1], [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 0.05}, {"params": other, "weight_decay": 0.0}]
    )
    if state := loop.load(path):
        net.load_state_dict(state["net"])
        average.net.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["iteration"]
    grids = {side: targets.anchors(side, side) for side in BATCH}
    started, sums = time.monotonic(), np.zeros(3)
    for iteration in range(first, iterations):
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(iteration, iterations, PEAK)
        net.train()
        pictures, faces, side = scenes.batch(iteration)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = net(pictures)
        loss, parts = targets.loss(outputs, grids[side], faces)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimiser.step()
        average.update(net, iteration)
        sums += list(parts.values())
        done = iteration + 1
        if done % 50 == 0:
            pace = (time.monotonic() - started) / (done - first)
            score, box, mark = sums / 50
            print(f"{done} score {score:.4f} box {box:.4f} mark {mark:.5f} {pace:.3f} s/it", flush=True)
            sums[:] = 0.0
        if done % 250 == 0:
            _save(path, done, net, average, optimiser)
        if done % 1000 == 0:
            _announce(done, average)
    recalibrate(average.net, scenes)
    _save(path, iterations, net, average, optimiser)
    _announce(iterations, average)


def _save(
    path: Path, done: int, net: Detector, average: loop.Average[Detector], optimiser: torch.optim.Optimizer
) -> None:
    state = {
        "net": net.state_dict(),
        "average": average.net.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    loop.save(path, {**state, "iteration": done})


def _announce(done: int, average: loop.Average[Detector]) -> None:
    tally = validate(average.net)
    print(
        f"{done} validation recall {tally.recall:.4f} precision {tally.precision:.4f} "
        f"landmarks {100 * tally.mark_error / max(tally.detected, 1):.2f} % of size",
        flush=True,
    )
