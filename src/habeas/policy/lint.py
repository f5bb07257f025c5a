"""What is wrong or unwise in a folder of packs, beyond what reading them refuses. Nothing is changed.

The checks on meaning try every fact set that can matter to a rule, through Cedar itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from habeas.model.decision import Action
from habeas.model.errors import UsageError
from habeas.model.purposes import Purposes
from habeas.policy.facts.schema import SCHEMA, WAIVERS, fact_named
from habeas.policy.lists import strict_yaml
from habeas.policy.lists.activities import activities_of
from habeas.policy.lists.purposes import purposes_of
from habeas.policy.lists.statutes import entries_of, entry_of
from habeas.policy.lists.tainted_models import tainted_of
from habeas.policy.lists.waivers import waivers_of
from habeas.policy.policy_set import OTHER_ID, named_twice, waivable
from habeas.policy.rules.cedar_text import cut, parsed
from habeas.policy.rules.coverage import meaning
from habeas.policy.rules.packs import HOUSE, Pack, PackRule, pack_files, pack_from_files, pack_names
from habeas.policy.rules.rules import rule_of

_ORDER = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: how bad, where, about which rule, what it is, what to do."""

    severity: str  # error, warning or info
    place: str
    rule: str
    says: str
    mend: str


def lint(folder: Path, today: date) -> tuple[Finding, ...]:
    """Every finding in the packs of `folder`, errors first. Raises UsageError when the folder isn't there."""
    findings: list[Finding] = []
    packs: list[Pack] = []
    for name in pack_names(folder):
        errors = list(_reading(folder / name))
        findings += errors
        if not errors:
            packs.append(pack_from_files(name, pack_files(folder / name)))
    for pack in packs:
        findings += [Finding(*each) for each in meaning(pack.rules)]
        findings += _dates(pack, today)
        findings += _silence(pack)
        findings += _consent_to_all(pack)
    findings += _twice(packs)
    findings += _lists(folder, packs, today)
    if packs and not any(each.severity == "error" for each in findings):
        findings += _unread(packs)
    if HOUSE not in {pack.name for pack in packs} and not (folder / HOUSE).is_dir():
        findings.append(
            Finding("error", f"{HOUSE}/", "", "there is no house pack", "The house rules are always asked.")
        )
    return tuple(sorted(findings, key=lambda each: (_ORDER.index(each.severity), each.place, each.rule)))


def _reading(folder: Path) -> Iterator[Finding]:
    """Everything that keeps a pack from being read: each flawed rule, or else what the rules lack together."""
    try:
        files = pack_files(folder)
    except UsageError as error:
        yield _refused(error)
        return
    errors = [
        _refused(error)
        for file, raw in files.items()
        if file.endswith(".cedar")
        for error in _flaws(folder.name, file, raw)
    ]
    if not errors:
        try:
            pack_from_files(folder.name, files)
        except UsageError as error:
            errors = [_refused(error)]
    yield from errors


def _flaws(pack: str, file: str, raw: bytes) -> Iterator[UsageError]:
    try:
        cuts = list(cut(raw.decode("utf-8"), f"{pack}/{file}"))
    except UnicodeDecodeError:
        return  # reading the pack says so
    except UsageError as error:
        yield error
        return
    for place, source in cuts:
        try:
            rule_of(pack, parsed(source, place))
        except UsageError as error:
            yield error


def _refused(error: UsageError) -> Finding:
    place, _, says = error.message.partition(": ")
    return Finding("error", place, "", says, error.hint)


def _lists(folder: Path, packs: Sequence[Pack], today: date) -> Iterator[Finding]:
    """What keeps a list beside the packs from being read. Signatures of statutes need reviewers' keys: activating
    checks them.
    """
    read: list[Purposes] = []
    yield from _list(folder, "purposes.yaml", lambda raw, file: read.append(purposes_of(raw, file)))
    yield from _list(folder, "tainted.yaml", tainted_of)
    purposes = read[0] if read else {}
    if purposes or not (folder / "purposes.yaml").is_file():
        yield from _list(folder, "activities.yaml", partial(activities_of, purposes=purposes))
        yield from _list(folder, "statutes.yaml", partial(_not_over, purposes=purposes, today=today))
        for ids in [waivable(pack) for pack in packs if pack.name == HOUSE]:
            yield from _list(folder, "waivers.yaml", partial(waivers_of, house=ids, purposes=purposes))


def _not_over(raw: bytes, file: str, purposes: Collection[str], today: date) -> None:
    """Raises UsageError for an entry whose review has run out: it gives no ground any more."""
    for node in entries_of(raw, file):
        entry = entry_of(node, file, purposes)
        if entry["expires_on"] <= today.isoformat():
            raise UsageError(
                f"{strict_yaml.place(node, file)}: statute {entry['id']} expired on {entry['expires_on']}",
                hint="Take it out, or have it reviewed and signed again.",
            )


def _list(folder: Path, file: str, reader: Callable[[bytes, str], object]) -> Iterator[Finding]:
    if (folder / file).is_file():
        try:
            reader((folder / file).read_bytes(), file)
        except UsageError as error:
            yield _refused(error)


def _dates(pack: Pack, today: date) -> Iterator[Finding]:
    for each in pack.rules:
        if each.effective_from is not None and each.effective_from > today:
            says = f"comes into force on {each.effective_from.isoformat()} and is applied already"
            yield _about(each, "info", says, "Nothing: stricter is fine. Its sentence should say so.")
    for each in pack.pending:
        yield _about(each, "info", "is not enacted: listed, never evaluated", "Nothing, until it is enacted.")


def _silence(pack: Pack) -> Iterator[Finding]:
    law = fact_named(pack.meta.applies_when)
    for action in Action if law is None else law.actions:
        if not pack.permits(action):
            says = f"permits no {action}: wherever the pack applies, every {action} is refused"
            yield Finding(
                "warning", f"{pack.name}/", "", says, f"Write a permit for {action}, if that isn't meant."
            )


def _consent_to_all(pack: Pack) -> Iterator[Finding]:
    """A pack whose rules are permits alone allows whatever it is asked; so do house rules about an action."""
    ruled = {action for each in pack.rules if each.rule.kind != "permit" for action in each.actions}
    mend = "Write what it refuses, as a pair of a gap rule and a deny rule; or leave the pack out."
    if not ruled:
        yield Finding("error", f"{pack.name}/", "", "permits and refuses nothing", mend)
    elif pack.name == HOUSE:
        for action in (Action.SCAN, Action.EMBED):
            if action not in ruled:
                yield Finding("error", f"{pack.name}/", "", f"permits every {action} and refuses none", mend)


def _twice(packs: Sequence[Pack]) -> Iterator[Finding]:
    for each, first in named_twice(packs):
        yield _about(each, "error", f"has the id of a rule at {first.place}", OTHER_ID)


def _unread(packs: Sequence[Pack]) -> Iterator[Finding]:
    read = {name for pack in packs for each in pack.rules for name in each.reads}
    read |= {pack.meta.applies_when for pack in packs}
    if any(each.regulator_permits for pack in packs for each in pack.rules):
        read.add("regulator_finding")
    for fact in SCHEMA:
        if fact.name not in read and fact.type != WAIVERS:
            mend = "Nothing, or a rule: nobody need supply it."
            yield Finding("info", "facts", fact.name, "no rule of any pack reads this fact", mend)


def _about(pack_rule: PackRule, severity: str, says: str, mend: str) -> Finding:
    return Finding(severity, pack_rule.place, pack_rule.rule.rule_id, says, mend)
