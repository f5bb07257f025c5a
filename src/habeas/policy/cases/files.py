"""Decision tables as files: one YAML file a rule family, read strictly.

A case starts from an innocent fact set of `bases.yaml`, changes a few facts (null takes one out), and says the
answer and exactly which rules make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from habeas.model.decision import Action, Effect, FactValue
from habeas.model.errors import UsageError
from habeas.policy.facts.schema import BOOL, WAIVERS, Words, fact_named
from habeas.policy.lists.strict_yaml import (
    boolean,
    compose,
    fields,
    mapping,
    place,
    sequence,
    text,
    texts,
    word,
)
from habeas.policy.rules.packs import Pack
from habeas.policy.rules.rules import GAP_SUFFIX

BASES = "bases.yaml"
_EFFECTS = tuple(Effect)


@dataclass(frozen=True, slots=True)
class Case:
    """One row: facts, and what the packs must say about them. None = the row doesn't say."""

    family: str
    name: str
    place: str  # "kr-23.yaml:12"
    action: Action
    packs: tuple[str, ...]
    facts: Mapping[str, FactValue]
    effect: Effect
    by: tuple[str, ...] | None = None
    missing: tuple[str, ...] | None = None
    regulator: Effect | None = None
    regulator_by: tuple[str, ...] | None = None
    obligations: tuple[str, ...] = ()
    waived: tuple[str, ...] | None = None


def read_tables(folder: Path, packs: Sequence[Pack]) -> tuple[Case, ...]:
    """Every row, file by file. Raises UsageError naming file and line."""
    bases = read_bases(folder)
    files = sorted(path for path in folder.rglob("*.yaml") if path.name != BASES)
    return tuple(case for path in files for case in read_table(path.name, path.read_bytes(), bases, packs))


def read_table(
    file: str, raw: bytes, bases: Mapping[Action, Mapping[str, FactValue]], packs: Sequence[Pack]
) -> tuple[Case, ...]:
    """The rows of one file."""
    top = fields(compose(raw, file), file, ("family", "action", "cases"), ("packs", "base", "given"))
    action = Action(word(top["action"], file, tuple(Action)))
    base = Action(word(top["base"], file, tuple(bases))) if "base" in top else action
    asked = texts(top["packs"], file) if "packs" in top else tuple(sorted(pack.name for pack in packs))
    there = [pack for pack in packs if pack.name in asked]
    if len(there) != len(asked):
        _refuse(top["packs"], file, "names a pack that isn't there", "See the folders beside policies/house.")
    facts = {name: value for name, value in bases.get(base, {}).items() if action in fact_actions(name)}
    facts = _changed(facts, top.get("given"), file, action)
    reader = _Reader(file, text(top["family"], file), action, asked, facts, there)
    cases = tuple(reader.case(node) for node in sequence(top["cases"], file))
    names = [case.name for case in cases]
    for case in cases:
        if names.count(case.name) > 1:
            raise UsageError(f"{case.place}: two cases have one name", hint="A name finds one case.")
    return cases


def fact_actions(name: str) -> tuple[Action, ...]:
    """The actions a fact is about."""
    fact = fact_named(name)
    return fact.actions if fact else ()


def read_bases(folder: Path) -> dict[Action, dict[str, FactValue]]:
    """The fact sets that cases start from, by action. Raises UsageError naming the line."""
    if not (folder / BASES).is_file():
        raise UsageError(f"no {BASES} in {folder}", hint="It holds the fact sets that cases start from.")
    raw = (folder / BASES).read_bytes()
    return {
        Action(action): _changed({}, node, BASES, Action(action))
        for action, node in fields(compose(raw, BASES), BASES, (), tuple(Action)).items()
    }


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the cases of one file."""

    file: str
    family: str
    action: Action
    packs: tuple[str, ...]
    facts: Mapping[str, FactValue]
    there: Sequence[Pack]

    def case(self, node: yaml.Node) -> Case:
        optional = ("facts", "by", "missing", "regulator", "regulator_by", "obligations", "waived")
        entry = fields(node, self.file, ("name", "is"), optional)
        facts = _changed(self.facts, entry.get("facts"), self.file, self.action)
        waived = self._waived(entry.get("waived"), facts)
        effect = Effect(word(entry["is"], self.file, _EFFECTS))
        if effect is not Effect.ALLOW and "by" not in entry:
            _refuse(node, self.file, "a refusal must say by which rules", "Add by: [RULE, …], all that fire.")
        return Case(
            family=self.family,
            name=text(entry["name"], self.file),
            place=place(node, self.file),
            action=self.action,
            packs=self.packs,
            facts=facts,
            effect=effect,
            by=self._rules(entry.get("by")),
            missing=texts(entry["missing"], self.file) if "missing" in entry else None,
            regulator=Effect(word(entry["regulator"], self.file, _EFFECTS)) if "regulator" in entry else None,
            regulator_by=self._rules(entry.get("regulator_by")),
            obligations=texts(entry["obligations"], self.file) if "obligations" in entry else (),
            waived=waived,
        )

    def _waived(self, node: yaml.Node | None, facts: dict[str, FactValue]) -> tuple[str, ...] | None:
        """The rules that must show as waived. Where no waiver is among the facts, they are the waiver."""
        names = self._rules(node)
        if names and "waived" not in facts:
            facts["waived"] = ",".join(
                sorted({each.split("/")[1].removesuffix(GAP_SUFFIX) for each in names})
            )
        return names

    def _rules(self, node: yaml.Node | None) -> tuple[str, ...] | None:
        """Rule ids as tables of decisions hold them: pack/id."""
        if node is None:
            return None
        rules = tuple(self._rule(each) for each in sequence(node, self.file))
        if len(set(rules)) != len(rules):
            _refuse(node, self.file, "a rule stands twice in the list", "Keep one of them.")
        return rules

    def _rule(self, node: yaml.Node) -> str:
        asked = text(node, self.file)
        names = [f"{pack.name}/silent" for pack in self.there]
        names += [f"{pack.name}/{each.rule.rule_id}" for pack in self.there for each in pack.rules]
        matches = [name for name in names if asked in (name, name.split("/")[1])]
        if len(matches) != 1:
            says = "no pack asked here has a rule" if not matches else "several packs have a rule"
            _refuse(node, self.file, f"{says} {asked}", "Write pack/ID, of a rule that is in force.")
        return matches[0]


def _changed(
    facts: Mapping[str, FactValue], node: yaml.Node | None, file: str, action: Action
) -> dict[str, FactValue]:
    """`facts` with the changes a mapping says: a value each, or null to take a fact out."""
    made = dict(facts)
    for name, value in mapping(node, file).items() if node is not None else ():
        if action not in fact_actions(name):
            _refuse(value, file, f"{name} is no fact of {action}", "docs/reference/rules.md lists them.")
        if isinstance(value, yaml.ScalarNode) and value.value == "null":
            made.pop(name, None)
        else:
            made[name] = _value(name, value, file)
    return made


def _value(name: str, node: yaml.Node, file: str) -> FactValue:
    fact = fact_named(name)
    if fact is None:
        raise UsageError(
            f"{place(node, file)}: {name} is no fact", hint="docs/reference/rules.md lists them."
        )
    if isinstance(fact.type, Words):
        return word(node, file, fact.type.words)
    if fact.type == BOOL:
        return boolean(node, file)
    written = text(node, file)
    if fact.type == WAIVERS:
        return written
    if not written.isdecimal():
        _refuse(node, file, f"{name} is no whole number of days", "Write a number like 30.")
    return int(written)


def _refuse(node: yaml.Node, file: str, says: str, hint: str) -> None:
    raise UsageError(f"{place(node, file)}: {says}", hint=hint)
