"""The links of an explanation: each is a step back from a result to what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from habeas.model.people import LeaveOut, Place
from habeas.oversight.explain.consent import consent_step
from habeas.oversight.explain.decision import decision_steps
from habeas.oversight.explain.wording import LEFT_OUT, reason
from habeas.oversight.explanation_step import ExplanationStep, day, plain
from habeas.policy.derivation.derive_rows import place_of
from habeas.policy.rulebook import Rulebook
from habeas.records.leave_outs import speaks_about
from habeas.records.table_rows import leave_out_of
from habeas.warehouse.current.current_lines import replaced
from habeas.warehouse.reader import Reader, Row, one, rows

KeyStatus = Callable[[str], str | None]
"""key id -> "open", "closed", "destroyed"..., or None where this caller has no access to the key store."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Builds links from tables. A row that a table no longer holds is reported as missing."""

    reader: Reader
    rules: Rulebook
    key_status: KeyStatus | None

    def file(self, asset_id: str) -> ExplanationStep:
        """Step about a file: its location, and when it was catalogued."""
        asset = one(self.reader, "assets", "asset_id", asset_id)
        if asset is None:
            return ExplanationStep("file", self._uncatalogued(asset_id), {"asset_id": asset_id})
        gone = "" if asset["present"] else " It is no longer there."
        says = (
            f"{asset['media'].capitalize()} {asset['location']} of source {asset['source_id']}, "
            f"known since {day(asset['catalogued_at'])}.{gone}"
        )
        names = ("asset_id", "source_id", "location", "media", "format", "bytes", "captured_at", "present")
        return ExplanationStep("file", says, plain(asset, *names))

    def _uncatalogued(self, asset_id: str) -> str:
        """Why a file is not catalogued. The catalogue keeps every file that it ever held."""
        aside = rows(self.reader, "quarantine", ("asset_id", "=", asset_id), columns=["reason"])
        why = "; ".join(sorted({reason(row["reason"]) for row in aside}))
        return f"The file was never catalogued: {why}." if why else "The file is not in the catalogue."

    def aside(self, asset_id: str) -> list[ExplanationStep]:
        """Why the file, or something made of it, was set aside; nothing when it never was."""
        quarantined = rows(self.reader, "quarantine", ("asset_id", "=", asset_id))
        quarantined.sort(key=lambda row: (row["recorded_at"], row["quarantine_id"]))
        return [set_aside(row) for row in quarantined]

    def source(self, source_id: str) -> ExplanationStep:
        """Step about a source: controller, purposes, grounds."""
        source = one(self.reader, "sources", "source_id", source_id)
        if source is None:
            return ExplanationStep(
                "source", f"Source {source_id} is not registered.", {"source_id": source_id}
            )
        purposes = ", ".join(source["purposes"]) or "nothing"
        says = (
            f"Collected by {source['controller']} for {purposes}; ground for scanning: {source['scan_ground']}; "
            f"registered {day(source['registered_at'])}."
        )
        names = (
            "source_id",
            "controller",
            "purposes",
            "legal_basis",
            "scan_ground",
            "roster_ground",
            "retention_days",
            "registered_at",
            "medium",
            "purpose_ended_on",
        )
        return ExplanationStep("source", says, plain(source, *names))

    def roster_line(self, line_id: str) -> tuple[ExplanationStep, Row | None]:
        """Step about a roster line, and its row; None if the line is no longer held."""
        line = one(self.reader, "rosters", "line_id", line_id)
        if line is None:
            return ExplanationStep(
                "roster line", "The roster line is no longer held.", {"line_id": line_id}
            ), None
        who = f"Person {line['subject_id'][:8]}" if line["subject_id"] else "An anonymous placeholder"
        says = f"{who}{_place(line)}, attested by {line['attested_by']} on {day(line['attested_at'])}."
        if line_id in replaced(rows(self.reader, "rosters", ("asset_id", "=", line["asset_id"]))):
            says += " A newer list of the file replaced it."
        names = (
            "line_id", "subject_id", "from_ms", "to_ms", "x0", "y0", "x1", "y1", "position", "row", "closed",
        )  # fmt: skip
        return ExplanationStep("roster line", says, plain(line, *names, "attested_by", "attested_at")), line

    def consent(
        self, subject_id: str | None, asset_id: str, purpose: str, as_of: datetime
    ) -> ExplanationStep:
        """Step about a person's statements on this file and purpose, as of a time."""
        if subject_id is None:
            return ExplanationStep("consent", "Nobody is named, so nobody could consent.", {"statements": []})
        where = (("subject_id", "=", subject_id), ("purpose", "=", purpose))
        statements = rows(self.reader, "consents", *where)
        return consent_step(statements, purpose, as_of, self._place_of(asset_id) if statements else None)

    def decision(self, row: Row) -> list[ExplanationStep]:
        """What was decided, every rule that fired, waivers, duties, and a regulator's reading."""
        facts = one(self.reader, "fact_sets", "facts_digest", row["facts_digest"])
        asset = one(self.reader, "assets", "asset_id", row["asset_id"], ["source_id"])
        book = self.rules.at(row["policy_digest"])
        text = facts["facts"] if facts else None
        return decision_steps(book, row, text, asset["source_id"] if asset else None)

    def left_out(self, subject_id: str | None, asset_id: str, purpose: str) -> list[ExplanationStep]:
        """The leave-outs that cover the person or the file; empty when there is none."""
        listed = [leave_out_of(row) for row in rows(self.reader, "leave_outs")]
        place = self._place_of(asset_id) if listed else None
        if place is None:
            return []
        about = [e for e in listed if e.lifts is None and speaks_about(e, subject_id, purpose, place)]
        lifts = {each.lifts: each for each in listed if each.lifts}
        sentences = [_left_out(each, lifts.get(each.leave_out_id)) for each in about]
        names = [{"leave_out_id": each.leave_out_id, "kind": str(each.kind)} for each in about]
        return [ExplanationStep("left out", " ".join(sentences), {"leave_outs": names})] if sentences else []

    def _place_of(self, asset_id: str) -> Place | None:
        """Where a file belongs; None when it is not catalogued."""
        asset = one(self.reader, "assets", "asset_id", asset_id)
        if asset is None:
            return None
        occasions: dict[str, list[tuple[str, str]]] = {}
        for row in rows(self.reader, "occasions"):
            occasions.setdefault(row["folder_id"], []).append((row["kind"], row["name"]))
        return place_of(asset, occasions)

    def policy(self, row: Row) -> ExplanationStep:
        """Step about the rules that a decision was made by."""
        digest = row["policy_digest"]
        says = f"Rules with digest {digest[:12]}"
        if self.rules.digest:
            same = digest == self.rules.digest
            says += (
                ", the ones in force now"
                if same
                else f"; since then they changed to {self.rules.digest[:12]}"
            )
        return ExplanationStep(
            "policy", says + ".", {"policy_digest": digest, "current_digest": self.rules.digest}
        )

    def run(self, run_id: str) -> ExplanationStep:
        """Step about a run and its tasks."""
        tasks = sorted(rows(self.reader, "runs", ("run_id", "=", run_id)), key=lambda row: row["started_at"])
        if not tasks:
            return ExplanationStep("run", f"Run {run_id}.", {"run_id": run_id})
        names = ("task", "status", "started_at", "finished_at", "version", "model_id", "policy_digest")
        says = f"Run {run_id}, {day(tasks[0]['started_at'])}, habeas {tasks[0]['version']}."
        return ExplanationStep(
            "run", says, {"run_id": run_id, "tasks": [plain(row, *names) for row in tasks]}
        )

    def key(self, key_id: str) -> ExplanationStep:
        """Step about a key and, where the key store can be read, its state."""
        key = one(
            self.reader, "keys", "key_id", key_id, ["key_id", "purpose", "generation", "suite", "created_at"]
        )
        state = self.key_status(key_id) if self.key_status else None
        fields = {"key_id": key_id, "status": state or "unknown here", **(plain(key, *key) if key else {})}
        where = f"Sealed to key {key_id[:8]}" + (f", generation {key['generation']}" if key else "")
        return ExplanationStep(
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
        row = "" if line["row"] is None else f" in row {line['row']} from the front"
        parts.append(f"number {line['position']} from the left{row}")
    if line["from_ms"] is not None or line["to_ms"] is not None:
        end = "the end" if line["to_ms"] is None else f"{line['to_ms'] / 1000:.1f} s"
        parts.append(f"from {(line['from_ms'] or 0) / 1000:.1f} s to {end}")
    return " " + ", ".join(parts) if parts else ""


def set_aside(row: Row) -> ExplanationStep:
    """One item of quarantine: when, why, and what exactly."""
    says = f"Set aside {day(row['recorded_at'])}: {reason(row['reason'])}."
    says += f" In detail: {row['detail'].rstrip('.')}." if row["detail"] else ""
    names = ("quarantine_id", "item", "asset_id", "source_id", "input_digest", "line_number", "reason", "detail",
             "recorded_at")  # fmt: skip
    return ExplanationStep("quarantine", says, plain(row, *names))


def _left_out(record: LeaveOut, lift: LeaveOut | None) -> str:
    who = "This person" if record.subject_id else "This footage"
    text = f"{who} {LEFT_OUT[record.kind]} since {day(record.since)}"
    if record.until:
        text += f", until {day(record.until)}"
    text += f" ({record.reason}); recorded {day(record.recorded_at)}."
    return f"{text} Lifted on {day(lift.since)}, recorded {day(lift.recorded_at)}." if lift else text
