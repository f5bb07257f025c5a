"""The words of a consent record as JSON-LD: W3C DPV 2 in the sections of ISO/IEC TS 27560, and our own beside them.

The form is compact and closed: one context, written out, so that nothing is ever fetched; a prefix before each key.
Own terms are IRIs `urn:habeas:term:…`, each with the DPV term it narrows (BROADER).
"""

from __future__ import annotations

from habeas.model.people import ConsentStatus

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "habeas": "urn:habeas:term:",
}
KNOWN_CONTEXT = "https://w3id.org/dpv/schema/iso-27560"
"""May stand beside ours in a record of another system; never fetched."""

RECEIPT = "dpv-27560:receipt-record"
FORMS = frozenset(
    f"{prefix}{name}"
    for prefix in ("dpv-27560:", CONTEXT["dpv-27560"], f"{KNOWN_CONTEXT}#")
    for name in ("record", "record-eu-gdpr", "receipt-record", "receipt-eu-gdpr")
)
"""What a record may say it conforms to."""

STATUS = {f"dpv:{status}": status for status in ConsentStatus}
EXPLICIT = {"dpv:ExplicitlyExpressedConsent": True, "habeas:UnexplicitConsent": False}
SEPARATE = {"habeas:SeparateConsent": True, "habeas:BundledConsent": False}
WRITTEN = {"habeas:WrittenConsent": True, "habeas:UnwrittenConsent": False}
"""Types of a consent; none of a pair = not stated."""

SUBJECT, GUARDIAN = "habeas:subject", "habeas:guardian"
"""Entities that may have said it. None of them = not stated who."""

SCOPE = {
    "sources": "habeas:source",
    "folders": "habeas:folder",
    "sites": "habeas:site",
    "events": "habeas:event",
    "lots": "habeas:lot",
    "assets": "habeas:asset",
    "from_at": "habeas:capturedFrom",
    "to_at": "habeas:capturedBefore",
}
"""Field of a scope -> its key."""

BROADER = {
    "habeas:SeparateConsent": "dpv:Consent",
    "habeas:BundledConsent": "dpv:Consent",
    "habeas:WrittenConsent": "dpv:Consent",
    "habeas:UnwrittenConsent": "dpv:Consent",
    "habeas:UnexplicitConsent": "dpv:Consent",
    "habeas:ageBand": "pd:Age",
    "habeas:lastContactOn": "dpv:hasContext",
    "habeas:recordedAt": "dpv:hasContext",
    "habeas:evidenceDigest": "dpv:hasIdentifier",
    **dict.fromkeys(SCOPE.values(), "dpv:hasScope"),
}
"""Own term -> the term it narrows."""
