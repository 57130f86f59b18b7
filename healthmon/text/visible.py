"""Names come from strangers: what may be shown of them. Pure."""

from __future__ import annotations


def visible(text: str) -> str:
    """Make what is no plain letter visible: names come from strangers, and could turn or break a message.

    That covers line breaks, control characters, and those that change the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    if letter == "\N{NO-BREAK SPACE}":
        return " "
    return letter.encode("unicode_escape").decode()
