"""Where the border of the picture cuts a face. What counts is what recognition needs, not the detector's box.

Tight crops (passport photos, chips) have boxes that reach over the border by half a pixel, and some by a tenth of the
face, with every landmark inside: their templates are as good as others (decision 0033).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from habeas.faces.values import Steps
from habeas.model.installation.limits import BindingRules

FILLS = 0.5
"""A face whose longer side is at least so much of the picture's shorter one fills it: the picture was cropped to it,
so the person is meant. A smaller one that the border cuts may be a passer-by in a picture of another person."""


def cut(steps: Steps, rules: BindingRules, *, alone: bool) -> bool:
    """True if the border cuts the face at any time. `alone`: it is the only face of a photo whose roster has one line.

    `steps`: (n, 8), see `Steps`.
    """
    tight = alone and bool((_longer(steps) >= FILLS * steps[:, 5:7].min(1)).all())
    most = rules.max_outside_alone if tight else rules.max_outside
    return bool(((steps[:, 7] < (0 if tight else rules.border_px)) | (outside(steps) > most)).any())


def outside(steps: Steps) -> NDArray[np.float64]:
    """(n,) float64: the share (0 to 1) of each box that lies outside the picture. `steps`: (n, 8), see `Steps`."""
    low, high = np.clip(steps[:, 1:3], 0, steps[:, 5:7]), np.clip(steps[:, 3:5], 0, steps[:, 5:7])
    whole = np.maximum((steps[:, 3:5] - steps[:, 1:3]).prod(1), 1e-9)
    share: NDArray[np.float64] = 1 - (high - low).prod(1) / whole
    return share


def _longer(steps: Steps) -> NDArray[np.float64]:
    longer: NDArray[np.float64] = (steps[:, 3:5] - steps[:, 1:3]).max(1)
    return longer
