"""People who do not exist: a face as eighty-odd numbers, drawn from one seed.

Lengths are in *face units*: one unit is half the height of an average face, x points to the right of the
picture, y down, z towards the camera; y = 0 lies a little under the eyes. Colours are positions on a scale
(see `palette`). Nothing here changes from picture to picture: pose, light, expression and the like are in
`nuisance`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from habeas.synthetic.seeds import person_rng


def trait(low: float, high: float, share: float = 1.0) -> float:
    """A number drawn evenly between two bounds, independently of all others, for `share` of the people.

    Everyone else has 0, which always means "has none".
    """
    drawn: float = field(metadata={"low": low, "high": high, "share": share})
    return drawn


@dataclass(frozen=True, slots=True)
class Person:
    """One drawn person: the seed and everything that follows from it."""

    seed: int
    # colours: narrow on purpose, and light changes them; no person is to be recognised by colour alone
    skin_tone: float = trait(0.0, 1.0)
    skin_red: float = trait(-1.0, 1.0)
    hair_tone: float = trait(0.0, 1.0)
    hair_red: float = trait(0.0, 1.0)
    iris_tone: float = trait(0.0, 1.0)
    lip_red: float = trait(0.1, 1.0)
    # the head, seen from the front
    crown: float = trait(1.12, 1.34)
    temple_w: float = trait(0.64, 0.8)
    cheek_w: float = trait(0.66, 0.86)
    cheek_y: float = trait(0.02, 0.3)
    jaw_w: float = trait(0.44, 0.74)
    jaw_y: float = trait(0.5, 0.74)
    chin_w: float = trait(0.14, 0.4)
    chin_y: float = trait(0.9, 1.14)
    chin_dimple: float = trait(0.0, 1.0)
    # and from the side
    depth: float = trait(0.85, 1.1)
    chin_out: float = trait(-0.08, 0.1)
    brow_ridge: float = trait(0.0, 0.06)
    ear_size: float = trait(0.16, 0.3)
    ear_y: float = trait(-0.1, 0.14)
    ear_out: float = trait(0.02, 0.16)
    # eyes
    eye_x: float = trait(0.27, 0.4)
    eye_y: float = trait(-0.2, -0.04)
    eye_w: float = trait(0.105, 0.175)
    eye_h: float = trait(0.04, 0.09)
    eye_tilt: float = trait(-0.24, 0.24)
    eye_round: float = trait(0.2, 1.0)
    lid: float = trait(0.0, 1.0)
    iris: float = trait(0.045, 0.07)
    bag: float = trait(0.0, 1.0)
    socket: float = trait(0.0, 1.0)
    lash: float = trait(0.0, 1.0)
    # brows
    brow_gap: float = trait(0.08, 0.2)
    brow_in: float = trait(0.09, 0.21)
    brow_len: float = trait(0.2, 0.4)
    brow_thick: float = trait(0.018, 0.065)
    brow_arch: float = trait(-0.01, 0.09)
    brow_tilt: float = trait(-0.22, 0.22)
    brow_dark: float = trait(0.15, 1.0)
    brow_peak: float = trait(0.3, 0.8)
    # nose
    nose_y: float = trait(0.22, 0.42)
    nose_w: float = trait(0.1, 0.22)
    bridge_w: float = trait(0.035, 0.095)
    tip: float = trait(0.05, 0.11)
    nose_out: float = trait(0.12, 0.3)
    nostril: float = trait(0.2, 1.0)
    bridge_shade: float = trait(0.2, 1.0)
    nose_bend: float = trait(-0.03, 0.03)
    # mouth
    mouth_gap: float = trait(0.17, 0.34)
    mouth_w: float = trait(0.19, 0.35)
    lip_up: float = trait(0.022, 0.075)
    lip_low: float = trait(0.03, 0.095)
    bow: float = trait(0.0, 1.0)
    corner: float = trait(-0.045, 0.045)
    fold: float = trait(0.0, 1.0)
    cheekbone: float = trait(0.0, 1.0)
    # hair
    hair_top: float = trait(0.02, 0.3)
    hair_side: float = trait(0.01, 0.22)
    hair_len: float = trait(-0.25, 1.9)
    hairline: float = trait(-0.86, -0.56)
    hairline_m: float = trait(-0.1, 0.2)
    part: float = trait(-0.8, 0.8)
    fringe: float = trait(-0.35, 0.42)
    fringe_slant: float = trait(-0.2, 0.2)
    curl: float = trait(0.0, 0.06)
    curl_n: float = trait(4.0, 15.0)
    # marks and habits that only some people have
    bald: float = trait(1.0, 1.0, share=0.07)
    beard: float = trait(0.25, 1.0, share=0.28)
    moustache: float = trait(0.3, 1.0, share=0.28)
    freckles: float = trait(0.3, 1.0, share=0.22)
    scar: float = trait(0.3, 1.0, share=0.12)
    wrinkles: float = trait(0.2, 1.0, share=0.35)
    mole_a: float = trait(0.018, 0.045, share=0.55)
    mole_b: float = trait(0.015, 0.038, share=0.35)
    blush: float = trait(0.2, 1.0, share=0.35)
    # where such marks sit
    beard_y: float = trait(0.25, 0.62)
    mole_a_x: float = trait(-0.5, 0.5)
    mole_a_y: float = trait(0.05, 0.85)
    mole_b_x: float = trait(-0.5, 0.5)
    mole_b_y: float = trait(-0.6, 0.8)
    scar_x: float = trait(-0.45, 0.45)
    scar_y: float = trait(-0.5, 0.8)
    scar_turn: float = trait(0.0, 3.14)

    @classmethod
    def from_seed(cls, seed: int) -> Person:
        """The same person for the same seed, for ever: traits are drawn in the order they stand above."""
        rng = person_rng(seed)
        traits = [f for f in fields(cls) if "share" in f.metadata]
        level, owned = rng.random(len(traits)), rng.random(len(traits))
        values = {}
        for spec, at, own in zip(traits, level, owned, strict=True):
            low, high, share = spec.metadata["low"], spec.metadata["high"], spec.metadata["share"]
            values[spec.name] = float(low + (high - low) * at) if own < share else 0.0
        return cls(seed=seed, **values)
