"""The payload of each kind of order, strictly: these fields, of these types, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from habeas.model.orders import REGISTRAR, HaltScope, OrderKind, Role
from habeas.model.text import flaw, hidden

LONGEST_TEXT = 500
LONGEST_NAME = 200

_PERSON_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ORDINARY_ID = 64


def person(person_id: str, roles: Iterable[Role], public_key: bytes) -> dict[str, Any]:
    """The registrar adds a person: the holder of this key may sign as this id, in these roles."""
    return {"person": person_id, "roles": sorted(str(role) for role in roles), "public_key": public_key.hex()}


def removal(person_id: str, signed_before: Iterable[str]) -> dict[str, Any]:
    """The registrar removes a person. Of the orders that the person signed, only those named stay valid."""
    return {"person": person_id, "orders": sorted(signed_before)}


def halt(scope: HaltScope, name: str, reason: str, until: datetime | None) -> dict[str, Any]:
    """Stop everything, or one source, purpose or recipient (`name`)."""
    ends = until.astimezone(UTC).isoformat() if until else None
    return {"scope": str(scope), "name": name, "reason": reason, "until": ends}


def resume(halt_id: str) -> dict[str, Any]:
    """Go on: lifts one halt."""
    return {"halt": halt_id}


def activation(digest: str, names: Iterable[str], note: str) -> dict[str, Any]:
    """Put the set of rules with this digest into force. `names`: its packs."""
    return {"digest": digest, "names": list(names), "note": note}


def fault(kind: OrderKind, payload: Mapping[str, Any]) -> str:
    """Why this payload is not valid for an order of this kind, without its values; empty if it is valid."""
    fields = _FIELDS[kind]
    if set(payload) != set(fields):
        return f"it must have the fields {', '.join(sorted(fields))} and no other"
    wrong = next(
        ((name, problem) for name, check in fields.items() if (problem := check(payload[name]))), None
    )
    if wrong:
        return f"its {wrong[0]} {wrong[1]}"
    if kind is OrderKind.HALT and (payload["scope"] == HaltScope.ALL) != (payload["name"] == ""):
        return "it must name what it halts, and name nothing when it halts everything"
    return ""


def instant(value: object) -> datetime | None:
    """A time as orders write it (UTC, ISO 8601); None if it is none."""
    try:
        at = datetime.fromisoformat(value) if type(value) is str else None
    except ValueError:
        return None
    return (
        at if at is not None and at.tzinfo is not None and at.astimezone(UTC).isoformat() == value else None
    )


def _person_id(value: object) -> str:
    if type(value) is not str or len(value) > _ORDINARY_ID or not _PERSON_ID.fullmatch(value):
        return "must be an office and a number in lower case, like oversight-1"
    return "is taken by the registrar" if value == REGISTRAR else ""


def _roles(value: object) -> str:
    roles = {str(role) for role in Role}
    if not _words(value) or not set(value) <= roles:  # type: ignore[call-overload]
        return f"must be some of {', '.join(sorted(roles))}, each once, in order"
    return ""


def _words(value: object) -> bool:
    """A list of different words in order, at least one."""
    plain = type(value) is list and bool(value) and all(type(word) is str for word in value)
    return plain and value == sorted(set(value))  # type: ignore[call-overload]


def _digest(value: object) -> str:
    return "" if type(value) is str and _DIGEST.fullmatch(value) else "must be 64 digits of hexadecimal"


def _digests(value: object) -> str:
    good = value == [] or (_words(value) and not any(_digest(one) for one in value))  # type: ignore[attr-defined]
    return "" if good else "must be digests, each once, in order"


def _scope(value: object) -> str:
    return "" if value in [str(scope) for scope in HaltScope] else "is unknown"


def _name(value: object) -> str:
    if type(value) is not str or len(value) > LONGEST_NAME:
        return f"must be text of at most {LONGEST_NAME} characters"
    return f"holds {problem}" if (problem := flaw(value)) else ""


def _names(value: object) -> str:
    if type(value) is not list or not value or len(set(map(str, value))) != len(value):
        return "must be words, each once"
    return next(
        (problem for one in value if (problem := _name(one) or ("is empty" if one == "" else ""))), ""
    )


def _text(value: object) -> str:
    if type(value) is not str or len(value) > LONGEST_TEXT:
        return f"must be text of at most {LONGEST_TEXT} characters"
    return f"holds {problem}" if (problem := hidden(value)) else ""


def _reason(value: object) -> str:
    return "is missing" if value == "" else _text(value)


def _until(value: object) -> str:
    return "" if value is None or instant(value) else "must be a time in UTC or nothing"


_FIELDS: Mapping[OrderKind, Mapping[str, Callable[[object], str]]] = {
    OrderKind.PERSON: {"person": _person_id, "roles": _roles, "public_key": _digest},
    OrderKind.REMOVAL: {"person": _person_id, "orders": _digests},
    OrderKind.HALT: {"scope": _scope, "name": _name, "reason": _reason, "until": _until},
    OrderKind.RESUME: {"halt": _digest},
    OrderKind.ACTIVATION: {"digest": _digest, "names": _names, "note": _text},
}
