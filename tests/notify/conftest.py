"""The scene of the delivery tests: a real store in memory, a clock and a channel under control."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notify.post import Post
from tests.store.conftest import folder, store
from tests.store.scene import Store

__all__ = ["folder", "post", "store"]


@pytest.fixture
def post(store: Store) -> Iterator[Post]:
    """A deliverer with everything that it needs."""
    scene = Post(store)
    yield scene
    scene.outbox.close()
