"""Stands in for every job where a test is about the scheduler: leaves a record, or ends with the exit code it is told."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

TASKS = {
    "catalog_assets": "catalog",
    "decide": "decide",
    "embed_faces": "embed",
    "check_embeddings": "check",
    "publish_embeddings": "publish",
    "plan_backfill": "plan",
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--run-id")
    parser.add_argument("--config", type=Path)
    given, _ = parser.parse_known_args()
    task = TASKS[Path(sys.argv[0]).stem]
    home = given.config.parent
    with (home / "calls").open("a") as calls:
        calls.write(f"{task}\n")
    slow = os.environ.get("STAND_IN_SLOW") == task and not (home / "slowed").exists()
    if slow:
        (home / "slowed").touch()
        time.sleep(600)
    code = int(os.environ.get(f"STAND_IN_{task.upper()}", "0"))
    if not code:
        folder = home / "runs" / given.run_id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{task}.json").write_text(json.dumps({"task": task, "status": "done"}))
    sys.exit(code)
