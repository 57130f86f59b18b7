"""The daemon's life: start everything, wait for signals, reload, stop in the order of the pipeline."""

from __future__ import annotations

import logging
import math
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event

from msgspec.structs import replace

from healthmon import __version__, logs
from healthmon.app import garbage, signals
from healthmon.app.farewell import tell_lost, tell_refused
from healthmon.app.heartbeat import Heart
from healthmon.app.probing import THREADS as PROBE_THREADS
from healthmon.app.reporting import Reporting
from healthmon.app.telling import Telling
from healthmon.app.threads import join, refuse_without_room, started
from healthmon.app.watching import Watching
from healthmon.app.web_process import WebProcess
from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.config.loading.templates import TemplateRule
from healthmon.config.reload import Difference, difference
from healthmon.engine import Engine, EngineHooks
from healthmon.errors import UNREADABLE, ConfigError, DatabaseLost, ExitCode, NoThread, StoreError
from healthmon.notify.channels.by_scheme import remark, why_refused
from healthmon.notify.channels.redact import Redactor
from healthmon.notify.delivery.past_outbox import DirectAlert
from healthmon.notify.templates.rendering import Rendering
from healthmon.notify.templates.samples import why_broken
from healthmon.owners import become_owner, whom_to_become
from healthmon.report.formatting import duration
from healthmon.sources.inbox import Inbox
from healthmon.store.sqlite.checkup import why_unreadable
from healthmon.store.write.writer import Writer, open_writer
from healthmon.times.clock import Clock
from healthmon.watchdog.sdnotify import ServiceManager

log = logging.getLogger(__name__)

#: How long the engine may take to book what waits when it is stopped (seconds). Together with the sources before and
#: the deliverers after it this stays below the ten seconds that are promised.
ENGINE_STOPS_WITHIN = 3.0
#: Who was told that healthmon does not run is told that it does when it has looked at all, and so long after (seconds).
RUNS_WELL_AFTER = 300.0
#: How often the main thread looks whether all is ready, and later whether a thread has died (seconds).
LOOK_WHETHER_READY_EVERY = 0.05
LOOK_WHETHER_DEAD_EVERY = 0.5


_LAST_WAS_KILLED = (
    "the last healthmon ended without a farewell: it was killed, or crashed, or its machine did, or somebody who reads "
    "kept its database open; all that it booked is there"
)

#: Says why the arguments of a report are wrong, or None. Only the commands know.
WhyNoReport = Callable[[Sequence[str]], str | None]


def run(config_path: Path, why_no_report: WhyNoReport | None = None) -> int:
    """Run the daemon until it is told to stop; return the exit code. Raises HealthmonError if it cannot start.

    Does not return at all when the database was lost: SQLite would close it, and write into what is not ours.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if soft:
        # No image of the memory is left, with all secrets in it: a container has no unit that sees to that.
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with closing(Rendering()) as rendering:
        code = _run(config_path, why_no_report, rendering)
    if code == ExitCode.DATABASE_LOST:
        logging.shutdown()
        os._exit(code)
    return code


def _run(config_path: Path, why_no_report: WhyNoReport | None, rendering: Rendering) -> int:
    # A daemon that does not start because of a template would tell nobody anything.
    templates = TemplateRule(partial(why_broken, rendering=rendering))
    config = load(config_path, why_refused=why_refused, remark=remark, templates=templates, why_no_report=why_no_report)
    handler = logs.set_up(config.log_level, Redactor.of(config))
    log.info("healthmon %s starts: %d PBXs, %d receivers", __version__, len(config.pbxs), len(config.receivers))
    _say_warnings(config)
    _become_owner(config, rendering)
    try:
        return _watch(config, handler, why_no_report, rendering)
    except (StoreError, NoThread, OSError) as error:
        tell_refused(config, error)
        raise
    except UNREADABLE as error:
        # Only now: it is closed, and whoever closes it twice frees the locks of the other.
        damage = why_unreadable(config.database)
        if damage is None:
            raise
        tell_refused(config, damage)
        raise damage from error


def _watch(
    config: Config, handler: logs.RedactingHandler, why_no_report: WhyNoReport | None, rendering: Rendering
) -> int:
    manager = ServiceManager()
    with _writer(config, manager) as writer:
        if writer.set_by:
            log.warning("%s", _set_meanwhile(writer.set_by))
        if writer.follows_a_kill:
            log.warning("%s", _LAST_WAS_KILLED)
        return Daemon(config, writer, manager, handler, why_no_report=why_no_report, rendering=rendering).run()


def _set_meanwhile(seconds: float) -> str:
    """Say how the clock was found at the start."""
    if seconds < 0:
        return f"the clock was set back by {duration(-seconds)} while healthmon did not run"
    return (
        f"the clock is {duration(seconds)} ahead of what was booked last: either nothing ran for so long, or it "
        "is wrong; what is booked goes on from there"
    )


def _become_owner(config: Config, rendering: Rendering) -> None:
    """Go on as whom the database belongs to, if this is root. A reload then reads the configuration as that user."""
    if whom_to_become(config.database) is None:
        return
    # What has been started as root so far is started anew, when it is needed. Later we may not even end it.
    rendering.close()
    owner = become_owner(config.database)
    if owner is None:
        return
    log.warning("this is no longer root, but %s, to whom the folder of the database belongs", owner.name)
    if owner.keeps_reading:
        log.warning("it may still read every file: %s may not read healthmon, or not get to the database", owner.name)
        return
    if not os.access(config.path, os.R_OK):
        log.warning("%s may not read %s: no reload, and no scheduled reports", owner.name, config.path)


def _threads_needed(changed: Difference, *, has_probes: bool) -> int:
    """How many threads a reload starts, at most: those that it ends may still be there."""
    pbxs = len(changed.pbxs_added) + len(changed.pbxs_to_reconnect)
    urls = len(changed.urls_added) + len(changed.urls_changed)
    is_heartbeat_new = changed.heartbeat_changed or bool(changed.pbxs_added or changed.pbxs_removed)
    is_probing_new = has_probes and bool({"watches", "probe_from", "timezone"} & set(changed.fields))
    others = is_heartbeat_new + changed.schedules_changed + changed.web_changed
    return 2 * pbxs + urls + others + PROBE_THREADS * is_probing_new


def _say_warnings(config: Config) -> None:
    for warning in config.warnings:
        log.warning("%s", warning)


@contextmanager
def _writer(config: Config, manager: ServiceManager) -> Iterator[Writer]:
    """Open the database; a migration asks systemd for patience."""

    def on_migrating(words: str) -> None:
        log.warning("%s", words)
        manager.status(words)
        manager.extend(600)

    writer = open_writer(config.database, now=Clock().wall(), on_migrating=on_migrating)
    try:
        yield writer
    finally:
        writer.close()


class Daemon:
    """Everything that runs. Owned by the main thread."""

    def __init__(
        self,
        config: Config,
        writer: Writer,
        manager: ServiceManager,
        handler: logs.RedactingHandler,
        *,
        why_no_report: WhyNoReport | None,
        rendering: Rendering,
    ) -> None:
        self._config = config
        self._rendering = rendering
        self._writer = writer
        self._why_no_report = why_no_report
        self._manager = manager
        self._handler = handler
        self._died = Event()
        #: The names of the threads that died.
        self._dead: set[str] = set()
        #: What a thread could not go on without: the database.
        self._database_error: StoreError | None = None
        self._engine_stop = Event()
        self._clock = clock = Clock(ahead=writer.ahead)
        inbox, remembered = Inbox(), writer.load()
        self._watching = Watching(config, remembered, inbox, clock)
        self._telling = Telling(config.database, clock, rendering)
        self._heart = Heart(config.database, clock)
        self._reporting = Reporting(config.database, clock, self._telling.wake_all)
        self._web = WebProcess()
        self._direct = DirectAlert(config.database, self._telling.say_directly)
        hooks = EngineHooks(
            wake_deliverers=self._telling.wake_all,
            freshness=self._watching.freshness,
            alive=manager.watchdog,
            resync_all=self._watching.resync_all,
            tell_directly=self._direct.tell,
            plan_probes=self._watching.plan_probes,
        )
        self._engine = Engine(
            config, remembered, inbox=inbox, writer=writer, clock=clock, hooks=hooks, stop=self._engine_stop
        )
        self._engine.connect(self._watching.askable)

    def run(self) -> int:
        """Start everything, wait for signals, stop everything. Returns the exit code."""
        threading.excepthook = self._on_dead_thread
        signals.hold()
        garbage.give_back_large_pieces()
        garbage.hold()
        with ExitStack() as stopping:
            # Stopped in the reverse order: sources first, so that what they offered is still booked; then the
            # engine; then the deliverers, who may still send what it booked last.
            stopping.callback(self._telling.stop)
            self._telling.start(self._config)
            self._say_if_history_is_new()
            for words in self._writer.set_right:
                self._direct.was_set_right(words)
            engine = started(self._engine.run, "engine")
            stopping.callback(self._stop_engine, engine)
            stopping.callback(self._stop_watching)
            self._watching.start()
            stopping.callback(self._reporting.stop)
            self._reporting.start(self._config)
            stopping.callback(self._web.stop)
            self._web.start(self._config)
            # Ended before all else: what is being stopped does not watch.
            stopping.callback(self._heart.stop)
            self._heart.start(self._config)
            self._wait_for_signals()
            self._manager.stopping("stopping")
            signals.exit_at_the_next()
        if self._database_error is not None:
            self._part_from_database(self._database_error)
            return ExitCode.DATABASE_LOST
        log.info("healthmon has stopped")
        if self._died.is_set():
            return ExitCode.PROBLEM
        return ExitCode.OK

    def _wait_for_signals(self) -> None:
        """Announce readiness, and do what signals ask for, until one says stop or a thread has died."""
        is_ready, runs_well_at = False, math.inf
        while not self._died.is_set():
            self._engine.note_other_round()
            if not is_ready and self._engine.first_look_done.is_set():
                is_ready = True
                garbage.leave_out_what_is_known()
                log.info("ready: every PBX was looked at")
                self._manager.ready(f"watching {len(self._config.pbxs)} PBXs")
                runs_well_at = self._clock.steady() + RUNS_WELL_AFTER
            if self._clock.steady() >= runs_well_at:
                runs_well_at = math.inf
                self._direct.runs_well()
            received = signals.wait(LOOK_WHETHER_DEAD_EVERY if is_ready else LOOK_WHETHER_READY_EVERY)
            if received is signal.SIGHUP:
                self._reload()
            elif received is not None:
                log.info("told to stop")
                return

    def _on_dead_thread(self, args: threading.ExceptHookArgs) -> None:
        """A thread died, of a defect or without its database: say so, stop everything, let systemd start anew."""
        name = args.thread.name if args.thread else "?"
        self._dead.add(name)
        if isinstance(args.exc_value, StoreError):
            # Whoever else needs it dies of the same.
            if self._database_error is None:
                log.critical("%s; healthmon stops", args.exc_value)
                self._database_error = args.exc_value
        else:
            error = (args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)
            log.critical("thread %s died of a defect; healthmon stops", name, exc_info=error)
        self._died.set()

    def _say_if_history_is_new(self) -> None:
        """A database that was there before is not replaced by a new one without a word."""
        trace = self._writer.trace_of_former
        if trace is not None:
            words = f"{self._writer.path}: it was missing or empty, though {trace.name} tells of one before; it is new"
            log.error("%s", words)
            self._direct.begins_anew(words)

    def _part_from_database(self, error: StoreError) -> None:
        """Keep what can be kept of a database that was lost, and tell everybody."""
        try:
            # Another thread may have met with a damage that this explains.
            self._writer.look_at_files()
            self._writer.look_at_files()
        except DatabaseLost as lost:
            error = lost
        try:
            outcome = self._writer.give_up(error, lambda _done, _pages: self._manager.extend(60))
        except (StoreError, OSError) as trouble:
            outcome = str(trouble)
        log.critical("%s; %s", error, outcome)
        tell_lost(self._config, f"{error}; {outcome}")

    def _stop_watching(self) -> None:
        self._engine.watched_until = self._clock.now()
        self._watching.stop()

    def _stop_engine(self, engine: threading.Thread) -> None:
        self._engine_stop.set()
        is_late = bool(join([engine], ENGINE_STOPS_WITHIN))
        what_is_booked = "; everything that was seen is booked"
        if engine.name in self._dead:
            what_is_booked = ": it died; what it was about to book is lost, and the next start looks anew"
        elif is_late:
            what_is_booked = ", but it is still writing"
        log.info("engine stopped%s", what_is_booked)

    def _reload(self) -> None:
        """Read the configuration again; with any problem the running one stays."""
        self._manager.reloading()
        try:
            new = load(
                self._config.path,
                why_refused=why_refused,
                remark=remark,
                templates=TemplateRule(partial(why_broken, rendering=self._rendering), is_fatal=True),
                why_no_report=self._why_no_report,
            )
        except ConfigError as error:
            for problem in error.problems:
                log.error("%s", problem)
            log.error("the configuration has problems; the running one stays")
            self._manager.ready("reload refused: the configuration has problems")
            return
        changed = difference(self._config, new)
        try:
            refuse_without_room(_threads_needed(changed, has_probes=new.has_probes))
        except NoThread as error:
            log.error("%s; the running configuration stays", error)
            self._manager.ready("reload refused: too few threads")
            return
        # The database stays the one that is open; the difference says so.
        new = replace(new, database=self._config.database)
        self._handler.redact = Redactor.of(self._config, new)
        logging.getLogger().setLevel(new.log_level.upper())
        self._watching.reload(new, changed)
        self._engine.reload(new, self._watching.askable)
        self._watching.watch(new)
        self._watching.start()
        self._telling.reload(new, changed)
        self._heart.reload(new, changed)
        self._reporting.reload(new)
        self._web.reload(new, changed)
        self._config = new
        _say_warnings(new)
        log.info("reloaded: %s", "; ".join(changed.consequences) or "nothing has changed")
        self._manager.ready(f"watching {len(new.pbxs)} PBXs")
