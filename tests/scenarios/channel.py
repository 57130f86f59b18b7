"""A played channel, and what its reader believes after all that arrived."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from msgspec import Struct

from healthmon.errors import DeliveredInPart, DeliveryError, DeliveryUnsure, Missed, NoConnection
from healthmon.notify.compose.message import MOST_CHARACTERS, Message
from healthmon.notify.compose.ticket import Action
from healthmon.store.outbox.outbox import ClaimedRow
from tests.scenarios.agenda import Agenda
from tests.scenarios.kills import Kills

#: A message is so long on its way, and so is the answer (seconds).
ONE_WAY = 0.1
#: A sender gives up waiting for an answer after so long (seconds).
PATIENCE = 20.0


class Manner(Enum):
    """How a channel takes messages at present."""

    ACCEPTS = auto()
    #: Nothing listens there.
    IS_DEAD = auto()
    ANSWERS_500 = auto()
    #: It takes the message, and never answers; it was lost.
    HANGS = auto()
    #: It takes the message, and never answers; it arrived.
    HANGS_AND_DELIVERS = auto()


class Arrival(Struct, frozen=True):
    """A message that reached its reader; ``at``: seconds from the beginning."""

    at: float
    message: Message
    rows: tuple[ClaimedRow, ...]

    @property
    def is_marked(self) -> bool:
        """Whether it says that it may be a repetition."""
        return "possibly repeated" in self.message.body

    @property
    def subject(self) -> str:
        """What a reader sees first."""
        return self.message.subject


class Channel:
    """One URL of a receiver. It outlives the daemon."""

    min_interval = 0.0
    most_characters = MOST_CHARACTERS
    takes_attachments = False

    def __init__(self, agenda: Agenda, kills: Kills, *, takes_tickets: bool = False) -> None:
        #: Whether it is an on-call service.
        self.takes_tickets = takes_tickets
        #: What became of each ticket, by its key.
        self.tickets: dict[str, list[Action]] = {}
        self._manner = Manner.ACCEPTS
        self.arrivals: list[Arrival] = []
        #: What the message that is being sent tells; its deliverer says so.
        self.rows: tuple[ClaimedRow, ...] = ()
        self._agenda = agenda
        self._began = agenda.now
        self._kills = kills

    @property
    def readers(self) -> dict[str, Channel]:
        """Who reads what arrives, each with arrivals of their own."""
        return {"": self}

    def takes(self, manner: Manner) -> None:
        """From now on it takes messages like this."""
        self._manner = manner

    def opens(self, _where: NoConnection) -> bool:
        """Whether somebody listens there."""
        return self._manner is not Manner.IS_DEAD

    def send(self, message: Message) -> None:
        """Take a message, or not. The world goes on meanwhile."""
        rows, manner = self.rows, self._manner
        if manner is Manner.IS_DEAD:
            raise DeliveryError("", "connection refused", no_connection=NoConnection("127.0.0.1", 9000))
        self._passes(ONE_WAY, "on its way")
        if manner in (Manner.ACCEPTS, Manner.HANGS_AND_DELIVERS):
            self.arrivals.append(Arrival(self._agenda.now - self._began, message, rows))
            self._note_ticket(message)
        if manner in (Manner.HANGS, Manner.HANGS_AND_DELIVERS):
            self._passes(PATIENCE / 2, "hangs")
            self._passes(PATIENCE / 2, "still hangs")
            raise DeliveryUnsure("", "no answer")
        self._passes(ONE_WAY, "arrived, not answered")
        if manner is Manner.ANSWERS_500:
            raise DeliveryError("", "HTTP 500")

    def _note_ticket(self, message: Message) -> None:
        if message.ticket is not None:
            self.tickets.setdefault(message.ticket.key, []).extend(message.ticket.actions)

    @property
    def open_tickets(self) -> set[str]:
        """The keys of the tickets that were not resolved."""
        return {key for key, actions in self.tickets.items() if actions[-1] is not Action.RESOLVE}

    def _passes(self, seconds: float, where: str) -> None:
        self._kills.here(where)
        self._agenda.run_until(self._agenda.now + seconds)

    # ---------------------------------------------------------------- what its reader knows

    @property
    def subjects(self) -> list[str]:
        """What arrived, by the subjects."""
        return [arrival.subject for arrival in self.arrivals]

    def believed_to_last(self) -> set[int]:
        """The incidents of which the reader believes at present that they last: by the newest word about each."""
        newest = {row.incident.id: row.says for arrival in self.arrivals for row in arrival.rows}
        return {number for number, says in newest.items() if says.is_bad}


class MailChannel(Channel):
    """A mail URL with several addresses; its server may put one of them off for a while."""

    def __init__(self, agenda: Agenda, kills: Kills, addresses: Collection[str]) -> None:
        super().__init__(agenda, kills)
        self._readers = {address: Channel(agenda, kills) for address in addresses}
        self._later: set[str] = set()

    @property
    def readers(self) -> dict[str, Channel]:
        """One for each address."""
        return self._readers

    def puts_off(self, address: str) -> None:
        """From now on the server says "later" of this address."""
        self._later.add(address)

    def takes_again(self, address: str) -> None:
        """From now on it takes what comes for this address."""
        self._later.discard(address)

    def send(self, message: Message) -> None:
        """Take a message for each address that it is for, or not."""
        rows = self.rows
        wanted = [one for one in self._readers if message.only is None or one in message.only]
        chosen = [one for one in wanted if one not in message.without] or wanted
        self._passes(ONE_WAY, "on its way")
        accepted = [one for one in chosen if one not in self._later]
        for one in accepted:
            self._readers[one].arrivals.append(Arrival(self._agenda.now - self._began, message, rows))
        self._passes(ONE_WAY, "arrived, not answered")
        missed = [one for one in wanted if one not in accepted]
        if missed and not accepted and message.only is None:
            raise DeliveryError("", "451 later")
        if missed:
            raise DeliveredInPart("", tuple(Missed(one, one, "451", was_tried=one in chosen) for one in missed))
