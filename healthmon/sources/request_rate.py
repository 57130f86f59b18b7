"""So many requests a second, and no more: a monitor must not be a burden to what it watches."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Requests for settings, a second and PBX.
SETTINGS_REQUESTS = 20.0
#: Questions about single endpoints, a second and PBX.
QUESTIONS = 50.0


class RequestRate:
    """Says when the next request may be made. Owned by one thread; times are those of ``monotonic``."""

    def __init__(self, per_second: float, monotonic: Callable[[], float] = time.monotonic, *, at_once: int = 0) -> None:
        self._per_second = per_second
        self._monotonic = monotonic
        #: So many requests need not wait.
        self._at_once = at_once
        self.ready_at = 0.0

    @classmethod
    def for_settings(cls, *, at_once: int = 0) -> RequestRate:
        """For whoever reads settings of one endpoint after the other: two requests each."""
        return cls(SETTINGS_REQUESTS / 2, at_once=at_once)

    def spend(self, requests: int = 1) -> None:
        """Note that so many requests were made."""
        self.ready_at = max(self.ready_at, self._monotonic()) + requests / self._per_second

    def wait(self) -> None:
        """Wait until the next request may be made, and note it."""
        if self._at_once:
            self._at_once -= 1
            return
        time.sleep(max(0.0, self.ready_at - self._monotonic()))
        self.spend()
