"""How much of the code its reader must unpack: a figure may fall, it must not grow.

Code that others admire has 3 to 4 conditional expressions in 1,000 lines, seldom a helper that is called from one
place, and never calls a variable ``one``.
"""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "healthmon"
PATHS = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]

#: So many conditional expressions in 1,000 lines, at most; and in any one folder.
MOST, MOST_OF_A_FOLDER = 5.5, 17.0
#: So many in the core, in any one folder of it: there they are read the most.
MOST_OF_THE_CORE = 9.0
#: A helper of so many lines at most is short; and of 100 functions so many, at most, are short helpers that are called
#: from one place: the reader jumps there and back. Of code that others admire it is 1 to 4.
SHORT, MOST_CALLED_ONCE = 9, 11.5
#: A smaller folder has too few lines for a figure.
ENOUGH_LINES = 300


@cache
def syntax_of(path: Path) -> ast.Module:
    """What a file says, parsed; not while tests are collected, for that is done in every process of them."""
    return ast.parse((PACKAGE / path).read_text(encoding="utf-8"))


def folder_of(path: Path) -> str:
    """``core/belief``, or ``cli``: where the story would look for it."""
    return "/".join(path.parent.parts[:2])


def lines_of(path: Path) -> int:
    """How long a file is."""
    return len((PACKAGE / path).read_text(encoding="utf-8").splitlines())


def conditionals_in(path: Path) -> int:
    """How many times a file says ``a if b else c``."""
    return sum(isinstance(node, ast.IfExp) for node in ast.walk(syntax_of(path)))


@cache
def lines_of_folders() -> Counter[str]:
    """How long the files of each folder are together."""
    lines: Counter[str] = Counter()
    for path in PATHS:
        lines[folder_of(path)] += lines_of(path)
    return lines


@cache
def conditionals_of_folders() -> Counter[str]:
    """How many times the files of each folder say ``a if b else c``."""
    conditionals: Counter[str] = Counter()
    for path in PATHS:
        conditionals[folder_of(path)] += conditionals_in(path)
    return conditionals


def test_few_conditional_expressions_in_the_whole() -> None:
    assert 1000 * conditionals_of_folders().total() / lines_of_folders().total() <= MOST


def test_few_conditional_expressions_in_each_folder() -> None:
    conditionals, folders = conditionals_of_folders(), lines_of_folders()
    figures = {
        folder: 1000 * conditionals[folder] / lines for folder, lines in folders.items() if lines >= ENOUGH_LINES
    }

    assert {folder: figure for folder, figure in figures.items() if figure > allowed_in(folder)} == {}


def allowed_in(folder: str) -> float:
    """How many conditional expressions in 1,000 lines a folder may have."""
    if folder.startswith("core"):
        return MOST_OF_THE_CORE
    return MOST_OF_A_FOLDER


def is_short_helper(node: ast.AST) -> bool:
    """Whether it is a private function that is quickly read where it stands, and so where it is called."""
    if not isinstance(node, ast.FunctionDef) or not node.name.startswith("_") or node.name.startswith("__"):
        return False
    statements = node.body
    if ast.get_docstring(node) is not None:
        statements = statements[1:]
    return bool(statements) and (statements[-1].end_lineno or 0) - statements[0].lineno < SHORT


def called_once_in(path: Path) -> int:
    """How many short helpers of a file are named at one place in it alone, where they are called."""
    nodes = list(ast.walk(syntax_of(path)))
    named = Counter(node.id for node in nodes if isinstance(node, ast.Name))
    named += Counter(node.attr for node in nodes if isinstance(node, ast.Attribute))
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    once = {function.id for function in called if isinstance(function, ast.Name) and named[function.id] == 1}
    once |= {function.attr for function in called if isinstance(function, ast.Attribute) and named[function.attr] == 1}
    return sum(is_short_helper(node) and getattr(node, "name", "") in once for node in nodes)


def test_few_short_helpers_are_called_from_one_place() -> None:
    functions = sum(isinstance(node, ast.FunctionDef) for path in PATHS for node in ast.walk(syntax_of(path)))

    assert 100 * sum(map(called_once_in, PATHS)) / functions <= MOST_CALLED_ONCE


def names_in(path: Path) -> set[str]:
    """What the variables and arguments of a file are called."""
    nodes = list(ast.walk(syntax_of(path)))
    variables = {node.id for node in nodes if isinstance(node, ast.Name)}
    return variables | {node.arg for node in nodes if isinstance(node, ast.arg)}


def test_no_variable_is_called_one() -> None:
    assert [str(path) for path in PATHS if "one" in names_in(path)] == []
