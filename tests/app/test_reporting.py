"""When reports are made: at their time, once, also when healthmon was down then; on a real store, with a fake clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.app.report_process import ReportFailed
from healthmon.app.reporting import LOOK_EVERY, PAUSES, Reporter
from healthmon.config.configuration import Config
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.config.sections.shared import Secret
from healthmon.config.values import calendar_time
from healthmon.errors import DatabaseUnwritable
from healthmon.store.outbox.report_book import MadeReport, ReportBook
from healthmon.times.clock import Clock
from healthmon.times.occasions import CalendarTime, Occasion, following
from tests.store.scene import BOSS, Store

BERLIN = ZoneInfo("Europe/Berlin")
DAY, HOUR = 86400.0, 3600.0


def at(words: str, zone: ZoneInfo = BERLIN) -> CalendarTime:
    weekdays, day, minute = calendar_time(words)
    return CalendarTime(weekdays, day, minute, zone)


def moment(words: str) -> float:
    return datetime.fromisoformat(words).replace(tzinfo=BERLIN).timestamp()


MONTHLY = ScheduleConfig("monthly", ("--since", "30d"), at("1st 07:00"), ("oncall",))
DAILY = ScheduleConfig("daily", (), at("daily 07:00"), ("oncall",))


class FragileBook(ReportBook):
    """A book whose database can be made unwritable for some attempts."""

    refuses = 0

    def book(self, *arguments: object, **facts: object) -> None:
        """Book, or raise."""
        if self.refuses:
            self.refuses -= 1
            raise DatabaseUnwritable(self._session.path, "the disk is full")
        super().book(*arguments, **facts)  # type: ignore[arg-type]


@dataclass
class Office:
    """A daemon's reporter. ``lives_until()`` lets time pass; ``restarts()`` is another daemon on the same database."""

    store: Store
    time: float
    schedules: tuple[ScheduleConfig, ...] = (MONTHLY,)
    #: (schedule, day, how late it was) of each report that was made.
    made: list[tuple[str, str, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    woken: int = 0

    def __post_init__(self) -> None:
        self.book = FragileBook(self.store.path)
        self.restarts()

    def restarts(self) -> None:
        """Another daemon begins."""
        receiver = ReceiverConfig("oncall", (ReceiverUrl(BOSS, Secret("json://127.0.0.1")),))
        config = Config(
            path=Path("config.ini"),
            database=self.store.path,
            timezone=BERLIN,
            log_level="info",
            pbxs=(),
            watches=(),
            receivers=(receiver,),
            schedules=self.schedules,
        )
        self.stop = _Pauses(self)
        self.reporter = Reporter(
            config,
            make=self._make,
            wake_deliverers=self._wake,
            clock=Clock(lambda: self.time, lambda: self.time),
            stop=self.stop,
        )

    def _make(self, schedule: ScheduleConfig, due: Occasion, _stop: Event) -> MadeReport:
        if self.failures:
            raise ReportFailed(self.failures.pop(0))
        self.made.append((schedule.name, due.day.isoformat(), self.time - due.at))
        return MadeReport(schedule.name, due.day.isoformat(), text="text")

    def _wake(self) -> None:
        self.woken += 1

    def lives_until(self, words: str) -> None:
        """Work until then."""
        end = moment(words)
        while self.time < end:
            wait = self.reporter.step(self.book)
            # Looks at which nothing is due are left out, or a month would be 86,400 of them.
            idle = [following(one.at, self.time).at - self.time for one in self.schedules] if wait == LOOK_EVERY else []
            self.time = min(self.time + min(idle, default=wait), end)
        self.reporter.step(self.book)

    def sleeps_until(self, words: str) -> None:
        """Nothing runs until then."""
        self.time = moment(words)

    @property
    def booked(self) -> list[tuple[str, str]]:
        """(schedule, day) of each report in the database."""
        with self.store.reading() as reader:
            return [(row["schedule"], row["day"]) for row in reader._rows("SELECT * FROM reports ORDER BY id")]


class _Pauses(Event):
    """A wait that lets time pass."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office

    def wait(self, timeout: float | None = None) -> bool:
        self._office.time += timeout or 0.0
        return self.is_set()


@pytest.fixture
def office(store: Store) -> Iterator[Office]:
    """Its first start is in April."""
    office = Office(store, moment("2026-04-10 12:00"))
    yield office
    office.book.close()


def test_a_report_is_made_at_its_time_and_once(office: Office) -> None:
    office.lives_until("2026-05-01 06:59")
    assert office.made == []

    office.lives_until("2026-06-02 00:00")

    assert [(name, day) for name, day, _ in office.made] == [("monthly", "2026-05-01"), ("monthly", "2026-06-01")]
    assert all(late < 1 for _, _, late in office.made)
    assert office.booked == [("monthly", "2026-05-01"), ("monthly", "2026-06-01")]
    assert office.woken == 2


def test_what_was_before_the_schedule_was_configured_is_not_made_up_for(office: Office) -> None:
    office.lives_until("2026-04-20 12:00")

    assert office.made == []


def test_who_was_down_at_the_hour_catches_up_after_the_start(office: Office) -> None:
    office.lives_until("2026-04-30 12:00")
    office.sleeps_until("2026-05-03 09:00")

    office.restarts()
    office.lives_until("2026-05-04 12:00")

    assert office.made == [("monthly", "2026-05-01", 50 * HOUR)]


def test_who_was_down_for_months_catches_up_once_not_once_a_month(office: Office) -> None:
    office.lives_until("2026-04-30 12:00")
    office.sleeps_until("2026-09-15 09:00")

    office.restarts()
    office.lives_until("2026-10-01 12:00")

    assert office.booked == [("monthly", "2026-09-01"), ("monthly", "2026-10-01")]


def test_restarts_do_not_repeat_a_report(office: Office) -> None:
    office.lives_until("2026-05-01 07:00")
    for _ in range(5):
        office.restarts()
        office.lives_until("2026-05-01 08:00")

    assert office.booked == [("monthly", "2026-05-01")]


def test_a_daemon_that_is_killed_before_the_booking_makes_it_anew(office: Office) -> None:
    office.lives_until("2026-05-01 06:59")
    office.book.refuses = 1
    office.stop.set()
    office.sleeps_until("2026-05-01 07:00")
    office.reporter.step(office.book)
    assert office.booked == []

    office.restarts()
    office.lives_until("2026-05-01 07:01")

    assert office.booked == [("monthly", "2026-05-01")]
    assert len(office.made) == 2


def test_a_disk_that_is_full_for_a_while_makes_it_late_and_not_twice(office: Office) -> None:
    office.lives_until("2026-05-01 06:59")
    office.book.refuses = 30

    office.lives_until("2026-05-01 09:00")

    assert len(office.made) == 1
    assert office.booked == [("monthly", "2026-05-01")]


def test_what_could_not_be_made_is_tried_again(office: Office) -> None:
    office.lives_until("2026-05-01 06:59")
    office.failures = ["the database is busy"] * len(PAUSES)

    office.lives_until("2026-05-01 09:00")

    assert office.booked == [("monthly", "2026-05-01")]
    assert [late for _, _, late in office.made] == [sum(PAUSES)]


def test_what_cannot_be_made_is_told_instead(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.lives_until("2026-05-01 06:59")
    office.failures = ["it is damaged"] * (len(PAUSES) + 1)

    office.lives_until("2026-05-01 09:00")

    with office.store.reading() as reader:
        facts = reader.newest_reports()["monthly"]
    assert (facts.trouble, [one.url_id for one in facts.deliveries]) == ("it is damaged", [BOSS])
    assert caplog.messages.count("the monthly report could not be made: it is damaged") == len(PAUSES) + 1


def test_another_time_of_a_schedule_begins_anew(office: Office) -> None:
    office.lives_until("2026-05-01 06:00")
    office.schedules = (replace(MONTHLY, at=at("1st 05:00")),)
    office.restarts()
    office.lives_until("2026-05-31 12:00")
    assert office.made == [], "what is past is not made up for"

    office.lives_until("2026-06-01 05:00")

    assert office.booked == [("monthly", "2026-06-01")]


def test_a_schedule_that_was_gone_for_a_while_makes_nothing_up(office: Office) -> None:
    office.lives_until("2026-04-30 12:00")
    office.schedules = ()
    office.restarts()
    office.lives_until("2026-05-02 12:00")

    office.schedules = (MONTHLY,)
    office.restarts()
    office.lives_until("2026-05-20 12:00")

    assert office.booked == []


def test_several_schedules_do_not_disturb_each_other(office: Office) -> None:
    office.schedules = (MONTHLY, DAILY)
    office.restarts()

    office.lives_until("2026-05-02 08:00")

    assert office.booked.count(("monthly", "2026-05-01")) == 1
    days = [day for name, day in office.booked if name == "daily"]
    assert days == sorted(set(days))
    assert (days[0], days[-1], len(days)) == ("2026-04-11", "2026-05-02", 22)


def test_a_clock_that_is_set_back_does_not_repeat_the_report_of_the_day(office: Office) -> None:
    office.lives_until("2026-05-01 07:30")

    office.sleeps_until("2026-05-01 06:30")
    office.lives_until("2026-05-01 08:00")

    assert office.booked == [("monthly", "2026-05-01")]


def test_a_clock_that_was_wrong_by_years_does_not_end_the_reports(office: Office) -> None:
    office.lives_until("2026-04-20 12:00")
    office.sleeps_until("2031-01-05 12:00")
    office.reporter.step(office.book)

    office.sleeps_until("2026-04-20 12:05")
    office.lives_until("2026-05-01 08:00")

    assert office.booked == [("monthly", "2031-01-01"), ("monthly", "2026-05-01")]


@pytest.mark.parametrize(("words", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_on_the_days_of_23_and_25_hours_each_report_is_made_once(store: Store, words: str, hours: int) -> None:
    schedules = tuple(
        replace(DAILY, name=clock, at=at(f"daily {clock}"))
        for clock in ("00:00", "01:30", "02:00", "02:30", "03:00", "23:59")
    )
    office = Office(store, moment(f"{words} 00:00") - HOUR, schedules)
    office.reporter.step(office.book)
    begun = moment(f"{words} 00:00")

    office.lives_until(f"{words} 23:59:30")

    assert round((office.time - begun) / HOUR) == hours
    assert sorted(name for name, day in office.booked if day == words) == [one.name for one in schedules]
    office.book.close()


def test_nobody_is_asked_to_stop_for_long(office: Office) -> None:
    office.lives_until("2026-05-01 06:59")
    office.failures = ["healthmon was stopped"]
    office.stop.set()
    office.sleeps_until("2026-05-01 07:00")

    office.reporter.step(office.book)

    assert office.booked == []
    assert office.time == moment("2026-05-01 07:00"), "it waits for nothing"


def test_a_clock_that_is_set_back_while_a_report_is_made_makes_it_later_and_once(office: Office) -> None:
    office.lives_until("2026-05-01 06:59")
    office.failures = ["--as-of 2026-05-01T07:00: lies in the future"]
    make = office.reporter._make

    def set_back(*arguments: object) -> MadeReport:
        office.time -= HOUR if office.failures else 0
        return make(*arguments)  # type: ignore[arg-type]

    office.reporter._make = set_back
    office.lives_until("2026-05-01 06:30")
    assert (office.made, office.booked) == ([], [])

    office.lives_until("2026-05-02 00:00")

    assert office.booked == [("monthly", "2026-05-01")]
    assert len(office.made) == 1
