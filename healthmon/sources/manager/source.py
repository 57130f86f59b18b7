"""The manager interface of one PBX: it is connected to, asked what is due, and listened to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from queue import SimpleQueue
from threading import Event

from healthmon.ami.client import BOOTED, RELOADED, AmiClient
from healthmon.ami.frames import Frame
from healthmon.ami.one_look import with_what_listens
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AmiInUse, Trouble
from healthmon.model import Question, Target
from healthmon.sources.manager.link import ManagerLink
from healthmon.sources.manager.part import Part
from healthmon.sources.queues import taken_from


class ManagerSource:
    """The work of the thread ``manager:<pbx>``, which owns everything here.

    Any thread may call ``ask()``, ``remember()``, ``learn()``, ``adjust()`` and ``log_in_again()``. ``parts``: what it
    is asked about; of several that are due, the one that has waited longest comes first.
    """

    def __init__(self, link: ManagerLink, parts: Sequence[Part], stop: Event) -> None:
        self._link = link
        self._parts = parts
        self._stop = stop
        self._asked: SimpleQueue[Question] = SimpleQueue()
        #: Endpoints, and whether ARI has listed them.
        self._to_learn: SimpleQueue[tuple[Sequence[Target], bool]] = SimpleQueue()
        #: Rights may have been given that were missing.
        self._is_to_try = Event()
        #: What listens there is a manager interface: it has let us in before.
        self._is_known = False
        #: What listens there instead, in words, as far as that was seen; it is looked for once.
        self._stranger: AmiError | None = None
        #: By the steady clock.
        self._ping_due = 0.0

    def ask(self, question: Question) -> None:
        """Look again; the answers come through the inbox."""
        self._asked.put(question)

    def remember(self, targets: Sequence[Target]) -> None:
        """Watch these endpoints, which were there before a restart of healthmon; others may be there by now."""
        self._to_learn.put((targets, False))

    def learn(self, targets: Sequence[Target]) -> None:
        """Watch these endpoints, too, which ARI has listed."""
        self._to_learn.put((targets, True))

    def adjust(self, pbx: PbxConfig) -> None:
        """Go on with another ``poll_every``, without a new connection."""
        self._link.adjust(pbx)

    def log_in_again(self) -> None:
        """Try at once what was refused, and log in anew where a right is missing."""
        self._is_to_try.set()

    def run(self) -> None:
        """Listen, and ask what is due, until told to stop. Only a defect raises."""
        while not self._stop.is_set():
            try:
                with closing(self._connected()) as client:
                    self._listen(client)
            except AmiInUse as error:
                self._link.failed(error.what, error.trouble)
                self._rest(self._link.times.in_use)
            except AmiError as error:
                self._rest(self._link.failed(error.what, error.trouble))

    def note_defect(self, what: str) -> None:
        """A defect of ours has ended ``run()``, which will be called again."""
        self._link.failed(what, Trouble.DEFECT)

    def _connected(self) -> AmiClient:
        self._is_to_try.clear()
        client = self._logged_in()
        now = time.monotonic()
        self._link.begin(now, has_events=client.has_booted, may_list=client.may_list)
        self._ping_due = now
        for part in self._parts:
            part.begin(now)
        return client

    def _logged_in(self) -> AmiClient:
        """Log in. Where something answered never yet, the error says whether it is a manager interface at all."""
        pbx, events = self._link.pbx, [event for part in self._parts for event in part.events]
        try:
            client = AmiClient(pbx, events, timeout=self._link.times.timeout)
        except AmiError as error:
            if self._is_known or error.trouble is not Trouble.TIMED_OUT:
                raise
            found = self._stranger or with_what_listens(pbx, error)
            if found is not error:
                self._stranger = found
            raise found from None
        self._is_known, self._stranger = True, None
        return client

    def _listen(self, client: AmiClient) -> None:
        """Listen, and ask what is due, until told to stop, or to log in anew."""
        while not self._stop.is_set():
            at_once = self._is_to_try.is_set()
            self._is_to_try.clear()
            if self._link.is_to_be_renewed(at_once=at_once):
                return
            self._take_in()
            self._ask_what_is_due(client)
            self._hear(client, client.events(self._link.times.patience))

    def _take_in(self) -> None:
        """Take what other threads want."""
        for question in taken_from(self._asked):
            for part in self._parts:
                part.take(question)
        for targets, are_listed in taken_from(self._to_learn):
            self._link.endpoints.update(dict.fromkeys(targets))
            self._link.are_listed = self._link.are_listed or are_listed
            for part in self._parts:
                part.learn()

    def _ask_what_is_due(self, client: AmiClient) -> None:
        """Ask one thing; or have Asterisk prove that it lives, if nothing else was asked for a while."""
        now = time.monotonic()
        part = min(self._parts, key=lambda part: part.due_at)
        if part.due_at <= now:
            for _ in part.work(client):
                self._hear(client, client.events_at_hand())
                if self._stop.is_set():
                    return
        elif self._ping_due <= now:
            client.ping()
        else:
            return
        self._ping_due = time.monotonic() + self._link.times.ping_every

    def _hear(self, client: AmiClient, events: Iterable[Frame]) -> None:
        for event in events:
            name = event.get("Event", "")
            if name == BOOTED:
                self._link.has_events = True
            for part in self._parts:
                if name in part.events or name in (BOOTED, RELOADED):
                    part.hear(event)
        if client.take_loss():
            for part in self._parts:
                part.miss_events()

    def _rest(self, seconds: float) -> None:
        """Wait before the next attempt. Whoever asks meanwhile has it made at once.

        After a refused login, which fail2ban counts, he is told how it stands; only a reload has it tried again.
        """
        may_try, until = seconds < self._link.times.denied, time.monotonic() + seconds
        while time.monotonic() < until and not self._stop.wait(self._link.times.patience):
            if self._is_to_try.is_set():
                return
            if not list(taken_from(self._asked)):
                continue
            if may_try:
                return
            self._link.say_again()
