"""Roster lines: how many people are listed in how many places, who is allowed, and who has no template and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from habeas.faces.values import BindingReason
from habeas.oversight.numbers.files import Files
from habeas.oversight.numbers.tally import Tally
from habeas.warehouse.reader import Row

_ABOUT_ONE: Final = (BindingReason.QUALITY, BindingReason.CUT, BindingReason.CROWDED)
"""Reasons that are about the face of one line each."""
_ABOUT_SOME: Final = (*_ABOUT_ONE, BindingReason.AMBIGUOUS)

GONE, WAITING, SHUT, NO_FACE, SEVERAL = "file_gone", "waiting", "template_shut", "no_face", "one_of_several"
"""Reasons of ours beside those of files and faces."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Roster lines that name a person. `without`: line_id -> why an allowed one has no open template."""

    listed: int
    allowed: int
    refused: int
    undecided: int
    placeholders: int
    without: Mapping[str, str]

    @property
    def with_template(self) -> int:
        """Number of allowed lines that have a template."""
        return self.allowed - len(self.without)

    @property
    def without_by(self) -> dict[str, int]:
        """Number of allowed lines without a template, by reason."""
        return dict(sorted(Counter(self.without.values()).items()))


def count_lines(tally: Tally, files: Files, states: Mapping[str, str]) -> Lines:
    """Count. `states`: what each stored template is now. A line is allowed if it is for at least one purpose."""
    named = {row["line_id"]: row for row in tally.rosters if row["subject_id"] is not None}
    effects: dict[str, set[str]] = {}
    for row in tally.decisions:
        if row["action"] == "embed" and row["line_id"] in named:
            effects.setdefault(row["line_id"], set()).add(row["effect"])
    allowed = {line for line, answers in effects.items() if "allow" in answers}
    return Lines(
        listed=len(named),
        allowed=len(allowed),
        refused=len(effects) - len(allowed),
        undecided=len(named) - len(effects),
        placeholders=len(tally.rosters) - len(named),
        without=_without(tally, files, states, {line: named[line] for line in allowed}),
    )


def _without(
    tally: Tally, files: Files, states: Mapping[str, str], allowed: Mapping[str, Row]
) -> dict[str, str]:
    stored: dict[str, set[str]] = {}
    for row in tally.embeddings:
        stored.setdefault(row["line_id"], set()).add(states[row["row_id"]])
    faces = _refused_faces(tally)
    failed = {row["asset_id"]: row["reason"] for row in tally.quarantine if row["item"] == "row"}
    missing: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for line, row in allowed.items():
        asset, shut = row["asset_id"], stored.get(line)
        if shut and "open" in shut:
            continue
        if shut:
            reasons[line] = SHUT
        elif asset not in tally.present:
            reasons[line] = GONE
        elif (why := files.set_aside.get(asset) or files.refused.get(asset)) is not None:
            reasons[line] = why
        elif asset in files.waiting:
            reasons[line] = WAITING
        else:
            missing.setdefault(asset, []).append(line)
    for asset, lines in missing.items():
        why = failed.get(asset) or _face(faces.get(asset, Counter()), len(lines))
        reasons |= dict.fromkeys(lines, why)
    return reasons


def _face(refused: Counter[str], lines: int) -> str:
    """Why a file that was searched gave some allowed lines no template.

    Which line a refused face was about is not kept (nothing of a refused face is), so where its file had faces
    refused for several reasons, or fewer of them than lines, the reason is `one_of_several`.
    """
    if not refused:
        return NO_FACE
    reason, count = next(iter(refused.items()))
    certain = len(refused) == 1 and (reason not in _ABOUT_ONE or count >= lines)
    return reason if certain else SEVERAL


def _refused_faces(tally: Tally) -> dict[str, Counter[str]]:
    """asset_id -> faces of its newest work by reason, of the reasons that may be about an allowed line."""
    counts: dict[str, Counter[str]] = {}
    for row in tally.refusals:
        if row["reason"] in _ABOUT_SOME:
            counts.setdefault(row["asset_id"], Counter())[row["reason"]] += row["count"]
    return counts
