"""How a program that is started here spells the names of files."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping


def spells_utf8(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a program that is started with this environment takes file names for UTF-8."""
    name = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "C"
    return locale.normalize(name).rpartition(".")[2].lower().replace("-", "") == "utf8"
