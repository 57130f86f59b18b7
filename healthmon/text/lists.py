"""How names are listed: runs of numbers as ``101–118``, and as many as there is room for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from healthmon.text.longtext import CUT, cut

#: So many names in a row that count upwards are written as the first and the last.
_SHORTEST_RUN = 3
#: … in a list that has more names than this, or no room for all of them.
_MOST_SINGLY = 12


def listed_in_full(full_names: Sequence[str], names: Sequence[str], room: int) -> str:
    """List names in full if there is room for all of them; else the names alone: no number gives way to a word."""
    if len(full_names) <= _MOST_SINGLY and len(", ".join(full_names)) <= room:
        return ", ".join(full_names)
    return listed(names, room)


def listed(names: Sequence[str], room: int) -> str:
    """List names: all of them, else with runs as ``101–118``, else as many as there is room for, and "…"."""
    plain = ", ".join(names)
    if len(plain) <= room and len(names) <= _MOST_SINGLY:
        return plain
    names = list(_with_runs(names))
    text = cut(names[0], max(room - (len(CUT) + 2 if len(names) > 1 else 0), 1))
    for number, name in enumerate(names[1:], start=2):
        rest = 0 if number == len(names) else len(CUT) + 2
        if len(text) + 2 + len(name) + rest > room:
            return f"{text}, {CUT}"
        text += f", {name}"
    return text


def _with_runs(names: Sequence[str]) -> Iterator[str]:
    """Write names that count upwards as the first and the last of them."""
    run: list[str] = []
    for name in names:
        if run and not _follows(run[-1], name):
            yield from _written(run)
            run = []
        run.append(name)
    yield from _written(run)


def _written(run: list[str]) -> list[str]:
    if len(run) >= _SHORTEST_RUN:
        return [f"{run[0]}–{run[-1]}"]
    return run


def _follows(name: str, following: str) -> bool:
    """Whether two names are the same but for the numbers at their ends, and these are neighbours."""
    first, second = (re.fullmatch(r"(.*?)([0-9]{1,18})", each, re.S) for each in (name, following))
    if first is None or second is None or first[1] != second[1]:
        return False
    return int(second[2]) == int(first[2]) + 1 and second[2] == str(int(first[2]) + 1).zfill(len(first[2]))
