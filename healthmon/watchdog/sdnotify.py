"""Tells systemd how the service is doing: the protocol of sd_notify(3), in one datagram each.

Outside systemd (no ``NOTIFY_SOCKET``) every call does nothing, and a socket that has vanished is no reason to stop
watching phones: nothing here raises ``OSError``.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

#: sd_watchdog_enabled(3) advises to report in at half of the time that systemd waits.
WATCHDOG_SHARE = 0.5

_USEC = 1_000_000


class ServiceManager:
    """The way to systemd. Holds no socket between calls, so any thread may use it; ``watchdog()`` is the engine's."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = _socket_address(environ.get("NOTIFY_SOCKET", ""))
        self._monotonic = monotonic
        self._fed_at: float | None = None
        #: How often ``watchdog()`` must be called at least (seconds); None: nobody waits for it.
        self.watchdog_interval = _watchdog_interval(environ)

    def ready(self, status: str = "") -> None:
        """Say that the start, or a reload, is complete."""
        self._tell("READY=1", _status(status))

    def status(self, text: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        self._tell(_status(text))

    def watchdog(self) -> None:
        """Say that the engine's loop still goes round. Called by the engine thread only, as often as it likes."""
        if self.watchdog_interval is None:
            return
        now = self._monotonic()
        if self._fed_at is None or now - self._fed_at >= self.watchdog_interval / 2:
            self._fed_at = now
            self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that the configuration is being read anew; ``ready()`` must follow, whatever comes of it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "") -> None:
        """Say that the daemon is on its way out."""
        self._tell("STOPPING=1", _status(status))

    def extend(self, seconds: float) -> None:
        """Ask for so much more time from now on to start or to stop, while a migration runs for example."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * _USEC)}")

    def _tell(self, *lines: str) -> None:
        if self._address is None:
            return
        # Nobody there, or a full queue of systemd's: neither may stop the engine, and the next report will do.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto("\n".join(line for line in lines if line).encode(), self._address)


def _status(text: str) -> str:
    """One line of status; a line break within it would begin the next variable."""
    if text:
        return f"STATUS={' '.join(text.split())}"
    return ""


def _socket_address(name: str) -> str | None:
    """A path, or ``@name`` for Linux's abstract names; anything else (``vsock:``) is not for us."""
    if name.startswith("@"):
        return "\0" + name[1:]
    if name.startswith("/"):
        return name
    return None


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Half of ``WATCHDOG_USEC``, unless that is meant for another process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        usec = int(environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return None
    if usec > 0:
        return usec / _USEC * WATCHDOG_SHARE
    return None
