from __future__ import annotations

import numpy as np
import pytest

from habeas.faces.detection.tiles import CERTAIN, Tile, fitted, seen_whole, share_inside, tiles

INPUT, RESOLVES = (640, 640), 28
LARGE = [(8660, 5773), (5773, 8660), (1920, 1080), (1708, 640), (3840, 2160), (60_000, 1_000)]


def _shrunk(width: int, height: int, given: tuple[int, int] = INPUT) -> float:
    return max(width / given[0], height / given[1])


@pytest.mark.parametrize("size", [(1, 1), (640, 480), (731, 731), (1706, 1706), (1706, 100)])
def test_a_picture_that_shows_the_smallest_wanted_face_at_all_gets_no_tile(size: tuple[int, int]) -> None:
    assert () == tiles(*size, INPUT, 32, RESOLVES)


@pytest.mark.parametrize("size", LARGE)
def test_every_size_at_every_place_is_seen_whole_and_large_enough_by_somebody(size: tuple[int, int]) -> None:
    width, height = size
    laid = tiles(width, height, INPUT, 32, RESOLVES)
    rng = np.random.default_rng(7)
    for long in np.geomspace(32, 0.97 * min(size), 60):
        if long >= CERTAIN * RESOLVES * _shrunk(width, height):
            continue  # the look at the whole picture finds it
        tall = rng.random(12) < 0.7
        w, h = np.where(tall, 0.75 * long, long), np.where(tall, long, 0.75 * long)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        boxes = np.stack([x, y, x + w, y + h], 1).astype(np.float32)
        found = np.zeros(len(boxes), bool)
        for tile in laid:
            shown = long / _shrunk(tile.x1 - tile.x0, tile.y1 - tile.y0)
            inside = (boxes[:, :2] >= (tile.x0, tile.y0)).all(1) & (boxes[:, 2:] <= (tile.x1, tile.y1)).all(1)
            if 0.998 * RESOLVES <= shown <= INPUT[0] / 2:  # a tile's side is a whole number
                found |= inside & seen_whole(tile, boxes, width, height)
        assert found.all(), f"{long:.0f} pixels"


@pytest.mark.parametrize("size", LARGE)
def test_tiles_lie_inside_the_picture_and_leave_nothing_out(size: tuple[int, int]) -> None:
    width, height = size
    laid = tiles(width, height, INPUT, 32, RESOLVES)
    seen = np.zeros((-(-height // 10), -(-width // 10)), bool)
    for tile in laid:
        assert 0 <= tile.x0 < tile.x1 <= width and 0 <= tile.y0 < tile.y1 <= height
        assert _shrunk(tile.x1 - tile.x0, tile.y1 - tile.y0) < _shrunk(width, height)
        seen[tile.y0 // 10 : -(-tile.y1 // 10), tile.x0 // 10 : -(-tile.x1 // 10)] = True
    assert seen.all()


def test_the_price_of_a_large_picture_is_known() -> None:
    """50 megapixels are 165 looks more; twice as large a smallest face, a quarter of that."""
    counts = [len(tiles(8660, 5773, INPUT, smallest, RESOLVES)) for smallest in (32, 64, 128, 160, 164)]
    assert [165, 41, 12, 6, 0] == counts
    assert 6 == len(tiles(1920, 1080, INPUT, 32, RESOLVES))
    assert 46 == len(tiles(8660, 5773, INPUT, 32, 16)), "a detector that resolves more needs fewer"


@pytest.mark.parametrize("smallest", [-5, 0, 1, 28])
def test_nothing_is_looked_at_finer_than_it_was_taken(smallest: int) -> None:
    laid = tiles(8660, 5773, INPUT, smallest, RESOLVES)
    assert {(640, 640)} == {min((t.x1 - t.x0, t.y1 - t.y0) for t in laid)}
    assert len(laid) < 250


def test_a_detector_with_another_input_gets_tiles_of_its_shape() -> None:
    laid = tiles(4000, 3000, (640, 480), 32, RESOLVES)
    assert {(731, 548)} == {min((t.x1 - t.x0, t.y1 - t.y0) for t in laid)}
    assert () == tiles(4000, 3000, (64, 64), 32, RESOLVES)  # two of the smallest faces would fill it


def test_a_box_cut_by_an_inner_edge_is_the_neighbours_and_one_at_the_border_is_not() -> None:
    first, last = Tile(0, 0, 700, 500, 90, 6), Tile(600, 0, 1300, 500, 90, 6)
    boxes = np.array(
        [
            [0, 0, 40, 60],  # at the corner of the picture
            [640, 100, 695, 160],  # too near to the first one's edge
            [690, 100, 740, 160],  # beyond it
            [605, 100, 640, 160],  # too near to the second one's edge
            [1260, 440, 1300, 500],  # at the far corner
            [620, 100, 690, 199],  # too long for either
        ],
        np.float32,
    )
    assert [True, False, False, True, False, False] == seen_whole(first, boxes, 1300, 500).tolist()
    assert [False, True, True, False, True, False] == seen_whole(last, boxes, 1300, 500).tolist()
    upper = Tile(0, 0, 700, 300, 90, 6)
    lower = Tile(0, 200, 700, 500, 90, 6)
    seam = np.array([[10, 204, 60, 250], [10, 250, 60, 296]], np.float32)
    assert [True, False] == seen_whole(upper, seam, 700, 500).tolist()
    assert [False, True] == seen_whole(lower, seam, 700, 500).tolist()


def test_the_share_of_a_box_that_lies_in_another() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [3, 3, 3, 3]], np.float32)
    outer = np.array([[0, 0, 10, 20], [28, 0, 90, 90]], np.float32)
    assert np.allclose([1.0, 0.5, 0.2, 0.0], share_inside(boxes, outer))
    assert [0.0] * 4 == share_inside(boxes, outer[:0]).tolist()


@pytest.mark.parametrize(
    ("size", "input_size"),
    [
        ((160, 120), (224, 192)),
        ((120, 160), (192, 224)),
        ((320, 320), (448, 448)),
        ((500, 500), (640, 640)),
        ((640, 480), (640, 480)),
        ((1920, 1080), (640, 384)),
        ((1080, 1920), (384, 640)),
        ((4000, 3000), (640, 480)),
        ((3000, 100), (640, 32)),
        ((1, 1), (32, 32)),
    ],
)
def test_a_look_is_as_large_as_its_picture_needs(size: tuple[int, int], input_size: tuple[int, int]) -> None:
    assert fitted(*size, INPUT, 32, RESOLVES) == input_size


@pytest.mark.parametrize("most", [(640, 640), (600, 500), (20, 640)])
@pytest.mark.parametrize("smallest", [8, 32, 200])
def test_no_look_is_larger_than_the_input_or_shows_less_of_a_picture_than_it_could(
    most: tuple[int, int], smallest: float
) -> None:
    rng = np.random.default_rng(3)
    for width, height in np.exp(rng.uniform(0, 9, (300, 2))).round().astype(int).clip(1).tolist():
        w, h = fitted(width, height, most, smallest, RESOLVES)
        assert 0 < w <= most[0] and 0 < h <= most[1]
        shown, could = min(w / width, h / height), min(most[0] / width, most[1] / height)
        assert shown >= 0.999 * min(could, max(1.0, 44 / smallest))
