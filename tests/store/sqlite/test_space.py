"""What was deleted is given back to the disk: page by page, and never so much that it is missed a moment later."""

from __future__ import annotations

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from healthmon.model import Health
from healthmon.store.sqlite.connect import connect
from healthmon.store.sqlite.space import PAGES_AT_ONCE, SPARE_PAGES, can_shrink, give_back, rewrite_if_small
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import open_writer
from tests.store.make_fixture import FIXTURES
from tests.store.scene import PHONE, START, Store, by_key, state, transition

CUT = START + 100_000


def number(path: Path, pragma: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        return found


def fill(store: Store, count: int = 80_000) -> None:
    """Book a long and old history."""
    store.book(states=by_key(state()))
    changes = (transition(START + number, (Health.UP, Health.DOWN)[number % 2]) for number in range(count))
    store.book(transitions=list(changes))


@pytest.fixture
def old(folder: Path) -> Path:
    """A database as the first release left it."""
    path = folder / "healthmon.db"
    path.write_bytes(gzip.decompress((FIXTURES / "schema1.db.gz").read_bytes()))
    assert number(path, "auto_vacuum") == 0
    return path


def test_a_file_gets_shorter_when_its_history_goes(store: Store) -> None:
    fill(store)
    pages = number(store.path, "page_count")

    while store.writer.prune(Cuts.at(CUT), limit=1000):
        pass

    assert number(store.path, "freelist_count") == SPARE_PAGES
    assert number(store.path, "page_count") < pages / 2
    store.stop()
    assert store.path.stat().st_size == number(store.path, "page_count") * number(store.path, "page_size")


def test_a_step_gives_few_pages_back_and_says_how_many(store: Store) -> None:
    fill(store)
    given = []
    while seen := store.writer.prune(Cuts.at(CUT), limit=1000):
        given.append(seen)

    assert given.count(PAGES_AT_ONCE) > 5
    assert all(step <= PAGES_AT_ONCE for step in given[-5:])


def test_a_few_free_pages_stay_for_what_comes_next(store: Store) -> None:
    fill(store, 5_000)

    while store.writer.prune(Cuts.at(CUT), limit=1000):
        pass

    assert 0 < number(store.path, "freelist_count") <= SPARE_PAGES


def test_a_small_file_of_an_older_healthmon_is_made_to_shrink_at_its_first_start(old: Path) -> None:
    said: list[str] = []

    open_writer(old, now=START + 300, on_migrating=said.append).close()

    with closing(connect(old)) as connection:
        assert can_shrink(connection)
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert said[-1] == f"{old}: writing it anew, once, so that its free space can be given back"
    said.clear()
    writer = open_writer(old, now=START + 400, on_migrating=said.append)
    assert said == []
    assert [each.target for each in writer.load().states] == [PHONE]
    writer.close()


def test_a_large_one_is_left_as_it_is(old: Path) -> None:
    with closing(connect(old)) as connection:
        rewrite_if_small(connection, old, pytest.fail, most=old.stat().st_size - 1)

        assert not can_shrink(connection)


def test_without_room_on_the_disk_it_is_left_as_it_is(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=0, f_frsize=1))

    with closing(connect(old)) as connection:
        rewrite_if_small(connection, old, pytest.fail)

        assert not can_shrink(connection)


def test_nothing_is_given_back_of_a_file_that_cannot_shrink(old: Path) -> None:
    with closing(connect(old)) as connection:
        assert give_back(connection, old) == 0


def test_a_file_that_cannot_be_written_anew_stays_as_it_is(old: Path) -> None:
    said: list[str] = []
    with closing(connect(old)) as connection, closing(connect(old)) as other:
        connection.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")

        rewrite_if_small(connection, old, said.append)

        other.rollback()
        assert not can_shrink(connection)
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert said[-1].startswith(f"{old}: it stays as it is, which does no harm: another process")
