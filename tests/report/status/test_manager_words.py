"""Why the manager interface of a PBX cannot be asked is said once, in the row of the PBX."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.core.belief.pbx import NO_REGISTRATIONS
from healthmon.model import REGISTRATION, Check, Health, Kind, Target
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.read.queries import open_reader
from tests.cli.conftest import database
from tests.report.builder import MINUTE, NOW, connection, endpoint, provider, running

__all__ = ["database"]

WORDS = (
    "manager interface: not allowed; the user healthmon may not ask for registrations: "
    "manager.conf needs read = system and write = reporting for it"
)


def shown(database: Path, wish: StatusLayout, width: int | None = None) -> str:
    """The status of a PBX whose manager interface cannot be asked, with two registrations, one lost before."""
    manager = connection(belief=Health.DEGRADED, check=Check.MANAGER, reason=f"{WORDS}; {NO_REGISTRATIONS}")
    hidden: dict[str, Any] = {"unknown_because": WORDS, "unknown_since": NOW - MINUTE}
    lost = replace(provider("trunk", Health.DOWN, **hidden), check=Check.REGISTRATION)
    other = endpoint(Target("office", REGISTRATION, "old"), Kind.REGISTRATION, check=Check.REGISTRATION, **hidden)
    states = [connection(), manager, provider("trunk"), lost, other]
    with running(database, states), open_reader(database) as reader:
        return status_text(status_data(read_status(reader, NOW)), wish, ZoneInfo("Europe/Berlin"), Screen(width))


def test_the_sentence_is_in_the_row_of_the_pbx_alone(database: Path) -> None:
    text = shown(database, StatusLayout())

    assert text.count("manager.conf needs read = system") == 1
    [header, office] = [line for line in text.splitlines() if line.startswith(("PBX ", "office "))]
    assert header.split()[-2:] == ["ENDPOINTS", "WHY"]
    assert f"2 unknown  {WORDS}; {NO_REGISTRATIONS}" in office
    assert "registration: not known (see PBX office); was down before" in text
    [old] = [line for line in text.splitlines() if line.startswith("REGISTRATION/old")]
    assert old.endswith("not known (see PBX office)")


def test_where_the_row_of_the_pbx_is_not_shown_the_sentence_stays(database: Path) -> None:
    degraded = connection(belief=Health.DEGRADED, check=Check.MANAGER, reason=f"{WORDS}; {NO_REGISTRATIONS}")
    hidden: dict[str, Any] = {"unknown_because": WORDS, "unknown_since": NOW - MINUTE}
    unseen = provider("trunk", Health.UNKNOWN, check=Check.REGISTRATION, **hidden)
    with running(database, [connection(), degraded, unseen]), open_reader(database) as reader:
        text = status_text(
            status_data(read_status(reader, NOW)), StatusLayout(only_down=True), ZoneInfo("Europe/Berlin"), Screen(None)
        )

    assert "PBX  " not in text
    assert WORDS in text


@pytest.mark.parametrize("width", [80, 140])
def test_a_narrow_terminal_leaves_out_the_times_of_events_for_the_reason(database: Path, width: int) -> None:
    text = shown(database, StatusLayout(), width)

    assert ("No room for EVENT" in text) is (width == 80)
    assert all(len(line) <= width for line in text.splitlines())
