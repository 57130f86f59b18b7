"""Values and a store to try them on: what the tests of the store are written with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    Changes,
    Check,
    CheckState,
    Ending,
    Health,
    Incident,
    Kind,
    Measurement,
    Notification,
    Reason,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.store.outbox.outbox import Outbox, open_outbox
from healthmon.store.read.queries import Reader, open_reader
from healthmon.store.write.writer import Writer, open_writer

#: A Thursday in May 2026; all scenes begin here.
START = 1_778_760_000.0

PHONE = Target("office", "PJSIP", "101")
OTHER_PHONE = Target("office", "PJSIP", "102")
OFFICE = Target("office")
BOSS = "oncall/boss"
DESK = "helpdesk/mailto:mail.example.org"


@dataclass
class Store:
    """One database with its daemon's connections. ``crash()`` is what kill -9 leaves."""

    path: Path
    now: float = START
    writer: Writer = field(init=False)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start a daemon."""
        self.writer = open_writer(self.path, now=self.now)
        self.outbox = open_outbox(self.path)

    def stop(self) -> None:
        """Stop it cleanly."""
        self.outbox.close()
        self.writer.close()

    def restart(self, now: float) -> None:
        """Stop it, and start it at a time."""
        self.stop()
        self.now = now
        self.start()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Ask as a command does."""
        with open_reader(self.path) as reader:
            yield reader

    def book(self, **changes: object) -> None:
        """Commit Changes with these fields."""
        self.writer.commit(Changes(**changes))  # type: ignore[arg-type]


def state(target: Target = PHONE, belief: Health | None = Health.UP, **facts: object) -> CheckState:
    """Make a state; ``facts`` are its other fields."""
    given: dict[str, object] = {
        "check": Check.REACHABILITY,
        "kind": Kind.PHONE,
        "watch": "phones",
        "watched_since": START,
        "since": START + 1,
        "believed_at": START + 2,
        "reason": "peer status Reachable",
    }
    return CheckState(target=target, belief=belief, **{**given, **facts})  # type: ignore[arg-type]


def by_key(*states: CheckState) -> dict[tuple[Target, str], CheckState]:
    """Put states as Changes want them."""
    return {(each.target, each.check): each for each in states}


def round_trip(after: float, ms: float, target: Target = PHONE) -> Measurement:
    """A round trip, so many seconds after the start."""
    return Measurement(target, Check.REACHABILITY, ROUND_TRIP.key, ms, START + after)


def transition(
    at: float,
    after: Health | None,
    before: Health | None = None,
    *,
    target: Target = PHONE,
    cause: str = "peer status",
    check: str = Check.REACHABILITY,
) -> Transition:
    """Make a transition that was believed after 30 s."""
    return Transition(target, check, before, after, at=at, believed_at=at + 30, cause=cause)


def unknown(since: float, until: float | None = None, target: Target = PHONE, why: str = "not listed") -> UnknownPeriod:
    """Make a veil."""
    return UnknownPeriod(target, Check.REACHABILITY, since, until, why)


def unknown_by_key(*periods: UnknownPeriod) -> dict[tuple[Target, str, float], UnknownPeriod]:
    """Put veils as Changes want them."""
    return {(each.target, each.check, each.since): each for each in periods}


def incident(number: int = 1, target: Target = PHONE, **facts: object) -> Incident:
    """Make an open incident; ``facts`` are its other fields."""
    given: dict[str, object] = {
        "check": Check.REACHABILITY,
        "kind": Kind.PHONE,
        "watch": "phones",
        "health": Health.DOWN,
        "opened_at": START + 100,
        "believed_at": START + 130,
        "cause": "peer status Unreachable",
        "severity": Kind(str(facts.get("kind", Kind.PHONE))).usual_severity,
    }
    return Incident(id=number, target=target, **{**given, **facts})  # type: ignore[arg-type]


def closed(number: int = 1, at: float = START + 300, ending: Ending = Ending.RECOVERED, **facts: object) -> Incident:
    """Make a closed incident."""
    return incident(number, closed_at=at, ending=ending, **facts)  # type: ignore[arg-type]


def notification(
    reason: Reason = Reason.OPENED,
    number: int = 1,
    url_id: str = BOSS,
    *,
    serial: int = 0,
    booked_at: float = START + 130,
    wait: float = 0.0,
) -> Notification:
    """Make a booking; it is due ``wait`` seconds later."""
    return Notification(number, url_id, reason, serial, booked_at, booked_at + wait)
