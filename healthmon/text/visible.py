"""Names come from strangers: what may be shown of them. Pure."""

from __future__ import annotations


def visible(text: str) -> str:
    """Make what is no plain letter visible: names come from strangers, and could turn or break a message.

    That covers line breaks, control characters, and those that change the direction of writing.
    """
    if text.isprintable():
        return text
    letters = []
    for letter in text.replace("\N{NO-BREAK SPACE}", " "):
        if letter.isprintable():
            letters.append(letter)
        else:
            letters.append(letter.encode("unicode_escape").decode())
    return "".join(letters)
