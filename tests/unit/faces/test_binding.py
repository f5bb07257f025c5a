"""Who gets which face. People are drawn as squares of 60 pixels in a picture of 1000 x 500."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from habeas.faces.binding.bind import Binding, bind, window_ends
from habeas.faces.binding.bindable_lines import BindableLines
from habeas.faces.values import BindingReason, Detection, Sighting, Track
from habeas.model.installation.limits import BindingRules
from habeas.model.lines import Line

RULES = BindingRules()
WIDTH, HEIGHT = 1000, 500
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
Region = tuple[float, float, float, float]


def track(
    x: float,
    y: float = 250,
    times: tuple[int, ...] = (0,),
    *,
    size: float = 60,
    candidate: bool = False,
    score: float = 0.8,
) -> Track:
    """`score`: of a candidate, as a share of the detection threshold."""
    box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    inside = min(x, y, WIDTH - x, HEIGHT - y) - 0.3 * size  # landmarks lie within 0.3 of the middle
    path = np.array([[at, *box, WIDTH, HEIGHT, inside] for at in times], np.float64)
    seen = Detection(box, np.zeros((5, 2), np.float32), 0.4 if candidate else 0.9)
    crop = np.zeros((1, 1, 3), np.uint8)
    kept = () if candidate else (Sighting(times[0], seen, WIDTH, HEIGHT, crop),)
    return Track(kept, 0, candidate, path, score if candidate else 1.8)


def line(
    name: str, region: Region | None = None, start: int | None = None, end: int | None = None, **more: object
) -> Line:
    values = {"subject_id": f"subject of {name}", "position": None, "closed": False} | more
    return Line(name, from_ms=start, to_ms=end, region=region, **values)  # type: ignore[arg-type]


def who(binding: Binding) -> dict[str, float]:
    """Line id -> where its face is."""
    return {bound.line_id: float(face.steps[0, [1, 3]].mean()) for bound, face in binding.bound}


PERSON = track(250)
CASES: dict[str, tuple[list[Line], list[Track], bool, dict[str, float], dict[str, int]]] = {
    "portrait": ([line("a")], [PERSON], True, {"a": 250}, {}),
    "portrait of nobody": ([line("a")], [], True, {}, {}),
    "portrait, two faces": ([line("a")], [PERSON, track(750)], True, {}, {"ambiguous": 2}),
    "portrait, a candidate beside": ([line("a")], [PERSON, track(750, candidate=True)], True, {}, {"ambiguous": 1}),
    "two lines without a region": ([line("a"), line("b")], [PERSON], True, {}, {"ambiguous": 1}),
    "two lines, two faces, no region": ([line("a"), line("b")], [PERSON, track(750)], True, {}, {"ambiguous": 2}),
    "a line without and one with a region": ([line("a"), line("b", LEFT)], [PERSON], True, {}, {"ambiguous": 1}),
    "a photo's line with a time": ([line("a", None, 0, 10)], [PERSON], True, {}, {"ambiguous": 1}),
    "two regions": ([line("a", LEFT), line("b", RIGHT)], [PERSON, track(750)], True, {"a": 250, "b": 750}, {}),
    "a face in no region": ([line("a", LEFT)], [PERSON, track(750)], True, {"a": 250}, {"unbound": 1}),
    "two faces in a region": ([line("a", LEFT)], [PERSON, track(100)], True, {}, {"ambiguous": 2}),
    "candidate in the region": ([line("a", LEFT)], [PERSON, track(100, candidate=True)], True, {}, {"ambiguous": 1}),
    "candidate elsewhere": ([line("a", LEFT)], [PERSON, track(750, candidate=True)], True, {"a": 250}, {}),
    "overlapping regions": (
        [line("a", (0, 0, 0.6, 1)), line("b", (0.4, 0, 1, 1))], [PERSON, track(750)], True, {}, {"ambiguous": 2},
    ),
    "overlapping regions at different times": (
        [line("a", LEFT, 0, 1000), line("b", LEFT, 1000, 2000)],
        [track(250, times=(0, 500)), track(250, times=(1000, 1500))], False, {"a": 250, "b": 250}, {},
    ),
    "cut by the border": ([line("a")], [track(18)], True, {}, {"cut_by_border": 1}),
    "half a pixel over the border": ([line("a")], [track(29.5)], True, {"a": 29.5}, {}),
    "a landmark at the border": ([line("a", LEFT)], [track(19)], True, {}, {"cut_by_border": 1}),
    "a portrait cropped to the face": ([line("a")], [track(250, size=510)], True, {"a": 250}, {}),
    "a portrait cropped into the face": ([line("a")], [track(160, size=480)], True, {"a": 160}, {}),
    "a portrait cropped so that a landmark is lost": ([line("a")], [track(143, size=480)], True, {},
                                                      {"cut_by_border": 1}),
    "a portrait of half a face": ([line("a")], [track(40, size=480)], True, {}, {"cut_by_border": 1}),
    "as much outside, but others might be meant": ([line("a", LEFT)], [track(150, size=480)], True, {},
                                                   {"cut_by_border": 1}),
    "as much outside, in a clip": ([line("a")], [track(150, size=480)], False, {}, {"cut_by_border": 1}),
    "a raised hand in a portrait": ([line("a")], [PERSON, track(150, 350, size=50, candidate=True, score=0.65)],
                                    True, {"a": 250}, {}),
    "a doubtful face as large as the other": ([line("a")], [PERSON, track(150, 350, candidate=True, score=0.62)],
                                              True, {}, {"ambiguous": 1}),
    "a doubtful face that is nearly one": ([line("a")], [PERSON, track(150, 350, size=50, candidate=True, score=0.95)],
                                           True, {}, {"ambiguous": 1}),
    "a small doubtful face in the middle, a bystander aside": (
        [line("a")], [PERSON, track(500, size=30, candidate=True, score=0.62)], True, {}, {"ambiguous": 1},
    ),
    "something small in the face itself": ([line("a", LEFT)], [PERSON, track(260, size=30, candidate=True)], True,
                                           {"a": 250}, {}),
    "something small in a seat": ([line("a", LEFT)], [PERSON, track(150, size=30, candidate=True, score=0.62)], True,
                                  {}, {"ambiguous": 1}),
    "a hand that passes by": (
        [line("a", LEFT)], [track(250, times=tuple(range(0, 6000, 500))), track(100, times=(500,), candidate=True)],
        False, {"a": 250}, {},
    ),
    "somebody nearly missed who stays": (
        [line("a", LEFT)], [track(250, times=tuple(range(0, 6000, 500))),
                            track(100, times=(500, 1000), candidate=True)],
        False, {}, {"ambiguous": 1},
    ),
    "somebody nearly missed who is seen now and then": (
        [line("a", LEFT)], [track(250, times=tuple(range(0, 6000, 500))), track(100, times=(500,), candidate=True),
                            track(100, times=(4000,), candidate=True)],
        False, {}, {"ambiguous": 1},
    ),
    "too near another": ([line("a", LEFT)], [track(480), track(505)], True, {}, {"too_near_another": 1, "unbound": 1}),
    "near but apart": ([line("a", LEFT)], [track(450), track(550)], True, {"a": 450}, {"unbound": 1}),
    "too small": ([line("a")], [track(250, size=20)], True, {}, {"low_quality": 1}),
    "small bystander in a portrait": ([line("a")], [PERSON, track(750, size=20)], True, {}, {"ambiguous": 2}),
    "one person attested twice": (
        [line("a", subject_id="u"), line("b", subject_id="u")], [PERSON], True, {"a": 250}, {},
    ),
    "one person attested twice, once closed": (
        [line("a", subject_id="u"), line("b", subject_id="u", closed=True)], [PERSON], True, {"b": 250}, {},
    ),
    "one person attested twice beside a bystander": (
        [line("a", subject_id="u"), line("b", subject_id="u")], [PERSON, track(750)], True, {}, {"ambiguous": 2},
    ),
    "one person in two places": (
        [line("a", LEFT, subject_id="u"), line("b", subject_id="u")], [PERSON], True, {}, {"ambiguous": 1},
    ),
    "one seat attested twice beside a neighbour": (
        [line("a", LEFT, subject_id="u"), line("b", LEFT, subject_id="u"), line("c", RIGHT)], [PERSON, track(750)],
        True, {"a": 250, "c": 750}, {},
    ),
    "two placeholders are two people": (
        [line("a", subject_id=None), line("b", subject_id=None)], [PERSON], True, {}, {"ambiguous": 1},
    ),
    "placeholder": ([line("a", subject_id=None)], [PERSON], True, {}, {"placeholder": 1}),
    "placeholder's neighbour keeps his face": (
        [line("a", LEFT, subject_id=None), line("b", RIGHT)], [PERSON, track(750)],
        True, {"b": 750}, {"placeholder": 1},
    ),
    "a placeholder still counts": ([line("a"), line("b", subject_id=None)], [PERSON], True, {}, {"ambiguous": 1}),
    "a track that leaves its region": (
        [line("a", LEFT)],
        [Track(PERSON.sightings, 0, False, np.vstack([track(400, times=(0,)).path, track(600, times=(500,)).path]))],
        False, {}, {"ambiguous": 1},
    ),
    "a track half in the window": (
        [line("a", LEFT, 0, 1000)], [track(250, times=(500, 1000))], False, {}, {"ambiguous": 1},
    ),
    "a track outside the window": (
        [line("a", LEFT, 0, 1000)], [track(250, times=(1000, 2000))], False, {}, {"unbound": 1},
    ),
    "two tracks one after the other": (
        [line("a", LEFT, 0, 9000)], [track(250, times=(0, 500)), track(250, times=(3000, 3500))],
        False, {}, {"ambiguous": 2},
    ),
    "two who change seats": (
        [line("a1", LEFT, 0, 1000), line("b1", RIGHT, 0, 1000),
         line("a2", RIGHT, 1000, 2000), line("b2", LEFT, 1000, 2000)],
        [track(250, times=(0, 500)), track(750, times=(0, 500)), track(240, times=(1500,)), track(760, times=(1500,))],
        False, {"a1": 250, "b1": 750, "a2": 760, "b2": 240}, {},
    ),
    "a seat that moves with its person": (
        [line("a1", LEFT, 0, 1000), line("a2", RIGHT, 1000, 2000)],
        [track(250, times=(0, 500)), track(750, times=(1000, 1500))], False, {"a1": 250, "a2": 750}, {},
    ),
    "somebody who changed seats before the list says so": (
        [line("a1", LEFT, 0, 1000), line("a2", RIGHT, 1000, 2000)],
        [track(250, times=(0, 500)), track(750, times=(900, 1500))], False, {"a1": 250}, {"ambiguous": 1},
    ),
    "two windows that overlap in one seat": (
        [line("a", LEFT, 0, 1000), line("b", LEFT, 900, 2000)],
        [track(250, times=(0, 500)), track(260, times=(1500, 1900))], False, {}, {"ambiguous": 2},
    ),
    "two windows that overlap in two seats": (
        [line("a", LEFT, 0, 1000), line("b", RIGHT, 900, 2000)],
        [track(250, times=(0, 950)), track(750, times=(950, 1900))], False, {"a": 250, "b": 750}, {},
    ),
    "somebody who leaves the shot, and another who comes into the seat": (
        [line("a", LEFT, 0, 2000)], [track(250, times=(0, 500)), track(260, times=(1500, 1900))],
        False, {}, {"ambiguous": 2},
    ),
    "a clip with one line and one face": ([line("a")], [track(250, times=(0, 500))], False, {"a": 250}, {}),
    "passed by closely once": (
        [line("a", LEFT)], [track(480, times=(0, 500, 1000)), track(505, times=(500,))], False, {},
        {"too_near_another": 1, "unbound": 1},
    ),
    "from left": (
        [line("a", closed=True, position=2), line("b", closed=True, position=1)], [PERSON, track(750)], True,
        {"b": 250, "a": 750}, {},
    ),
    "from left, one face too many": (
        [line("a", closed=True, position=1), line("b", closed=True, position=2)],
        [PERSON, track(750), track(500)], True, {}, {"ambiguous": 3},
    ),
    "from left, a face only suspected": (
        [line("a", closed=True, position=1), line("b", closed=True, position=2)],
        [PERSON, track(750), track(500, candidate=True)], True, {}, {"ambiguous": 2},
    ),
    "from left, one above the other": (
        [line("a", closed=True, position=1), line("b", closed=True, position=2)],
        [track(250, 100), track(300, 300)], True, {}, {"ambiguous": 2},
    ),
    "from left, a number missing": (
        [line("a", closed=True, position=1), line("b", closed=True, position=3)],
        [PERSON, track(750)], True, {}, {"ambiguous": 2},
    ),
    "from left, not closed": (
        [line("a", closed=False, position=1), line("b", closed=True, position=2)],
        [PERSON, track(750)], True, {}, {"ambiguous": 2},
    ),
    "two rows": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, row=1, position=2),
         line("c", closed=True, row=2, position=1), line("d", closed=True, row=2, position=2)],
        [track(300, 100), track(700, 110), track(250, 300), track(750, 310)], True,
        {"a": 250, "b": 750, "c": 300, "d": 700}, {},
    ),
    "two rows, the back one longer": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, row=2, position=1),
         line("c", closed=True, row=2, position=2)],
        [track(500, 300), track(300, 100), track(700, 110)], True, {"a": 500, "b": 300, "c": 700}, {},
    ),
    "two rows whose heads mix": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, row=2, position=1)],
        [track(250, 200), track(750, 210)], True, {}, {"ambiguous": 2},
    ),
    "two rows, other numbers than the caption's": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, row=1, position=2),
         line("c", closed=True, row=2, position=1)],
        [track(500, 300), track(300, 100), track(700, 110)], True, {}, {"ambiguous": 3},
    ),
    "a row missing": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, row=3, position=1)],
        [track(500, 300), track(500, 100)], True, {}, {"ambiguous": 2},
    ),
    "one line with a row, one without": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, position=2)],
        [PERSON, track(750)], True, {}, {"ambiguous": 2},
    ),
    "a struck name in the back row": (
        [line("a", closed=True, row=1, position=1), line("b", closed=True, row=2, position=1)],
        [track(500, 300), track(300, 100), track(700, 110)], True, {}, {"ambiguous": 3},
    ),
    "from left, the erased person's place stays empty": (
        [line("a", closed=True, position=1, subject_id=None), line("b", closed=True, position=2)],
        [PERSON, track(750)], True, {"b": 750}, {"placeholder": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_who_gets_which_face(case: str) -> None:
    lines, tracks, photo, bound, refused = CASES[case]
    binding = bind(lines, tracks, photo, RULES)
    assert (bound, Counter(refused)) == (who(binding), binding.refused)


REGIONS = st.sampled_from(
    [None, LEFT, RIGHT, (0.0, 0.0, 0.25, 1.0), (0.25, 0.0, 0.5, 1.0), (0.4, 0.2, 0.8, 0.9)]
)
WINDOWS = st.sampled_from([(None, None), (0, 1000), (1000, 3000), (500, 2000), (2000, None)])
TIMES = st.sampled_from([(0,), (0, 500), (500, 1500), (1000, 2000, 2500), (0, 1000, 2000, 3000)])


@st.composite
def rosters(draw: st.DrawFn) -> list[Line]:
    count = draw(st.integers(0, 5))
    lines = []
    for index in range(count):
        start, end = draw(WINDOWS)
        subject = draw(st.sampled_from([f"subject {index}", f"subject {index}", None]))
        position = draw(st.sampled_from([None, None, index + 1]))
        lines.append(
            line(f"line {index}", draw(REGIONS), start, end, subject_id=subject, closed=draw(st.booleans()),
                 position=position)
        )  # fmt: skip
    return lines


@st.composite
def scenes(draw: st.DrawFn) -> list[Track]:
    return [
        track(
            draw(st.integers(10, 990)), draw(st.integers(20, 480)), draw(TIMES),
            size=draw(st.sampled_from([20, 60, 60, 120])), candidate=draw(st.sampled_from([False, False, True])),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]  # fmt: skip


@given(rosters(), scenes(), st.booleans())
def test_no_face_goes_to_two_people_and_no_person_gets_two_faces(
    lines: list[Line], tracks: list[Track], photo: bool
) -> None:
    binding = bind(lines, tracks, photo, RULES)
    assert len({bound.line_id for bound, _ in binding.bound}) == len(binding.bound)
    assert len({id(face) for _, face in binding.bound}) == len(binding.bound)
    assert all(bound.subject_id is not None and not face.candidate for bound, face in binding.bound)


@given(rosters(), scenes(), st.booleans())
def test_every_face_is_counted_exactly_once(lines: list[Line], tracks: list[Track], photo: bool) -> None:
    assert sum(not face.candidate for face in tracks) == bind(lines, tracks, photo, RULES).faces


@given(rosters(), scenes(), st.booleans())
def test_pictures_are_held_of_every_face_that_is_bound(
    lines: list[Line], tracks: list[Track], photo: bool
) -> None:
    hopes, held = BindableLines(lines, photo), set()
    for face in tracks:
        if hopes.wanted(face):
            held.add(id(face))
        hopes.ended(face)
    assert {id(face) for _, face in bind(lines, tracks, photo, RULES).bound} <= held


def test_pictures_of_a_second_face_in_a_seat_are_held_by_nobody() -> None:
    hopes = BindableLines([line("a", LEFT)], photo=False)
    first, elsewhere, second = track(250), track(750, times=(500,)), track(100, times=(1000,), candidate=True)
    assert [True, False, True] == [hopes.wanted(face) for face in (first, elsewhere, second)]
    hopes.ended(elsewhere)
    assert hopes.wanted(first)
    hopes.ended(second)
    assert not hopes.wanted(first), "nobody can say who it is"


@given(rosters(), scenes(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_faces_never_decides(
    lines: list[Line], tracks: list[Track], photo: bool, random: object
) -> None:
    before = bind(lines, tracks, photo, RULES)
    shuffled_lines, shuffled_tracks = list(lines), list(tracks)
    random.shuffle(shuffled_lines)  # type: ignore[attr-defined]
    random.shuffle(shuffled_tracks)  # type: ignore[attr-defined]
    after = bind(shuffled_lines, shuffled_tracks, photo, RULES)
    assert [(b.line_id, id(f)) for b, f in before.bound] == [(b.line_id, id(f)) for b, f in after.bound]
    assert before.refused == after.refused


@examples(100)
@given(rosters(), scenes(), st.booleans(), scenes())
def test_a_bystander_only_ever_takes_bindings_away(
    lines: list[Line], tracks: list[Track], photo: bool, bystanders: list[Track]
) -> None:
    """While the listed people are in the picture, whoever else walks in is never taken for one of them."""
    before = bind(lines, tracks, photo, RULES)
    had = {bound.line_id: id(face) for bound, face in before.bound}
    after = bind(lines, [*tracks, *bystanders], photo, RULES)
    for bound, face in after.bound:
        if bound.line_id in had:
            assert had[bound.line_id] == id(face)


@given(scenes(), st.booleans())
def test_nobody_is_bound_without_a_roster(tracks: list[Track], photo: bool) -> None:
    binding = bind([], tracks, photo, RULES)
    assert () == binding.bound
    assert {BindingReason.UNBOUND} >= set(binding.refused)


def test_a_window_ends_tracks_in_its_own_region_alone() -> None:
    ends = window_ends([line("a", LEFT, 1000, 2000), line("b", RIGHT), line("c", None, None, 5000)])
    assert [False, True, True, False] == [
        ends(before, before + 500, 0.2, 0.5) for before in (0, 500, 1500, 2000)
    ]
    assert not ends(500, 1500, 0.7, 0.5)
    assert ends(4000, 5000, 0.7, 0.5)
