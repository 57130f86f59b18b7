"""docs/security.md names each file that is written and a test for it; and only one module opens files for writing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

#: What makes or changes files. The demo does so in a new folder of its own.
WRITING = {"touch", "write_text", "write_bytes", "mkstemp", "NamedTemporaryFile", "chown", "fchown", "lchown", "chmod"}
FLAGS = {"O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC", "O_APPEND"}


def test_only_one_module_opens_files_for_writing() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((ROOT / "healthmon").rglob("*.py"))
        if path.name != "files.py" and "demo" not in path.parts
        for name in _writing(ast.parse(path.read_text(encoding="utf-8")))
    }

    # Output that nobody reads any more goes to /dev/null.
    assert found == {"healthmon/cli/main.py: O_WRONLY"}


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def _writing(tree: ast.Module) -> set[str]:
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    opening = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) == "open"]
    words = [str(word.value) for call in opening for word in call.args if isinstance(word, ast.Constant)]
    modes = {f"open {word}" for word in words if re.fullmatch("[rwaxbt+]*[wax+][rwaxbt+]*", word)}
    # "Memberships.touch" is no file's.
    return {name for name in names if name in FLAGS or (name in WRITING and "Path" in ast.dump(tree))} | modes


@pytest.mark.parametrize("name", re.findall(r"`(test_\w+)`", PAGE))
def test_the_tests_that_the_page_names_exist(name: str) -> None:
    assert f"def {name}(" in TESTS


def test_the_page_speaks_of_every_file_that_is_left_beside_a_database() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "healthmon" / "store").rglob("*.py"))
    notes = (ROOT / "healthmon" / "notify" / "delivery" / "past_outbox.py").read_text(encoding="utf-8")
    ends = set(re.findall(r'"(\.\w+|-wal|-shm|-journal)"', code)) | {
        f".{name}" for name in re.findall(r'ToldNote\(database, "([\w-]+)"', notes)
    }

    assert {".lock", ".new", "-wal", ".partial", ".told-lost"} <= ends
    assert {end for end in ends if end not in PAGE} == set()
