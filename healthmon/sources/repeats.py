"""The same error again and again: logged once, then counted, then "recovered after 214 failures"."""

from __future__ import annotations

import logging


class Repeats:
    """Logs a run of failures of one thing. Owned by one thread."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._last = ""
        #: Failures since it last worked.
        self.failures = 0

    def failed(self, sentence: str) -> None:
        """Note a failure; log it when it is not the one that was logged last."""
        self.failures += 1
        if sentence != self._last:
            self._last = sentence
            self._log.warning("%s: %s", self._what, sentence)

    def worked(self) -> None:
        """Note that it works; log it when it did not before."""
        if self.failures:
            times = "1 failure" if self.failures == 1 else f"{self.failures} failures"
            self._log.info("%s: recovered after %s", self._what, times)
        self.failures = 0
        self._last = ""
