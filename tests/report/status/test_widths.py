"""``status`` in terminals of 80 and 140 columns: other columns give way before the name of an endpoint is broken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.model import REGISTRATION, Check, CheckState, Health, Kind, Target
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import RoundTrips
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.read.queries import open_reader
from tests.cli.conftest import database
from tests.report.builder import HOUR, MINUTE, NOW, connection, endpoint, phone, provider, running

__all__ = ["database"]

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = ("PJSIP/trunk-easybel-berlin", "PJSIP/trunk-always503", "REGISTRATION/reg-vodafone", "PJSIP/101")
CALLED = {"PJSIP/trunk-easybel-berlin": "Easybell, the line of the hotline in Berlin"}


def states() -> list[CheckState]:
    """Two PBXs with a provider of a long name, one that is degraded, a lost registration of nobody, and a phone."""
    lost = endpoint(Target("office", REGISTRATION, "reg-vodafone"), Kind.REGISTRATION, Health.DOWN)
    busy = provider("trunk-always503", Health.DEGRADED, "branch", reason="answers 503 Service Unavailable")
    easybell = provider("trunk-easybel-berlin", Health.UP, pending=Health.DOWN, pending_since=NOW - MINUTE)
    return [
        connection(),
        connection("branch"),
        easybell,
        replace(provider("trunk-easybel-berlin", Health.DOWN), check=Check.REGISTRATION, reason="rejected"),
        busy,
        replace(lost, check=Check.REGISTRATION, since=NOW - HOUR, reason="rejected, or not answered"),
        phone("101", pbx="branch"),
    ]


def shown(
    database: Path, width: int | None, *, called: dict[str, str] = CALLED, more: Sequence[CheckState] = ()
) -> list[str]:
    with running(database, [*states(), *more]), open_reader(database) as reader:
        status = read_status(reader, NOW, called)
        trunk = Target("office", "PJSIP", "trunk-easybel-berlin")
        status = replace(status, round_trips={trunk: RoundTrips(12.0, 83.0)})
        return status_text(status_data(status), StatusLayout(), BERLIN, Screen(width=width)).splitlines()


@pytest.mark.parametrize("width", [80, 100, 110, 120, 140, 200, None])
def test_the_name_of_an_endpoint_stays_whole_in_each_terminal(database: Path, width: int | None) -> None:
    lines = shown(database, width)

    assert [name for name in NAMES if any(line.startswith(f"{name} ") for line in lines)] == list(NAMES)
    assert all(len(line) <= (width or 1_000) for line in lines)


@pytest.mark.parametrize("width", [80, 140])
def test_a_name_that_is_longer_than_any_of_asterisk_is_cut_and_a_pipe_has_all_of_it(database: Path, width: int) -> None:
    long = phone("Q" * 999, Health.DOWN, pbx="branch")

    # It takes no more than some lines of its own column.
    text = "\n".join(shown(database, width, more=[long]))
    assert text.count("Q") == 255 - len("PJSIP/…")
    assert "Q…" in text

    assert f"PJSIP/{'Q' * 999} " in "\n".join(shown(database, None, more=[long]))


def test_80_columns_have_no_kinds_and_tell_names_before_the_reason(database: Path) -> None:
    lines = shown(database, 80)

    [header] = [line for line in lines if line.startswith("ENDPOINT")]
    assert header.split() == ["ENDPOINT", "PBX", "STATE", "SINCE", "WHY"]
    assert "No room for RTT 50 %, 95 %, KIND; a wider terminal shows more." in lines
    assert "Easybell" in "\n".join(lines)


def test_140_columns_tell_a_long_name_before_the_reason(database: Path) -> None:
    lines = shown(database, 140)

    [header] = [line for line in lines if line.startswith("ENDPOINT")]
    assert header.split() == ["ENDPOINT", "PBX", "KIND", "STATE", "CHECKS", "SINCE", "WHY"]
    assert not any("RTT" in line and "No room" not in line for line in lines)


def test_a_short_name_has_its_column_in_140(database: Path) -> None:
    [header] = [line for line in shown(database, 140, called={"PJSIP/101": "Bar"}) if line.startswith("ENDPOINT")]

    assert header.split()[:3] == ["ENDPOINT", "PBX", "NAME"]


def test_a_terminal_with_room_for_all_shows_all(database: Path) -> None:
    lines = shown(database, 240)

    [header] = [line for line in lines if line.startswith("ENDPOINT")]
    assert "NAME" in header
    assert "RTT" in header
    assert not any("No room" in line for line in lines)
