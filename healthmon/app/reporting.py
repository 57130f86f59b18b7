"""The thread that sends reports at certain times, if a schedule is configured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event

from healthmon.app.report_process import ReportFailed, make_report
from healthmon.app.supervision import OwnThread
from healthmon.config.configuration import Config
from healthmon.config.describe import calendar_in_words
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.errors import DatabaseUnwritable
from healthmon.store.outbox.report_book import MadeReport, ReportBook
from healthmon.times.clock import Clock
from healthmon.times.occasions import Occasion, following, latest, on

log = logging.getLogger(__name__)

#: After the start the first look comes after so long (seconds): a daemon that dies at each start sends nothing.
FIRST_IN = 10.0
#: The clock is looked at so often, for somebody may set it (seconds).
LOOK_EVERY = 30.0
#: What could not be made is tried again after so long each time, and then given up (seconds).
PAUSES = (10.0, 60.0)
#: How long to wait until a database may be writable again (seconds).
UNWRITABLE_WAIT = 10.0
#: What was seen to so long before its time was seen to by a wrong clock (seconds).
_WRONG_BY = 2 * 86400.0
#: Stopping kills a report that is being made; it is made anew at the next start (seconds).
STOP_WITHIN = 1.0

#: Makes the report of a schedule for an occasion. Raises ReportFailed.
Make = Callable[[ScheduleConfig, Occasion, Event], MadeReport]


class Reporter:
    """The work of the thread: each look sees to what has become due. Owned by that thread."""

    def __init__(
        self, config: Config, *, make: Make, wake_deliverers: Callable[[], None], clock: Clock, stop: Event
    ) -> None:
        self._config = config
        self._make = make
        self._wake_deliverers = wake_deliverers
        self._clock = clock
        self._stop = stop

    def run(self, open_book: Callable[[], ReportBook], first_in: float) -> None:
        """Work until ``stop`` is set."""
        wait, book = first_in, None
        is_writable = True
        while not self._stop.wait(wait):
            try:
                book = book or open_book()
                wait = self.step(book)
                is_writable = True
            except DatabaseUnwritable as error:
                if is_writable:
                    log.error("%s; scheduled reports wait", error)
                is_writable, wait = False, UNWRITABLE_WAIT
        if book is not None:
            book.close()

    def step(self, book: ReportBook) -> float:
        """See to what is due; return how many seconds to wait."""
        book.forget_others([schedule.name for schedule in self._config.schedules])
        for schedule in self._config.schedules:
            self._see_to(book, schedule)
        now = self._clock.wall()
        book.tidy(now)
        coming = [following(schedule.at, now).at - now for schedule in self._config.schedules]
        return min([LOOK_EVERY, *coming])

    def _see_to(self, book: ReportBook, schedule: ScheduleConfig) -> None:
        now, at = self._clock.wall(), calendar_in_words(schedule.at)
        due, taken = latest(schedule.at, now), book.taken(schedule.name, at)
        seen_to = None if taken is None else on(schedule.at, date.fromisoformat(taken))
        if seen_to is None or seen_to.at > now + _WRONG_BY:
            # New, or the clock was wrong for a while: what is past is past.
            book.let_pass(schedule.name, at, due.day.isoformat())
        elif seen_to.day < due.day:
            report = self._made(schedule, due)
            if report is not None:
                self._book(book, schedule, at, report)

    def _made(self, schedule: ScheduleConfig, due: Occasion) -> MadeReport | None:
        """Make a report, in the end one that says why there is none; None: told to stop, or it is not due any more."""
        for pause in (*PAUSES, None):
            if due.at > self._clock.wall():
                # Somebody has set the clock back meanwhile: it falls due once more.
                return None
            try:
                return self._make(schedule, due, self._stop)
            except ReportFailed as error:
                if self._stop.is_set():
                    return None
                log.error("the %s report could not be made: %s", schedule.name, error)
                why = str(error)
            if pause is not None and self._stop.wait(pause):
                return None
        return MadeReport(schedule.name, due.day.isoformat(), trouble=why)

    def _book(self, book: ReportBook, schedule: ScheduleConfig, at: str, report: MadeReport) -> None:
        """Book it; the report is not made again because the disk is full for a while."""
        url_ids = self._config.url_ids_of_schedule(schedule)
        while True:
            try:
                book.book(report, at, url_ids, self._clock.wall())
                break
            except DatabaseUnwritable as error:
                log.error("%s; the %s report waits", error, schedule.name)
            if self._stop.wait(UNWRITABLE_WAIT):
                return
        log.info("the %s report of %s is sent to %s", schedule.name, report.day, ", ".join(url_ids) or "nobody")
        self._wake_deliverers()


class Reporting(OwnThread):
    """The thread ``reports``. Owned by the main thread."""

    def __init__(self, database: Path, clock: Clock, wake_deliverers: Callable[[], None]) -> None:
        super().__init__("reports", STOP_WITHIN)
        self._database = database
        self._clock = clock
        self._wake_deliverers = wake_deliverers

    def start(self, config: Config, first_in: float = FIRST_IN) -> None:
        """Begin, if there is a schedule."""
        if config.schedules:
            self.begin(partial(self._work, config, first_in))

    def _work(self, config: Config, first_in: float, stop: Event) -> Callable[[], None]:
        reporter = Reporter(
            config,
            make=lambda schedule, due, stopping: make_report(config.path, schedule, due.day, due.at, stopping),
            wake_deliverers=self._wake_deliverers,
            clock=self._clock,
            stop=stop,
        )
        return partial(reporter.run, lambda: ReportBook(self._database), first_in)

    def reload(self, config: Config) -> None:
        """Go on with another configuration: receivers, times, or what is reported may be others."""
        self.stop()
        self.start(config, first_in=0.0)
