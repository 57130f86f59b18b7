"""Asks servers by OPTIONS, each at its own pace: rounds over all addresses of a server, each with one verdict.

One thread owns it and calls ``turn()`` again and again. Nothing here waits but for the sockets.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

from msgspec import Struct

from healthmon import __version__
from healthmon.model import OPTIONS_ANSWERED_WITHIN, Health
from healthmon.sip.asked import Asked, AskedAddress
from healthmon.sip.connections import OURS
from healthmon.sip.destinations import Destination, Hop, Remote, Transport
from healthmon.sip.messages import Asking, options_request
from healthmon.sip.names import Found
from healthmon.sip.sockets import Came, Failed, Sockets
from healthmon.sip.transactions import Transaction, Transactions
from healthmon.sip.turns import Turn, Turns
from healthmon.sip.verdicts import ProbeVerdict, left_alone, verdict_on, with_certificate

USER_AGENT = f"healthmon/{__version__}"
#: Nobody is left alone for longer, whatever he asks for (seconds): he could be dead meanwhile.
LEFT_ALONE_AT_MOST = 3600.0
#: So long a turn may wait at most (seconds).
LONGEST_TURN = 1.0


class Conclusion(Struct, frozen=True):
    """What a round over all addresses of a server has found."""

    destination: Destination
    verdict: ProbeVerdict
    #: When the first of them was asked in this round, on healthmon's timeline.
    begun_at: float
    #: When the first of those requests left whose answers count: who is left alone was asked in an earlier round.
    found_at: float
    #: Of those that answered at once, milliseconds.
    round_trips: tuple[float, ...] = ()
    #: From the first sending to the answer of the address that was the quickest (seconds); None: none answered.
    answered_after: float | None = None
    #: From the first sending of this round to its last answer, or until none was waited for any more (seconds).
    settled_after: float = 0.0


class Times(Struct, frozen=True):
    """Where a prober has its times from."""

    #: For waits, as ``time.monotonic()``; healthmon's timeline; what the clock shows so many seconds from now.
    steady: Callable[[], float]
    now: Callable[[], float]
    in_words: Callable[[float], str]


class Prober:
    """Owned by one thread."""

    def __init__(self, sockets: Sockets, look_up: Callable[[Hop], None], times: Times) -> None:
        """``look_up``: have the addresses of a server found; ``found()`` is called with them."""
        self._sockets = sockets
        self._look_up = look_up
        self._times = times
        self._asked: dict[Destination, Asked] = {}
        #: When a round of which server is due, or its name to be looked up; what is no longer so is passed over.
        self._agenda: list[tuple[float, int, Asked]] = []
        self._turns = Turns()
        self._order = count()
        self._by_branch: dict[str, tuple[Asked, AskedAddress]] = {}
        self._cseq = count(secrets.randbelow(2**16) + 1)
        self.transactions = Transactions()

    # ------------------------------------------------------------ who is asked

    def ask(self, destination: Destination, every: float) -> None:
        """Ask this server so often from now on."""
        asked = self._asked.get(destination)
        if asked is not None:
            asked.every = every
            return
        self._asked[destination] = Asked(destination, every)
        self._look_up(destination.hop)

    def leave(self, destination: Destination) -> None:
        """Ask this server no longer."""
        asked = self._asked.pop(destination, None)
        if asked is not None:
            asked.is_left = True
            for place in asked.places.values():
                self._give_up(place)

    def ask_again(self, destination: Destination) -> None:
        """Have a round that begins after this moment."""
        asked = self._asked.get(destination)
        if asked is None or asked.look_up_at is None:
            # The first round comes as soon as its addresses are known.
            return
        now = self._times.steady()
        if not asked.is_round_on:
            asked.is_wanted_again = True
            self._schedule(asked, now)
            return
        # What is still to be sent leaves after this moment: it answers, if nothing has left before, and all are asked.
        asked.is_wanted_again |= not asked.asks_all
        for place in asked.waiting:
            self._turns.add(Turn(asked, place), now, is_question=True)

    def found(self, hop: Hop, found: Found) -> None:
        """Take the addresses of a server. Those that are known stay while none can be found."""
        for asked in self._asked.values():
            if asked.destination.hop == hop:
                self._take_addresses(asked, found)

    def _take_addresses(self, asked: Asked, found: Found) -> None:
        now, is_first = self._times.steady(), asked.look_up_at is None
        asked.look_up_at = now + found.holds_for
        for gone in asked.use(found):
            self._give_up(gone)
        if asked.is_round_on and not asked.waiting:
            # It waited for addresses that are none any more.
            asked.end()
            is_first = True
        if is_first:
            self._schedule(asked, now)

    def _schedule(self, asked: Asked, at: float) -> None:
        asked.due_at = at
        heappush(self._agenda, (at, next(self._order), asked))

    # ------------------------------------------------------------ one turn

    def turn(self) -> Iterator[Conclusion]:
        """Do what is due, wait for what comes, and give what that concludes."""
        now = self._times.steady()
        yield from self._begin_rounds(now)
        while (turn := self._turns.take(now, has_room=self._sockets.has_room)) is not None:
            yield from self._begin(*turn)
        next_round = [at for at, *_ in self._agenda[:1]]
        next_at = min([self.transactions.next_at(), self._turns.next_at(), *next_round])
        for came in self._sockets.wait(max(0.0, min(next_at - now, LONGEST_TURN))):
            if isinstance(came, Failed):
                yield from self._failed(came)
            else:
                yield from self._came(came)
        now = self._times.steady()
        for transaction in self.transactions.to_send_again(now):
            # What cannot be sent may be the next time; if not, it was not answered.
            with suppress(OSError):
                self._sockets.send(transaction.remote, transaction.packet)
        # The answer of somebody may still wait in a socket, behind a flood of others: it is read before he is given up.
        for transaction in self.transactions.given_up(now - self._sockets.behind):
            yield from self._was_silent(transaction)

    def _begin_rounds(self, now: float) -> Iterator[Conclusion]:
        while self._agenda and self._agenda[0][0] <= now:
            at, _, asked = heappop(self._agenda)
            if asked.is_left or at != asked.due_at or asked.is_round_on:
                continue
            if asked.look_up_at is not None and asked.look_up_at <= now:
                # Those that are known are asked meanwhile.
                asked.look_up_at = float("inf")
                self._look_up(asked.destination.hop)
            asked.begin(self._times.now(), now)
            for place in asked.waiting:
                self._turns.add(Turn(asked, place), now, is_question=asked.is_question)
            yield from self._conclude(asked)

    def _begin(self, asked: Asked, place: AskedAddress) -> Iterator[Conclusion]:
        remote, destination = place.remote, asked.destination
        asked.note_sent(place, self._times.now())
        branch = f"z9hG4bK{secrets.token_hex(12)}"
        try:
            local, port = self._sockets.local_address(remote)
            asking = Asking(branch, secrets.token_hex(12), secrets.token_hex(6), next(self._cseq), local, port)
            packet = options_request(asking, destination, remote, USER_AGENT)
            sent_at = self._times.steady()
            if remote.transport is Transport.UDP:
                self._sockets.send(remote, packet)
            else:
                self._sockets.carry(remote, packet, branch, destination.hop.host)
        except OSError as error:
            yield from self._settle(asked, place, _not_sent(error, remote))
            return
        place.transaction = Transaction(asking, remote, packet, sent_at, OPTIONS_ANSWERED_WITHIN)
        self.transactions.begin(place.transaction)
        self._by_branch[branch] = asked, place

    # ------------------------------------------------------------ what comes of it

    def _came(self, came: Came) -> Iterator[Conclusion]:
        answered = self.transactions.receive(came.raw, came.source, self._times.steady() - came.waited)
        if answered is None:
            return
        transaction = answered.transaction
        branch = transaction.asking.branch
        asked, place = self._by_branch.pop(branch)
        # Of what was sent more than once nobody knows which was answered.
        place.rtt_ms = None
        left_at = self._sockets.written_at(branch) or transaction.sent_at
        place.answered_after = max(0.0, answered.at - left_at)
        if transaction.sent <= 1 and answered.at > left_at:
            place.rtt_ms = place.answered_after * 1000
        self._sockets.drop(branch)
        verdict = verdict_on(answered.answer.code)
        if verdict.health is Health.DEGRADED and answered.answer.retry_after:
            wanted = answered.answer.retry_after
            seconds = min(wanted, LEFT_ALONE_AT_MOST)
            place.quiet_until = answered.at + seconds
            verdict = left_alone(verdict, self._times.in_words(seconds), is_too_long=wanted > seconds)
        yield from self._settle(asked, place, with_certificate(verdict, came.certificate))

    def _failed(self, failed: Failed) -> Iterator[Conclusion]:
        known = self._by_branch.pop(failed.branch, None)
        if known is None:
            return
        asked, place = known
        if place.transaction is not None:
            self.transactions.drop(place.transaction, self._times.steady())
        yield from self._settle(asked, place, ProbeVerdict(Health.DOWN, f"{failed.why} ({place.remote})"))

    def _was_silent(self, transaction: Transaction) -> Iterator[Conclusion]:
        branch = transaction.asking.branch
        self._sockets.drop(branch)
        known = self._by_branch.pop(branch, None)
        if known is not None:
            asked, place = known
            words = f"does not answer our OPTIONS ({place.remote})"
            yield from self._settle(asked, place, ProbeVerdict(Health.DOWN, words))

    def _give_up(self, place: AskedAddress) -> None:
        """Its answer does not matter any more."""
        place.is_waiting = False
        if place.transaction is not None:
            branch = place.transaction.asking.branch
            self.transactions.drop(place.transaction, self._times.steady())
            self._by_branch.pop(branch, None)
            self._sockets.drop(branch)

    def _settle(self, asked: Asked, place: AskedAddress, verdict: ProbeVerdict) -> Iterator[Conclusion]:
        place.settle(verdict)
        yield from self._conclude(asked)

    def _conclude(self, asked: Asked) -> Iterator[Conclusion]:
        """End the round, if each address has its verdict."""
        if asked.waiting or not asked.is_round_on:
            return
        self._schedule(asked, asked.end())
        if asked.has_news:
            yield Conclusion(
                asked.destination,
                asked.verdict,
                asked.begun_at,
                asked.found_at,
                asked.round_trips,
                asked.answered_after,
                self._times.now() - asked.begun_at,
            )


def _not_sent(error: OSError, remote: Remote) -> ProbeVerdict:
    """What it says that a request could not even be sent."""
    why = error.strerror or type(error).__name__
    if error.errno in OURS:
        return ProbeVerdict(Health.UNKNOWN, f"cannot be asked from here: {why} ({remote})")
    return ProbeVerdict(Health.DOWN, f"cannot be reached: {why} ({remote})")
