"""One conversation with the database: its connection, where it is, and its own time as that was read last.

What kind of database it is, only ``store/sqlite`` knows; the statements of all others are portable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from healthmon.store.schema import INSTANCE
from healthmon.store.sqlite.connect import Connection, Cursor, Stored, by_place, errors_named, transaction
from healthmon.store.timeline import IDENTICAL, Timeline

#: The named parameters of a statement; or their values, in the order of its names.
Parameters = Mapping[str, Any]
Values = Sequence[Any]

_NONE: Parameters = {}

# One statement for both: each transaction of a deliverer begins with it, while the engine wants the interpreter.
_TIMELINE = """SELECT d.clock_shift, j.at, j.seconds FROM daemon d LEFT JOIN clock_jumps j ON j.seconds <> 0
    WHERE d.instance = :instance ORDER BY j.id"""


class Session:
    """Owned by one thread. Times go through ``timeline``, which is read anew by ``asking`` and ``writing``."""

    def __init__(self, path: Path, connection: Connection, timeline: Timeline | None = None) -> None:
        self.path = path
        self.connection = connection
        self.timeline = timeline or IDENTICAL
        #: For questions with very many answers: their rows are tuples.
        self.plain = connection.cursor()
        self.plain.row_factory = None

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    # ---------------------------------------------------------------- from when to when

    @contextmanager
    def errors_named(self) -> Iterator[None]:
        """Raise what goes wrong with the database as a StoreError."""
        with errors_named(self.path):
            yield

    @contextmanager
    def asking(self) -> Iterator[Timeline]:
        """Ask, with the time of the database as it is now. Raises a StoreError."""
        with errors_named(self.path):
            yield self.read_timeline()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write whole or not at all; only for the engine, which knows the time of the database. Raises a StoreError."""
        with transaction(self.connection, self.path):
            yield

    @contextmanager
    def writing(self) -> Iterator[Timeline]:
        """Write whole or not at all, with the time of the database as it is now: between the engine's transactions.

        Raises a StoreError.
        """
        with transaction(self.connection, self.path, in_gaps=True):
            yield self.read_timeline()

    def read_timeline(self) -> Timeline:
        """Read how the database's time is shown; inside of what also reads or writes the times."""
        self.timeline = read_timeline(self)
        return self.timeline

    # ---------------------------------------------------------------- what is known of the daemon

    def of_daemon(self, column: str) -> Any:
        """Return what is noted of the daemon."""
        return self.value(f"SELECT {column} FROM daemon WHERE instance = :instance", {"instance": INSTANCE})  # noqa: S608

    def note_of_daemon(self, **values: float | str) -> None:
        """Note something of the daemon."""
        changes = ", ".join(f"{column} = :{column}" for column in values)
        sql = f"UPDATE daemon SET {changes} WHERE instance = :instance"  # noqa: S608 (names of ours)
        self.connection.execute(sql, {**values, "instance": INSTANCE})

    # ---------------------------------------------------------------- questions and statements

    def execute(self, sql: str, parameters: Parameters = _NONE) -> Cursor:
        """Ask, or write; the rows of the answer are read while one goes through them."""
        return self.connection.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Write once for each of these parameters; return how many rows of the database were written."""
        return max(self.connection.executemany(sql, rows).rowcount, 0)

    def write_values(self, sql: str, rows: Iterable[Values]) -> None:
        """Write once for each of these: values in the order in which the statement names them. For many rows.

        To look up each name for each row takes as long as all the rest.
        """
        self.connection.executemany(by_place(sql), rows)

    def rows(self, sql: str, parameters: Parameters = _NONE) -> list[Stored]:
        """Return all rows of an answer."""
        return self.connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Parameters = _NONE) -> Stored | None:
        """Return the first row of an answer; None: it has none."""
        found: Stored | None = self.connection.execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Parameters = _NONE) -> Any:
        """Return the first value of the first row; there must be one."""
        return self.connection.execute(sql, parameters).fetchone()[0]

    def is_any(self, sql: str, parameters: Parameters = _NONE) -> bool:
        """Whether an answer has any rows."""
        return self.connection.execute(sql, parameters).fetchone() is not None


def read_timeline(session: Session) -> Timeline:
    """Read how far the wall clock is ahead of the database's time, and was when."""
    rows = session.rows(_TIMELINE, {"instance": INSTANCE})
    # Of a clock that was never set there is one row, without a jump.
    return Timeline.of_jumps(rows[0]["clock_shift"], ((at, by) for _, at, by in rows if at is not None))
