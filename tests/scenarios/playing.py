"""Plays a row, with or without kills, and checks what arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from random import Random

from healthmon.model import Check, Reason, Said, Target
from healthmon.notify.compose.ticket import Action
from tests.scenarios.asterisk import Peer
from tests.scenarios.channel import Channel
from tests.scenarios.daemon import OF_THE_ENGINE
from tests.scenarios.kills import Kills, Splits, Verdict
from tests.scenarios.rows import BEGINS_AT, MOMENT, Row
from tests.scenarios.world import DOWNTIME, MINUTE, START, World, configured, folder

#: What is told, and nothing follows.
EVENTS = (Reason.RESTARTED, Reason.NOTED)

#: The daemon has known the PBX for so long when a row begins (seconds).
QUIET = 2 * MINUTE


@contextmanager
def played(row: Row, *, kills: Kills | None = None, seed: int = 0) -> Iterator[World]:
    """Play a row to its end. The daemon mostly knows the PBX already: it was stopped in peace a moment ago."""
    with folder() as somewhere:
        world = World(somewhere, configured(row.config), row.peers(), seed=seed, kills=kills, pace=row.pace)
        if not row.is_first_look:
            world.config.database.write_bytes(_after_a_quiet_time(row.config, row.peers))
        row.script(world)
        try:
            world.play(row.lasts)
            if world.killed_at and world.now - world.killed_at[-1] < MINUTE:
                # The kills that are left strike; then it has a minute in peace.
                world.go_on(row.lasts + MINUTE)
                world.kills.spare()
                world.go_on(row.lasts + 2 * MINUTE)
            yield world
        finally:
            world.close()


@lru_cache
def _after_a_quiet_time(config: str, peers: Callable[[], list[Peer]]) -> bytes:
    with folder() as somewhere:
        world = World(somewhere, configured(config), peers(), begins=START - QUIET)
        world.play(QUIET - DOWNTIME)
        world.close()
        assert all(not channel.arrivals for channel in world.channels.values())
        return world.config.database.read_bytes()


def kills_of(row: Row, how_many: int, *, seed: int = 0) -> list[int]:
    """Choose boundaries of a row for kills."""
    with played(row, seed=seed) as world:
        return kills_among(world.kills.passed, how_many, seed=seed)


def kills_among(passed: Sequence[str], how_many: int, *, seed: int = 0) -> list[int]:
    """Choose boundaries for kills: up to one half of them are steps of a delivery, the others any."""
    dice = Random(seed)
    steps = [number for number, name in enumerate(passed) if name not in OF_THE_ENGINE]
    delivering = dice.sample(steps, min(how_many // 2, len(steps)))
    others = sorted(set(range(len(passed))) - set(delivering))
    return sorted([*delivering, *dice.sample(others, min(how_many - len(delivering), len(others)))])


def verdicts(row: Row, kill_at: Collection[int], *, seed: int = 0, again: int = 0) -> list[Verdict]:
    """Play a row, and once more from each of these boundaries on with a kill there; return how each of these went.

    ``again``: so often the daemon is killed again in each.
    """
    splits = Splits(kill_at, again=again)
    try:
        with played(row, kills=splits, seed=seed) as world:
            check(row, world)
    except BaseException as error:
        splits.end(error)
        raise
    splits.end(None)
    return splits.verdicts


def check(row: Row, world: World) -> None:
    """What must be true of every run, killed or not."""
    kills, (least, most) = len(world.killed_at), row.messages
    check_beliefs(world)
    readers = [(f"{url_id} {name}", one) for url_id, url in world.channels.items() for name, one in url.readers.items()]
    for url_id, channel in readers:
        arrived = len(channel.arrivals)
        story = f"{url_id}, killed {world.kills.struck} {world.killed_at}: {channel.subjects}"
        marked = sum(arrival.is_marked for arrival in channel.arrivals)
        assert least <= arrived <= most + min(kills, marked), story
        check_story(channel, story)
        check_last_words(world, channel, story)
        if channel.takes_tickets:
            check_tickets(world, channel, story)
    if kills:
        return
    if row.told:
        check_subjects(row, world)
    if row.also:
        row.also(world)


def check_subjects(row: Row, world: World) -> None:
    """Just these messages arrived, in this order, the first in time."""
    subjects = world.channel.subjects
    assert [told for told, subject in zip(row.told, subjects, strict=True) if not subject.startswith(told)] == []
    assert row.first_within is None or world.channel.arrivals[0].at <= BEGINS_AT + row.first_within + MOMENT


def check_beliefs(world: World) -> None:
    """An incident is open of what is down, and of nothing else."""
    open_now = {incident.target for incident in world.open_incidents()}
    assert {target for target in open_now if target.is_endpoint or target.is_pbx} == world.down()


def check_last_words(world: World, channel: Channel, story: str) -> None:
    """The last message about everything is the truth, and nothing that lasts is left untold."""
    lasting = {incident.id: incident for incident in world.open_incidents()}
    # What a group explains that lasts is told to be over with the group.
    believed = {one for one in channel.believed_to_last() if world.explanation_of(one) not in lasting}
    assert believed <= lasting.keys(), f"still believed to last: {believed - lasting.keys()}: {story}"
    untold = {number for number, incident in lasting.items() if incident.explained_by not in lasting} - believed
    assert not untold, f"not told: {untold}: {story}"


def check_tickets(world: World, channel: Channel, story: str) -> None:
    """One incident in each message, one ticket for each incident; open is what lasts, and what is over stays so."""
    keys: dict[int, set[str]] = {}
    for arrival in channel.arrivals:
        (row,), ticket = arrival.rows, arrival.message.ticket
        assert ticket is not None, story
        keys.setdefault(row.incident.id, set()).add(ticket.key)
    assert all(len(of_incident) == 1 for of_incident in keys.values()), story
    lasting = {key for incident in world.open_incidents() for key in keys.get(incident.id, ())}
    assert channel.open_tickets == lasting, f"open: {channel.open_tickets}: {story}"
    for actions in channel.tickets.values():
        after_its_end = actions[actions.index(Action.RESOLVE) :] if Action.RESOLVE in actions else []
        assert set(after_its_end) <= {Action.RESOLVE}, f"opened again: {actions}: {story}"


def check_story(channel: Channel, story: str) -> None:
    """No end without a beginning, no beginning or end twice, unless it is marked; of an incident and of a thing."""
    said: dict[int, Said] = {}
    about: dict[Target, int] = {}
    told: Counter[tuple[int, Reason]] = Counter()
    for row in (row for arrival in channel.arrivals for row in arrival.rows):
        incident, before = row.incident, said.get(row.incident.id)
        said[incident.id] = row.says
        if row.possibly_repeated:
            continue
        is_lone = row.says is Said.UP and (before is None or not before.is_bad)
        assert not is_lone or row.reason in EVENTS, f"a lone end of {incident}: {story}"
        told[incident.id, row.reason] += row.reason in (Reason.OPENED, Reason.RESOLVED, *EVENTS)
        assert told[incident.id, row.reason] <= 1, f"{row.reason} again: {incident}: {story}"
        if incident.target.is_endpoint and not incident.is_of_reachability:
            # What another check of it was told to be does not end with that: the thing itself may be down as well.
            continue
        other = about.get(incident.target, incident.id)
        is_news = other != incident.id and row.says.is_bad and row.incident.check == Check.REACHABILITY
        assert not (is_news and said[other].is_bad), f"{incident} begins before {other} has ended: {story}"
        about[incident.target] = incident.id
