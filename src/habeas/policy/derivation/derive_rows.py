"""Facts row by row: what tables hold goes in, a fact set for each purpose comes out. Pure; nothing is read here.

Rows are many and combinations few, so whatever comes back is remembered: terms by source and purpose, a person while
their lines pass, a fact set's text and digest. One of these a worker; it ends with the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from habeas.media.claimed_times import CLIP_CLOCK
from habeas.model.decision import Action, FactValue
from habeas.model.errors import IntegrityError
from habeas.model.ids import DecisionNames
from habeas.model.jurisdictions import LAWS
from habeas.model.people import ConsentStatement, LeaveOut, Place, Source, Subject
from habeas.policy.derivation.derive import RowFacts, embed_moving, scan_moving
from habeas.policy.derivation.leave_out_index import LeaveOutIndex
from habeas.policy.derivation.person import PersonRecord
from habeas.policy.derivation.source_terms import SourceTerms, terms_of
from habeas.policy.facts.schema import canonical, text_digest
from habeas.policy.policy_set import Lists
from habeas.records.table_rows import leave_out_of, statement_of

Row = Mapping[str, Any]

_KEPT = 100_000


@dataclass(frozen=True)
class DecisionRequest:
    """What is the same for every decision of a run. Travels to the workers: plain values only."""

    wanted: tuple[str, ...]  # purposes to decide for
    lists: Lists
    policy: str  # digest of the policy set
    model: frozenset[str]  # digests of the model pack and of its files
    as_of: datetime
    known_at: datetime
    run_id: str
    pack: str = ""  # digest of the model pack: what is decided for one model allows no other


@dataclass(frozen=True)
class ReferenceTables:
    """The small tables, whole: sources, what folders are about, and leave-outs that are about footage."""

    sources: Mapping[str, Source]
    occasions: Mapping[str, tuple[tuple[str, str], ...]]  # folder id -> (site | event | lot, name)
    footage: tuple[LeaveOut, ...]  # and the records that lift them


class FactSet(NamedTuple):
    """One decision to be made: the thing, its facts as canonical JSON, and until when they hold."""

    decision_id: str
    action: str
    asset_id: str
    line_id: str | None
    purpose: str
    facts: str
    facts_digest: str
    valid_until: datetime | None
    key_id: str | None = None  # the key that the facts speak of; what is allowed is sealed to it and no other


class Deriver:
    """Collects a person's records, then derives facts for their roster lines; or derives the facts of assets."""

    def __init__(self, question: DecisionRequest, around: ReferenceTables) -> None:
        self._question, self._around = question, around
        self._footage = LeaveOutIndex(around.footage)
        self._terms: dict[tuple[str, str], SourceTerms] = {}
        self._sets: dict[object, tuple[str, str]] = {}
        self._names = {
            action: DecisionNames(action.value, question.policy, question.as_of, question.pack)
            for action in Action
        }
        self._person: str | None = None
        self._records = _PersonRows()
        self._voice: PersonRecord | None = None

    def hear(self, row: Row) -> None:
        """One record about a person: a statement, a leave-out, a key or who they are. All come before their lines."""
        self._turn_to(row["person"])
        if self._voice is not None:
            raise IntegrityError("something about a person came after their lines", hint="Run decide again.")
        self._records.take(row)

    def lines(self, row: Row) -> Iterator[FactSet]:
        """The facts of one roster line."""
        subject, key = row["line"]["subject_id"], row["person"]
        self._turn_to(key)
        if subject is not None and self._voice is None:
            self._voice = self._records.voice(subject)
        line, voice = row["line"], None if subject is None else self._voice
        place, catalogued_at = self._place(line), line["catalogued_at"]
        footage = self._footage.about(place)
        for purpose in self._question.wanted:
            terms = self._terms_of(line["source_id"], purpose)
            moving = embed_moving(
                terms, voice, line["attested_by"], line["attested_at"], place, catalogued_at,
                self._records.keys.get(purpose), footage,
            )  # fmt: skip
            fact_set = self._set(Action.EMBED, line, terms.embed, moving, purpose)
            yield fact_set._replace(key_id=self._records.key_ids.get(purpose))

    def scans(self, row: Row) -> Iterator[FactSet]:
        """The facts of one asset; `lines` tells what was decided about the people listed in it."""
        listed = {each["purpose"]: each for each in row["lines"] or ()}
        place, catalogued_at = self._place(row), row["catalogued_at"]
        footage = self._footage.about(place)
        for purpose in self._question.wanted:
            terms, summary = self._terms_of(row["source_id"], purpose), listed.get(purpose)
            allowed, laws, until = (None, None, None) if summary is None else (
                summary["allowed"], [law for law in LAWS if summary[law]], summary["until"]
            )  # fmt: skip
            moving = scan_moving(terms, place, catalogued_at, allowed, laws, until, footage)
            yield self._set(Action.SCAN, row, terms.scan, moving, purpose)

    def _turn_to(self, person: str) -> None:
        if person != self._person:
            self._person, self._records, self._voice = person, _PersonRows(), None

    def _terms_of(self, source_id: str, purpose: str) -> SourceTerms:
        key = (source_id, purpose)
        if key not in self._terms:
            asked, source = self._question, self._around.sources.get(source_id)
            self._terms[key] = terms_of(
                source, purpose, asked.lists, asked.as_of, model=asked.model, known_at=asked.known_at
            )
        return self._terms[key]

    def _place(self, asset: Row) -> Place:
        return place_of(asset, self._around.occasions)

    def _set(
        self, action: Action, row: Row, same: Mapping[str, FactValue | None], moving: RowFacts, purpose: str
    ) -> FactSet:
        key = (action, row["source_id"], purpose, *moving.facts.items())
        if key not in self._sets:
            text = canonical(moving.on(same).facts)
            self._sets = {} if len(self._sets) > _KEPT else self._sets
            self._sets[key] = text, text_digest(action, text)
        text, digest = self._sets[key]
        asset, line = row["asset_id"], row.get("line_id")
        made = self._names[action].name(asset, line, purpose, digest)
        return FactSet(made, action.value, asset, line, purpose, text, digest, moving.valid_until)


def place_of(asset: Row, occasions: Mapping[str, Iterable[tuple[str, str]]]) -> Place:
    """Where an asset belongs: its folders, and the sites, events and lots of any of them; and where it ever belonged.

    A row of an older version doesn't tell one from the other.
    """
    ever, now = asset["folders"] or (), asset.get("folders_now")
    if now is None or set(now) >= set(ever):
        return _belonging(asset, ever, occasions)
    return replace(_belonging(asset, now, occasions), ever=_belonging(asset, ever, occasions))


def _belonging(
    asset: Row, folders: Sequence[str], occasions: Mapping[str, Iterable[tuple[str, str]]]
) -> Place:
    named: dict[str, list[str]] = {"site": [], "event": [], "lot": []}
    for folder in folders:
        for kind, name in occasions.get(folder, ()):
            named[kind].append(name)
    return Place(
        asset["source_id"], asset["asset_id"], tuple(folders), tuple(named["site"]), tuple(named["event"]),
        tuple(named["lot"]), asset["captured_at"], CLIP_CLOCK if asset.get("media") == "clip" else timedelta(0),
    )  # fmt: skip


class _PersonRows:
    """What was recorded about one person so far."""

    def __init__(self) -> None:
        self.statements: list[ConsentStatement] = []
        self.leave_outs: list[LeaveOut] = []
        self.keys: dict[str, bool] = {}
        self.key_ids: dict[str, str] = {}
        self.subject: Subject | None = None

    def take(self, row: Row) -> None:
        if row["statement"] is not None:
            self.statements.append(statement_of(row["statement"]))
        elif row["leave_out"] is not None:
            self.leave_outs.append(leave_out_of(row["leave_out"]))
        elif row["key"] is not None:
            key = row["key"]
            self.keys[key["purpose"]] = key["open"]
            if "key_id" in key:
                self.key_ids[key["purpose"]] = key["key_id"]
        else:
            who = row["subject"]
            jurisdictions = who["jurisdictions"]
            self.subject = Subject(
                who["subject_id"], None if jurisdictions is None else tuple(jurisdictions), who["age"],
                who["last_contact_on"], who.get("age_said_at") or who.get("recorded_at"),
            )  # fmt: skip

    def voice(self, subject_id: str) -> PersonRecord:
        return PersonRecord(subject_id, self.subject, self.statements, self.leave_outs)
