"""A digest of what modules do: their source without comments, docstrings and the wording of facts.

Modules are named as Python imports them, and their source comes from whatever loaded them: a folder, a wheel or a zip.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, resolve_name

from habeas.model.errors import IntegrityError

_FACT, _SENTENCE = "Fact", 3
"""A fact's sentence, by its position, says something to readers and decides nothing; see `policy.facts.catalogue`."""


def modules_with_imports(names: Iterable[str]) -> frozenset[str]:
    """These modules and whatever they import of the same package, at any depth, also inside functions."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(_imported(name))
    return frozenset(found)


def source_digest(names: Iterable[str]) -> str:
    """SHA-256 over the modules, in the order of their names. Raises IntegrityError for one without source."""
    whole = hashlib.sha256()
    for name in sorted(names):
        tree = _Plain().visit(ast.parse(_source(name)))
        whole.update(f"{name}\0{ast.dump(tree)}\0".encode())
    return whole.hexdigest()


class _Plain(ast.NodeTransformer):
    """Drops what changes nothing: texts that stand alone (docstrings), and the wording of facts."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_text(node.value) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == _FACT:
            del node.args[_SENTENCE : _SENTENCE + 1]
        return self.generic_visit(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _imported(name: str) -> Iterator[str]:
    """Modules of the same package that a module names in an import, but for those that only types need."""
    ours = name.partition(".")[0] + "."
    package = name if _spec(name).submodule_search_locations is not None else name.rpartition(".")[0]
    for node in _running(ast.parse(_source(name))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith(ours))
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            if source.startswith(ours):
                yield source
            if f"{source}.".startswith(ours):
                yield from filter(_is_module, (f"{source}.{each.name}" for each in node.names))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of a tree but what stands under `if TYPE_CHECKING`."""
    yield node
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        children: Iterable[ast.AST] = node.orelse
    else:
        children = ast.iter_child_nodes(node)
    for child in children:
        yield from _running(child)


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is a module, so that this is something in it
        return False


def _spec(name: str) -> ModuleSpec:
    found = find_spec(name)
    if found is None:
        raise IntegrityError(f"the module {name} is not there", hint="Install habeas anew.")
    return found


def _source(name: str) -> str:
    source = getattr(_spec(name).loader, "get_source", lambda _: None)(name)
    if not isinstance(source, str):
        raise IntegrityError(f"the module {name} has no source", hint="Install habeas with its source.")
    return source
