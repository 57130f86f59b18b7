"""In which order names are listed."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Make a sort key by which 9 comes before 101."""
    return tuple((int(part[:18]) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name))
