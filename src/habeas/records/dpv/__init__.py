"""Consent records as JSON-LD: W3C DPV 2 in the sections of ISO/IEC TS 27560."""
