"""Which change of the code makes every line be derived anew: one of a rule, and none of a comment or a wording."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import habeas
from habeas.model.errors import IntegrityError
from habeas.oversight.explain import explain
from habeas.oversight.explain import wording as words
from habeas.oversight.runs import last_run as last_decided
from habeas.oversight.runs.last_run import code_digest, deriving_modules
from habeas.policy.derivation import source_terms as derive_terms
from habeas.policy.derivation.source_digest import modules_with_imports, source_digest
from habeas.policy.facts import catalogue as fact_list

PACKAGE = Path(habeas.__file__).parent
DIGEST = f"from {last_decided.__name__} import code_digest; print(code_digest())"


def said(code: str, place: Path) -> str:
    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(place)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return told.stdout.strip()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(PACKAGE, tmp_path / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def file_of(copy: Path, module: ModuleType) -> Path:
    return copy / PACKAGE.name / Path(str(module.__file__)).relative_to(PACKAGE)


def edit(copy: Path, module: ModuleType, old: str, new: str) -> None:
    text = file_of(copy, module).read_text()
    assert old in text
    file_of(copy, module).write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (derive_terms, "from __future__", "# a remark\nfrom __future__"),
        (derive_terms, '"""', '"""Said otherwise. '),
        (words, '"ambiguous": "', '"ambiguous": "now '),
        (explain, "from __future__", "MORE = 1\nfrom __future__"),
        (fact_list, '"the law of Korea', '"Korean law, as it stands,'),
    ],
    ids=["comment", "docstring", "wording", "a module that explains", "sentence of a fact"],
)
def test_what_derives_nothing_leaves_the_digest_as_it_is(
    copy: Path, module: ModuleType, old: str, new: str
) -> None:
    edit(copy, module, old, new)
    assert code_digest() == said(DIGEST, copy)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        (derive_terms, " is None", " is not None"),
        (derive_terms, "import annotations", "import annotations\n\n_LIMIT = 3"),
        (fact_list, 'BOOL, "the law of Korea', 'DAYS, "the law of Korea'),
    ],
    ids=["condition", "constant", "type of a fact"],
)
def test_a_changed_rule_changes_the_digest(copy: Path, module: ModuleType, old: str, new: str) -> None:
    """Withheld from no line: what a rule says from now on must reach the decisions of yesterday."""
    edit(copy, module, old, new)
    assert code_digest() != said(DIGEST, copy)


def test_a_package_in_a_zip_has_the_digest_of_its_folder(copy: Path) -> None:
    shutil.make_archive(str(copy / "whole"), "zip", copy, PACKAGE.name)
    where = f"import {PACKAGE.name}; print({PACKAGE.name}.__file__)"
    assert str(copy / "whole.zip") in said(where, copy / "whole.zip")
    assert code_digest() == said(DIGEST, copy / "whole.zip")


def test_whatever_python_loads_for_deriving_is_in_the_digest() -> None:
    roots = [module.__name__ for module in last_decided._DERIVES]
    loaded = said(
        f"import sys, {', '.join(roots)}; print(*(n for n, m in sys.modules.items() if hasattr(m, '__file__')))",
        PACKAGE.parent,
    )
    ours = {name for name in loaded.split() if name.startswith(f"{PACKAGE.name}.")}
    packages = {name for name in ours if hasattr(sys.modules.get(name), "__path__")}
    assert set(roots) <= ours
    assert ours - packages <= deriving_modules()


def test_nothing_that_explains_or_reports_is_in_the_digest() -> None:
    assert {words.__name__, explain.__name__, last_decided.__name__}.isdisjoint(deriving_modules())
    every = modules_with_imports([explain.__name__])
    assert words.__name__ in every, "or this test finds nothing anywhere"


def test_a_module_without_source_is_not_passed_over() -> None:
    with pytest.raises(IntegrityError, match="no source"):
        source_digest(["itertools"])
    with pytest.raises(IntegrityError, match="not there"):
        source_digest([f"{PACKAGE.name}.none"])
