"""How registrations look: in the status, in reports, in messages, and to programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthmon.errors import ExitCode, Trouble
from healthmon.languages import language
from healthmon.model import (
    Channel,
    Check,
    ConnectionReport,
    Health,
    Observation,
    RegistrationList,
    Source,
    Target,
    Witness,
)
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.voice import Voice
from healthmon.report.availability.account import By
from healthmon.report.availability.data import report_data
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.read.queries import open_reader
from tests.core.scene import START, config, pbx_config
from tests.test_engine import TRUNK, Stage

ZONE = ZoneInfo("Europe/Berlin")
NOBODY = Target("office", "REGISTRATION", "reg-old")
LOST = "not registered at sip.example.net: rejected, or not answered; incoming calls are affected"


class Office(Stage):
    """An engine that hears of two registrations: that of the trunk, and one of nobody."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, config(pbx_config(ami="tcp://127.0.0.1:5038"), group_wait=0.0))
        self.engine.step([self.snapshot(), ConnectionReport("office", Channel.MANAGER, self.clock.now())])
        self.says({TRUNK: Health.UP, NOBODY: Health.UP})

    def says(self, health_of: dict[Target, Health]) -> None:
        """What the list says of all registrations."""
        at = self.clock.now()
        seen = [
            Observation(target, health, at, Source.SNAPSHOT, Witness.MANAGER, LOST, check=Check.REGISTRATION)
            for target, health in health_of.items()
        ]
        self.engine.step([*seen, RegistrationList("office", at, frozenset(health_of))])

    def loses(self, *targets: Target) -> None:
        """These are rejected, and that is believed; the PBX is seen all the while."""
        health_of = {TRUNK: Health.UP, NOBODY: Health.UP} | dict.fromkeys(targets, Health.DOWN)
        self.says(health_of)
        self.time.passes(5)
        self.engine.step([])
        self.time.passes(26)
        self.engine.step([self.snapshot()])
        self.says(health_of)

    def status(self) -> Status:
        with open_reader(self.path) as reader:
            return read_status(reader, self.clock.now())

    def message(self, code: str = "en") -> str:
        with closing(open_outbox(self.path)) as outbox:
            claim = outbox.claim("oncall/boss", self.clock.now())
            if claim is None:
                return ""
            message = compose(claim.rows, Voice(language(code), ZONE, self.clock.now()))
            return f"{message.subject}\n{message.body}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    stage = Office(tmp_path / "healthmon.db")
    with closing(stage.writer):
        yield stage


def test_green_and_rejected_is_not_green_anywhere(office: Office) -> None:
    office.loses(TRUNK)

    [row] = [row for row in office.status().targets if row.target == TRUNK]
    assert (row.check, row.state, row.reason) == (Check.REGISTRATION, Health.DOWN, f"registration: {LOST}")
    assert [(check.check, check.state) for check in row.checks] == [("reachability", "up"), ("registration", "down")]
    assert "incoming calls are affected" in status_text(status_data(office.status()), StatusLayout(), ZONE, Screen(300))
    [target] = [target for target in status_data(office.status())["targets"] if target["endpoint"] == TRUNK.endpoint]
    assert [(check["check"], check["state"]) for check in target["checks"]] == [
        ("reachability", "up"),
        ("registration", "down"),
    ]
    assert office.status().exit_code == ExitCode.PROBLEM
    with open_reader(office.path) as reader:
        window = (START, office.clock.now())
        account = account_of(reader, ReportRequest(window, by=By.CHECK), office.clock.now())
    figures = {group.name: group.figures.down_s for group in account.groups}
    assert figures["registration"] > 0
    assert figures["reachability"] == 0


def test_the_message_names_the_provider_the_check_and_the_server(office: Office) -> None:
    office.loses(TRUNK)

    message = office.message()
    assert "DOWN registration of phone trunk-a (office)" in message
    assert LOST in message


def test_a_russian_message_is_russian_throughout(office: Office) -> None:
    office.loses(TRUNK)

    translated = office.message("ru")
    assert "регистрация" in translated
    assert "входящие вызовы затронуты" in translated


def test_a_registration_of_nobody_has_its_row_its_message_and_its_figure(office: Office) -> None:
    office.loses(NOBODY)

    [row] = [row for row in office.status().targets if row.target == NOBODY]
    assert (row.kind, row.state) == ("registration", Health.DOWN)
    assert "REGISTRATION/reg-old" in status_text(status_data(office.status()), StatusLayout(), ZONE, Screen(300))
    assert "DOWN registration reg-old (office)" in office.message()
    with open_reader(office.path) as reader:
        asked = ReportRequest((START, office.clock.now()), with_checks=True)
        told = report_data(account_of(reader, asked, office.clock.now()))
        [target] = [each for each in told["targets"] if each["endpoint"] == "REGISTRATION/reg-old"]
    assert target["downtime_s"] > 0
    assert target["kind"] == "registration"


def test_a_manager_interface_that_is_lost_is_shown_and_told_and_no_reason_for_an_exit_code(office: Office) -> None:
    def report() -> None:
        words = "connection refused: nothing listens on 127.0.0.1:5038; is enabled = yes in manager.conf?"
        office.engine.step(
            [ConnectionReport("office", Channel.MANAGER, office.clock.now(), Trouble.REFUSED, words)],
        )

    report()
    office.time.passes(9)
    office.engine.step([office.snapshot()])
    office.time.passes(9)
    office.engine.step([office.snapshot()])
    report()

    [pbx] = office.status().pbxs
    assert (pbx.row.state, pbx.row.check) == (Health.DEGRADED, Check.MANAGER)
    assert not pbx.row.is_alarm
    assert office.status().exit_code != ExitCode.PROBLEM
    message = office.message()
    assert message.startswith("DEGRADED PBX office: manager interface: connection refused")
    assert "registrations are unknown" in message
    [row] = [row for row in office.status().targets if row.target == TRUNK]
    assert row.state is Health.UP
    assert row.checks[1].state is Health.UNKNOWN
