"""Facts that are the same for every file and person of one source and one purpose: computed once a run.

They come from the source's registration, the purpose, the record of activities, waivers, signed statutes and tainted
models. Days are days of UTC. What isn't stated stays None here and is left out of a decision's facts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from habeas.model.jurisdictions import LAWS, laws_of_all
from habeas.model.people import Source
from habeas.policy.derivation.activity import (
    Clock,
    Facts,
    abroad,
    activity_facts,
    all_places,
    private_body,
    recipient,
)
from habeas.policy.lists.activity import Activity
from habeas.policy.lists.statutes import Statute
from habeas.policy.policy_set import Lists

_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class SourceTerms:
    """One source and purpose at one time. `scan` and `embed` hold facts; None = not stated."""

    source: Source | None
    purpose: str
    as_of: datetime
    known_at: datetime
    scan: Facts
    embed: Facts
    laws: frozenset[str]  # of every place that takes part
    spared: frozenset[str]  # laws that don't reach this source's controller and those who work for it
    recipient: str | None  # whom a consent must name; "" = the controller itself, None = not stated
    abroad: tuple[str, ...] | None  # receiving places besides the controller's own; None = not stated
    notice: str | None  # version of the notice that is current
    scan_flips: tuple[datetime, ...]
    embed_flips: tuple[datetime, ...]


def terms_of(
    source: Source | None,
    purpose: str,
    lists: Lists,
    as_of: datetime,
    *,
    model: Collection[str] | None = None,
    known_at: datetime | None = None,
) -> SourceTerms:
    """`source`: None when the footage lies in none. `model`: digests of the model pack and of its files."""
    activity, both, clock = lists.activities.get(purpose), Clock(as_of), Clock(as_of)
    shared = _purpose_facts(lists, purpose) | _source_facts(source, purpose)
    shared |= {
        "targeted": activity.targeted if activity else None,
        "waived": _waived(lists, source, purpose, both),
    }
    scan = shared | {
        "source_registered": source is not None,
        "scan_ground": source.scan_ground if source else None,
    }
    embed = shared | activity_facts(activity, source, clock)
    embed |= {
        "roster_ground": source.roster_ground if source else None,
        "processing_ground": source.legal_basis if source else None,
        "self_published": source.self_published if source else None,
        "purpose_end": _purpose_end(source, clock),
        **_statutes(lists, source, activity, purpose, clock),
        "model_tainted": None if model is None else not lists.tainted.keys().isdisjoint(model),
        # Nothing is stored or sent but sealed: the embed step has no other way to write a template.
        "encrypted": True,
    }
    return SourceTerms(
        source=source,
        purpose=purpose,
        as_of=as_of,
        known_at=as_of if known_at is None else known_at,
        scan={name: value for name, value in scan.items() if name not in _EMBED_ALONE},
        embed=embed,
        laws=laws_of_all(all_places(source, activity)),
        spared=frozenset() if private_body(source, activity) else frozenset({"law_us_il"}),
        recipient=recipient(source, activity),
        abroad=abroad(source, activity),
        notice=activity.notice.version if activity and activity.notice else None,
        scan_flips=tuple(both.flips),
        embed_flips=(*both.flips, *clock.flips),
    )


_EMBED_ALONE = ("commercial", "model_training")


def _purpose_facts(lists: Lists, purpose: str) -> Facts:
    entry = lists.purposes.get(purpose)
    return {
        "purpose_known": entry is not None,
        "commercial": entry.commercial if entry else None,
        "model_training": entry.training if entry else None,
        "gallery_building": entry.gallery if entry else None,
    }


def _source_facts(source: Source | None, purpose: str) -> Facts:
    if source is None:
        return {}
    return {
        "medium": source.medium,
        "controller_public": source.controller_kind == "public",
        "purpose_collected": purpose in source.purposes,
    }


def _purpose_end(source: Source | None, clock: Clock) -> str | None:
    """A registration that names no end says that the purpose goes on."""
    if source is None:
        return None
    ended = source.purpose_ended_on
    if ended is None or not clock.reached(ended):
        return "running"
    return "ended_1_year" if clock.reached(ended, _YEAR_DAYS) else "ended"


def _statutes(
    lists: Lists, source: Source | None, activity: Activity | None, purpose: str, clock: Clock
) -> Facts:
    """Whether a statute names exactly this. Where it isn't stated who takes part, none does."""
    if source is None:
        return {}
    statutes: list[Statute] = []
    if activity is not None and activity.recipient is not None and activity.processors is not None:
        classes = {"controller", *(each.kind for each in activity.processors)}
        if recipient(source, activity) != "":
            classes.add(activity.recipient.kind)
        statutes = [s for s in lists.statutes if s.covers(purpose, source.controller, classes, "template")]
    statutes = [
        each for each in statutes if clock.reached(each.reviewed_on) and not clock.reached(each.expires_on)
    ]
    laws = laws_of_all(each.place for each in statutes)
    of_law: Facts = {f"statute_{law.removeprefix('law_')}": law in laws for law in LAWS}
    return {"statute_named": bool(statutes), **of_law}


def _waived(lists: Lists, source: Source | None, purpose: str, clock: Clock) -> str | None:
    """Ids of the house rules waived now; None where none is."""
    fitting = [each for each in lists.waivers if each.fits(source.source_id if source else None, purpose)]
    rules = {
        each.rule for each in fitting if clock.reached(each.granted_on) and not clock.reached(each.ends_on)
    }
    return ",".join(sorted(rules)) or None
