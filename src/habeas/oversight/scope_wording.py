"""The footage that a scope is about, in words: one wording for statements, leave-outs, logs and explanations."""

from __future__ import annotations

from typing import Final

from habeas.model.people import Scope
from habeas.oversight.explanation_step import day

_KINDS: Final = {
    "sources": "source", "sites": "site", "events": "event", "lots": "lot", "folders": "folder", "assets": "file",
}  # fmt: skip
_DIGESTS: Final = ("folders", "assets")


def scope_words(scope: Scope, id_length: int | None = None) -> str:
    """Every part that is named must fit. `id_length`: of the ids of folders and files only so much is shown."""
    parts = []
    for kind, word in _KINDS.items():
        names = getattr(scope, kind)
        shown = [name[:id_length] for name in names] if kind in _DIGESTS else names
        if names:
            parts.append(f"{word} {' or '.join(shown)}")
    when = [f"from {day(scope.from_at)} on"] if scope.from_at else []
    when += [f"before {day(scope.to_at)}"] if scope.to_at else []
    where = f"footage of {' and '.join(parts)}" if parts else "all footage"
    return where + (f" captured {' and '.join(when)}" if when else "")
