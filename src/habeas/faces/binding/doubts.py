"""Which boxes below the detection threshold make a binding ambiguous: those that may be the person of the line.

A candidate may be a true face that the detector nearly missed, beside a bystander that it found: then the bystander
must not be bound. It may as well be a raised hand. What tells them apart without a look at a face:

- place: what lies inside the face's own box is a part of it, and what lies nearer to the middle of a portrait than the
  face, by more than half the face, may be whom the portrait is of;
- size: in a portrait, what is smaller than the face is less likely to be whom it is of, so its score counts for less;
- persistence: what is there at few of the looks at a face of a clip is a movement.

A line with a region says where its person is, and every box there counts, whatever its size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from habeas.faces.values import Steps, Track
from habeas.model.installation.limits import BindingRules
from habeas.model.lines import Line

PART = 0.9
"""Share of a candidate's box inside the face's from which it is a part of the face, if it is less than half of it."""


def spoil(line: Line, face: Track, candidates: Sequence[Track], photo: bool, rules: BindingRules) -> bool:
    """True if a candidate in the line's scope makes it doubtful whom the line is about."""
    counted = [one for one in candidates if not _part_of(face.steps, one.steps)]
    if photo:
        return any(line.region is not None or _weighs(face, one, rules) for one in counted)
    looks = np.unique(np.concatenate([one.steps[:, 0] for one in counted])).size if counted else 0
    return looks > 0 and looks >= rules.candidate_share * len(face.steps)


def _weighs(face: Track, candidate: Track, rules: BindingRules) -> bool:
    """Photos only: each track has one step."""
    one, other = face.steps[0], candidate.steps[0]
    size, its = _shorter(one), _shorter(other)
    if _from_middle(other) < _from_middle(one) - size / 2:
        return True
    return candidate.score * min(1.0, its / max(size, 1e-9)) >= rules.candidate_weight


def _part_of(face: Steps, candidate: Steps) -> bool:
    """True if, whenever the candidate is there, it lies inside the face's box and is less than half of it."""
    _, mine, its = np.intersect1d(face[:, 0], candidate[:, 0], return_indices=True)
    if its.size < len(candidate):
        return False
    a, b = face[mine, 1:5], candidate[its, 1:5]
    shared = np.clip(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0, None).prod(1)
    area, whole = (b[:, 2:] - b[:, :2]).prod(1), (a[:, 2:] - a[:, :2]).prod(1)
    return bool(((shared >= PART * area) & (area < whole / 2)).all())


def _shorter(step: Steps) -> float:
    return float(min(step[3] - step[1], step[4] - step[2]))


def _from_middle(step: Steps) -> float:
    """Pixels from the middle of the box to the middle of the picture."""
    return float(np.hypot((step[1] + step[3] - step[5]) / 2, (step[2] + step[4] - step[6]) / 2))
