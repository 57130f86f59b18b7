"""A calendar of days is made from the readings of the meters, without a look at each change."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.model import Changes, Health
from healthmon.report.availability.account import Account
from healthmon.report.availability.daily_readings import Roller
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.meters import Meters
from healthmon.store.read.queries import open_reader
from healthmon.store.write.writer import open_writer
from tests.report.builder import DAY, HOUR, provider, steps

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
END = datetime(2026, 5, 1, 12, tzinfo=BERLIN).timestamp()
DAYS = 30
#: It is down for an hour at each of these hours of a day, and never in the week before the last one.
DOWN_AT = (3, 9, 15, 20)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A provider that is down four times a day, but for a quiet week; its meter is read by the clock of Berlin."""
    trunk = replace(provider("trunk"), watched_since=END - 40 * DAY)
    changes = [(trunk.watched_since, Health.UP)]
    for day in range(40):
        if not 26 <= day < 33:
            midnight = trunk.watched_since + day * DAY
            for hour in DOWN_AT:
                changes += [(midnight + hour * HOUR, Health.DOWN), (midnight + (hour + 1) * HOUR, Health.UP)]
    path = tmp_path / "healthmon.db"
    with closing(open_writer(path, now=END - 40 * DAY)) as writer:
        writer.commit(Changes(states={(trunk.target, trunk.check): trunk}, transitions=steps(trunk, *changes)))
        roller = Roller(writer)
        while roller.step(END, BERLIN):
            pass
        writer.alive(END, ())
    return path


def calendar(database: Path, zone: ZoneInfo) -> Account:
    """The report of a month with pictures."""
    with open_reader(database) as reader:
        return account_of(reader, ReportRequest((END - DAYS * DAY, END), zone=zone, with_pictures=True), END)


def down(account: Account) -> list[float]:
    """How long the provider was down in each cell of the calendar."""
    assert account.pictures is not None
    return [cell.figures.down_s for cell in account.pictures.cells]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many changes were read, question by question. Strips show each change, so there are none here."""
    found: list[int] = []
    ask = Meters.changes

    def changes(self: Meters, check_id: int, since: float, until: float) -> list[tuple[float, Health | None]]:
        rows = ask(self, check_id, since, until)
        found.append(len(rows))
        return rows

    monkeypatch.setattr(Meters, "changes", changes)
    monkeypatch.setattr("healthmon.report.availability.pictures.MOST_STRIPS", 0)
    return found


def test_a_calendar_reads_the_changes_at_its_edges_alone(database: Path, read: list[int]) -> None:
    account = calendar(database, BERLIN)

    assert sum(down(account)) == pytest.approx(account.overall.down_s)
    assert account.overall.outages == (DAYS - 7) * len(DOWN_AT)
    # Those of the day before the first midnight, and of the last day.
    assert sum(read) <= 4 * 2 * len(DOWN_AT)


def test_the_days_of_another_clock_are_worked_out_from_all_changes(database: Path, read: list[int]) -> None:
    account = calendar(database, KOLKATA)

    assert sum(down(account)) == pytest.approx(account.overall.down_s)
    assert sum(read) >= account.overall.outages


def test_a_quiet_day_shows_no_outage(database: Path) -> None:
    cells = down(calendar(database, BERLIN))

    assert sum(seconds == 0 for seconds in cells) == 6
    assert max(cells) == len(DOWN_AT) * HOUR
