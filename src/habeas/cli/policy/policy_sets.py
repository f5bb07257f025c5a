"""Sets of rules on the command line: named, checked, compared, shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from habeas.cli import output as out
from habeas.cli.options import now
from habeas.model.errors import CheckFailed, UsageError
from habeas.model.installation.steps import DECIDE

if TYPE_CHECKING:
    from habeas.cli.installation import Installation
    from habeas.policy.diff import Difference
    from habeas.policy.policy_set import PolicySet

_DIGEST = re.compile(r"[0-9a-f]+")


def chosen(place: Installation, which: str) -> PolicySet:
    """The set that `which` names. Raises UsageError when it names none."""
    from habeas.policy.policy_set import load_policy_set

    if which == "active":
        return place.policy if place.book.activations else _rules_of_last_run(place)
    if which == "draft" or Path(which).is_dir():
        folder = place.settings.policies if which == "draft" else Path(which)
        return load_policy_set(folder, place.settings.policy_packs, place.book.reviewers())
    if not _DIGEST.fullmatch(which):
        raise UsageError(
            f"there is no folder {out.safe(which)}",
            hint="Name a folder of rules, `active`, `draft`, or the digest of a pinned set (or its beginning).",
        )
    return place.policy_store.load(place.policy_store.whole(which))


def _rules_of_last_run(place: Installation) -> PolicySet:
    """While nothing was ever activated the draft itself is in force: what it changes shows against the last run."""
    from habeas.warehouse.authenticated.run_records import newest_done

    last = newest_done(place.settings.runs, DECIDE.name, place.record_key)
    if last is None or "policy" not in last.digests:
        return place.policy
    return place.policy_store.load(last.digests["policy"], place.book.reviewers())


def checked(place: Installation, folder: Path) -> PolicySet:
    """A set that may be activated: no error, every decision table as expected. Raises UsageError, CheckFailed."""
    from habeas.policy.cases.run import run_tables
    from habeas.policy.lint import lint
    from habeas.policy.policy_set import load_policy_set

    policies = load_policy_set(folder, place.settings.policy_packs, place.book.reviewers())
    errors = [each for each in lint(folder, now().date()) if each.severity == "error"]
    if errors:
        raise UsageError(
            f"{errors[0].place}: {errors[0].says}", hint=f"See all {len(errors)}: habeas policy lint {folder}"
        )
    tables = place.settings.home / "policy-tests"
    failed = [r for r in run_tables(tables, policies.packs) if r.differs] if tables.is_dir() else []
    if failed:
        raise CheckFailed(
            f"{len(failed)} decision tables come out otherwise, the first at {failed[0].case.place}",
            hint=f"See: habeas policy test {folder} --tables {tables}",
        )
    return policies


def predicted(
    place: Installation, old: PolicySet, new: PolicySet, purposes: list[str], *, ids: bool = False
) -> tuple[Difference, list[dict[str, Any]]]:
    """What `new` would change, and (with `ids`) each change by its random ids."""
    from habeas.pipeline.decide.predict_policy import predict

    open_keys = place.watcher.open_keys()
    with out.progress() as bar, place.tables("policy-diff") as tables:
        bar.add_task("deciding everything twice", total=None)
        return predict(tables, old, new, place.question(purposes, now()), open_keys, ids=ids)


def draw(
    place: Installation, difference: Difference, old: PolicySet, new: PolicySet, picture: Path | None
) -> Path:
    """Write the page of a difference; where it lies."""
    from habeas.oversight.report.diff_page import render
    from habeas.oversight.report.page import write
    from habeas.oversight.report.summary import waivers_on

    where = (picture or place.settings.report / "policy-diff.html").resolve()
    rules = [rule for policies in (old, new) for pack in policies.packs for rule in pack.rules]
    sentences = {each.rule.name: each.rule.sentence for each in rules}
    today = now().date()
    waived = waivers_on(old.waivers, today), waivers_on(new.waivers, today)
    return write(where.parent, render(difference, sentences, waived), where.name)


def print_difference(console: Any, difference: Difference) -> None:
    """Counts by kind, then by rule and by source."""
    from habeas.oversight.report.diff_page import LABELS
    from habeas.policy.diff import Kind

    console.print(out.pairs({"old": difference.old, "new": difference.new}))
    kinds = [
        (LABELS[k], difference.count(k, "embed"), difference.people.get(k, 0), difference.count(k, "scan"))
        for k in Kind
    ]
    console.print(out.table(["", "listed people", "different ones", "files"], kinds))
    for kind in (Kind.NEWLY_REFUSED, Kind.NEWLY_ALLOWED):
        for what, counts in (("rule", difference.by_rule(kind)), ("source", difference.by_source(kind))):
            if counts:
                console.print(out.table([f"{LABELS[kind]}, by {what}", ""], counts.items()))
    if difference.retentions():
        rows = [
            ("no limit" if a is None else a, "no limit" if b is None else b, n)
            for (a, b), n in difference.retentions().items()
        ]
        console.print(out.table(["days kept before", "after", "how many"], rows))
    console.print(
        f"open templates that would close: {difference.rows_closed}; closed that would open: {difference.rows_opened}"
    )
