"""The event stream of one PBX: WebSocket -> inbox, with reconnects."""

from __future__ import annotations

import logging
import random
import time

from msgspec import Struct

from healthmon.ari.client import AriClient
from healthmon.ari.events import EventSocket, open_events
from healthmon.ari.messages import Replaced, UnknownType, UserEvent, decode_event
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import (
    AriDenied,
    AriError,
    AriNotFound,
    AriReplaced,
    AriUnexpected,
    AriUnreachable,
    SourceDefect,
    Trouble,
)
from healthmon.model import Channel, ConnectionReport
from healthmon.sources.flood import Flood
from healthmon.sources.inbox import Inbox
from healthmon.sources.repeats import Repeats
from healthmon.sources.signals import Signals
from healthmon.text.longtext import LONGEST_TEXT, Shortener
from healthmon.times.clock import Clock
from healthmon.times.rounds import Rounds

log = logging.getLogger(__name__)

#: The name of our own user event, which the polling thread posts and which must come back here.
HEARTBEAT = "healthmon-heartbeat"
#: How long nothing is read after an event that had to be dropped (seconds).
PAUSE_AFTER_A_DROP = 0.001
#: What is said of the first text that was cut.
CUT_TEXT = "pbx %s: a text of more than %d characters was cut; more of the kind is counted, not logged"
#: So many names of unknown event types are counted each for itself.
UNKNOWN_NAMES = 50


class EventTimes(Struct, frozen=True):
    """How patient the event stream is, seconds."""

    timeout: float = 5.0
    #: Neither an event nor our own heartbeat came for so long: the stream does not deliver.
    silent_after: float = 12.0
    #: And our own heartbeat is under way for so long: while a long list comes over a slow line, none is posted.
    heartbeat_returns_in: float = 5.0
    ping_every: float = 10.0
    #: For a read_only user, who has no heartbeat: not even a pong came for so long.
    dead_after: float = 25.0
    #: A stream that lasted so long was a good one: the next attempt is made at once.
    stable_after: float = 10.0
    backoff_from: float = 1.0
    backoff_to: float = 30.0
    starting: float = 1.0
    denied: float = 60.0
    #: Another client took our application: it is left alone for so long, doubling.
    replaced_from: float = 300.0
    replaced_to: float = 3600.0


class EventSource:
    """The work of the thread ``events:<pbx>``. It owns everything here; others may read the public attributes."""

    def __init__(
        self, pbx: PbxConfig, inbox: Inbox, clock: Clock, signals: Signals, *, times: EventTimes | None = None
    ) -> None:
        self._pbx = pbx
        self._inbox = inbox
        self._clock = clock
        self._signals = signals
        self._times = times or EventTimes()
        self._repeats = Repeats(log, f"pbx {pbx.name}: events")
        self._told: Trouble | None = None
        self._told_remark = ""
        self._has_told = False
        self._flood = Flood()
        #: What is the matter with a stream that works.
        self._remark = ""
        self._attempts = 0
        self._replacements = 0
        self._opened = 0.0
        self._proven = 0.0
        self._received = 0.0
        #: Whether we ourselves stood still.
        self._rounds = Rounds()
        self._is_read_only = False
        self._said_read_only = False
        self._said_garbage = 0
        self._said_cut = 0
        #: How many streams were opened, and how many events came (our heartbeats not among them).
        self.connects = 0
        self.events = 0
        self.heartbeats = 0
        #: Cuts texts, and counts them.
        self.shorten = Shortener()
        #: What could not be read; events of types that nobody has heard of, by type.
        self.garbage = 0
        self.unknown: dict[str, int] = {}
        #: When the last event came; when the stream last proved that it delivers. None: not yet.
        self.last_event_at: float | None = None
        self.alive_at: float | None = None

    def run(self) -> None:
        """Keep the event stream open until told to stop. Only a defect raises."""
        while not self._signals.stop.is_set():
            self._signals.retry.clear()
            self._opened = 0.0
            try:
                self._stream()
            except AriError as error:
                wait = self._failed(error)
                waited_for = self._signals.retry
                if error.trouble is Trouble.REPLACED:
                    # That REST works again says nothing about the other client.
                    waited_for = self._signals.stop
                waited_for.wait(wait)

    def note_defect(self, what: str) -> None:
        """A defect of ours has ended ``run()``, which will be called again: report it as the end of a stream."""
        self._failed(SourceDefect(self._pbx.name, "GET /events", what))

    # ---------------------------------------------------------------- one stream

    def _stream(self) -> None:
        """Open a stream and read it until it fails or we are told to stop."""
        # Before there is a stream: one that was opened without events keeps it so for the next one of this application,
        # until Asterisk has noticed its end.
        read_only = self._may_only_read()
        if read_only:
            self._say_read_only()
        timeout = self._times.timeout
        stream = open_events(self._pbx, subscribe_all=read_only, timeout=timeout, connect_timeout=timeout)
        try:
            self._opened = self._received = self._proven = time.monotonic()
            self._rounds = Rounds()
            self._is_read_only = read_only
            if not read_only:
                self._subscribe()
            self.connects += 1
            self._signals.stream_opened(with_heartbeat=not read_only)
            self._read(stream)
        finally:
            self._signals.stream_closed()
            stream.close()
            self._say_how_much_garbage()

    def _may_only_read(self) -> bool:
        """Ask for events while nobody is there to get them: that is found out only if we may ask at all."""
        try:
            self._subscribe()
        except AriNotFound:
            return False
        except AriDenied as error:
            if error.status != 403:
                raise
            return True
        return False

    def _subscribe(self) -> None:
        client = AriClient(self._pbx, timeout=self._times.timeout)
        try:
            client.subscribe()
        finally:
            client.close()

    def _say_read_only(self) -> None:
        if not self._said_read_only:
            self._said_read_only = True
            log.warning(
                "pbx %s: the ARI user %s is read_only: all events are sent, not only the needed ones, and a stream "
                "that fails silently is noticed only by the next poll",
                self._pbx.name,
                self._pbx.username,
            )

    def _read(self, stream: EventSocket) -> None:
        """Read events. Asterisk silently stops sending once some 2.8 MB wait unread: nothing slow in this loop."""
        # The answer to a ping is the only proof that a read_only user can have.
        stream.ping()
        ping_due = time.monotonic() + self._times.ping_every
        while not self._signals.stop.is_set():
            raw = stream.receive()
            if self._flood.is_on:
                self._look_at_flood()
            if raw:
                if self._take(raw):
                    continue
            elif raw is not None:
                # It is the answer to a ping.
                self._received = time.monotonic()
                if self._is_read_only:
                    self._prove(self._clock.now())
            self._check_silence()
            if time.monotonic() >= ping_due:
                stream.ping()
                ping_due = time.monotonic() + self._times.ping_every

    def _take(self, raw: bytes) -> bool:
        """Read one event and offer what it says; whether it was an event at all."""
        at = self._clock.now()
        try:
            event = decode_event(raw, self._pbx.name, at, self._cut)
        except AriUnexpected as error:
            self._count_garbage(error)
            return False
        self._prove(at)
        if isinstance(event, UserEvent):
            self.heartbeats += event.name == HEARTBEAT
            return True
        self.events += 1
        self.last_event_at = at
        if isinstance(event, Replaced):
            raise AriReplaced(
                self._pbx.name, "GET /events", f"another client took over the application {self._pbx.application}"
            )
        if isinstance(event, UnknownType):
            self._count_unknown(event.name)
        elif event is not None and not self._inbox.offer(event):
            self._flood.drop(at + self._clock.ahead, time.monotonic(), self.events)
            # More comes than can be booked: whoever books, also for other PBXs, needs the time more.
            time.sleep(PAUSE_AFTER_A_DROP)
        return True

    def _prove(self, at: float) -> None:
        """The stream has just proven that it delivers."""
        self._received = self._proven = time.monotonic()
        self._signals.heartbeat_came()
        self.alive_at = at
        if not self._signals.events_up.is_set():
            self._signals.events_up.set()
            self._repeats.worked()
            self._report(at, None, "")

    def _look_at_flood(self) -> None:
        """Tell how many events too many come, or that it is over."""
        news = self._flood.news(time.monotonic(), self.events)
        if news is not None:
            self._remark = news
            if self._signals.events_up.is_set():
                self._report(self._clock.now(), None, "")

    def _check_silence(self) -> None:
        now = time.monotonic()
        self._rounds.note(now)
        if self._rounds.take_standstill() is not None:
            # It is healthmon that stood still: what came meanwhile still waits to be read.
            self._received = self._proven = now
        asked_at = self._signals.heartbeat_asked_at
        lacks_heartbeat = asked_at is not None and now - asked_at > self._times.heartbeat_returns_in
        if not self._is_read_only and now - self._proven > self._times.silent_after and lacks_heartbeat:
            self._silent(f"connected, but nothing came for {now - self._proven:.0f} s, not even our own heartbeat")
        if now - self._received > self._times.dead_after:
            self._silent(f"connected, but nothing came for {now - self._received:.0f} s, not even an answer to a ping")

    def _silent(self, what: str) -> None:
        raise AriUnreachable(self._pbx.name, "GET /events", what, Trouble.SILENT)

    def _count_garbage(self, error: AriUnexpected) -> None:
        self.garbage += 1
        if self.garbage == 1:
            log.warning("%s: %r; more of the kind is counted, not logged", error, error.excerpt)

    def _cut(self, text: str) -> str:
        """Cut a text that is too long; the first one is logged, the others are counted."""
        short = self.shorten(text)
        if self.shorten.cut and not self._said_cut:
            self._said_cut = 1
            log.warning(CUT_TEXT, self._pbx.name, LONGEST_TEXT)
        return short

    def _say_how_much_garbage(self) -> None:
        """Log what was only counted while the stream lasted."""
        if self.shorten.cut > self._said_cut:
            log.warning("pbx %s: %d texts of events were cut since the start", self._pbx.name, self.shorten.cut)
            self._said_cut = self.shorten.cut
        if self.garbage > max(self._said_garbage, 1):
            log.warning(
                "pbx %s: %d events could not be read since the start, %d of them since this was last said",
                self._pbx.name,
                self.garbage,
                self.garbage - self._said_garbage,
            )
            self._said_garbage = self.garbage

    def _count_unknown(self, name: str) -> None:
        if name not in self.unknown:
            if len(self.unknown) >= UNKNOWN_NAMES:
                name = "others"
            else:
                log.info("pbx %s: events of the unknown type %r are ignored", self._pbx.name, name)
        self.unknown[name] = self.unknown.get(name, 0) + 1

    # ---------------------------------------------------------------- between streams

    def _failed(self, error: AriError) -> float:
        """Report what ended the stream, and return how long to wait before the next, seconds."""
        self._repeats.failed(error.what)
        self._report(self._clock.now(), error.trouble, error.what)
        lasted = time.monotonic() - self._opened if self._opened else 0.0
        if lasted >= self._times.stable_after:
            self._attempts = 0
        self._attempts += 1
        if error.trouble is Trouble.REPLACED:
            return self._after_replacement(lasted)
        if error.trouble is Trouble.DENIED:
            return self._times.denied
        if error.trouble is Trouble.STARTING:
            return self._times.starting
        return backoff(self._attempts, self._times.backoff_from, self._times.backoff_to)

    def _after_replacement(self, lasted: float) -> float:
        """Two monitors with one application must not throw each other out in turns."""
        if lasted > self._times.replaced_to:
            self._replacements = 0
        self._replacements += 1
        wait = float(min(self._times.replaced_to, self._times.replaced_from * 2 ** (self._replacements - 1)))
        log.warning("pbx %s: events are left to the other client for %.0f s; polls go on", self._pbx.name, wait)
        return wait

    def _report(self, at: float, trouble: Trouble | None, words: str) -> None:
        """Tell how the stream stands, when that has changed."""
        remark = self._remark if trouble is None else ""
        if self._has_told and trouble is self._told and remark == self._told_remark:
            return
        self._has_told, self._told, self._told_remark = True, trouble, remark
        self._inbox.offer(
            ConnectionReport(self._pbx.name, Channel.EVENTS, at, trouble, words, remark, alive_at=self.alive_at)
        )


def backoff(attempts: int, first: float, most: float) -> float:
    """How long to wait after so many failures in a row: nothing, then doubling, with jitter (seconds)."""
    if attempts <= 1:
        return 0.0
    doubled = min(most, first * 2.0 ** min(attempts - 2, 30))
    return float(min(most, doubled * random.uniform(0.75, 1.25)))
