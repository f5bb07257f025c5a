"""A whole night on a drawn archive: who is stored, who is only counted, and what a second night does."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import deltalake
import pytest
from installations import Installed

pytestmark = [pytest.mark.spark, pytest.mark.timeout(600)]


def expected(installed: Installed) -> Counter[tuple[str, str]]:
    """(subject, purpose) -> roster lines that may be embedded, by the drawn truth and the lists alone."""
    people = {p["badge"]: p for p in installed.truth["people"]}
    closed = [f for f in installed.truth["files"] if f["left_out"]] + installed.truth["broken"]
    broken = {(f["source"], f["file"]) for f in closed}
    found: Counter[tuple[str, str]] = Counter()
    with (installed.lists / "rosters.csv").open() as file:
        for line in csv.DictReader(file):
            if line["subject"] and (line["source"], line["file"]) not in broken:
                person = installed.place.subject_of(line["subject"])
                folder = f"{line['source']}/{line['file'].split('/')[0]}"
                told = people[line["subject"]]
                for purpose in {*told["allows"][line["source"]], *told["allows_in"].get(folder, ())}:
                    found[person, purpose] += 1
    return found


def test_only_consenting_people_are_stored_and_only_for_the_purposes_they_consented_to(
    after_a_night: Installed,
) -> None:
    may = expected(after_a_night)
    rows = deltalake.DeltaTable(str(after_a_night.place.settings.warehouse / "embeddings")).to_pyarrow_table()
    stored = {(r["subject_id"], r["purpose"]) for r in rows.to_pylist()}
    assert rows.num_rows > 0
    assert stored <= set(may)
    # Some lines bind nobody (a hidden or ambiguous face); but nearly everybody allowed is there.
    assert len(stored) >= 0.8 * len(may)


def test_a_person_who_consented_to_one_purpose_of_two_is_stored_for_that_one(
    after_a_night: Installed,
) -> None:
    one = {
        after_a_night.place.subject_of(p["badge"])
        for p in after_a_night.truth["people"]
        if p["standing"] == "one"
    }
    purposes = {r["purpose"] for r in after_a_night.rows("embeddings") if r["subject_id"] in one}
    assert purposes == {"archive_search"}


def test_a_refused_face_leaves_a_reason_and_a_count_and_nothing_else(after_a_night: Installed) -> None:
    columns = {"asset_id", "source_id", "purpose", "reason", "count", "work_digest", "run_id", "recorded_at"}
    refusals = after_a_night.rows("refusals")
    assert refusals
    assert set(refusals[0]) == columns
    embedded = {r["line_id"] for r in after_a_night.rows("embeddings")}
    denied = {
        d["line_id"]
        for d in after_a_night.rows("decisions")
        if d["action"] == "embed" and d["effect"] != "allow"
    }
    allowed = {
        d["line_id"]
        for d in after_a_night.rows("decisions")
        if d["action"] == "embed" and d["effect"] == "allow"
    }
    assert embedded.isdisjoint(denied - allowed)


def test_an_asset_nobody_may_be_embedded_from_is_never_decoded(after_a_night: Installed) -> None:
    allowed = {
        d["asset_id"]
        for d in after_a_night.rows("decisions")
        if d["action"] == "scan" and d["effect"] == "allow"
    }
    worked = {w["asset_id"] for w in after_a_night.rows("work")}
    street = {a["asset_id"] for a in after_a_night.rows("assets") if a["source_id"] == "street_cctv"}
    assert worked <= allowed
    assert street
    assert worked.isdisjoint(street)


def test_the_embedder_is_called_on_exactly_the_faces_that_are_stored(after_a_night: Installed) -> None:
    """The recogniser's own count. A face is one picture of a line's person, sealed once for each purpose."""
    rows = after_a_night.rows("embeddings")
    faces = {(row["line_id"], row["rank"]) for row in rows}
    assert 0 < after_a_night.counts("first", "embed")["embedder_faces"] == len(faces) < len(rows)


def test_bad_files_are_set_aside_with_a_reason_and_the_night_goes_on(after_a_night: Installed) -> None:
    by_place = {(a["source_id"], a["location"]): a["asset_id"] for a in after_a_night.rows("assets")}
    reasons = {q["asset_id"]: q["reason"] for q in after_a_night.rows("quarantine")}
    for broken in after_a_night.truth["broken"]:
        assert reasons[by_place[broken["source"], broken["file"]]]
    assert "unregistered_source" in reasons.values()


def test_an_unchanged_night_decodes_nothing_and_commits_nothing(after_a_night: Installed) -> None:
    warehouse = after_a_night.place.settings.warehouse
    after_a_night.steps("copied", "catalog")  # the copy of the archive has new change times: read once more
    kept = ("embeddings", "work", "assets", "row_status", "decisions", "fact_sets")
    before = {t: after_a_night.place.reader.version(t) for t in kept}
    after_a_night.night("second")
    counts = after_a_night.counts("second", "embed")
    assert (counts["assets_planned"], counts.get("frames_decoded", 0)) == (0, 0)
    assert {t: after_a_night.place.reader.version(t) for t in before} == before
    assert warehouse.is_dir()


def test_every_table_is_what_its_contract_says(after_a_night: Installed) -> None:
    with after_a_night.place.tables("look") as tables:
        made = [name for name in tables.contracts if tables.exists(name)]
        assert [] == [f"{name}: {text}" for name in made for text in tables.differences(name)]
        assert set(tables.contracts) - set(made) <= {"leave_outs"}  # nobody in this small archive is left out


def test_a_task_record_holds_counts_and_digests_and_nothing_else(after_a_night: Installed) -> None:
    for file in Path(after_a_night.place.settings.runs / "first").glob("*.json"):
        if file.stem != "run":
            record = json.loads(file.read_text())
            assert all(isinstance(n, int) for n in record["counts"].values())
            assert len(file.read_bytes()) < 2048
