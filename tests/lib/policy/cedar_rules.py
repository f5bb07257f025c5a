"""Small rules and packs for tests, as Cedar text."""

from __future__ import annotations

from habeas.policy.rules.packs import Pack, PackMeta, pack_of

NOTES = (
    '@sentence("Because.") @citation("Art 1") @source("example.org/art-1") '
    '@effective_from("2024-01-01") @enacted("true") @confidence("text")'
)
ALWAYS = PackMeta("A small pack", "urn:example:law", "always")


def scope(*actions: str) -> str:
    named = [f'Action::"{action}"' for action in actions]
    one = len(named) == 1
    return f"(principal, action {'== ' + named[0] if one else 'in [' + ', '.join(named) + ']'}, resource)"


def permit(rule_id: str, *actions: str, obligation: str = "", notes: str = NOTES) -> str:
    """Two lines: a permit for the actions (default: embed)."""
    duty = f' @obligation("{obligation}")' if obligation else ""
    return f'@id("{rule_id}") {notes}{duty}\npermit {scope(*(actions or ("embed",)))};\n'


def pair(
    rule_id: str,
    fact: str,
    condition: str,
    *actions: str,
    applies: str = "",
    more: str = "",
    notes: str = NOTES,
) -> str:
    """Four lines: a gap rule and a deny rule about `fact`."""
    where = f"when {{ {applies} }} " if applies else ""
    start = f"forbid {scope(*(actions or ('embed',)))} {where}"
    both = f'@fact("{fact}") {notes}{" " + more if more else ""}'
    return (
        f'@id("{rule_id}-gap") @kind("gap") {both}\n{start}unless {{ context has {fact} }};\n'
        f'@id("{rule_id}") @kind("deny") {both}\n{start}when {{ context has {fact} && {condition} }};\n'
    )


PERMITS = permit("T-permit", "scan", "embed")


def a_pack(name: str, *rules: str, applies_when: str = "always", permits: str = PERMITS) -> Pack:
    """A pack with these rules, and a permit to scan and embed before them."""
    meta = PackMeta("A small pack", "urn:example:law", applies_when)
    return pack_of(name, {"a.cedar": permits + "".join(rules)}, meta)
