"""Every sentence that messages are made of, found in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import healthmon.notify

FOLDER = Path(healthmon.notify.__file__).parent


def sentences() -> dict[str, str]:
    """English sentence -> where it stands. Whatever is said must stand there as it is, not be put together."""
    return dict(_all())


def _all() -> Iterator[tuple[str, str]]:
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "text":
                first = node.args[0] if node.args else None
                where = f"{path.name}:{node.lineno}"
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, where
                elif path.name != "voice.py":
                    raise AssertionError(f"{where}: a sentence that no translator can find")


def names(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}
