"""An ordinary purpose, activity, person and file, and facts derived from them with what a test changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from derived_facts import embed_facts, scan_facts
from ordinary import a_line, a_place, a_source, a_statement, day

from habeas.model.people import Subject
from habeas.policy.derivation.derive import Derived
from habeas.policy.derivation.source_terms import SourceTerms, terms_of
from habeas.policy.lists.activities import STATES
from habeas.policy.lists.activity import Activity, Notice, Processor, Recipient
from habeas.policy.lists.purposes import load_purposes
from habeas.policy.lists.waivers import Waiver
from habeas.policy.policy_set import Lists

PURPOSES = dict(load_purposes(Path(__file__).resolve().parents[3] / "policies" / "purposes.yaml"))
NOW, START = day("2026-06-01"), day("2026-01-01")
MODEL = frozenset({"a" * 64})
FULL_SOURCE = a_source(medium="studio", self_published=False)


def an_activity(**changes: Any) -> Activity:
    """The controller's own work in Korea: nobody else takes part."""
    ordinary = Activity(
        purpose="archive_search",
        recipient=Recipient("", "controller", "public", "KR"),
        processors=(),
        processing_places=("KR",),
        transfers=(),
        transfer_ground="none",
        notice=Notice("1", frozenset(STATES)),
        dpia_approved=True,
        policy_published=True,
        access_logged=True,
        sold=False,
        disclosure="none",
        undertaking=True,
        opt_out=True,
        targeted=True,
        pseudonymous_claim=False,
        pipc_resolution=False,
        infers_traits=False,
        regulator_finding="none",
    )
    return replace(ordinary, **changes)


def a_processor(**changes: Any) -> Processor:
    ordinary = Processor("Hanok", "private", "KR", True, date(2026, 2, 1), date(2026, 5, 1), True)
    return replace(ordinary, **changes)


def a_vendor(role: str = "third_party", place: str = "KR", name: str = "Vendor") -> Recipient:
    return Recipient(name, role, "private", place)


def a_subject(**changes: Any) -> Subject:
    return replace(Subject("subject-1", ("KR",), "adult", date(2026, 5, 1)), **changes)


def a_waiver(rule: str = "HOUSE-9", **changes: Any) -> Waiver:
    ordinary = Waiver(rule, "privacy-office", "books lost", date(2026, 1, 1), date(2027, 1, 1))
    return replace(ordinary, **changes)


def lists(**changes: Any) -> Lists:
    activities = {purpose: an_activity(purpose=purpose) for purpose in PURPOSES}
    return replace(Lists(PURPOSES, activities), **changes)


def terms(**changes: Any) -> SourceTerms:
    """`activity`, `waivers`, `statutes`, `tainted` change the lists, the rest what is asked."""
    purpose = changes.get("purpose", "archive_search")
    given = {name: changes[name] for name in ("waivers", "statutes", "tainted") if name in changes}
    if "activity" in changes:
        given["activities"] = {purpose: changes["activity"]} if changes["activity"] else {}
    return terms_of(
        changes.get("source", FULL_SOURCE),
        purpose,
        lists(**given),
        changes.get("as_of", NOW),
        model=changes.get("model", MODEL),
        known_at=changes.get("known_at"),
    )


def embed(**changes: Any) -> Derived:
    return embed_facts(
        changes.get("terms") or terms(**changes),
        line=changes.get("line", a_line()),
        subject=changes.get("subject", a_subject()),
        statements=changes.get("statements", [a_full_statement()]),
        key_open=changes.get("key_open", True),
        place=changes.get("place", a_place(captured_at=day("2026-02-01"))),
        catalogued_at=changes.get("catalogued_at", day("2026-03-01")),
        leave_outs=changes.get("leave_outs", ()),
    )


def scan(**changes: Any) -> Derived:
    return scan_facts(
        changes.get("terms") or terms(**changes),
        place=changes.get("place", a_place(captured_at=day("2026-02-01"))),
        catalogued_at=changes.get("catalogued_at", day("2026-03-01")),
        line_allowed=changes.get("line_allowed", True),
        line_laws=changes.get("line_laws", frozenset()),
        lines_valid_until=changes.get("lines_valid_until"),
        leave_outs=changes.get("leave_outs", ()),
    )


def a_full_statement(*args: Any, **changes: Any) -> Any:
    """A consent that says everything a law may ask for."""
    return a_statement(
        *args, **({"separate": True, "written": True, "guardian": False, "notice_version": "1"} | changes)
    )
