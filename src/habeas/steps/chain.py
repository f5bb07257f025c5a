"""The links of an explanation: each is a step back from a result to what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from habeas.steps.reading import Reader, Row, one, rows
from habeas.steps.words import CONSENT, EFFECTS, fact


@dataclass(frozen=True, slots=True)
class Link:
    """One step of the way: its name, a sentence for a person, and the same as fields for a program."""

    step: str
    says: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules as they stand now: digest of the packs, and "pack/rule_id" -> sentence, and -> fact it is about."""

    digest: str = ""
    sentences: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


KeyStatus = Callable[[str], str | None]
"""key id -> "open", "closed", "destroyed"..., or None where this caller may not know."""


def day(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if moment else "no end"


def plain(row: Row, *names: str) -> dict[str, Any]:
    """Chosen columns with times as ISO text; columns that are empty are left out."""
    kept = {name: row[name] for name in names if row.get(name) is not None}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in kept.items()}


@dataclass(frozen=True, slots=True)
class Links:
    """Builds links from tables. Whatever a table no longer holds is said to be missing, not guessed."""

    reader: Reader
    rules: Rulebook
    key_status: KeyStatus | None

    def file(self, asset_id: str) -> Link:
        asset = one(self.reader, "assets", "asset_id", asset_id)
        if asset is None:
            return Link("file", "The file is no longer in the catalogue.", {"asset_id": asset_id})
        gone = "" if asset["present"] else " It is no longer there."
        says = f"{asset['media'].capitalize()} {asset['location']} of source {asset['source_id']}.{gone}"
        names = ("asset_id", "source_id", "location", "media", "format", "bytes", "captured_at", "present")
        return Link("file", says, plain(asset, *names))

    def source(self, source_id: str) -> Link:
        source = one(self.reader, "sources", "source_id", source_id)
        if source is None:
            return Link("source", f"Source {source_id} is not registered.", {"source_id": source_id})
        purposes = ", ".join(source["purposes"]) or "nothing"
        says = f"Collected by {source['controller']} for {purposes}; ground for scanning: {source['scan_ground']}."
        names = (
            "source_id",
            "controller",
            "purposes",
            "legal_basis",
            "scan_ground",
            "roster_ground",
            "retention_days",
        )
        return Link("source", says, plain(source, *names))

    def roster_line(self, line_id: str) -> tuple[Link, Row | None]:
        line = one(self.reader, "rosters", "line_id", line_id)
        if line is None:
            return Link("roster line", "The roster line is no longer held.", {"line_id": line_id}), None
        who = f"Person {line['subject_id'][:8]}" if line["subject_id"] else "An anonymous placeholder"
        says = f"{who}{_place(line)}, attested by {line['attested_by']} on {day(line['attested_at'])}."
        names = ("line_id", "subject_id", "from_ms", "to_ms", "x0", "y0", "x1", "y1", "position", "closed")
        return Link("roster line", says, plain(line, *names, "attested_by", "attested_at")), line

    def consent(self, subject_id: str | None, purpose: str, as_of: datetime) -> Link:
        if subject_id is None:
            return Link("consent", "Nobody is named, so nobody could consent.", {"statements": []})
        where = (("subject_id", "=", subject_id), ("purpose", "=", purpose))
        found = rows(self.reader, "consents", *where)
        found.sort(key=lambda row: (row["recorded_at"], row["given_at"]))
        told = [_statement(row, as_of) for row in found]
        known = [text for text, row in zip(told, found, strict=True) if row["recorded_at"] <= as_of]
        later = [text for text, row in zip(told, found, strict=True) if row["recorded_at"] > as_of]
        says = (
            " ".join(known)
            or f"When this was decided, nothing was recorded about {purpose}: never asked, so no."
        )
        if later:
            says += " Recorded since: " + " ".join(later)
        names = (
            "consent_id",
            "status",
            "given_at",
            "expires_at",
            "recorded_at",
            "sources",
            "explicit",
            "notice_version",
            "method",
            "evidence_digest",
        )
        return Link(
            "consent", says, {"purpose": purpose, "statements": [plain(row, *names) for row in found]}
        )

    def decision(self, row: Row) -> Link:
        rules = [{"rule": name, "sentence": self.rules.sentences.get(name, "")} for name in row["rules"]]
        sentences = [entry["sentence"] or entry["rule"] for entry in rules]
        missing = [fact(name) for name in row["missing"]]
        says = (
            f"{row['action'].capitalize()} for {row['purpose']}: {EFFECTS.get(row['effect'], row['effect'])}."
        )
        if row["effect"] != "allow" and sentences:
            says += " " + " ".join(sentence.rstrip(".") + "." for sentence in sentences)
        if missing:
            says += " Nobody supplied: " + "; ".join(f"“{name}”" for name in missing) + "."
        facts = one(self.reader, "fact_sets", "facts_digest", row["facts_digest"])
        names = (
            "decision_id",
            "action",
            "purpose",
            "effect",
            "missing",
            "facts_digest",
            "as_of",
            "valid_until",
            "retention_days",
        )
        return Link(
            "decision", says, {**plain(row, *names), "rules": rules, "facts": facts and facts["facts"]}
        )

    def policy(self, row: Row) -> Link:
        digest = row["policy_digest"]
        says = f"Rules with digest {digest[:12]}"
        if self.rules.digest:
            same = digest == self.rules.digest
            says += (
                ", the ones in force now"
                if same
                else f"; since then they changed to {self.rules.digest[:12]}"
            )
        return Link("policy", says + ".", {"policy_digest": digest, "current_digest": self.rules.digest})

    def run(self, run_id: str) -> Link:
        tasks = sorted(rows(self.reader, "runs", ("run_id", "=", run_id)), key=lambda row: row["started_at"])
        if not tasks:
            return Link("run", f"Run {run_id}.", {"run_id": run_id})
        names = ("task", "status", "started_at", "finished_at", "version", "model_id", "policy_digest")
        says = f"Run {run_id}, {day(tasks[0]['started_at'])}, habeas {tasks[0]['version']}."
        return Link("run", says, {"run_id": run_id, "tasks": [plain(row, *names) for row in tasks]})

    def key(self, key_id: str) -> Link:
        key = one(
            self.reader, "keys", "key_id", key_id, ["key_id", "purpose", "generation", "suite", "created_at"]
        )
        state = self.key_status(key_id) if self.key_status else None
        fields = {"key_id": key_id, "status": state or "unknown here", **(plain(key, *key) if key else {})}
        where = f"Sealed to key {key_id[:8]}" + (f", generation {key['generation']}" if key else "")
        return Link(
            "key",
            f"{where}; " + (f"the key is {state}." if state else "its state is in the key store."),
            fields,
        )


def _place(line: Row) -> str:
    parts = []
    if line["x0"] is not None:
        parts.append(
            f"at {line['x0']:.2f}–{line['x1']:.2f} × {line['y0']:.2f}–{line['y1']:.2f} of the picture"
        )
    if line["position"] is not None:
        parts.append(f"number {line['position']} from the left")
    if line["from_ms"] is not None or line["to_ms"] is not None:
        end = "the end" if line["to_ms"] is None else f"{line['to_ms'] / 1000:.1f} s"
        parts.append(f"from {(line['from_ms'] or 0) / 1000:.1f} s to {end}")
    return " " + ", ".join(parts) if parts else ""


def _statement(row: Row, as_of: datetime) -> str:
    text = f"On {day(row['given_at'])} {CONSENT.get(row['status'], row['status'])}"
    if row["status"] == "ConsentGiven":
        expired = row["expires_at"] is not None and row["expires_at"] <= as_of
        text += f", until {day(row['expires_at'])}" + (" (over when this was decided)" if expired else "")
        text += " (not yet true when this was decided)" if row["given_at"] > as_of else ""
    return f"{text}; recorded {day(row['recorded_at'])}."
