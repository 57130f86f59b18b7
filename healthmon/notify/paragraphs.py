"""The paragraphs of a message: one for each incident, or for things that went down together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from healthmon.model import Incident, Kind
from healthmon.notify.lines import Line, News, State
from healthmon.notify.subject import counted, headline, listed
from healthmon.notify.words import cut, duration, full_time, natural, visible

#: No name or cause in a body is longer than this.
_LONGEST_TEXT = 200
#: A list of names within a paragraph takes so many characters.
_LIST_CHARACTERS = 400
#: So many incidents that ended otherwise get a line each.
_MOST_ENDED = 10

_REPEATED = "possibly repeated: an earlier attempt to send this ended without an answer"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some lines of a message, and how they read."""

    text: str
    lines: tuple[Line, ...]


def paragraphs(groups: Sequence[Sequence[Line]], zone: ZoneInfo, now: float) -> list[Paragraph]:
    """Write all that is to be told, worst first; what ended otherwise comes last, a line each."""
    told = [paragraph for group in groups for paragraph in _of_group(group, zone, now)]
    ended = tuple(line for group in groups for line in group if line.state is State.ENDED)
    return [*told, *_of_ended(ended, zone, now)]


def _of_group(group: Sequence[Line], zone: ZoneInfo, now: float) -> Iterator[Paragraph]:
    if group[0].state is State.ENDED:
        return
    by_cohort = sorted(group, key=lambda line: (not line.incident.cohort, line.incident.cohort))
    for cohort, members in groupby(by_cohort, key=lambda line: line.incident.cohort):
        lines = tuple(members)
        if cohort and len(lines) > 1 and lines[0].news is News.BAD:
            yield Paragraph(_of_cohort(cohort, lines, zone, now), lines)
        else:
            yield from (Paragraph(_of_one(line, zone, now), (line,)) for line in lines)


def _of_cohort(cohort: str, lines: Sequence[Line], zone: ZoneInfo, now: float) -> str:
    """Tell things that went down for one cause together: their names, not a paragraph each."""
    first = min(line.incident.opened_at for line in lines)
    numbers = sorted(line.incident.id for line in lines)
    words = [
        f"{visible(cohort)}: {counted(lines)}: {listed([line.name for line in lines], _LIST_CHARACTERS)}",
        f"since {full_time(first, zone, now)}",
        f"incidents {listed([str(number) for number in numbers], _LIST_CHARACTERS)}",
    ]
    return "\n".join([*words, *_repeated(lines)])


def _of_one(line: Line, zone: ZoneInfo, now: float) -> str:
    incident = line.incident
    words = [cut(headline(line), _LONGEST_TEXT), _times(line, zone, now)]
    if incident.cohort:
        words.append(visible(incident.cohort))
    if incident.cause:
        words.append(f"cause: {cut(visible(incident.cause), _LONGEST_TEXT)}")
    words += [*_acknowledged(line), *_now(line), *_explained(line.row.explained), _place(line)]
    return "\n".join([*words, *_repeated([line])])


def _times(line: Line, zone: ZoneInfo, now: float) -> str:
    incident = line.incident
    start = full_time(incident.opened_at, zone, now)
    if incident.closed_at is not None:
        return f"from {start} to {full_time(incident.closed_at, zone, now)}: {duration(line.lasted)}"
    return f"since {start}, for {duration(now - incident.opened_at)}"


def _acknowledged(line: Line) -> Iterator[str]:
    """Say who took note of it, so that the others need not ask."""
    incident = line.incident
    if incident.acked_at is not None:
        reason = f": {visible(incident.ack_reason)}" if incident.ack_reason else ""
        yield cut(f"acknowledged by {visible(incident.acked_by)}{reason}", _LONGEST_TEXT)


def _now(line: Line) -> Iterator[str]:
    """Say how it is now, where the state does not."""
    incident = line.incident
    if incident.closed_at is not None and incident.ending is not None:
        yield f"now: {visible(incident.closed_words or incident.ending)}"
    elif line.row.reason == "stable":
        yield "it has stopped changing, and stayed so"
    elif line.state is State.FLAPPING:
        yield "it changes so often that single changes are not told; you will hear when it is stable"


def _explained(smaller: Sequence[Incident]) -> Iterator[str]:
    """Say what is not told because this explains it."""
    if smaller:
        kinds = Counter(incident.kind for incident in smaller)
        counts = [f"{kinds[kind]} {kind}{'s' if kinds[kind] > 1 else ''}" for kind in Kind if kinds[kind]]
        names = sorted((visible(one.target.resource or one.target.pbx) for one in smaller), key=natural)
        yield f"explains {' and '.join(counts)} of which you are not told: {listed(names, _LIST_CHARACTERS)}"


def _place(line: Line) -> str:
    incident = line.incident
    if line.kind is Kind.PBX:
        return f"incident {incident.id}"
    return f"{cut(visible(incident.target.endpoint), _LONGEST_TEXT)} on PBX {line.pbx}, incident {incident.id}"


def _repeated(lines: Sequence[Line]) -> Iterator[str]:
    if any(line.row.possibly_repeated for line in lines):
        yield _REPEATED


def _of_ended(lines: tuple[Line, ...], zone: ZoneInfo, now: float) -> Iterator[Paragraph]:
    if not lines:
        return
    words = [_ended(line, zone, now) for line in lines[:_MOST_ENDED]]
    if len(lines) > _MOST_ENDED:
        words.append(f"… and {len(lines) - _MOST_ENDED} more")
    yield Paragraph("\n".join(["No longer watched, so no recovery will be told:", *words]), lines)


def _ended(line: Line, zone: ZoneInfo, now: float) -> str:
    incident = line.incident
    name = cut(headline(line).removeprefix(f"{State.ENDED} "), 100)
    since = full_time(incident.opened_at, zone, now)
    mark = ", possibly repeated" if line.row.possibly_repeated else ""
    return f"{name}: {incident.ending or 'over'} (down since {since}, incident {incident.id}{mark})"
