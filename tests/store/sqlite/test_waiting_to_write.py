"""Who writes beside the engine begins soon after the engine's transaction, however long that has lasted."""

from __future__ import annotations

from contextlib import closing
from threading import Timer

import pytest

from healthmon.errors import DatabaseBusy
from healthmon.store.sqlite.connect import connect
from tests.store.scene import START, Store

#: How long the other one writes (seconds).
HELD = 0.3


def test_who_waits_to_write_looks_again_and_again_without_longer_and_longer_pauses(store: Store) -> None:
    connection = store.outbox._session.connection
    tries: list[str] = []
    connection.set_trace_callback(tries.append)
    with closing(connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = Timer(HELD, other.rollback)
        release.start()

        store.outbox.keep_quiet("oncall/hook", START + 10, ())

        release.join()
    # SQLite alone would have looked ten times, the last time after a pause of 100 ms.
    assert tries.count("BEGIN IMMEDIATE") > 10


def test_who_may_not_write_gives_up_when_the_connection_says_so_and_waits_as_long_the_next_time(store: Store) -> None:
    connection = store.outbox._session.connection
    connection.execute("PRAGMA busy_timeout = 20")
    with closing(connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")

        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                store.outbox.keep_quiet("oncall/hook", START + 10, ())

            assert connection.execute("PRAGMA busy_timeout").fetchone()[0] == 20
