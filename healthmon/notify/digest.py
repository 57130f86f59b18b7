"""What is told: claimed rows become one message that a person woken at night understands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from zoneinfo import ZoneInfo

from healthmon.model import Kind
from healthmon.notify.lines import Line, News, State, line_of, together, worst_first
from healthmon.notify.message import MOST_CHARACTERS, Message, Mood
from healthmon.notify.paragraphs import Paragraph, paragraphs
from healthmon.notify.subject import counted, listed, subject
from healthmon.notify.words import DAY, cut, dated_time
from healthmon.store.outbox import ClaimedRow

#: The list of names that a digest begins with takes so many characters at most.
_LIST_CHARACTERS = 700
#: … and all lists together so many.
_OVERVIEW_CHARACTERS = 1200
#: Kept free for "… and 23 more".
_MORE_CHARACTERS = 160
#: A footer is worth its room only in bodies longer than this.
_SMALL_BODY = 600

_MOODS = {News.OVER: Mood.WARNING, News.GOOD: Mood.SUCCESS, News.ENDED: Mood.INFO}
_DOWN = (State.DOWN, State.STILL_DOWN)


def compose(
    rows: Sequence[ClaimedRow], *, zone: ZoneInfo, now: float, most_characters: int = MOST_CHARACTERS
) -> Message:
    """Write the message that tells these rows (at least one), worst first; times are in ``zone``."""
    lines = sorted((line_of(row) for row in rows), key=worst_first)
    groups = [list(group) for _, group in groupby(lines, key=together)]
    return Message(
        subject=subject(groups, zone, now),
        body=_body(groups, lines, zone, now, min(most_characters, MOST_CHARACTERS)),
        mood=Mood.FAILURE if any(line.state in _DOWN for line in lines) else _MOODS.get(lines[0].news, Mood.WARNING),
    )


def _body(groups: Sequence[Sequence[Line]], lines: Sequence[Line], zone: ZoneInfo, now: float, most: int) -> str:
    footer = [_footer(lines, zone, now)] if most > _SMALL_BODY else []
    overview = _overview(groups)
    room = most - sum(len(part) + 2 for part in (*overview, *footer))
    return cut("\n\n".join([*overview, *_fitting(paragraphs(groups, zone, now), room), *footer]), most)


def _overview(groups: Sequence[Sequence[Line]]) -> list[str]:
    """Name all that a digest is about, before the details of each. What went down together is listed there."""
    lists: list[str] = []
    for group in groups:
        is_one_cohort = len({line.incident.cohort for line in group}) == 1 and group[0].incident.cohort
        if len(group) > 1 and not is_one_cohort:
            start = f"{group[0].state} {counted(group)}: "
            lists.append(start + listed([line.name for line in group], _LIST_CHARACTERS - len(start)))
    while sum(map(len, lists)) > _OVERVIEW_CHARACTERS:
        lists.pop()
    return ["\n".join(lists)] if lists else []


def _fitting(all_paragraphs: Sequence[Paragraph], room: int) -> Iterator[str]:
    """Give the paragraphs that there is room for, at least the beginning of the first; then say what is left out."""
    shown = _how_many_fit(all_paragraphs, room)
    if shown < len(all_paragraphs):
        shown = _how_many_fit(all_paragraphs, room - _MORE_CHARACTERS)
    if shown:
        yield from (paragraph.text for paragraph in all_paragraphs[:shown])
    else:
        yield cut(all_paragraphs[0].text, max(room - _MORE_CHARACTERS, room // 2))
    yield from _left_out(all_paragraphs[shown or 1 :])


def _how_many_fit(all_paragraphs: Sequence[Paragraph], room: int) -> int:
    sizes = accumulate(len(paragraph.text) + 2 for paragraph in all_paragraphs)
    return sum(size <= room for size in sizes)


def _left_out(missing: Sequence[Paragraph]) -> Iterator[str]:
    lines = [line for paragraph in missing for line in paragraph.lines]
    if lines:
        numbers = sorted(line.incident.id for line in lines)
        span = f"incidents {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"incident {numbers[0]}"
        repeated = ", some of them possibly repeated" if any(line.row.possibly_repeated for line in lines) else ""
        yield f"… and {len(lines)} more ({span}{repeated}): see healthmon status --down"


def _footer(lines: Sequence[Line], zone: ZoneInfo, now: float) -> str:
    others = max(line.row.others_down for line in lines)
    words = [f"Also down: {others} more."] if others else []
    words += ["Look further:", "healthmon status --down", _report_command(lines, now)]
    return "\n".join([*words, f"Written {dated_time(now, zone)}."])


def _report_command(lines: Sequence[Line], now: float) -> str:
    """Write the command that shows what happened, in a form that can be pasted."""
    oldest = min(line.incident.opened_at for line in lines)
    since = f"{1 + int((now - oldest) // DAY)}d" if now - oldest > DAY else "24h"
    return f"healthmon report --since {since}{_report_filter(lines)} --incidents"


def _report_filter(lines: Sequence[Line]) -> str:
    targets = {line.incident.target for line in lines}
    target = next(iter(targets))
    if len(targets) == 1 and _can_be_pasted(target.endpoint) and lines[0].kind is not Kind.PBX:
        return f" --endpoint {_quoted(target.endpoint)}"
    pbxs = {one.pbx for one in targets}
    return f" --pbx {shlex.quote(target.pbx)}" if len(pbxs) == 1 and _can_be_pasted(target.pbx) else ""


def _can_be_pasted(name: str) -> bool:
    """Whether a name can be pasted into a shell as it is shown, and is short enough for that."""
    return name.isprintable() and len(name) <= 80


def _quoted(text: str) -> str:
    """Quote for a shell, always: people see that the name is a piece of its own."""
    quoted = shlex.quote(text)
    return quoted if quoted != text else f"'{text}'"
