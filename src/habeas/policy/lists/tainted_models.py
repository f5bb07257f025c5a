"""Models made from data they were not allowed: `policies/tainted.yaml`. Whatever they make is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping

from habeas.model.errors import UsageError
from habeas.policy.lists import strict_yaml

_DIGEST = re.compile(r"[0-9a-f]{64}")


def tainted_of(raw: bytes, file: str) -> Mapping[str, str]:
    """Digest of a file of a model pack, or of a whole pack -> why it is tainted. Raises UsageError with the line."""
    tainted: dict[str, str] = {}
    for node in strict_yaml.entries(raw, file, "models"):
        entry = strict_yaml.fields(node, file, ("digest", "reason"))
        digest = strict_yaml.text(entry["digest"], file)
        place = strict_yaml.place(node, file)
        if not _DIGEST.fullmatch(digest):
            hint = "A pack's pack.toml states the digest of each of its files."
            raise UsageError(f"{place}: digest must be SHA-256 in lower case hex", hint=hint)
        if digest in tainted:
            raise UsageError(
                f"{place}: the model stands already in the list", hint="Keep one entry, with both reasons."
            )
        tainted[digest] = strict_yaml.text(entry["reason"], file)
    return tainted
