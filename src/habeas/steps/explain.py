"""Why does this template exist, or why doesn't it? From any id back to the file, the consent and the rule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from habeas.errors import UsageError
from habeas.steps.chain import KeyStatus, Links, set_aside
from habeas.steps.current_decision import current_decisions
from habeas.steps.links import Link, day, plain
from habeas.steps.reading import Reader, Row, one, rows, starting
from habeas.steps.rulebook import Rulebook
from habeas.steps.statuses import newest_statuses
from habeas.steps.words import ACTIONS, EFFECTS, reason, remedy

_PREFIX = re.compile(r"[0-9a-f]{4,64}")
_PLACES = (
    ("embedding", "embeddings", "row_id"),
    ("decision", "decisions", "decision_id"),
    ("roster line", "rosters", "line_id"),
    ("asset", "assets", "asset_id"),
    ("asset", "quarantine", "asset_id"),  # one that was never catalogued
    ("quarantine", "quarantine", "quarantine_id"),
)
_HINT = "Ids are listed by: habeas tables show embeddings, or habeas log decisions."
_SHOWN = 10
_NO_DECISION = "The decision this row rests on is missing: the row should not be here"


@dataclass(frozen=True, slots=True)
class Explanation:
    """An id, what it names, one sentence, and the links back. `as_dict` is what `--json` prints.

    `alarm`: what should never be; empty = nothing is wrong.
    """

    kind: str
    id: str
    headline: str
    links: tuple[Link, ...]
    alarm: str = ""

    def as_dict(self) -> dict[str, Any]:
        links = [{"step": link.step, "says": link.says, **link.fields} for link in self.links]
        told = {"kind": self.kind, "id": self.id, "headline": self.headline, "links": links}
        return told | {"alarm": self.alarm} if self.alarm else told


def explain(
    reader: Reader, id_prefix: str, *, rules: Rulebook | None = None, key_status: KeyStatus | None = None
) -> Explanation:
    """Explain the embedding, decision, roster line, asset or quarantined item whose id starts with `id_prefix`.

    Raises UsageError when nothing or more than one thing does; the message lists the candidates.
    """
    kind, whole = find(reader, id_prefix)
    links = Links(reader, rules or Rulebook(), key_status)
    return _BY_KIND[kind](links, whole)


def find(reader: Reader, id_prefix: str) -> tuple[str, str]:
    """What an id or the beginning of one names: (kind, whole id)."""
    prefix = id_prefix.strip().lower()
    if not _PREFIX.fullmatch(prefix):
        raise UsageError("an id is 4 to 64 characters of 0-9 and a-f", hint=_HINT)
    found = {
        (kind, row[column])
        for kind, table, column in _PLACES
        for row in starting(reader, table, column, prefix, [column])
    }
    exact = [entry for entry in found if entry[1] == prefix]
    if len(exact) == 1:
        return exact[0]
    if not found:
        raise UsageError("nothing has an id that is or starts with the one given", hint=_HINT)
    if len(found) > 1:
        listed = ", ".join(f"{kind} {whole}" for kind, whole in sorted(found)[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise UsageError(
            f"that is the beginning of {len(found)} ids: {listed}{more}", hint="Give more of the id."
        )
    return found.pop()


def _embedding(links: Links, row_id: str) -> Explanation:
    columns = [
        "row_id",
        "asset_id",
        "line_id",
        "subject_id",
        "source_id",
        "purpose",
        "key_id",
        "suite",
        "model_id",
        "decision_id",
        "frame_ms",
        "rank",
        "q_size_px",
        "q_sharpness",
        "q_exposure",
        "q_frontality",
        "run_id",
        "sealed_at",
    ]
    row = one(links.reader, "embeddings", "row_id", row_id, columns) or {}
    decision = one(links.reader, "decisions", "decision_id", row["decision_id"])
    line, _ = links.roster_line(row["line_id"])
    way = [
        links.file(row["asset_id"]),
        Link(
            "frame",
            f"The frame at {row['frame_ms'] / 1000:.2f} s, number {row['rank'] + 1} of its track.",
            plain(row, "frame_ms", "rank"),
        ),
        Link(
            "quality",
            f"Face {row['q_size_px']:.0f} px, sharpness {row['q_sharpness']:.1f}, "
            f"exposure {row['q_exposure']:.2f}, frontality {row['q_frontality']:.2f}.",
            plain(row, "q_size_px", "q_sharpness", "q_exposure", "q_frontality"),
        ),
        line,
    ]
    if decision:
        way += [
            links.consent(row["subject_id"], row["asset_id"], row["purpose"], decision["as_of"]),
            *links.left_out(row["subject_id"], row["asset_id"], row["purpose"]),
            *links.decision(decision),
            links.policy(decision),
        ]
    else:
        way.append(Link("decision", f"{_NO_DECISION}.", plain(row, "decision_id")))
    way += [
        links.run(row["run_id"]),
        Link("model", f"Made by model {row['model_id']}.", plain(row, "model_id")),
        links.key(row["key_id"]),
        _status(links, row_id),
    ]
    who, stored = row["subject_id"][:8], day(row["sealed_at"])
    headline = f"A sealed template of person {who} for {row['purpose']}, stored {stored}."
    return Explanation("embedding", row_id, headline, tuple(way), "" if decision else _NO_DECISION)


def _status(links: Links, row_id: str) -> Link:
    found = rows(links.reader, "row_status", ("row_id", "=", row_id))
    if not found:
        return Link("status", "No status is recorded: the row counts as closed.", {"status": "closed"})
    newest = newest_statuses(found)[row_id]
    names = ["status", "reason", "decision_id", "erase_by", "recorded_at"]
    if newest["status"] == "closed":
        return Link("status", _closed(newest), plain(newest, *names))
    says = f"Now {newest['status']}, permission until {day(newest['expires_at'])}."
    return Link("status", says, plain(newest, *names, "expires_at"))


def _closed(status: Row) -> str:
    """When and why: a closed row has no permission, whatever time stands beside it."""
    ended, at = status["expires_at"], status["recorded_at"]
    if status["reason"] == "key_closed":
        why = "its key was closed, because the person said no or is left out"
    elif status["reason"] == "decision_ended" and ended is not None and ended <= at:
        why = f"its permission ran out on {day(ended)}"
    elif status["reason"] == "decision_ended":
        why = f"decision {status['decision_id'][:12]} no longer allows it"
    else:
        why = reason(status["reason"])
    by = f"It is to be erased by {day(status['erase_by'])}." if status["erase_by"] else ""
    return f"Closed {day(at)}: {why}. Nobody may open it. {by}".strip()


def _decision(links: Links, decision_id: str) -> Explanation:
    row = one(links.reader, "decisions", "decision_id", decision_id) or {}
    way = [links.file(row["asset_id"]), *_source_of(links, row["asset_id"])]
    subject = None
    if row["line_id"]:
        link, line = links.roster_line(row["line_id"])
        subject = line["subject_id"] if line else None
        way += [link, links.consent(subject, row["asset_id"], row["purpose"], row["as_of"])]
    way += links.left_out(subject, row["asset_id"], row["purpose"])
    way += [*links.decision(row), links.policy(row), links.run(row["run_id"])]
    headline = f"{ACTIONS[row['action']]} for {row['purpose']} was {EFFECTS[row['effect']]}."
    return Explanation(
        "decision" if row["effect"] == "allow" else "refusal", decision_id, headline, tuple(way)
    )


def _line(links: Links, line_id: str) -> Explanation:
    link, line = links.roster_line(line_id)
    asset_id = line["asset_id"] if line else ""
    way = [links.file(asset_id), *_source_of(links, asset_id), link]
    newest = _newest(rows(links.reader, "decisions", ("line_id", "=", line_id)))
    for row in newest:
        subject = line["subject_id"] if line else None
        way += [links.consent(subject, asset_id, row["purpose"], row["as_of"])]
        way += [*links.left_out(subject, asset_id, row["purpose"]), *links.decision(row)]
    if newest:
        way += [links.policy(newest[-1]), links.run(newest[-1]["run_id"])]
    made = rows(links.reader, "embeddings", ("line_id", "=", line_id), columns=["row_id"])
    if made:
        way.append(_made(made))
    told = "; ".join(f"{row['purpose']}: {EFFECTS[row['effect']]}" for row in newest) or "nothing decided yet"
    kind = "roster line" if any(row["effect"] == "allow" for row in newest) else "refusal"
    return Explanation(kind, line_id, f"A listed person in one file. {told.capitalize()}.", tuple(way))


def _asset(links: Links, asset_id: str) -> Explanation:
    aside = links.aside(asset_id)
    way = [links.file(asset_id), *_source_of(links, asset_id), *aside]
    decisions = _newest(rows(links.reader, "decisions", ("asset_id", "=", asset_id)))
    scans = [row for row in decisions if row["action"] == "scan"]
    way += [
        link
        for row in scans
        for link in (*links.left_out(None, asset_id, row["purpose"]), *links.decision(row))
    ]
    for row in (row for row in decisions if row["action"] == "embed"):
        line, _ = links.roster_line(row["line_id"])
        way += [line, *links.decision(row)]
    if decisions:
        way += [links.policy(decisions[-1]), links.run(decisions[-1]["run_id"])]
    refused = rows(links.reader, "refusals", ("asset_id", "=", asset_id))
    for row in refused:
        says = f"{row['count']} × {reason(row['reason'])}. {remedy(row['reason'])}".strip()
        way.append(Link("refused faces", says, plain(row, "reason", "count", "purpose", "run_id")))
    made = rows(links.reader, "embeddings", ("asset_id", "=", asset_id), columns=["row_id"])
    if made:
        way.append(_made(made))
    headline = f"One file: {len(made)} templates, {sum(row['count'] for row in refused)} faces refused."
    if aside and not made and not refused:
        why = sorted({reason(link.fields["reason"]) for link in aside})
        headline = f"One file that was set aside: {'; '.join(why)}."
    return Explanation("asset" if made else "refusal", asset_id, headline, tuple(way))


def _quarantine(links: Links, quarantine_id: str) -> Explanation:
    row = one(links.reader, "quarantine", "quarantine_id", quarantine_id) or {}
    way = [links.file(row["asset_id"])] if row["asset_id"] else []
    way += [set_aside(row), links.run(row["run_id"])]
    return Explanation("quarantine", quarantine_id, f"Set aside: {reason(row['reason'])}.", tuple(way))


def _made(made: list[Row]) -> Link:
    ids = sorted(row["row_id"] for row in made)
    return Link(
        "templates", f"{len(ids)} sealed: {', '.join(one[:12] for one in ids[:_SHOWN])}.", {"row_ids": ids}
    )


def _source_of(links: Links, asset_id: str) -> list[Link]:
    asset = one(links.reader, "assets", "asset_id", asset_id, ["source_id"])
    return [links.source(asset["source_id"])] if asset else []


def _newest(decisions: list[Row]) -> list[Row]:
    """The decision that holds about each line, action and purpose, in a steady order."""
    held = current_decisions(decisions).values()
    return sorted(held, key=lambda row: (row["action"], row["line_id"] or "", row["purpose"]))


_BY_KIND = {
    "embedding": _embedding,
    "decision": _decision,
    "roster line": _line,
    "asset": _asset,
    "quarantine": _quarantine,
}
