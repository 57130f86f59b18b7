"""Every sentence that messages and pages are made of, found in the code and in the templates of pages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from jinja2 import nodes

import healthmon.notify
import healthmon.publish.web.pages
from healthmon.publish.web.pages.rendering import environment

PAGES = Path(healthmon.publish.web.pages.__file__).parent
FOLDERS = (Path(healthmon.notify.__file__).parent, PAGES)


def sentences() -> dict[str, str]:
    """English sentence -> where it stands. Whatever is said must stand there as it is, not be put together."""
    return dict(_all())


def _all() -> Iterator[tuple[str, str]]:
    yield from _in_templates()
    for path in sorted(path for folder in FOLDERS for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "text":
                first = node.args[0] if node.args else None
                where = f"{path.name}:{node.lineno}"
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, where
                elif path.name != "voice.py":
                    raise AssertionError(f"{where}: a sentence that no translator can find")


def _in_templates() -> Iterator[tuple[str, str]]:
    for path in sorted((PAGES / "templates").iterdir()):
        for call in environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "text":
                assert isinstance(call.args[0], nodes.Const), f"{path.name}:{call.lineno}: no translator can find it"
                yield call.args[0].value, f"{path.name}:{call.lineno}"


def names(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}
