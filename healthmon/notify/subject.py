"""The subject of a message: the state first, at most 60 characters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from healthmon.model import Kind
from healthmon.notify.lines import Line, State
from healthmon.notify.message import SUBJECT_CHARACTERS
from healthmon.notify.words import CUT, clock, cut, duration, span, visible

#: Names of PBXs are cut to this length before names of endpoints are.
_PBX_CHARACTERS = 16
#: A name that is cut keeps at least so much.
_SHORTEST_NAME = 8
_NOUNS = {**{kind: kind.value for kind in Kind}, Kind.PBX: "PBX", Kind.ATA: "ATA"}


def subject(groups: Sequence[Sequence[Line]], zone: ZoneInfo, now: float) -> str:
    """Say the worst, and how much more there is. ``groups`` are worst first."""
    worst = groups[0]
    more = sum(len(group) for group in groups) - len(worst)
    tail = f" + {more} more" if more else ""
    if len(worst) > 1:
        return _of_several(worst, tail)
    return _of_one(worst[0], tail or _when(worst[0], zone, now))


def counted(lines: Sequence[Line]) -> str:
    """Write how many of what, and where: ``3 phones (office)``, ``2 PBXs``."""
    nouns = _NOUNS[lines[0].kind] + ("s" if len(lines) > 1 else "")
    place = "" if lines[0].kind is Kind.PBX else f" ({cut(lines[0].pbx, _PBX_CHARACTERS)})"
    return f"{len(lines)} {nouns}{place}"


def headline(line: Line) -> str:
    """Write what a paragraph begins with, uncut: ``DOWN provider Telekom (office)``."""
    place = line.aspect if line.kind is Kind.PBX else line.pbx
    return f"{line.state} {_NOUNS[line.kind]} {line.name}" + (f" ({place})" if place else "")


def _of_several(lines: Sequence[Line], tail: str) -> str:
    start = f"{lines[0].state} {counted(lines)}"
    if tail:
        return cut(start + tail, SUBJECT_CHARACTERS)
    return f"{start}: {listed([line.name for line in lines], SUBJECT_CHARACTERS - len(start) - 2)}"


def listed(names: Sequence[str], room: int) -> str:
    """List as many names as there is room for, at least a piece of the first."""
    text = cut(names[0], max(room - (len(CUT) + 2 if len(names) > 1 else 0), 1))
    for number, name in enumerate(names[1:], start=2):
        rest = 0 if number == len(names) else len(CUT) + 2
        if len(text) + 2 + len(name) + rest > room:
            return f"{text}, {CUT}"
        text += f", {name}"
    return text


def _of_one(line: Line, tail: str) -> str:
    """Write one thing's state and name; the name is cut where both it and the tail do not fit."""
    start = f"{line.state} {_NOUNS[line.kind]} "
    place = line.aspect if line.kind is Kind.PBX else cut(line.pbx, _PBX_CHARACTERS)
    end = f" ({place})" if place and not _speaks_for_itself(line, tail) else ""
    room = max(SUBJECT_CHARACTERS - len(start) - len(end) - len(tail), _SHORTEST_NAME)
    return cut(start + cut(line.name, room) + end + tail, SUBJECT_CHARACTERS)


def _speaks_for_itself(line: Line, tail: str) -> bool:
    """A cause needs no name of the check: ``DEGRADED PBX office: lists 3 of 212 endpoints``."""
    return line.state in (State.DEGRADED, State.STILL_DEGRADED) and tail.startswith(":")


def _when(line: Line, zone: ZoneInfo, now: float) -> str:
    """The end of a subject about one thing."""
    incident = line.incident
    if line.state is State.ENDED:
        return f": {incident.ending or 'over'}"
    if line.state in (State.STILL_DOWN, State.STILL_DEGRADED):
        return f" for {duration(now - incident.opened_at)}"
    if line.state in (State.UP, State.STABLE):
        return f" after {duration(line.lasted)}"
    if incident.closed_at is not None:
        return f" {span(incident.opened_at, incident.closed_at, zone, now)}"
    if line.state is State.DEGRADED and line.kind is Kind.PBX and incident.cause:
        return f": {_short_cause(incident.cause)}"
    return "" if line.state is State.FLAPPING else f" since {clock(incident.opened_at, zone, now)}"


def _short_cause(cause: str) -> str:
    """Return what a cause says first: ``lists 3 of 212 endpoints``; its details are in the body."""
    return visible(cause).partition(";")[0].removeprefix("Asterisk ")
