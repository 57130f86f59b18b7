"""The present that all requests share: one thread reads it anew, any thread asks."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, Full, Queue
from threading import Condition
from typing import TypeVar

from msgspec.structs import replace

from healthmon.errors import UNREADABLE, HealthmonError, StoreError, TookTooLong, unreadable
from healthmon.publish.changes import ChangeLog
from healthmon.publish.present import Present, read_present
from healthmon.publish.rereading import Rereading
from healthmon.store.read.follower import Watcher
from healthmon.store.read.queries import Reader

log = logging.getLogger(__name__)

Found = TypeVar("Found")

#: What grows old is seen by reading anew, also where nothing was written (seconds).
READ_AT_LEAST_EVERY = 5.0
#: What was read so long ago is not the present any more: the disk hangs, say (seconds).
OLD_AFTER = 20.0
#: What has to be read is there within so long (seconds), and no more may wait.
READ_WITHIN, MOST_WAITING = 10.0, 50

TOO_MUCH = "too much is asked at the same time; ask again in a moment"


class Unreadable(HealthmonError):
    """How things stand is not known."""


class Busy(HealthmonError):
    """Too many want something read at the same time."""


class Live:
    """How everything stands. ``look()`` and ``answer()`` are for one thread alone, which owns the connection.

    Any thread may ask for the present, which is there at once, or have something read, which waits for its turn.
    """

    def __init__(self, watcher: Watcher, names: Mapping[str, str], wall: Callable[[], float]) -> None:
        self._watcher = watcher
        self._names = names
        self._wall = wall
        #: Revisions of another process are none of ours.
        self._run = secrets.token_hex(4)
        self._number = 0
        self._anew = Rereading(watcher, self._read, wall)
        self._present: Present | None = None
        self._renewed = Condition()
        self._jobs: Queue[Callable[[], None]] = Queue(MOST_WAITING)
        self.changes = ChangeLog()

    def now(self) -> float:
        """The wall clock, seconds UTC."""
        return self._wall()

    @property
    def present(self) -> Present:
        """How everything stands. Raises Unreadable."""
        present, trouble = self._present, self._anew.trouble
        if trouble or present is None:
            raise Unreadable(trouble)
        age = self._wall() - present.status.now
        if age > OLD_AFTER:
            raise Unreadable(f"the database was read {age:.0f} s ago for the last time")
        return present

    def read(self, find: Callable[[Reader], Found]) -> Found:
        """Have something read by the thread that may. Raises Unreadable, Busy, and what ``find`` raises.

        Nobody reads on for whoever was told Busy: all others wait for the same thread, and so does the present.
        """
        result: Future[Found] = Future()
        try:
            self._jobs.put_nowait(partial(self._do, find, result, gives_up_after=READ_WITHIN))
            return result.result(READ_WITHIN)
        except (Full, TimeoutError):
            result.cancel()
            raise Busy(TOO_MUCH) from None

    def read_to_the_end(self, find: Callable[[Reader], Found]) -> Found:
        """As ``read``, for what is kept: it is read also when whoever asked waits no longer, for the next one."""
        result: Future[Found] = Future()
        try:
            self._jobs.put_nowait(partial(self._do, find, result))
            return result.result(READ_WITHIN)
        except (Full, TimeoutError):
            raise Busy(TOO_MUCH) from None

    def wait_until(self, is_so: Callable[[Present], bool], seconds: float) -> None:
        """Wait until what was ordered can be seen, for so long at most (seconds)."""
        with self._renewed:
            self._renewed.wait_for(lambda: self._present is not None and is_so(self._present), seconds)

    def have_read(self, find: Callable[[Reader], object]) -> None:
        """Have something read when its turn comes, and do not wait for it; too much is asked: it is not read."""
        with suppress(Full):
            self._jobs.put_nowait(partial(self._do, find, Future[object]()))

    def answer(self, seconds: float) -> None:
        """Read what is asked for, for so long; return when nothing is (seconds)."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                job = self._jobs.get(timeout=left)
            except Empty:
                return
            job()

    def _do(
        self, find: Callable[[Reader], Found], result: Future[Found], *, gives_up_after: float | None = None
    ) -> None:
        if not result.set_running_or_notify_cancel():
            return
        try:
            with self._watcher.reading() as reader:
                if gives_up_after is not None:
                    reader.give_up_after(gives_up_after)
                result.set_result(find(reader))
        except TookTooLong:
            result.set_exception(Busy(TOO_MUCH))
        except StoreError as error:
            result.set_exception(Unreadable(str(error)))
        except HealthmonError as error:
            result.set_exception(error)
        except UNREADABLE as error:
            result.set_exception(Unreadable(unreadable(error)))
        except BaseException as error:  # noqa: BLE001  (whoever asked is told)
            result.set_exception(error)

    def look(self) -> None:
        """Read anew if somebody has written, or some time has passed."""
        before = self._anew.trouble
        present = self._anew.look()
        if self._anew.trouble not in ("", before):
            log.warning("%s", self._anew.trouble)
        if present is None:
            return
        if self._anew.has_changed or self._present is None:
            self.changes.note(present.revision, present.status)
        self._number += self._anew.has_changed
        with self._renewed:
            self._present = present
            self._renewed.notify_all()
        self._anew.wait(READ_AT_LEAST_EVERY)

    def _read(self, reader: Reader) -> Present:
        revision = f"{self._run}-{self._number + self._anew.has_changed}"
        present = read_present(reader, self._wall(), self._names, revision)
        return replace(present, status=self.changes.as_known(present.status))
