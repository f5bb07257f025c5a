"""Facts, reasons and steps in plain words, for people who have to judge a result and didn't build it."""

from __future__ import annotations

from typing import Final

from habeas.policy.facts import fact_named

REASONS: Final = {
    # faces, by habeas.model.face.BindingReason
    "unbound": "a face that no roster line is about",
    "ambiguous": "nobody can say which listed person this is",
    "cut_by_border": "the face is cut by the border of the picture",
    "too_near_another": "the face is too near another one",
    "not_allowed": "a listed person whose decision is no",
    "low_quality": "too small, too blurred, too dark or too far turned",
    "placeholder": "the line stands for an erased person",
    # files, by the fact that spoke against looking at them
    "source_registered": "its source is not registered",
    "scan_ground": "its source states no ground for looking for faces",
    "line_allowed": "nobody listed in it is allowed",
    "purpose_known": "the purpose is unknown",
    "purpose_collected": "its source was not collected for the purpose",
    "within_retention": "its retention has run out",
    "undecided": "not decided yet",
    "unregistered_source": "it lies in no registered source",
    # files that can't be read, by habeas.model.media.MediaReason
    "symlink": "a link, not a file",
    "not_a_file": "not a file",
    "unreadable": "the system does not let us read it",
    "missing": "it is gone",
    "bad_location": "its name leads out of its source, or nowhere",
    "changed_while_read": "it changed while it was read",
    "content_changed": "its content is not what was catalogued",
    "empty_file": "an empty file",
    "truncated": "the file ends too early",
    "wrong_extension": "its content is not what its name says",
    "unsupported_format": "a format we don't read",
    "unsupported_color": "colours we don't read",
    "unsupported_codec": "a film format we don't read",
    "broken_image": "a damaged picture",
    "unreadable_container": "a damaged film",
    "playlist": "a list that points at other files",
    "over_limit": "larger than the limits allow",
    "too_small": "too small for a face",
}

CONSENT: Final = {
    "ConsentGiven": "said yes",
    "ConsentRefused": "said no",
    "ConsentWithdrawn": "withdrew their consent",
}

EFFECTS: Final = {"allow": "allowed", "deny": "denied", "gap": "refused because a fact is missing"}


def fact(name: str) -> str:
    """A fact's name in words; the name itself where no words are known."""
    known = fact_named(name)
    return known.sentence if known else name.replace("_", " ")


def reason(word: str) -> str:
    """A refusal's or quarantine's reason in words."""
    return REASONS.get(word, word.replace("_", " "))
