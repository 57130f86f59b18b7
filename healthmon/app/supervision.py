"""A defect of ours in a source or a deliverer ends only its PBX, or its URL: it is logged, told, and started again."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread, current_thread

from healthmon.app.threads import join, started
from healthmon.errors import StoreError
from healthmon.model import TOO_MANY_DEFECTS

log = logging.getLogger(__name__)

#: How long the work rests after its first, second, … defect in a row (seconds).
PAUSES: tuple[float, ...] = (1.0, 5.0, 25.0, 120.0, 600.0)
#: They are in a row unless it has gone well for so long between two of them (seconds).
GONE_WELL_AFTER = 600.0


class Defects:
    """Counts the defects of one thread's work, and says how long it rests. Pure. Owned by that thread.

    ``told_after``: what lasts for so long is an incident (seconds). From the third defect in a row on it rests so long.
    """

    def __init__(self, told_after: float = 0.0) -> None:
        self._told_after = told_after
        self._in_a_row = 0
        #: How many there were since the start.
        self.total = 0

    def pause(self, ran_for: float) -> float:
        """Note a defect after the work had gone on for so long; return how long it rests. Seconds."""
        if ran_for >= GONE_WELL_AFTER:
            self._in_a_row = 0
        self._in_a_row += 1
        self.total += 1
        pause = PAUSES[min(self._in_a_row, len(PAUSES)) - 1]
        if self._in_a_row < TOO_MANY_DEFECTS:
            return pause
        return max(pause, self._told_after)


def keep_running(
    work: Callable[[], object],
    *,
    stop: Event,
    note: Callable[[str], object],
    defects: Defects,
    note_every: float = math.inf,
    steady: Callable[[], float] = time.monotonic,
) -> None:
    """Do the work of a thread until it ends by itself, or until ``stop`` is set; after a defect begin it anew.

    ``note`` is told what went wrong, in words without a secret; the traceback goes to the log, through its redactor.
    ``note_every``: while the work rests, it is told so again (seconds).
    Raises StoreError: without its database nothing goes on.
    """
    while not stop.is_set():
        began_at = steady()
        try:
            work()
        except StoreError:
            raise
        except Exception as error:
            pause = defects.pause(steady() - began_at)
            name, number = current_thread().name, defects.total
            log.critical("%s: defect %d of healthmon; it goes on in %g s", name, number, pause, exc_info=error)
            why = words_of(error)
            note(why)
        else:
            return
        _rest(pause, stop, partial(note, why), note_every)


def _rest(pause: float, stop: Event, note: Callable[[], object], note_every: float) -> None:
    """Do nothing for so long, or until ``stop`` is set, but say now and then that it is so."""
    while pause > 0:
        part = min(pause, note_every)
        if stop.wait(part):
            return
        pause -= part
        if pause > 0:
            note()


class OwnThread:
    """The thread of work that begins anew with each configuration. Owned by the main thread.

    Nobody is told of a defect of it: whoever waits for what it does notices that it is missing.
    """

    def __init__(self, name: str, stop_within: float) -> None:
        self._name = name
        #: What is under way may end by itself (seconds).
        self._stop_within = stop_within
        self._stop = Event()
        self._thread: Thread | None = None

    def begin(self, work_until: Callable[[Event], Callable[[], object]]) -> None:
        """Begin. ``work_until`` is given the event that ends the work, and returns the work."""
        self._stop = Event()
        work = work_until(self._stop)
        kept = partial(keep_running, work, stop=self._stop, note=lambda _why: None, defects=Defects())
        self._thread = started(kept, self._name)

    def stop(self) -> None:
        """End it, if it was begun. What is still under way then is not waited for."""
        self._stop.set()
        if self._thread is not None:
            join([self._thread], self._stop_within)
            self._thread = None


def words_of(error: Exception) -> str:
    """Name a defect by its type alone: what the exception says may hold a secret, and stands in the log."""
    return f"a defect of healthmon ({type(error).__name__}): its log says where"
