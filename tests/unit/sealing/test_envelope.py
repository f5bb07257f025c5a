"""A sealed vector opens as exactly the row it was sealed as, with exactly its key, or not at all."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st

from habeas.model.errors import IntegrityError
from habeas.sealing import suites
from habeas.sealing.envelope import MAGIC, MAX_DIMENSIONS, SealContext, payload, seal
from habeas.sealing.framing import HEADER_BYTES, header
from habeas.sealing.keypairs import public_of
from habeas.sealing.opening import open_sealed

VALUES = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=MAX_DIMENSIONS).filter(
    lambda values: max(map(abs, values)) > 1e-3
)
TEXT_FIELDS = [item.name for item in fields(SealContext) if item.name != "format_version"]


def refusal(*args) -> str:
    with pytest.raises(IntegrityError) as caught:
        open_sealed(*args)
    return str(caught.value)


def test_what_was_sealed_opens_bit_for_bit(vector, context, suite, public, seed):
    opened = open_sealed(seal(vector, context, suite, public), context, suite, seed)
    assert (vector.dtype, vector.tobytes()) == (opened.dtype, opened.tobytes())


@examples(25)
@given(VALUES)
def test_every_number_of_dimensions_has_the_same_length(values):
    vector = np.array(values, dtype=np.float32)
    vector = (vector / np.linalg.norm(vector)).astype(np.float32)
    seed = bytes(range(32))
    context = SealContext(*["x"] * 9)
    sealed = seal(vector, context, suites.X25519, public_of(suites.X25519, seed))
    assert 2166 == len(sealed)
    assert vector.tobytes() == open_sealed(sealed, context, suites.X25519, seed).tobytes()


def test_lengths_are_the_documented_ones(vector, context, suite, public):
    """Whatever the vector: a length tells nothing about it."""
    assert {1: 2166, 2: 3254}[suite] == len(seal(vector, context, suite, public))


def test_sealing_twice_never_gives_the_same_bytes(vector, context, suite, public):
    assert seal(vector, context, suite, public) != seal(vector, context, suite, public)


@pytest.mark.parametrize("name", TEXT_FIELDS)
def test_any_bound_field_changed_makes_it_unopenable(name, vector, context, suite, public, seed):
    sealed = seal(vector, context, suite, public)
    refusal(sealed, replace(context, **{name: getattr(context, name) + "x"}), suite, seed)


def test_text_moved_from_one_field_to_the_next_makes_it_unopenable(vector, context, suite, public, seed):
    sealed = seal(vector, replace(context, asset_id="ab", line_id="c"), suite, public)
    refusal(sealed, replace(context, asset_id="a", line_id="bc"), suite, seed)


def test_another_format_version_is_refused(context):
    with pytest.raises(IntegrityError):
        replace(context, format_version=2)


@pytest.mark.parametrize("place", range(HEADER_BYTES))
@pytest.mark.parametrize("bit", range(8))
def test_each_header_bit_flipped_is_refused(place, bit, vector, context, suite, public, seed):
    sealed = bytearray(seal(vector, context, suite, public))
    sealed[place] ^= 1 << bit
    for believed in (1, 2):  # also for a reader who believes the changed header
        refusal(bytes(sealed), context, believed, seed)


def test_each_part_of_the_ciphertext_flipped_is_refused(vector, context, suite, public, seed):
    sealed = seal(vector, context, suite, public)
    for place in (HEADER_BYTES, HEADER_BYTES + 31, len(sealed) // 2, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        refusal(bytes(changed), context, suite, seed)


@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 6), slice(0, -1), slice(1, None)])
def test_cut_or_empty_is_refused(cut, vector, context, suite, public, seed):
    refusal(seal(vector, context, suite, public)[cut], context, suite, seed)


def test_a_longer_one_is_refused(vector, context, suite, public, seed):
    refusal(seal(vector, context, suite, public) + b"\0", context, suite, seed)


def test_another_persons_key_opens_nothing(vector, context, suite, public):
    refusal(seal(vector, context, suite, public), context, suite, bytes(range(1, 33)))


def test_the_classical_half_of_a_hybrid_key_opens_nothing(vector, context, seed):
    sealed = seal(vector, context, suites.MLKEM768_X25519, public_of(suites.MLKEM768_X25519, seed))
    refusal(sealed, context, suites.X25519, seed)


def test_every_cause_gives_the_same_words(vector, context, suite, public, seed):
    sealed = seal(vector, context, suite, public)
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    words = {
        refusal(changed, context, suite, seed),
        refusal(sealed[:-1], context, suite, seed),
        refusal(b"XXXX" + sealed[4:], context, suite, seed),
        refusal(sealed, replace(context, row_id="other"), suite, seed),
        refusal(sealed, context, suite, bytes(range(1, 33))),
    }
    assert 1 == len(words)
    said = words.pop()
    for secret in (seed.hex(), repr(seed), str(vector[0]), context.row_id, context.key_id):
        assert secret not in said


def test_content_that_is_no_unit_vector_is_refused(context, suite, public, seed, vector):
    good = payload(vector)
    bad = {
        "padding": good[:-1] + b"\1",
        "too many dimensions": (MAX_DIMENSIONS + 1).to_bytes(2, "little") + good[2:],
        "none": bytes(len(good)),
        "not of unit length": good[:2] + (vector * 2).astype("<f4").tobytes() + good[2 + vector.nbytes :],
    }
    for plain in bad.values():
        output = suites.hpke(suite).encrypt(plain, suites.public_key(suite, public), info=context.info(suite))
        refusal(header(MAGIC, suite) + output, context, suite, seed)


@pytest.mark.parametrize(
    "bad",
    [
        np.full(512, np.nan, np.float32),
        np.full(512, np.inf, np.float32),
        np.ones(512, np.float32),
        np.zeros(512, np.float32),
        np.ones((1, 1), np.float32),
        np.ones(1, np.float64),
        np.ones(0, np.float32),
        np.full(MAX_DIMENSIONS + 1, (MAX_DIMENSIONS + 1) ** -0.5, np.float32),
    ],
    ids=["nan", "infinite", "long", "zero", "matrix", "float64", "empty", "too many dimensions"],
)
def test_only_unit_vectors_are_sealed(bad, context, suite, public):
    with pytest.raises(IntegrityError):
        seal(bad, context, suite, public)


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize("value", ["", None, 3, "\ud800"])
def test_a_missing_field_seals_nothing(name, value, vector, context, suite, public):
    with pytest.raises(IntegrityError):
        seal(vector, replace(context, **{name: value}), suite, public)


@pytest.mark.parametrize("number", [0, 3, 255, 256, -1])
def test_an_unknown_suite_is_refused(number, vector, context, public, seed):
    with pytest.raises(IntegrityError):
        seal(vector, context, number, public)
    refusal(b"HBSV\1\1" + bytes(2160), context, number, seed)


def test_a_public_key_of_the_wrong_kind_is_refused(vector, context, suite, public):
    for bad in (public[:-1], public + b"\0", b"", bytes(32)):
        with pytest.raises(IntegrityError):
            seal(vector, context, suite, bad)
