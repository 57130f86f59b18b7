"""``report`` in terminals of 80 and 140 columns: what people call endpoints costs no figures, and no name is broken."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.history.figures import Figures
from healthmon.model import DisplayNames, Kind, Target
from healthmon.report.availability.account import Account, TargetFigures
from healthmon.report.availability.text import report_text
from healthmon.report.tables import Screen
from tests.report.builder import DAY, HOUR, NOW

TRUNKS = ("trunk-sipgate-berlin", "trunk-easybel", "reg-vodafone")
NAMES = DisplayNames({"PJSIP/trunk-easybel": "Easybell, the line of the hotline in Berlin"})
FIGURES = replace(
    Figures(7 * DAY), up_s=6 * DAY, down_s=HOUR, longest_s=HOUR, outages=2, restarts=3, degraded_s=3 * HOUR
)


def header(width: int | None, names: DisplayNames = NAMES) -> tuple[list[str], str]:
    """The titles of the columns, and all that is said."""
    lines = tuple(
        TargetFigures(Target("office", "PJSIP", name), Kind.PROVIDER, "providers", FIGURES) for name in TRUNKS
    )
    account = Account((NOW - 7 * DAY, NOW), lines, names=names)
    text = report_text(account, ZoneInfo("Europe/Berlin"), Screen(width=width), with_incidents=False)
    [titles] = [line for line in text.splitlines() if line.startswith("TARGET")]
    return titles.split(), text


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_no_name_of_a_target_is_broken(width: int) -> None:
    _, text = header(width)

    assert all(f"PJSIP/{name}  " in text for name in TRUNKS)
    assert all(len(line) <= width for line in text.splitlines())


@pytest.mark.parametrize("width", [80, 100, 120])
def test_what_few_are_called_costs_no_figure(width: int) -> None:
    titles, text = header(width)

    assert titles == header(width, DisplayNames())[0]
    assert "No room for NAME" in text


def test_where_there_is_room_for_all_names_are_a_column() -> None:
    titles, text = header(160)

    assert titles[:2] == ["TARGET", "NAME"]
    assert "No room" not in text
