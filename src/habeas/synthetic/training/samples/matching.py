"""Which detections are faces: boxes compared with the truth; numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from habeas.faces.boxes import overlaps

Floats = NDArray[np.float64]

SMALLEST: Final = 32.0  # pixels, longer side of the box: smaller faces neither count nor hurt
LEAST_VISIBLE: Final = 0.5  # faces hidden by more than half neither count nor hurt
SAME_BOX: Final = 0.5  # intersection over union


def kept(boxes: Floats, scores: Floats, limit: float) -> NDArray[np.int64]:
    """Non-maximum suppression: places of the boxes that no better box overlaps by more than `limit`."""
    order, chosen = list(np.argsort(-scores, kind="stable")), []
    while order:
        best = order.pop(0)
        chosen.append(best)
        if order:
            shared = overlaps(boxes[[best]], boxes[order])[0]
            order = [o for o, s in zip(order, shared, strict=True) if s <= limit]
    return np.array(chosen, np.int64)


@dataclass(slots=True)
class Tally:
    """Counts over many pictures."""

    faces: int = 0
    detected: int = 0
    detections: int = 0
    wrong: int = 0
    mark_error: float = 0.0

    @property
    def recall(self) -> float:
        """Share of the faces that were detected."""
        return self.detected / max(self.faces, 1)

    @property
    def precision(self) -> float:
        """Share of the detections that are faces."""
        return 1.0 - self.wrong / max(self.detections, 1)

    def add(self, boxes: Floats, marks: Floats, labels: Floats) -> None:
        """One picture: detections (n, 4), (n, 5, 2), best first; labels (m, 16) as in `shards.as_row`."""
        counts = (labels[:, 14] >= SMALLEST) & (labels[:, 15] >= LEAST_VISIBLE)
        self.faces += int(counts.sum())
        free = np.ones(len(labels), bool)
        shared = overlaps(boxes, labels[:, :4]) if len(labels) else np.zeros((len(boxes), 0))
        for row, points in zip(shared, marks, strict=True):
            open_row = np.where(free, row, 0.0)
            best = int(open_row.argmax()) if len(open_row) else -1
            if best < 0 or open_row[best] < SAME_BOX:
                self.detections += 1
                self.wrong += 1
                continue
            free[best] = False
            if counts[best]:
                self.detections += 1
                self.detected += 1
                error = (points - labels[best, 4:14].reshape(5, 2)) / labels[best, 14]
                self.mark_error += float(np.hypot(error[:, 0], error[:, 1]).mean())
