"""A set of rules is everything a decision follows from: one digest, nothing left out, the house always in."""

from __future__ import annotations

import ast
import pickle
import shutil
from pathlib import Path

import pytest

from habeas import policy
from habeas.model.errors import UsageError
from habeas.model.installation.resources import POLICIES as SHIPPED_POLICIES
from habeas.model.installation.settings import ALL_PACKS
from habeas.policy.policy_set import LISTS, load_policy_set, policy_set_of, read_files, set_digest, waivable
from habeas.policy.rules.packs import load_pack

WAIVER = """\
waivers:
  - {rule: HOUSE-9, owner: privacy-office, reason: books lost, granted_on: 2026-01-01, ends_on: 2027-01-01}
"""
TAINTED = f"models: [{{digest: {'a' * 64}, reason: made from travellers}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped rules, to change."""
    return Path(shutil.copytree(SHIPPED_POLICIES, tmp_path / "policies"))


def test_every_shipped_pack_is_in_the_default_set() -> None:
    found = load_policy_set(SHIPPED_POLICIES, ALL_PACKS)
    assert sorted(ALL_PACKS) == list(found.names) == [pack.name for pack in found.packs]
    assert not found.activities and not found.waivers and not found.statutes and not found.tainted
    assert {"archive_search", "access_verification", "model_training"} == set(found.purposes)


def test_the_house_cant_be_switched_off() -> None:
    with pytest.raises(UsageError, match="house rules can't be switched off"):
        load_policy_set(SHIPPED_POLICIES, [name for name in ALL_PACKS if name != "house"])


def test_a_pack_is_named_once() -> None:
    with pytest.raises(UsageError, match="named twice"):
        load_policy_set(SHIPPED_POLICIES, ["house", "house"])


def test_two_rules_of_one_id_are_refused_in_whichever_packs_they_stand(folder: Path) -> None:
    rules = folder / "us-wa" / "rules.cedar"
    rules.write_text(rules.read_text().replace('"WA-3"', '"KR-26-2"').replace('"WA-3-gap"', '"KR-26-2-gap"'))
    with pytest.raises(
        UsageError,
        match=r"us-wa/rules\.cedar:\d+: KR-26-2(-gap)? has the id of a rule at kr-pipa/.*\.cedar:\d+",
    ):
        load_policy_set(folder, ALL_PACKS)
    assert load_policy_set(folder, [name for name in ALL_PACKS if name != "kr-pipa"])


@pytest.mark.parametrize(
    "path", sorted(Path(policy.__file__).parent.rglob("*.py")), ids=lambda path: path.stem
)
def test_every_refusal_of_a_policy_file_says_what_to_do(path: Path) -> None:
    raised = [node.exc for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise)]
    refusals = [
        call for call in raised if isinstance(call, ast.Call) and "UsageError" == ast.unparse(call.func)
    ]
    assert [] == [
        ast.unparse(call) for call in refusals if "hint" not in {word.arg for word in call.keywords}
    ]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_must_be_there(name: str, folder: Path) -> None:
    """An empty list says something; a missing one may have been taken away."""
    (folder / name).unlink()
    with pytest.raises(UsageError, match=name):
        load_policy_set(folder, ["house"])
    files = {file: raw for file, raw in read_files(SHIPPED_POLICIES, ["house"]).items() if file != name}
    with pytest.raises(UsageError, match=f"lacks {name}"):
        policy_set_of(files, ["house"])


def test_what_was_read_is_all_there_is_to_pin() -> None:
    found = load_policy_set(SHIPPED_POLICIES, ALL_PACKS)
    again = policy_set_of(found.files, found.names)
    assert found == again
    kept = {
        path.relative_to(SHIPPED_POLICIES).as_posix()
        for path in SHIPPED_POLICIES.rglob("*")
        if path.is_file()
    }
    assert {file for file in kept if not file.endswith("README.md")} == set(found.files)


def test_every_byte_of_every_file_and_every_name_is_in_the_digest() -> None:
    files = read_files(SHIPPED_POLICIES, ["house"])
    whole = set_digest(files, ["house"])
    changed = {set_digest({**files, file: raw + b"\n"}, ["house"]) for file, raw in files.items()}
    assert len(files) == len(changed - {whole})
    assert whole != set_digest(files, ["house", "kr-pipa"])
    assert whole != set_digest(files, ["house"], schema="other facts")
    assert set_digest(files, ["a", "b"]) == set_digest(files, ["b", "a"])


def test_lists_are_read_with_their_purposes_and_rules(folder: Path) -> None:
    (folder / "waivers.yaml").write_text(WAIVER)
    (folder / "tainted.yaml").write_text(TAINTED)
    (folder / "activities.yaml").write_text("activities: [{purpose: archive_search, sold: false}]\n")
    found = load_policy_set(folder, ["house"])
    assert ["HOUSE-9"] == [each.rule for each in found.waivers]
    assert {"a" * 64: "made from travellers"} == found.tainted
    assert False is found.activities["archive_search"].sold
    lists = pickle.loads(pickle.dumps(found.lists))
    assert (found.waivers, found.tainted, dict(found.activities)) == (
        lists.waivers,
        lists.tainted,
        lists.activities,
    )
    assert set(found.purposes) == set(lists.purposes)


def test_what_nothing_cures_and_what_only_the_person_can_give_cant_be_waived(folder: Path) -> None:
    house = load_pack(SHIPPED_POLICIES / "house")
    ids = waivable(house)
    assert {"HOUSE-9", "HOUSE-16"} <= ids
    assert not {"HOUSE-4", "HOUSE-10", "HOUSE-17", "HOUSE-9-gap", "HOUSE-embed", "KR-23-1"} & ids
    (folder / "waivers.yaml").write_text(WAIVER.replace("HOUSE-9", "HOUSE-17"))
    with pytest.raises(UsageError, match=r"waivers\.yaml:2: HOUSE-17 is no house rule that can be waived"):
        load_policy_set(folder, ["house"])
