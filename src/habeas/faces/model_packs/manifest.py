"""`pack.toml`: text to a frozen pack. Every field but two is required, and no other is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from habeas.faces.model_packs.pack import ANY_PURPOSE, CANDIDATE_SHARE, Detector, ModelPack, Recogniser
from habeas.model.errors import UsageError

FORMAT = 1
FILE = "pack.toml"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_ONNX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\.onnx")  # a plain name: no folder, no way out
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Part = TypeVar("_Part", Detector, Recogniser)


def parse(text: str) -> ModelPack:
    """Raises UsageError naming the field that is missing, unknown or impossible."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{FILE} is no valid TOML: {error}") from None
    if document.pop("format", None) != FORMAT:
        raise UsageError(f"{FILE}: format must be {FORMAT}")
    detector = _part(Detector, _with_candidates(document.pop("detector", None)), _DETECTOR)
    recogniser = _part(Recogniser, document.pop("recogniser", None), _RECOGNISER)
    values = _fields("", document, _PACK)
    if values["permitted_purposes"] != (ANY_PURPOSE,) and ANY_PURPOSE in values["permitted_purposes"]:
        raise UsageError(f'{FILE}: permitted_purposes is either ["{ANY_PURPOSE}"] or a list of purposes')
    if not detector.candidate_threshold <= detector.threshold:
        raise UsageError(f"{FILE}: [detector] candidate_threshold can't be above threshold")
    return ModelPack(**values, detector=detector, recogniser=recogniser)


def _with_candidates(table: object) -> object:
    """The detector's table with a candidate threshold, where it states none."""
    if not isinstance(table, dict):
        return table
    stated = table.get("threshold")  # what is wrong with it is said where it is read
    threshold = stated if isinstance(stated, float) and 0.01 <= stated <= 1 else 0.5
    return {"candidate_threshold": max(0.01, CANDIDATE_SHARE * threshold)} | table


def _part(kind: type[_Part], table: object, rules: Mapping[str, Callable[[Any], Any]]) -> _Part:
    name = kind.__name__.lower()
    if not isinstance(table, dict):
        raise UsageError(f"{FILE}: a table [{name}] is needed")
    return kind(**_fields(f"[{name}] ", table, rules))


def _fields(where: str, table: dict[str, Any], rules: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    for name in sorted((set(table) ^ set(rules)) - (_OPTIONAL - set(table))):
        what = "is missing" if name in rules else "is no field of a pack"
        raise UsageError(f"{FILE}: {where}{name} {what}")
    values = {}
    for name, rule in rules.items():
        if name not in table:
            continue
        try:
            values[name] = rule(table[name])
        except (TypeError, ValueError):
            raise UsageError(f"{FILE}: {where}{name} can't be {table[name]!r}") from None
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _like(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def rule(value: Any) -> str:
        if not pattern.fullmatch(_text(value)):
            raise ValueError
        return str(value)

    return rule


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(low: float, high: float) -> Callable[[Any], float]:
    def rule(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError
        return float(value)

    return rule


def _size(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(side) is not int for side in value):
        raise TypeError
    width, height = value
    if not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise ValueError
    return width, height


def _detector_size(value: Any) -> tuple[int, int] | None:
    return None if value == "auto" else _size(value)


def _dimensions(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 4096:
        raise ValueError
    return value


def _purposes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(purpose) for purpose in value)


_PACK: Mapping[str, Callable[[Any], Any]] = {
    "name": _like(_NAME),
    "version": _like(_NAME),
    "licence": _text,
    "licence_source": _text,
    "permitted_purposes": _purposes,
    "commercial_use": _flag,
    "training_data": _text,
}
_DETECTOR: Mapping[str, Callable[[Any], Any]] = {
    "file": _like(_ONNX),
    "sha256": _like(_SHA256),
    "input_size": _detector_size,
    "threshold": _number(0.01, 1),
    "candidate_threshold": _number(0.01, 1),
    "nms": _number(0.01, 1),
    "resolves_px": _number(8, 64),
}
_OPTIONAL = {"resolves_px"}
_RECOGNISER: Mapping[str, Callable[[Any], Any]] = {
    "file": _like(_ONNX),
    "sha256": _like(_SHA256),
    "dimensions": _dimensions,
    "input_size": _size,
    "preprocessing": _text,
    "same_person_score": _number(-1, 1),
}
