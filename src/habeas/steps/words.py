"""Facts, reasons and steps in plain words, for people who have to judge a result and didn't build it."""

from __future__ import annotations

from typing import Final

FACTS: Final = {
    "source_registered": "whether the source is registered",
    "purpose_known": "whether the purpose is known",
    "purpose_collected": "whether the source was collected for this purpose",
    "scan_ground": "the ground for looking for faces",
    "roster_ground": "the ground for holding the roster",
    "within_retention": "whether the retention period is still running",
    "line_allowed": "whether anybody listed in the file is allowed",
    "subject_known": "who the person is",
    "line_attested": "whether somebody attested the roster line",
    "consent": "what the person said about this purpose",
    "consent_explicit": "whether the consent was explicit",
    "consent_covers_source": "whether the consent covers this source",
    "key_open": "whether an open key exists for this person and purpose",
}

REASONS: Final = {
    # faces
    "unbound": "a face that no roster line is about",
    "ambiguous": "nobody can say which listed person this is",
    "cut_by_border": "the face is cut by the border of the picture",
    "too_near_another": "the face is too near another one",
    "not_allowed": "a listed person whose decision is no",
    "low_quality": "too small, too blurred, too dark or too far turned",
    "placeholder": "the line stands for an erased person",
    # assets
    "no_line": "nobody is listed in this file",
    "denied": "a rule says no",
    "gap": "a fact is missing, and a missing fact counts as no",
}

CONSENT: Final = {
    "ConsentGiven": "said yes",
    "ConsentRefused": "said no",
    "ConsentWithdrawn": "withdrew their consent",
}

EFFECTS: Final = {"allow": "allowed", "deny": "denied", "gap": "refused because a fact is missing"}


def fact(name: str) -> str:
    """A fact's name in words; the name itself where no words are known."""
    return FACTS.get(name, name.replace("_", " "))


def reason(word: str) -> str:
    """A refusal's or quarantine's reason in words."""
    return REASONS.get(word, word.replace("_", " "))
