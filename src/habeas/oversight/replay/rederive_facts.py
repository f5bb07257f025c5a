"""The facts of recorded decisions, derived anew from the tables as they were known then, and compared.

The derivation is that of a run (`derive_rows`). Rows recorded later than the run are left out; a person who was
erased since, or a row that holds something newer than the decision, is reported instead of a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from habeas.model.decision import Action, Facts
from habeas.model.installation.clocks import dated_ahead
from habeas.oversight.replay.as_known_at import Held, Holdings, KeyEnds, RunTimes, key_then, lines_then
from habeas.oversight.replay.replay import Again, FactsAgain, Rules
from habeas.oversight.runs.last_run import code_digest
from habeas.policy.derivation.derive_rows import DecisionRequest, Deriver, FactSet, ReferenceTables
from habeas.policy.facts.schema import facts_of, parse
from habeas.policy.policy_set import PolicySet
from habeas.records.table_rows import leave_out_of, source_of
from habeas.warehouse.current.current_lines import replaced
from habeas.warehouse.reader import Reader, Row

_UNKNOWN_KEY = "the key: closed or made while the run went on, or the key store may not be read here"
_OTHER_CODE = "facts that only one version of habeas knows: they were derived by another than this"
_AHEAD = "the decision was made as of a time that had not come when it was written"
_MOVED = "the file has lain in several folders, and what the person said is about one of them"
_UNKNOWN_MODEL = "the model: the run's record doesn't say which it was"

Times = Callable[[str, datetime], RunTimes]
"""(run id, as_of of its decisions) -> what the run could know."""

_KINDS = ("statement", "leave_out", "key", "subject", "line")


class RederiveFacts:
    """The second check, a batch at a time; see `replay`."""

    def __init__(self, reader: Reader, times: Times, key_ends: KeyEnds | None) -> None:
        self._holdings, self._times = Holdings(reader, key_ends), times
        self._around: dict[datetime, ReferenceTables] = {}

    def __call__(
        self, decisions: Sequence[Row], stored: Mapping[str, Facts], rules: Rules
    ) -> list[FactsAgain]:
        """Derive the facts of these decisions again. `stored`: facts by digest; `rules`: policy digest -> its rules."""
        held = self._holdings.about(decisions)
        return [
            self._one(row, stored[row["facts_digest"]], held, rules(row["policy_digest"]))
            for row in decisions
        ]

    def _one(self, row: Row, stored: Facts, held: Held, policies: PolicySet) -> FactsAgain:
        times = self._times(row["run_id"], row["as_of"])
        if dated_ahead(row["as_of"], row.get("recorded_at") or times.read_by):
            return FactsAgain(Again.DIFFERS, ("as_of",), _AHEAD)
        if gone := erased(row, stored, held):
            return FactsAgain(Again.ERASED, (), gone)
        if newer := self._changed(row, held, times):
            return FactsAgain(Again.CHANGED, (), newer)
        unseen = {} if times.model is not None else {"model_tainted": _UNKNOWN_MODEL}
        deriver = self._deriver(row, policies, times)
        if row["action"] == Action.SCAN:
            listed = [
                each for each in held.lists.get(row["asset_id"], ()) if each["recorded_at"] <= times.known_at
            ]
            gone_then = replaced(listed)
            summary = lines_then(
                row, held, lambda each: each["line_id"] not in gone_then and self._was_there(each, times)
            )
            (derived,) = deriver.scans(held.assets[row["asset_id"]] | {"lines": [summary] if summary else []})
        else:
            derived, key_known = self._embed(row, held, times, deriver)
            unseen |= {} if key_known else {"key_open": _UNKNOWN_KEY}
        if times.code not in (None, code_digest()):
            unseen |= dict.fromkeys(_strange(row, stored, parse(derived.facts), policies), _OTHER_CODE)
        result = compared(row, stored, derived, unseen)
        if result.says is Again.DIFFERS and row["action"] == Action.EMBED:
            wide, _ = self._embed(row, held, times, self._deriver(row, policies, times), ever=True)
            if set(result.names) <= _by_place(wide, derived):
                return FactsAgain(Again.CHANGED, (), _MOVED)
        return result

    def _embed(
        self, row: Row, held: Held, times: RunTimes, deriver: Deriver, *, ever: bool = False
    ) -> tuple[FactSet, bool]:
        """The facts of one line, and whether its key's state then can be known.

        `ever`: as if the file lay in every folder that it ever lay in.
        """
        line = held.lines[row["line_id"]]
        person = line["subject_id"] or row["line_id"]
        key, key_known = key_then(held, person, row["purpose"], times)
        records = [("statement", each) for each in _by_then(held.consents.get(person, ()), times.known_at)]
        records += [("leave_out", each) for each in self._personal(person, times.known_at)]
        records += [("key", key)] if key is not None else []
        records += [("subject", held.subjects[person])] if person in held.subjects else []
        for kind, record in records:
            deriver.hear(dict.fromkeys(_KINDS) | {"person": person, kind: record})
        about = held.assets[row["asset_id"]] | line | ({"folders_now": None} if ever else {})
        (derived,) = deriver.lines(dict.fromkeys(_KINDS) | {"person": person, "line": about})
        return derived, key_known

    def _deriver(self, row: Row, policies: PolicySet, times: RunTimes) -> Deriver:
        question = DecisionRequest(
            wanted=(row["purpose"],),
            lists=policies.lists,
            policy=policies.digest,
            model=times.model or frozenset(),
            as_of=row["as_of"],
            known_at=times.known_at,
            run_id=row["run_id"],
        )
        return Deriver(question, self._surroundings(times.known_at))

    def _surroundings(self, known_at: datetime) -> ReferenceTables:
        if known_at not in self._around:
            occasions: dict[str, list[tuple[str, str]]] = {}
            for row in _by_then(self._holdings.occasions, known_at):
                occasions.setdefault(row["folder_id"], []).append((row["kind"], row["name"]))
            footage = (row for row in self._holdings.leave_outs if row["subject_id"] is None)
            self._around[known_at] = ReferenceTables(
                sources={name: source_of(row) for name, row in self._holdings.sources.items()},
                occasions={folder: tuple(sorted(named)) for folder, named in occasions.items()},
                footage=tuple(leave_out_of(row) for row in _by_then(footage, known_at)),
            )
        return self._around[known_at]

    def _personal(self, person: str, known_at: datetime) -> list[Row]:
        """The person's own leave-outs, and what lifts them."""
        listed = _by_then(self._holdings.leave_outs, known_at)
        own = {row["leave_out_id"] for row in listed if row["subject_id"] == person}
        return [row for row in listed if row["subject_id"] == person or row["lifts"] in own]

    def _changed(self, row: Row, held: Held, times: RunTimes) -> str:
        """Which row holds something newer than the decision; empty = none."""
        asset = held.assets.get(row["asset_id"])
        if asset is None:
            return "the file is no longer in the catalogue"
        lists = held.lists.get(row["asset_id"], ()) if row["action"] == Action.SCAN else ()
        if any(times.known_at < each["recorded_at"] <= times.read_by for each in lists):
            return "a list of the file came while the run went on"
        if times.code != code_digest() and replaced(lists):
            return "newer lists replaced older ones of the file, which another version may have added up"
        line = held.lines.get(row["line_id"] or "", {})
        source = self._holdings.sources.get(asset["source_id"], {})
        subject = held.subjects.get(line.get("subject_id") or "", {})
        newer = {
            "the source was registered later": source.get("registered_at"),
            "the roster line was recorded later": line.get("recorded_at"),
            "something was learnt about the person later": subject.get("recorded_at"),
        }
        return next((says for says, at in newer.items() if at is not None and at > times.read_by), "")

    def _was_there(self, embed: Row, times: RunTimes) -> bool:
        """Whether an embed decision had been written by the time a run was through with reading."""
        return self._times(embed["run_id"], embed["as_of"]).read_by <= times.read_by


def erased(row: Row, stored: Facts, held: Held) -> str:
    """What of the person is gone that the decision rested on; empty = nothing, or it was about no person."""
    if row["action"] != Action.EMBED or not stored.get("subject_known"):
        return ""
    line = held.lines.get(row["line_id"])
    if line is None or line["subject_id"] is None:
        return "the roster line names nobody any more"
    if line["subject_id"] not in held.subjects:
        return "the person is no longer known"
    if "consent" in stored and not held.consents.get(line["subject_id"]):
        return "nothing the person said is kept any more"
    return ""


def compared(row: Row, stored: Facts, derived: FactSet, unseen: Mapping[str, str]) -> FactsAgain:
    """Stored and derived facts, until when they hold, and the key they speak of.

    `unseen`: facts that can't be compared, and why.
    """
    again = parse(derived.facts)
    names = {*stored, *again} - unseen.keys()
    differing = sorted(name for name in names if stored.get(name) != again.get(name))
    beside = {"key_id": derived.key_id, "valid_until": derived.valid_until}
    differing += [name for name, value in beside.items() if row.get(name) != value]
    says = Again.DIFFERS if differing else Again.SAME
    return FactsAgain(says, tuple(differing), "; ".join(dict.fromkeys(unseen.values())))


def _by_place(wide: FactSet, narrow: FactSet) -> set[str]:
    """What depends on where the file lies: a difference in anything else is not explained by a move."""
    one, other = parse(wide.facts), parse(narrow.facts)
    names = {name for name in {*one, *other} if one.get(name) != other.get(name)}
    return names | ({"valid_until"} if wide.valid_until != narrow.valid_until else set())


def _strange(row: Row, stored: Facts, again: Facts, policies: PolicySet) -> set[str]:
    """Facts that only one of two versions can have known: none that this one has a name for went away, and none that a
    rule of then asked for is new. Without that, a statement taken out of the ledger would pass for another version's.
    """
    action = Action(row["action"])
    named = {fact.name for fact in facts_of(action)}
    asked = {name for pack in policies.packs for name in pack.reads[action]}
    return (stored.keys() - again.keys() - named) | (again.keys() - stored.keys() - asked)


def _by_then(listed: Iterable[Row], known_at: datetime) -> list[Row]:
    return [row for row in listed if row["recorded_at"] <= known_at]
