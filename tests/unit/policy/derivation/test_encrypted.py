"""The fact `encrypted` is always True: it may be so only while no template can be stored that isn't sealed."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from deriving import embed

from habeas.faces.embed_asset import embed_asset
from habeas.model.installation.resources import PROJECT
from habeas.model.installation.settings import Settings
from habeas.warehouse.contracts import read_contracts

SRC = PROJECT / "src" / "habeas"
CONTRACTS = read_contracts(PROJECT / "schemas")


def test_templates_are_said_to_be_encrypted() -> None:
    assert True is embed().facts["encrypted"]
    assert True is embed(source=None, activity=None, subject=None, statements=[]).facts["encrypted"]


def test_nothing_embeds_without_a_sealer() -> None:
    assert inspect.Parameter.empty is inspect.signature(embed_asset).parameters["sealer"].default


def test_a_row_with_a_template_is_made_in_one_place_and_holds_what_the_sealer_gave() -> None:
    calls = [
        (path.name, ast.unparse(word.value))
        for path in sorted(SRC.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and "Kind.EMBEDDING" in [ast.unparse(each) for each in call.args]
        for word in call.keywords
        if word.arg == "sealed"
    ]
    assert [("embed_asset.py", "sealer.seal(vector, context, record)")] == calls


def test_no_table_has_room_for_a_vector_that_is_not_sealed() -> None:
    """Bytes and lists of numbers are where a vector could lie."""
    room = {
        (name, column.name)
        for name, contract in CONTRACTS.items()
        for column in contract.columns
        if column.type == "binary" or column.type in ("array<float>", "array<double>")
    }
    public = {("keys", "public_key"), ("keys", "signature"), ("decisions", "mac")}
    assert {("embeddings", "sealed"), ("staged", "sealed")} == room - public
    sealed = next(column for column in CONTRACTS["embeddings"].columns if column.name == "sealed")
    assert sealed.required


def test_nothing_can_be_set_that_leaves_the_seal_away() -> None:
    assert [] == [
        name for name in Settings.model_fields if "seal" in name or "crypt" in name or "plain" in name
    ]
    assert Path(inspect.getfile(embed_asset)).is_relative_to(SRC)
