"""JSON as somebody else wrote it, read strictly: no key twice, no NaN, no number that a database can't hold."""

from __future__ import annotations

import json

from habeas.errors import BadInput


def load(text: str, what: str = "one JSON object on one line") -> tuple[object, bool]:
    """The value, and whether some key stands twice. Raises BadInput; `what` says what was expected."""
    repeated = False

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal repeated
        repeated = repeated or len({key for key, _ in found}) != len(found)
        return dict(found)

    try:
        return json.loads(
            text, object_pairs_hook=pairs, parse_constant=_no_constant, parse_int=_whole
        ), repeated
    except RecursionError:
        raise BadInput("nested_too_deep", "lists in lists in lists") from None
    except BadInput:
        raise
    except ValueError:
        raise BadInput("broken_json", f"{what} is expected") from None


def _no_constant(_: str) -> object:
    raise BadInput("not_a_number", "NaN and Infinity are no numbers here")


def _whole(digits: str) -> int:
    if len(digits) > 18:
        raise BadInput("bad_number", "a whole number has more than 18 digits")
    return int(digits)
