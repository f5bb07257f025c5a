"""JSON of another system, read strictly: no key twice, no NaN, no number that a database can't hold."""

from __future__ import annotations

import json
from collections import Counter

from habeas.model.errors import BadInput


def load(text: str, what: str = "one JSON object on one line") -> tuple[object, frozenset[str]]:
    """The value, and the keys that stand twice. Raises BadInput; `what` says what was expected."""
    repeated: set[str] = set()

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        repeated.update(key for key, times in Counter(key for key, _ in items).items() if times > 1)
        return dict(items)

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=_no_constant, parse_int=_whole)
        return value, frozenset(repeated)
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
