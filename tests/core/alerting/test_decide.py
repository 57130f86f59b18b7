"""Who is told what: the table, and every interleaving of an outage with sending, failing and crashing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import Struct
from msgspec.structs import replace

from healthmon.core.alerting.decide import DailyLine, Policy, decide, is_finished, says
from healthmon.model import Check, Ending, Health, Incident, Kind, Reason, Said, Target, Told

TRUNK = Target("office", "PJSIP", "trunk-a")
OPEN = Incident(
    id=7,
    target=TRUNK,
    check=Check.REACHABILITY,
    kind=Kind.PROVIDER,
    watch="providers",
    health=Health.DOWN,
    opened_at=100.0,
    believed_at=130.0,
    cause="contact unreachable",
)
CLOSED = replace(OPEN, closed_at=200.0, ending=Ending.RECOVERED)
PLAIN = Policy()
LATE = Policy(is_escalation=True)
TODAY = DailyLine(7, 900.0)
GROWING = Policy(remind_every=(60, 300))


def told(said: Said | None = None, *booked: tuple[Reason, int], waiting: tuple[tuple[Reason, int], ...] = ()) -> Told:
    """What one URL was told at 150."""
    return Told(said, 150.0, frozenset(booked) | frozenset(waiting), frozenset(waiting))


OPENED = (Reason.OPENED, 0)
ESCALATED = (Reason.ESCALATED, 0)
ACKNOWLEDGED = (Reason.ACKNOWLEDGED, 0)
TICKET = Policy(is_ticket=True)
PARTLY = replace(OPEN, health=Health.DEGRADED)
FLAPS = replace(OPEN, flapping=1, flap_episodes=1)
CALM_AND_DOWN = replace(OPEN, flap_episodes=1)
CALM = replace(CLOSED, ending=Ending.STABLE, flap_episodes=1)
ACKED = replace(OPEN, acked_at=160.0, acked_by="anna")
OVER_ACKED = replace(CLOSED, acked_at=160.0, acked_by="anna")
OVER_MUTED = replace(CLOSED, muted_by="silence 12")


@pytest.mark.parametrize(
    ("incident", "so_far", "policy", "now", "expected"),
    [
        # Nobody knows yet.
        (OPEN, told(), PLAIN, 130, OPENED),
        (OPEN, told(waiting=(OPENED,)), PLAIN, 130, None),
        (OPEN, told(), Policy(is_explained=True), 130, None),
        (OPEN, told(Said.DOWN, OPENED), PLAIN, 10**9, None),
        # An undeliverable message is not booked again and again.
        (OPEN, told(None, OPENED), PLAIN, 130, None),
        # Explained away by incident 840, which is over.
        (replace(OPEN, explained_by=840), told(None, OPENED), PLAIN, 130, (Reason.OPENED, 840)),
        (replace(OPEN, explained_by=840), told(None, OPENED, (Reason.OPENED, 840)), PLAIN, 130, None),
        # An on-call service is told that somebody took note, once, if it called somebody.
        (ACKED, told(Said.DOWN, OPENED), TICKET, 170, ACKNOWLEDGED),
        (ACKED, told(Said.DOWN, OPENED, ACKNOWLEDGED), TICKET, 170, None),
        (ACKED, told(waiting=(OPENED,)), TICKET, 170, None),
        (ACKED, told(Said.DOWN, OPENED), PLAIN, 170, None),
        (OPEN, told(Said.DOWN, OPENED), TICKET, 170, None),
        (OVER_ACKED, told(Said.DOWN, OPENED), TICKET, 300, (Reason.RESOLVED, 0)),
        # Reminders.
        (OPEN, told(Said.DOWN, OPENED), Policy(remind_every=(60,)), 209, None),
        (OPEN, told(Said.DOWN, OPENED), Policy(remind_every=(60,)), 210, (Reason.REMINDER, 1)),
        (OPEN, told(Said.DOWN, OPENED, (Reason.REMINDER, 1)), Policy(remind_every=(60,)), 210, (Reason.REMINDER, 2)),
        (OPEN, told(Said.DOWN, OPENED), GROWING, 209, None),
        (OPEN, told(Said.DOWN, OPENED), GROWING, 210, (Reason.REMINDER, 1)),
        (OPEN, told(Said.DOWN, OPENED, (Reason.REMINDER, 1)), GROWING, 449, None),
        (OPEN, told(Said.DOWN, OPENED, (Reason.REMINDER, 1)), GROWING, 450, (Reason.REMINDER, 2)),
        (OPEN, told(Said.DOWN, OPENED, (Reason.REMINDER, 1), (Reason.REMINDER, 2)), GROWING, 449, None),
        (OPEN, told(Said.DOWN, OPENED, (Reason.REMINDER, 1), (Reason.REMINDER, 2)), GROWING, 450, (Reason.REMINDER, 3)),
        # What nobody can see.
        (OPEN, told(), Policy(is_out_of_sight=True), 130, None),
        (OPEN, told(), replace(LATE, is_out_of_sight=True), 130, None),
        (OPEN, told(Said.DOWN, OPENED), Policy((60,), is_out_of_sight=True), 10**6, None),
        (OPEN, told(Said.DEGRADED, OPENED), Policy(is_out_of_sight=True), 210, None),
        (FLAPS, told(Said.DOWN, OPENED), Policy(is_out_of_sight=True), 210, None),
        (ACKED, told(Said.DOWN, OPENED), replace(TICKET, is_out_of_sight=True), 170, ACKNOWLEDGED),
        (CLOSED, told(Said.DOWN, OPENED), Policy(is_out_of_sight=True), 210, (Reason.RESOLVED, 0)),
        # From bad to worse, and to better.
        (OPEN, told(Said.DEGRADED, OPENED), PLAIN, 210, (Reason.CHANGED, 1)),
        (PARTLY, told(Said.DOWN, OPENED), PLAIN, 210, (Reason.CHANGED, 1)),
        (PARTLY, told(Said.DEGRADED, OPENED), PLAIN, 210, None),
        (OPEN, told(Said.DEGRADED, OPENED, (Reason.CHANGED, 1)), PLAIN, 210, (Reason.CHANGED, 2)),
        (OPEN, told(Said.DEGRADED, waiting=((Reason.CHANGED, 1),)), PLAIN, 210, None),
        (OPEN, told(Said.DEGRADED, OPENED), Policy(is_explained=True), 210, None),
        (OPEN, told(Said.DEGRADED, OPENED), Policy(muted_by="silence 12"), 210, None),
        (FLAPS, told(Said.DEGRADED, (Reason.FLAPPING, 1)), PLAIN, 210, None),
        (replace(OPEN, check=Check.INVENTORY), told(Said.DEGRADED, OPENED), PLAIN, 210, None),
        (CLOSED, told(Said.DEGRADED, OPENED), PLAIN, 210, (Reason.RESOLVED, 0)),
        # Down for so long that it is one line a day.
        (OPEN, told(Said.DOWN, OPENED), Policy((60,), daily_line=DailyLine()), 10**6, None),
        (OPEN, told(Said.DOWN, OPENED), Policy((60,), daily_line=TODAY), 10**6, (Reason.LONG_GONE, 7)),
        (OPEN, told(Said.DOWN, OPENED, (Reason.LONG_GONE, 7)), Policy(daily_line=TODAY), 10**6, None),
        (OPEN, told(Said.DOWN, OPENED, (Reason.LONG_GONE, 6)), Policy(daily_line=TODAY), 10**6, (Reason.LONG_GONE, 7)),
        (OPEN, told(Said.DOWN, waiting=((Reason.LONG_GONE, 6),)), Policy(daily_line=TODAY), 10**6, None),
        (OPEN, told(Said.DOWN, OPENED), Policy(daily_line=DailyLine(7, 120.0)), 10**6, None),
        (OPEN, replace(told(Said.DOWN, OPENED), opened_at=901.0), Policy(daily_line=TODAY), 10**6, None),
        (OPEN, told(Said.DOWN, OPENED), Policy(daily_line=TODAY, is_acknowledged=True), 10**6, None),
        (OPEN, told(Said.DOWN, OPENED), Policy(daily_line=TODAY, is_explained=True), 10**6, None),
        (OPEN, told(Said.DOWN, OPENED), Policy(daily_line=TODAY, is_out_of_sight=True), 10**6, None),
        (OPEN, told(), Policy(daily_line=TODAY), 10**6, OPENED),
        # Nobody took note of it in time.
        (OPEN, told(), LATE, 130, ESCALATED),
        (OPEN, told(waiting=(ESCALATED,)), LATE, 130, None),
        (OPEN, told(), replace(LATE, is_explained=True), 130, None),
        (OPEN, told(), replace(LATE, muted_by="silence 12"), 130, None),
        (replace(OPEN, explained_by=840), told(None, ESCALATED), LATE, 130, (Reason.ESCALATED, 840)),
        (OPEN, told(Said.DOWN, ESCALATED), replace(LATE, remind_every=(60,)), 210, (Reason.REMINDER, 1)),
        (CLOSED, told(Said.DOWN, ESCALATED), LATE, 201, (Reason.RESOLVED, 0)),
        (FLAPS, told(), LATE, 130, ESCALATED),
        (FLAPS, told(waiting=(ESCALATED,)), LATE, 130, (Reason.FLAPPING, 1)),
        # Over.
        (CLOSED, told(Said.DOWN, OPENED), PLAIN, 201, (Reason.RESOLVED, 0)),
        (CLOSED, told(Said.DOWN, OPENED), Policy(is_explained=True), 201, (Reason.RESOLVED, 0)),
        (CLOSED, told(waiting=(OPENED,)), PLAIN, 201, None),
        (CLOSED, told(Said.WAS_DOWN, OPENED), PLAIN, 201, None),
        (CLOSED, told(), PLAIN, 201, None),
        (replace(CLOSED, ending=Ending.REMOVED), told(Said.DOWN, OPENED), PLAIN, 201, (Reason.ENDED, 0)),
        (replace(CLOSED, ending=Ending.REMOVED), told(), PLAIN, 201, None),
        # Flapping.
        (FLAPS, told(), PLAIN, 130, (Reason.FLAPPING, 1)),
        (FLAPS, told(Said.DOWN, (Reason.FLAPPING, 1)), Policy((60,)), 209, None),
        (FLAPS, told(Said.DOWN, (Reason.FLAPPING, 1)), Policy((60,)), 210, (Reason.REMINDER, 1)),
        (FLAPS, told(None, (Reason.FLAPPING, 1)), PLAIN, 210, None),
        (replace(OPEN, flapping=2, flap_episodes=2), told(Said.DOWN, OPENED), PLAIN, 130, (Reason.FLAPPING, 2)),
        (replace(OPEN, flap_episodes=1), told(Said.DOWN, (Reason.FLAPPING, 1)), PLAIN, 130, (Reason.STABLE, 1)),
        (
            replace(CLOSED, ending=Ending.STABLE, flap_episodes=1),
            told(Said.DOWN, (Reason.FLAPPING, 1)),
            PLAIN,
            201,
            (Reason.STABLE, 1),
        ),
        # What a bigger one explains comes and goes, or stays down, with it.
        (FLAPS, told(Said.DOWN, OPENED), Policy(is_explained=True), 130, None),
        (CALM_AND_DOWN, told(Said.DOWN, (Reason.FLAPPING, 1)), Policy(is_explained=True), 130, None),
        # In a silence nobody hears that it is stable, but whoever was told that it is down.
        (CALM, told(Said.DOWN, (Reason.FLAPPING, 1)), Policy(muted_by="silence 12"), 201, None),
        (CALM, told(Said.DOWN, OPENED, (Reason.FLAPPING, 1)), Policy(muted_by="silence 12"), 201, (Reason.STABLE, 1)),
        (CLOSED, told(Said.DOWN, OPENED), Policy(muted_by="silence 12"), 201, (Reason.RESOLVED, 0)),
        # STABLE was told while it was still down, and now it is up.
        (
            replace(CLOSED, flap_episodes=1),
            told(Said.DOWN, (Reason.FLAPPING, 1), (Reason.STABLE, 1)),
            PLAIN,
            201,
            (Reason.RESOLVED, 0),
        ),
    ],
)
def test_decide(
    incident: Incident, so_far: Told, policy: Policy, now: float, expected: tuple[Reason, int] | None
) -> None:
    assert decide(incident, so_far, policy, now) == expected


@pytest.mark.parametrize(
    ("reason", "incident", "newest", "expected"),
    [
        (Reason.OPENED, OPEN, None, Said.DOWN),
        (Reason.OPENED, CLOSED, None, Said.WAS_DOWN),
        (Reason.OPENED, CLOSED, Said.DOWN, Said.WAS_DOWN),
        (Reason.OPENED, CLOSED, Said.UP, None),
        (Reason.REMINDER, OPEN, Said.DOWN, Said.DOWN),
        (Reason.REMINDER, CLOSED, Said.DOWN, None),
        (Reason.ESCALATED, OPEN, None, Said.DOWN),
        (Reason.ESCALATED, ACKED, None, None),
        (Reason.ESCALATED, ACKED, Said.DOWN, Said.DOWN),
        (Reason.ESCALATED, CLOSED, None, Said.WAS_DOWN),
        (Reason.ESCALATED, OVER_ACKED, None, None),
        (Reason.ESCALATED, OVER_ACKED, Said.DOWN, Said.WAS_DOWN),
        (Reason.OPENED, OVER_MUTED, None, None),
        (Reason.OPENED, OVER_MUTED, Said.DOWN, Said.WAS_DOWN),
        (Reason.OPENED, PARTLY, None, Said.DEGRADED),
        (Reason.REMINDER, PARTLY, Said.DEGRADED, Said.DEGRADED),
        (Reason.CHANGED, OPEN, Said.DEGRADED, Said.DOWN),
        (Reason.CHANGED, PARTLY, Said.DOWN, Said.DEGRADED),
        (Reason.CHANGED, CLOSED, Said.DEGRADED, None),
        (Reason.STABLE, PARTLY, Said.DOWN, Said.DEGRADED),
        (Reason.FLAPPING, FLAPS, None, Said.DOWN),
        (Reason.RESOLVED, CLOSED, Said.DEGRADED, Said.UP),
        (Reason.LONG_GONE, OPEN, Said.DOWN, Said.DOWN),
        (Reason.LONG_GONE, ACKED, Said.DOWN, None),
        (Reason.LONG_GONE, CLOSED, Said.DOWN, None),
        (Reason.ACKNOWLEDGED, ACKED, Said.DOWN, Said.DOWN),
        (Reason.ACKNOWLEDGED, OVER_ACKED, Said.DOWN, None),
        (Reason.RESOLVED, CLOSED, Said.DOWN, Said.UP),
        (Reason.RESOLVED, CLOSED, Said.UP, Said.UP),
        (Reason.RESOLVED, CLOSED, Said.WAS_DOWN, None),
        (Reason.RESOLVED, CLOSED, None, None),
        (Reason.ENDED, replace(CLOSED, ending=Ending.REMOVED), Said.DOWN, Said.UP),
        (Reason.FLAPPING, replace(OPEN, flapping=1), None, Said.DOWN),
        (Reason.FLAPPING, OPEN, Said.DOWN, None),
        (Reason.STABLE, OPEN, Said.DOWN, Said.DOWN),
    ],
)
def test_says(reason: Reason, incident: Incident, newest: Said | None, expected: Said | None) -> None:
    assert says(reason, incident, newest) is expected


# ---------------------------------------------------------------- all interleavings


class World(Struct, frozen=True):
    """One incident, one URL, its outbox, and the mailbox of its reader."""

    policy: Policy
    incident: Incident | None = None
    #: (reason, serial, what it said when it was last sent and that is in doubt), in the order of booking.
    rows: tuple[tuple[Reason, int, Said | None], ...] = ()
    #: Rows of the claim that is being sent, with what each says.
    sending: tuple[tuple[Reason, int, Said], ...] = ()
    booked: frozenset[tuple[Reason, int]] = frozenset()
    delivered: Said | None = None
    #: What the reader has really got.
    mailbox: tuple[Said, ...] = ()
    #: Things that may still go wrong, and orders that people may still give.
    failures: int = 2
    orders: int = 0


def newest_said(world: World) -> Said | None:
    """Delivered or in doubt, the newest."""
    doubts = [said for _, _, said in (*world.rows, *world.sending) if said is not None]
    return doubts[-1] if doubts else world.delivered


def as_told(world: World) -> Told:
    """The outbox as the core reads it."""
    waiting = frozenset((reason, serial) for reason, serial, _ in world.rows)
    return Told(newest_said(world), 150.0, world.booked, waiting)


def booked(world: World, **facts: object) -> World:
    """The incident changes; then the engine asks ``decide()`` until nothing is missing."""
    incident = replace(world.incident or OPEN, **facts)
    world = replace(world, incident=incident)
    is_known = incident.acked_at is not None
    if world.policy.is_escalation and is_known and not world.booked:
        # Nobody has to be woken any more.
        return world
    policy = replace(world.policy, muted_by=incident.muted_by, is_acknowledged=is_known)
    while missing := decide(incident, as_told(world), policy, 200.0):
        world = replace(world, booked=world.booked | {missing}, rows=(*world.rows, (*missing, None)))
    return world


def claimed(world: World) -> World:
    """One transaction: read the facts as they are now, fix what each row says, cancel what says nothing."""
    assert world.incident
    newest, sending = newest_said(world), []
    for reason, serial, doubt in world.rows:
        said = says(reason, world.incident, newest)
        if said is not None and not (reason is Reason.CHANGED and said is newest and doubt is None):
            sending.append((reason, serial, said))
            newest = said
    # A row that is cancelled in doubt stays so: what it said still counts.
    return replace(world, rows=(), sending=tuple(sending), delivered=newest_said(world))


def is_held(incident: Incident) -> bool:
    """Nothing is claimed of what is muted."""
    return incident.is_open and bool(incident.muted_by)


def steps(world: World) -> list[World]:
    """Everything that can happen next."""
    incident = world.incident
    if incident is None:
        return [booked(world)]
    following = [*_turns(world, incident), *_orders(world, incident)]
    if world.rows and not world.sending and not is_held(incident):
        following.append(claimed(world))
    return [*following, *_results(world)] if world.sending else following


def _turns(world: World, incident: Incident) -> Iterator[World]:
    """What the thing itself may do."""
    if not incident.is_open:
        return
    yield booked(world, closed_at=200.0, ending=Ending.RECOVERED, flapping=0)
    if not incident.flapping and not incident.flap_episodes:
        yield booked(world, flapping=1, flap_episodes=1)
    if incident.flapping:
        yield booked(world, flapping=0)
        yield booked(world, closed_at=200.0, ending=Ending.STABLE, flapping=0)


def _orders(world: World, incident: Incident) -> Iterator[World]:
    """What people may order, what the clock may begin and end, and how much of the thing works."""
    if not incident.is_open or not world.orders:
        return
    world = replace(world, orders=world.orders - 1)
    yield booked(world, muted_by="" if incident.muted_by else "silence 12")
    yield booked(world, health=Health.DOWN if incident.is_partial else Health.DEGRADED)
    if incident.acked_at is None:
        yield booked(world, acked_at=160.0)


def _results(world: World) -> Iterator[World]:
    """How an attempt to send may end."""
    says_it = tuple(said for _, _, said in world.sending)
    arrived = replace(world, mailbox=world.mailbox + says_it)
    yield booked(replace(arrived, sending=(), delivered=says_it[-1]))
    if world.failures:
        left = replace(world, failures=world.failures - 1, sending=())
        undone = tuple((reason, serial, None) for reason, serial, _ in world.sending)
        # Refused for sure; in doubt and lost; in doubt and arrived all the same.
        yield booked(replace(left, rows=(*undone, *world.rows)))
        yield booked(replace(left, rows=(*world.sending, *world.rows)))
        yield booked(replace(left, rows=(*world.sending, *world.rows), mailbox=arrived.mailbox))


def all_worlds(first: World) -> Iterator[World]:
    """Every world that can come of one, each once."""
    seen, todo = set(), [first]
    while todo:
        world = todo.pop()
        if world not in seen:
            seen.add(world)
            yield world
            todo += steps(world)


def comes_to_rest(world: World) -> bool:
    """Whether nothing is left to be sent."""
    return world.incident is not None and not world.sending and (not world.rows or is_held(world.incident))


def may_end_with(world: World) -> set[Said | None]:
    """What the reader may have heard last."""
    incident = world.incident
    assert incident is not None
    is_excused = bool(incident.muted_by) or (world.policy.is_escalation and incident.acked_at is not None)
    untold: set[Said | None] = {None} if is_excused else set()
    lasting = Said.DEGRADED if incident.is_partial and not incident.flapping else Said.DOWN
    if is_held(incident):
        # What was told before stays as it was.
        return {None, Said.DOWN, Said.DEGRADED}
    return untold | ({lasting} if incident.is_open else {Said.UP, Said.WAS_DOWN})


@pytest.mark.parametrize(
    "first", [World(PLAIN), World(LATE), World(PLAIN, orders=3, failures=1), World(LATE, orders=3, failures=1)]
)
def test_over_all_interleavings_the_last_message_equals_the_truth(first: World) -> None:
    ends = 0
    for world in filter(comes_to_rest, all_worlds(first)):
        ends += 1
        last = world.mailbox[-1] if world.mailbox else None
        assert last in may_end_with(world), world
        # Never a lone "up" for a "down" that nobody saw, unless a message in doubt was lost.
        if world.failures == first.failures and world.incident is not None:
            assert world.mailbox[:1] != (Said.UP,), world
            if not is_held(world.incident):
                assert is_finished(world.incident, as_told(world)) is not world.incident.is_open

    assert ends > 100
