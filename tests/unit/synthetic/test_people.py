"""Drawn people: who they are follows from a seed alone, and is more than their colours."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from habeas.synthetic import FULL, Person, draw_nuisance, draw_snapshot, sample_rng
from habeas.synthetic import seeds as ranges


def test_a_seed_is_the_same_person_for_ever() -> None:
    assert Person.from_seed(7) == Person.from_seed(7)
    assert Person.from_seed(7) != Person.from_seed(8)


def test_a_person_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Person.from_seed(7).skin_tone = 0.5  # type: ignore[misc]


def _traits(person: Person) -> list[float]:
    """All traits, each scaled to 0..1 over its range."""
    scaled = []
    for spec in fields(person):
        if "share" in spec.metadata:
            low, high = spec.metadata["low"], spec.metadata["high"]
            low = low if spec.metadata["share"] >= 1.0 else 0.0
            scaled.append((getattr(person, spec.name) - low) / (high - low))
    return scaled


def test_identity_has_many_independent_traits() -> None:
    vectors = np.stack([_traits(Person.from_seed(seed)) for seed in range(400)])
    assert vectors.shape[1] >= 50
    assert vectors.min() >= 0.0
    assert vectors.max() <= 1.0
    varied = vectors[:, vectors.std(axis=0) > 0]
    correlation = np.abs(np.corrcoef(varied.T) - np.eye(varied.shape[1]))
    assert correlation.max() < 0.25


def test_no_training_person_is_a_test_or_demo_person() -> None:
    people = [ranges.PEOPLE_TRAIN, ranges.PEOPLE_VALIDATION, ranges.PEOPLE_TEST, ranges.PEOPLE_DEMO]
    people.sort(key=lambda r: r.start)
    for one, following in pairwise(people):
        assert one.stop <= following.start


def test_streams_and_kinds_draw_different_numbers() -> None:
    drawn = {sample_rng(stream, kind, 3).random() for stream in ranges.STREAMS for kind in ranges.KINDS}
    assert len(drawn) == len(ranges.STREAMS) * len(ranges.KINDS)


def test_nuisances_vary_independently_of_each_other() -> None:
    rows = []
    for number in range(600):
        nuisance = draw_nuisance(sample_rng("unit", "other", number), FULL)
        rows.append(
            [
                nuisance.pose.yaw,
                nuisance.pose.pitch,
                nuisance.pose.roll,
                nuisance.light.slope_x,
                nuisance.light.level,
                nuisance.light.cast_red,
                nuisance.expression.smile,
                nuisance.expression.mouth_open,
                float(nuisance.glasses is not None),
                float(nuisance.occlusion is not None),
            ]
        )
    values = np.array(rows)
    assert (values.std(axis=0) > 0.01).all()
    correlation = np.abs(np.corrcoef(values.T) - np.eye(values.shape[1]))
    assert correlation.max() < 0.2


def test_mean_colours_do_not_identify_people() -> None:
    """Skin, hair and background colours overlap and light changes them: rank-1 must stay under 20 %."""
    gallery: list[NDArray[np.float64]] = []
    probes: list[NDArray[np.float64]] = []
    for index in range(60):
        for picture, where in ((0, gallery), (1, probes)):
            rng = sample_rng("unit", "crop", index, picture)
            scene = draw_snapshot(
                Person.from_seed(ranges.PEOPLE_VALIDATION.start + index), rng, (150, 150), 80.0
            )
            where.append(_mean_colours(scene.image, scene.faces[0].box))
    scale = np.std(gallery, axis=0)
    apart = np.linalg.norm((np.array(probes)[:, None] - np.array(gallery)[None]) / scale, axis=2)
    rank_one = float((apart.argmin(axis=1) == np.arange(60)).mean())
    assert rank_one < 0.20


def _mean_colours(image: NDArray[np.uint8], box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Mean colours of the lower face, of the hair above it and of the whole picture."""
    left, top, right, bottom = (max(round(v), 0) for v in box)
    middle = (top + bottom) // 2
    parts = [image[middle:bottom, left:right], image[max(top - 12, 0) : top + 4, left:right], image]
    return np.concatenate([part.reshape(-1, 3).mean(axis=0) for part in parts])
