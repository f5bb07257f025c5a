from __future__ import annotations

import numpy as np
import pytest

from habeas.faces.alignment import TEMPLATE
from habeas.faces.tracking.tracker import Ends, Tracker
from habeas.faces.values import Detection
from habeas.media.values import Frame
from habeas.model.installation.limits import FaceRules

RULES = FaceRules()
WIDTH, HEIGHT = 640, 360


def face(x: float, y: float, size: float = 60, score: float = 0.9) -> Detection:
    """A detection with its centre at (x, y)."""
    landmarks = (TEMPLATE - 56) / 112 * size + (x, y)
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    return Detection(box, landmarks.astype(np.float32), score)


def frame(at_ms: int, shot: int = 0) -> Frame:
    return Frame(np.full((HEIGHT, WIDTH, 3), at_ms // 100 % 256, np.uint8), at_ms, 0, shot)


def follow(
    *seen: tuple[int, list[Detection]], ends: Ends = lambda *_: False, shots: dict[int, int] | None = None
):
    tracker = Tracker(RULES, 0.6, ends)
    for at_ms, detections in seen:
        tracker.add(frame(at_ms, (shots or {}).get(at_ms, 0)), detections)
    return tracker.finish()


def test_a_seated_person_is_one_track() -> None:
    (track,) = follow(*[(t, [face(200 + t / 500, 150)]) for t in range(0, 8000, 1000)])
    assert (0, 7000, 8) == (track.from_ms, track.to_ms, len(track.steps))
    assert not track.candidate


def test_a_walking_person_is_one_track_over_keyframes_a_second_apart() -> None:
    (track,) = follow(
        *[(t, [face(100 + t * 0.08, 150)]) for t in range(0, 6000, 1000)]
    )  # 1.3 face sizes a second
    assert 6 == len(track.steps)


def test_two_people_side_by_side_stay_two_whatever_the_order_of_the_boxes() -> None:
    seen = []
    for t in range(0, 5000, 500):
        pair = [face(200, 150), face(330, 150)]
        seen.append((t, pair if t % 1000 else pair[::-1]))
    tracks = follow(*seen)
    assert [200, 330] == [round(float(track.steps[:, [1, 3]].mean())) for track in tracks]
    assert all(np.ptp(track.steps[:, 1]) < 1 for track in tracks)


def test_people_who_cross_are_never_joined_into_one() -> None:
    seen = [(t, [face(200 + t * 0.06, 150), face(320 - t * 0.06, 152)]) for t in range(0, 2500, 500)]
    for track in follow(*seen):
        moved = np.diff((track.steps[:, 1] + track.steps[:, 3]) / 2)
        assert (moved > 0).all() or (moved < 0).all()


def test_somebody_who_passes_in_front_never_enters_the_track_of_who_sits_there() -> None:
    """The passer hides the seated person at 1000 ms: one box, in the seat's place, and it is the passer's."""
    seen = [
        (0, [face(300, 150), face(180, 150, 66)]),
        (500, [face(300, 150), face(240, 150, 66)]),
        (1000, [face(300, 150, 66)]),
        (1500, [face(300, 150), face(360, 150, 66)]),
        (2000, [face(300, 150), face(420, 150, 66)]),
    ]
    for track in follow(*seen):
        sizes = set(np.round(track.steps[:, 3] - track.steps[:, 1]).tolist())
        assert 1 == len(sizes)


def test_two_people_who_meet_half_way_are_not_told_apart_by_luck() -> None:
    tracks = follow((0, [face(200, 150), face(300, 150)]), (1000, [face(248, 150), face(252, 150)]))
    assert [1, 1, 1, 1] == [len(track.steps) for track in tracks]


def test_a_neighbour_who_is_missed_once_splits_nothing() -> None:
    seen = [
        (0, [face(200, 150), face(400, 150)]),
        (500, [face(200, 150)]),
        (1000, [face(200, 150), face(400, 150)]),
    ]
    assert [(0, 1000), (0, 1000)] == [(track.from_ms, track.to_ms) for track in follow(*seen)]


def test_a_cut_ends_every_track() -> None:
    tracks = follow(*[(t, [face(200, 150)]) for t in range(0, 4000, 1000)], shots={2000: 1, 3000: 1})
    assert [(0, 1000), (2000, 3000)] == [(track.from_ms, track.to_ms) for track in tracks]


def test_the_edge_of_a_roster_window_ends_every_track() -> None:
    def ends(before: int, now: int, x: float, y: float) -> bool:
        return before < 2000 <= now and x < 0.5

    tracks = follow(*[(t, [face(200, 150), face(500, 150)]) for t in range(0, 4000, 1000)], ends=ends)
    assert [(0, 1000), (0, 3000), (2000, 3000)] == [(track.from_ms, track.to_ms) for track in tracks]


def test_a_person_who_was_gone_for_a_while_is_a_new_track() -> None:
    tracks = follow((0, [face(200, 150)]), (1000, []), (2000, [face(200, 150)]))
    assert 2 == len(tracks)


def test_a_face_of_another_size_is_another_face() -> None:
    assert 2 == len(follow((0, [face(200, 150, 40)]), (500, [face(200, 150, 120)])))


def test_a_weak_detection_is_a_candidate_and_keeps_no_picture() -> None:
    (track,) = follow((0, [face(200, 150, score=0.4)]), (500, [face(200, 150, score=0.5)]))
    assert track.candidate
    assert () == track.sightings
    assert (0, 500) == (track.from_ms, track.to_ms)


def test_a_weak_moment_does_not_break_a_track_and_is_not_kept_as_a_picture() -> None:
    (track,) = follow((0, [face(200, 150)]), (1000, [face(200, 150, score=0.4)]), (2000, [face(200, 150)]))
    assert [0, 2000] == [sighting.at_ms for sighting in track.sightings]
    assert 3 == len(track.steps) and not track.candidate


@pytest.mark.parametrize("count", [10, 1000])
def test_pictures_of_a_track_are_few_large_and_spread_however_long_it_is(count: int) -> None:
    tracker = Tracker(RULES, 0.6)
    for index in range(count):
        tracker.add(frame(index * 500), [face(200, 150, 60 + 10 * (index % 2))])
    (track,) = tracker.finish()
    times = [sighting.at_ms for sighting in track.sightings]
    assert RULES.kept_sightings == len(times)
    assert count == len(track.steps)
    assert times[-1] - times[0] >= count * 500 * 0.6
    assert np.mean([sighting.detection.size for sighting in track.sightings]) > 65


def test_pictures_of_a_track_nobody_wants_are_let_go() -> None:
    tracker = Tracker(RULES, 0.6, wanted=lambda track: track.steps[0, 1] < 300)
    tracker.add(frame(0), [face(200, 150), face(500, 150)])
    wanted, other = tracker.finish()
    assert (1, 0) == (len(wanted.sightings), len(other.sightings))
    assert not other.candidate


def test_a_kept_picture_is_a_copy_of_just_the_face() -> None:
    shown = frame(0)
    tracker = Tracker(RULES, 0.6)
    tracker.add(shown, [face(200, 150)])
    ((sighting,),) = (track.sightings for track in tracker.finish())
    assert not np.shares_memory(sighting.crop, shown.image)
    assert sighting.crop.size < shown.image.size / 10


def test_a_photo_gives_a_track_of_one_sighting_each() -> None:
    tracks = follow((0, [face(300, 150), face(100, 150)]))
    assert [100, 300] == [round(float(track.steps[0, [1, 3]].mean())) for track in tracks]
    assert [1, 1] == [len(track.sightings) for track in tracks]
