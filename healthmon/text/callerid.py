"""What people call an endpoint: the name in a caller id as Asterisk writes it, made fit to be shown. Pure."""

from __future__ import annotations

import re

from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: So much of a name is shown; in a subject less.
LONGEST_SHOWN = 60

#: In quotation marks it stands as somebody has escaped it in pjsip.conf (seen on 16 and 22).
_ESCAPED = re.compile(r'\\(["\\])')
#: What is dialled, and no name.
_NUMBER = re.compile(r"[0-9+*#.() -]*")


def name_in(callerid: str) -> str:
    """Return the name in a caller id; "" where it has none, or only its number again.

    Asterisk (16 and 22) writes ``"Reception" <103>``, ``Reception``, ``103``, and ``<unknown>`` for none at all. A name
    may hold quotation marks of its own, and angle brackets where it stands in quotation marks.
    """
    name, number = callerid, ""
    before, opened, after = callerid.rpartition("<")
    within, closed, rest = after.partition(">")
    if opened and closed and not rest.strip():
        before = before.strip()
        if len(before) > 1 and before.startswith('"') and before.endswith('"'):
            name, number = before[1:-1], within
        elif "<" not in before:
            name, number = before, within
    name = _ESCAPED.sub(r"\1", name).strip()
    if name == number or _NUMBER.fullmatch(name):
        return ""
    return name


def shown_name(text: str) -> str:
    """Make a name harmless and short: it stands in quotation marks in the middle of a line, so it holds none."""
    words = " ".join(text.split())
    return cut(visible(words).replace('"', "'"), LONGEST_SHOWN)


def beside(name: str, called: str) -> str:
    """Write what people call a thing beside its name: ``103 "Reception"``."""
    if not called:
        return name
    return f'{name} "{called}"'
