"""Facts, reasons and steps in plain words, for people who have to judge a result and didn't build it."""

from __future__ import annotations

from typing import Final

from habeas.policy.facts.schema import fact_named

REASONS: Final = {
    # faces, by habeas.faces.values.BindingReason
    "unbound": "a face that no roster line is about",
    "ambiguous": "nobody can say which listed person this is",
    "cut_by_border": "the border of the picture cuts the face",
    "too_near_another": "the face is too near another one",
    "not_allowed": "a listed person whose decision is no",
    "low_quality": "too small, too blurred, too dark or too far turned",
    "placeholder": "the line stands for an erased person",
    # files, by the fact for which they were refused
    "source_registered": "its source is not registered",
    "scan_ground": "its source states no ground for looking for faces",
    "line_allowed": "everybody listed in it is refused",
    "no_roster": "no roster says who is in it",
    "purpose_known": "the purpose is unknown",
    "purpose_collected": "its source was not collected for the purpose",
    "within_retention": "its retention has run out",
    "left_out": "it is on a leave-out list",
    "targeted": "anybody in it would be looked for, not only people on a list",
    "medium": "footage of its kind may not feed a database of faces",
    "gallery_building": "it would feed a database of faces",
    "controller_public": "whose footage it is",
    "undecided": "not decided yet",
    "unregistered_source": "it lies in no registered source",
    # allowed people without a template, by habeas.oversight.numbers.lines
    "file_gone": "the file is no longer there",
    "waiting": "allowed, and waiting for the next run",
    "template_shut": "there is a template, and it is shut",
    "no_face": "no face was found where the roster says",
    "one_of_several": "faces in the file were refused for several reasons; which is whose is not kept",
    # files that can't be read, by habeas.media.values.MediaReason
    "symlink": "a link, not a file",
    "not_a_file": "not a file",
    "unreadable": "the system does not let us read it",
    "missing": "it is gone",
    "bad_location": "its name leads out of its source, or nowhere",
    "changed_while_read": "it changed while it was read",
    "content_changed": "its content is not what was catalogued",
    "source_away": "its source's folder is not there or can't be opened",
    "source_linked": "its source's folder, or one above it, is a link",
    "source_shared": "its source's folder is, or holds, the folder of another source",
    "source_empty": "its source's folder holds nothing, where files were",
    "in_two_sources": "it lies in two sources",
    "empty_file": "an empty file",
    "truncated": "the file ends too early",
    "wrong_extension": "its content is not what its name says",
    "unsupported_format": "a format we don't read",
    "unsupported_color": "colours we don't read",
    "unsupported_codec": "packed in a way we don't read",
    "broken_image": "a damaged picture",
    "unreadable_container": "a damaged film",
    "playlist": "a list that points at other files",
    "over_limit": "larger than the limits allow",
    "too_small": "too small for a face",
    "decoder_crashed": "reading it crashes the program that reads media",
    # lines of lists that can't be used, by habeas.records.readers.fields.REASONS
    "not_utf8": "text that is not UTF-8",
    "missing_column": "a column is missing",
    "extra_column": "a column nobody knows",
    "duplicate_column": "a column stands twice",
    "broken_row": "not as many fields as columns, or an open quote",
    "broken_json": "not JSON as it is expected",
    "duplicate_key": "a key stands twice",
    "not_a_number": "no number",
    "nested_too_deep": "lists in lists",
    "wrong_type": "another kind of value is expected",
    "field_too_long": "too long",
    "missing_value": "a value is missing",
    "unclean_text": "hidden characters, or letters that look like others",
    "unknown_purpose": "a purpose that is not in the list",
    "unknown_status": "neither given, refused nor withdrawn",
    "unknown_word": "a word that is not in its list",
    "impossible_date": "no such date or time",
    "no_time_zone": "a time without a zone",
    "date_out_of_range": "a year that can't be meant",
    "expires_before_given": "it ends before it begins",
    "lies_ahead": "it lies too far ahead",
    "backdated": "an old consent, or one after a no, without evidence",
    "guardian_of_adult": "a guardian can't consent for somebody of age",
    "conflicting_statements": "a yes beside a no of the same time, which is kept",
    "conflicting_sources": "two registrations contradict each other",
    "bad_number": "no number as it is expected",
    "bad_boolean": "neither true nor false",
    "bad_list": "no list as it is expected",
    "bad_digest": "no SHA-256",
    "bad_slug": "no short name of small letters and digits",
    "bad_place": "no country or part of one",
    "bad_root": "no folder inside the archive",
    "bad_region": "no part of a picture",
    "bad_window": "it ends before it begins",
    "bad_scope": "nobody can tell which footage is meant",
    "bad_context": "the words could mean something else",
    "unknown_source": "a source nobody registered",
    "unknown_subject": "nobody here has that id",
    "folder_missing": "no such folder in its source",
    "asset_missing": "no such file in its source",
    "nothing_left_out": "it names nobody and nothing",
    "unknown_leave_out": "no record has the id it lifts",
    "roster_incomplete": "another line of the same file can't be used",
    "roster_asset_missing": "no such file in its source",
    # stored rows, by habeas.warehouse.current.outdated
    "roster_replaced": "a newer list of its file replaced the line it was made for",
    "file_replaced": "another picture or clip took the place of its file",
    "superseded": "the newest work on its file no longer makes it",
    "shortened_number": "a number that a spreadsheet shortened: several ids look like it",
    "names_nobody": "what stands for a missing or unknown id: several people may have it",
    "looks_like_known": "an id or name that looks like another one that is here",
    "unknown_name": "a name that nothing here has",
    "older_list": "a newer list of its file holds, and this line is of an older one",
    "not_the_newest_list": "a list of its file that is recorded already was attested later, and holds",
    "overlapping_lines": "two people are said to be in one place at one time, so nobody can be bound",
    "unknown_person": "nobody here has that id",
}

REMEDIES: Final = {
    "unbound": "Add a roster line about it, or leave it: no template is made of a face without one.",
    "ambiguous": "Give the line a region (x0, y0, x1, y1), in a clip a window (from_ms, to_ms), that holds this face "
    "alone; or list everybody with their position and `closed`. Doubtful boxes count by binding.candidate_weight and "
    "candidate_share in the settings and candidate_threshold in pack.toml: see habeas models check.",
    "cut_by_border": "Its five landmarks must lie inside (binding.border_px), and no more of its box outside than "
    "binding.max_outside, in a portrait cropped to the face binding.max_outside_alone. Use a crop with more room.",
    "too_near_another": "Its box may overlap another by binding.near_factor at most. Use another picture or moment.",
    "low_quality": "The settings binding.min_face_px, faces.min_sharpness, faces.min_exposure, faces.max_exposure and "
    "faces.min_frontality say what is good enough. Use a larger, sharper, brighter or more frontal picture.",
    "not_allowed": "The decision about the line names the rule and the fact: habeas explain LINE.",
    "placeholder": "Nothing: the person was erased.",
}
"""What would let a refused face pass: the rule, the setting, the list. Nothing here is about one face."""

CONSENT: Final = {
    "ConsentGiven": "said yes",
    "ConsentRefused": "said no",
    "ConsentWithdrawn": "withdrew their consent",
}

LEFT_OUT: Final = {
    "leave_out": "is never to be processed,",
    "objection": "is objected to,",
    "restriction": "may only be stored,",
}

ACTIONS: Final = {
    "scan": "Looking for faces in this file",
    "embed": "Making a template of this listed person",
    "match": "Searching for this person",
    "keep": "Keeping what is stored",
    "certify": "Calling the erasure proven",
}

_DUTIES: Final = {
    "retention_days": "keep nothing longer than {} days",
    "destroy_days": "destroy within {} days once it must go",
    "answer_days": "answer people within {} days",
    "breach_report_days": "report a breach within {} days",
    "audit_days": "inspect processors every {} days",
    "log_days": "keep logs of access for {} days",
    "inform_subjects": "tell the people in the footage",
    "inform_recipients": "tell recipients of every erasure and restriction",
    "human_review": "let a human decide, never the result alone",
    "keep_apart": "keep what is held apart from the rest",
    "extend_with_reasons": "give reasons where an answer takes longer",
}
"""Obligations of `habeas.policy.rules.obligations`, in words."""

EFFECTS: Final = {"allow": "allowed", "deny": "denied", "gap": "refused because a fact is missing"}


def fact(name: str) -> str:
    """A fact's name in words; the name itself where the catalogue has no sentence."""
    listed = fact_named(name)
    return listed.sentence if listed else name.replace("_", " ")


def obligation(text: str) -> str:
    """An obligation such as log_days>=730, in words."""
    name, _, number = text.replace(">=", "<=").partition("<=")
    return _DUTIES.get(name, text).format(number)


def remedy(word: str) -> str:
    """What would let a face pass that was refused for this reason; empty where it is no face's reason."""
    return REMEDIES.get(word, "")


def reason(word: str) -> str:
    """A refusal's or quarantine's reason in words."""
    return REASONS.get(word, word.replace("_", " "))
