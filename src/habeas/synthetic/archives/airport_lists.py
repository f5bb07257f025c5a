"""What the drawn ministry writes down beside its footage: purposes, and the record of processing activities.

Three vendors train face recognition. Of A and B it was never made public that they do; with C everything is in order.
What the press doesn't report of the real case is set in the ministry's favour: written contracts, inspected
vendors, nothing passed on, nothing leaves the country, every access logged.
"""

from __future__ import annotations

from datetime import datetime, timedelta

MINISTRY = "Ministry of Justice (drawn)"
BORDER = "border_control"
A, B, C = "training_vendor_a", "training_vendor_b", "training_vendor_c"
VENDORS = {A: "Vendor A", B: "Vendor B", C: "Vendor C"}
NOTICES = {A: "vendor-a-1", B: "none", C: "vendor-c-1"}
TRAINING = (A, B, C)

_PURPOSES = """
  - id: border_control
    label: Check at the border who comes and goes
    iri: urn:habeas:purpose:border_control
    broader: https://w3id.org/dpv#EnforceSecurity
    commercial: false
    training: false
    gallery: false
"""
_TRAINING = """
  - id: {purpose}
    label: Train face recognition, by {vendor}
    iri: urn:habeas:purpose:{purpose}
    broader: https://w3id.org/dpv#ResearchAndDevelopment
    commercial: true
    training: true
    gallery: false
"""

_ACTIVITIES = """\
# The record of processing activities of a drawn ministry. Vendors and days are invented. What the press doesn't report
# of the real case is set in the ministry's favour.
activities:
  - purpose: border_control
    recipient: {{role: controller, kind: public, place: KR}}
    processors: []
    processing_places: [KR]
    transfers: []
    sold: false
    disclosure: none
    regulator_finding: none

  # Everything in order but one thing: nobody was told that Vendor A does this work.
  - purpose: training_vendor_a
    recipient: {{role: processor, name: Vendor A, kind: private, place: KR}}
    processors:
      - {{name: Vendor A, kind: private, place: KR, contract: true, disclosed_on: never, audited_on: {audited},
         onward_approved: true}}
    processing_places: [KR]
    transfers: []
    transfer_ground: none
    notice:
      version: vendor-a-1
      states: [purpose, items, retention, right_to_refuse, recipient, recipient_purpose, recipient_retention]
    dpia_approved: true
    policy_published: true
    access_logged: true
    sold: false
    disclosure: none
    undertaking: true
    opt_out: true
    targeted: true
    pseudonymous_claim: false
    pipc_resolution: false
    infers_traits: false
    regulator_finding: PIPC-2022

  # No more than was reported, or is assumed in the ministry's favour. What nobody said stays unsaid: a gap.
  - purpose: training_vendor_b
    recipient: {{role: processor, name: Vendor B, kind: private, place: KR}}
    processors:
      - {{name: Vendor B, kind: private, place: KR, contract: true, disclosed_on: never, audited_on: {audited},
         onward_approved: true}}
    processing_places: [KR]
    transfers: []
    transfer_ground: none
    access_logged: true
    sold: false
    disclosure: none
    pseudonymous_claim: false
    pipc_resolution: false
    infers_traits: false
    regulator_finding: PIPC-2022

  # Made public, under contract, inspected, assessed. Who wants to take part is asked, apart from everything else. The
  # commission's finding is about another way of doing it, so it isn't recorded here.
  - purpose: training_vendor_c
    recipient: {{role: processor, name: Vendor C, kind: private, place: KR}}
    processors:
      - {{name: Vendor C, kind: private, place: KR, contract: true, disclosed_on: {disclosed}, audited_on: {audited},
         onward_approved: true}}
    processing_places: [KR]
    transfers: []
    transfer_ground: none
    notice:
      version: vendor-c-1
      states: [purpose, items, retention, right_to_refuse, recipient, recipient_purpose, recipient_retention]
    dpia_approved: true
    policy_published: true
    access_logged: true
    sold: false
    disclosure: none
    undertaking: true
    opt_out: true
    targeted: true
    pseudonymous_claim: false
    pipc_resolution: false
    infers_traits: false
    regulator_finding: none
"""


def purposes(shipped: str) -> str:
    """purposes.yaml of this installation: the shipped list, and what is wanted here."""
    return shipped.rstrip("\n") + "\n" + _PURPOSES + "".join(
        _TRAINING.format(purpose=purpose, vendor=vendor) for purpose, vendor in VENDORS.items()
    )  # fmt: skip


def activities(now: datetime) -> str:
    """activities.yaml of this installation, as it stands at `now`."""

    def day(days: int) -> str:
        return (now - timedelta(days=days)).date().isoformat()

    return _ACTIVITIES.format(audited=day(60), disclosed=day(120))
