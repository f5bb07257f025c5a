"""Opens a session as a job does, and prints the settings that are named: for a test of what spark-submit is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from habeas.model.installation.settings import Settings
from habeas.warehouse.spark_session import open_session

if __name__ == "__main__":
    home, *names = sys.argv[1:]
    session = open_session("test", Settings(home=Path(home)))
    found = {name: session.conf.get(name, "") for name in names}
    session.stop()
    sys.stdout.write(json.dumps(found) + "\n")
