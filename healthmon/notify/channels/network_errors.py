"""What an exception of the network says, brought down to what a person needs: where, and what went wrong. Pure."""

from __future__ import annotations

import re

from healthmon.text.longtext import CUT

_MOST_CHARACTERS = 300


def short(words: str) -> str:
    """Bring what an exception says down to its core, the same each time."""
    flat = " ".join(words.split())
    pool = re.match(r"HTTPS?ConnectionPool\(host='(.*?)', port=(\d+)\): (.*)", flat)
    if pool:
        flat = f"{pool[1]}:{pool[2]}: {_innermost(pool[3])}"
    if len(flat) <= _MOST_CHARACTERS:
        return flat
    return f"{flat[: _MOST_CHARACTERS - 1]}{CUT}"


def _innermost(words: str) -> str:
    """Find the cause within the three exceptions that requests and urllib3 wrap around it."""
    _, is_wrapped, inner = words.partition("(Caused by ")
    if not is_wrapped:
        return words
    if failed := re.search(r"Failed to (?:establish a new connection|resolve '.*?')[: (]+(.*)", inner):
        return failed[1].strip("'\")")
    said = re.findall(r"'([^']{8,})'", inner)
    if said:
        return str(said[-1])
    return inner
