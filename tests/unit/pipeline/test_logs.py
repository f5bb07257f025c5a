from __future__ import annotations

import json

import pytest
import structlog

from habeas.pipeline.runtime.logs import HIDDEN, configure


@pytest.fixture
def line(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    configure(verbose=True, as_json=True)

    def logged(**fields: object) -> dict[str, object]:
        structlog.get_logger().info("task_ended", **fields)
        out, err = capsys.readouterr()
        assert "" == out, "logs go to standard error, data to standard output"
        return json.loads(err)

    yield logged
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", "Ana Example"),
        ("path", "/archive/ana.jpg"),
        ("key", "00ff"),
        ("score", 0.731),
        ("embedding", [0.1, 0.2]),
        ("sealed", b"\x00\x01"),
        ("seconds", [0.5]),
        ("anything_new", "text nobody listed"),
    ],
)
def test_what_is_not_listed_never_reaches_a_log_line(line, name: str, value: object) -> None:  # type: ignore[no-untyped-def]
    assert HIDDEN == line(**{name: value})[name]


def test_counts_and_listed_words_are_logged(line) -> None:  # type: ignore[no-untyped-def]
    told = line(task="embed", faces=12, seconds=1.23456, status="done")
    assert ("embed", 12, 1.235, "done") == (told["task"], told["faces"], told["seconds"], told["status"])


def test_a_log_line_cannot_be_forged(line) -> None:  # type: ignore[no-untyped-def]
    assert "a?b" == line(reason="a\nb")["reason"]


def test_a_traceback_does_not_reach_a_log_line(line) -> None:  # type: ignore[no-untyped-def]
    try:
        raise ValueError("Ana Example")
    except ValueError:
        assert "Ana" not in json.dumps(line(exc_info=True))
