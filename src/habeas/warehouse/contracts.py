"""One Open Data Contract Standard file a table; everything an engine needs to know derives from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from open_data_contract_standard.model import DataQuality, OpenDataContractStandard, SchemaProperty

from habeas.model.errors import UsageError

# Columns whose values may never stand in file statistics: ciphertext, and paths that hold names.
_NO_STATISTICS = frozenset({"biometric-sealed", "location"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One `quality` entry: `metric` is ODCS's word, or `sql` with a `query`; `unit` is `rows` or `percent`.

    The measured number must lie between `minimum` and `maximum`; a failing `critical` rule stops the publish.
    """

    name: str
    metric: str
    description: str
    severity: str
    minimum: float | None = None
    maximum: float | None = None
    unit: str = "rows"
    query: str = ""
    valid: tuple[str | int | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is a Spark SQL type name; `required` means NOT NULL; `minimum` … `pattern` hold for every value."""

    name: str
    type: str
    required: bool
    description: str
    classification: str
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    tags: tuple[str, ...] = ()
    quality: tuple[Rule, ...] = ()

    @property
    def ddl(self) -> str:
        """The column in SQL, with its comment."""
        comment = self.description.replace("\\", "\\\\").replace("'", "\\'")
        return f"`{self.name}` {self.type.upper()}{' NOT NULL' if self.required else ''} COMMENT '{comment}'"


VERSION: Final = "habeas.contract"
"""Property of a table: the contract that made it."""
STATISTICS: Final = "delta.dataSkippingStatsColumns"
"""Property of a table: the columns of which its log may tell minimum and maximum."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table promises: columns, key, constraints, and what erasure does to it."""

    name: str
    version: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    constraints: tuple[str, ...]
    owner: str
    retention: str
    erasure: str
    quality: tuple[Rule, ...] = ()

    @property
    def ddl(self) -> str:
        """All columns in SQL, separated by commas."""
        return ", ".join(column.ddl for column in self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def statistics(self) -> tuple[str, ...]:
        """Columns Delta may keep minimum and maximum of."""
        return tuple(
            c.name
            for c in self.columns
            if c.classification not in _NO_STATISTICS and c.type not in ("binary", "array<string>", "boolean")
        )

    @property
    def properties(self) -> dict[str, str]:
        """Delta table properties: nothing that keeps a second copy of a row, nothing sealed in statistics."""
        return {
            "delta.enableDeletionVectors": "false",
            "delta.enableChangeDataFeed": "false",
            "delta.columnMapping.mode": "none",
            STATISTICS: ",".join(self.statistics),
            VERSION: f"{self.name}/{self.version}",
        }


def read_contract(path: Path) -> Contract:
    """Parse one `*.odcs.yaml`.

    Raises UsageError when the file is no contract or lacks an owner, a retention or an erasure rule.
    """
    try:
        parsed = OpenDataContractStandard.from_file(str(path))
        table = (parsed.schema_ or [])[0]
        extra: dict[str, Any] = {p.property or "": p.value for p in table.customProperties or []}
        properties = table.properties or []
        keyed = [(p.primaryKeyPosition or 0, p.name or "") for p in properties if p.primaryKey]
        return Contract(
            name=table.name or "",
            version=parsed.version or "",
            description=table.description or "",
            columns=tuple(_column(p) for p in properties),
            key=tuple(name for _, name in sorted(keyed)),
            constraints=tuple(extra["constraints"]),
            owner=extra["owner"],
            retention=extra["retention"],
            erasure=extra["erasure"],
            quality=tuple(_rule(q) for q in table.quality or []),
        )
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise UsageError(
            f"{path.name} is no usable table contract: {type(error).__name__} {error}",
            hint="Compare it with schemas/embeddings.odcs.yaml.",
        ) from None


def _column(given: SchemaProperty) -> Column:
    limits = given.logicalTypeOptions or {}
    return Column(
        name=given.name or "",
        type=given.physicalType or "",
        required=bool(given.required),
        description=given.description or "",
        classification=given.classification or "",
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        pattern=limits.get("pattern", ""),
        tags=tuple(given.tags or []),
        quality=tuple(_rule(q) for q in given.quality or []),
    )


def _rule(given: DataQuality) -> Rule:
    exact = given.mustBe
    minimum = given.mustBeGreaterOrEqualTo if exact is None else exact
    maximum = given.mustBeLessOrEqualTo if exact is None else exact
    if not given.name or not given.description or given.severity not in ("critical", "warning"):
        raise ValueError(f"quality rule {given.name!r} needs a name, a description and a severity")
    if minimum is None and maximum is None:
        raise ValueError(
            f"quality rule {given.name!r} says no mustBe, mustBeGreaterOrEqualTo or mustBeLessOrEqualTo"
        )
    return Rule(
        name=given.name,
        metric="sql" if given.query else given.metric or "",
        description=given.description,
        severity=given.severity,
        minimum=minimum,
        maximum=maximum,
        unit=given.unit or "rows",
        query=given.query or "",
        valid=tuple((given.arguments or {}).get("validValues", ())),
    )


@cache
def contract_of(folder: Path, table: str) -> Contract:
    """One table's contract; reading all of them takes a second."""
    return read_contract(folder / f"{table}.odcs.yaml")


@cache
def read_contracts(folder: Path) -> dict[str, Contract]:
    """Every contract of a folder, by table name."""
    contracts = [read_contract(path) for path in sorted(folder.glob("*.odcs.yaml"))]
    if not contracts:
        raise UsageError(
            f"no contracts in {folder}", hint="Point `schemas` at the folder with *.odcs.yaml files."
        )
    return {contract.name: contract for contract in contracts}


def erasure_map(contracts: dict[str, Contract]) -> dict[str, str]:
    """Table -> what erasing a person does to it, for each table that holds a subject column."""
    held = {n: c for n, c in contracts.items() if "subject_id" in c.names}
    missing = [n for n, c in held.items() if not c.erasure or c.erasure == "keep"]
    if missing:
        raise UsageError(
            f"tables {', '.join(missing)} hold a subject and say nothing about erasure",
            hint="Set `erasure` in their contracts.",
        )
    return {name: contract.erasure for name, contract in held.items()}
