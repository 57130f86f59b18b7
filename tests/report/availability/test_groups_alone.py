"""A site that was told while its phones were only about to be believed down is an outage of the headline, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.history.figures import UnknownAs
from healthmon.model import Incident, Kind, Target
from healthmon.report.availability.account import Account, Counting
from healthmon.report.availability.data import report_data
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.availability.text import report_text
from healthmon.report.tables import Screen
from healthmon.store.read.queries import open_reader
from tests.cli.conftest import database
from tests.report.builder import HOUR, MINUTE, NOW, connection, outage, phone, running, steps

__all__ = ["database"]

USUALLY = Counting()
DESKS = [phone(str(number)) for number in range(101, 111)]


def site(number: int, ago: float, **facts: Any) -> Incident:
    """The incident of a site, over after a minute."""
    begun = NOW - ago
    incident = outage(number, DESKS[0], begun, begun + MINUTE, down=10, of=10, **facts)
    return replace(incident, target=Target("office", "site", "203.0.113.7"), kind=Kind.SITE, watch="", cause="")


def account(database: Path, incidents: list[Incident], counting: Counting = USUALLY) -> Account:
    history = [step for desk in DESKS for step in steps(desk, (NOW - 5 * HOUR, desk.belief))]
    with (
        running(database, [connection(), *DESKS], history=history, incidents=incidents),
        open_reader(database) as reader,
    ):
        return account_of(reader, ReportRequest((NOW - 4 * HOUR, NOW), counting=counting), NOW)


def headline(found: Account) -> str:
    return report_text(found, ZoneInfo("UTC"), Screen(None), with_incidents=False)


def test_a_site_whose_phones_were_back_before_they_counted_as_down_is_an_outage(database: Path) -> None:
    found = account(database, [site(1, HOUR)])

    assert "11 targets, 100 % available, 1 outage." in headline(found)
    assert "No target counts as down: all that went down at once was back before that." in headline(found)
    assert "0 outages" not in headline(found)
    document = report_data(found)
    assert (document["causes"], document["overall"]["outages"]) == (1, 0)


def test_a_site_that_took_a_phone_with_it_is_counted_once(database: Path) -> None:
    took = outage(2, DESKS[0], NOW - HOUR, NOW - HOUR + MINUTE, explained_by=1)
    found = account(database, [site(1, HOUR), took])

    assert found.groups_alone == 0


def test_without_maintenance_a_site_within_it_is_none(database: Path) -> None:
    incidents = [site(1, HOUR, muted_by="maintenance backup")]
    without = Counting(UnknownAs.EXCLUDE, excludes_maintenance=True)

    assert account(database, incidents).outages == 1
    assert "no outage" in headline(account(database, incidents, without))


@pytest.mark.parametrize("ago", [5 * HOUR, -HOUR])
def test_a_site_outside_of_the_window_is_none(ago: float, database: Path) -> None:
    assert account(database, [site(1, ago)]).outages == 0
