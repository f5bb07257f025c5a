"""One asset, from file to sealed rows: real files, real networks (of a few kilobytes), real keys.

The people are the red squares of tiny_pack; `WHO` gives each a number, so that an opened vector says whose it is.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import media_files as make
import numpy as np
import pytest
import tiny_pack
from embedding import (
    KEY,
    SUITE,
    UNTIL,
    archive,
    done,
    embeddings,
    grant,
    opened,
    plan_for,
    refusals,
    sealer,
)
from numpy.typing import NDArray

from habeas.faces.detection import insightface_models as insightface_pack
from habeas.faces.detection.insightface_models import LoadedPack
from habeas.faces.embed_asset import EmbedRules, embed_asset
from habeas.faces.model_packs import registry as packs
from habeas.faces.plan import AssetPlan, Kind, StagedRow
from habeas.faces.tracking.tracker import Tracker
from habeas.media.source import OpenFile
from habeas.media.values import Frame, Image
from habeas.model.errors import IntegrityError
from habeas.model.ids import row_id
from habeas.model.installation.limits import BindingRules, FaceRules
from habeas.model.lines import Line
from habeas.sealing import keypairs

WHO = {"ann": 1, "bob": 2, "cem": 3, "dia": 4}
PLACES = {"ann": (64, 96), "bob": (208, 128), "cem": (352, 96), "dia": (496, 128)}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> LoadedPack:
    folder = tiny_pack.write(tmp_path_factory.mktemp("packs") / "tiny")
    return insightface_pack.load(packs.read(folder), folder)


@pytest.fixture(scope="module")
def vectors(models: LoadedPack) -> dict[str, NDArray[np.float32]]:
    """Each person's vector, by a bare pass over a picture of that person alone."""
    found = {}
    for name, number in WHO.items():
        image = tiny_pack.scene((number, *PLACES[name]))
        tracker = Tracker(FaceRules(), models.threshold)
        tracker.add(Frame(image), models.detect(image))
        (track,) = tracker.finish()
        crop = models.align(track.sightings[0])
        assert crop is not None
        found[name] = models.embed([crop])[0]
    return found


def line(name: str, *purposes: str, **more: object) -> Line:
    """A line about a person at that person's place, allowed for these purposes."""
    x = PLACES[name][0]
    region = (max(0, x - 40) / 640, 0.0, (x + 90) / 640, 1.0)
    values = {"region": region, "from_ms": None, "to_ms": None, "position": None, "closed": False} | more
    subject = None if values.pop("erased", False) else name
    return Line(f"line of {name}", subject, grants=tuple(grant(name, p) for p in purposes), **values)  # type: ignore[arg-type]


def rules(models: LoadedPack, *purposes: str) -> EmbedRules:
    return EmbedRules(
        purposes or ("archive_search",), models.model_id, models.pack.recogniser.preprocessing, KEY,
        BindingRules(), replace(FaceRules(), min_sharpness=0.5), 1000,
    )  # fmt: skip


def embed(
    path: Path, models: LoadedPack, *lines: Line, media: str = "photo", purposes: Sequence[str] = ()
) -> list[StagedRow]:
    plan = plan_for(path, *lines, media=media)
    return embed_asset(plan, archive(path.parent), models, sealer(), rules(models, *purposes))


def photo(folder: Path, *names: str) -> Path:
    return make.png(folder / "a.png", tiny_pack.scene(*[(WHO[name], *PLACES[name]) for name in names]))


def whose(vector: NDArray[np.float32], vectors: dict[str, NDArray[np.float32]]) -> str:
    return max(vectors, key=lambda name: float(vectors[name] @ vector))


def test_an_allowed_face_is_sealed_to_its_own_key_and_opens_to_its_own_vector(
    tmp_path: Path, models: LoadedPack, vectors: dict[str, NDArray[np.float32]]
) -> None:
    (row,) = embeddings(embed(photo(tmp_path, "ann"), models, line("ann", "archive_search", region=None)))
    assert float(opened(row, models) @ vectors["ann"]) > 0.9999
    assert row_id("line of ann", row.key_id, models.model_id, 0) == row.row_id
    assert ("ann", "archive_search", "decision about ann for archive_search", UNTIL, 0, 0) == (
        row.subject_id, row.purpose, row.decision_id, row.expires_at, row.rank, row.frame_ms,
    )  # fmt: skip
    assert row.quality is not None and row.quality.norm_ok and row.quality.size_px == pytest.approx(48, abs=1)


def test_a_refused_face_in_the_middle_of_a_batch_moves_nobody_to_another_person(
    tmp_path: Path, models: LoadedPack, vectors: dict[str, NDArray[np.float32]]
) -> None:
    """Four people; the second is refused by the policy, then the first, the third... each in turn, and in pairs."""
    path = photo(tmp_path, *WHO)
    for refused in [
        {"bob"},
        {"ann"},
        {"cem"},
        {"dia"},
        {"ann", "cem"},
        {"bob", "cem"},
        {"ann", "bob", "cem"},
    ]:
        lines = [line(name) if name in refused else line(name, "archive_search") for name in WHO]
        rows = embed(path, models, *lines)
        assert set(WHO) - refused == {row.subject_id for row in embeddings(rows)}
        for row in embeddings(rows):
            assert row.subject_id == whose(opened(row, models), vectors)
        assert {("not_allowed", "archive_search"): len(refused)} == refusals(rows)


def test_a_face_of_low_quality_in_the_middle_moves_nobody_to_another_person(
    tmp_path: Path,
    models: LoadedPack,
    vectors: dict[str, NDArray[np.float32]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = photo(tmp_path, *WHO)
    align = models.align

    def blind_to_bob(sighting):  # type: ignore[no-untyped-def]
        crop = align(sighting)
        is_bob = abs(sighting.detection.centre[0] - PLACES["bob"][0] - 24) < 10
        return np.full_like(crop, 90) if is_bob else crop

    monkeypatch.setattr(models, "align", blind_to_bob)
    rows = embed(path, models, *[line(name, "archive_search") for name in WHO])
    assert {"ann", "cem", "dia"} == {row.subject_id for row in embeddings(rows)}
    assert all(row.subject_id == whose(opened(row, models), vectors) for row in embeddings(rows))
    assert {("low_quality", ""): 1} == refusals(rows)


def test_the_embedder_is_called_on_exactly_the_allowed_faces(
    tmp_path: Path, models: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Image] = []
    embed_crops = models.embed
    monkeypatch.setattr(models, "embed", lambda crops: seen.extend(crops) or embed_crops(crops))
    lines = [
        line("ann", "archive_search"),
        line("bob"),
        line("cem", "archive_search", erased=True),
        line("dia"),
    ]
    with pytest.raises(IntegrityError):  # a placeholder with a key is a plan nobody may carry out
        embed(photo(tmp_path, *WHO), models, *lines)
    assert [] == seen
    lines[2] = line("cem", erased=True)
    rows = embed(photo(tmp_path, *WHO), models, *lines)
    assert 1 == len(seen) == done(rows).embedder_faces == len(embeddings(rows))
    red = seen[0][:, :, 2].astype(int) - seen[0][:, :, 1]
    assert (red > 100).mean() > 0.3  # Ann's square, not grey wall
    assert {("not_allowed", "archive_search"): 2, ("placeholder", ""): 1} == refusals(rows)


def test_what_is_counted_is_what_the_recogniser_saw(
    tmp_path: Path, models: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed_crops = models.embed
    monkeypatch.setattr(models, "embed", lambda crops: embed_crops([*crops, *crops])[: len(crops)])
    rows = embed(photo(tmp_path, "ann"), models, line("ann", "archive_search"))
    assert (1, 2) == (len(embeddings(rows)), done(rows).embedder_faces)


def test_the_aligner_never_sees_a_face_that_is_not_allowed(
    tmp_path: Path, models: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    align = models.align
    monkeypatch.setattr(models, "align", lambda s: seen.append(s.detection.centre[0]) or align(s))
    embed(photo(tmp_path, "ann", "bob", "dia"), models, line("ann", "archive_search"), line("bob"))
    assert [88] == [round(x) for x in seen]


def test_a_refused_face_leaves_a_count_and_nothing_else(tmp_path: Path, models: LoadedPack) -> None:
    rows = embed(photo(tmp_path, *WHO), models, line("ann", "archive_search"), line("bob"))
    empty = StagedRow(Kind.REFUSAL, "", "", "")
    for row in rows:
        if row.kind is Kind.REFUSAL:
            assert empty == replace(
                row, asset_id="", source_id="", work_digest="", reason="", count=0, purpose=""
            )
    assert {("not_allowed", "archive_search"): 1, ("unbound", ""): 2} == refusals(rows)


def test_a_purpose_that_was_not_granted_is_refused_and_counted_by_purpose(
    tmp_path: Path, models: LoadedPack
) -> None:
    both = ("archive_search", "access_verification")
    rows = embed(
        photo(tmp_path, "ann", "bob"),
        models,
        line("ann", *both),
        line("bob", "access_verification"),
        purposes=both,
    )
    assert Counter({("ann", both[0]): 1, ("ann", both[1]): 1, ("bob", both[1]): 1}) == Counter(
        (row.subject_id, row.purpose) for row in embeddings(rows)
    )
    assert {("not_allowed", "archive_search"): 1} == refusals(rows)
    assert 2 == done(rows).embedder_faces  # one vector a face, sealed once a purpose
    assert 3 == len({row.sealed for row in embeddings(rows)})


def test_no_allowed_line_opens_no_file(tmp_path: Path, models: LoadedPack) -> None:
    plan = AssetPlan(
        "asset", "demo", "there is no such file.jpg", "photo", "work", (line("ann"), line("bob"))
    )
    before = models.pictures_searched
    rows = embed_asset(plan, archive(tmp_path), models, sealer(), rules(models))
    assert [StagedRow(Kind.DONE, "asset", "demo", "work")] == rows
    assert before == models.pictures_searched


def test_a_key_nobody_signed_stops_the_run_before_the_file_is_opened(
    tmp_path: Path, models: LoadedPack
) -> None:
    stolen = replace(grant("ann"), public_key=keypairs.public_of(SUITE, b"x" * 32))
    swapped = replace(line("ann", "archive_search"), grants=(stolen,))
    before = models.pictures_searched
    with pytest.raises(IntegrityError, match="registrar"):
        embed(photo(tmp_path, "ann"), models, swapped)
    borrowed = replace(line("ann", "archive_search"), grants=(grant("bob"),))  # signed, but for somebody else
    with pytest.raises(IntegrityError, match="registrar"):
        embed(photo(tmp_path, "ann"), models, borrowed)
    assert before == models.pictures_searched


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-200]), "content_changed"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/hostname")), "symlink"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "not_a_file"),
    ],
    ids=["other content", "gone", "a link now", "a pipe now"],
)
def test_a_file_that_is_no_longer_what_was_catalogued_leaves_one_row(
    tmp_path: Path, models: LoadedPack, damage: object, reason: str
) -> None:
    path = photo(tmp_path, "ann")
    plan = plan_for(path, line("ann", "archive_search"))
    damage(path)  # type: ignore[operator]
    rows = embed_asset(plan, archive(tmp_path), models, sealer(), rules(models))
    assert [StagedRow(Kind.QUARANTINE, plan.asset_id, "demo", "work digest", reason=reason, model_id="model",
                      made_for=plan.made_for)] == rows  # fmt: skip


def test_a_file_that_breaks_half_way_leaves_one_quarantine_row_and_no_embedding(
    tmp_path: Path, models: LoadedPack
) -> None:
    path = make.clip(tmp_path / "a.mp4", lambda i: tiny_pack.scene((1, *PLACES["ann"])), frames=100, gop=25)
    data = bytearray(path.read_bytes())
    start, end = make.find(bytes(data), b"mdat")
    data[(start + end) // 2 : end] = bytes(end - (start + end) // 2)
    path.write_bytes(data)
    rows = embed(path, models, line("ann", "archive_search"), media="clip")
    assert [(Kind.QUARANTINE, "unreadable_container")] == [(row.kind, row.reason) for row in rows]


def test_a_file_changed_while_it_is_read_leaves_one_quarantine_row(
    tmp_path: Path, models: LoadedPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = photo(tmp_path, "ann")
    frames = OpenFile.frames

    def touched(opened_file: OpenFile):  # type: ignore[no-untyped-def]
        yield from frames(opened_file)
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(OpenFile, "frames", touched)
    rows = embed(path, models, line("ann", "archive_search"))
    assert [(Kind.QUARANTINE, "changed_while_read")] == [(row.kind, row.reason) for row in rows]


def test_seats_and_windows_of_a_clip_give_each_person_their_own_frames(
    tmp_path: Path, models: LoadedPack, vectors: dict[str, NDArray[np.float32]]
) -> None:
    """Bob sits on the right all along; on the left Ann until 2 s, then Cem in the same seat."""

    def draw(index: int) -> Image:
        sitting = "ann" if index < 50 else "cem"
        return tiny_pack.scene((WHO[sitting], *PLACES["ann"]), (WHO["bob"], *PLACES["dia"]))

    path = make.clip(tmp_path / "a.mp4", draw, frames=100, gop=25)
    left, right = line("ann").region, line("dia").region
    rows = embed(
        path,
        models,
        line("ann", "archive_search", region=left, from_ms=0, to_ms=2000),
        line("cem", "archive_search", region=left, from_ms=2000, to_ms=4000),
        line("bob", "archive_search", region=right),
        media="clip",
    )
    assert {} == refusals(rows)
    times: dict[str, set[int]] = {}
    for row in embeddings(rows):
        assert row.subject_id == whose(opened(row, models), vectors)
        times.setdefault(row.subject_id, set()).add(row.frame_ms)
    assert {"ann": {0, 1000}, "cem": {2000, 3000}} == {name: times[name] for name in ("ann", "cem")}
    assert 3 == len(times["bob"])


def test_the_best_frames_of_a_track_are_few_and_ranked(tmp_path: Path, models: LoadedPack) -> None:
    path = make.clip(tmp_path / "a.mp4", lambda i: tiny_pack.scene((1, *PLACES["ann"])), frames=250, gop=25)
    rows = embeddings(embed(path, models, line("ann", "archive_search"), media="clip"))
    assert [0, 1, 2] == [row.rank for row in rows]
    assert 3 == len({row.frame_ms for row in rows}) == len({row.row_id for row in rows})


def test_the_same_input_gives_the_same_rows_but_for_the_ciphertext(
    tmp_path: Path, models: LoadedPack
) -> None:
    path = photo(tmp_path, *WHO)
    lines = [line(name, "archive_search") for name in WHO]
    one, other = embed(path, models, *lines), embed(path, models, *lines[::-1])
    one, other = ([replace(row, sealed=b"") for row in rows] for rows in (one, other))
    assert one == other


def test_no_row_shows_its_ciphertext_and_no_rule_its_key(tmp_path: Path, models: LoadedPack) -> None:
    rows = embed(photo(tmp_path, "ann"), models, line("ann", "archive_search"))
    assert "sealed=" not in repr(rows)
    assert "installation key" not in repr(rules(models))


def test_a_face_refused_for_two_purposes_is_found_once(tmp_path: Path, models: LoadedPack) -> None:
    both = ("archive_search", "access_verification")
    rows = embed(photo(tmp_path, *WHO), models, line("ann", both[0]), line("bob"), purposes=both)
    assert {("not_allowed", both[0]): 1, ("not_allowed", both[1]): 2, ("unbound", ""): 2} == refusals(rows)
    assert (4, 1) == (done(rows).faces, done(rows).count)
