"""What a table's contract asks of its rows, as Spark SQL and as bounds on one row of aggregates. Pure.

Everything here comes from the same contract entries, so that the filter which sets a row aside, the aggregates and
the suite that judges them can't drift apart:

- per row: required columns, `logicalTypeOptions` (minimum, maximum, pattern), `validValues`, table constraints;
- per run: `quality` rules over the whole set (duplicates, one length per suite, how many rows fail).

A column tagged `set-at-publish` is filled later and not looked at. Aggregates are of rows that pass, which proves the
filter; `rows` and `rows_failing` count all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from habeas.model.errors import UsageError
from habeas.warehouse.contracts import Column, Contract, Rule

_FLOATS = frozenset({"double", "float"})
_LATER = "set-at-publish"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The aggregate `column` lies between `minimum` and `maximum` (None = open).

    `share_of` names another aggregate: then the number judged is `column` in percent of it.
    """

    name: str
    column: str
    minimum: float | None
    maximum: float | None
    severity: str  # "critical" stops the publish, "warning" doesn't
    description: str
    share_of: str = ""


def row_is_bad(contract: Contract) -> str:
    """Spark SQL, true or false and never null: the row breaks the contract and is set aside.

    A CASE and no chain of ORs: Spark's optimiser takes minutes to put some fifty of them in order.
    """
    whens = " ".join(f"WHEN coalesce({sql}, true) THEN true" for _, sql in row_faults(contract))
    return f"CASE {whens} ELSE false END"


def reason_sql(contract: Contract) -> str:
    """Spark SQL: the first reason, a snake_case word, why a bad row is bad."""
    cases = " ".join(f"WHEN {sql} THEN '{reason}'" for reason, sql in row_faults(contract))
    return f"CASE {cases} ELSE 'row_unusable' END"


def row_faults(contract: Contract) -> list[tuple[str, str]]:
    """(reason, Spark SQL that is true where the row has that fault), in the order of the contract."""
    faults = [(f"{c.name}_missing", f"`{c.name}` IS NULL") for c in _checked(contract) if c.required]
    for column in _checked(contract):
        faults += [(reason, _where_given(column, sql)) for reason, sql in _column_faults(column)]
    faults += [(f"breaks_constraint_{n}", f"NOT ({sql})") for n, sql in enumerate(contract.constraints, 1)]
    return faults


def aggregates(contract: Contract) -> list[tuple[str, str]]:
    """(name, Spark SQL aggregate) over the rows that pass: minima, maxima and counts, never a value of identity."""
    wanted = [("rows_passing", "count(*)")]
    for column in _checked(contract):
        quoted = f"`{column.name}`"
        if column.required:
            wanted.append((f"{column.name}__nulls", f"count_if({quoted} IS NULL)"))
        if column.minimum is not None or column.maximum is not None:
            wanted += [(f"{column.name}__{end}", f"{end}({quoted})") for end in ("min", "max")]
        if column.type in _FLOATS:
            wanted.append((f"{column.name}__nan", f"count_if(isnan({quoted}))"))
        wanted += [_aggregate(column.name, rule) for rule in column.quality]
    return wanted


def expectations(contract: Contract) -> list[Expectation]:
    """The suite: one expectation an aggregate that has a bound, and the contract's rules about all rows."""
    suite: list[Expectation] = []
    for column in _checked(contract):
        suite += _column_expectations(column)
        for rule in column.quality:
            suite.append(_judged(rule, _aggregate(column.name, rule)[0]))
    for rule in contract.quality:
        if rule.metric != "invalidValues":
            raise UsageError(
                f"rule {rule.name} of {contract.name}: metric {rule.metric!r} is not known for a table",
                hint="A table's rules count its failing rows: metric invalidValues, unit rows or percent.",
            )
        suite.append(_judged(rule, "rows_failing", share_of="rows" if rule.unit == "percent" else ""))
    return suite


def _checked(contract: Contract) -> list[Column]:
    return [column for column in contract.columns if _LATER not in column.tags]


def _where_given(column: Column, sql: str) -> str:
    return sql if column.required else f"`{column.name}` IS NOT NULL AND ({sql})"


def _column_faults(column: Column) -> list[tuple[str, str]]:
    quoted, faults = f"`{column.name}`", []
    if column.type in _FLOATS:
        # Spark sorts NaN above every number, so a lower bound alone would let it through.
        faults.append((f"{column.name}_not_a_number", f"isnan({quoted})"))
    outside = [f"{quoted} < {column.minimum}"] if column.minimum is not None else []
    outside += [f"{quoted} > {column.maximum}"] if column.maximum is not None else []
    if outside:
        faults.append((f"{column.name}_out_of_range", " OR ".join(outside)))
    if column.pattern:
        faults.append((f"{column.name}_malformed", f"NOT ({quoted} RLIKE {_literal(column.pattern)})"))
    for rule in column.quality:
        if rule.metric == "invalidValues":
            faults.append((f"{column.name}_invalid", _is_invalid(column.name, rule)))  # noqa: PERF401 - reads better
    return faults


def _is_invalid(column: str, rule: Rule) -> str:
    return f"`{column}` NOT IN ({', '.join(map(_literal, rule.valid))})"


def _aggregate(column: str, rule: Rule) -> tuple[str, str]:
    quoted = f"`{column}`"
    match rule.metric:
        case "duplicateValues":
            return f"{column}__duplicates", f"count({quoted}) - count(DISTINCT {quoted})"
        case "invalidValues":
            return f"{column}__invalid", f"count_if({_is_invalid(column, rule)})"
        case "sql":
            return rule.name, rule.query
    raise UsageError(
        f"rule {rule.name}: metric {rule.metric!r} is not known for a column",
        hint="Use duplicateValues, invalidValues, or type sql with a query.",
    )


def _column_expectations(column: Column) -> list[Expectation]:
    made: list[Expectation] = []
    if column.required:
        made.append(_none_of(f"{column.name}__nulls", f"{column.name} is given in every row"))
    if column.type in _FLOATS:
        made.append(_none_of(f"{column.name}__nan", f"{column.name} is a number in every row"))
    if column.minimum is not None:
        name = f"{column.name}__min"
        says = f"{column.name} is at least {column.minimum:g} in every row"
        made.append(Expectation(name, name, column.minimum, None, "critical", says))
    if column.maximum is not None:
        name = f"{column.name}__max"
        says = f"{column.name} is at most {column.maximum:g} in every row"
        made.append(Expectation(name, name, None, column.maximum, "critical", says))
    return made


def _none_of(name: str, description: str) -> Expectation:
    return Expectation(name, name, 0, 0, "critical", description)


def _judged(rule: Rule, column: str, share_of: str = "") -> Expectation:
    return Expectation(
        rule.name, column, rule.minimum, rule.maximum, rule.severity, rule.description, share_of
    )


def _literal(value: str | float) -> str:
    """A Spark SQL literal. Contract values only, quoted like untrusted input."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise UsageError(f"{value} can't stand in a contract", hint="Use a finite number.")
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
