"""Sets of rules are kept whole, under their digest, and checked whenever they are read."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import small_policies
import yaml
from cedar_rules import pair
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from habeas.model.errors import IntegrityError, Unavailable, UsageError
from habeas.model.installation.settings import Settings
from habeas.model.orders import Activation, OrderBook
from habeas.policy import store as policy_store
from habeas.policy.lists.statutes import sign_statute
from habeas.policy.policy_set import PolicySet, load_policy_set, set_digest
from habeas.policy.store import PolicyStore, policy_in_force, store_of

STRICTER = pair("HOUSE-11", "consent_explicit", "!context.consent_explicit")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    small_policies.write(tmp_path / "policies")
    return Settings(home=tmp_path, policies=tmp_path / "policies", policy_packs=["house"])


@pytest.fixture
def store(settings: Settings) -> PolicyStore:
    return store_of(settings)


def draft(settings: Settings) -> PolicySet:
    return load_policy_set(settings.policies, settings.policy_packs)


def activation(digest: str, day: int = 1) -> Activation:
    at = datetime(2026, 11, day, tzinfo=UTC)
    return Activation(f"order-{day}", digest, ("house",), "", "policy-1", at)


def test_what_was_pinned_comes_back_to_the_byte(settings: Settings, store: PolicyStore) -> None:
    policies = draft(settings)
    assert store.pin(policies)
    assert (policies.digest,) == store.digests()
    again = store.load(policies.digest)
    assert (policies.digest, policies.names, policies.files) == (again.digest, again.names, again.files)
    assert [pack.digest for pack in policies.packs] == [pack.digest for pack in again.packs]


def test_pinning_twice_writes_once(settings: Settings, store: PolicyStore, tmp_path: Path) -> None:
    policies = draft(settings)
    assert store.pin(policies)
    before = sorted((p, p.stat().st_mtime_ns) for p in (tmp_path / "policy").rglob("*"))
    assert not store.pin(policies)
    assert before == sorted((p, p.stat().st_mtime_ns) for p in (tmp_path / "policy").rglob("*"))


def test_nobody_writes_into_a_pinned_file_by_accident(
    settings: Settings, store: PolicyStore, tmp_path: Path
) -> None:
    store.pin(draft(settings))
    files = [path for path in (tmp_path / "policy").rglob("*") if path.is_file()]
    assert files
    assert {0o444} == {path.stat().st_mode & 0o777 for path in files}


def alter(place: Path, how: str) -> None:
    rules = place / "files" / "house" / "rules.cedar"
    match how:
        case "edited":
            rules.chmod(0o600)
            rules.write_text(rules.read_text().replace("Because.", "Why not."))
        case "taken away":
            rules.unlink()
        case "added":
            (rules.parent / "more.cedar").write_text("")
        case "linked":
            other = place.parent / "elsewhere.cedar"
            other.write_bytes(rules.read_bytes())
            rules.unlink()
            rules.symlink_to(other)
        case "names":
            (place / "set.json").chmod(0o600)
            (place / "set.json").write_text('{"names": ["house", "kr-pipa"], "reviewers": {}}')
        case "no names":
            (place / "set.json").unlink()
        case "schema":
            (place / "schema.cedarschema").chmod(0o600)
            (place / "schema.cedarschema").write_text("entity Pipeline;")


@pytest.mark.parametrize("how", ["edited", "taken away", "added", "linked", "names", "no names", "schema"])
def test_rules_that_were_changed_after_they_were_pinned_decide_nothing(
    settings: Settings, store: PolicyStore, tmp_path: Path, how: str
) -> None:
    policies = draft(settings)
    store.pin(policies)
    alter(tmp_path / "policy" / policies.digest, how)
    with pytest.raises(IntegrityError, match="not what they were"):
        store.load(policies.digest)
    with pytest.raises(IntegrityError, match="not what they were"):
        store.pin(policies)


@pytest.mark.parametrize("digest", ["0" * 64, "../policies", "", "x"])
def test_rules_that_are_not_there_say_so_and_no_name_leads_elsewhere(
    settings: Settings, store: PolicyStore, digest: str
) -> None:
    store.pin(draft(settings))
    with pytest.raises(IntegrityError, match="not pinned"):
        store.load(digest)


def test_a_pin_that_fails_halfway_leaves_nothing_under_the_digest(
    settings: Settings, store: PolicyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = draft(settings)
    written: list[Path] = []

    def full(place: Path, content: bytes, mode: int) -> None:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    monkeypatch.setattr(policy_store, "write_new", full)
    with pytest.raises(Unavailable, match="No space left"):
        store.pin(policies)
    assert [] == list((tmp_path / "policy").iterdir())


def test_two_runs_that_pin_at_once_both_succeed(
    settings: Settings, store: PolicyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = draft(settings)
    rename = os.rename

    def slower(part: Path, place: Path) -> None:
        monkeypatch.setattr(os, "rename", rename)
        assert PolicyStore(place.parent).pin(policies)  # the other run, in between
        rename(part, place)

    monkeypatch.setattr(os, "rename", slower)
    assert not store.pin(policies)
    assert policies.files == store.load(policies.digest).files


def test_a_later_habeas_with_other_facts_can_still_read_old_rules_under_their_digest(
    settings: Settings, store: PolicyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = draft(settings)
    old = set_digest(policies.files, policies.names, "an older schema")
    monkeypatch.setattr(policy_store, "SCHEMA_TEXT", "an older schema")
    store.pin(PolicySet(**{n: getattr(policies, n) for n in PolicySet.__slots__} | {"digest": old}))
    monkeypatch.undo()
    assert old != policies.digest
    assert old == store.load(old).digest


def test_the_beginning_of_a_digest_is_enough_when_it_is_the_only_one(
    settings: Settings, store: PolicyStore
) -> None:
    policies = draft(settings)
    store.pin(policies)
    assert policies.digest == store.whole(policies.digest[:6])
    with pytest.raises(UsageError, match="no set of rules"):
        store.whole("zz")


def test_without_an_activation_the_draft_is_in_force(settings: Settings) -> None:
    assert draft(settings).digest == policy_in_force(settings, OrderBook()).digest


def test_the_newest_activation_is_in_force_whatever_the_draft_says(
    settings: Settings, store: PolicyStore
) -> None:
    first = draft(settings)
    store.pin(first)
    small_policies.write(settings.policies, small_policies.SCAN, small_policies.CONSENT, STRICTER)
    second = draft(settings)
    store.pin(second)
    assert first.digest != second.digest
    book = OrderBook(activations=(activation(second.digest, 1), activation(first.digest, 2)))
    assert first.digest == policy_in_force(settings, book).digest


@pytest.mark.parametrize("fault", ["not Cedar", "gone"])
def test_a_draft_with_errors_never_stops_the_night_while_rules_are_in_force(
    settings: Settings, store: PolicyStore, fault: str
) -> None:
    active = draft(settings)
    store.pin(active)
    rules = settings.policies / "house" / "rules.cedar"
    rules.write_text("permit permit") if fault == "not Cedar" else rules.unlink()
    assert (
        active.digest == policy_in_force(settings, OrderBook(activations=(activation(active.digest),))).digest
    )
    with pytest.raises(UsageError):
        policy_in_force(settings, OrderBook())


def test_activated_rules_that_are_lost_stop_the_night_instead_of_giving_way_to_others(
    settings: Settings,
) -> None:
    book = OrderBook(activations=(activation("0" * 64),))
    with pytest.raises(IntegrityError, match="not pinned"):
        policy_in_force(settings, book)


def with_statute(settings: Settings) -> bytes:
    """Put a statute into the draft, signed by reviewer-1; their public key."""
    key = Ed25519PrivateKey.generate()
    entry = {
        "id": "border-1", "place": "KR", "law": "Border Act", "article": "12", "purposes": ["archive_search"],
        "controllers": ["ministry"], "processor_classes": ["public"], "data_kinds": ["template"],
        "reviewed_by": "reviewer-1", "reviewed_on": "2026-01-01", "expires_on": "2027-01-01",
    }  # fmt: skip
    entry["signature"] = sign_statute(entry, key.sign)
    (settings.policies / "statutes.yaml").write_text(yaml.safe_dump({"statutes": [entry]}))
    return key.public_key().public_bytes_raw()


def test_old_rules_are_read_as_they_were_when_a_reviewer_has_left_and_are_in_force_no_longer(
    settings: Settings, store: PolicyStore
) -> None:
    reviewers = {"reviewer-1": with_statute(settings), "reviewer-2": b"x" * 32}
    policies = load_policy_set(settings.policies, ["house"], reviewers)
    store.pin(policies, reviewers)
    assert ["border-1"] == [statute.statute_id for statute in store.load(policies.digest).statutes]
    book = OrderBook(activations=(activation(policies.digest),))
    with pytest.raises(UsageError, match="reviewer"):
        policy_in_force(settings, book)
