"""Policy packs: one folder a regime, with `pack.yaml` and Cedar files, read strictly.

Anything that isn't understood (a misspelt fact or word, half a pair, an invisible character, a stray file) is a
UsageError naming file and line and what to do. How a rule is written stands in `rules`, how rules hang together in
`pairs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cedarpy

from habeas.model.decision import Action, Facts
from habeas.model.errors import UsageError
from habeas.model.ids import digest
from habeas.policy.facts.schema import SCHEMA, fact_named
from habeas.policy.lists.strict_yaml import compose, fields, place, text
from habeas.policy.rules import pairs
from habeas.policy.rules.cedar_text import SCHEMA_TEXT, cut, parsed
from habeas.policy.rules.rules import PackRule, rule_of

__all__ = ["ALWAYS", "HOUSE", "META_FILE", "Pack", "PackMeta", "PackRule", "load_pack", "load_packs", "pack_files",
           "pack_from_files", "pack_names", "pack_of", "policy_digest", "read_meta"]  # fmt: skip

HOUSE = "house"
ALWAYS = "always"
META_FILE = "pack.yaml"
_LAWS = tuple(fact.name for fact in SCHEMA if fact.name.startswith("law_"))
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class PackMeta:
    """What `pack.yaml` says. `law` is an IRI or a citation; `applies_when` a law_* fact, or `always`."""

    title: str
    law: str
    applies_when: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A parsed pack. `rules` are in force and stand in Cedar's order; `pending` ones are listed, never evaluated."""

    name: str
    digest: str
    meta: PackMeta
    rules: tuple[PackRule, ...]
    pending: tuple[PackRule, ...]
    reads: Mapping[Action, tuple[str, ...]] = field(repr=False)
    policies: cedarpy.PolicySet = field(repr=False, compare=False)  # policy N is rules[N]

    def permits(self, action: Action) -> tuple[PackRule, ...]:
        """Its permits for an action: unconditional, so they hold wherever nothing speaks against it."""
        return tuple(each for each in self.rules if each.rule.kind == "permit" and action in each.actions)

    def applies(self, action: Action, facts: Facts) -> bool:
        """Whether it is asked: not where its law is known not to reach, nor about an action no law fact is about."""
        if self.meta.applies_when == ALWAYS:
            return True
        law = fact_named(self.meta.applies_when)
        return law is not None and action in law.actions and facts.get(law.name) is not False


def pack_names(folder: Path) -> tuple[str, ...]:
    """The packs that stand in `folder`, sorted. Raises UsageError when it isn't there."""
    if not folder.is_dir():
        raise UsageError(f"no such folder: {folder}", hint="Name the folder that holds the policy packs.")
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."))


def load_packs(folder: Path, names: Sequence[str]) -> tuple[Pack, ...]:
    """Read the packs `names` from `folder`, one sub-folder each. Raises UsageError."""
    if not names or len(set(names)) != len(names):
        raise UsageError(
            "policy_packs must name at least one policy pack, and none twice", hint="See habeas.toml."
        )
    return tuple(load_pack(folder / name) for name in names)


def load_pack(folder: Path) -> Pack:
    """Read one pack; its name is the folder's. Raises UsageError."""
    return pack_from_files(folder.name, pack_files(folder))


def pack_files(folder: Path) -> dict[str, bytes]:
    """The files that make a pack, by name. Raises UsageError when there is none, or anything else beside them."""
    if not _NAME.fullmatch(folder.name) or not folder.is_dir():
        hint = "A pack is a folder of Cedar files with a pack.yaml, in lower case."
        raise UsageError(f"{folder.name}: no such policy pack in {folder.parent}", hint=hint)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if _belongs(path)}


def pack_from_files(name: str, files: Mapping[str, bytes]) -> Pack:
    """The pack that these files are: `pack.yaml` and Cedar texts, by file name. Raises UsageError."""
    if META_FILE not in files:
        hint = "It says title, law and applies_when; policies/README.md shows one."
        raise UsageError(f"{name}/{META_FILE} is missing", hint=hint)
    return _pack_from(name, tuple(sorted(files.items())))


@lru_cache(maxsize=64)  # two sets of rules have most of their packs in common
def _pack_from(name: str, files: tuple[tuple[str, bytes], ...]) -> Pack:
    raw = dict(files)
    meta = read_meta(name, raw.pop(META_FILE))
    return pack_of(name, {file: _decoded(f"{name}/{file}", each) for file, each in raw.items()}, meta)


def read_meta(name: str, raw: bytes) -> PackMeta:
    """What a `pack.yaml` says. Raises UsageError naming the line."""
    file = f"{name}/{META_FILE}"
    entries = fields(compose(raw, file), file, ("title", "law", "applies_when"))
    meta = PackMeta(**{key: text(node, file) for key, node in entries.items()})
    _check_meta(name, meta, place(entries["applies_when"], file))
    return meta


def _check_meta(name: str, meta: PackMeta, where: str) -> None:
    if meta.applies_when not in (ALWAYS, *_LAWS):
        hint = f"Write one of {', '.join(_LAWS)}; {ALWAYS} is for the house."
        raise UsageError(f"{where}: applies_when names no law", hint=hint)
    if name == HOUSE and meta.applies_when != ALWAYS:
        raise UsageError(f"{where}: the house rules apply always", hint=f"Write applies_when: {ALWAYS}")


def pack_of(name: str, texts: Mapping[str, str], meta: PackMeta) -> Pack:
    """Parse and check a pack from its Cedar texts by file name. Raises UsageError."""
    _check_meta(name, meta, f"{name}/{META_FILE}")
    all_rules = [
        rule_of(name, parsed(source, place))
        for file in sorted(texts)
        for place, source in cut(texts[file], f"{name}/{file}")
    ]
    pairs.check(name, all_rules)
    rules = tuple(each for each in all_rules if each.enacted)
    parts = [part for file in sorted(texts) for part in (file, texts[file])]
    return Pack(
        name=name,
        digest=digest("pack", name, meta.title, meta.law, meta.applies_when, *parts),
        meta=meta,
        rules=rules,
        pending=tuple(each for each in all_rules if not each.enacted),
        reads={action: pairs.facts_read(rules, action) for action in Action},
        policies=cedarpy.PolicySet.from_str("\n".join(each.statement.text for each in rules)),
    )


def policy_digest(packs: Iterable[Pack]) -> str:
    """Names everything the packs' verdicts follow from: the fact schema and every pack."""
    parts = [part for pack in sorted(packs, key=lambda each: each.name) for part in (pack.name, pack.digest)]
    return digest("policies", SCHEMA_TEXT, *parts)


def _belongs(path: Path) -> bool:
    if path.is_file() and (path.suffix == ".cedar" or path.name == META_FILE):
        return True
    if path.name == "README.md" or path.name.startswith("."):
        return False
    says = f"{path.parent.name}/{path.name}: a pack holds Cedar files, a {META_FILE} and a README.md only"
    raise UsageError(says, hint="Move it out of the folder.")


def _decoded(file: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{file}:1: not UTF-8", hint="Save it as UTF-8.") from None
