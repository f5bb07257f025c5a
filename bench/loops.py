"""What people write by hand, to be held against: InsightFace's own loop, and one that is as frugal as habeas."""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
from insightface.app import FaceAnalysis

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.model_packs.registry import read
from habeas.faces.tracking.tracker import Tracker
from habeas.media.photos import decode as images
from habeas.model.installation.limits import FaceRules, MediaLimits


def stock(files: Sequence[Path], pack: Path) -> Callable[[], list[int]]:
    """FaceAnalysis as its README shows it: every module, default threads, the whole picture decoded."""
    about = read(pack)
    root = Path(tempfile.mkdtemp())  # it wants its packs in a folder called models
    (root / "models").symlink_to(pack.parent)
    app = FaceAnalysis(name=pack.name, root=str(root))
    app.prepare(ctx_id=-1, det_thresh=about.detector.threshold, det_size=about.detector.input_size)
    return lambda: [len(app.get(cv2.imread(str(file)))) for file in files]


def bare(files: Sequence[Path], pack: Path, wanted: Sequence[int]) -> Callable[[], list[int]]:
    """The same networks, threads and decoder as habeas, one picture after another; nothing is asked or stored.

    `wanted`: of how many faces of each picture vectors are made, as many as habeas makes.
    """
    limits, rules = MediaLimits(), FaceRules(smallest_px=1000)  # one look a picture, as the other loop has
    models = insightface_pack.load(read(pack), pack, rules.smallest_px)

    def loop() -> list[int]:
        found = []
        for file, most in zip(files, wanted, strict=True):
            with file.open("rb") as opened:
                frame = images.decode(opened.fileno(), limits)
            tracker = Tracker(rules, models.threshold)
            tracker.add(frame, models.detect(frame.image))
            faces = [track for track in tracker.finish() if not track.candidate]
            crops = [models.align(track.sightings[0]) for track in faces[:most]]
            models.embed([crop for crop in crops if crop is not None])
            found.append(len(faces))
        return found

    return loop


def main() -> None:
    """One loop over the files named in a list, in a process of its own; what it cost, as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("kind", choices=["stock", "bare"])
    parser.add_argument("pack", type=Path)
    parser.add_argument(
        "files", type=Path, help="JSON list of paths, each with how many faces are wanted of it"
    )
    asked = parser.parse_args()
    listed = json.loads(asked.files.read_text())
    files, wanted = [Path(name) for name, _ in listed], [count for _, count in listed]

    def loop(count: int) -> Callable[[], list[int]]:
        if asked.kind == "stock":
            return stock(files[:count], asked.pack)
        return bare(files[:count], asked.pack, wanted[:count])

    loop(4)()  # what is loaded late is loaded
    run = loop(len(files))
    before, wall = _spent(), time.monotonic()
    faces = run()
    told = {"cpu": round(_spent() - before, 3), "wall": round(time.monotonic() - wall, 3), "faces": faces}
    print(json.dumps(told))
    os._exit(0)


def _spent() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
