"""Facts out of the record of activities: who gets what, who works on it, where it goes. None = not stated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from habeas.model.decision import FactValue
from habeas.model.jurisdictions import may_lie_in, within
from habeas.model.people import Source
from habeas.policy.lists.activity import Activity, Processor

Facts = dict[str, FactValue | None]

_AUDIT_DAYS = 365
_COLLECTION = frozenset({"purpose", "items", "retention", "right_to_refuse"})
_PROVISION = frozenset({"recipient", "recipient_purpose", "items", "recipient_retention"})
_AS_SAID = (
    "transfer_ground", "dpia_approved", "policy_published", "access_logged", "sold", "disclosure", "undertaking",
    "opt_out", "pseudonymous_claim", "pipc_resolution", "infers_traits", "regulator_finding",
)  # fmt: skip


class Clock:
    """The time of a decision. It notes each later day it was asked about: then a fact may flip."""

    def __init__(self, as_of: datetime) -> None:
        self.as_of = as_of
        self.flips: list[datetime] = []

    def reached(self, day: date, plus_days: int = 0) -> bool:
        """Whether `day`, so many days on, has begun."""
        try:
            begun = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=plus_days)
        except OverflowError:
            return False
        if begun > self.as_of and day != date.max:
            self.flips.append(begun)
        return begun <= self.as_of


def activity_facts(activity: Activity | None, source: Source | None, clock: Clock) -> Facts:
    """What the record says about one purpose, for one source."""
    if activity is None:
        return {"activity_recorded": False}
    facts: Facts = {"activity_recorded": True} | {name: getattr(activity, name) for name in _AS_SAID}
    if activity.recipient is not None:
        # The controller of another source is a third party to this one.
        stranger = activity.recipient.role == "controller" and recipient(source, activity) != ""
        facts["recipient_role"] = "third_party" if stranger else activity.recipient.role
    facts["recipient_private"] = _to_private(activity)
    if activity.processors is not None:
        facts |= _processor_facts(activity.processors, clock)
    if activity.notice is not None:
        facts["notice_collection"] = activity.notice.states >= _COLLECTION
        facts["notice_provision"] = activity.notice.states >= _PROVISION
    facts["leaves_korea"] = _leaves("KR", source, activity)
    facts["leaves_eea"] = _leaves("EU", source, activity)
    return facts


def _to_private(activity: Activity) -> bool | None:
    """Whether a private body gets the data, to keep or to work on: who is called what decides nothing here."""
    kinds = {each.kind for each in activity.processors or ()}
    kinds |= set() if activity.recipient is None else {activity.recipient.kind}
    if "private" in kinds:
        return True
    return None if activity.recipient is None or activity.processors is None else False


def _processor_facts(processors: tuple[Processor, ...], clock: Clock) -> Facts:
    def fresh(audited: date) -> bool:
        return clock.reached(audited) and not clock.reached(audited, _AUDIT_DAYS + 1)

    return {
        "outsourced": bool(processors),
        "processor_contract": _every(each.contract for each in processors),
        "processor_disclosed": _every(
            None if each.disclosed_on is None else clock.reached(each.disclosed_on) for each in processors
        ),
        "processor_audited": _every(
            None if each.audited_on is None else fresh(each.audited_on) for each in processors
        ),
        "onward_approved": _every(each.onward_approved for each in processors),
    }


def _every(answers: Iterable[bool | None]) -> bool | None:
    """False when one is, else unknown when one is, else True."""
    values = list(answers)
    return False if False in values else None if None in values else True


def recipient(source: Source | None, activity: Activity | None) -> str | None:
    """Recipient that a consent must name: "" = none besides the controller, None = not stated."""
    if activity is None or activity.recipient is None:
        return None
    own = ("", source.controller) if source else ("",)
    itself = activity.recipient.role == "controller" and activity.recipient.name in own
    return "" if itself else activity.recipient.name


def _origins(source: Source | None) -> tuple[str, ...] | None:
    return None if source is None else (source.jurisdiction, source.capture_place)


def _destinations(activity: Activity | None) -> tuple[list[str], bool]:
    """Places that receive or see the data, and whether these are all."""
    if activity is None:
        return [], False
    parts = (activity.recipient, activity.processors, activity.processing_places, activity.transfers)
    places = [*(activity.processing_places or ()), *(activity.transfers or ())]
    places += [each.place for each in activity.processors or ()]
    places += [activity.recipient.place] if activity.recipient else []
    return places, None not in parts


def all_places(source: Source | None, activity: Activity | None) -> tuple[str, ...] | None:
    """Every place that takes part; None where some of them are not known."""
    origins, (destinations, complete) = _origins(source), _destinations(activity)
    return (*origins, *destinations) if origins is not None and complete else None


def _leaves(region: str, source: Source | None, activity: Activity) -> bool | None:
    """Whether data that is somewhere in `region` goes to, or is seen from, somewhere outside of it."""
    origins, (destinations, complete) = _origins(source) or (), _destinations(activity)
    inside = any(may_lie_in(place, region) for place in (*origins, *destinations))
    outside = any(not within(place, region) for place in destinations)
    if inside and outside:
        return True
    return False if complete and source is not None else None


def abroad(source: Source | None, activity: Activity | None) -> tuple[str, ...] | None:
    """Receiving places outside of the controller's country or state."""
    destinations, complete = _destinations(activity)
    if source is None or not complete:
        return None
    return tuple(sorted({place for place in destinations if not within(place, source.jurisdiction)}))


def private_body(source: Source | None, activity: Activity | None) -> bool:
    """True unless it is certain that no private body takes part (BIPA s.10; s.25(e) spares contractors)."""
    if source is not None and source.contractor_scope:
        return False
    if source is None or source.controller_kind != "public":
        return True
    if activity is None or activity.recipient is None or activity.processors is None:
        return True
    return "private" in {activity.recipient.kind, *(each.kind for each in activity.processors)}
