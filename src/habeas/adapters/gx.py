"""Great Expectations judges one row of aggregates and builds the data docs. It never sees a row of a table.

Its results are `BOOLEAN_ONLY`: every other format copies values into results and pages. What it keeps between runs
(validation results, for the history in the data docs) lies in `great_expectations/` beside the docs folder.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from habeas.errors import CheckFailed, Unavailable
from habeas.tables.checks import Expectation

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

_NAME = "embeddings"

# The pages name scripts and styles of a dozen hosts. Whoever reads them asks nobody: they are plainer, and private.
_HEAD = "<head>"
_NO_HOSTS = (
    """<meta http-equiv="Content-Security-Policy" content="default-src 'self' 'unsafe-inline' data:">"""
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`failed` names the critical expectations that failed, `warned` the others; sorted."""

    ok: bool
    failed: tuple[str, ...]
    warned: tuple[str, ...]
    index: Path


def judge(aggregates: pd.DataFrame, expectations: Sequence[Expectation], docs_dir: Path) -> Verdict:
    """Judge the one row of `aggregates` and write the pages into `docs_dir` (`index.html`).

    Raises CheckFailed when an aggregate is missing: an expectation about nothing would pass.
    Raises Unavailable when the docs folder can't be written.
    """
    frame = _judged_row(aggregates, expectations)
    try:
        docs_dir.mkdir(parents=True, exist_ok=True)
        outcomes = _run(frame, expectations, docs_dir)
        _ask_nobody(docs_dir)
    except OSError as error:
        raise Unavailable(
            f"the data docs can't be written ({type(error).__name__})",
            hint="Check space and rights of the report folder.",
        ) from None
    failed = [e for e in expectations if not outcomes[e.name]]
    critical = sorted(e.name for e in failed if e.severity == "critical")
    warned = sorted(e.name for e in failed if e.severity != "critical")
    return Verdict(not critical, tuple(critical), tuple(warned), docs_dir / "index.html")


def _ask_nobody(docs_dir: Path) -> None:
    for page in docs_dir.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if _NO_HOSTS not in text:
            page.write_text(text.replace(_HEAD, _HEAD + _NO_HOSTS, 1), encoding="utf-8")


def _judged_row(aggregates: pd.DataFrame, expectations: Sequence[Expectation]) -> pd.DataFrame:
    """One float column an expectation, named after it. A null minimum (no row passed) becomes NaN and is skipped."""
    if len(aggregates) != 1:
        raise CheckFailed(f"the check wants one row of aggregates and got {len(aggregates)}")
    needed = {c for e in expectations for c in (e.column, e.share_of) if c}
    missing = sorted(needed - set(aggregates.columns))
    if missing:
        raise CheckFailed(f"aggregates {', '.join(missing)} are missing", hint="The contract asks for them.")
    row = aggregates.iloc[0]
    return pd.DataFrame([{e.name: _number(row, e) for e in expectations}], dtype="float64")


def _number(row: pd.Series, wanted: Expectation) -> float:
    value = row[wanted.column]
    number = float("nan") if pd.isna(value) else float(value)
    if not wanted.share_of:
        return number
    whole = float(row[wanted.share_of])
    return 100 * number / whole if whole else 0.0


def _run(frame: pd.DataFrame, expectations: Sequence[Expectation], docs_dir: Path) -> dict[str, bool]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: no event leaves this machine
    import great_expectations as gx
    from great_expectations.checkpoint.actions import UpdateDataDocsAction
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = _context(docs_dir)
        batches = context.data_sources.add_pandas("aggregates").add_dataframe_asset(_NAME)
        definition = batches.add_batch_definition_whole_dataframe("run")
        bounds = [
            ExpectColumnValuesToBeBetween(
                column=wanted.name,
                min_value=wanted.minimum,
                max_value=wanted.maximum,
                severity=FailureSeverity(wanted.severity),
                notes=wanted.description,
            )
            for wanted in expectations
        ]
        suite = context.suites.add(gx.ExpectationSuite(name=_NAME, expectations=bounds))
        validation = context.validation_definitions.add(
            gx.ValidationDefinition(name=_NAME, data=definition, suite=suite)
        )
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(
                name=_NAME,
                validation_definitions=[validation],
                actions=[UpdateDataDocsAction(name="docs")],
                result_format={"result_format": "BOOLEAN_ONLY"},
            )
        )
        done = checkpoint.run(batch_parameters={"dataframe": frame})
    (result,) = done.run_results.values()
    return {
        r.expectation_config.kwargs["column"]: bool(r.success) for r in result.results if r.expectation_config
    }


def _context(docs_dir: Path) -> EphemeralDataContext:
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig, ProgressBarsConfig

    kept = docs_dir.parent / "great_expectations"

    def store(kind: str, folder: Path | None) -> dict[str, object]:
        place: dict[str, object] = {"class_name": "InMemoryStoreBackend"}
        if folder is not None:
            place = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
        return {"class_name": kind, "store_backend": place}

    config = DataContextConfig(
        config_version=4.0,
        stores={
            "expectations_store": store("ExpectationsStore", None),
            "validation_results_store": store("ValidationResultsStore", kept / "validation_results"),
            "checkpoint_store": store("CheckpointStore", None),
            "validation_definition_store": store("ValidationDefinitionStore", None),
        },
        expectations_store_name="expectations_store",
        validation_results_store_name="validation_results_store",
        checkpoint_store_name="checkpoint_store",
        data_docs_sites={
            "local": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(docs_dir),
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        },
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)
