"""Restarts of Asterisk in ``healthmon history`` and ``healthmon report``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from healthmon.model import Changes, Check, Ending, Health, Kind, Note, Restart
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.report.builder import DAY, HOUR, NOW, connection, outage, phone, stopped

STARTED = "2026-05-01T08:00:01.250+0000"


@pytest.fixture
def office(database: Path) -> Path:
    """Two restarts of the office today and one last week, of which one was told; one of the branch."""
    states = [connection(), connection("branch"), phone("101")]
    stopped(database, states)
    times = [("office", 8 * DAY), ("office", 3 * HOUR), ("office", 2 * HOUR), ("branch", HOUR)]
    told = outage(7, connection(), NOW - 2 * HOUR, NOW - 2 * HOUR, check=Check.RESTART, health=Health.UP)
    writer = open_writer(database, now=NOW)
    writer.commit(
        Changes(
            restarts=[Restart(pbx, NOW - ago, STARTED) for pbx, ago in times],
            incidents={7: told},
            notes=[Note(7, NOW - 2 * HOUR, "told nobody: silence 12")],
        )
    )
    writer.close()
    assert (told.kind, told.ending) == (Kind.PBX, Ending.RECOVERED)
    return database


def test_each_restart_is_an_event_in_the_history_of_its_pbx(office: Path, run: Run) -> None:
    events = json.loads(run("history", "office", "--json", "--since", "24h").stdout)["events"]

    restarts = [event for event in events if event["what"] == "restart"]
    assert [event["words"] for event in restarts] == [f"Asterisk was restarted, by its own clock at {STARTED}"] * 2
    # Its telling is told of; it neither begins nor is over.
    assert [event["words"] for event in events if event["incident"] == 7] == ["told nobody: silence 12"]
    assert "restart" in run("history", "office", "--since", "24h").stdout
    assert "restart" not in run("history", "101", "--since", "24h").stdout


def test_the_report_counts_the_restarts_of_its_window(office: Path, run: Run) -> None:
    report = json.loads(run("report", "--since", "24h", "--format", "json").stdout)

    by_name = {(row["pbx"], row["endpoint"]): row["restarts"] for row in report["targets"]}
    assert by_name == {("office", ""): 2, ("branch", ""): 1, ("office", "PJSIP/101"): 0}
    assert report["overall"]["restarts"] == 3
    assert report["incidents"] == []


def test_the_report_of_one_pbx_counts_its_own(office: Path, run: Run) -> None:
    report = json.loads(run("report", "--since", "30d", "--pbx", "office", "--format", "json").stdout)

    assert report["overall"]["restarts"] == 3


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_the_report_says_so_in_words_and_in_a_column(office: Path, run: Run, form: str) -> None:
    text = run("report", "--since", "24h", "--format", form).stdout

    assert "3 restarts of Asterisk." in text
    assert "RESTARTS" in text


def test_the_report_for_a_spreadsheet_has_a_column_of_restarts(office: Path, run: Run) -> None:
    rows = list(csv.DictReader(run("report", "--since", "24h", "--format", "csv").stdout.splitlines()))

    assert sorted(row["restarts"] for row in rows) == ["0", "1", "2"]


def test_the_page_has_a_tile_of_restarts(office: Path, run: Run) -> None:
    assert "restarts of Asterisk" in run("report", "--since", "24h", "--format", "html").stdout


def test_days_count_their_own_restarts(office: Path, run: Run) -> None:
    report = json.loads(run("report", "--since", "30d", "--by", "day", "--format", "json").stdout)

    assert sorted(group["restarts"] for group in report["groups"] if group["restarts"]) == [1, 3]


def test_by_check_a_restart_is_counted_once_and_not_for_each_check_of_its_pbx(database: Path, run: Run) -> None:
    checks = (Check.CONNECTION, Check.INVENTORY, Check.DRIVERS)
    stopped(database, [connection(check=check) for check in checks])
    writer = open_writer(database, now=NOW)
    writer.commit(Changes(restarts=[Restart("office", NOW - HOUR, STARTED)]))
    writer.close()

    report = json.loads(run("report", "--since", "24h", "--by", "check", "--format", "json").stdout)

    assert {group["name"]: group["restarts"] for group in report["groups"]} == {
        "connection": 1,
        "inventory": 0,
        "drivers": 0,
    }
    assert report["overall"]["restarts"] == 1


def test_by_check_what_flaps_of_a_pbx_is_counted_once_and_in_its_own_line(database: Path, run: Run) -> None:
    states = [connection(check=check) for check in (Check.CONNECTION, Check.INVENTORY, Check.DRIVERS)]
    flapping = [
        outage(1, states[0], NOW - 3 * HOUR, NOW - 2 * HOUR, flap_episodes=1),
        outage(2, states[1], NOW - 3 * HOUR, NOW - 2 * HOUR, flap_episodes=2),
    ]
    stopped(database, states, incidents=flapping)

    by_check = json.loads(run("report", "--since", "24h", "--by", "check", "--format", "json").stdout)
    by_target = json.loads(run("report", "--since", "24h", "--format", "json").stdout)

    flaps = {group["name"]: group["flaps"] for group in by_check["groups"]}
    assert flaps == {"connection": 1, "inventory": 2, "drivers": 0}
    assert [target["flaps"] for target in by_target["targets"]] == [3]
    assert by_check["overall"]["flaps"] == by_target["overall"]["flaps"] == 3
