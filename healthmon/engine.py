"""The one consumer: inbox -> core -> store, then it wakes those who tell.

Everything a batch changes is booked in one transaction, together with the alerts that it calls for. While the
database cannot be written, the same changes are kept and tried again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Event
from typing import Protocol

from msgspec import Struct

from healthmon.config.configuration import Config
from healthmon.core.monitor import Monitor
from healthmon.errors import DatabaseBusy, DatabaseUnwritable
from healthmon.housekeeping import Housekeeping
from healthmon.model import (
    Changes,
    Channel,
    ConnectionReport,
    Freshness,
    Health,
    ProbePlan,
    Question,
    Remembered,
    Sighting,
    Snapshot,
    Target,
)
from healthmon.store.write.writer import Writer
from healthmon.times.clock import Clock
from healthmon.times.rounds import Rounds
from healthmon.workload import WorkCounter

log = logging.getLogger(__name__)

#: The engine looks at least so often whether a command or a deliverer wrote something (seconds).
LOOK_AT_OTHERS_EVERY = 0.5
#: How often the database is told that this daemon lives (seconds).
ALIVE_EVERY = 10.0
#: How often the engine looks whether the database's files are still the ones that were opened (seconds).
LOOK_AT_FILES_EVERY = 1.0
#: Waits between attempts to write a database that cannot be written (seconds).
UNWRITABLE_WAITS = (0.2, 0.5, 1.0, 2.0, 5.0)
#: What takes longer to book is worth a line in the log (seconds).
SLOW_BOOKING = 10.0
#: A database that somebody holds locked for so long is told about (seconds).
LOCKED_FOR = 60.0
#: The settings of so many endpoints are read within seconds: who has no more providers than that waits for nothing.
SMALL_WATCH = 100


class PbxSource(Protocol):
    """What the engine may ask of the thread that polls a PBX. Both return at once."""

    def ask(self, question: Question) -> None:
        """Look at these targets again; the answers come through the inbox."""

    def learn(self, targets: Sequence[Target]) -> None:
        """Find out how Asterisk is configured to check these endpoints."""


class SightingQueue(Protocol):
    """Where the engine's work comes from."""

    def drain(self, timeout: float) -> Sequence[Sighting]:
        """Return all that waits; wait up to ``timeout`` seconds for the first."""

    def __len__(self) -> int:
        """How many sightings wait."""


class EngineHooks(Struct, frozen=True):
    """What the engine does to the world besides booking. Each returns at once."""

    #: Something was booked that deliverers may have to send.
    wake_deliverers: Callable[[], None]
    freshness: Callable[[], Iterable[Freshness]]
    #: The engine's loop went round: feeds systemd's watchdog.
    alive: Callable[[], None]
    #: The wall clock was set by so many seconds: all PBXs are to be looked at anew.
    resync_all: Callable[[], None]
    #: The database cannot be written: tell somebody past the outbox (it limits itself to one an hour).
    tell_directly: Callable[[str], None]
    #: These endpoints are to be asked by OPTIONS of our own; None: not any more.
    plan_probes: Callable[[Mapping[Target, ProbePlan | None]], None] = lambda _: None


class Engine:
    """The engine thread's work. It owns the monitor and the writing connection.

    Other threads may call ``reload()`` and ``note_other_round()``, set ``watched_until``, and read ``first_look_done``
    and ``stop``.
    """

    def __init__(
        self,
        config: Config,
        remembered: Remembered,
        *,
        inbox: SightingQueue,
        writer: Writer,
        clock: Clock,
        hooks: EngineHooks,
        stop: Event,
    ) -> None:
        self._config = config
        self._inbox = inbox
        self._writer = writer
        self._housekeeping = Housekeeping(writer)
        self._clock = clock
        self._hooks = hooks
        self._stop = stop
        self._sources: Mapping[tuple[str, Channel], PbxSource] = {}
        self._configs: SimpleQueue[tuple[Config, Mapping[tuple[str, Channel], PbxSource]]] = SimpleQueue()
        self._listed: dict[str, set[Target]] = {}
        self._not_looked_at = {pbx.name for pbx in config.pbxs}
        self._rounds = Rounds()
        self._work = WorkCounter()
        self._alive_due = 0.0
        self._files_due = 0.0
        #: A deliverer has written something that was not read yet; and whether the last attempt to read it failed.
        self._has_results = False
        self._is_unreadable = False
        #: Set when the first snapshot of every PBX is booked or has failed.
        self.first_look_done = Event()
        #: When the sources were told to stop; None: they were not.
        self.watched_until: float | None = None
        now = clock.now()
        self._monitor = Monitor(config, remembered, now)
        changes = Changes()
        self._monitor.start(now, changes)
        self._settle(changes, now)
        self._note_first_looks(())

    def connect(self, sources: Mapping[tuple[str, Channel], PbxSource]) -> None:
        """Give the polling source of each PBX. Call before ``run()``; later ``reload()`` does it."""
        self._sources = sources

    def reload(self, config: Config, sources: Mapping[tuple[str, Channel], PbxSource]) -> None:
        """Go on with another configuration. Any thread may call it; the engine takes it up in its next round."""
        self._configs.put((config, sources))

    def note_other_round(self) -> None:
        """Another thread goes round: this process does not stand still, however long the engine is at work."""
        self._rounds.note(self._clock.steady())

    def run(self) -> None:
        """Work until ``stop`` is set and the inbox is empty."""
        while True:
            stopping = self._stop.is_set()
            batch = self._inbox.drain(0.0 if stopping else self._patience())
            self._rounds.note(self._clock.steady())
            self._work.waited(len(batch) + len(self._inbox))
            self.step(batch)
            if stopping and not batch:
                break
        until = self.watched_until
        if until is not None:
            # An orderly end: what was seen was seen up to it, not only up to the last sign of life.
            self._insist(lambda: self._writer.watched_until(until))

    def step(self, batch: Sequence[Sighting]) -> None:
        """Take one batch from sight to booking."""
        self._look_at_files()
        changes = Changes()
        by = self._clock.was_set_by()
        now = self._clock.now()
        self._notice_standstill(now, changes)
        if by:
            self._take_up_clock(by, now, changes)
        self._take_up_reload(changes)
        for sighting in batch:
            self._monitor.see(sighting, now, changes)
        self._monitor.tick(now, changes)
        self._hear_from_others(now, changes)
        self._settle(changes, now)
        if by:
            # Silences that end at a time of the wall clock end at another time of ours now.
            self._has_results = True
        self._hear_time(batch)
        self._learn_new_endpoints(batch)
        self._note_first_looks(batch)
        self._hooks.alive()
        wall = self._clock.wall()
        self._housekeeping.do_a_piece(self._config.history, self._config.timezone, now, wall, is_busy=bool(batch))

    def _patience(self) -> float:
        """How long to wait for the next sighting, seconds."""
        deadline = self._monitor.next_deadline()
        due = self._housekeeping.due
        if deadline is not None:
            due = min(due, deadline)
        return min(LOOK_AT_OTHERS_EVERY, max(0.0, due - self._clock.now()))

    def _look_at_files(self) -> None:
        """Book nothing into a database that nobody finds any more. Raises DatabaseLost."""
        steady = self._clock.steady()
        if steady >= self._files_due:
            self._files_due = steady + LOOK_AT_FILES_EVERY
            self._writer.look_at_files()

    def _notice_standstill(self, now: float, changes: Changes) -> None:
        """What happened while this process stood still is unknown, as what happened before our start."""
        last_round = self._rounds.take_standstill()
        if last_round is not None:
            lasted = self._clock.steady() - last_round
            log.warning("healthmon stood still for %.0f s; what happened meanwhile is unknown", lasted)
            self._monitor.stood_still(now - lasted, now, changes)

    def _take_up_clock(self, by: float, now: float, changes: Changes) -> None:
        """Somebody set the wall clock: the one place at which healthmon notices it. Its own time goes on evenly."""
        what_moves = "what is booked stays"
        if by <= 0:
            what_moves = "what was booked while it was ahead moves back with it"
        log.warning("the wall clock was set by %+.1f s; %s, and what was to last so long does", by, what_moves)
        self._monitor.clock_was_set(by, now, changes)
        self._housekeeping.clock_was_set()
        self._hooks.resync_all()
        # Whoever looks now is to see that we live.
        self._alive_due = 0.0

    def _take_up_reload(self, changes: Changes) -> None:
        try:
            self._config, self._sources = self._configs.get_nowait()
        except Empty:
            return
        self._monitor.reconfigure(self._config, self._clock.now(), changes)
        self._listed.clear()

    def _hear_from_others(self, now: float, changes: Changes) -> None:
        """Take results of deliveries and people's orders, if anything is new; what cannot be read is read later."""
        try:
            self._has_results = self._writer.outside_changes() or self._has_results or self._monitor.wants_urls
            if self._has_results:
                told, commands, urls = self._writer.told(), self._writer.commands(now), self._writer.urls()
                self._monitor.told(told, now, changes)
                self._monitor.obey(commands, now, changes)
                self._monitor.hear_of_urls(urls, now, changes)
        except DatabaseUnwritable as error:
            if not self._is_unreadable:
                log.error("%s; what was delivered is looked at later", error)
            self._is_unreadable = True
            return
        if self._is_unreadable:
            log.warning("the database can be read again")
        self._has_results = self._is_unreadable = False

    def _settle(self, changes: Changes, now: float) -> None:
        """Book what changed, say it in the log, wake who must know, and ask what the core wants to be asked."""
        if changes.is_to_book():
            self._book(changes)
            # Before anybody is woken: the database shows other times from now on.
            for jump in changes.clock_jumps:
                self._clock.follow(jump.by)
            # What an incident holds back may be free now: a silence is over, or the incident is, or it can be seen.
            if changes.notifications or changes.incidents or changes.releases or changes.is_seen_again:
                self._hooks.wake_deliverers()
        if now >= self._alive_due:
            workload = self._work.take(len(self._inbox))
            self._insist(lambda: self._writer.alive(self._clock.now(), self._hooks.freshness(), workload))
            self._alive_due = now + ALIVE_EVERY
        for line in changes.log:
            log.info("%s", line)
        for question in changes.questions:
            source = self._sources.get((question.pbx, question.asked_by))
            if source is not None:
                source.ask(question)
        if changes.probe_plans:
            self._hooks.plan_probes(changes.probe_plans)

    def _book(self, changes: Changes) -> None:
        began_at = self._clock.steady()
        self._insist(lambda: self._writer.commit(changes))
        took = self._clock.steady() - began_at
        self._work.booked(took)
        if took > SLOW_BOOKING:
            log.warning("to book what changed took %.0f s; messages are late by as much", took)

    def _insist(self, write: Callable[[], None]) -> None:
        """Write until it succeeds, or until we are told to stop."""
        failures, is_told, since = 0, False, self._clock.now()
        while True:
            try:
                write()
            except DatabaseUnwritable as error:
                if failures == 0:
                    log.error("%s; what is to be booked is kept and tried again", error)
                # That it is locked may be over in a moment.
                is_lasting = not isinstance(error, DatabaseBusy) or self._clock.now() - since >= LOCKED_FOR
                if is_lasting and not is_told:
                    is_told = True
                    self._hooks.tell_directly(str(error))
                if self._stop.is_set() and failures:
                    log.error("stopping with changes that could not be booked; the next start looks anew")
                    return
                self._hooks.alive()
                # A disk that refuses does not keep the sources from seeing.
                self._rounds.note(self._clock.steady())
                self._writer.look_at_files()
                self._stop.wait(UNWRITABLE_WAITS[min(failures, len(UNWRITABLE_WAITS) - 1)])
                self._rounds.note(self._clock.steady())
                failures += 1
            else:
                if failures:
                    log.warning("the database can be written again, after %d failures", failures)
                return

    def _hear_time(self, batch: Sequence[Sighting]) -> None:
        """Have PBXs confirm what time it is."""
        wall = self._clock.wall()
        for sighting in batch:
            if isinstance(sighting, Snapshot):
                # As it was when the PBX was asked: the answer may have waited, while the process stood still, say.
                asked_at = sighting.asked_at + self._clock.ahead
                self._housekeeping.compare_clocks(sighting.pbx, sighting.pbx_time, asked_at)
                if not sighting.shares_our_clock:
                    self._housekeeping.hear_time(sighting.pbx_time, wall)

    def _learn_new_endpoints(self, batch: Sequence[Sighting]) -> None:
        """Have the settings of endpoints read that are listed for the first time, the watched ones only."""
        for sighting in batch:
            if not isinstance(sighting, Snapshot):
                continue
            polls = self._sources.get((sighting.pbx, Channel.REST))
            manager = self._sources.get((sighting.pbx, Channel.MANAGER))
            if polls is None:
                continue
            listed = {observation.target: observation.health for observation in sighting.endpoints}
            new = listed.keys() - self._listed.get(sighting.pbx, set())
            self._listed[sighting.pbx] = set(listed)
            in_order = self._to_learn_in_order(new, listed)
            if in_order:
                polls.learn(in_order)
                if manager is not None:
                    manager.learn(in_order)

    def _to_learn_in_order(self, new: Collection[Target], listed: Mapping[Target, Health]) -> list[Target]:
        """Pick those that are watched, by what is urgent: of 20,000 the last has its turn after half an hour.

        Those of a small watch section come first, for they are its providers, mostly, and count as phones until their
        settings are read. Then what is offline: it is not watched before it is known to be configured.
        """
        watches = {target: watch for target in sorted(new) if (watch := self._config.watch_for(target)) is not None}
        sizes = Counter(watch.name for watch in watches.values())

        def urgency(target: Target) -> tuple[bool, bool]:
            return sizes[watches[target].name] > SMALL_WATCH, listed[target] is not Health.DOWN

        return sorted(watches, key=urgency)

    def _note_first_looks(self, batch: Sequence[Sighting]) -> None:
        if self.first_look_done.is_set():
            return
        for sighting in batch:
            if isinstance(sighting, Snapshot):
                self._not_looked_at.discard(sighting.pbx)
            elif isinstance(sighting, ConnectionReport) and sighting.channel is Channel.REST and sighting.trouble:
                # A first look that fails is one, too.
                self._not_looked_at.discard(sighting.pbx)
        if not self._not_looked_at:
            self.first_look_done.set()
            # "status" is not to wait ten seconds for the first sign of life.
            self._alive_due = 0.0
