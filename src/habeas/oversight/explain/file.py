"""Why a file, or a listed person in it, has templates or has none."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from habeas.faces.values import BindingReason
from habeas.oversight.explain.evidence import Evidence
from habeas.oversight.explain.explanation import Explanation, listed, newest, source_of
from habeas.oversight.explain.wording import EFFECTS, reason, remedy
from habeas.oversight.explanation_step import ExplanationStep
from habeas.oversight.numbers.numbers import Faces, Numbers, count, template_states
from habeas.oversight.numbers.tally import Tally, tally_of
from habeas.warehouse.reader import rows


def explain_line(links: Evidence, line_id: str) -> Explanation:
    """Why a roster line was decided as it was, and what came of it."""
    link, line = links.roster_line(line_id)
    asset_id = line["asset_id"] if line else ""
    way = [links.file(asset_id), *source_of(links, asset_id), link]
    decisions = newest(rows(links.reader, "decisions", ("line_id", "=", line_id)))
    for row in decisions:
        subject = line["subject_id"] if line else None
        way += [links.consent(subject, asset_id, row["purpose"], row["as_of"])]
        way += [*links.left_out(subject, asset_id, row["purpose"]), *links.decision(row)]
    if decisions:
        way += [links.policy(decisions[-1]), links.run(decisions[-1]["run_id"])]
    tally, numbers = _counted(links, asset_id)
    way += _templates(tally, line_id)
    way += _without(numbers, line_id)
    effects = (
        "; ".join(f"{row['purpose']}: {EFFECTS[row['effect']]}" for row in decisions) or "nothing decided yet"
    )
    kind = "roster line" if any(row["effect"] == "allow" for row in decisions) else "refusal"
    return Explanation(kind, line_id, f"A listed person in one file. {effects.capitalize()}.", tuple(way))


def explain_asset(links: Evidence, asset_id: str) -> Explanation:
    """Why a file was looked into or not, and what came of the people listed in it."""
    aside = links.aside(asset_id)
    way = [links.file(asset_id), *source_of(links, asset_id), *aside]
    decisions = newest(rows(links.reader, "decisions", ("asset_id", "=", asset_id)))
    tally, numbers = _counted(links, asset_id)
    if not tally.rosters:
        way.append(ExplanationStep("roster", "No roster line says who is in it.", {"lines": 0}))
    for row in (row for row in decisions if row["action"] == "scan"):
        way += [*links.left_out(None, asset_id, row["purpose"]), *links.decision(row)]
    for row in (row for row in decisions if row["action"] == "embed"):
        line, _ = links.roster_line(row["line_id"])
        way += [line, *links.decision(row)]
    if decisions:
        way += [links.policy(decisions[-1]), links.run(decisions[-1]["run_id"])]
    way += _refused(numbers.faces)
    way += _templates(tally)
    for line_id in sorted(numbers.lines.without):
        way += _without(numbers, line_id)
    return Explanation(
        "asset" if tally.embeddings else "refusal", asset_id, _headline(numbers, aside), tuple(way)
    )


def _headline(numbers: Numbers, aside: list[ExplanationStep]) -> str:
    kept, faces = numbers.templates, numbers.faces
    if aside and not kept.stored and not faces.total:
        why = sorted({reason(link.fields["reason"]) for link in aside})
        return f"One file that was set aside: {'; '.join(why)}."
    shut = f", {kept.shut} shut" if kept.shut else ""
    return (
        f"One file: {faces.total} faces found, {faces.embedded} embedded, {sum(faces.refused.values())} refused; "
        f"{kept.open} templates open{shut}."
    )


def _counted(links: Evidence, asset_id: str) -> tuple[Tally, Numbers]:
    tally = tally_of(links.reader, asset_id)
    return tally, count(tally, links.rules, datetime.now(UTC))


def _refused(faces: Faces) -> list[ExplanationStep]:
    """Each refused face once; the purposes of a decision that is no stand beside it."""
    way = []
    for word, number in faces.refused.items():
        fields: dict[str, object] = {"reason": word, "count": number}
        beside = ""
        if word == BindingReason.NOT_ALLOWED:
            fields["purposes"] = dict(faces.refused_for)
            beside = f" ({', '.join(f'{purpose} {n}' for purpose, n in faces.refused_for.items())})"
        says = f"{number} × {reason(word)}{beside}. {remedy(word)}".strip()
        way.append(ExplanationStep("refused faces", says, fields))
    return way


def _templates(tally: Tally, line_id: str = "") -> list[ExplanationStep]:
    states = template_states(tally, datetime.now(UTC))
    ids = [row["row_id"] for row in tally.embeddings if line_id in ("", row["line_id"])]
    if not ids:
        return []
    counts = Counter(states[row_id] for row_id in ids)
    how = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    fields = {"row_ids": sorted(ids), "states": dict(counts)}
    return [ExplanationStep("templates", f"{len(ids)} stored, {how}: {listed(ids)}.", fields)]


def _without(numbers: Numbers, line_id: str) -> list[ExplanationStep]:
    why = numbers.lines.without.get(line_id)
    if why is None:
        return []
    says = f"Roster line {line_id[:12]} is allowed and has no open template: {reason(why)}. {remedy(why)}".strip()
    return [ExplanationStep("no template", says, {"line_id": line_id, "reason": why})]
