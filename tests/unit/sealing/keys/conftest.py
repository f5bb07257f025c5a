from __future__ import annotations

from keeping import custodian, fresh_custody, keeping, registrar, watcher  # noqa: F401 - fixtures
