"""Checks on demand: the manager interface of one PBX has Asterisk check endpoints at once that it has just lost."""

from __future__ import annotations

import math
from collections.abc import Iterable

from healthmon.ami.client import AmiClient
from healthmon.ami.frames import Frame
from healthmon.model import Check, Health, Observation, Question, Source, Target, Witness
from healthmon.sources.manager.link import ManagerLink


class SecondCheckPart:
    """Passes on what the core wants to have checked. Owned by the thread of the source.

    Asterisk says at once whether it does so. Of the result only a change makes an event, which the other sources hear.
    """

    events = ()

    def __init__(self, link: ManagerLink) -> None:
        self._link = link
        self._wanted: dict[Target, None] = {}
        #: By the steady clock.
        self.due_at = math.inf

    def begin(self, now: float) -> None:
        """There is a new connection. What was wanted before is wanted anew when it is known to work."""
        self._wanted.clear()
        self.due_at = math.inf

    def take(self, question: Question) -> None:
        """Have these checked at once."""
        if question.check == Check.REACHABILITY and question.targets:
            self._wanted.update(dict.fromkeys(question.targets))
            self.due_at = 0.0

    def work(self, client: AmiClient) -> Iterable[None]:
        """Ask for the checks, and offer which of them Asterisk takes up."""
        targets = {target.resource: target for target in self._wanted}
        self._wanted.clear()
        self.due_at = math.inf
        taken_up = client.check_at_once(list(targets))
        # A busy Asterisk takes seconds until it answers, and begins only then.
        at = self._link.clock.now()
        for name, words in taken_up.items():
            observation = Observation(targets[name], Health.UNKNOWN, at, Source.ANSWER, Witness.QUALIFY, words)
            self._link.inbox.offer(observation)
        return ()

    def hear(self, event: Frame) -> None:
        """A boot or a reload changes nothing of what is wanted."""

    def miss_events(self) -> None:
        """It hears none."""

    def learn(self) -> None:
        """It needs to know of no endpoint but those that it is asked about."""
