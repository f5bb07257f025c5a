"""Decision tables, run: facts, and what must follow from them. How a table is written stands in `files`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from habeas.model.decision import Informed, Verdict
from habeas.policy.cases.files import Case, read_tables
from habeas.policy.rules.decide import decide
from habeas.policy.rules.packs import Pack

__all__ = ["Case", "Result", "read_tables", "run_case", "run_tables"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a row; `differs` says in words where it is not as expected."""

    case: Case
    verdict: Verdict
    differs: tuple[str, ...]


def run_tables(folder: Path, packs: Sequence[Pack]) -> tuple[Result, ...]:
    """Every row of every table in `folder`, decided by `packs`. Raises UsageError where a table can't be read."""
    return tuple(run_case(case, packs) for case in read_tables(folder, packs))


def run_case(case: Case, packs: Sequence[Pack]) -> Result:
    """One row, decided by those of `packs` that it names."""
    verdict = decide(case.action, case.facts, [pack for pack in packs if pack.name in case.packs])
    regulator = verdict.regulator
    compared: list[tuple[str, object, object]] = [
        ("answer", case.effect, verdict.effect),
        ("by", _sorted(case.by), _names(verdict)),
        ("missing", _sorted(case.missing), verdict.missing),
        ("regulator", case.regulator, regulator.effect if regulator else None),
        ("regulator_by", _sorted(case.regulator_by), _names(regulator) if regulator else ()),
        (
            "obligations",
            case.obligations,
            tuple(each for each in case.obligations if each in verdict.obligations),
        ),
        ("waived", _sorted(case.waived), _names(verdict, waived=True)),
    ]
    differs = [
        f"{name}: expected {_shown(expected)}, got {_shown(got)}"
        for name, expected, got in compared
        if expected is not None and expected != got
    ]
    return Result(case, verdict, tuple(differs))


def _names(verdict: Verdict | Informed, *, waived: bool = False) -> tuple[str, ...]:
    """The rules that count, or those that were waived, as a case names them."""
    return tuple(
        sorted(f"{each.pack}/{each.rule_id}" for each in verdict.rules if (each.kind == "waived") == waived)
    )


def _sorted(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(names))


def _shown(value: object) -> str:
    return (", ".join(value) if isinstance(value, tuple) else str(value or "")) or "nothing"
