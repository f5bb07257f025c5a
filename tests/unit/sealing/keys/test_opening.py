"""Only the custodian opens, only what may be open now, only with a reason; and no vector comes out."""

from __future__ import annotations

import hashlib
import logging
import traceback
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from habeas.model.errors import IntegrityError, KeyUnavailable, UsageError
from habeas.model.ids import packed
from habeas.sealing import open_rows as opening
from habeas.sealing.keys import roles
from habeas.sealing.open_rows import context_of, open_rows
from habeas.sealing.sealer import Sealer

NOW = datetime(2026, 2, 1, tzinfo=UTC)
BOUND = [
    "row_id",
    "key_id",
    "asset_id",
    "line_id",
    "purpose",
    "source_id",
    "model_id",
    "preprocessing",
    "transform",
    "decision_id",
]


def vector(number: int) -> np.ndarray:
    values = np.random.default_rng(number).normal(size=512)
    return (values / np.linalg.norm(values)).astype(np.float32)


@pytest.fixture
def stock(keeping, registrar):
    """Rows of two people, as `embeddings` and `row_status` hold them."""
    sealer = Sealer(roles.registrar_public_key(keeping.settings.registrar_public_key))
    rows = []
    for number in range(4):
        record = registrar.enrol(f"subject-{number % 2}", "archive_search", keeping.now)
        row = {
            "row_id": f"row-{number}",
            "asset_id": f"asset-{number}",
            "line_id": f"line-{number}",
            "subject_id": record.subject_id,
            "source_id": "source-1",
            "purpose": record.purpose,
            "key_id": record.key_id,
            "suite": record.suite,
            "format_version": 1,
            "model_id": "synthetic@1",
            "preprocessing": "arcface-112",
            "transform": "none",
            "decision_id": f"decision-{number}",
        }
        sealed = sealer.seal(vector(number), context_of(row), record)
        rows.append(row | {"sealed": sealed})
    return rows, [status(row["row_id"]) for row in rows]


def status(row_id, word="open", *, day=1, expires=None):
    return {
        "row_id": row_id,
        "status": word,
        "decision_id": "d",
        "expires_at": expires,
        "reason": "published",
        "recorded_at": datetime(2026, 1, day, tzinfo=UTC),
        "run_id": "r",
    }


def opened(rows, statuses, store, **changes):
    wanted = {"who": "dana", "reason": "court order 7", "now": NOW}
    return open_rows(rows, statuses, store, **(wanted | changes))


def test_the_custodian_learns_a_count_and_a_digest(stock, custodian):
    rows, statuses = stock
    whole = hashlib.sha256()
    for number in range(4):
        whole.update(packed(f"row-{number}", vector(number).tobytes()))
    result = opened(rows, statuses, custodian)
    assert (4, whole.hexdigest(), {}) == (result.count, result.digest, result.skipped)
    assert result == opened(rows[::-1], statuses[::-1], custodian)  # the order they lie in says nothing


def test_every_row_opens_to_its_own_vector(stock, custodian):
    rows, statuses = stock
    vectors, skipped = opening._vectors(rows, statuses, custodian, now=NOW)
    assert {} == skipped
    assert {f"row-{n}": vector(n).tobytes() for n in range(4)} == {k: v.tobytes() for k, v in vectors.items()}


def test_who_opened_what_for_is_on_record(stock, custodian):
    rows, statuses = stock
    result = opened(rows, statuses, custodian)
    (noted,) = custodian.openings()
    assert ("dana", "court order 7", 4, result.digest, NOW) == tuple(
        noted[name] for name in ("who", "reason", "rows", "digest", "at")
    )


def test_an_opening_that_fails_is_on_record_too(stock, keeping, custodian):
    rows, statuses = stock
    (keeping.custody.kms / "epoch-1.key").unlink()
    with pytest.raises(KeyUnavailable):
        opened(rows, statuses, custodian)
    assert [(4, "")] == [(noted["rows"], noted["digest"]) for noted in custodian.openings()]


def test_a_row_of_left_out_footage_stays_shut_whatever_its_status(stock, custodian):
    rows, statuses = stock
    result = opened(rows, statuses, custodian, left_out={"row-1"})
    assert (3, {"left_out": 1}) == (result.count, result.skipped)


@pytest.mark.parametrize("missing", ["who", "reason"])
def test_nothing_opens_without_a_name_and_a_reason(missing, stock, custodian):
    with pytest.raises(UsageError):
        opened(*stock, custodian, **{missing: " "})
    assert [] == custodian.openings()


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ([], "no_status"),
        ([status("row-0", "closed")], "closed"),
        ([status("row-0", "frozen")], "frozen"),
        ([status("row-0", "held")], "held"),
        ([status("row-0", "OPEN")], "closed"),
        ([status("row-0", "")], "closed"),
        ([status("row-0"), status("row-0", "closed", day=2)], "closed"),
        ([status("row-0", "closed", day=2), status("row-0")], "closed"),
        ([status("row-0"), status("row-0", "held")], "held"),  # of the same instant: shut wins
        ([status("row-0", expires=NOW)], "expired"),
        ([status("row-0", expires=NOW - timedelta(seconds=1))], "expired"),
        ([status("row-1")], "no_status"),
    ],
)
def test_a_row_that_may_not_be_open_stays_shut(statuses, word, stock, custodian):
    result = opened(stock[0][:1], statuses, custodian)
    assert (0, {word: 1}) == (result.count, result.skipped)


@pytest.mark.parametrize(
    "statuses",
    [
        [status("row-0", "closed"), status("row-0", day=2)],
        [status("row-0", day=2), status("row-0", "frozen")],
        [status("row-0", expires=NOW + timedelta(seconds=1))],
    ],
)
def test_the_newest_status_may_open_again(statuses, stock, custodian):
    assert 1 == opened(stock[0][:1], statuses, custodian).count


def test_a_withdrawn_persons_rows_stay_shut_whatever_their_status(stock, registrar, custodian):
    rows, statuses = stock
    registrar.close("subject-0", "archive_search", NOW, "consent_ended")
    result = opened(rows, statuses, custodian)
    assert (2, {"key_closed": 2}) == (result.count, result.skipped)


@pytest.mark.parametrize("field", BOUND)
def test_no_row_opens_under_another_lines_info(field, stock, custodian):
    """Every bound column in turn is taken from the other person's row."""
    rows, statuses = stock
    if field in {"model_id", "purpose", "source_id", "preprocessing", "transform"}:
        changed = rows[0] | {field: "other"}
    elif field == "row_id":
        changed = rows[0] | {field: rows[3][field]}
    else:
        changed = rows[0] | {field: rows[1][field]}
    result = opened([changed], statuses, custodian)
    assert (0, {"does_not_open": 1}) == (result.count, result.skipped)


@pytest.mark.parametrize(
    "change", [{"subject_id": "subject-1"}, {"suite": 1}, {"format_version": 2}, {"sealed": b""}]
)
def test_a_row_that_says_something_else_than_its_key_stays_shut(change, stock, custodian):
    rows, statuses = stock
    result = opened([rows[0] | change], statuses, custodian)
    assert (0, {"does_not_open": 1}) == (result.count, result.skipped)


def test_a_ciphertext_moved_to_another_row_stays_shut(stock, custodian):
    rows, statuses = stock
    for other in (rows[1], rows[2]):  # another person's, the same person's
        moved = rows[0] | {"sealed": other["sealed"]}
        assert {"does_not_open": 1} == opened([moved], statuses, custodian).skipped


def test_a_row_id_that_stands_twice_opens_nothing(stock, custodian):
    rows, statuses = stock
    with pytest.raises(IntegrityError):
        opened([rows[0], rows[0]], statuses, custodian)


def test_a_status_without_a_zone_is_refused(stock, custodian):
    naive = status("row-0") | {"recorded_at": datetime(2026, 1, 1)}  # noqa: DTZ001
    with pytest.raises(UsageError):
        opened(stock[0], [naive, naive], custodian)


def test_rows_as_arrow_and_numpy_hand_them_over_open(stock, custodian):
    rows, statuses = stock
    arrow = rows[0] | {
        "sealed": memoryview(rows[0]["sealed"]),
        "suite": np.int32(2),
        "format_version": np.int32(1),
    }
    assert 1 == opened([arrow], statuses, custodian).count


def test_no_vector_or_key_stands_in_what_comes_out(stock, registrar, custodian, caplog):
    """Result, its repr, logs and the error of a tampered store, searched for the values themselves."""
    rows, statuses = stock
    with caplog.at_level(logging.DEBUG):
        result = opened(rows, statuses, custodian)
        broken = [rows[0] | {"recorded_at": None}]
        with pytest.raises(UsageError) as caught:
            opened(broken, [status("row-0") | {"recorded_at": NOW.replace(tzinfo=None)}] * 2, custodian)
    said = repr(result) + caplog.text + "".join(traceback.format_exception(caught.value))
    keys = custodian.opener({row["key_id"] for row in rows})
    said += repr(keys)
    for number in range(4):
        values = vector(number)
        for form in (
            values.tobytes().hex(),
            repr(values.tobytes()[:16])[2:-1],
            str(values[0]),
            repr(float(values[1])),
        ):
            assert form not in said
    for key in keys.values():
        assert key.private.hex() not in said
        assert repr(key.private)[2:-1] not in said
