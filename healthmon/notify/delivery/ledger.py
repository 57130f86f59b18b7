"""Results of deliveries on their way into the database, which may be full or read-only for a while."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from healthmon.errors import DatabaseUnwritable

log = logging.getLogger(__name__)


class Ledger:
    """Keeps what could not be booked, in its order: what was delivered must not be sent twice.

    Owned by one deliverer's thread.
    """

    def __init__(self, url_id: str) -> None:
        self._url_id = url_id
        self._unbooked: list[Callable[[], None]] = []
        self._is_unwritable = False

    def book(self, write: Callable[[], None]) -> None:
        """Book a result, at once if that can be done, else as soon as it can."""
        self._unbooked.append(write)
        with suppress(DatabaseUnwritable):
            self.catch_up()

    def catch_up(self) -> None:
        """Book what could not be booked before. Raises DatabaseUnwritable, said once in the log, if it still cannot."""
        try:
            while self._unbooked:
                self._unbooked[0]()
                del self._unbooked[0]
        except DatabaseUnwritable as error:
            self.note_unwritable(error)
            raise

    def note_unwritable(self, error: DatabaseUnwritable) -> None:
        """Say once that the database cannot be used."""
        if not self._is_unwritable:
            self._is_unwritable = True
            log.error("%s: %s; what was delivered is remembered and booked later", self._url_id, error)

    def note_writable(self) -> None:
        """Say that the database can be used again, if that is news; not while a result still waits to be booked."""
        if self._is_unwritable and not self._unbooked:
            self._is_unwritable = False
            log.warning("%s: the database can be used again", self._url_id)

    def close(self) -> None:
        """Try a last time. What cannot be booked stays "being sent", and is in doubt at the next start."""
        try:
            self.catch_up()
        except DatabaseUnwritable:
            log.error("%s: %d results could not be booked; messages may be repeated", self._url_id, len(self._unbooked))
