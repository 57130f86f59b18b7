"""What the manager interface is asked about, one subject each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from healthmon.ami.client import AmiClient
from healthmon.ami.frames import Frame
from healthmon.model import Question


class Part(Protocol):
    """One subject. The thread of the source calls everything here; times are those of the steady clock.

    A new one gets its line in ``app/watching.py``.
    """

    @property
    def events(self) -> tuple[str, ...]:
        """The events that it wants to hear, besides those that tell of a boot and of a reload."""

    @property
    def due_at(self) -> float:
        """When it wants to ask next."""

    def begin(self, now: float) -> None:
        """There is a new connection: what the last one told may have changed meanwhile."""

    def work(self, client: AmiClient) -> Iterable[None]:
        """Ask what is due, and offer what is seen. Raises AmiError.

        What takes long yields now and then: meanwhile events are heard, which must not wait for its end.
        """

    def hear(self, event: Frame) -> None:
        """Take an event that it wants, or a boot or a reload, after which anything may have changed."""

    def miss_events(self) -> None:
        """Events were dropped: what they said must be asked for."""

    def take(self, question: Question) -> None:
        """Somebody wants to be told anew, perhaps of this subject."""

    def learn(self) -> None:
        """More endpoints are known, or they are watched in another way."""
