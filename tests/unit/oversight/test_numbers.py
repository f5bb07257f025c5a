"""Numbers add up: on generated tables, whatever superseded work and closed rows they hold."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from in_memory import Tables
from ordinary import day

from habeas.oversight.numbers.numbers import Numbers, count
from habeas.oversight.numbers.tally import Tally, read_tally
from habeas.policy.rulebook import Rulebook, RuleText

NOW = day("2026-11-28")
PURPOSES = ("archive_search", "model_training")
REASONS = ("unbound", "ambiguous", "cut_by_border", "too_near_another", "low_quality", "placeholder")
RULES = Rulebook(rules={"house/HOUSE-16": RuleText("No ground", fact="scan_ground"),
                        "house/HOUSE-20": RuleText("Nobody allowed", fact="line_allowed")})  # fmt: skip


def decision(n: int, action: str, asset: str, effect: str, **more: Any) -> dict[str, Any]:
    return {"decision_id": f"d{n}", "action": action, "asset_id": asset, "line_id": None, "purpose": PURPOSES[0],
            "effect": effect, "as_of": NOW, "valid_until": None, "rules": [], "missing": [], "obligations": [],
            "regulator_effect": None} | more  # fmt: skip


def asset(name: str, media: str = "photo", source: str = "s") -> dict[str, Any]:
    return {"asset_id": name, "source_id": source, "media": media, "present": True}


def work(name: str, digest: str, faces: int | None, embedded: int | None, hours: int = 0) -> dict[str, Any]:
    return {"asset_id": name, "work_digest": digest, "state": "done", "faces": faces, "faces_embedded": embedded,
            "recorded_at": NOW + timedelta(hours=hours), "run_id": f"r{hours}"}  # fmt: skip


def refusal(
    name: str, digest: str, reason: str, n: int, purpose: str = "", source: str = "s"
) -> dict[str, Any]:
    return {"asset_id": name, "source_id": source, "work_digest": digest, "reason": reason, "count": n,
            "purpose": purpose}  # fmt: skip


def template(
    row: str, name: str, line: str, who: str, purpose: str = PURPOSES[0], **more: Any
) -> dict[str, Any]:
    measured = dict.fromkeys(("q_size_px", "q_sharpness", "q_exposure", "q_frontality"), 1.0)
    return {"row_id": row, "asset_id": name, "line_id": line, "subject_id": who, "source_id": "s",
            "purpose": purpose, "rank": 0, "run_id": "r0", **measured} | more  # fmt: skip


def status(row: str, word: str, hours: int = 0, **more: Any) -> dict[str, Any]:
    return {"row_id": row, "status": word, "recorded_at": NOW + timedelta(hours=hours), "expires_at": None,
            "erase_by": None, "reason": ""} | more  # fmt: skip


def line(name: str, where: str, who: str | None, listed: int = 0) -> dict[str, Any]:
    return {"line_id": name, "asset_id": where, "subject_id": who, "closed": False, "attested_at": NOW,
            "listed_at": NOW + timedelta(hours=listed), "recorded_at": NOW + timedelta(hours=48)}  # fmt: skip


def tables(**given: list[dict[str, Any]]) -> Tables:
    empty: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("assets", "decisions", "embeddings", "row_status", "refusals", "quarantine", "work",
                              "rosters", "sources", "subjects", "runs")}  # fmt: skip
    return Tables(**(empty | given))


def counted(world: Tables, hours: int = 48) -> tuple[Tally, Numbers]:
    tally = read_tally(world)
    return tally, count(tally, RULES, NOW + timedelta(hours=hours))


def adds_up(n: Numbers) -> None:
    """Every identity that a page states."""
    files, faces, lines, templates = n.files, n.faces, n.lines, n.templates
    assert files.total == len(files.looked_at) + len(files.refused) + len(files.set_aside) + len(
        files.waiting
    )
    assert not files.looked_at & files.refused.keys() and not files.looked_at & files.waiting
    assert files.ended <= files.looked_at
    assert faces.total == faces.embedded + sum(faces.refused.values())
    assert faces.total >= faces.bound >= faces.allowed >= faces.embedded >= 0
    assert all(count > 0 for count in faces.refused.values())
    assert lines.listed == lines.allowed + lines.refused + lines.undecided
    assert lines.allowed == lines.with_template + sum(lines.without_by.values())
    assert templates.stored == sum(templates.states.values()) == templates.open + templates.shut
    assert 0 <= templates.late <= templates.due <= templates.states["closed"]


@st.composite
def worlds(draw: st.DrawFn) -> Tables:
    """Files with any history of work; each work finds any faces, of which some are embedded."""
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in (
        "assets", "decisions", "work", "refusals", "rosters", "embeddings", "row_status", "quarantine")}  # fmt: skip
    number = iter(range(10_000))
    for a in range(draw(st.integers(0, 4))):
        name, source = f"a{a}", draw(st.sampled_from("st"))
        made["assets"].append(
            asset(name, draw(st.sampled_from(["photo", "photo", "unreadable"])), source)
            | {"present": draw(st.booleans()) or draw(st.booleans())}
        )
        for purpose in draw(st.sets(st.sampled_from(PURPOSES))):
            effect = draw(st.sampled_from(["allow", "deny", "gap"]))
            rules = ["house/HOUSE-20"] if effect == "deny" else []
            made["decisions"].append(
                decision(next(number), "scan", name, effect, purpose=purpose, rules=rules)
            )
        lines = [f"{name}-l{n}" for n in range(draw(st.integers(0, 3)))]
        for each in lines:
            made["rosters"].append(line(each, name, draw(st.sampled_from(["ann", "bob", None]))))
            for purpose in draw(st.sets(st.sampled_from(PURPOSES))):
                effect = draw(st.sampled_from(["allow", "deny", "gap"]))
                made["decisions"].append(
                    decision(next(number), "embed", name, effect, purpose=purpose, line_id=each)
                )
        for w in range(draw(st.integers(0, 3))):
            embedded = draw(st.sets(st.sampled_from(lines))) if lines else set()
            denied = draw(st.integers(0, 3))
            plain = {reason: draw(st.integers(1, 3)) for reason in draw(st.sets(st.sampled_from(REASONS)))}
            state = draw(st.sampled_from(["done", "done", "done", "quarantined"]))
            faces = len(embedded) + denied + sum(plain.values())
            known = (faces, len(embedded)) if state == "done" else (None, None)
            made["work"].append(work(name, f"w{w}", *known, hours=w) | {"state": state})
            if state != "done":
                made["quarantine"].append({"item": "file", "asset_id": name, "source_id": source, "reason": "truncated",
                                           "recorded_at": NOW})  # fmt: skip
                continue
            made["refusals"] += [refusal(name, f"w{w}", r, n, source=source) for r, n in plain.items()]
            if denied:
                both = draw(st.booleans())
                made["refusals"] += [refusal(name, f"w{w}", "not_allowed", denied, p, source)
                                     for p in (PURPOSES if both else PURPOSES[:1])]  # fmt: skip
            for each in sorted(embedded):
                row = f"{each}-{w}"
                made["embeddings"].append(template(row, name, each, "ann", source_id=source))
                for h in range(draw(st.integers(0, 2))):
                    word = draw(st.sampled_from(["open", "closed", "frozen", "held"]))
                    by = NOW + timedelta(days=draw(st.integers(0, 9))) if word == "closed" else None
                    until = draw(st.sampled_from([None, NOW, NOW + timedelta(days=9)]))
                    made["row_status"].append(status(row, word, h, erase_by=by, expires_at=until))
    sources = [{"source_id": name, "controller": "c", "purposes": [], "scan_ground": "none"} for name in "st"]
    return tables(**made, sources=sources)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_every_number_adds_up_whatever_the_tables_hold(world: Tables) -> None:
    tally, whole = counted(world)
    adds_up(whole)
    parts = [count(tally.of_source(name), RULES, NOW + timedelta(hours=48)) for name in "st"]
    for part in parts:
        adds_up(part)
    for value in (
        lambda n: n.files.total,
        lambda n: len(n.files.looked_at),
        lambda n: n.faces.total,
        lambda n: n.faces.embedded,
        lambda n: n.lines.listed,
        lambda n: n.lines.with_template,
        lambda n: n.templates.open,
        lambda n: n.templates.due,
    ):
        assert value(whole) == sum(map(value, parts))
    by_reason: Counter[str] = Counter()
    for part in parts:
        by_reason.update(part.faces.refused)
    assert by_reason == Counter(whole.faces.refused)


def first_night() -> dict[str, list[dict[str, Any]]]:
    """One photo of Ann, Bob and somebody unlisted; Ann and Bob have a template each for either purpose."""
    return {
        "assets": [asset("a")],
        "rosters": [line("l-ann", "a", "ann"), line("l-bob", "a", "bob")],
        "decisions": [
            decision(0, "scan", "a", "allow"),
            *(decision(n, "embed", "a", "allow", line_id=f"l-{who}", purpose=purpose)
              for n, (who, purpose) in enumerate([(w, p) for w in ("ann", "bob") for p in PURPOSES], 1)),
        ],
        "work": [work("a", "w1", 3, 2)],
        "refusals": [refusal("a", "w1", "unbound", 1)],
        "embeddings": [template(f"{who}-{purpose}", "a", f"l-{who}", who, purpose)
                       for who in ("ann", "bob") for purpose in PURPOSES],
        "row_status": [status(f"{who}-{purpose}", "open") for who in ("ann", "bob") for purpose in PURPOSES],
    }  # fmt: skip


def after_bob_withdrew() -> dict[str, list[dict[str, Any]]]:
    """The same file, worked on again: nothing was added to the archive."""
    then = first_night()
    said_no = [row | {"effect": "deny", "as_of": NOW + timedelta(hours=24), "decision_id": f"n{row['decision_id']}"}
               for row in then["decisions"] if row["line_id"] == "l-bob"]  # fmt: skip
    erase_by = NOW + timedelta(days=6)
    return then | {
        "decisions": then["decisions"] + said_no,
        "work": [*then["work"], work("a", "w2", 3, 1, hours=24)],
        "refusals": [*then["refusals"], refusal("a", "w2", "unbound", 1),
                     *(refusal("a", "w2", "not_allowed", 1, purpose) for purpose in PURPOSES)],
        "row_status": then["row_status"] + [
            status(f"bob-{purpose}", "closed", 20, reason="key_closed", erase_by=erase_by) for purpose in PURPOSES],
    }  # fmt: skip


def test_a_second_night_on_unchanged_files_finds_no_more_faces_and_counts_closed_templates_apart() -> None:
    _, first = counted(tables(**first_night()), hours=1)
    _, second = counted(tables(**after_bob_withdrew()))
    adds_up(first)
    adds_up(second)
    assert (first.faces.total, second.faces.total) == (3, 3)
    assert (first.templates.open, first.templates.due, first.templates.people) == (4, 0, 2)
    assert (second.templates.open, second.templates.states["closed"], second.templates.due) == (2, 2, 2)
    assert (second.templates.late, second.templates.people) == (0, 1)
    assert second.templates.erase_by == NOW + timedelta(days=6)
    _, later = counted(tables(**after_bob_withdrew()), hours=24 * 7)
    assert later.templates.late == 2


def test_a_face_refused_for_two_purposes_counts_once_with_its_purposes_beside_it() -> None:
    _, told = counted(tables(**after_bob_withdrew()))
    assert {"unbound": 1, "not_allowed": 1} == told.faces.refused
    assert dict.fromkeys(PURPOSES, 1) == told.faces.refused_for


def test_a_face_refused_for_one_purpose_and_embedded_for_another_is_embedded() -> None:
    world = first_night() | {"refusals": [refusal("a", "w1", "unbound", 1),
                                          refusal("a", "w1", "not_allowed", 1, PURPOSES[1])]}  # fmt: skip
    _, told = counted(tables(**world))
    adds_up(told)
    assert ({"unbound": 1}, {PURPOSES[1]: 1}) == (told.faces.refused, told.faces.refused_for)


def test_work_of_an_earlier_version_is_counted_as_its_tables_allow() -> None:
    world = first_night() | {"work": [work("a", "w1", None, None)]}
    _, told = counted(tables(**world))
    adds_up(told)
    assert (3, 2) == (told.faces.total, told.faces.embedded)


def test_a_file_nobody_is_listed_in_is_told_from_one_whose_people_are_refused() -> None:
    world = tables(
        assets=[asset("empty"), asset("denied")],
        rosters=[line("l", "denied", "ann")],
        decisions=[
            decision(n, "scan", name, "deny", rules=["house/HOUSE-20"])
            for n, name in enumerate(("empty", "denied"))
        ],
    )
    _, told = counted(world)
    assert {"empty": "no_roster", "denied": "line_allowed"} == told.files.refused


def test_allowed_people_without_a_template_are_listed_with_why() -> None:
    names = ("no_face", "poor", "unclear", "waiting", "broken", "gone", "shut", "stored", "street")
    world = tables(
        assets=[asset(name, "unreadable" if name == "broken" else "photo") | {"present": name != "gone"}
                for name in names],
        rosters=[line(f"l-{name}", name, "ann") for name in names],
        decisions=[
            *(decision(n, "embed", name, "allow", line_id=f"l-{name}") for n, name in enumerate(names)),
            *(decision(n, "scan", name, "deny" if name == "street" else "allow",
                       rules=["house/HOUSE-16"] if name == "street" else [])
              for n, name in enumerate(names, 50)),
        ],
        work=[work(name, "w", 2, 0) for name in ("no_face", "poor", "unclear", "shut", "stored")],
        refusals=[refusal("poor", "w", "low_quality", 1), refusal("unclear", "w", "ambiguous", 1),
                  refusal("unclear", "w", "cut_by_border", 1), refusal("no_face", "w", "unbound", 2)],
        embeddings=[template(name, name, f"l-{name}", "ann") for name in ("shut", "stored")],
        row_status=[status("shut", "closed"), status("stored", "open")],
        quarantine=[{"item": "file", "asset_id": "broken", "source_id": "s", "reason": "truncated",
                     "recorded_at": NOW}],
    )  # fmt: skip
    _, told = counted(world)
    assert {"l-no_face": "no_face", "l-poor": "low_quality", "l-unclear": "one_of_several", "l-waiting": "waiting",
            "l-broken": "truncated", "l-gone": "file_gone", "l-shut": "template_shut",
            "l-street": "scan_ground"} == told.lines.without  # fmt: skip
    assert 1 == told.lines.with_template


def test_a_line_that_a_newer_list_replaced_is_counted_no_more() -> None:
    world = first_night()
    world["rosters"] += [line("l-cem", "a", "cem", listed=1)]
    _, told = counted(tables(**world))
    adds_up(told)
    assert (1, 0, 1) == (told.lines.listed, told.lines.allowed, told.lines.undecided)


def test_a_permission_that_ran_out_since_the_last_night_is_no_open_template() -> None:
    world = first_night()
    world["row_status"] = [
        status(row["row_id"], "open", expires_at=NOW + timedelta(hours=5)) for row in world["embeddings"]
    ]
    assert 4 == counted(tables(**world), hours=4)[1].templates.open
    assert (0, 4) == (
        counted(tables(**world), hours=5)[1].templates.open,
        counted(tables(**world), hours=5)[1].templates.states["expired"],
    )


def test_what_an_empty_warehouse_tells_is_nothing() -> None:
    _, told = counted(tables())
    adds_up(told)
    assert 0 == told.files.total + told.faces.total + told.lines.listed + told.templates.stored
