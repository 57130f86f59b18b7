"""How much of the code its reader must unpack: a figure may fall, it must not grow.

Code that others admire has 3 to 4 conditional expressions in 1,000 lines, and never calls a variable ``one``.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "healthmon"
SYNTAX = {path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}

#: So many conditional expressions in 1,000 lines, at most; and in any one folder.
MOST, MOST_OF_A_FOLDER = 7.5, 17.0
#: Folders that have more, and how many; to be lowered whenever they have less.
STILL_MORE = {"core/belief": 34.0, "notify/templates": 24.0}
#: A smaller folder has too few lines for a figure.
ENOUGH_LINES = 300


def folder_of(path: Path) -> str:
    """``core/belief``, or ``cli``: where the story would look for it."""
    return "/".join(path.parent.parts[:2])


def lines_of(path: Path) -> int:
    """How long a file is."""
    return len((PACKAGE / path).read_text(encoding="utf-8").splitlines())


def conditionals_in(path: Path) -> int:
    """How many times a file says ``a if b else c``."""
    return sum(isinstance(node, ast.IfExp) for node in ast.walk(SYNTAX[path]))


LINES: Counter[str] = Counter()
CONDITIONALS: Counter[str] = Counter()
for source in SYNTAX:
    LINES[folder_of(source)] += lines_of(source)
    CONDITIONALS[folder_of(source)] += conditionals_in(source)


def test_few_conditional_expressions_in_the_whole() -> None:
    assert 1000 * CONDITIONALS.total() / LINES.total() <= MOST


def test_few_conditional_expressions_in_each_folder() -> None:
    figures = {folder: 1000 * CONDITIONALS[folder] / lines for folder, lines in LINES.items() if lines >= ENOUGH_LINES}

    assert figures.keys() >= STILL_MORE.keys()
    assert {
        folder: figure for folder, figure in figures.items() if figure > STILL_MORE.get(folder, MOST_OF_A_FOLDER)
    } == {}


def names_in(path: Path) -> set[str]:
    """What the variables and arguments of a file are called."""
    nodes = list(ast.walk(SYNTAX[path]))
    variables = {node.id for node in nodes if isinstance(node, ast.Name)}
    return variables | {node.arg for node in nodes if isinstance(node, ast.arg)}


def test_no_variable_is_called_one() -> None:
    assert [str(path) for path in SYNTAX if "one" in names_in(path)] == []
