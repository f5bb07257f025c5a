"""Writes docs/reference/ and the picture of the house from what the code says: `python docs/generate.py`, or `--check`
to see if they are fresh.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import house
import typer

from habeas.cli.main import app
from habeas.model.installation.exit_codes import EXIT_CODES
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.settings import Custody, Settings, bounds, meaning, schema_of
from habeas.model.installation.steps import BACKFILL
from habeas.oversight.explain.wording import REASONS, REMEDIES
from habeas.policy.facts.schema import SCHEMA, Words
from habeas.policy.lists.purposes import load_purposes
from habeas.policy.rules.packs import ALWAYS, Pack, load_packs, pack_names
from habeas.warehouse.contracts import Contract, read_contracts

REFERENCE = Path(__file__).resolve().parent / "reference"
_MADE = "<!-- Made by docs/generate.py. Change the source and run it again; a test fails while this is stale. -->\n"


def pages() -> dict[str, str]:
    """File name -> content of every generated page."""
    made = {"tables.md": tables(), "settings.md": settings(), "cli.md": cli(), "rules.md": rules()}
    reference = {name: _MADE + "\n" + text.rstrip() + "\n" for name, text in made.items()}
    return reference | {"../images/house.svg": house.svg()}


def tables() -> str:
    """One section a table, out of its contract."""
    contracts = read_contracts(PROJECT / "schemas")
    rows = [[f"[`{n}`](#{n})", c.description, c.owner, c.retention, c.erasure] for n, c in contracts.items()]
    parts = [
        "# Tables\n\nEvery table is made from its contract in `schemas/` (Open Data Contract Standard). "
        "Spark schemas, constraints and checks derive from the same files.\n",
        _table(["table", "what it holds", "owner", "kept", "erasing a person"], rows),
        *[_contract(contract) for contract in contracts.values()],
    ]
    return "\n".join(parts)


def _contract(contract: Contract) -> str:
    rows = [
        [f"`{c.name}`", c.type, "" if c.required else "may be empty", c.classification, c.description]
        for c in contract.columns
    ]
    key = ", ".join(f"`{name}`" for name in contract.key) or "none"
    text = f"\n## {contract.name}\n\n{contract.description}\n\nVersion {contract.version}. Key: {key}.\n\n"
    text += _table(["column", "type", "", "class", "meaning"], rows)
    if contract.constraints:
        text += "\nMust hold: " + "; ".join(f"`{rule}`" for rule in contract.constraints) + ".\n"
    return text


def settings() -> str:
    """Both settings classes with environment names and defaults."""
    parts = [
        "# Settings\n\nAn environment variable wins over the settings file, the file over the default. What has no "
        "environment variable here steers what is allowed: once there is an installation only its file says it, and a "
        "variable `HABEAS_…` for it ends every command that reads the settings with exit code 2. "
        "Folders whose default is given as HOME/… follow `home`. A folder is a path of this machine, or an address "
        "that begins with file:///; a relative path counts from the settings file.\n",
        "## habeas.toml: what the jobs may know\n\nNamed by `--config` or `HABEAS_CONFIG`, else `./habeas.toml`. "
        "It names no key store.\n",
        _table(["setting", "meaning", "environment", "default", "range"], list(_fields(Settings, "HABEAS_"))),
        "\n## custody.toml: where keys are kept\n\nNamed by `--custody` or `HABEAS_CUSTODY`, else "
        "`custody/custody.toml` beside habeas.toml. For the registrar and the custodian; the embed job "
        "never gets it.\n",
        _table(
            ["setting", "meaning", "environment", "default", "range"],
            list(_fields(Custody, "HABEAS_CUSTODY_")),
        ),
    ]
    return "\n".join(parts)


_PLACES = {
    "archive": "HOME/archive", "warehouse": "HOME/warehouse", "runs": "HOME/runs", "report": "HOME/report",
    "orders": "HOME/orders", "models": "HOME/models", "installation_key": "HOME/installation.key",
    "registrar_public_key": "HOME/registrar.pub", "kms": "HOME/kms",
    "identity_key": "HOME/identity.key", "registrar_key": "HOME/registrar.key",
    "key_store": "sqlite:///HOME/keys.sqlite",
}  # fmt: skip


def _fields(settings_class: type[Any], prefix: str) -> Iterator[list[str]]:
    for name, field in settings_class.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if is_dataclass(default) and not isinstance(default, type):
            for inner in fields(default):
                told = schema_of(settings_class, (name, inner.name))
                words = [f"`{name}.{inner.name}`", meaning(told), f"`{prefix}{name}__{inner.name}`".upper()]
                yield [*words, f"`{getattr(default, inner.name)}`", _range(told)]
            continue
        told = schema_of(settings_class, (name,))
        shown = _PLACES.get(name) or ("must be given" if field.is_required() else _place(default))
        variable = "" if name in settings_class.fixed else f"`{prefix}{name}`".upper()
        yield [f"`{name}`", meaning(told), variable, f"`{shown}`", _range(told)]


def _range(told: dict[str, Any]) -> str:
    if "enum" in told:
        return ", ".join(f"`{word}`" for word in told["enum"])
    return bounds(told)


def _place(value: Any) -> str:
    if isinstance(value, Path):
        return value.relative_to(PROJECT).as_posix() if value.is_relative_to(PROJECT) else str(value)
    return str(value)


def cli() -> str:
    """Every command with its help, and the exit codes."""
    parts = ["# Commands\n\nData goes to standard output, everything else to standard error. Nearly every command "
             "takes `--json`. `habeas --install-completion` teaches your shell to complete commands.\n\n"
             "## Exit codes\n"]  # fmt: skip
    parts.append(_table(["code", "means"], [[str(row.number), row.means] for row in EXIT_CODES]))
    parts.append("\n## Steps of a run\n")
    steps = [
        [
            f"`{step.name}`",
            step.about,
            ", ".join(f"`{table}`" for table in step.writes),
            _yes(step.reads_keys),
        ]
        for step in BACKFILL
    ]
    parts.append(_table(["step", "does", "writes", "reads which keys are open"], steps))
    for words, command in _commands(typer.main.get_command(app)):
        parts.append(f"\n## habeas {' '.join(words)}\n\n{_help(command.help)}\n")
        rows = [
            [_names(parameter), str(parameter.help)]
            for parameter in command.params
            if parameter.name != "help"
        ]
        parts.append(_table(["option", "meaning"], rows))
    return "\n".join(parts)


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in parameter.opts)


def _commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = getattr(command, "commands", None)
    if not inner:
        yield words, command
    for name, found in (inner or {}).items():
        yield from _commands(found, (*words, name))


def _help(text: str) -> str:
    """Typer's help as Markdown: a paragraph marked as preformatted is a block of commands."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        marked = paragraph.startswith("\b\n")
        parts.append(f"```sh\n{paragraph[2:]}\n```" if marked else " ".join(paragraph.split()))
    return "\n\n".join(parts)


def rules() -> str:
    """Facts, packs and their rules, purposes, reasons."""
    facts = []
    for fact in SCHEMA:
        kind = " | ".join(fact.type.words) if isinstance(fact.type, Words) else fact.type
        facts.append([f"`{fact.name}`", ", ".join(fact.actions), kind, fact.sentence, fact.register])
    folder = PROJECT / "policies"
    packs = load_packs(folder, pack_names(folder))
    purposes = load_purposes(folder / "purposes.yaml")
    named = [
        [f"`{p.purpose_id}`", p.label, _yes(p.commercial), _yes(p.training), _yes(p.gallery)]
        for p in purposes.values()
    ]
    return "\n".join(
        [
            "# Rules\n\nFive questions are asked: *scan* (may anyone look for faces in this file?), *embed* (may this "
            "listed person's face become a template for this purpose?), *match* (may a face be searched for among "
            "those who consented?), *keep* (may what is stored stay as it is?) and *certify* (may an erasure be called "
            "proven?). Every pack that applies is asked by itself and all must allow. Everything is refused that no "
            "rule allows, and a fact nobody supplied counts as no.\n\nThis is a reading of published pages by "
            "people who are no lawyers. How to change it: [Change a rule](../how-to/change-a-rule.md).\n",
            "## Packs\n",
            _table(["pack", "title", "law", "applies", "rules"], [_pack(pack) for pack in packs]),
            "\n## Facts\n\nWhat a decision may rest on. No fact holds an id or a time. A fact with a register is "
            "answered by that list, completely: what it doesn't name is a *no* that is known.\n",
            _table(["fact", "asked about", "values", "says", "register"], facts),
            *[_rules(pack) for pack in packs],
            "\n## Purposes\n",
            _table(["purpose", "label", "commercial", "trains a model", "builds a gallery"], named),
            "\n## Why a face, a file or a record was refused or set aside\n",
            _table(["reason", "means"], [[f"`{word}`", says] for word, says in REASONS.items()]),
            "## What a refused face needs\n",
            _table(
                ["reason", "what would let it pass"], [[f"`{word}`", says] for word, says in REMEDIES.items()]
            ),
        ]
    )


def _pack(pack: Pack) -> list[str]:
    law = pack.meta.applies_when
    applies = "always" if law == ALWAYS else f"unless `{law}` is known to be false"
    return [f"[`{pack.name}`](#{pack.name})", pack.meta.title, pack.meta.law, applies, str(len(pack.rules))]


def _rules(pack: Pack) -> str:
    rows = [
        [
            f"`{each.rule.rule_id}`",
            each.rule.kind,
            ", ".join(each.actions),
            each.rule.sentence,
            each.rule.citation,
            each.source,
            each.confidence,
            each.effective_from.isoformat() if each.effective_from else "not enacted",
            "" if each.rule.kind == "permit" else _yes(each.rule.curable),
            "; ".join(each.obligations),
        ]
        for each in (*pack.rules, *pack.pending)
    ]
    head = ["rule", "kind", "asked about", "sentence", "citation", "source", "confidence", "in force since",
            "consent can cure it", "obliges to"]  # fmt: skip
    return f"\n## {pack.name}\n\n{pack.meta.title}.\n\n{_table(head, rows)}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("\\|", "|").replace("|", "\\|")


def main(arguments: list[str]) -> int:
    """Write what differs; with --check only say so. 1 if something was stale."""
    stale = [
        n
        for n, text in pages().items()
        if not (REFERENCE / n).is_file() or (REFERENCE / n).read_text() != text
    ]
    if "--check" not in arguments:
        REFERENCE.mkdir(exist_ok=True)
        for name in stale:
            (REFERENCE / name).write_text(pages()[name])
    sys.stdout.write(
        "".join(f"{name} {'is stale' if '--check' in arguments else 'written'}\n" for name in stale)
    )
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
