"""Where a loaded detector looks in a picture: once at the whole, and more often where that is not enough.

- The whole is looked at in its own shape and no larger than its smallest wanted face needs: black borders and blown-up
  thumbnails cost as much as what can be seen.
- A picture so large that the smallest wanted face would be lost in it is searched in tiles as well, one at a
  time; where they lie is `faces.detection.tiles`' to say. A tile is a view of the picture, never a copy.
- A picture in which nothing was found for certain is looked at once more, small and with black around it: a
  detector may miss a face that fills its input.
- What a tile finds is looked at once more by itself and larger: texture that passed for a face at a few pixels
  doesn't then, and a face gives better landmarks. What isn't certain then is dropped: one look at the whole picture
  wouldn't have seen it either, and portraits of many megapixels would be full of doubts.
- All looks are merged by the pack's own overlap. Of boxes that overlap, a certain one stays; of two certain ones that
  of the larger look, because landmarks found in a thumbnail are coarse (decision 0032).
- A face that the small look alone is certain of is looked at once more, larger, for its landmarks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from habeas.faces.boxes import overlaps_with
from habeas.faces.detection.tiles import fitted, seen_whole, share_inside, tiles
from habeas.faces.model_packs.pack import ModelPack
from habeas.faces.values import Detection
from habeas.media.values import Image
from habeas.model.errors import IntegrityError

RESOLVED_PX = 12
"""Below this side, at the detector's own scale, a weak detection is texture: no candidate for a face."""
TIGHT_PX = 80
"""Longer side of a picture that is looked at once more, in the middle of twice that in black: a face in it is
of a size that every detector finds, and it costs a sixteenth of a look at 640 pixels."""
# A picture that would be thinner than this for the detector shows nothing, and can't be shrunk.
_THINNEST_PX = 2
FILLING_PX = 160
"""Longer side of a picture for the second look at a face that fills it."""
CLOSER_PX = 192
"""Side of the square, in the detector's pixels, in which what a tile found is looked at once more: a third of it, as
large as detectors are surest of, at a tenth of a look's cost."""
_AROUND = 3.0
_SAME = 0.3
_LARGE, _PART = 0.8, 0.9


class _Found(NamedTuple):
    """What one look found: boxes with scores (n, 5) and landmarks (n, 5, 2), in pixels of the picture.

    `scale`: pixels of the detector's input for one pixel of the picture.
    """

    boxes: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scale: float

    def only(self, kept: NDArray[np.bool_]) -> _Found:
        """Those marked in the (n,) mask."""
        return _Found(self.boxes[kept], self.landmarks[kept], self.scale)

    def placed(self, shrunk: float, x: float, y: float) -> _Found:
        """The same boxes in pixels of the larger picture that was cut at corner (x, y), then shrunk by `shrunk`."""
        boxes, factor = self.boxes.copy(), np.float32(shrunk)
        boxes[:, :4] = boxes[:, :4] * factor + np.array([x, y] * 2, np.float32)
        landmarks = self.landmarks * factor + np.array([x, y], np.float32)
        return _Found(boxes, landmarks, self.scale / shrunk)


class Search:
    """A prepared InsightFace detector that finds faces of any size. `looks` counts how often it was called.

    `smallest_px`: longer side of the smallest face that is to be found in a picture of any size.
    """

    def __init__(self, network: Any, pack: ModelPack, smallest_px: float) -> None:
        self._network, self._pack, self._smallest_px = network, pack, smallest_px
        self._threshold = pack.detector.threshold
        self.looks = 0

    def detect(self, image: Image) -> list[Detection]:
        """Every face and every candidate that the detector can resolve, best first.

        `image`: BGR uint8 (H, W, 3). Boxes and landmarks are in its pixels. Raises IntegrityError for outputs that
        aren't finite.
        """
        whole = self._look(image, self._fitted(image))
        looks = [whole, *self._in_tiles(image)]
        if self._doubts(image, whole.boxes):
            looks = self._with_filling(image, looks)
        merged = self._merged(looks) if len(looks) > 1 else whole
        return [
            Detection((float(b[0]), float(b[1]), float(b[2]), float(b[3])), points, float(b[4]))
            for b, points in zip(merged.boxes, merged.landmarks, strict=True)
        ]

    def _doubts(self, image: Image, boxes: NDArray[np.float32]) -> bool:
        """True if a look at the whole may have missed a face that fills it, or have taken parts for faces."""
        large = _long(boxes) >= _LARGE * min(image.shape[:2])
        return bool(large.any() or not self._sure(boxes).any())

    def _sure(self, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
        sure: NDArray[np.bool_] = boxes[:, 4] >= self._threshold
        return sure

    def _fitted(self, image: Image) -> tuple[int, int] | None:
        """The input for a look at the whole: no larger than the picture needs, and without black beside it.

        None for a network of one fixed size, and for a pack that looks at several sizes.
        """
        sizes = self._network.input_sizes
        if self._network.static_input_size or len(sizes) != 1:
            return None
        height, width = image.shape[:2]
        return fitted(width, height, sizes[0], self._smallest_px, self._pack.detector.resolves_px)

    def _look(self, image: Image, size: tuple[int, int] | None = None) -> _Found:
        """One look at a picture or a part of it, at the pack's own sizes or at `size` (width, height) alone.

        A weak detection too small for the scale it was seen at is no candidate and left out.
        """
        scales = self._scales(image, size)
        if min(image.shape[:2]) * min(scales) < _THINNEST_PX:
            return _Found(np.empty((0, 5), np.float32), np.empty((0, 5, 2), np.float32), max(scales))
        self.looks += 1
        given = {} if size is None else {"input_size": size}
        boxes, landmarks = self._network.detect(image, **given)
        if landmarks is None or boxes.shape[1:] != (5,) or landmarks.shape != (len(boxes), 5, 2):
            raise broken(self._pack, "detector", "outputs of another shape than boxes and five landmarks")
        if not (np.isfinite(boxes).all() and np.isfinite(landmarks).all()):
            raise broken(self._pack, "detector", "outputs that are no numbers")
        sides = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
        kept = self._sure(boxes) | (sides >= RESOLVED_PX / max(scales))
        return _Found(boxes[kept].astype(np.float32), landmarks[kept].astype(np.float32), max(scales))

    def _scales(self, image: Image, size: tuple[int, int] | None) -> list[float]:
        """How much a picture is shrunk (or grown) for each of the inputs it is looked at with."""
        height, width = image.shape[:2]
        # a network of one fixed size takes no other
        sizes = self._network.input_sizes if size is None or self._network.static_input_size else [size]
        return [min(w / width, h / height) for w, h in sizes]

    def _in_tiles(self, image: Image) -> Iterator[_Found]:
        """What each tile of a large picture sees whole."""
        height, width = image.shape[:2]
        size = max(self._network.input_sizes)
        for tile in tiles(width, height, size, self._smallest_px, self._pack.detector.resolves_px):
            seen = self._look(image[tile.y0 : tile.y1, tile.x0 : tile.x1], size)
            boxes = seen.placed(1, tile.x0, tile.y0).boxes
            for box in boxes[seen_whole(tile, boxes, width, height)]:
                yield self._closer(image, box)

    def _closer(self, image: Image, box: NDArray[np.float32]) -> _Found:
        """The face at a box, as it shows by itself; nothing where it isn't certain."""
        long = float(_long(box[None])[0])
        side = max(2, round(_AROUND * long))
        x, y = (round(float(low + high) / 2 - side / 2) for low, high in (box[[0, 2]], box[[1, 3]]))
        size = (CLOSER_PX, CLOSER_PX)
        how = cv2.INTER_AREA if side > CLOSER_PX else cv2.INTER_LINEAR
        shown = np.asarray(cv2.resize(_cut(image, x, y, side), size, interpolation=how), np.uint8)
        seen = self._look(shown, size).placed(side / CLOSER_PX, x, y)
        same = seen.only(self._sure(seen.boxes) & (overlaps_with(seen.boxes, box) > _SAME))
        return _Found(same.boxes[:1], same.landmarks[:1], same.scale)

    def _with_filling(self, image: Image, looks: Sequence[_Found]) -> list[_Found]:
        """The looks, and a small one at the whole picture, which sees what fills it in one piece.

        It takes the weak detections away that are parts of a face. A face that it alone is certain of is looked at once
        more, larger.
        """
        small = self._filling(image, TIGHT_PX)
        sure = small.only(self._sure(small.boxes))
        looks = [look.only(self._sure(look.boxes) | ~_part_of(sure.boxes, look.boxes)) for look in looks]
        certain = np.concatenate([look.boxes[self._sure(look.boxes)] for look in looks])
        if all((overlaps_with(certain, box) > _SAME).any() for box in sure.boxes):
            return [*looks, small]
        larger = self._filling(image, FILLING_PX)
        return [*looks, small, larger.only(self._sure(larger.boxes))]

    def _filling(self, image: Image, longer: int) -> _Found:
        """Faces at least half as long as the picture is across, which is what this look is for.

        The longer side of the picture is shown as `longer` pixels, in the middle of a black square twice as large.
        """
        height, width = image.shape[:2]
        shrunk = max(height, width) / longer
        w, h = max(1, round(width / shrunk)), max(1, round(height / shrunk))
        x, y = longer - w // 2, longer - h // 2
        canvas = np.zeros((2 * longer, 2 * longer, 3), np.uint8)
        how = cv2.INTER_AREA if shrunk > 1 else cv2.INTER_LINEAR
        canvas[y : y + h, x : x + w] = cv2.resize(image, (w, h), interpolation=how)
        seen = self._look(canvas, (2 * longer, 2 * longer)).placed(shrunk, -x * shrunk, -y * shrunk)
        return seen.only(_long(seen.boxes) >= min(height, width) / 2)

    def _merged(self, looks: Sequence[_Found]) -> _Found:
        """All looks as one, best first: of boxes that overlap by more than the pack allows, one stays.

        A certain one before one that isn't, then that of the larger look, then the better one.
        """
        boxes = np.concatenate([look.boxes for look in looks])
        landmarks = np.concatenate([look.landmarks for look in looks])
        scales = np.concatenate([np.full(len(look.boxes), look.scale) for look in looks])
        rest = np.lexsort((-boxes[:, 4], -scales, ~self._sure(boxes)))
        kept: list[int] = []
        while rest.size:
            first, rest = int(rest[0]), rest[1:]
            kept.append(first)
            rest = rest[overlaps_with(boxes[rest], boxes[first]) <= self._pack.detector.nms]
        kept.sort(key=lambda one: -float(boxes[one, 4]))
        return _Found(boxes[kept], landmarks[kept], max(look.scale for look in looks))


def broken(pack: ModelPack, part: str, what: str) -> IntegrityError:
    """The error for a network of the pack whose outputs can't be used."""
    return IntegrityError(
        f"the {part} of model pack {pack.name} gives {what}",
        hint="The pack can't be used; check its file.",
    )


def _long(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) the longer side of each box."""
    longer: NDArray[np.float32] = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return longer


def _cut(image: Image, x: int, y: int, side: int) -> Image:
    """A square of a picture, black where it reaches beyond it."""
    height, width = image.shape[:2]
    cut = np.zeros((side, side, 3), np.uint8)
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
    cut[y0 - y : y1 - y, x0 - x : x1 - x] = image[y0:y1, x0:x1]
    return cut


def _part_of(filling: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(n,) which boxes lie inside a face that fills the picture."""
    inside: NDArray[np.bool_] = share_inside(boxes, filling) >= _PART
    return inside
