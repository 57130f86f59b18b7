"""What tests of the configuration share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A folder to write configuration files into."""
    return Files(tmp_path)
