"""Every seed range in one place, so that no test can meet a person or a picture the training has seen.

People and samples (pictures) are numbered apart. A sample's generator is made from its stream, its kind and
its number, so that each sample can be drawn alone and again, in any order and in any process.
"""

from __future__ import annotations

from typing import Final

import numpy as np

PEOPLE_TRAIN: Final = range(1_000_000)
PEOPLE_VALIDATION: Final = range(1_000_000, 1_100_000)
PEOPLE_TEST: Final = range(2_000_000, 2_100_000)
PEOPLE_DEMO: Final = range(3_000_000, 3_100_000)

STREAMS: Final = {"train": 11, "validation": 12, "test": 13, "demo": 14, "unit": 15}
KINDS: Final = {"scene": 1, "portrait": 2, "clip": 3, "crop": 4, "negative": 5, "other": 9}

_PERSON_ENTROPY: Final = 7_205_759


def person_rng(seed: int) -> np.random.Generator:
    """The generator a person's identity is drawn from; nothing else ever draws from it."""
    return np.random.default_rng(np.random.SeedSequence([_PERSON_ENTROPY, seed]))


def sample_rng(stream: str, kind: str, number: int, salt: int = 0) -> np.random.Generator:
    """The generator of one sample: `stream` of STREAMS, `kind` of KINDS, `number` within them."""
    return np.random.default_rng(np.random.SeedSequence([STREAMS[stream], KINDS[kind], number, salt]))
