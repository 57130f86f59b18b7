"""A deliverer on a real store, with a clock and a channel that the test controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from healthmon.config.sections.receiver import ReceiverConfig
from healthmon.errors import DatabaseUnwritable, DeliveryError, DeliveryUnsure, NoConnection
from healthmon.model import ClockJump, Incident, Kind, Notification, Reason, Target
from healthmon.notify.channels.sender import Sender
from healthmon.notify.compose.message import Message
from healthmon.notify.delivery.deliverer import Deliverer
from healthmon.notify.delivery.lookout import Lookout
from healthmon.store.outbox.outbox import Outbox
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import connect
from healthmon.times.clock import Clock
from tests.notify.rows import BERLIN
from tests.store.scene import BOSS, Store, closed, incident

REFUSED = DeliveryError(BOSS, "error=400", refused=True)
BROKEN = DeliveryError(BOSS, "connection refused")
NOBODY_THERE = DeliveryError(BOSS, "connection refused", no_connection=NoConnection("mail.example.org", 25))
UNSURE = DeliveryUnsure(BOSS, "read timed out")


@dataclass
class Channel:
    """A sender that does what ``answer`` says to each message; keeps what was accepted."""

    answer: Callable[[Message], Exception | None] = lambda _message: None
    min_interval: float = 0.0
    most_characters: int = 3500
    takes_attachments: bool = True
    takes_tickets: bool = False
    #: Whether somebody listens there.
    is_open: bool = True
    looks: int = 0
    accepted: list[Message] = field(default_factory=list)
    attempts: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Take a message, or raise."""
        self.attempts.append(message)
        if error := self.answer(message):
            raise error
        self.accepted.append(message)

    def opens(self, _where: NoConnection) -> bool:
        """Let somebody look whether a connection opens."""
        self.looks += 1
        return self.is_open

    def dies(self, error: Exception = BROKEN) -> None:
        """From now on nothing is accepted."""
        self.answer = lambda _message: error

    def works(self) -> None:
        """From now on everything is accepted."""
        self.answer = lambda _message: None

    @property
    def subjects(self) -> list[str]:
        """What was accepted."""
        return [message.subject for message in self.accepted]


class FragileOutbox(Outbox):
    """An outbox whose database can be made unwritable."""

    is_unwritable = False

    def __init__(self, path: Path) -> None:
        super().__init__(Session(path, connect(path)))
        self._write = self._session.writing
        self._session.writing = self._unless_unwritable  # type: ignore[method-assign]

    def _unless_unwritable(self) -> Any:
        if self.is_unwritable:
            raise DatabaseUnwritable(self._session.path, "the disk is full")
        return self._write()


@dataclass
class Post:
    """Everything together. ``run(seconds)`` lets time pass."""

    store: Store
    receiver: ReceiverConfig = field(default_factory=lambda: ReceiverConfig("oncall", ()))
    channel: Channel = field(default_factory=Channel)
    #: A real one, instead of the channel.
    sender: Sender | None = None
    time: float = field(init=False)
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.time = self.store.now + 200
        #: By how much somebody has set the wall clock; the machine's own runs on.
        self.set_by = 0.0
        self.clock = Clock(wall=lambda: self.time, running=lambda: self.time - self.set_by)
        self.wake, self.stop = Event(), Event()
        #: When others were told that the channel is back.
        self.returns: list[float] = []
        self.outbox = FragileOutbox(self.store.path)
        self.deliverer = self.start()

    def start(self) -> Deliverer:
        """Make the deliverer."""
        self.deliverer = Deliverer(
            url_id=BOSS,
            receiver=self.receiver,
            sender=self.sender or self.channel,
            open_outbox=lambda: FragileOutbox(self.store.path),
            zone=BERLIN,
            clock=self.clock,
            wake=self.wake,
            stop=self.stop,
            jitter=lambda low, high: (low + high) / 2,
            lookout=Lookout(self.channel.opens),
            on_return=lambda: self.returns.append(self.time),
        )
        return self.deliverer

    def opens(self, number: int, kind: Kind = Kind.PHONE, url_id: str = BOSS, *, wait: float = 0.0) -> Incident:
        """An outage begins and is booked for telling, ``wait`` seconds later."""
        target = Target("office", "PJSIP", f"{100 + number}")
        now = self.clock.now()
        about = incident(number, target, kind=kind, opened_at=now - 30, believed_at=now)
        told = Notification(number, url_id, Reason.OPENED, 0, now, now + wait)
        self.store.book(incidents={number: about}, notifications=[told])
        return about

    def closes(self, about: Incident) -> None:
        """An outage ends."""
        over = closed(about.id, self.clock.now(), target=about.target, kind=about.kind, opened_at=about.opened_at)
        self.store.book(incidents={about.id: over})

    def sets_clock(self, by: float) -> None:
        """Somebody sets the machine's clock, and the engine books it."""
        self.time += by
        self.set_by += by
        self.store.book(clock_jumps=[ClockJump(self.clock.now(), by)])
        self.clock.follow(by)

    def run(self, seconds: float) -> None:
        """Let the deliverer do all that it does in so much time."""
        end = self.time + seconds
        while True:
            wait = self.deliverer.step(self.outbox)
            if self.time + wait > end:
                self.time = end
                return
            self.time += wait

    def fates(self, number: int) -> list[tuple[str, str]]:
        """What became of an incident's rows: (state, why)."""
        with self.store.reading() as reader:
            return [(each.state, each.why) for each in reader.tellings(number)]
