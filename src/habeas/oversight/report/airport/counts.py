"""The airport case in numbers: for each vendor's purpose the requests, refusals and templates, and the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from habeas.model.decision import Rule
from habeas.oversight.numbers.tally import Tally
from habeas.oversight.report.airport.finding import FINDING, KNOWN, RESTS_ON
from habeas.policy.lists.activities import NOT_DISCLOSED
from habeas.policy.lists.activity import Activity
from habeas.policy.policy_set import PolicySet
from habeas.warehouse.reader import Reader, Row, rows

NAMED = tuple(rule for named, _ in RESTS_ON for rule in named)
"""Ids of the rules the case is about, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one profile answers. `by_rule`, `by_group`: number of requests that each rule, or group, refused.

    A group is one of the named rules, or all other rules of one pack.
    """

    allowed: int
    refused: int
    by_rule: Mapping[str, int]
    by_group: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One purpose: who would get the templates, and what came of it. A request is a listed person in a file."""

    purpose: str
    recipient: str
    published: str  # the day the outsourcing was made public, "never", or "" where not stated
    finding: str  # the regulator's finding that is recorded about it, or "none"
    requests: int
    strict: Reading  # decides
    regulator: Reading  # informs
    templates: int
    people: int
    keys: int


@dataclass(frozen=True, slots=True)
class AirportCase:
    """The whole case. `strays`: stored rows under a key of another person or purpose; there must be none."""

    vendors: tuple[Vendor, ...]
    rules: Mapping[str, Rule]  # every rule that refused something, the named ones first
    titles: Mapping[str, str]  # pack -> its title
    files: int
    opened: int
    listed: int
    strays: int

    @property
    def requests(self) -> int:
        """Number of requests of all vendors: a listed person in a file each."""
        return sum(vendor.requests for vendor in self.vendors)

    @property
    def allowed(self) -> int:
        """Number of allowed requests of all vendors, under the strict reading."""
        return sum(vendor.strict.allowed for vendor in self.vendors)


def airport_case(reader: Reader, tally: Tally, policy: PolicySet, purposes: Sequence[str]) -> AirportCase:
    """Count. `purposes`: those of the case, in the order of the page."""
    keys = rows(reader, "keys", columns=["key_id", "subject_id", "purpose"])
    stored = rows(reader, "embeddings", columns=["row_id", "key_id", "subject_id", "purpose"])
    asked = [row for row in tally.decisions if row["action"] == "embed"]
    vendors = tuple(_vendor(p, policy.activities.get(p), asked, stored, keys) for p in purposes)
    fired = {
        rule for entry in vendors for reading in (entry.strict, entry.regulator) for rule in reading.by_rule
    }
    rules = {entry.rule.name: entry.rule for pack in policy.packs for entry in pack.rules}
    owners = {key["key_id"]: (key["subject_id"], key["purpose"]) for key in keys}
    return AirportCase(
        vendors=vendors,
        rules={name: rules[name] for name in sorted(fired & rules.keys(), key=_order)},
        titles={pack.name: pack.meta.title for pack in policy.packs},
        files=len(tally.assets),
        opened=len(tally.looked_at),
        listed=len({row["line_id"] for row in asked}),
        strays=sum(owners.get(row["key_id"]) != (row["subject_id"], row["purpose"]) for row in stored),
    )


def examples(tally: Tally) -> tuple[tuple[str, str], ...]:
    """Questions worth asking, with an id each: a template, a consent without effect, a person who wasn't asked."""
    questions = [("why this template exists", min((row["row_id"] for row in tally.embeddings), default=""))]
    refused = [row for row in tally.decisions if row["action"] == "embed" and row["effect"] != "allow"]
    alone = [row["decision_id"] for row in refused if [_id(rule) for rule in row["rules"]] == [NAMED[0]]]
    questions.append(("why a consent to an unpublished vendor changed nothing", min(alone, default="")))
    asked = [row["decision_id"] for row in refused if {*NAMED} <= {_id(rule) for rule in row["rules"]}]
    questions.append(("why a traveller whom nobody asked was refused", min(asked, default="")))
    return tuple((what, id_) for what, id_ in questions if id_)


def group(rule: str) -> str:
    """A named rule by itself, any other by its pack."""
    return _id(rule) if _id(rule) in NAMED else rule.partition("/")[0]


def as_json(case: AirportCase) -> dict[str, Any]:
    """The same for a program."""
    return {
        "case": "airport",
        "files": case.files,
        "files_opened": case.opened,
        "listed": case.listed,
        "requests": case.requests,
        "allowed": case.allowed,
        "rows_under_a_key_of_another": case.strays,
        "purposes": {vendor.purpose: _vendor_fields(vendor) for vendor in case.vendors},
        "rules": {
            name: {"sentence": rule.sentence, "citation": rule.citation} for name, rule in case.rules.items()
        },
        "rests_on": [{"rules": list(named), "says": says} for named, says in RESTS_ON],
        "known": [{"says": each.says, "sources": list(each.sources)} for each in KNOWN],
        "finding": [{"says": each.says, "sources": list(each.sources)} for each in FINDING],
    }


def _vendor_fields(vendor: Vendor) -> dict[str, Any]:
    def reading(profile: Reading) -> dict[str, Any]:
        return {"allowed": profile.allowed, "refused": profile.refused, "by_rule": dict(profile.by_rule)}

    return {
        "recipient": vendor.recipient,
        "made_public": vendor.published or None,
        "requests": vendor.requests,
        **reading(vendor.strict),
        "rows": vendor.templates,
        "people": vendor.people,
        "keys": vendor.keys,
        "regulator": {"finding": vendor.finding, **reading(vendor.regulator)},
    }


def _vendor(
    purpose: str, activity: Activity | None, asked: Iterable[Row], stored: Iterable[Row], keys: Iterable[Row]
) -> Vendor:
    mine = [row for row in asked if row["purpose"] == purpose]
    made = [row for row in stored if row["purpose"] == purpose]
    return Vendor(
        purpose=purpose,
        recipient=activity.recipient.name if activity and activity.recipient else "",
        published=_published(activity),
        finding=(activity.regulator_finding if activity else None) or "none",
        requests=len(mine),
        strict=_reading([(row["effect"], row["rules"]) for row in mine]),
        regulator=_reading([(row["regulator_effect"], row["regulator_rules"] or ()) for row in mine]),
        templates=len(made),
        people=len({row["subject_id"] for row in made}),
        keys=sum(key["purpose"] == purpose for key in keys),
    )


def _reading(answers: Sequence[tuple[str, Sequence[str]]]) -> Reading:
    against = [set(rules) for effect, rules in answers if effect != "allow"]
    by_rule = Counter(rule for rules in against for rule in rules)
    by_group = Counter(each for rules in against for each in {group(rule) for rule in rules})
    return Reading(
        allowed=len(answers) - len(against),
        refused=len(against),
        by_rule={rule: by_rule[rule] for rule in sorted(by_rule, key=_order)},
        by_group=dict(by_group),
    )


def _published(activity: Activity | None) -> str:
    days = [each.disclosed_on for each in (activity.processors if activity else None) or ()]
    if NOT_DISCLOSED in days:
        return "never"
    return max(day.isoformat() for day in days if day) if days and None not in days else ""


def _order(rule: str) -> tuple[int, str]:
    return (NAMED.index(_id(rule)) if _id(rule) in NAMED else len(NAMED), rule)


def _id(rule: str) -> str:
    return rule.partition("/")[2]
