"""Why nobody can rely on what is shown: said at the top of each page (``rendering.py``). Pure."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.publish.web.pages.words import Words
from healthmon.report.status.rows import Status

#: So many lines of it are on a page; one more says how many PBXs there are besides.
MOST_LINES = 3


def doubts_of(status: Status, words: Words) -> list[str]:
    """Say what is old, in a few lines; nothing: all that is shown is fresh."""
    said = list(_doubts(status, words))
    more = len(said) - MOST_LINES
    if more <= 0:
        return said
    return [*said[:MOST_LINES], words.text("… and {n} more", n=more)]


def _doubts(status: Status, words: Words) -> Iterator[str]:
    if not status.is_stale:
        for pbx in status.pbxs:
            if pbx.old:
                yield words.text("Old: what is known of PBX {pbx} ({why})", pbx=pbx.name, why=words.retold(pbx.old))
        return
    why = words.retold(status.why_stale)
    if status.alive_at is None:
        yield why
    else:
        yield words.text("This is how it was at {time}: {why}", time=words.in_full(status.alive_at), why=why)
