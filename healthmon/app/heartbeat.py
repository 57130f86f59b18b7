"""The thread that feeds the dead man's switch, if one is configured."""

from __future__ import annotations

import logging
from pathlib import Path

from healthmon.app.supervision import OwnThread
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


class Heart(OwnThread):
    """The thread ``heartbeat``. Owned by the main thread."""

    def __init__(self, database: Path, clock: Clock) -> None:
        super().__init__("heartbeat", STOP_WITHIN)
        self._database = database
        self._clock = clock

    def start(self, config: Config) -> None:
        """Begin, if there is something to fetch."""
        self._feed(config, first_in=FIRST_IN)

    def reload(self, config: Config, changed: Difference) -> None:
        """Go on with another URL or other PBXs, if they are others."""
        if changed.heartbeat_changed or changed.pbxs_added or changed.pbxs_removed:
            self.stop()
            self._feed(config, first_in=0.0)

    def _feed(self, config: Config, *, first_in: float) -> None:
        fed = config.heartbeat
        if fed is None:
            return
        pbxs = [pbx.name for pbx in config.pbxs]

        def look() -> str:
            try:
                return why_unwell(read_pulse(self._database), pbxs, self._clock.wall())
            except StoreError as error:
                return str(error)

        first_in = min(first_in, fed.every)
        self.begin(lambda stop: Heartbeat(fed, look, clock=self._clock, stop=stop, first_in=first_in).run)
        log.info("heartbeat: every %s to %s", written(fed.every), place_of(fed.url))
