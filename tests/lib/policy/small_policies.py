"""A folder of rules small enough to change in a test: a house pack of two rules, and lists with next to nothing."""

from __future__ import annotations

from pathlib import Path

from cedar_rules import PERMITS, pair

PURPOSE = """\
  - id: {name}
    label: Find a person's own appearances
    iri: urn:habeas:purpose:{name}
    broader: https://w3id.org/dpv#NonCommercialResearch
    commercial: false
    training: false
    gallery: true
"""
SCAN = pair("HOUSE-6", "source_registered", "!context.source_registered", "scan")
ATTESTED = pair("HOUSE-9", "line_attested", "!context.line_attested")
CONSENT = pair("HOUSE-10", "consent", 'context.consent != Consent::"given"')


def write(folder: Path, *rules: str, permits: str = PERMITS) -> Path:
    """Write a set of rules that `load_policy_set(folder, ["house"])` reads."""
    house = folder / "house"
    house.mkdir(parents=True, exist_ok=True)
    (house / "pack.yaml").write_text("title: House\nlaw: urn:example:house\napplies_when: always\n")
    (house / "rules.cedar").write_text(permits + "".join(rules or (SCAN, ATTESTED, CONSENT)))
    (folder / "purposes.yaml").write_text("purposes:\n" + PURPOSE.format(name="archive_search"))
    (folder / "activities.yaml").write_text("activities: []\n")
    (folder / "waivers.yaml").write_text("waivers: []\n")
    (folder / "statutes.yaml").write_text("statutes: []\n")
    (folder / "tainted.yaml").write_text("models: []\n")
    return folder
