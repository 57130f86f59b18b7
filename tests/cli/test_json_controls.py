"""JSON goes to terminals, too: what they obey of strangers' names stands there as an escape of JSON, with its value."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from healthmon.model import Health
from healthmon.report.json_text import json_text, without_controls
from tests.cli.conftest import Run
from tests.report.builder import HOUR, NOW, outage, phone, running, steps

#: C1 controls (of which CSI begins a command to a terminal), and all that turns the direction of a line.
OBEYED = "".join(map(chr, (*range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))))
NAME = f"é{OBEYED}1"
EVIL = phone(NAME)
COMMANDS = (
    ("status", "--json"),
    ("incidents", "--json"),
    ("incident", "7", "--json"),
    ("history", f"PJSIP/{NAME}", "--json"),
    ("report", "--format", "json"),
    ("export", "--format", "jsonl"),
    ("export", "--what", "incidents", "--format", "jsonl"),
)


def texts(value: Any) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: f"{arguments[0]} {arguments[-1]}")
def test_json_escapes_c1_controls_and_bidi_characters_with_the_same_value(
    arguments: tuple[str, ...], database: Path, run: Run
) -> None:
    down = replace(EVIL, belief=Health.DOWN, reason=OBEYED)
    history = [replace(one, cause=OBEYED) for one in steps(EVIL, (NOW - HOUR, Health.UP), (NOW - 60, Health.DOWN))]
    incident = replace(outage(7, EVIL, NOW - 60), cause=OBEYED)
    with running(database, [down], history=history, incidents=[incident]):
        printed = run(*arguments).stdout

    assert not set(OBEYED) & set(printed)
    assert "é" in printed
    values = [json.loads(line) for line in (printed.splitlines() if "jsonl" in arguments else [printed])]
    assert any(NAME in text for text in texts(values))


def test_every_json_of_a_command_is_written_without_what_a_terminal_obeys() -> None:
    """Another way to JSON would be another way to a terminal."""
    package = Path(__file__).parents[2] / "healthmon"
    dumping = [
        line.strip()
        for folder in ("cli", "report")
        for file in (package / folder).rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"(?<!`)json\.dumps\(", line) and "without_controls(" not in line
    ]

    assert dumping == []


def test_what_is_no_control_stays_as_it_is() -> None:
    plain = "„Zürich“ – 東京, \u00a0 and 😀\n"

    assert without_controls(plain) == plain
    assert json_text({"a": "\u202e\x1b"}) == '{\n  "a": "\\u202e\\u001b"\n}'
