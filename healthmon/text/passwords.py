"""Passwords in what the other side says: its sentences may repeat ours, or tell those of others."""

from __future__ import annotations

import re

BLOT = "***"
#: ``password=abc``, ``Secret: abc``.
_NAMED = re.compile(r"(\w*(?:passw|pwd|secret)\w*\s*[:=]\s*)[^\s,;]+", re.IGNORECASE)


def without_named_passwords(sentence: str) -> str:
    """Blot out whatever a sentence calls a password."""
    return _NAMED.sub(rf"\1{BLOT}", sentence)


def without_password(sentence: str, password: str) -> str:
    """Blot a password of ours out of a sentence that repeats it."""
    if not password:
        return sentence
    return sentence.replace(password, BLOT)
