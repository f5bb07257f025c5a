"""Great Expectations judges one row of aggregates. It never sees a row of a table, and it writes no file.

Its results are `BOOLEAN_ONLY`: every other format copies values into results. Its own HTML pages are not built: they
need scripts and styles of other hosts. `habeas.oversight.report.checks_page` shows the results.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from habeas.model.errors import CheckFailed
from habeas.warehouse.quality.rules import Expectation

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext

_NAME = "embeddings"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`failed` names the critical expectations that failed, `warned` the others that failed; sorted."""

    ok: bool
    failed: tuple[str, ...]
    warned: tuple[str, ...]


NOTHING_JUDGED = Verdict(ok=True, failed=(), warned=())


def judge(aggregates: pd.DataFrame, expectations: Sequence[Expectation]) -> Verdict:
    """Judge the one row of `aggregates`. An expectation without a result has failed.

    Raises CheckFailed when an aggregate is missing: an expectation about nothing would pass.
    """
    outcomes = _run(_judged_row(aggregates, expectations), expectations)
    failed = [e for e in expectations if not outcomes.get(e.name, False)]
    critical = sorted(e.name for e in failed if e.severity == "critical")
    warned = sorted(e.name for e in failed if e.severity != "critical")
    return Verdict(not critical, tuple(critical), tuple(warned))


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


def _run(frame: pd.DataFrame, expectations: Sequence[Expectation]) -> dict[str, bool]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import: no event leaves this machine
    import great_expectations as gx
    from great_expectations.expectations.core.expect_column_values_to_be_between import (
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.metadata_types import FailureSeverity

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asset = _context().data_sources.add_pandas("aggregates").add_dataframe_asset(_NAME)
        batch = asset.add_batch_definition_whole_dataframe("run").get_batch({"dataframe": frame})
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
        suite = gx.ExpectationSuite(name=_NAME, expectations=bounds)
        done = batch.validate(suite, result_format="BOOLEAN_ONLY")
    return {
        r.expectation_config.kwargs["column"]: bool(r.success) for r in done.results if r.expectation_config
    }


def _context() -> EphemeralDataContext:
    """In memory alone: no store on disk, no site of pages."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)
