from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType

import deriving
import pytest

from habeas.faces.model_packs.manifest import parse as parse_pack
from habeas.model.decision import Action
from habeas.model.installation.resources import POLICIES as SHIPPED_POLICIES
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.settings import ALL_PACKS
from habeas.model.people import LeaveOut, LeaveOutKind, Scope
from habeas.policy.lists.activities import activities_of
from habeas.policy.lists.purposes import load_purposes
from habeas.policy.lists.waivers import waivers_of
from habeas.policy.rules.decide import decide
from habeas.policy.rules.packs import load_packs
from habeas.records.imports.pipeline import (
    import_consents,
    import_leave_outs,
    import_occasions,
    import_rosters,
    import_sources,
)
from habeas.records.parsing.scope import Places

_MADE = {"__pycache__", ".pytest_cache", ".hypothesis"}
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]


@cache
def _generate() -> ModuleType:
    sys.path.insert(0, str(PROJECT / "docs"))  # it imports its neighbour, as a script does
    spec = importlib.util.spec_from_file_location("generate", PROJECT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _commands() -> set[str]:
    generate = _generate()
    return {" ".join(words) for words, _ in generate._commands(generate.typer.main.get_command(generate.app))}


def test_the_reference_says_what_the_code_says() -> None:
    made = _generate()
    stale = [name for name, text in made.pages().items() if (made.REFERENCE / name).read_text() != text]
    assert [] == stale, "run: python docs/generate.py"


def test_the_picture_of_the_house_shows_every_room_in_the_order_of_the_import_contract() -> None:
    house = _generate().house
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    ordered = [room.strip() for layer in layers for room in layer.replace("|", ":").split(":")]
    assert sorted(house.ROOMS) == sorted(path.parent.name for path in house.SOURCE.glob("*/__init__.py"))
    assert sorted(ordered) == sorted(house.ROOMS)
    upward = [pair for pair in house.imports() if house.ROOMS.index(pair[0]) > house.ROOMS.index(pair[1])]
    assert [] == upward


def test_no_folder_holds_more_than_a_screen_of_entries() -> None:
    """Twelve, but for the house itself: its twelve rooms and `__init__.py`."""
    entries: dict[str, set[str]] = {}
    for top in ("src", "tests", "jobs", "dags"):
        for file in (PROJECT / top).rglob("*"):  # an empty folder, or one of caches, is none of the project's
            if file.is_file() and not _MADE & set(file.parts) and ".egg-info" not in str(file):
                parts = file.relative_to(PROJECT).parts
                for depth in range(1, len(parts)):
                    entries.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    assert {name: len(held) for name, held in entries.items() if len(held) > 12} == {"src/habeas": 13}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), target
        if anchor and place.suffix == ".md":
            assert anchor in _anchors(place), target


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_no_page_is_a_dead_end() -> None:
    linked = set()
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                linked.add((page.parent / target).resolve())
    unlinked = [
        page.relative_to(PROJECT).as_posix()
        for page in PAGES
        if page not in linked
        and page.name != "README.md"
        and not any(p in linked for p in page.parents if p.name == "decisions")
    ]
    assert [] == unlinked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_commands_in_the_docs_exist(page: Path) -> None:
    known = _commands()
    groups = {name.split()[0] for name in known}
    text = page.read_text(encoding="utf-8")
    code = (
        "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
        + "\n"
        + "\n".join(re.findall(r"`(habeas [^`]+)`", text))
    )
    for line in re.findall(r"^(?:.*\| )?habeas ([a-z]+(?: [a-z]+(?:-[a-z]+)*)?)", code, re.MULTILINE):
        assert line in known or line.split()[0] in known or line in groups, line


def _blocks(page: str, language: str) -> list[str]:
    text = (PROJECT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_lists_in_the_how_to_can_be_imported_as_they_stand() -> None:
    sources, consents, rosters = (BytesIO(block.encode()) for block in _blocks("your-own-archive.md", "csv"))
    purposes, now = load_purposes(PROJECT / "policies" / "purposes.yaml"), datetime(2026, 11, 23, tzinfo=UTC)
    read = [
        import_sources(sources, purposes=purposes, recorded_at=now),
        import_consents(consents, purposes=purposes, recorded_at=now, subject_of=lambda real: "a1" * 16),
        import_rosters(
            rosters,
            recorded_at=now,
            subject_of=lambda real: "a1" * 16,
            asset_of=lambda source, file: "b2" * 16,
        ),
    ]
    assert [(3, ()), (2, ()), (2, ())] == [(each.lines, each.set_aside) for each in read]


def test_the_lists_about_consent_can_be_imported_as_they_stand() -> None:
    blocks = (BytesIO(b.encode()) for b in _blocks("record-consent.md", "csv"))
    where, release, guardian, withdrawn, out, lift = blocks
    purposes, now = load_purposes(PROJECT / "policies" / "purposes.yaml"), datetime(2026, 12, 2, tzinfo=UTC)
    places, common = Places(lambda *_: "f1", lambda *_: "a1"), {"purposes": purposes, "recorded_at": now}
    person = {"subject_of": lambda real: f"subject {real}", "places": places}
    lifted = LeaveOut(
        "5d0c7b6a9e1f40b2a6c3d8e7f1029384",
        LeaveOutKind.RESTRICTION,
        "s",
        Scope(),
        (),
        now,
        None,
        now,
        "x",
        "",
    )
    read = [
        import_occasions(where, recorded_at=now, places=places),
        import_consents(release, **common, **person),
        import_consents(guardian, **common, **person),
        import_consents(withdrawn, **common, **person),
        import_leave_outs(out, **common, **person),
        import_leave_outs(lift, **common, **person, recorded=[lifted]),
    ]
    assert [(2, ()), (1, ()), (1, ()), (1, ()), (4, ()), (1, ())] == [
        (each.lines, each.set_aside) for each in read
    ]


def test_the_lists_of_rules_in_the_how_to_can_be_read_as_they_stand() -> None:
    done, waived = (block.encode() for block in _blocks("record-activities.md", "yaml"))
    purposes = load_purposes(PROJECT / "policies" / "purposes.yaml")
    assert ["archive_search"] == list(activities_of(done, "activities.yaml", purposes))
    assert ["HOUSE-9"] == [each.rule for each in waivers_of(waived, "waivers.yaml", {"HOUSE-9"}, purposes)]


def test_the_pack_in_the_how_to_can_be_read_as_it_stands() -> None:
    (text,) = _blocks("your-own-model.md", "toml")
    assert "my_pack" == parse_pack(text.replace('"…"', f'"{"0" * 64}"')).name


def test_what_the_how_to_says_is_done_leaves_no_fact_out_in_korea() -> None:
    """The example is what people start from: with a fact missing in it, every template was refused."""
    purposes = load_purposes(PROJECT / "policies" / "purposes.yaml")
    done = activities_of(_blocks("record-activities.md", "yaml")[0].encode(), "activities.yaml", purposes)
    said = deriving.a_full_statement(notice_version="2026-1")
    derived = deriving.embed(activity=done["archive_search"], statements=[said])
    packs = [pack for pack in load_packs(SHIPPED_POLICIES, ALL_PACKS) if pack.name in ("house", "kr-pipa")]
    verdict = decide(Action.EMBED, derived.facts, packs)
    assert () == verdict.missing


ARRAYS = re.compile(r"NDArray|\b(Image|Vector|Steps|Boxes)\b")
SHAPE = re.compile(r"\((?:\w+, ?\w*|n,\))|\b\w+ x \w+")


def test_public_functions_of_arrays_say_their_shape() -> None:
    """`image: Image` alone says neither H x W x 3 nor BGR; ruff's D1 rules hold that there is a docstring at all."""
    found = [
        (path, node)
        for path in sorted((PROJECT / "src" / "habeas").rglob("*.py"))
        if "training" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and _of_arrays(node)
    ]
    silent = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"
        for path, node in found
        if not SHAPE.search(ast.get_docstring(node) or "")
    ]
    assert len(found) > 30
    assert [] == silent


def _of_arrays(node: ast.FunctionDef) -> bool:
    given = [arg.annotation for arg in (*node.args.args, *node.args.kwonlyargs)]
    words = [ast.unparse(each) for each in (*given, node.returns) if each is not None]
    return any(ARRAYS.search(word) and not word.startswith(("PIL", "_")) for word in words)
