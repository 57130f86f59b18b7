"""The subject of a message: the state first, at most 60 characters. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from healthmon.model import Check, Kind
from healthmon.notify.compose.message import SUBJECT_CHARACTERS
from healthmon.notify.compose.message_lines import DOWN, UNSEEN, MessageLine, State
from healthmon.notify.compose.naming import (
    PBX_CHARACTERS,
    counted,
    listed_names,
    names_of,
    place,
    share,
    thing,
    titled,
    titled_briefly,
)
from healthmon.notify.compose.voice import Voice
from healthmon.text.callerid import beside
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: A name that is cut keeps at least so much.
_SHORTEST_NAME = 8

#: Where a cause may end when there is no room for all of it.
_CLAUSE = re.compile(r" \(|: ")

#: A cause that is cut ends where a sentence may, not before so many characters.
_SHORTEST_CAUSE = 16

#: What works in part.
_PARTIAL = (State.DEGRADED, State.STILL_DEGRADED)

#: What has lasted for a while; its subject says for how long.
_LASTING = (
    State.ESCALATED,
    State.STILL_DOWN,
    State.STILL_CANNOT_SEE,
    State.STILL_DEGRADED,
    State.NOT_SEEN,
)


def subject(groups: Sequence[Sequence[MessageLine]], voice: Voice) -> str:
    """Say the worst, and how much more there is. ``groups`` are worst first."""
    worst, tails = groups[0], _tails(groups, voice)
    if len(worst) > 1:
        return _of_several(worst, tails, voice)
    return _of_one(worst[0], tails, voice)


def _tails(groups: Sequence[Sequence[MessageLine]], voice: Voice) -> list[str]:
    """Say how much more there is, the longest first.

    A provider is never one of "3 more", nor is a registration at one, nor a PBX that is lost.
    """
    pbxs = [group for group in groups[1:] if group[0].kind is Kind.PBX and group[0].state in (*DOWN, *UNSEEN)]
    providers = [group for group in groups[1:] if _is_of_providers(group)]
    registrations = [group for group in groups[1:] if group[0].kind is Kind.REGISTRATION]
    named = [*pbxs, *providers, *registrations]
    others = [group for group in groups[1:] if group not in named]
    number = sum(map(len, others))
    more = ""
    if number:
        more = f" {voice.text('+ {n} more', n=number)}"
    if not named:
        return [more]
    alike = groups[0][0].state
    shown = "".join(_and_also(_named(group, alike, voice), voice) for group in named)
    briefly = "".join(_and_also(_named(group, alike, voice, briefly=True), voice) for group in named)
    first = groups[0][0]
    by_kind = ((pbxs, Kind.PBX), (providers, Kind.PROVIDER), (registrations, Kind.REGISTRATION))
    counted_only = "".join(_and_so_many(alike_in_kind, kind, first, voice) for alike_in_kind, kind in by_kind)
    return [shown + more, briefly + more, counted_only + more]


def _is_of_providers(group: Sequence[MessageLine]) -> bool:
    return group[0].kind in (Kind.PROVIDER, Kind.PROVIDERS)


def _and_so_many(groups: Sequence[Sequence[MessageLine]], kind: Kind, worst: MessageLine, voice: Voice) -> str:
    """Count PBXs, providers, or their registrations.

    Of those that are not as bad as the worst the state is said: ``+ UP 2 providers``.

    So it is said of what is down beside what cannot be seen.
    """
    numbers: Counter[tuple[State | None, Kind]] = Counter()
    for group in groups:
        state = None
        is_known_beside_unseen = worst.state in UNSEEN and group[0].state not in UNSEEN
        is_partial_beside_down = worst.state in DOWN and group[0].state in _PARTIAL
        if group[0].news is not worst.news or is_known_beside_unseen or is_partial_beside_down:
            state = group[0].state
        counted_as = kind
        if group[0].check == Check.REGISTRATION:
            counted_as = Kind.REGISTRATION
        numbers[state, counted_as] += len(group)
    said = ""
    for (state, counted_as), number in numbers.items():
        words = voice.language.counted(number, counted_as)
        if state is not None:
            words = f"{voice.language.state(state, counted_as, number)} {words}"
        said += _and_also(words, voice)
    return said


def _and_also(words: str, voice: Voice) -> str:
    return f" {voice.text('+ {words}', words=words)}"


def _named(group: Sequence[MessageLine], alike: State, voice: Voice, *, briefly: bool = False) -> str:
    """Name PBXs or providers, with their state unless it is that with which the subject begins.

    ``briefly``: without the word for what a check is a check of.
    """
    first = group[0]
    if len(group) > 1:
        names = ", ".join(names_of(group, voice))
        return f"{counted(group, voice, state=first.state is not alike)}: {names}"
    if first.state is alike:
        return thing(first.kind, first.name, voice, first.check)
    if briefly and first.check:
        return titled_briefly(first, first.name, voice)
    return titled(first, first.name, voice)


def _of_several(lines: Sequence[MessageLine], tails: Sequence[str], voice: Voice) -> str:
    """Write how many of what, and their names; of others than providers these give way to what else there is."""
    start = counted(lines, voice)
    if not tails[0]:
        names = listed_names(lines, SUBJECT_CHARACTERS - len(start) - 2, voice)
        return cut(f"{start}: {names}", SUBJECT_CHARACTERS)
    named = start
    if _is_of_providers(lines):
        named = f"{start}: {', '.join(names_of(lines, voice))}"
    texts = [*(named + tail for tail in tails), *(start + tail for tail in tails)]
    fitting = (text for text in texts if len(text) <= SUBJECT_CHARACTERS)
    return next(fitting, cut(texts[-1], SUBJECT_CHARACTERS))


def _of_one(line: MessageLine, tails: Sequence[str], voice: Voice) -> str:
    """Write one thing's state and name, and the longest of the ends that there is room for; else the name is cut."""
    *longer, shortest = [end for tail in tails for end in _ends(line, tail, voice)]
    for end in longer:
        if len(titled(line, line.name, voice) + end) <= SUBJECT_CHARACTERS:
            return _with_called(line, end, voice)
    # Of "private address 10.0.0.0/24" the address matters.
    bare = line.name
    if line.kind is Kind.SITE:
        bare = visible(line.incident.target.resource)
    if len(titled(line, line.name, voice) + shortest) <= SUBJECT_CHARACTERS:
        return _with_called(line, shortest, voice)
    if line.check:
        # "registration of Telekom" is understood: the word "provider" gives way before the name does.
        return _fitted(lambda name: titled_briefly(line, name, voice) + shortest, bare)
    return _fitted(lambda name: titled(line, name, voice) + shortest, bare)


def _with_called(line: MessageLine, end: str, voice: Voice) -> str:
    """Write what people call a thing beside its name, cut to the room that is left, if it can be known then."""
    plain = titled(line, line.name, voice) + end
    room = SUBJECT_CHARACTERS - len(plain) - len(' ""')
    is_cut = len(line.called) > room
    if not line.called or (is_cut and room < _SHORTEST_NAME):
        return plain
    return titled(line, beside(line.name, cut(line.called, room)), voice) + end


def _fitted(write: Callable[[str], str], name: str) -> str:
    """Cut the name as far as is needed, then the whole."""
    too_long = len(write(name)) - SUBJECT_CHARACTERS
    if too_long > 0:
        name = cut(name, max(len(name) - too_long, _SHORTEST_NAME))
    return cut(write(name), SUBJECT_CHARACTERS)


def _ends(line: MessageLine, tail: str, voice: Voice) -> Sequence[str]:
    """Write what follows the name, the longest first."""
    when = tail or _when(line, voice)
    where = place(line, voice, PBX_CHARACTERS)
    if _tells_its_cause(line):
        # A cause needs no name of the check: ``DEGRADED PBX office: lists 3 of 212 endpoints``. It loses its last
        # clause, then the one before it: `` (in brackets)`` and ``: because of this``.
        cause = _when(line, voice)
        clauses = [at.start() for at in _CLAUSE.finditer(cause) if at.start() >= _SHORTEST_CAUSE]
        causes = [cause, *(cause[:end] for end in reversed(clauses))]
        if not tail:
            return causes
        # "INFO PBX office + 1 more" alone says nothing: there is nothing but what it tells.
        room = SUBJECT_CHARACTERS - len(titled(line, line.name, voice)) - len(tail)
        if line.state is State.INFO and room >= _SHORTEST_CAUSE:
            causes.append(cut(cause, room))
        return [*(words + tail for words in causes), where + tail]
    if line.kind.is_group:
        return _ends_of_group(line, tail, when, where, voice)
    if line.row.is_known and not tail:
        return where + when, when
    return (where + when,)


def _ends_of_group(line: MessageLine, tail: str, when: str, where: str, voice: Voice) -> Sequence[str]:
    """Say how much of it is down, or still down, rather than where and when."""
    how_much = ""
    if line.state is State.UP:
        if line.still_down:
            how_much = f"; {voice.text('{n} still down', n=len(line.still_down))}"
        how_much_and_when = when + how_much
    else:
        if line.kind is not Kind.NETWORK and share(line, voice):
            how_much = f": {share(line, voice)}"
        how_much_and_when = how_much + when
    if tail:
        return where + how_much + tail, how_much + tail, tail
    if how_much:
        return where + how_much_and_when, where + how_much, how_much
    return where + when, when


def _when(line: MessageLine, voice: Voice) -> str:
    """The end of a subject about one thing."""
    incident = line.incident
    if line.state is State.ENDED:
        return f": {voice.language.retold(incident.ending or 'over')}"
    if line.state is State.RESTARTED:
        return f" {voice.text('at {time}', time=voice.clock(incident.since))}"
    if _tells_its_cause(line):
        # What it says first: ``lists 3 of 212 endpoints``; its details are in the body.
        cause = visible(incident.cause).partition(";")[0].removeprefix("Asterisk ")
        return f": {voice.language.retold(cause)}"
    if line.state is State.FLAPPING:
        return ""
    if line.row.is_known:
        return f"; {voice.text('not retried')}"
    return f" {_time(line, voice)}"


def _tells_its_cause(line: MessageLine) -> bool:
    """Of a PBX that answers in part, or that only we cannot see, the cause says more than the time."""
    if line.kind is not Kind.PBX or not line.incident.cause:
        return False
    is_escalated_unseen = line.state is State.ESCALATED and line.incident.is_unseen
    return line.state in (State.DEGRADED, State.CANNOT_SEE, State.INFO) or is_escalated_unseen


def _time(line: MessageLine, voice: Voice) -> str:
    incident = line.incident
    if line.state in _LASTING:
        return voice.text("for {duration}", duration=voice.duration(incident.lasted(voice.now)))
    if line.state in (State.UP, State.SEEN_AGAIN, State.STABLE):
        return voice.text("after {duration}", duration=voice.duration(line.lasted))
    if incident.closed_at is not None:
        return voice.span(incident.since, incident.closed_at)
    return voice.text("since {time}", time=voice.clock(incident.since))
