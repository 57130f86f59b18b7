"""The first lines of a paragraph about a cause of many outages: how much it hit, and what is left of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthmon.model import DisplayNames, Incident, Kind
from healthmon.notify.compose.message_lines import DOWN, MessageLine, State, Thing, named
from healthmon.notify.compose.naming import counts, headline, members, names, places, share, unreachable
from healthmon.notify.compose.voice import Voice
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: So many causes of providers are said, and of each so many characters.
_MOST_CAUSES = 5
_LONGEST_CAUSE = 250


def first_of_group(line: MessageLine, voice: Voice) -> list[str]:
    """Say what happened to a site, a group of providers or a PBX's network; empty: nothing special to these."""
    if not line.kind.is_group:
        return []
    if line.state in DOWN:
        words = [_down(line, voice)]
        if line.state is State.WORSE:
            words.append(voice.text("at least twice as many as you were told before"))
        return [*words, *_names(line, voice)]
    if line.state is State.WAS_DOWN:
        return [_was_down(line, voice), *_left(line, voice), *_names(line, voice)]
    if line.state is not State.UP:
        return []
    words = [_up(line, voice), _when(line, voice)]
    if line.back:
        # They had been told for themselves, before the bigger cause was known.
        back = _listed(line.back, line, voice)
        words.append(voice.text("back as well, of which you were told before: {names}", names=back))
    return words


def _down(line: MessageLine, voice: Voice) -> str:
    incident = line.incident
    title = headline(line, voice)
    since = voice.since(incident.since, incident.lasted(voice.now), incident.unseen_s)
    if line.kind is Kind.NETWORK:
        return f"{title} {since}{_hit(line, voice)}"
    how_much = unreachable(line, voice)
    if how_much:
        return f"{title}: {how_much} {since}"
    return f"{title} {since}"


def _hit(line: MessageLine, voice: Voice) -> str:
    """Say what a network took with it: ``(3 providers, 2 sites)``; how many sites may be said already."""
    hit = ""
    if not line.incident.of:
        hit = counts(places(line), voice)
    if hit:
        return f" ({hit})"
    return ""


def _was_down(line: MessageLine, voice: Voice) -> str:
    title, when = headline(line, voice), _when(line, voice)
    if line.kind is Kind.NETWORK:
        return f"{title} {when}{_hit(line, voice)}"
    how_much = share(line, voice)
    if how_much:
        return f"{title}: {how_much}, {when}"
    return f"{title} {when}"


def _up(line: MessageLine, voice: Voice) -> str:
    title = headline(line, voice)
    after = voice.duration(line.lasted)
    left = line.left
    if line.kind is Kind.NETWORK:
        words = [f"{title} {voice.text('after {duration}', duration=after)}"]
    elif left:
        words = [f"{title}: {voice.text('all but {n} back after {duration}', n=len(left), duration=after)}"]
    else:
        words = [f"{title}: {voice.text('all back after {duration}', duration=after)}"]
    return "; ".join([*words, *_left(line, voice)])


def _left(line: MessageLine, voice: Voice) -> Iterator[str]:
    """Say what is still down, though the cause of all is over."""
    left = line.still_down
    if left:
        yield voice.text("{n} still down: {names}", n=len(left), names=_listed(left, line, voice))


def _when(line: MessageLine, voice: Voice) -> str:
    incident = line.incident
    return voice.from_to(incident.since, incident.closed_at or incident.since, line.lasted, incident.unseen_s)


def causes_of_group(line: MessageLine, voice: Voice) -> list[str]:
    """Say of each provider that a group took with it why it is down."""
    if not line.kind.is_group or line.state not in DOWN:
        return []
    hit = members(line)
    if line.kind is Kind.NETWORK and len({incident.cause for incident in hit}) == 1:
        # The network is the cause of all of them.
        return []
    return list(causes_of_providers(hit, line.names, voice))


def causes_of_providers(incidents: Iterable[Incident], called: DisplayNames, voice: Voice) -> Iterator[str]:
    """Say of each provider among these why it is down, in short; of those that are down for one cause once."""
    by_cause: dict[str, list[Thing]] = {}
    for incident in incidents:
        if incident.kind is Kind.PROVIDER and incident.cause:
            by_cause.setdefault(incident.cause, []).append(named(incident, called))
    if len(by_cause) == 1:
        cause = next(iter(by_cause))
        yield voice.text("cause: {cause}", cause=_in_short(cause, voice))
        return
    for cause, providers in list(by_cause.items())[:_MOST_CAUSES]:
        yield voice.text("{names}: {cause}", names=names(providers, voice), cause=_in_short(cause, voice))
    if len(by_cause) > _MOST_CAUSES:
        yield voice.text("… and {n} more", n=len(by_cause) - _MOST_CAUSES)


def _in_short(cause: str, voice: Voice) -> str:
    return cut(visible(voice.language.retold(cause)), _LONGEST_CAUSE)


def _names(line: MessageLine, voice: Voice) -> Iterator[str]:
    if line.kind is Kind.NETWORK:
        hit = places(line)
    else:
        hit = [named(incident, line.names) for incident in members(line)]
    # Those that are about to be believed down have no incident yet: some of the names would read as if they were all.
    is_all = line.kind is Kind.NETWORK or not line.incident.is_open or len(hit) >= line.incident.down
    if hit and is_all:
        yield _listed(hit, line, voice)


def _listed(things: Sequence[Thing], line: MessageLine, voice: Voice) -> str:
    """List names; where a network fell, say of each what it is."""
    return names(things, voice, with_kinds=line.kind is Kind.NETWORK)
