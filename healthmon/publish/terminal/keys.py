"""What keys do to what is seen. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.publish.terminal.frame import FILTERS, View

QUIT = ("q", "Q", "\x03", "\x04")
ENTER, ESCAPE, BACKSPACE = ("\r", "\n"), "\x1b", ("\x7f", "\x08")
#: How far each key goes: a line, or a part of the screen.
LINES = {"\x1b[A": -1, "\x1b[B": 1, "\x1bOA": -1, "\x1bOB": 1, "k": -1, "j": 1}
PAGES = {"\x1b[5~": -1, "\x1b[6~": 1, "b": -1, " ": 1}
TO_TOP, TO_END = ("\x1b[H", "\x1b[1~", "\x1bOH", "g"), ("\x1b[F", "\x1b[4~", "\x1bOF", "G")


def keys_in(text: str) -> list[str]:
    """Take apart what was typed: letters, and the sequences of other keys."""
    keys: list[str] = []
    rest = text
    while rest:
        key = next((known for known in _SEQUENCES if rest.startswith(known)), rest[0])
        keys.append(key)
        rest = rest[len(key) :]
    return keys


_SEQUENCES = [key for key in (*LINES, *PAGES, *TO_TOP, *TO_END) if len(key) > 1]


def after_key(view: View, key: str, page: int, total: int) -> View:
    """Say what is seen after a key. ``page``: rows on the screen; ``total``: rows there are."""
    if view.is_typing:
        return _typed(view, key)
    if key in FILTERS:
        return replace(view, chosen=key, above=0)
    if key == "/":
        return replace(view, is_typing=True, above=0)
    if key == ESCAPE:
        return replace(view, search="", above=0)
    last = max(total - page, 0)
    above = min(max(view.above + LINES.get(key, 0) + page * PAGES.get(key, 0), 0), last)
    if key in TO_TOP:
        above = 0
    elif key in TO_END:
        above = last
    return replace(view, above=above)


def _typed(view: View, key: str) -> View:
    if key in ENTER:
        return replace(view, is_typing=False)
    if key == ESCAPE:
        return replace(view, is_typing=False, search="")
    if key in BACKSPACE:
        return replace(view, search=view.search[:-1])
    if key.isprintable():
        return replace(view, search=view.search + key)
    return view
