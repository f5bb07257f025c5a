"""A reviewer signs with their own key, and only a reviewer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from habeas.cli.installation import installation
from habeas.policy.policy_set import load_policy_set

Habeas = Callable[..., Result]
ENTRY = """\
statutes:
  - id: border-photos
    law: https://example.org/act
    article: Art 12(2)
    place: KR
    purposes: [archive_search]
    controllers: [Ministry]
    processor_classes: [controller]
    data_kinds: [template]
    reviewed_by: {who}
    reviewed_on: 2026-11-01
    expires_on: 2027-11-01
"""


@pytest.fixture
def home(tmp_path: Path, habeas: Habeas) -> Path:
    """An installation with a reviewer and somebody from oversight."""
    home = tmp_path / "home"
    assert 0 == habeas("init", "--home", str(home)).exit_code
    for who, role in (("reviewer-1", "reviewer"), ("oversight-1", "oversight")):
        key = home / f"{who}.pem"
        assert 0 == habeas("people", "key", "--out", str(key)).exit_code
        on = {"on": home / "habeas.toml"}
        assert 0 == habeas("people", "add", who, "--role", role, "--public-key", f"{key}.pub", **on).exit_code
    return home


def sign(habeas: Habeas, home: Path, who: str, key: str = "") -> Result:
    return habeas(
        "policy", "sign-statute", str(home / "policies" / "statutes.yaml"), "--id", "border-photos",
        "--key", str(home / f"{key or who}.pem"), "--as", who, "--json", on=home / "habeas.toml",
    )  # fmt: skip


def write(home: Path, who: str = "reviewer-1") -> Path:
    place = home / "policies" / "statutes.yaml"
    place.write_text(ENTRY.format(who=who), encoding="utf-8")
    return place


def test_what_a_reviewer_signed_counts(home: Path, habeas: Habeas) -> None:
    write(home)
    assert 0 == sign(habeas, home, "reviewer-1").exit_code
    found = load_policy_set(home / "policies", ["house"], installation(home / "habeas.toml").book.reviewers())
    assert ["border-photos"] == [each.statute_id for each in found.statutes]


@pytest.mark.parametrize(("who", "key"), [("oversight-1", ""), ("nobody", "reviewer-1")])
def test_nobody_else_signs(who: str, key: str, home: Path, habeas: Habeas) -> None:
    place = write(home, who)
    told = sign(habeas, home, who, key)
    assert 2 == told.exit_code and "reviewer" in told.stderr
    assert "signature" not in place.read_text()


def test_a_signature_with_somebody_elses_key_is_found_out(home: Path, habeas: Habeas) -> None:
    place = write(home)
    before = place.read_text()
    told = sign(habeas, home, "reviewer-1", "oversight-1")
    assert 2 == told.exit_code and "signature" in told.stderr
    assert before == place.read_text()
