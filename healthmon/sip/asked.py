"""A server that is asked again and again, and its addresses: how the present round stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.model import Health
from healthmon.sip.destinations import Destination, Remote
from healthmon.sip.names import Found
from healthmon.sip.transactions import Transaction
from healthmon.sip.verdicts import ProbeVerdict, over_all


class AskedAddress:
    """One address of a server. Owned by its prober's thread."""

    __slots__ = (
        "answered_after",
        "asked_at",
        "is_waiting",
        "quiet_until",
        "remote",
        "rtt_ms",
        "transaction",
        "verdict",
    )

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self.verdict: ProbeVerdict | None = None
        #: When the request left that this verdict comes from, on healthmon's timeline.
        self.asked_at = 0.0
        #: It has no verdict of this round yet.
        self.is_waiting = False
        self.transaction: Transaction | None = None
        #: Until when it asked to be left alone (steady clock).
        self.quiet_until = 0.0
        #: Of this round; None: none was measured.
        self.rtt_ms: float | None = None
        #: From the first sending of the last request to its answer (seconds); None: there was none.
        self.answered_after: float | None = None

    def settle(self, verdict: ProbeVerdict) -> None:
        """That is its verdict of this round."""
        self.verdict, self.is_waiting, self.transaction = verdict, False, None


class Asked:
    """One server. Owned by its prober's thread."""

    def __init__(self, destination: Destination, every: float) -> None:
        self.destination = destination
        #: How often, seconds.
        self.every = every
        self.places: dict[Remote, AskedAddress] = {}
        #: Why it has no address; "": it has, or nobody has looked yet.
        self.why_nowhere = ""
        #: When its name is to be looked up again (steady clock); None: it was not looked up yet.
        self.look_up_at: float | None = None
        self.due_at = 0.0
        self.is_round_on = False
        #: Somebody wants a round that begins later than this one: it is a question, which goes first.
        self.is_wanted_again = False
        self.is_question = False
        #: It is asked no longer.
        self.is_left = False
        #: When the first request of the last round left, on healthmon's timeline, and when the round began by a steady
        #: clock. Where many are asked at one address that is not the same.
        self.begun_at = 0.0
        self.has_sent = False
        self._begun = 0.0

    def use(self, found: Found) -> Iterable[AskedAddress]:
        """Take what its name led to; return the addresses that it has no longer."""
        self.why_nowhere = "" if self.places else found.why
        if not found.remotes:
            return ()
        before = self.places
        self.places = {remote: before.get(remote) or AskedAddress(remote) for remote in found.remotes}
        return [place for remote, place in before.items() if remote not in self.places]

    def begin(self, now: float, steady: float) -> None:
        """A round begins. Who asked to be left alone is, and stays as he was; only a question goes to him all the same.

        A belief waits for its answer, and it is one request: RFC 3261 (20.33, 21.5.4) wants to spare him the many.
        """
        self.begun_at, self._begun, self.is_round_on = now, steady, True
        self.is_question, self.is_wanted_again = self.is_wanted_again, False
        self.has_sent = False
        for place in self.places.values():
            place.rtt_ms = None
            is_left_alone = place.verdict is not None and place.quiet_until > steady
            place.is_waiting = self.is_question or not is_left_alone

    def note_sent(self, place: AskedAddress, now: float) -> None:
        """A request leaves. What was asked for before, to be left alone, counts no longer: the answer may ask anew."""
        place.asked_at, place.quiet_until, place.answered_after = now, 0.0, None
        if not self.has_sent:
            self.begun_at, self.has_sent = now, True

    @property
    def asks_all(self) -> bool:
        """Whether this round has asked nobody yet, and will ask each address."""
        return not self.has_sent and len(self.waiting) == len(self.places)

    @property
    def has_news(self) -> bool:
        """Whether this round has found anything: not where all are left alone."""
        return self.has_sent or not self.places

    @property
    def found_at(self) -> float:
        """As old as the oldest answer in it is what this round has found (healthmon's timeline)."""
        asked_at = [place.asked_at for place in self.places.values() if place.verdict is not None]
        return min(asked_at, default=self.begun_at)

    @property
    def waiting(self) -> list[AskedAddress]:
        """Those of which this round does not know yet how they are."""
        return [place for place in self.places.values() if place.is_waiting]

    @property
    def verdict(self) -> ProbeVerdict:
        """What this round has found; asked once nobody is waited for."""
        verdicts = {remote: place.verdict for remote, place in self.places.items() if place.verdict is not None}
        if not verdicts:
            return ProbeVerdict(Health.UNKNOWN, self.why_nowhere)
        return over_all(self.destination.hop.host, verdicts)

    @property
    def answered_after(self) -> float | None:
        """How long the quickest of its addresses took to answer, retransmissions and all (seconds); None: none did."""
        return min(
            (place.answered_after for place in self.places.values() if place.answered_after is not None), default=None
        )

    @property
    def round_trips(self) -> tuple[float, ...]:
        """What was measured in this round, milliseconds."""
        return tuple(place.rtt_ms for place in self.places.values() if place.rtt_ms is not None)

    def end(self) -> float:
        """The round is over; return when the next one is due (steady clock)."""
        self.is_round_on = False
        if self.is_wanted_again:
            return self._begun
        return self._begun + self.every
