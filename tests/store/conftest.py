"""The store that the tests of this folder speak to."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.store.scene import Store


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: an fsync costs nothing there."""
    memory = Path("/dev/shm")
    where = Path(tempfile.mkdtemp(prefix="healthmon-", dir=memory if os.access(memory, os.W_OK) else None))
    yield where
    shutil.rmtree(where)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """A new database with its daemon. Another kind of store would be given here."""
    store = Store(folder / "healthmon.db")
    yield store
    # A test may have stopped it.
    with suppress(OSError):
        store.outbox.close()
        store.writer.close()
