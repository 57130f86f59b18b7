"""How the demo can end before its end."""

from __future__ import annotations

from signal import Signals

from healthmon.errors import HealthmonError


class DemoFailed(HealthmonError):
    """Something did not happen that had to happen, or the other way round."""

    def __init__(self, what: str, log: str = "") -> None:
        self.what = what
        shown = f"\nThe end of the daemon's log:\n{log}" if log else ""
        super().__init__(f"the demo failed: {what}{shown}")


class DemoStopped(HealthmonError):
    """Somebody has seen enough: Ctrl-C, SIGTERM, or a terminal that was closed."""

    def __init__(self, signum: int) -> None:
        # What a shell makes of a process that a signal ended.
        self.exit_code = 128 + signum
        super().__init__(f"the demo was stopped by {Signals(signum).name}; nothing is left behind")
