"""What is told: claimed rows become one message that a person woken at night understands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from healthmon.model import Kind
from healthmon.notify.lines import Line, News, line_of, worst_first
from healthmon.notify.message import MOST_CHARACTERS, Message, Mood
from healthmon.notify.paragraphs import Paragraph, paragraphs
from healthmon.notify.subject import counted, listed, subject
from healthmon.notify.words import DAY, cut, dated_time
from healthmon.store.outbox import ClaimedRow

#: The list of names that a digest begins with takes so many characters at most.
_LIST_CHARACTERS = 700
#: Kept free for "… and 23 more".
_MORE_CHARACTERS = 160
#: A footer is worth its room only in bodies longer than this.
_SMALL_BODY = 600

_MOODS = {News.BAD: Mood.FAILURE, News.OVER: Mood.WARNING, News.GOOD: Mood.SUCCESS, News.ENDED: Mood.INFO}


def compose(
    rows: Sequence[ClaimedRow], *, zone: ZoneInfo, now: float, most_characters: int = MOST_CHARACTERS
) -> Message:
    """Write the message that tells these rows (at least one), worst first; times are in ``zone``."""
    lines = sorted((line_of(row) for row in rows), key=worst_first)
    groups = [list(group) for _, group in groupby(lines, key=lambda line: (line.state, line.kind, line.pbx))]
    return Message(
        subject=subject(groups, zone, now),
        body=_body(groups, lines, zone, now, min(most_characters, MOST_CHARACTERS)),
        mood=_MOODS[lines[0].news],
    )


def _body(groups: Sequence[Sequence[Line]], lines: Sequence[Line], zone: ZoneInfo, now: float, most: int) -> str:
    footer = _footer(lines, zone, now) if most > _SMALL_BODY else ""
    parts = [*_overview(groups), *_fitting(paragraphs(groups, zone, now), most - len(footer) - _overview_size(groups))]
    return cut("\n\n".join([*parts, footer] if footer else parts), most)


def _overview(groups: Sequence[Sequence[Line]]) -> Iterator[str]:
    """Name all that a digest is about, before the details of each."""
    lists = [_group_list(group) for group in groups if len(group) > 1]
    if lists:
        yield "\n".join(lists)


def _overview_size(groups: Sequence[Sequence[Line]]) -> int:
    return sum(len(text) + 2 for text in _overview(groups))


def _group_list(group: Sequence[Line]) -> str:
    start = f"{group[0].state} {counted(group)}: "
    return start + listed([line.name for line in group], _LIST_CHARACTERS - len(start))


def _fitting(all_paragraphs: Sequence[Paragraph], room: int) -> Iterator[str]:
    """Give paragraphs while there is room, then say what was left out."""
    left = room - _MORE_CHARACTERS
    for number, paragraph in enumerate(all_paragraphs):
        left -= len(paragraph.text) + 2
        if left < 0:
            if number == 0:
                yield cut(paragraph.text, max(room - _MORE_CHARACTERS, room // 2))
                number = 1  # noqa: PLW2901  (its beginning was told)
            yield from _left_out(all_paragraphs[number:])
            return
        yield paragraph.text


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
