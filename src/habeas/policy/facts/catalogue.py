"""The facts a decision may rest on: booleans, enum words and whole days; no id, no instant.

This list is the one place that names them. Words follow W3C DPV 2 where it has one. Facts that name a
`register` are answered by a list that is complete by definition (our ledger, a signed register): there the
answer "no" is knowledge, and the fact is supplied as False. Every other fact is absent until it is supplied.
"""

from __future__ import annotations

from dataclasses import dataclass

from habeas.model.decision import Action
from habeas.model.words import AGE, GROUND, MEDIUM, Words

CONSENT = Words("Consent", ("given", "refused", "withdrawn", "expired", "future"))
"""Where a person's consent stands. Never asked = the fact is absent."""


ROLE = Words("RecipientRole", ("controller", "processor", "third_party"))
"""Role of the recipient of templates, as seen from the controller."""

TRANSFER = Words(
    "TransferGround",
    (
        "SeparateConsent",
        "ExplicitConsent",
        "Statute",
        "Contract",
        "Certification",
        "Adequacy",
        "Safeguards",
        "none",
    ),
)
"""What data may leave a country on."""

DISCLOSURE = Words(
    "Disclosure", ("none", "Consent", "FinancialTransaction", "Statute", "Warrant", "IdentifyMissingPerson")
)
"""What templates are disclosed on; `none` = they aren't disclosed."""

PURPOSE_END = Words("PurposeEnd", ("running", "ended", "ended_1_year"))
LAST_CONTACT = Words("LastContact", ("within_1_year", "within_3_years", "longer"))
AUTHORISATION = Words("Authorisation", ("none", "granted", "requested", "late", "rejected"))
"""Where the authorisation of a search stands; `requested` = asked for in time, no answer yet."""

REQUEST = Words("Request", ("none", "open", "over_10_days", "over_1_month", "extended", "extension_over"))
"""Where a person's request for access, correction or erasure stands."""

FINDING = Words("Finding", ("none", "PIPC-2022"))
"""A regulator's published finding about this very processing. It informs; it never allows anything by itself."""

BOOL, DAYS, WAIVERS = "Bool", "Long", "Waivers"
"""WAIVERS: sorted, comma-separated ids of house rules waived for this thing; never shown to Cedar."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: which actions it is about, its type (BOOL, DAYS, WAIVERS or a list of words), what it says.

    `register`: the list that answers it completely, so that it is never absent where its subject is known.
    """

    name: str
    actions: tuple[Action, ...]
    type: str | Words
    sentence: str
    register: str = ""


_S, _E, _M, _K, _C = (Action.SCAN,), (Action.EMBED,), (Action.MATCH,), (Action.KEEP,), (Action.CERTIFY,)
_GATES = _S + _E

SCHEMA: tuple[Fact, ...] = (
    # Which laws reach this: subject, capture, controller, processing, recipient and transfer, united.
    Fact("law_kr", _GATES + _M + _K, BOOL, "the law of Korea applies"),
    Fact("law_eu", _GATES + _M + _K, BOOL, "the law of the European Union applies"),
    Fact("law_us_il", _GATES + _M + _K, BOOL, "the law of Illinois applies"),
    Fact("law_us_tx", _GATES + _M + _K, BOOL, "the law of Texas applies"),
    Fact("law_us_wa", _GATES + _M + _K, BOOL, "the law of Washington applies"),
    # The source and the asset.
    Fact("source_registered", _S, BOOL, "the footage lies in a registered source", "sources"),
    Fact("medium", _GATES + _M, MEDIUM, "how the footage came about"),
    Fact("scan_ground", _S, GROUND, "the ground for looking for faces in the source"),
    Fact("roster_ground", _E, GROUND, "the ground for holding the source's roster"),
    Fact("processing_ground", _E, GROUND, "the legal basis the controller states for the source"),
    Fact("controller_public", _GATES + _M, BOOL, "the controller is a public body"),
    Fact("purpose_collected", _GATES, BOOL, "the source was collected for this purpose"),
    Fact("within_retention", _GATES + _M + _K, BOOL, "the source's retention has not run out for this asset"),
    Fact("self_published", _E, BOOL, "the person put the footage online themselves"),
    Fact("line_allowed", _S, BOOL, "at least one person listed in the asset may be embedded"),
    Fact("left_out", _GATES + _M, BOOL, "a leave-out list names the person or the footage", "leave-outs"),
    # The purpose and what is done for it (the record of processing activities).
    Fact("purpose_known", _GATES, BOOL, "the purpose stands in the list of purposes", "purposes"),
    Fact("commercial", _E, BOOL, "the purpose is commercial", "purposes"),
    Fact("model_training", _E, BOOL, "the purpose is to train or test a model", "purposes"),
    Fact("gallery_building", _GATES, BOOL, "the purpose is to build or grow a database of faces", "purposes"),
    Fact("targeted", _GATES, BOOL, "only people on a list made beforehand are looked for"),
    Fact("activity_recorded", _E, BOOL, "the processing stands in the record of activities", "activities"),
    Fact("recipient_role", _E, ROLE, "what the recipient is to the controller"),
    Fact("recipient_private", _E, BOOL, "the recipient, or somebody who works for it, is a private body"),
    Fact("outsourced", _E, BOOL, "a processor does the work"),
    Fact("processor_contract", _E, BOOL, "a written contract binds every processor"),
    Fact("processor_disclosed", _E, BOOL, "every processor has been made public"),
    Fact("processor_audited", _E, BOOL, "every processor was audited within a year"),
    Fact("onward_approved", _E, BOOL, "no processor passes work on without approval"),
    Fact("leaves_korea", _E, BOOL, "the data leaves Korea, or is looked at from outside"),
    Fact("leaves_eea", _E, BOOL, "the data leaves the European Economic Area, or is looked at from outside"),
    Fact("transfer_ground", _E, TRANSFER, "what the data may leave the country on"),
    Fact("notice_collection", _E, BOOL, "the notice names purpose, items, retention and the right to refuse"),
    Fact(
        "notice_provision", _E, BOOL, "the notice names the recipient, its purpose, items and its retention"
    ),
    Fact("dpia_approved", _E, BOOL, "the data protection impact assessment is approved"),
    Fact("policy_published", _E, BOOL, "a written retention policy is public"),
    Fact("encrypted", _E, BOOL, "templates are encrypted when stored and sent"),
    Fact("access_logged", _E, BOOL, "every access is logged"),
    Fact("sold", _E, BOOL, "templates are sold, leased or traded"),
    Fact("disclosure", _E, DISCLOSURE, "what templates are disclosed on"),
    Fact("undertaking", _E, BOOL, "the recipient undertook to keep to the limits"),
    Fact("opt_out", _E, BOOL, "people can opt out of commercial use"),
    Fact("pseudonymous_claim", _E, BOOL, "the exception for pseudonymised data is claimed"),
    Fact("pipc_resolution", _E, BOOL, "the Korean commission resolved that the work may be done"),
    Fact("infers_traits", _E + _M, BOOL, "sensitive traits are inferred from faces"),
    Fact("statute_named", _E + _K, BOOL, "a signed register names a statute for exactly this", "statutes"),
    Fact("statute_kr", _E + _K, BOOL, "such a statute is law of Korea", "statutes"),
    Fact("statute_eu", _E + _K, BOOL, "such a statute is law of the Union or of a member state", "statutes"),
    Fact("statute_us_il", _E, BOOL, "such a statute is law of Illinois, or federal law"),
    Fact("statute_us_tx", _E, BOOL, "such a statute is law of Texas, or federal law"),
    Fact("statute_us_wa", _E, BOOL, "such a statute is law of Washington, or federal law"),
    Fact("regulator_finding", _E, FINDING, "a regulator's finding about this very processing"),
    Fact("model_tainted", _E + _M, BOOL, "the model was made from data it was not allowed", "tainted models"),
    # The person and what they said.
    Fact("subject_known", _E, BOOL, "the roster line names a person, not a placeholder"),
    Fact("line_attested", _E, BOOL, "a role or desk vouches for the roster line"),
    Fact("age", _E, AGE, "the person's age band"),
    Fact("guardian_consented", _E, BOOL, "a guardian consented for the person"),
    Fact("consent", _E + _K, CONSENT, "where the person's consent to this purpose stands"),
    Fact("consent_explicit", _E, BOOL, "the consent was expressed explicitly"),
    Fact("consent_separate", _E, BOOL, "the consent was asked for apart from everything else"),
    Fact("consent_written", _E, BOOL, "the consent is a written release"),
    Fact("consent_before_capture", _E, BOOL, "the consent was given before the footage was taken"),
    Fact("consent_in_scope", _E, BOOL, "the consent covers this footage"),
    Fact(
        "separate_consent", _E, BOOL, "separate, explicit consent to exactly this purpose stands", "consents"
    ),
    Fact("recipient_consented", _E, BOOL, "the consent names the recipient", "consents"),
    Fact("transfer_consented", _E, BOOL, "the consent names every country that receives", "consents"),
    Fact("notice_current", _E, BOOL, "the consent rests on the notice that is current"),
    Fact("objected", _E + _M + _K, BOOL, "the person objected", "leave-outs"),
    Fact(
        "restricted", _E + _M + _K, BOOL, "processing is restricted while something is disputed", "leave-outs"
    ),
    Fact("key_open", _E, BOOL, "a key for this person and purpose exists and is not closed"),
    Fact("last_contact", _E + _K, LAST_CONTACT, "how long ago the person last dealt with the controller"),
    Fact("purpose_end", _E + _K, PURPOSE_END, "whether the purpose is attained"),
    # Searching, keeping, and calling an erasure proven.
    Fact("authorisation", _M, AUTHORISATION, "where the authorisation of the search stands"),
    Fact("law_enforcement", _M, BOOL, "the search is for law enforcement"),
    Fact("real_time", _M, BOOL, "the search runs while the footage is taken"),
    Fact("public_space", _M, BOOL, "the footage shows a place open to the public"),
    Fact("search_logged", _M, BOOL, "start, end, reference database, input and verifiers are logged"),
    Fact("two_reviewers", _M, BOOL, "two people verify a result"),
    Fact("human_review", _M, BOOL, "a human decides, not the result alone"),
    Fact("legal_hold", _M + _K, BOOL, "a statute orders the record to be kept"),
    Fact("held_apart", _K, BOOL, "what is held is stored apart"),
    Fact("request", _K, REQUEST, "where the person's request stands"),
    Fact("key_copies", _C, BOOL, "a copy of the key may still exist"),
    Fact("plaintext_stored", _C, BOOL, "the plaintext once lay on a disk"),
    # House rules waived for this thing, by id.
    Fact("waived", _GATES + _M, WAIVERS, "house rules waived for this", "waivers"),
)
