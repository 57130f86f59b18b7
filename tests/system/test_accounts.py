"""How a message is read when it is held against what was booked."""

from __future__ import annotations

from pathlib import Path

from tests.sinks import Arrived
from tests.system.accounts import Saying, sayings

GOLDEN = Path(__file__).parents[1] / "notify" / "golden" / "en"


def read(name: str) -> list[Saying]:
    """Read what a golden message says of its incidents."""
    return list(sayings([Arrived("", (GOLDEN / f"{name}.txt").read_text(encoding="utf-8"), 0.0)]))


def test_several_that_did_not_come_back_after_a_restart_are_told_to_be_down() -> None:
    assert read("not_back_after_restart") == [Saying(number, "DOWN", is_marked=False) for number in (90, 101, 102, 103)]


def test_several_that_were_found_down_at_the_first_look_are_told_to_be_down() -> None:
    assert read("first_look") == [Saying(number, "DOWN", is_marked=False) for number in (1, 2, 3)]
