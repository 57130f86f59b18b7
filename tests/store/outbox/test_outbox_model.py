"""Every way in which an outage, its end, sending and crashing can come in between each other (bookkeeping 5).

One outage, one URL. The engine books what ``decide`` asks for, as the daemon does; the deliverer's attempts end in
each of the ways in which they can end; the outage ends at each moment between two steps, or never. Then everything
works again, and what the reader has in hand must be the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import product
from random import Random

from healthmon.core.alerting.decide import TELLING_ENDS_AFTER, Policy, decide
from healthmon.model import Ending, Incident, Notification, Reason, Said, Told
from healthmon.store.outbox.outbox import Claim, open_outbox
from tests.store.scene import START, Store, closed, incident


class Attempt(Enum):
    """How an attempt to send ends."""

    ACCEPTED = auto()
    REFUSED = auto()
    #: Timed out; it had arrived.
    TIMED_OUT_ARRIVED = auto()
    #: Timed out; it was lost.
    TIMED_OUT_LOST = auto()
    #: kill -9 after claiming, before sending.
    DIED_BEFORE_SENDING = auto()
    #: kill -9 after sending, before booking the result.
    DIED_AFTER_SENDING = auto()
    #: kill -9 in the middle of the transaction that books the result: it never was.
    DIED_WHILE_BOOKING = auto()

    @property
    def arrives(self) -> bool:
        """Whether the reader gets the message."""
        return self in (
            Attempt.ACCEPTED,
            Attempt.TIMED_OUT_ARRIVED,
            Attempt.DIED_AFTER_SENDING,
            Attempt.DIED_WHILE_BOOKING,
        )


@dataclass
class Message:
    """What the reader has in hand."""

    says: Said
    reason: Reason
    is_marked: bool
    #: An earlier attempt ended without a result.
    may_be_marked: bool


@dataclass
class World:
    """One outage and one URL in a store that has seen many."""

    store: Store
    number: int
    now: float = START
    incident: Incident = field(init=False)
    received: list[Message] = field(default_factory=list)
    is_in_doubt: bool = False

    @property
    def url_id(self) -> str:
        return f"reader/{self.number}"

    def open(self) -> None:
        self.incident = incident(self.number, opened_at=self.now, believed_at=self.now)
        self.book_all()

    def close(self, ending: Ending = Ending.RECOVERED) -> None:
        """The outage ends, and its end is booked in the same transaction as what it calls for."""
        if self.incident.is_open:
            self.change(closed_at=self.now, ending=ending, flapping=0)

    def change(self, **facts: object) -> None:
        known = {name: getattr(self.incident, name) for name in Incident.__struct_fields__}
        self.incident = Incident(**{**known, **facts})
        self.book_all()

    def told(self) -> Told:
        return self.store.writer.told().get((self.number, self.url_id), Told())

    def book_all(self, remind_every: tuple[float, ...] = ()) -> None:
        """Book what is missing, with what was told as it is known now."""
        told, notifications = self.told(), []
        while wanted := decide(self.incident, told, Policy(remind_every=remind_every), self.now):
            reason, serial = wanted
            notifications.append(Notification(self.number, self.url_id, reason, serial, self.now, self.now))
            told = Told(told.said, told.said_at, told.booked | {wanted}, told.waiting | {wanted})
        self.store.book(incidents={self.number: self.incident}, notifications=notifications)

    def claim(self) -> Claim | None:
        return self.store.outbox.claim(self.url_id, self.now)

    def send(self, claim: Claim, attempt: Attempt) -> None:
        if attempt.arrives:
            self.received += [
                Message(row.says, row.reason, row.possibly_repeated, self.is_in_doubt) for row in claim.rows
            ]

    def book_result(self, claim: Claim, attempt: Attempt) -> None:
        outbox = self.store.outbox
        if attempt is Attempt.ACCEPTED:
            outbox.delivered(claim, self.now)
        elif attempt is Attempt.REFUSED:
            outbox.failed(claim, self.now, "refused")
        elif attempt in (Attempt.TIMED_OUT_ARRIVED, Attempt.TIMED_OUT_LOST):
            outbox.in_doubt(claim, self.now, "timed out")
        else:
            self.die()
        self.is_in_doubt |= attempt not in (Attempt.ACCEPTED, Attempt.REFUSED)

    def die(self) -> None:
        """kill -9 of the deliverer, and a new one."""
        self.store.outbox.close()
        self.store.outbox = open_outbox(self.store.path)
        self.store.outbox.recover([self.url_id], self.now)

    def settle(self) -> None:
        """Everything works from now on, until nothing is left to be done."""
        for _ in range(10):
            self.now += 60
            self.book_all()
            claim = self.claim()
            if claim is not None:
                self.send(claim, Attempt.ACCEPTED)
                self.book_result(claim, Attempt.ACCEPTED)
            elif not self.told().waiting:
                return
        raise AssertionError("it never comes to rest")

    def check(self) -> None:
        """What must be true when everything has come to rest."""
        assert self.received, "somebody must have been told"
        last = self.received[-1]
        assert (last.says is Said.DOWN) is self.incident.is_open, f"the reader believes {last.says}"
        believed: set[Said] = set()
        for message in self.received:
            assert message.says is not Said.UP or Said.DOWN in believed, "a lone up"
            repeats = message.says in believed and message.reason is not Reason.REMINDER
            assert not repeats or message.is_marked, f"{message.says} came twice, unmarked"
            assert message.may_be_marked or not message.is_marked, f"{message.says} is marked for nothing"
            believed.add(message.says)

    def leave(self) -> None:
        """Make room for the next story."""
        self.now += 2 * TELLING_ENDS_AFTER
        self.store.book(incidents={self.number: closed(self.number)})
        self.store.writer.alive(self.now, [])


#: The moments at which the outage may end: before an attempt's claim, its sending, the booking of its result.
MOMENTS = ("claim", "send", "result")


def stories(attempts: int) -> Iterator[tuple[tuple[Attempt, ...], tuple[int, str] | None, bool]]:
    """Every way of these attempts, every moment of the end (None: it lasts), the engine looking at once or late."""
    ends = [None, *product(range(attempts), MOMENTS), (attempts, "claim")]
    yield from product(product(Attempt, repeat=attempts), ends, (True, False))


def play(world: World, attempts: tuple[Attempt, ...], end: tuple[int, str] | None, looks_at_once: bool) -> None:
    world.open()
    for number, attempt in enumerate(attempts):
        world.now += 60
        if end == (number, "claim"):
            world.close()
        claim = world.claim()
        if end == (number, "send"):
            world.close()
        if claim is not None:
            world.send(claim, attempt)
        if end == (number, "result"):
            world.close()
        if claim is not None:
            world.book_result(claim, attempt)
        if looks_at_once:
            world.book_all()
    if end == (len(attempts), "claim"):
        world.close()
    world.settle()


def test_bookkeeping_05_every_interleaving_of_one_attempt_tells_the_truth(store: Store) -> None:
    told = list(stories(1))
    assert len({(attempts, end) for attempts, end, _ in told}) == 35

    for number, (attempts, end, looks_at_once) in enumerate(told, start=1):
        world = World(store, number)
        play(world, attempts, end, looks_at_once)
        world.check()
        world.leave()


def test_bookkeeping_05_every_interleaving_of_two_attempts_tells_the_truth(store: Store) -> None:
    for number, (attempts, end, looks_at_once) in enumerate(stories(2), start=1):
        world = World(store, number)
        play(world, attempts, end, looks_at_once)
        world.check()
        world.leave()


def test_bookkeeping_05_flapping_reminders_and_other_endings_tell_the_truth_in_any_order(store: Store) -> None:
    for number in range(1, 151):
        chance = Random(number)
        world = World(store, number)
        world.open()
        for _ in range(chance.randint(1, 12)):
            world.now += 60
            _something_happens(world, chance)
        world.settle()

        last = world.received[-1].says if world.received else None
        silently = world.incident.ending not in (None, Ending.RECOVERED, Ending.STABLE)
        assert last is Said.DOWN if world.incident.is_open else last is not Said.DOWN or silently, f"story {number}"
        world.leave()


def _something_happens(world: World, chance: Random) -> None:
    what = chance.choice(["attempt", "attempt", "attempt", "look", "flap", "calm", "close"])
    if what == "attempt":
        attempt, claim = chance.choice(list(Attempt)), world.claim()
        if claim is not None:
            world.send(claim, attempt)
            if chance.random() < 0.3:
                world.close()
            world.book_result(claim, attempt)
    elif what == "look":
        world.book_all(remind_every=(60.0,))
    elif what == "flap" and world.incident.is_open and not world.incident.flapping:
        episode = world.incident.flap_episodes + 1
        world.change(flapping=episode, flap_episodes=episode)
    elif what == "calm" and world.incident.flapping:
        world.change(flapping=0)
    elif what == "close" and chance.random() < 0.5:
        world.close(chance.choice([Ending.RECOVERED, Ending.STABLE, Ending.REMOVED]))
