"""Where a missing fact is to be written: the file or list, and the line in it. For explanations and pages."""

from __future__ import annotations

from typing import Final

from habeas.policy.facts.catalogue import DISCLOSURE, FINDING, TRANSFER
from habeas.policy.facts.schema import fact_named
from habeas.policy.lists.activities import STATES

_YES_NO = "true or false"
_SOURCES, _CONSENTS, _ROSTERS = "the list of sources", "the list of consents", "the list of rosters"
_ACTIVITIES = "policies/activities.yaml"

_ACTIVITY: Final = {
    "targeted": f"targeted: {_YES_NO}",
    "recipient_role": "recipient: {role: controller, kind: public, place: KR}",
    "recipient_private": "recipient: {role: controller, kind: public, place: KR} and processors: []",
    "outsourced": "processors: [] where nobody else works on it",
    "processor_contract": f"processors: contract: {_YES_NO}",
    "processor_disclosed": "processors: disclosed_on: a day, or never",
    "processor_audited": "processors: audited_on: a day, or never",
    "onward_approved": f"processors: onward_approved: {_YES_NO}",
    "leaves_korea": "processing_places: [KR] and transfers: [], with recipient and processors",
    "leaves_eea": "processing_places: [EU] and transfers: [], with recipient and processors",
    "transfer_ground": f"transfer_ground: {', '.join(TRANSFER.words)}",
    "notice_collection": f"notice: {{version: …, states: [{', '.join(STATES)}]}}, those that it states",
    "notice_provision": f"notice: {{version: …, states: [{', '.join(STATES)}]}}, those that it states",
    "disclosure": f"disclosure: {', '.join(DISCLOSURE.words)}",
    "regulator_finding": f"regulator_finding: {', '.join(FINDING.words)}",
    **{
        name: f"{name}: {_YES_NO}"
        for name in ("dpia_approved", "policy_published", "access_logged", "sold", "undertaking", "opt_out",
                     "pseudonymous_claim", "pipc_resolution", "infers_traits")
    },
}  # fmt: skip
"""Facts out of the record of activities -> what to write into the purpose's entry."""

_LISTS: Final = {
    "medium": (_SOURCES, "column medium"),
    "scan_ground": (_SOURCES, "column scan_ground"),
    "roster_ground": (_SOURCES, "column roster_ground"),
    "processing_ground": (_SOURCES, "column legal_basis"),
    "controller_public": (_SOURCES, "column controller_kind"),
    "purpose_collected": (_SOURCES, "column purposes"),
    "within_retention": (_SOURCES, "column retention_days; footage needs a date of capture"),
    "self_published": (_SOURCES, "column self_published"),
    "line_attested": (_ROSTERS, "column attested_by"),
    "subject_known": (_ROSTERS, "column subject"),
    "line_allowed": (_ROSTERS, "a line for each person in the file"),  # no line yet
    "age": (_CONSENTS, "column age"),
    "guardian_consented": (_CONSENTS, "column guardian"),
    "consent": (_CONSENTS, "a line of this person for this purpose"),
    "consent_explicit": (_CONSENTS, "column explicit"),
    "consent_separate": (_CONSENTS, "column separate"),
    "consent_written": (_CONSENTS, "column written"),
    "consent_before_capture": (_CONSENTS, "column given_at; footage needs a date of capture"),
    "consent_in_scope": (_CONSENTS, "columns sources, folders, sites, events, lots, assets, from_at, to_at"),
    "notice_current": (
        _CONSENTS,
        "column notice_version; it is compared with notice: version in policies/activities.yaml",
    ),
    "last_contact": (_CONSENTS, "column last_contact_on"),
    "purpose_end": (_SOURCES, "column purpose_ended_on; blank while it runs"),
}
_FOLLOWS: Final = {
    "key_open": "nothing to write: the import of a consent makes the key",
    "encrypted": "nothing to write: templates are always encrypted",
}
"""Facts that follow from others."""
_COMMANDS: Final = {
    _SOURCES: "habeas source add", _CONSENTS: "habeas consent import", _ROSTERS: "habeas roster import",
}  # fmt: skip


def where_to_write(name: str, purpose: str = "") -> str:
    """File and line to write so that a fact is known; empty for one that isn't supplied by hand."""
    if name in _ACTIVITY:
        entry = f"the entry of {purpose}" if purpose else "the purpose's entry"
        return f"write into {_ACTIVITIES}, {entry}: {_ACTIVITY[name]}"
    if name in _LISTS:
        file, line = _LISTS[name]
        command = f" ({_COMMANDS[file]})" if file in _COMMANDS else ""
        return f"write into {file}{command}: {line}"
    if name in _FOLLOWS:
        return _FOLLOWS[name]
    fact = fact_named(name)
    if fact is None or not name.startswith(("law_", "statute_")):
        return ""
    return "write the jurisdictions and places of person, source and activity"
