"""Draws docs/images/house.svg: the rooms of src/habeas, what each is for and the imports between them."""

from __future__ import annotations

import ast
from collections import Counter
from html import escape
from pathlib import Path
from textwrap import wrap

SOURCE = Path(__file__).resolve().parents[1] / "src" / "habeas"
ROOMS = (
    "cli", "pipeline", "oversight", "erasure", "synthetic", "faces",
    "policy", "sealing", "media", "records", "warehouse", "model",
)  # fmt: skip
"""From the top of the house to its foundation: a room imports only rooms below it."""

_ROW, _LEFT, _TOP, _NAME, _WORDS, _CELL = 62, 16, 96, 112, 470, 40
_INK, _GREY, _LINE, _BLUE = "#1c2b36", "#5b6b76", "#d5dde2", (31, 95, 139)


def svg() -> str:
    """The picture: a row a room, with its purpose and folders; right of it how many imports go to each room."""
    counts = imports()
    most = max(counts.values())
    grid = _LEFT + _NAME + _WORDS + 24
    width, height = grid + _CELL * len(ROOMS) + _LEFT, _TOP + _ROW * len(ROOMS) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" role="img" aria-labelledby="title">',
        '<title id="title">The rooms of src/habeas and the imports between them</title>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(_LEFT, 30, "The rooms of src/habeas", 18, _INK, "600"),
        _text(
            _LEFT,
            52,
            "A room imports only rooms below it. Numbers count imports of one module by another.",
            13,
            _GREY,
        ),
    ]
    for column, room in enumerate(ROOMS):
        x = grid + column * _CELL + _CELL // 2
        parts.append(
            f'<g transform="translate({x + 4} {_TOP - 8}) rotate(-50)">{_text(0, 0, room, 12, _INK)}</g>'
        )
    for row, room in enumerate(ROOMS):
        parts += _room(row, room)
        for column, other in enumerate(ROOMS):
            parts += _cell(grid + column * _CELL, _TOP + row * _ROW, row == column, counts[room, other], most)
    return "\n".join([*parts, "</svg>", ""])


def imports() -> Counter[tuple[str, str]]:
    """(importing room, imported room) -> pairs of modules, other than those inside one room."""
    found: Counter[tuple[str, str]] = Counter()
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            names = {name for node in ast.walk(ast.parse(path.read_text())) for name in _modules(node)}
            found.update((room, name.split(".")[1]) for name in names)
    return Counter({pair: count for pair, count in found.items() if pair[0] != pair[1]})


def _modules(node: ast.AST) -> set[str]:
    """Modules of habeas that a statement imports."""
    if isinstance(node, ast.Import):
        return {each.name for each in node.names if each.name.startswith("habeas.")}
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("habeas."):
        return set()
    base = SOURCE.joinpath(*str(node.module).split(".")[1:])
    return {
        f"{node.module}.{alias.name}"
        if base.is_dir() and (base / f"{alias.name}.py").exists()
        else str(node.module)
        for alias in node.names
    }


def _room(row: int, room: str) -> list[str]:
    y = _TOP + row * _ROW
    folders = sorted(p.name for p in (SOURCE / room).iterdir() if p.is_dir() and p.name != "__pycache__")
    files = len(list((SOURCE / room).rglob("*.py")))
    words = wrap(_purpose(room), 70)[:2]
    inside = f"{files} files" + (f" · {' · '.join(folders)}" if folders else "")
    return [
        f'<rect x="{_LEFT}" y="{y + 3}" width="{_NAME + _WORDS}" height="{_ROW - 6}" rx="6" fill="#f4f7f9" '
        f'stroke="{_LINE}"/>',
        _text(_LEFT + 12, y + 36, room, 15, _INK, "600"),
        *(_text(_LEFT + _NAME, y + 20 + 15 * number, line, 12, _INK) for number, line in enumerate(words)),
        _text(_LEFT + _NAME, y + 51, inside[:84] + ("…" if len(inside) > 84 else ""), 11, _GREY),
    ]


def _cell(x: int, y: int, own: bool, count: int, most: int) -> list[str]:
    if own:
        return [f'<rect x="{x + 2}" y="{y + 4}" width="{_CELL - 4}" height="{_ROW - 8}" fill="#e3e8ec"/>']
    if not count:
        return []
    shade = 0.15 + 0.75 * (count / most) ** 0.5
    red, green, blue = _BLUE
    return [
        f'<rect x="{x + 2}" y="{y + 4}" width="{_CELL - 4}" height="{_ROW - 8}" '
        f'fill="rgb({red},{green},{blue})" fill-opacity="{shade:.2f}"/>',
        f'<text x="{x + _CELL // 2}" y="{y + _ROW // 2 + 4}" font-size="12" text-anchor="middle" '
        f'fill="{"#fff" if shade > 0.5 else _INK}">{count}</text>',
    ]


def _purpose(room: str) -> str:
    """The first sentence or two of what the room says about itself."""
    text = ast.get_docstring(ast.parse((SOURCE / room / "__init__.py").read_text())) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("`", "")


def _text(x: int, y: int, words: str, size: int, colour: str, weight: str = "400") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
