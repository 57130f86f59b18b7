"""What is told: claimed rows become one message that a person woken at night understands. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby

from healthmon.model import Kind, Severity
from healthmon.notify.compose.mail_threads import threads_of
from healthmon.notify.compose.message import MOST_CHARACTERS, Message, Mood
from healthmon.notify.compose.message_facts import facts_of
from healthmon.notify.compose.message_lines import (
    DOWN,
    UNSEEN,
    LineRank,
    MessageLine,
    State,
    check_of,
    lines_of,
    named,
    together,
)
from healthmon.notify.compose.naming import counted, listed_names, place_of, thing
from healthmon.notify.compose.paragraphs import Paragraph, of_ended, paragraphs
from healthmon.notify.compose.subject import subject
from healthmon.notify.compose.ticket import ticket_of
from healthmon.notify.compose.voice import Voice
from healthmon.store.outbox.failing_channels import FailingChannel
from healthmon.store.outbox.outbox import ClaimedRow
from healthmon.text.lists import listed
from healthmon.text.longtext import cut
from healthmon.text.visible import visible
from healthmon.times.lengths import DAY

#: The list of names that a digest begins with takes so many characters at most.
_LIST_CHARACTERS = 700
#: … and all lists together so many.
_OVERVIEW_CHARACTERS = 1200
#: Kept free for "… and 23 more".
_MORE_CHARACTERS = 160
_STATUS = "healthmon status --down"
#: So many incidents are named with the command that takes note of each.
_ACKS = 3
#: The name of what else is down takes so many characters.
_NAME_CHARACTERS = 80
#: A footer is worth its room only in bodies longer than this.
_SMALL_BODY = 600
#: In one of so many characters or fewer there is room for one command.
_TINY_BODY = 300

_MOODS = {LineRank.OLD: Mood.INFO, LineRank.OVER: Mood.WARNING, LineRank.GOOD: Mood.SUCCESS, LineRank.ENDED: Mood.INFO}
_MOODS_OF_DOWN = {Severity.CRITICAL: Mood.FAILURE, Severity.WARNING: Mood.WARNING, Severity.INFO: Mood.INFO}


def compose(
    rows: Sequence[ClaimedRow],
    voice: Voice,
    *,
    failing: Sequence[FailingChannel] = (),
    most_characters: int = MOST_CHARACTERS,
) -> Message:
    """Write the message that tells these rows (at least one), worst first.

    ``failing``: other channels that should tell the same, and cannot.
    """
    lines = lines_of(rows, voice.names)
    groups = [list(group) for _, group in groupby(lines, key=together)]
    return Message(
        subject=subject(groups, voice),
        body=_body(groups, _footer(lines, failing, voice), voice, min(most_characters, MOST_CHARACTERS)),
        mood=_mood(lines),
        facts=facts_of(lines, failing, voice),
        threads=threads_of(lines),
        ticket=ticket_of(lines[0].row, voice.now, lines[0].called),
    )


def _mood(lines: Sequence[MessageLine]) -> Mood:
    """How bad it is: the worst of what is down, or not seen; good news that leave something down are no pure joy."""
    down = [line.incident.severity for line in lines if line.state in (*DOWN, *UNSEEN)]
    if down:
        return _MOODS_OF_DOWN[min(down, key=list(Severity).index)]
    mood = _MOODS.get(lines[0].news, Mood.WARNING)
    if mood is Mood.SUCCESS and any(line.still_down or line.row.not_back for line in lines):
        return Mood.WARNING
    return mood


def _body(groups: Sequence[Sequence[MessageLine]], footer: str, voice: Voice, most: int) -> str:
    if most <= _SMALL_BODY:
        # The same where there is little room.
        asked = _asked([line for group in groups for line in group])
        numbers = [line.incident.id for line in asked if line.incident.acked_at is None]
        footer = "\n".join(f"healthmon ack {number}" for number in numbers[:1])
        if numbers and most > _TINY_BODY:
            footer = f"healthmon incident {numbers[0]}\n{footer}"
    if not footer:
        return cut("\n\n".join(_told(groups, most, voice)), most)
    room = most - len(footer) - 2
    told = cut("\n\n".join(_told(groups, room, voice)), room)
    return f"{told}\n\n{footer}"


def _told(groups: Sequence[Sequence[MessageLine]], room: int, voice: Voice) -> Iterator[str]:
    """Give the paragraphs that there is room for, at least the beginning of the first; then say what is left out."""
    written = [paragraphs(group, voice, is_small=room <= _SMALL_BODY) for group in groups]
    ended = of_ended([line for group in groups for line in group if line.state is State.ENDED], voice)
    overview = _overview(groups, written, voice)
    yield from overview
    room -= sum(len(part) + 2 for part in overview)
    told = [*(paragraph for of_group in written for paragraph in of_group), *ended]
    shown = _how_many_fit(told, room)
    if shown < len(told):
        shown = _how_many_fit(told, room - _MORE_CHARACTERS)
    if shown:
        yield from (paragraph.text for paragraph in told[:shown])
    else:
        yield cut(told[0].text, max(room - _MORE_CHARACTERS, room // 2))
    yield from _left_out(told[shown or 1 :], voice)


def _overview(
    groups: Sequence[Sequence[MessageLine]], written: Sequence[Sequence[Paragraph]], voice: Voice
) -> list[str]:
    """Name all that a digest is about, before the details of each. What one paragraph tells is listed there."""
    lists: list[str] = []
    for group, told in zip(groups, written, strict=True):
        if len(group) > 1 and len(told) != 1:
            start = f"{counted(group, voice)}: "
            lists.append(start + listed_names(group, _LIST_CHARACTERS - len(start), voice))
    while sum(map(len, lists)) > _OVERVIEW_CHARACTERS:
        lists.pop()
    if lists:
        return ["\n".join(lists)]
    return []


def _how_many_fit(all_paragraphs: Sequence[Paragraph], room: int) -> int:
    sizes = accumulate(len(paragraph.text) + 2 for paragraph in all_paragraphs)
    return sum(size <= room for size in sizes)


def _left_out(missing: Sequence[Paragraph], voice: Voice) -> Iterator[str]:
    lines = [line for paragraph in missing for line in paragraph.lines]
    if not lines:
        return
    numbers = sorted(line.incident.id for line in lines)
    which = voice.text("incident {number}", number=numbers[0])
    if len(numbers) > 1:
        which = voice.text("incidents {first} to {last}", first=numbers[0], last=numbers[-1])
    if any(line.row.possibly_repeated for line in lines):
        which = voice.text("{incidents}, some of them possibly repeated", incidents=which)
    yield voice.text("… and {n} more ({incidents}): see {command}", n=len(lines), incidents=which, command=_STATUS)


def _asked(lines: Iterable[MessageLine]) -> list[MessageLine]:
    """What asks something of the reader: what lasts, and is bad. The worst first."""
    every = (line for outside in lines for line in outside.all)
    return [line for line in every if line.news in (LineRank.BAD, LineRank.OLD)]


def _what_to_do(asked: Sequence[MessageLine], voice: Voice) -> Iterator[str]:
    """Say how somebody tells the others that it is being seen to. Who did so already need not."""
    numbers = [line.incident.id for line in asked if line.incident.acked_at is None]
    if not numbers:
        return
    yield voice.text("Say that you see to it, and nobody is reminded:")
    if len(numbers) <= _ACKS:
        yield from (f"healthmon ack {number}" for number in numbers)
    else:
        yield voice.text("{command} (N: the number of an incident)", command="healthmon ack N")


def _footer(lines: Sequence[MessageLine], failing: Sequence[FailingChannel], voice: Voice) -> str:
    """Say what else is down, who will not hear of this, and what the reader can do."""
    asked = _asked(lines)
    words = list(_also_down(max(lines, key=lambda line: line.row.others_down), voice))
    if failing:
        # So that somebody else can call them.
        channels = [
            voice.text("{channel} since {time}", channel=visible(channel.url_id), time=voice.clock(channel.since))
            for channel in failing
        ]
        words.append(voice.text("Also failing: {channels}.", channels=listed(channels, _LIST_CHARACTERS)))
    words.append(voice.text("Look further:"))
    words += [f"healthmon incident {line.incident.id}" for line in asked[:1]]
    words += [_STATUS, _report_command(lines, voice.now), *_what_to_do(asked, voice)]
    return "\n".join([*words, voice.text("Written {time}.", time=voice.dated_time(voice.now))])


def _also_down(line: MessageLine, voice: Voice) -> Iterator[str]:
    """Name the worst of what else is down, and say how many more there are."""
    unnamed = Counter(line.row.others_unnamed)
    if not line.row.others_down:
        return
    names = []
    for incident in line.row.others:
        other = named(incident, line.names)
        name = f"{thing(other.kind, other.full_name, voice, check_of(incident))}{place_of(incident, voice)}"
        # What is not simply down, or may be well, says so.
        if incident.is_unseen:
            name = voice.text("{name} (not seen)", name=name)
        elif incident.flapping:
            name = voice.text("{name} (flapping)", name=name)
        elif incident.is_partial:
            name = voice.text("{name} (degraded)", name=name)
        names.append(cut(name, _NAME_CHARACTERS))
    if names and unnamed.total() > 1:
        names.append(voice.text("{n} more", n=unnamed.total()))
    else:
        # What may not be named here (its name may be what the channel refuses) is at least said to be what it is.
        names += [voice.language.counted(unnamed[kind], kind) for kind in Kind if unnamed[kind]]
    yield voice.text("Also down: {names}.", names=", ".join(names))


def _report_command(lines: Sequence[MessageLine], now: float) -> str:
    """Write the command that shows what happened, in a form that can be pasted."""
    oldest = min(line.incident.since for line in lines)
    since = "24h"
    if now - oldest > DAY:
        since = f"{1 + int((now - oldest) // DAY)}d"
    return f"healthmon report --since {since}{_report_filter(lines)} --incidents"


def _report_filter(lines: Sequence[MessageLine]) -> str:
    targets = {line.incident.target for line in lines}
    target = next(iter(targets))
    if len(targets) == 1 and target.is_endpoint and _can_be_pasted(target.endpoint):
        quoted = shlex.quote(target.endpoint)
        if quoted == target.endpoint:
            # In quotes always: people see that the name is a piece of its own.
            quoted = f"'{quoted}'"
        return f" --endpoint {quoted}"
    pbxs = {told.pbx for told in targets}
    if pbxs == {target.pbx} and _can_be_pasted(target.pbx):
        return f" --pbx {shlex.quote(target.pbx)}"
    return ""


def _can_be_pasted(name: str) -> bool:
    """Whether a name can be pasted into a shell as it is shown, and is short enough for that."""
    return bool(name) and name.isprintable() and len(name) <= 80
