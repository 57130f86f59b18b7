"""No module imports one that imports it, however far around: also not for the types alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]


def name_of(path: Path) -> str:
    """``healthmon.store.rows``; of a folder's ``__init__.py`` the folder's."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in (ROOT / "healthmon").rglob("*.py")}


def imported_by(path: Path) -> Iterator[str]:
    """The modules of healthmon that a file imports, at its top or anywhere else."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            if node.module not in MODULES:
                continue
            modules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            yield from modules or {node.module}


def test_no_module_imports_itself_by_a_way_around() -> None:
    graph = {name: set(imported_by(path)) for name, path in MODULES.items()}

    assert graph["healthmon.engine"]
    TopologicalSorter(graph).prepare()
