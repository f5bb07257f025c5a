"""What privacy costs: the pipeline against a bare loop over the same files, and a night with nothing new.

One run on one drawn archive; CPU and wall seconds, and ratios. Times are of this machine at this moment:
compare ratios, not seconds. Writes `bench/results/latest.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from installations import Installed, import_lists, install, job_module  # noqa: E402  # the path comes first

from habeas.cli.bootstrap import JOBS, NEED_CUSTODY  # noqa: E402
from habeas.steps.packs import read  # noqa: E402
from habeas.synthetic.archive_plan import Size  # noqa: E402

ARCHIVE = Size(people=40, portraits=160, groups=20, street=4, unregistered=1, clips=4, clip_ms=12_000, fps=8)
TABLES = ("embeddings", "work", "assets", "decisions", "row_status", "refusals")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="habeas-bench-") as folder:
        result = measure(Path(folder))
    place = PROJECT / "bench" / "results" / "latest.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result)) if as_json else show(result)
    return 0


def measure(folder: Path) -> dict[str, Any]:
    from habeas.settings import Settings
    from habeas.spark.session import open_session

    session = open_session("bench", Settings(home=folder / "spark"), "local[*]")
    installed = install(folder / "home", ARCHIVE, seed=77)
    import_lists(installed)
    night(installed, "first")
    files = worked_files(installed)
    before = versions(installed)
    night(installed, "second")
    embed, publish = (record(installed, "first", step) for step in ("embed", "publish"))
    again = record(installed, "second", "embed")
    session.stop()
    bare = bare_loop(installed, files)
    pipeline = {name: net(embed, name) + net(publish, name) for name in ("cpu", "wall")}
    return {
        "machine": {"cores": os.cpu_count(), "processor": platform.processor() or platform.machine()},
        "files": len(files),
        "faces_embedded": embed["counts"]["embedder_faces"],
        "templates": embed["counts"]["embeddings"],
        "pipeline": {k: round(v, 2) for k, v in pipeline.items()},
        "embed": {name: round(net(embed, name), 2) for name in ("cpu", "wall")},
        "bare_loop": bare,
        "ratio": {name: round(pipeline[name] / bare[name], 2) for name in ("cpu", "wall")},
        "unchanged_night": {
            "decodes": again["counts"].get("frames_decoded", 0),
            "commits": {t: versions(installed)[t] - before[t] for t in TABLES},
            "embed_wall": round(net(again, "wall"), 2),
        },
    }


def night(installed: Installed, run_id: str) -> None:
    for step in JOBS:
        words = ["--run-id", run_id, "--config", str(installed.place.config)]
        words += ["--custody", str(installed.place.custody_file)] if step in NEED_CUSTODY else []
        if code := job_module(JOBS[step]).run(words):
            raise SystemExit(code)


def record(installed: Installed, run_id: str, step: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((installed.place.settings.runs / run_id / f"{step}.json").read_text())
    return found


def net(task: dict[str, Any], kind: str) -> float:
    """Seconds of a task without its session's start."""
    if kind == "cpu":
        return float(task["cpu_seconds"])
    return float(task["seconds"]) - task["counts"]["session_ms"] / 1000


def versions(installed: Installed) -> dict[str, int]:
    return {table: installed.place.reader.version(table) for table in TABLES}


def worked_files(installed: Installed) -> list[Path]:
    """The photos and clips the first night decoded."""
    worked = {row["asset_id"] for row in installed.rows("work")}
    archive = installed.place.settings.archive
    return [
        archive / a["source_id"] / a["location"] for a in installed.rows("assets") if a["asset_id"] in worked
    ]


def bare_loop(installed: Installed, files: list[Path]) -> dict[str, float]:
    """InsightFace as people write it: read, find, embed every face; keyframes of clips; no gate, nothing stored."""
    import av
    import cv2
    from insightface.app import FaceAnalysis

    settings = installed.place.settings
    pack = read(settings.models / settings.pack)

    def loop() -> int:
        faces = 0
        for file in files:
            if file.suffix != ".mp4":
                faces += len(app.get(cv2.imread(str(file))))
                continue
            with av.open(str(file)) as clip:
                clip.streams.video[0].codec_context.skip_frame = "NONKEY"
                faces += sum(len(app.get(f.to_ndarray(format="bgr24"))) for f in clip.decode(video=0))
        return faces

    with tempfile.TemporaryDirectory() as root:  # FaceAnalysis wants its packs in a folder called models
        (Path(root) / "models").symlink_to(settings.models)
        app = FaceAnalysis(name=settings.pack, root=root, allowed_modules=["detection", "recognition"])
        app.prepare(ctx_id=-1, det_thresh=pack.detector.threshold, det_size=pack.detector.input_size)
        return timed(loop)


def timed(work: Callable[[], int]) -> dict[str, float]:
    wall, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    faces = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": round(cpu, 2), "wall": round(time.monotonic() - wall, 2), "faces": faces}


def show(result: dict[str, Any]) -> None:
    table = Table(
        title=f"{result['files']} files, {result['faces_embedded']} faces embedded, {result['machine']['cores']} cores"
    )
    for heading in ("what", "CPU s", "wall s"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    rows = {
        "embed + publish, net of session start": "pipeline",
        "embed alone": "embed",
        "bare FaceAnalysis loop": "bare_loop",
        "ratio (pipeline / bare loop)": "ratio",
    }
    for label, key in rows.items():
        table.add_row(label, str(result[key]["cpu"]), str(result[key]["wall"]))
    console = Console()
    console.print(table)
    rest = result["unchanged_night"]
    console.print(
        f"A night with nothing new: {rest['decodes']} decodes, "
        f"{rest['commits']['embeddings']} commits to embeddings, embed {rest['embed_wall']} s."
    )


if __name__ == "__main__":
    sys.exit(main())
