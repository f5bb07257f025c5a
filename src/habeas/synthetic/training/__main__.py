"""Train the synthetic pack: `python -m habeas.synthetic.training all`, hours on two cores, minutes beside a GPU.

`all` draws the shards, trains both networks side by side, writes the pack and measures it.
Each step can be called alone and goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

STEPS = ("scenes", "crops", "detector", "embedder", "export", "evaluate")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run one step, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m habeas.synthetic.training", description=__doc__)
    parser.add_argument("step", choices=(*STEPS, "all"))
    parser.add_argument("--work", type=Path, default=Path("var/train"), help="shards and checkpoints")
    parser.add_argument("--pack", type=Path, default=Path("models/synthetic"), help="the pack's folder")
    parser.add_argument("--version", default="2", help="version written into pack.toml")
    parser.add_argument("--score", type=float, default=0.40, help="same_person_score written into pack.toml")
    parser.add_argument(
        "--processes", type=int, default=max(1, (os.cpu_count() or 1) - 1), help="processes that draw crops"
    )
    parser.add_argument(
        "--device", default="", help="where the embedder is trained: cpu, cuda; default: cuda if there"
    )
    options = parser.parse_args(arguments)
    if options.step == "all":
        return _all(options)
    _run(options)
    return 0


def _all(options: argparse.Namespace) -> int:
    """Drawing and training overlap: a trainer waits for the shard it needs next."""
    together = [_start(step, options) for step in ("scenes", "crops", "detector", "embedder")]
    codes = [process.wait() for process in together]  # all of them, also after one has failed
    if any(codes):
        return 1
    return next((code for step in ("export", "evaluate") if (code := _start(step, options).wait())), 0)


def _start(step: str, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "habeas.synthetic.training", step, "--work", str(options.work)]
    command += ["--pack", str(options.pack), "--version", options.version, "--score", str(options.score)]
    command += ["--processes", str(options.processes), "--device", options.device]
    # one thread each: more would fight over the same cores and change the last bits
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return subprocess.Popen(command, env={**os.environ, **one})


def _run(options: argparse.Namespace) -> None:
    import cv2

    cv2.setNumThreads(1)
    shards_folder = options.work / "shards"
    shards_folder.mkdir(parents=True, exist_ok=True)
    if options.step == "scenes":
        from habeas.synthetic.training.samples import shards

        shards.draw_all_scenes(shards_folder)
    elif options.step == "crops":
        from habeas.synthetic.training.samples import shards

        shards.draw_all_crops(shards_folder, options.processes)
    elif options.step == "evaluate":
        from habeas.synthetic.training.evaluate import report

        print(json.dumps(report(options.pack), indent=2))
    else:
        _with_torch(options)


def _with_torch(options: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(1)
    if options.step == "detector":
        from habeas.synthetic.training import train_detector

        train_detector.train(options.work)
    elif options.step == "embedder":
        from habeas.synthetic.training import train_embedder

        device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
        train_embedder.train(options.work, torch.device(device))
    else:
        from habeas.synthetic.training.export import export

        export(options.work, options.pack, options.version, options.score)


if __name__ == "__main__":
    sys.exit(main())
