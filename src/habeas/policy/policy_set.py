"""Everything a decision follows from besides its facts, read from one folder: packs and lists, with one digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from habeas.model.errors import UsageError
from habeas.model.ids import digest
from habeas.model.purposes import Purpose, Purposes
from habeas.policy.lists import strict_yaml
from habeas.policy.lists.activities import activities_of
from habeas.policy.lists.activity import Activity
from habeas.policy.lists.purposes import purposes_of
from habeas.policy.lists.statutes import Statute, statutes_of
from habeas.policy.lists.tainted_models import tainted_of
from habeas.policy.lists.waivers import Waiver, waivers_of
from habeas.policy.rules.cedar_text import SCHEMA_TEXT
from habeas.policy.rules.packs import Pack, PackRule, pack_files, pack_from_files

HOUSE = "house"
OTHER_ID = "People quote ids without the pack: take another one."
LISTS = ("purposes.yaml", "activities.yaml", "waivers.yaml", "statutes.yaml", "tainted.yaml")


@dataclass(frozen=True, slots=True)
class Lists:
    """What facts are derived from besides tables. Plain values: it may travel to a worker."""

    purposes: Mapping[str, Purpose]
    activities: Mapping[str, Activity] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    statutes: tuple[Statute, ...] = ()
    tainted: Mapping[str, str] = field(default_factory=dict)  # digest -> why


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Packs and lists. `files`: every file that was read, its path in the folder -> its bytes, to be pinned."""

    names: tuple[str, ...]
    packs: tuple[Pack, ...]
    purposes: Purposes
    activities: Mapping[str, Activity]
    waivers: tuple[Waiver, ...]
    statutes: tuple[Statute, ...]
    tainted: Mapping[str, str]
    files: Mapping[str, bytes] = field(repr=False)
    digest: str

    @property
    def lists(self) -> Lists:
        """The lists beside the rules, keyed by id where they have one."""
        return Lists(
            dict(self.purposes), dict(self.activities), self.waivers, self.statutes, dict(self.tainted)
        )


def load_policy_set(
    folder: Path, names: Sequence[str], reviewers: Mapping[str, bytes] | None = None
) -> PolicySet:
    """Read packs `names` and all lists from `folder`. `reviewers`: id -> raw public key, for statutes.

    Raises UsageError naming file and line; without the house pack nothing may be decided.
    """
    return policy_set_of(read_files(folder, names), names, reviewers)


def read_files(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The bytes of every file of a set, by its path in `folder`. Raises UsageError."""
    files = {f"{name}/{file}": raw for name in names for file, raw in pack_files(folder / name).items()}
    return files | {file: strict_yaml.raw_of(folder / file) for file in LISTS}


def policy_set_of(
    files: Mapping[str, bytes], names: Sequence[str], reviewers: Mapping[str, bytes] | None = None
) -> PolicySet:
    """The set that these files are. Raises UsageError."""
    if missing := [file for file in LISTS if file not in files]:
        raise UsageError(
            f"a policy set lacks {', '.join(missing)}", hint="It stands beside the policy packs."
        )
    if HOUSE not in names:
        hint = 'Put "house" into `policy_packs`; a single rule of it can be waived in waivers.yaml.'
        raise UsageError("the house rules can't be switched off", hint=hint)
    if len(set(names)) != len(names):
        raise UsageError("a policy pack is named twice in `policy_packs`", hint="Name each one once.")
    packs = tuple(pack_from_files(name, _inside(files, name)) for name in sorted(names))
    for each, first in named_twice(packs):
        raise UsageError(
            f"{each.place}: {each.rule.rule_id} has the id of a rule at {first.place}", hint=OTHER_ID
        )
    purposes = purposes_of(files["purposes.yaml"], "purposes.yaml")
    house = next(pack for pack in packs if pack.name == HOUSE)
    return PolicySet(
        names=tuple(sorted(names)),
        packs=packs,
        purposes=purposes,
        activities=activities_of(files["activities.yaml"], "activities.yaml", purposes),
        waivers=waivers_of(files["waivers.yaml"], "waivers.yaml", waivable(house), purposes),
        statutes=statutes_of(files["statutes.yaml"], "statutes.yaml", purposes, reviewers or {}),
        tainted=tainted_of(files["tainted.yaml"], "tainted.yaml"),
        files=dict(files),
        digest=set_digest(files, names),
    )


def named_twice(packs: Iterable[Pack]) -> Iterator[tuple[PackRule, PackRule]]:
    """Rules that have the id of an earlier one, in any pack, and that one: people quote ids without the pack."""
    seen: dict[str, PackRule] = {}
    for each in (rule for pack in packs for rule in (*pack.rules, *pack.pending)):
        first = seen.setdefault(each.rule.rule_id, each)
        if first is not each:
            yield each, first


def waivable(house: Pack) -> frozenset[str]:
    """Ids of the house rules that a waiver may name: not what nothing cures, nor what only the person can give."""
    return frozenset(each.rule.rule_id for each in house.rules if each.rule.kind == "deny" and each.waivable)


def _inside(files: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    prefix = f"{name}/"
    return {file.removeprefix(prefix): raw for file, raw in files.items() if file.startswith(prefix)}


def set_digest(files: Mapping[str, bytes], names: Sequence[str], schema: str = SCHEMA_TEXT) -> str:
    """Covers the fact schema, the names of the packs, and every file to the byte."""
    parts = [part for file in sorted(files) for part in (file, files[file])]
    return digest("policy set", schema, len(names), *sorted(names), *parts)
