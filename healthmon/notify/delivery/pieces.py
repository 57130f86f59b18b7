"""A digest that is refused again and again is sent in pieces, until the row that is to blame stands alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from healthmon.store.outbox.outbox import ClaimedRow

#: After so many failures a digest is sent in halves, then in quarters …; a row alone has as many attempts.
PATIENCE = 3
#: When the first pieces all fail, it is the channel: the others are not tried.
_TRIES = 2

Rows = tuple[ClaimedRow, ...]


def pieces(rows: Rows, failures: int) -> list[Rows]:
    """Cut the rows of a digest that has failed again, after so many failures before; empty: it stays whole.

    The whole is always tried first: after an hour without internet forty phones are one message, not forty. Each
    attempt begins with another piece, so that a bad one does not hide the good ones for ever.
    """
    if failures < PATIENCE or len(rows) < 2:
        return []
    size = max(1, -(-len(rows) // 2 ** min(failures - PATIENCE + 1, 20)))
    cut = [rows[start : start + size] for start in range(0, len(rows), size)]
    first = (failures - PATIENCE) % len(cut)
    return cut[first:] + cut[:first]


class Attempt(Struct):
    """What became of the messages of one attempt."""

    delivered: int = 0
    failed: list[Rows] = field(default_factory=list)
    #: Nobody knows whether the last one arrived.
    in_doubt: bool = False
    untried: list[Rows] = field(default_factory=list)
    #: For so many seconds the channel wants no further message; None: it did not say.
    retry_after: float | None = None
    #: Not even a connection came about.
    is_unreachable: bool = False

    @property
    def is_hopeless(self) -> bool:
        """Whether the rest need not be tried: no answer, too many messages, or nothing but failures."""
        said_why = self.in_doubt or self.is_unreachable or self.retry_after is not None
        return said_why or (not self.delivered and len(self.failed) >= _TRIES)

    @property
    def not_sent(self) -> list[ClaimedRow]:
        """The rows that must be sent again."""
        return [row for rows in (*self.failed, *self.untried) for row in rows]

    @property
    def failed_alone(self) -> list[ClaimedRow]:
        """The rows that were refused as a message of their own."""
        return [rows[0] for rows in self.failed if len(rows) == 1]


class Suspects:
    """Rows that failed alone, and what speaks for it that they, not the channel, are to blame.

    A channel that dies between two messages must cost no alert. So a failure counts only if another message was
    accepted in the same attempt; or, where the channel refused this very message (HTTP 400), at any time since.
    """

    def __init__(self) -> None:
        self._failures: dict[int, int] = {}
        self._refused: dict[int, int] = {}
        self._proven: dict[int, int] = {}
        self._works_since: set[int] = set()

    def failed_alone(self, row: ClaimedRow, *, refused: bool) -> None:
        """Note that a row failed by itself."""
        number = row.notification_id
        self._failures[number] = self.times_failed(row) + 1
        self._refused[number] = self._refused.get(number, 0) + refused

    def times_failed(self, row: ClaimedRow) -> int:
        """How often a row failed by itself: the others are tried before it, or it might hide them for ever."""
        return self._failures.get(row.notification_id, 0)

    def attempt_ended(self, alone: Iterable[ClaimedRow], *, something_delivered: bool) -> None:
        """Note what an attempt proves about the rows that failed alone in it."""
        if not something_delivered:
            return
        self._works_since |= self._refused.keys()
        for row in alone:
            self._proven[row.notification_id] = self._proven.get(row.notification_id, 0) + 1

    def guilty(self, rows: Iterable[ClaimedRow]) -> Sequence[ClaimedRow]:
        """Return those of these rows that will never be accepted."""
        guilty = []
        for row in rows:
            number = row.notification_id
            is_refused = number in self._works_since and self._refused.get(number, 0) >= PATIENCE
            if is_refused or self._proven.get(number, 0) >= PATIENCE:
                guilty.append(row)
        return guilty

    def forget(self, rows: Iterable[ClaimedRow]) -> None:
        """These rows are done with."""
        for row in rows:
            self._failures.pop(row.notification_id, None)
            self._refused.pop(row.notification_id, None)
            self._proven.pop(row.notification_id, None)
            self._works_since.discard(row.notification_id)
