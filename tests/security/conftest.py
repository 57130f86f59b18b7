"""What these tests share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.hands import GROUP, Scene, scene_in_tmp


@pytest.fixture
def scene() -> Iterator[Scene]:
    """A database of another user's, and root's own file."""
    with scene_in_tmp() as scene:
        yield scene


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty one."""
    where = Path(tempfile.mkdtemp(prefix="healthmon-lock-"))
    yield where
    shutil.rmtree(where)


@pytest.fixture
def library(folder: Path) -> Path:
    """Like /var/lib/healthmon: the group may look, nobody else may."""
    os.chown(folder, 0, GROUP)
    # New files belong to the group, as they do where the daemon itself is of it.
    folder.chmod(0o2750)
    return folder
