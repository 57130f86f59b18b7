"""What belongs into one folder of the store alone stands nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import healthmon

HEALTHMON = Path(healthmon.__file__).parent
STORE = HEALTHMON / "store"

#: A statement, by its first words.
SQL = r"\s*(SELECT\s.*\sFROM|INSERT INTO|UPDATE\s\w+\sSET|DELETE FROM|CREATE (TABLE|INDEX))\s"

#: What another kind of database does not have, or not so.
SQLITES_OWN = r"PRAGMA|sqlite_master|dbstat|VACUUM|data_version|-wal\b|-shm\b|mode=r"


def test_sql_stands_in_the_store_alone() -> None:
    outside = [text for path, text in _texts(HEALTHMON) if STORE not in path.parents and re.match(SQL, text, re.DOTALL)]

    assert outside == []
    assert len([text for _, text in _texts(STORE) if re.match(SQL, text, re.DOTALL)]) > 100


def test_pragmas_and_sqlites_own_files_and_tables_are_known_to_the_folder_sqlite_alone() -> None:
    sqlite = STORE / "sqlite"
    found = [(path.name, text) for path, text in _texts(STORE) if sqlite not in path.parents]

    assert [(name, text) for name, text in found if re.search(SQLITES_OWN, text)] == []
    assert len({path for path, text in _texts(sqlite) if re.search(SQLITES_OWN, text)}) > 5


def _texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every text in the code of a folder, but for docstrings."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                yield path, node.value
