"""A decision in steps: its effect, every rule that fired, waivers, obligations, and the regulator profile's reading."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from habeas.oversight.explain.supply import where_to_write
from habeas.oversight.explain.wording import ACTIONS, EFFECTS, fact, obligation
from habeas.oversight.explanation_step import ExplanationStep, day, plain
from habeas.policy.rulebook import Rulebook, is_waived
from habeas.warehouse.reader import Row

_FIELDS = (
    "decision_id", "action", "purpose", "effect", "missing", "facts_digest", "as_of", "valid_until", "retention_days",
    "obligations",
)  # fmt: skip


def decision_steps(
    book: Rulebook, row: Row, facts: str | None, source_id: str | None
) -> list[ExplanationStep]:
    """`book`: the rules the decision was made by. `facts`: its fact set as JSON; None when it is gone."""
    against = row["effect"] != "allow"
    fired = [name for name in row["rules"] if not is_waived(name)]
    waived = [name for name in row["rules"] if is_waived(name)]
    links = [_decision(book, row, facts, fired if against else [])]
    links += [_rule(book, name, row) for name in fired if against]
    links += [_waived(book, name, row, source_id) for name in waived]
    if row["effect"] == "allow":
        links.append(_permits(book, fired))
    if row["obligations"]:
        duties = [obligation(each) for each in row["obligations"]]
        links.append(
            ExplanationStep("obliges to", _joined(duties) + ".", {"obligations": list(row["obligations"])})
        )
    if row["regulator_effect"]:
        links.append(_regulator(book, row, facts))
    return links


def _decision(book: Rulebook, row: Row, facts: str | None, fired: list[str]) -> ExplanationStep:
    says = f"{ACTIONS[row['action']]} for {row['purpose']}: {EFFECTS.get(row['effect'], row['effect'])}"
    says += f"; decided {day(row['as_of'])} on what was known then."
    if fired:
        says += f" {_count(len(fired), 'rule')} spoke against it."
    if row["missing"]:
        says += (
            " Nobody supplied: " + "; ".join(_wanted(name, row["purpose"]) for name in row["missing"]) + "."
        )
    if facts is None:
        says += " Its facts are no longer held."
    rules = [_rule_fields(book, name) for name in row["rules"]]
    regulator = {
        "effect": row["regulator_effect"],
        "rules": [_rule_fields(book, n) for n in row["regulator_rules"] or ()],
    }
    fields = {**plain(row, *_FIELDS), "rules": rules, "regulator": regulator, "facts": facts}
    return ExplanationStep("decision", says, fields)


def _wanted(name: str, purpose: str) -> str:
    """A missing fact in words, and where to write it."""
    where = where_to_write(name, purpose)
    return f"“{fact(name)}”" + (f" ({where})" if where else "")


def _rule_fields(book: Rulebook, name: str) -> dict[str, Any]:
    rule = book.rule(name)
    fields: dict[str, Any] = {"rule": name, "sentence": "" if rule.sentence == name else rule.sentence}
    fields |= {"citation": rule.citation, "curable": rule.curable}
    if rule.source:
        fields["source"] = rule.source
    return fields


def _rule(book: Rulebook, name: str, row: Row) -> ExplanationStep:
    rule = book.rule(name)
    says = _cited(book, name)
    if not rule.curable:
        says += " No consent mends this."
    if rule.effective_from and rule.effective_from > row["as_of"].date():
        says += f" In force from {rule.effective_from.isoformat()}; applied already."
    return ExplanationStep(f"rule {_short(name)}", says, {"rule": name})


def _waived(book: Rulebook, name: str, row: Row, source_id: str | None) -> ExplanationStep:
    waiver = book.waiver(name, source_id, row["purpose"], row["as_of"].date())
    says = _cited(book, name)
    if waiver is None:
        return ExplanationStep(f"waived {_short(name)}", says + " It was waived then.", {"rule": name})
    says += f" Waived until {waiver.ends_on.isoformat()} by {waiver.owner}: {waiver.reason}"
    fields = {
        "rule": name,
        "owner": waiver.owner,
        "ends_on": waiver.ends_on.isoformat(),
        "about": waiver.about,
    }
    return ExplanationStep(f"waived {_short(name)}", says.rstrip(".") + ".", fields)


def _permits(book: Rulebook, names: list[str]) -> ExplanationStep:
    says = " ".join(f"{_short(name)}: {_cited(book, name)}" for name in names)
    return ExplanationStep("rests on", says or "No rule is recorded.", {"rules": names})


def _regulator(book: Rulebook, row: Row, facts: str | None) -> ExplanationStep:
    """For information: it opened nothing and closed nothing."""
    finding = json.loads(facts).get("regulator_finding", "none") if facts else "none"
    reading = "The laws alone, without house rules"
    if finding != "none":
        reading += f" and as {finding} found"
    says = f"For information: {reading}, would say {EFFECTS[row['regulator_effect']]}."
    if row["regulator_effect"] != "allow":
        against = (f"{_short(name)}: {_cited(book, name)}" for name in row["regulator_rules"])
        says += " " + " ".join(against)
    return ExplanationStep(
        "regulator", says, {"effect": row["regulator_effect"], "rules": list(row["regulator_rules"])}
    )


def _cited(book: Rulebook, name: str) -> str:
    rule = book.rule(name)
    says = rule.sentence.rstrip(".") + "."
    return f"{says} ({rule.citation})" if rule.citation else says


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _joined(sentences: Iterable[str]) -> str:
    text = "; ".join(sentences)
    return text[:1].upper() + text[1:]
