"""What the drawn archive's office writes down beside its footage: `activities.yaml`, all in order.

The archive keeps what it makes, in Korea, with nobody's help. So whoever is refused in the demo is refused for what
they said, or for what their footage is, and for nothing else.
"""

from __future__ import annotations

NOTICE = "2026-1"
"""Version of the notice that people consented to."""

_HEAD = """\
# The record of processing activities of a drawn archive: nobody in it exists.
activities:
"""
_ACTIVITY = """\
  - purpose: {purpose}
    recipient: {{role: controller, kind: public, place: KR}}
    processors: []
    processing_places: [KR]
    transfers: []
    transfer_ground: none
    notice:
      version: "{notice}"
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


def activities(purposes: tuple[str, ...]) -> str:
    """activities.yaml for these purposes."""
    return _HEAD + "\n".join(_ACTIVITY.format(purpose=purpose, notice=NOTICE) for purpose in purposes)
