"""A check that lives here alone goes the whole way, from what a source saw to a message, a row and a figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.core.monitor import Monitor
from healthmon.languages import language
from healthmon.model import ENDPOINT_CHECKS, Changes, Channel, Ending, Health, Sighting
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.voice import Voice
from healthmon.report.availability.account import By
from healthmon.report.availability.data import report_data
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.status.data import status_data
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.read.queries import open_reader
from tests.core.scene import START, config
from tests.test_engine import TRUNK, Stage
from tests.toy_check.toy import DISPLAY, DISPLAY_CHECK, DisplayProbe

ZONE = ZoneInfo("Europe/Berlin")


class Office(Stage):
    """The engine's stage, with a trunk that is up and a probe that looks at its display."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.probe = DisplayProbe(self._offer, self.clock.now)
        self.seen: list[Sighting] = []
        self.engine.connect({("office", Channel.REST): self.polls, ("office", Channel.PROBES): self.probe})
        self.engine.step([self.snapshot()])
        self.looks()

    def _offer(self, sighting: Sighting) -> None:
        self.seen.append(sighting)

    def looks(self) -> None:
        """The probe looks; what it sees is booked."""
        self.probe.look(TRUNK)
        self.step()

    def step(self) -> None:
        """The engine takes what was seen, and what it then asks for."""
        seen, self.seen = self.seen, []
        self.engine.step(seen)

    def goes_dark(self) -> None:
        """The display goes dark, and that is believed."""
        self.probe.dark.add(TRUNK)
        self.looks()
        self.time.passes(31)
        # The engine asks once more, and takes the answer.
        self.step()
        self.step()

    def status(self) -> Status:
        """What ``healthmon status`` shows."""
        with open_reader(self.path) as reader:
            return read_status(reader, self.clock.now())

    def report(self) -> dict[str, Any]:
        """What ``healthmon report --format json`` says."""
        with open_reader(self.path) as reader:
            asked = ReportRequest((START, self.clock.now()), with_checks=True)
            told = report_data(account_of(reader, asked, self.clock.now()))
        return {**told, "targets": list(told["targets"])}

    def message(self) -> str:
        """What is told next, delivered."""
        with closing(open_outbox(self.path)) as outbox:
            claim = outbox.claim("oncall/boss", self.clock.now())
            if claim is None:
                return ""
            outbox.delivered(claim, self.clock.now())
            message = compose(claim.rows, Voice(language("en"), ZONE, self.clock.now()))
            return f"{message.subject}\n{message.body}"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setitem(ENDPOINT_CHECKS, DISPLAY, DISPLAY_CHECK)
    stage = Office(tmp_path / "healthmon.db")
    with closing(stage.writer):
        yield stage


def test_a_new_check_takes_fewer_than_80_lines() -> None:
    code = (Path(__file__).parent / "toy.py").read_text()

    assert len(code.splitlines()) < 80


def test_what_a_source_saw_becomes_a_message_a_row_and_a_figure(office: Office) -> None:
    office.goes_dark()

    message = office.message()
    assert "DOWN display of phone trunk-a (office)" in message, message
    assert "the display is dark" in message
    [row] = office.status().targets
    assert (row.check, row.state, row.reason) == (DISPLAY, Health.DOWN, "display: the display is dark")
    assert [(check.check, check.state) for check in row.checks] == [("reachability", "up"), (DISPLAY, "down")]
    [target] = status_data(office.status())["targets"]
    assert [check["state"] for check in target["checks"]] == ["up", "down"]
    with open_reader(office.path) as reader:
        window = (START, office.clock.now())
        account = account_of(reader, ReportRequest(window, by=By.CHECK), office.clock.now())
    figures = {group.name: group.figures for group in account.groups}
    assert figures[DISPLAY].down_s > 0
    assert figures["reachability"].down_s == 0
    [line] = [line for line in account.lines if line.target == TRUNK]
    assert (line.figures.down_s, line.figures.outages) == (figures[DISPLAY].down_s, 1)


def test_what_is_down_by_two_checks_counts_once(office: Office) -> None:
    office.goes_dark()
    office.loses_the_trunk()
    office.time.passes(100)
    office.engine.step([office.snapshot(Health.DOWN)])

    [target] = [target for target in office.report()["targets"] if target["endpoint"] == TRUNK.endpoint]
    reachability, display = target["checks"]
    assert reachability["downtime_s"] > 0
    assert target["downtime_s"] == display["downtime_s"] > reachability["downtime_s"]
    assert target["outages"] == 1


def test_a_check_that_does_not_count_changes_neither_row_nor_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before the check is heard of for the first time.
    monkeypatch.setitem(ENDPOINT_CHECKS, DISPLAY, replace(DISPLAY_CHECK, counts=False))
    office = Office(tmp_path / "healthmon.db")
    with closing(office.writer):
        office.goes_dark()

        assert "DOWN display of phone trunk-a (office)" in office.message()
        [row] = office.status().targets
        assert (row.check, row.state) == ("reachability", Health.UP)
        [target] = [target for target in office.report()["targets"] if target["endpoint"] == TRUNK.endpoint]
        assert (target["downtime_s"], target["outages"]) == (0, 0)
        assert [(check["check"], check["outages"]) for check in target["checks"]] == [("reachability", 0), (DISPLAY, 1)]


def test_it_is_told_when_it_is_back(office: Office) -> None:
    office.goes_dark()
    office.message()

    office.probe.dark.clear()
    office.looks()
    office.time.passes(11)
    office.step()
    office.step()

    assert "UP display of phone trunk-a (office)" in office.message()
    assert office.open_incidents() == []


def test_rule_02c_what_an_earlier_check_explains_is_told_when_that_is_over_and_it_lasts(office: Office) -> None:
    office.loses_the_trunk()
    office.probe.dark.add(TRUNK)
    office.looks()
    office.time.passes(31)
    office.engine.step([office.snapshot(Health.DOWN)])
    office.step()

    [reachability, display] = office.open_incidents()
    assert display.explained_by == reachability.id
    assert "display" not in office.message()

    office.engine.step([office.snapshot()])
    office.time.passes(11)
    office.engine.step([office.snapshot()])
    message = office.message()
    assert "DOWN display of phone trunk-a (office)" in message
    assert "it can be reached again, and could not be from" in message


def test_it_goes_on_after_a_restart_and_nothing_is_told_twice(office: Office) -> None:
    office.goes_dark()
    office.message()
    changes = Changes()

    monitor = Monitor(config(), office.writer.load(), office.clock.now())
    monitor.start(office.clock.now(), changes)

    endpoint = monitor.known.endpoint(TRUNK)
    assert endpoint is not None
    assert {name: check.belief for name, check in endpoint.checks.items()} == {"reachability": "up", DISPLAY: "down"}
    assert changes.notifications == []


def test_a_check_that_is_not_known_any_more_ends_and_hides_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.goes_dark()
    office.message()
    changes = Changes()

    monkeypatch.delitem(ENDPOINT_CHECKS, DISPLAY)
    Monitor(config(), office.writer.load(), office.clock.now()).start(office.clock.now(), changes)

    assert [incident.ending for incident in changes.incidents.values()] == [Ending.NOT_WATCHED]
    [row] = office.status().targets
    assert (row.check, row.state) == ("reachability", Health.UP)
