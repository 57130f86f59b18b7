"""Who imports whom, and who makes threads: what import-linter does not look at."""

from __future__ import annotations

import ast
import re
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


def test_no_module_imports_itself_by_a_way_around_not_even_for_types() -> None:
    graph = {name: set(imported_by(path)) for name, path in MODULES.items()}

    assert graph["healthmon.engine"]
    TopologicalSorter(graph).prepare()


#: Whoever makes a thread, and why it is not ``app/threads.py``.
MAKERS = {
    "healthmon.app.threads",
    # A lookup that hangs is left behind.
    "healthmon.wire.names",
    # A command sends its test messages at the same time.
    "healthmon.notify.delivery.trial",
    # In a process of its own: it leaves with whoever asks.
    "healthmon.notify.helper_process",
    # What takes long says so after half a second, whatever it is doing then.
    "healthmon.cli.waiting",
    # What is played.
    "healthmon.demo.fakepbx.server",
    "healthmon.demo.webhook",
}


def test_threads_are_made_by_app_alone_but_for_a_few() -> None:
    made = re.compile(r"\b(Thread|Timer|ThreadPoolExecutor|start_new_thread)\(")

    assert {name for name, path in MODULES.items() if made.search(path.read_text(encoding="utf-8"))} == MAKERS


def kinds_in(path: Path) -> Iterator[str]:
    """The classes, and the names for types, that a file defines; what stands for any type is its own affair."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and "TypeVar" not in ast.dump(node.value):
            yield from (name.id for name in node.targets if isinstance(name, ast.Name) and KIND.fullmatch(name.id))


KIND = re.compile(r"[A-Z]\w*[a-z]\w*")


def test_a_name_of_a_class_means_one_thing_in_the_whole_package() -> None:
    found: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for name in kinds_in(path):
            found.setdefault(name, []).append(module)

    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}
