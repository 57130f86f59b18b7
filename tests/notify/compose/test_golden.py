"""What people read, letter by letter. ``HEALTHMON_REWRITE_GOLDEN=1 pytest tests/notify/compose`` rewrites it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from healthmon.languages import CODES, language
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.voice import Voice
from tests.notify.cases import CASES
from tests.notify.rows import BERLIN

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("code", CODES)
def test_message_reads_as_agreed(name: str, code: str) -> None:
    case = CASES[name]()
    golden = GOLDEN / code / f"{name}.txt"

    voice = Voice(language(code), BERLIN, case.now)
    message = compose(case.rows, voice, failing=case.failing, most_characters=case.most_characters)

    text = f"{message.subject}\n[{message.mood}]\n\n{message.body}\n"
    if os.environ.get("HEALTHMON_REWRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    found = {str(path.relative_to(GOLDEN).with_suffix("")) for path in GOLDEN.rglob("*.txt")}

    assert found == {f"{code}/{name}" for code in CODES for name in CASES}
