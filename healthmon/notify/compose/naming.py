"""How what is told about is called: a thing with its state, and several of a kind. Pure."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from healthmon.core.grouping.sites import label
from healthmon.core.orders.muting import is_for_now
from healthmon.model import Incident, Kind
from healthmon.notify.compose.message_lines import DOWN, MessageLine, State, Thing, aspect_of, in_order, named
from healthmon.notify.compose.voice import Voice
from healthmon.text.lists import listed_in_full
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: Names of PBXs are cut to this length before names of endpoints are.
PBX_CHARACTERS = 16
#: A list of names within a paragraph takes so many characters.
LIST_CHARACTERS = 400
#: Stands for devices of several kinds.
_DEVICE = "device"


def headline(line: MessageLine, voice: Voice, *, state: bool = True) -> str:
    """Write what a paragraph begins with, uncut: ``DOWN provider Telekom (office)``; or without the state."""
    where = place(line, voice)
    if state:
        return titled(line, line.full_name, voice) + where
    return thing(line.kind, line.full_name, voice, line.check) + where


def titled(line: MessageLine, name: str, voice: Voice) -> str:
    """Write the state and the name, which may have been cut: ``DOWN provider Telekom``."""
    state = voice.language.state(line.state, line.check or line.kind)
    if line.kind is Kind.NETWORK:
        return f"{state} {_network(line, name, voice)}"
    return f"{state} {thing(line.kind, name, voice, line.check)}"


def titled_briefly(line: MessageLine, name: str, voice: Voice) -> str:
    """Write the same of a check without a word for what it is a check of: ``DOWN registration of Telekom``."""
    language = voice.language
    words = voice.text("{check} of {name}", check=language.noun(line.check), name=name)
    return f"{language.state(line.state, line.check)} {words}"


def _network(line: MessageLine, name: str, voice: Voice) -> str:
    """Say what it means that a PBX's network is down, or up."""
    incident = line.incident
    if line.state in (*DOWN, State.WAS_DOWN) and incident.of:
        share = voice.language.shared(incident.down, incident.of, Kind.SITE)
        return voice.text("{pbx}: {share}", pbx=name, share=share)
    if line.state is State.UP and incident.of:
        return voice.text("{pbx}: its sites are reachable again", pbx=name)
    if line.state in (*DOWN, State.WAS_DOWN):
        return voice.text("{pbx}: nothing outside reachable", pbx=name)
    if line.state is State.UP:
        return voice.text("{pbx}: the outside is reachable again", pbx=name)
    return thing(line.kind, name, voice)


def thing(kind: Kind, name: str, voice: Voice, check: str = "") -> str:
    """Write ``provider Telekom``, ``providers at sip.example.net``, ``network of office``.

    With one check of an endpoint: ``registration of provider Telekom``.
    """
    if check:
        language = voice.language
        owner = f"{language.noun_of(kind)} {name}"
        return voice.text("{check} of {name}", check=language.noun(check), name=owner)
    if kind is Kind.NETWORK:
        return voice.text("network of {pbx}", pbx=name)
    if kind is Kind.PROVIDERS:
        return voice.text("providers at {host}", host=name)
    return f"{voice.language.noun(kind)} {said(kind, name, voice)}"


def said(kind: Kind, name: str, voice: Voice) -> str:
    """Say a name; that of a site may hold a word of ours: ``private address 10.0.0.0/24``."""
    if kind is Kind.SITE:
        return voice.language.retold(name)
    return name


def place(line: MessageLine, voice: Voice, most: int = sys.maxsize) -> str:
    """Say in brackets where a thing is; of a PBX: which side of it is meant."""
    if line.kind is Kind.PBX:
        if line.aspect:
            return f" ({voice.language.retold(line.aspect)})"
        return ""
    if line.kind is Kind.NETWORK or not line.pbx:
        return ""
    return f" ({cut(line.pbx, most)})"


def place_of(incident: Incident, voice: Voice) -> str:
    """Say in brackets where what is not told about is; of a PBX: which side of it is meant."""
    if incident.kind is Kind.PBX:
        side = aspect_of(incident)
        if side:
            return f" ({voice.language.retold(side)})"
        return ""
    pbx = visible(incident.target.pbx)
    if pbx and incident.kind is not Kind.NETWORK:
        return f" ({pbx})"
    return ""


def counted(lines: Sequence[MessageLine], voice: Voice, *, state: bool = True) -> str:
    """Write the state, how many of what, and where: ``DOWN 3 phones (office)``, ``DOWN 2 PBXs``.

    Of one check of several: ``DOWN registration of 3 providers (office)``.
    """
    first, language = lines[0], voice.language
    many, noun, number = language.counted(len(lines), first.kind), str(first.kind), len(lines)
    if first.check:
        owners = f"{number} {language.noun_of(first.kind, number)}"
        many = voice.text("{check} of {name}", check=language.noun(first.check), name=owners)
        noun, number = first.check, 1
    where = ""
    if first.kind is not Kind.PBX:
        where = place(first, voice, PBX_CHARACTERS)
    if state:
        return f"{language.state(first.state, noun, number)} {many}{where}"
    return many + where


def names_of(lines: Iterable[MessageLine], voice: Voice) -> list[str]:
    """The names of these, as they are listed."""
    return [said(line.kind, line.name, voice) for line in lines]


def listed_names(lines: Sequence[MessageLine], room: int, voice: Voice) -> str:
    """List the names of these; with what people call them if there is room for that."""
    full_names = [said(line.kind, line.full_name, voice) for line in lines]
    return listed_in_full(full_names, names_of(lines, voice), room)


# ---------------------------------------------------------------- the members of a group


def members(line: MessageLine) -> list[Incident]:
    """The endpoints that a group has hit: those that are down now, or all of them once it is over.

    Not those of whom nobody is told at present.
    """
    # Of an endpoint it may explain several checks.
    endpoints = [
        incident for incident in line.row.explained if incident.is_of_reachability and not incident.kind.is_group
    ]
    if not line.incident.is_open:
        return endpoints
    return [incident for incident in endpoints if incident.is_open and not is_for_now(incident.muted_by)]


def places(line: MessageLine) -> list[Thing]:
    """What a PBX's network took with it: providers, and for devices the sites where they stand, if these are known."""
    hit = {named(incident, line.names) for incident in line.row.explained if incident.kind is Kind.SITE}
    for incident in members(line):
        if incident.kind.is_device and incident.site:
            hit.add(Thing(Kind.SITE, label(incident.site)))
        else:
            hit.add(named(incident, line.names))
    return sorted(hit, key=in_order)


def share(line: MessageLine, voice: Voice) -> str:
    """Say how much of a group is down, or was: ``37 of 40 phones``, ``37 phones`` where the whole is not known."""
    down, of, noun = _share(line)
    if not down:
        return ""
    if line.kind is Kind.PROVIDERS:
        # "providers at sip.example.net: 2 of 2": what they are has been said.
        if of:
            return voice.text("{down} of {of}", down=down, of=of)
        return str(down)
    if of:
        return voice.language.shared(down, of, noun)
    return voice.language.counted(down, noun)


def unreachable(line: MessageLine, voice: Voice) -> str:
    """Say ``37 of 40 phones unreachable``."""
    down, _, noun = _share(line)
    state = voice.language.state("unreachable", noun, down)
    if down:
        return voice.text("{share} {unreachable}", share=share(line, voice), unreachable=state)
    return ""


def _share(line: MessageLine) -> tuple[int, int, str]:
    """How many are down, of how many (0: not known), and what they are. What is over has no such share."""
    incident, hit = line.incident, members(line)
    noun = _noun_of(line.kind, hit)
    if not incident.is_open:
        return len(hit), 0, noun
    # Those who are named are counted. Before the devices of a site are believed down, they have no incident.
    down = max(len(hit), incident.down)
    if incident.of < down:
        return down, 0, noun
    return down, incident.of, noun


def _noun_of(kind: Kind, hit: Sequence[Incident]) -> str:
    """What the members of a group are called together."""
    kinds = {incident.kind for incident in hit}
    if len(kinds) == 1:
        return kinds.pop()
    if kind is Kind.PROVIDERS:
        return Kind.PROVIDER
    if kinds:
        return _DEVICE
    return Kind.PHONE


def counts(things: Iterable[Thing], voice: Voice) -> str:
    """Say how many of each kind: ``3 providers, 2 sites``."""
    numbers = Counter(each.kind for each in things)
    return ", ".join(voice.language.counted(numbers[kind], kind) for kind in Kind if numbers[kind])


def names(things: Iterable[Thing], voice: Voice, *, with_kinds: bool = False) -> str:
    """List things by their names; ``with_kinds``: say of each what it is."""
    say = said
    if with_kinds:
        say = thing
    in_line = sorted(things, key=in_order)
    full_names = [say(each.kind, each.full_name, voice) for each in in_line]
    return listed_in_full(full_names, [say(each.kind, each.name, voice) for each in in_line], LIST_CHARACTERS)
