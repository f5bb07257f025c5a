"""Which of many decisions an auditor wants to see: by time, effect, rule, source and purpose."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from habeas.model.decision import Effect
from habeas.model.errors import UsageError
from habeas.policy.rulebook import is_waived
from habeas.warehouse.current.current_decision import recorded
from habeas.warehouse.reader import Reader, Row, rows

_EFFECTS: Final = tuple(str(effect) for effect in Effect)


@dataclass(frozen=True, slots=True)
class Wanted:
    """None or "" = any. `rule`: pack/id or the id alone; a rule and its gap rule are one. `since` counts, `until`
    doesn't.
    """

    since: datetime | None = None
    until: datetime | None = None
    effect: str = ""
    rule: str = ""
    source: str = ""
    purpose: str = ""


def chosen(
    reader: Reader,
    decisions: Iterable[Row],
    wanted: Wanted,
    rules: Collection[str],
    purposes: Collection[str],
) -> list[Row]:
    """Those of `decisions` that fit, each with its source_id.

    `rules`, `purposes`: those in force. Raises UsageError for a word that occurs in no decision and in nothing in
    force: an empty answer would read like "it never happened". The message does not repeat the word.
    """
    homes = {
        row["asset_id"]: row["source_id"] for row in rows(reader, "assets", columns=["asset_id", "source_id"])
    }
    placed = [{**row, "source_id": homes.get(row["asset_id"])} for row in decisions]
    _require_known(reader, placed, wanted, rules, purposes)
    return [row for row in placed if _fits(row, wanted)]


def _fits(row: Row, wanted: Wanted) -> bool:
    at = recorded(row)
    return (
        (wanted.since is None or at >= wanted.since)
        and (wanted.until is None or at < wanted.until)
        and wanted.effect in ("", row["effect"])
        and wanted.source in ("", row["source_id"])
        and wanted.purpose in ("", row["purpose"])
        and (not wanted.rule or any(_is(rule, wanted.rule) for rule in row["rules"]))
    )


def _is(fired: str, wanted: str) -> bool:
    """Whether a rule that fired is the wanted one; a waived rule fired, too."""
    name = (fired.partition(":")[2] if is_waived(fired) else fired).removesuffix("-gap")
    return wanted.removesuffix("-gap") in (name, name.partition("/")[2])


def _require_known(
    reader: Reader,
    decisions: Collection[Row],
    wanted: Wanted,
    rules: Collection[str],
    purposes: Collection[str],
) -> None:
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        raise UsageError("--from is not before --to", hint="Give the earlier time to --from.")
    if wanted.effect and wanted.effect not in _EFFECTS:
        raise UsageError("--effect names no effect", hint=f"Effects: {', '.join(_EFFECTS)}.")
    sources = {row["source_id"] for row in rows(reader, "sources", columns=["source_id"])}
    if wanted.source and wanted.source not in sources | {row["source_id"] for row in decisions}:
        raise UsageError("--source names no source", hint="See: habeas source list")
    purpose_names = {row["purpose"] for row in decisions} | set(purposes)
    if wanted.purpose and wanted.purpose not in purpose_names:
        raise UsageError("--purpose names no purpose", hint=f"Known: {', '.join(sorted(purpose_names))}.")
    fired = {rule for row in decisions for rule in row["rules"]} | set(rules)
    if wanted.rule and not any(_is(rule, wanted.rule) for rule in fired):
        raise UsageError("--rule names no rule", hint="Rules are listed in docs/reference/rules.md.")
