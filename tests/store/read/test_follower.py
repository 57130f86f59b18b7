"""Who looks on notices each commit, and lives on while daemons come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthmon.model import Health
from healthmon.store.read.follower import Watcher
from tests.store.scene import START, Store, transition


@pytest.fixture
def watcher(store: Store) -> Iterator[Watcher]:
    """One that has looked once."""
    with Watcher(store.path) as watcher:
        watcher.has_changed()
        yield watcher


def test_a_commit_is_noticed_once(store: Store, watcher: Watcher) -> None:
    assert not watcher.has_changed()

    store.book(transitions=[transition(START, Health.UP)])

    assert watcher.has_changed()
    assert not watcher.has_changed()
    assert watcher.has_daemon


def test_a_stop_and_a_start_are_noticed_and_then_commits_again(store: Store, watcher: Watcher) -> None:
    store.stop()
    assert (watcher.has_changed(), watcher.has_daemon) == (True, False)
    assert not watcher.has_changed()

    store.start()
    assert (watcher.has_changed(), watcher.has_daemon) == (True, True)
    assert not watcher.has_changed()
    store.book(transitions=[transition(START, Health.UP)])
    assert watcher.has_changed()


def test_a_restart_between_two_looks_misses_nothing(store: Store, watcher: Watcher) -> None:
    store.restart(START + 60)
    watcher.has_changed()

    store.book(transitions=[transition(START, Health.UP)])

    assert watcher.has_changed()


def test_who_looks_on_leaves_the_database_as_it_was(store: Store, watcher: Watcher) -> None:
    store.book(transitions=[transition(START, Health.UP)])
    watcher.has_changed()

    store.stop()
    watcher.has_changed()

    with store.reading() as reader:
        assert not reader.daemon().is_running
    log = store.path.with_name("healthmon.db-wal")
    assert not log.exists() or log.stat().st_size == 0


def test_another_file_in_its_place_is_noticed(store: Store, watcher: Watcher) -> None:
    store.stop()
    copy = store.path.with_name("copy.db")
    copy.write_bytes(store.path.read_bytes())
    copy.replace(store.path)
    store.start()

    assert watcher.has_changed()
    store.book(transitions=[transition(START, Health.UP)])
    assert watcher.has_changed()
