"""What the operating system tells us. No handler runs while the daemon does: the main thread asks for signals.

A handler would run between any two steps of the main thread, also while that holds the lock of an Event, and wait for
it for ever.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

#: Stop, stop, reload.
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def hold() -> None:
    """Have our signals wait until the main thread asks for them; threads started later inherit that."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def wait(seconds: float) -> signal.Signals | None:
    """Return the next signal, or None when none came for so long."""
    received = signal.sigtimedwait(SIGNALS, seconds)
    # Python returns an arbitrary number when the process was stopped (SIGSTOP) meanwhile, and its time is over when it
    # goes on: it does not look at the result of sigtimedwait(2) then (seen in 3.11).
    if received and received.si_signo in SIGNALS:
        return signal.Signals(received.si_signo)
    return None


def exit_at_the_next() -> None:
    """From now on a SIGTERM or SIGINT ends the process at once: somebody has lost patience with an orderly stop."""

    def exit_at_once(number: int, _frame: FrameType | None) -> None:
        os.write(2, b"told to stop twice: healthmon exits at once\n")
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, exit_at_once)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
