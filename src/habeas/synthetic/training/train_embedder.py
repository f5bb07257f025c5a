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

from habeas.synthetic.drawing.people import Person
from habeas.synthetic.seeds import PEOPLE_VALIDATION, sample_rng
from habeas.synthetic.training import loop
from habeas.synthetic.training.networks.embedder import CosineMargin, Embedder
from habeas.synthetic.training.samples import shards
from habeas.synthetic.training.samples.alignment import SIDE, TEMPLATE, similarity
from habeas.synthetic.training.samples.jitter import as_input, jittered
from habeas.synthetic.training.scores import true_accept_rate

ITERATIONS: Final = 12_000
BATCH: Final = 256
PEAK: Final = 3e-3
MARGIN: Final = 0.30
NEW_SHARD_EVERY: Final = 500  # iterations; training starts while later shards are still being drawn
SAVE_EVERY: Final = 250


class Crops:
    """Batches of aligned, jittered faces from the shards drawn so far. On a GPU, shards are kept there."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._folder, self._device = folder, device
        self._pixels: list[Tensor] = []
        self._marks: list[NDArray[np.float32]] = []

    def _open(self, shard: int) -> None:
        while len(self._pixels) <= shard:
            path = shards.wait_for(shards.crop_path(self._folder, len(self._pixels)))
            # "c": nothing is written, but torch asks for memory that could be
            self._pixels.append(torch.from_numpy(np.load(path, mmap_mode="c")).to(self._device))
            self._marks.append(np.load(path.with_suffix(".npz"))["landmarks"])

    def batch(self, iteration: int) -> tuple[Tensor, Tensor]:
        """Faces (BATCH, 3, 112, 112) in -1..1, RGB, and person numbers (BATCH,)."""
        rng = sample_rng("train", "crop", iteration, 999)
        newest = min(shards.CROP_SHARDS - 1, iteration // NEW_SHARD_EVERY)
        self._open(newest)
        people = rng.choice(len(self._pixels[0]), BATCH, replace=False)
        which = rng.integers(0, newest + 1, BATCH)
        windows = torch.empty((BATCH, *self._pixels[0].shape[1:]), dtype=torch.uint8, device=self._device)
        for shard in np.unique(which):
            here = np.flatnonzero(which == shard)
            chosen = torch.from_numpy(people[here]).to(self._device)
            windows[torch.from_numpy(here).to(self._device)] = self._pixels[shard][chosen]
        marks = np.stack([self._marks[s][p] for s, p in zip(which, people, strict=True)])
        return jittered(windows, marks.astype(float), rng), torch.from_numpy(people).to(self._device)


def validation_faces(people: int = 150, pictures: int = 4) -> tuple[Tensor, NDArray[np.int64]]:
    """Aligned faces of people no training has seen, with a fixed landmark jitter."""
    faces, who = [], []
    for index in range(people):
        person = Person.from_seed(PEOPLE_VALIDATION.start + index)
        for picture in range(pictures):
            rng = sample_rng("validation", "crop", index, picture)
            window, marks = shards.draw_crop(person, rng)
            noisy = marks + rng.normal(0.0, 1.6, (5, 2))
            faces.append(cv2.warpAffine(window, similarity(noisy.astype(float), TEMPLATE), (SIDE, SIDE)))
            who.append(index)
    return as_input(torch.from_numpy(np.stack(faces))), np.array(who)


@torch.no_grad()
def validate(net: Embedder, faces: Tensor, who: NDArray[np.int64]) -> float:
    """True accept rate at a false accept rate of 1e-3."""
    net.eval()
    vectors = torch.cat([net(part) for part in faces.split(100)]).cpu().numpy()
    return true_accept_rate(vectors, who, 1e-3)[0]


def train(folder: Path, device: torch.device, iterations: int = ITERATIONS) -> None:
    """Train or go on training; leaves `embedder.pt` in the folder, beside the shards' folder."""
    torch.manual_seed(20_240_601)
    crops, (faces, who) = Crops(folder / "shards", device), validation_faces()
    faces = faces.to(device)
    net: Embedder = Embedder().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    head, average = CosineMargin(shards.CROP_PEOPLE).to(device), loop.Average(net, 0.998)
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
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate(iteration, iterations, PEAK)
        net.train()
        loss = _step(net, head, crops, iteration, iterations)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        average.update(net, iteration)
        total += float(loss.detach())
        done = iteration + 1
        if done % 50 == 0:
            pace = (time.monotonic() - started) / (done - first)
            print(f"{done} loss {total / 50:.3f} {pace:.3f} s/it", flush=True)
            total = 0.0
        if done % SAVE_EVERY == 0 or done == iterations:
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
        if done % 1000 == 0 or done == iterations:
            print(f"{done} validation TAR {validate(average.net, faces, who):.4f} at FAR 1e-3", flush=True)


def _step(net: Embedder, head: CosineMargin, crops: Crops, iteration: int, iterations: int) -> Tensor:
    faces, people = crops.batch(iteration)
    margin = MARGIN * min(1.0, max(0.0, iteration / iterations - 0.10) / 0.60)
    with torch.autocast(faces.device.type, torch.bfloat16):
        embeddings = net(faces)
    loss: Tensor = head(embeddings, people, margin)
    return loss
