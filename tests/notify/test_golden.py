"""What people read, letter by letter. ``HEALTHMON_REWRITE_GOLDEN=1 pytest tests/notify/test_golden.py`` rewrites it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from healthmon.notify.digest import compose
from tests.notify.cases import CASES
from tests.notify.rows import ENGLISH

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(CASES))
def test_message_reads_as_agreed(name: str) -> None:
    case = CASES[name]()
    golden = GOLDEN / f"{name}.txt"

    message = compose(case.rows, replace(ENGLISH, now=case.now), most_characters=case.most_characters)

    text = f"{message.subject}\n[{message.mood}]\n\n{message.body}\n"
    if os.environ.get("HEALTHMON_REWRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)
