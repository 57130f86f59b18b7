"""The wiring: builds every thread from a Config; runs, reloads and stops them; signals; systemd.

This is the only file that creates threads. A dead thread is a dead process: the classic failure of monitors is
the listener that died quietly.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from healthmon import __version__, logs
from healthmon.clock import Clock
from healthmon.config import Config, PbxConfig
from healthmon.config.parser import load
from healthmon.config.reload import Difference, difference
from healthmon.engine import Engine, EngineHooks
from healthmon.errors import ConfigError, ExitCode
from healthmon.model import Freshness
from healthmon.notify.apprise_sender import AppriseSender, why_refused
from healthmon.notify.delivery import Deliverer
from healthmon.notify.direct import DirectAlert
from healthmon.notify.message import Message
from healthmon.notify.redact import Redactor
from healthmon.sdnotify import ServiceManager
from healthmon.sources.events import EventSource
from healthmon.sources.inbox import Inbox
from healthmon.sources.polls import PollSource
from healthmon.sources.signals import Signals
from healthmon.store.outbox import Outbox
from healthmon.store.writer import Writer, open_writer

log = logging.getLogger(__name__)

#: How long each step of a stop may take (seconds); together they stay below the ten that are promised.
SOURCES_STOP_WITHIN = 2.5
ENGINE_STOPS_WITHIN = 3.0
DELIVERERS_STOP_WITHIN = 3.0
#: How often the main thread looks whether all is ready, and later whether a thread has died (seconds).
LOOK_WHETHER_READY_EVERY = 0.05
LOOK_WHETHER_DONE_EVERY = 0.5
#: What the main thread waits for: stop, stop, reload.
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def run(config_path: Path) -> int:
    """Run the daemon until it is told to stop; return the exit code. Raises HealthmonError if it cannot start."""
    config = load(config_path, why_refused=why_refused)
    handler = logs.set_up(config.log_level, Redactor.of(config))
    for warning in config.warnings:
        log.warning("%s", warning)
    manager = ServiceManager()
    with _writer(config, manager) as writer:
        daemon = Daemon(config, writer, manager, handler)
        return daemon.run()


@contextmanager
def _writer(config: Config, manager: ServiceManager) -> Iterator[Writer]:
    """Open the database; a migration asks systemd for patience."""

    def on_migrating(words: str) -> None:
        log.warning("%s", words)
        manager.status(words)
        manager.extend(600)

    writer = open_writer(config.database, now=Clock().now(), on_migrating=on_migrating)
    try:
        yield writer
    finally:
        writer.close()


@dataclass(slots=True)
class PbxThreads:
    """The two threads that look at one PBX. Owned by the main thread."""

    events: EventSource
    polls: PollSource
    signals: Signals
    threads: list[Thread] = field(default_factory=list)


@dataclass(slots=True)
class DelivererThread:
    """The thread that sends to one URL. Owned by the main thread."""

    deliverer: Deliverer
    wake: Event
    stop: Event
    thread: Thread

    def end(self) -> None:
        """Tell it to stop; a message that is being sent is finished first."""
        self.stop.set()
        self.wake.set()


class Daemon:
    """Everything that runs. Owned by the main thread; the engine's hooks read its two dicts."""

    def __init__(self, config: Config, writer: Writer, manager: ServiceManager, handler: logs.RedactingHandler) -> None:
        self._config = config
        self._manager = manager
        self._handler = handler
        self._clock = Clock()
        self._inbox = Inbox()
        self._pbxs: dict[str, PbxThreads] = {}
        self._deliverers: dict[str, DelivererThread] = {}
        self._died = Event()
        self._engine_stop = Event()
        self._direct = DirectAlert(config, self._say_directly)
        hooks = EngineHooks(
            wake_deliverers=self._wake_deliverers,
            freshness=self._freshness,
            alive=manager.watchdog,
            resync_all=self._resync_all,
            tell_directly=self._direct.tell,
        )
        self._remembered = writer.load()
        self._engine = Engine(
            config,
            self._remembered,
            inbox=self._inbox,
            writer=writer,
            clock=self._clock,
            hooks=hooks,
            stop=self._engine_stop,
        )
        self._engine_thread = Thread(target=self._engine.run, name="engine")

    # ---------------------------------------------------------------- the main thread's life

    def run(self) -> int:
        """Start everything, wait for signals, stop everything. Returns the exit code."""
        threading.excepthook = self._on_dead_thread
        _hold_signals()
        pbxs, receivers = len(self._config.pbxs), len(self._config.receivers)
        log.info("healthmon %s starts: %d PBXs, %d receivers", __version__, pbxs, receivers)
        with ExitStack() as stopping:
            # Stopped in the reverse order: sources first, so that what they offered is still booked; then the
            # engine; then the deliverers, who may still send what it booked last.
            stopping.callback(self._stop_deliverers)
            self._start_deliverers(self._config)
            stopping.callback(self._stop_engine)
            for pbx in self._config.pbxs:
                self._pbxs[pbx.name] = self._build_pbx(pbx)
            self._engine.connect({name: threads.polls for name, threads in self._pbxs.items()})
            self._engine_thread.start()
            stopping.callback(self._stop_sources)
            for name in self._pbxs:
                self._start_pbx(name)
            self._wait_for_signals()
            self._manager.stopping("stopping")
            _exit_at_the_next_signal()
        code = ExitCode.PROBLEM if self._died.is_set() else ExitCode.OK
        log.info("healthmon has stopped")
        return code

    def _wait_for_signals(self) -> None:
        """Announce readiness, and do what signals ask for, until one says stop or a thread has died."""
        is_ready = False
        while not self._died.is_set():
            if not is_ready and self._engine.first_look_done.is_set():
                is_ready = True
                log.info("ready: every PBX was looked at")
                self._manager.ready(f"watching {len(self._config.pbxs)} PBXs")
            received = signal.sigtimedwait(SIGNALS, LOOK_WHETHER_DONE_EVERY if is_ready else LOOK_WHETHER_READY_EVERY)
            if received is None:
                continue
            if received.si_signo != signal.SIGHUP:
                log.info("told to stop")
                return
            self._reload()

    def _on_dead_thread(self, args: threading.ExceptHookArgs) -> None:
        """A thread died of a defect: say so, stop everything, and let systemd start anew."""
        name = args.thread.name if args.thread else "?"
        error = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
        log.critical("thread %s died of a defect; healthmon stops", name, exc_info=error)
        self._died.set()

    # ---------------------------------------------------------------- PBXs

    def _build_pbx(self, pbx: PbxConfig) -> PbxThreads:
        signals = Signals()
        known = next((state for state in self._remembered.pbx_states if state.pbx == pbx.name), None)
        polls = PollSource(
            pbx,
            self._inbox,
            self._clock,
            signals,
            cached=[settings for settings in self._remembered.settings if settings.target.pbx == pbx.name],
            cached_for=(known.startup_time, known.last_reload_time) if known else ("", ""),
        )
        return PbxThreads(EventSource(pbx, self._inbox, self._clock, signals), polls, signals)

    def _start_pbx(self, name: str) -> None:
        pbx = self._pbxs[name]
        pbx.threads = [
            Thread(target=pbx.polls.run, name=f"polls:{name}", daemon=True),
            Thread(target=pbx.events.run, name=f"events:{name}", daemon=True),
        ]
        for thread in pbx.threads:
            thread.start()

    def _freshness(self) -> Iterable[Freshness]:
        """Say how fresh our view of each PBX is. Called by the engine thread; reads plain attributes."""
        for name, pbx in list(self._pbxs.items()):
            seen = [at for at in (pbx.events.alive_at, pbx.polls.alive_at) if at is not None]
            yield Freshness(
                name,
                last_event_at=pbx.events.last_event_at,
                last_snapshot_at=pbx.polls.last_snapshot_at,
                alive_at=max(seen, default=None),
            )

    def _resync_all(self) -> None:
        for pbx in list(self._pbxs.values()):
            pbx.signals.want_snapshot()

    # ---------------------------------------------------------------- receivers

    def _start_deliverers(self, config: Config) -> None:
        """Put what was left in the middle of being sent into doubt, and start one thread for each URL."""
        url_ids = [url.url_id for receiver in config.receivers for url in receiver.urls]
        with closing(Outbox(config.database)) as outbox:
            in_doubt = outbox.recover(url_ids, self._clock.now())
            outbox.retire_others(url_ids, self._clock.now())
        if in_doubt:
            log.warning("%d messages were being sent when healthmon ended; they are sent again, marked", in_doubt)
        for url_id in url_ids:
            self._start_deliverer(config, url_id)

    def _start_deliverer(self, config: Config, url_id: str) -> None:
        receiver, url = next(
            (receiver, url) for receiver in config.receivers for url in receiver.urls if url.url_id == url_id
        )
        wake, stop = Event(), Event()
        deliverer = Deliverer(
            url_id=url_id,
            receiver=receiver,
            sender=AppriseSender(url_id, url.url),
            open_outbox=lambda: Outbox(config.database),
            zone=config.timezone,
            clock=self._clock,
            wake=wake,
            stop=stop,
        )
        thread = Thread(target=deliverer.run, name=f"deliver:{url_id}", daemon=True)
        self._deliverers[url_id] = DelivererThread(deliverer, wake, stop, thread)
        thread.start()

    def _wake_deliverers(self) -> None:
        """Called by the engine thread: something was booked."""
        for deliverer in list(self._deliverers.values()):
            deliverer.wake.set()

    def _say_directly(self, message: Message) -> None:
        """Called by the engine thread: the outbox cannot be used."""
        for deliverer in list(self._deliverers.values()):
            deliverer.deliverer.say(message)

    # ---------------------------------------------------------------- reload

    def _reload(self) -> None:
        """Read the configuration again; with any problem the running one stays."""
        self._manager.reloading()
        try:
            new = load(self._config.path, why_refused=why_refused)
        except ConfigError as error:
            for problem in error.problems:
                log.error("%s", problem)
            log.error("the configuration has problems; the running one stays")
            self._manager.ready("reload refused: the configuration has problems")
            return
        changed = difference(self._config, new)
        new = replace(new, database=self._config.database)
        self._apply(new, changed)
        self._config = new
        log.info("reloaded: %s", "; ".join(changed.words) or "nothing has changed")
        self._manager.ready(f"watching {len(new.pbxs)} PBXs")

    def _apply(self, new: Config, changed: Difference) -> None:
        """Restart what changed, and nothing else."""
        self._handler.redact = Redactor.of(self._config, new)
        logging.getLogger().setLevel(new.log_level.upper())
        ending = [self._pbxs.pop(name) for name in (*changed.pbxs_removed, *changed.pbxs_to_reconnect)]
        for pbx in ending:
            pbx.signals.shut_down()
        _join((thread for pbx in ending for thread in pbx.threads), SOURCES_STOP_WITHIN)
        for name in changed.pbxs_adjusted:
            self._pbxs[name].polls.adjust(_pbx(new, name))
        started = (*changed.pbxs_added, *changed.pbxs_to_reconnect)
        for name in started:
            self._pbxs[name] = self._build_pbx(_pbx(new, name))
        self._engine.reload(new, {name: pbx.polls for name, pbx in self._pbxs.items()})
        for name in started:
            self._start_pbx(name)
        self._reload_deliverers(new, changed)

    def _reload_deliverers(self, new: Config, changed: Difference) -> None:
        self._direct.use(new)
        ending = [self._deliverers.pop(url_id) for url_id in (*changed.urls_removed, *changed.urls_changed)]
        for deliverer in ending:
            deliverer.end()
        _join((deliverer.thread for deliverer in ending), DELIVERERS_STOP_WITHIN)
        for url_id in (*changed.urls_added, *changed.urls_changed):
            self._start_deliverer(new, url_id)
        for deliverer in self._deliverers.values():
            deliverer.deliverer.zone = new.timezone

    # ---------------------------------------------------------------- stopping

    def _stop_sources(self) -> None:
        for pbx in self._pbxs.values():
            pbx.signals.shut_down()
        late = _join((thread for pbx in self._pbxs.values() for thread in pbx.threads), SOURCES_STOP_WITHIN)
        log.info("sources stopped%s", f", but for {', '.join(late)}" if late else "")

    def _stop_engine(self) -> None:
        self._engine_stop.set()
        late = _join([self._engine_thread], ENGINE_STOPS_WITHIN)
        log.info("engine stopped%s", ", but it is still writing" if late else "; everything that was seen is booked")

    def _stop_deliverers(self) -> None:
        for deliverer in self._deliverers.values():
            deliverer.end()
        late = _join((deliverer.thread for deliverer in self._deliverers.values()), DELIVERERS_STOP_WITHIN)
        log.info("deliverers stopped%s", f"; still sending, to be repeated: {', '.join(late)}" if late else "")


def _pbx(config: Config, name: str) -> PbxConfig:
    pbx = config.pbx(name)
    assert pbx is not None, name  # noqa: S101  (the difference was made from this configuration)
    return pbx


def _join(threads: Iterable[Thread], within: float) -> list[str]:
    """Wait for threads to end, all together at most so many seconds; return the names of those that have not."""
    threads, deadline = list(threads), time.monotonic() + within
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in threads if thread.is_alive()]


def _hold_signals() -> None:
    """Have our signals wait until the main thread asks for them; threads started later inherit that.

    A handler would run between any two steps of the main thread, also while it holds the lock of an Event.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _exit_at_the_next_signal() -> None:
    """From now on a SIGTERM or SIGINT ends the process at once: somebody has lost patience with an orderly stop."""

    def exit_at_once(number: int, _frame: FrameType | None) -> None:
        os.write(2, b"told to stop twice: healthmon exits at once\n")
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, exit_at_once)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
