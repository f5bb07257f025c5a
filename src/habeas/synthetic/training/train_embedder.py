"""Training of the embedder. Everything that is drawn at random follows from the iteration's number."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from habeas.synthetic.people import Person
from habeas.synthetic.seeds import PEOPLE_VALIDATION, sample_rng
from habeas.synthetic.training import loop, shards
from habeas.synthetic.training.alignment import SIDE, TEMPLATE, similarity
from habeas.synthetic.training.embedder import CosineMargin, Embedder
from habeas.synthetic.training.scores import true_accept_rate

ITERATIONS: Final = 5_000
BATCH: Final = 128
RIVALS: Final = 2_500  # people a batch is told apart from, of all people
PEAK: Final = 3e-3
NEW_SHARD_EVERY: Final = 600  # iterations; training starts while later shards are still being drawn


class Crops:
    """Batches of aligned, jittered faces from the shards drawn so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pixels: list[NDArray[np.uint8]] = []
        self._marks: list[NDArray[np.float32]] = []

    def _open(self, shard: int) -> None:
        while len(self._pixels) <= shard:
            path = shards.wait_for(shards.crop_path(self._folder, len(self._pixels)))
            self._pixels.append(np.load(path, mmap_mode="r"))
            self._marks.append(np.load(path.with_suffix(".npz"))["landmarks"])

    def batch(self, iteration: int) -> tuple[Tensor, NDArray[np.int64]]:
        """Faces (BATCH, 3, 112, 112) in -1..1, RGB, and person numbers (BATCH,)."""
        rng = sample_rng("train", "crop", iteration, 999)
        newest = min(shards.CROP_SHARDS - 1, iteration // NEW_SHARD_EVERY)
        self._open(newest)
        people = rng.choice(len(self._pixels[0]), BATCH, replace=False)
        which = rng.integers(0, newest + 1, BATCH)
        faces = np.stack(
            [jittered(self._pixels[s][p], self._marks[s][p], rng) for s, p in zip(which, people, strict=True)]
        )
        return as_input(faces), people


def jittered(
    window: NDArray[np.uint8], marks: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The 112 x 112 square as a detector with a detector's errors would have aligned it, sometimes part erased."""
    error = rng.uniform(0.0, 3.2)
    noisy = marks + rng.normal(0.0, error, (5, 2)) + rng.normal(0.0, 0.5 * error, 2)
    matrix = similarity(noisy.astype(float), TEMPLATE)
    face = cv2.warpAffine(window, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    if rng.random() < 0.25:
        w, h = rng.integers(10, 45, 2)
        x, y = rng.integers(0, SIDE - w), rng.integers(0, SIDE - h)
        face[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return face.astype(np.uint8, copy=False)


def as_input(faces: NDArray[np.uint8]) -> Tensor:
    """BGR uint8 (n, 112, 112, 3) to what the network takes."""
    batch = torch.from_numpy(np.ascontiguousarray(faces[..., ::-1])).permute(0, 3, 1, 2).float()
    return ((batch - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)


def validation_faces(people: int = 150, pictures: int = 4) -> tuple[Tensor, NDArray[np.int64]]:
    """Aligned faces of people no training has seen, with a fixed landmark jitter."""
    faces, who = [], []
    for index in range(people):
        person = Person.from_seed(PEOPLE_VALIDATION.start + index)
        for picture in range(pictures):
            rng = sample_rng("validation", "crop", index, picture)
            window, marks = shards.draw_crop(person, rng)
            noisy = marks + rng.normal(0.0, 1.2, (5, 2))
            faces.append(cv2.warpAffine(window, similarity(noisy.astype(float), TEMPLATE), (SIDE, SIDE)))
            who.append(index)
    return as_input(np.stack(faces)), np.array(who)


@torch.no_grad()
def validate(net: Embedder, faces: Tensor, who: NDArray[np.int64]) -> float:
    """True accept rate at a false accept rate of 1e-3."""
    net.eval()
    vectors = torch.cat([net(part) for part in faces.split(100)]).numpy()
    return true_accept_rate(vectors, who, 1e-3)[0]


def train(folder: Path, iterations: int = ITERATIONS) -> None:
    """Train or go on training; leaves `embedder.pt` in the folder, beside the shards' folder."""
    torch.manual_seed(20_240_601)
    crops, faces_who = Crops(folder / "shards"), validation_faces()
    net: Embedder = Embedder().to(memory_format=torch.channels_last)
    head, average = CosineMargin(shards.CROP_PEOPLE), loop.Average(net, 0.998)
    weights = [p for p in net.parameters() if p.ndim > 1]
    other = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 0.05}, {"params": [*other, head.centres], "weight_decay": 0.0}]
    )
    first, path = 0, folder / "embedder.pt"
    if state := loop.load(path):
        net.load_state_dict(state["net"])
        head.load_state_dict(state["head"])
        average.net.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["iteration"]
    started, total = time.monotonic(), 0.0
    for iteration in range(first, iterations):
        rate = loop.learning_rate(iteration, iterations, PEAK)
        for group in optimiser.param_groups:
            group["lr"] = rate
        net.train()
        loss = _step(net, head, crops, iteration, iterations)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update(net, iteration)
        total += float(loss.detach())
        done = iteration + 1
        if done % 50 == 0:
            print(
                f"{done} loss {total / 50:.3f} {(time.monotonic() - started) / (done - first):.3f} s/it",
                flush=True,
            )
            total = 0.0
        if done % 250 == 0 or done == iterations:
            loop.save(
                path,
                {
                    "net": net.state_dict(),
                    "head": head.state_dict(),
                    "average": average.net.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "iteration": done,
                },
            )
        if done % 500 == 0 or done == iterations:
            print(f"{done} validation TAR {validate(average.net, *faces_who):.4f} at FAR 1e-3", flush=True)


def _step(net: Embedder, head: CosineMargin, crops: Crops, iteration: int, iterations: int) -> Tensor:
    faces, people = crops.batch(iteration)
    margin = 0.30 * min(1.0, max(0.0, iteration / iterations - 0.10) / 0.60)
    rivals = sample_rng("train", "other", iteration).choice(shards.CROP_PEOPLE, RIVALS, replace=False)
    rivals = np.concatenate([people, np.setdiff1d(rivals, people)])
    with torch.autocast("cpu", torch.bfloat16):
        embeddings = net(faces)
    who = torch.arange(len(people))
    loss: Tensor = head(embeddings, who, torch.from_numpy(rivals), margin)
    return loss
