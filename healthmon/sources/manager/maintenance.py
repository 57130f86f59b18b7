"""The endpoints of one PBX that somebody has put into Asterisk's maintenance mode."""

from __future__ import annotations

import time
from collections.abc import Iterable

from healthmon.ami.client import MAINTENANCE_CHANGED, AmiClient
from healthmon.ami.frames import Frame
from healthmon.model import Check, MaintenanceList, Question
from healthmon.sources.manager.link import ManagerLink


class MaintenancePart:
    """Says which endpoints are in maintenance mode. Owned by the thread of the source.

    Events only make it ask for the list: it is gone after a restart of Asterisk, or of the module, without any.
    """

    #: For all endpoints at once there is one event, which names nobody.
    events = (MAINTENANCE_CHANGED,)

    def __init__(self, link: ManagerLink) -> None:
        self._link = link
        # Both by the steady clock.
        self.due_at = self._listed_at = 0.0

    def begin(self, now: float) -> None:
        """There is a new connection."""
        self.due_at = now

    def hear(self, event: Frame) -> None:
        """Something was put into it, or Asterisk was started, or has loaded a module."""
        self._list_soon()

    def miss_events(self) -> None:
        """Events were dropped."""
        self._list_soon()

    def take(self, question: Question) -> None:
        """Whoever asks for all that the manager interface tells wants this, too."""
        if question.check in (Check.REGISTRATION, Check.MANAGER):
            self._list_soon()

    def learn(self) -> None:
        """The list has names, whoever is known."""

    def _list_soon(self) -> None:
        self.due_at = self._listed_at + self._link.times.apart

    def work(self, client: AmiClient) -> Iterable[None]:
        """Ask who is in it, and offer that; nothing, if our user may not ask."""
        at = self._link.clock.now()
        names = client.in_maintenance()
        if names is not None:
            self._link.inbox.offer(MaintenanceList(self._link.pbx.name, at, frozenset(names)))
        self._listed_at = time.monotonic()
        self.due_at = self._listed_at + self._link.pbx.poll_every
        return ()
