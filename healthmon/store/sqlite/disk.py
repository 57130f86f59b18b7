"""How much room is left where the database lies."""

from __future__ import annotations

import os
from pathlib import Path


def free_bytes(folder: Path | int) -> int:
    """Say how much this user may still write there; an open file says where, too. Raises OSError."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize
