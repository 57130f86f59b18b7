"""The thread that feeds the dead man's switch, if one is configured."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from healthmon.app.supervision import kept_running
from healthmon.app.threads import join, started
from healthmon.config.configuration import Config
from healthmon.config.reload import Difference
from healthmon.config.urls import place_of
from healthmon.config.values import written
from healthmon.errors import StoreError
from healthmon.store.read.signs_of_life import read_pulse
from healthmon.times.clock import Clock
from healthmon.watchdog.heartbeat import Heartbeat
from healthmon.watchdog.pulse import why_unwell

log = logging.getLogger(__name__)

#: The first heartbeat of a daemon's life comes after so long: one that dies at each start is not alive (seconds).
FIRST_IN = 15.0

#: A fetch that is under way may end by itself (seconds).
STOP_WITHIN = 0.5


class Heart:
    """The thread ``heartbeat``. Owned by the main thread."""

    def __init__(self, database: Path, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, config: Config) -> None:
        """Begin, if there is something to fetch."""
        self._begin(config, first_in=FIRST_IN)

    def stop(self) -> None:
        """End it. A fetch that is under way is not waited for."""
        self._stop.set()
        if self._thread is not None:
            join([self._thread], STOP_WITHIN)
            self._thread = None

    def reload(self, config: Config, changed: Difference) -> None:
        """Go on with another URL or other PBXs, if they are others."""
        if changed.heartbeat_changed or changed.pbxs_added or changed.pbxs_removed:
            self.stop()
            self._begin(config, first_in=0.0)

    def _begin(self, config: Config, *, first_in: float) -> None:
        if config.heartbeat is None:
            return
        self._stop = Event()
        heartbeat = Heartbeat(
            config.heartbeat,
            self._looker([pbx.name for pbx in config.pbxs]),
            clock=self._clock,
            stop=self._stop,
            first_in=min(first_in, config.heartbeat.every),
        )
        self._thread = started(kept_running(heartbeat.run, self._stop), "heartbeat")
        log.info("heartbeat: every %s to %s", written(config.heartbeat.every), place_of(config.heartbeat.url))

    def _looker(self, pbxs: list[str]) -> Callable[[], str]:
        def look() -> str:
            try:
                return why_unwell(read_pulse(self._database), pbxs, self._clock.now())
            except StoreError as error:
                return str(error)

        return look
