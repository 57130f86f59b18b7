"""Texts of strangers are bounded: what is only shown is cut; what names something must be whole, and is refused."""

from __future__ import annotations

#: No text of Asterisk's own is nearly as long.
LONGEST_TEXT = 1000
#: What stands at the end of every text that was cut: before it the redactor looks for the beginning of a secret.
CUT = "…"


def shortened(text: str, most: int = LONGEST_TEXT) -> str:
    """Cut a text that is too long. Not for names: two long ones may begin alike."""
    if len(text) <= most:
        return text
    return text[:most] + CUT


def cut(text: str, length: int) -> str:
    """Shorten a text to at most so many characters; what was cut ends with "…"."""
    if len(text) <= length:
        return text
    return text[: max(length - 1, 0)].rstrip() + CUT


class Shortener:
    """Cuts texts that are too long, and counts them. Owned by one thread; others may read the count."""

    def __init__(self) -> None:
        #: How many texts were cut so far.
        self.cut = 0

    def __call__(self, text: str) -> str:
        """Cut a text that is too long."""
        short = shortened(text)
        self.cut += short is not text
        return short
