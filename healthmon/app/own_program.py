"""How healthmon starts a command of its own in another process."""

from __future__ import annotations

import sys
from pathlib import Path


def own_program(config: Path) -> list[str]:
    """Say how the command line begins. -P: nothing of the directory that we happen to be in."""
    return [sys.executable, "-P", "-m", "healthmon", "-c", str(config)]
