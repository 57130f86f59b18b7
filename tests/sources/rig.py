"""Runs the two threads of one PBX against the fake, with short times, and collects what they offer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from healthmon.config.sections.pbx import PbxConfig
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.errors import Trouble
from healthmon.model import Channel, ConnectionReport, EndpointSettings, Sighting, Snapshot, Target
from healthmon.sources.events import EventSource, EventTimes
from healthmon.sources.inbox import Inbox
from healthmon.sources.polls import PollSource, PollTimes
from healthmon.sources.signals import Signals
from healthmon.times.clock import Clock
from tests.ari.peers import config
from tests.waiting import wait_for

Kind = TypeVar("Kind", bound=Sighting)
#: Long enough for a busy machine, short enough for a test.
EVENT_TIMES = EventTimes(
    timeout=2.0,
    silent_after=1.5,
    heartbeat_returns_in=0.5,
    ping_every=0.5,
    dead_after=2.5,
    stable_after=0.2,
    backoff_from=0.02,
    backoff_to=0.1,
    starting=0.05,
    denied=0.3,
    replaced_from=0.3,
    replaced_to=1.0,
)
POLL_TIMES = PollTimes(
    timeout=2.0,
    life_sign_every=0.2,
    poll_without_events=30.0,
    snapshot_spacing=0.05,
    retries=(0.05, 0.1),
    denied=0.3,
    starting=0.05,
)


def target(name: str) -> Target:
    """``PJSIP/101`` of the test's PBX."""
    technology, _, resource = name.partition("/")
    return Target("office", technology, resource)


class Rig:
    """A fake PBX, and the sources that look at it. Owned by the test's thread."""

    def __init__(
        self,
        fake: FakePbx,
        *,
        events: EventTimes | None = EVENT_TIMES,
        polls: PollTimes | None = POLL_TIMES,
        inbox_size: int = 1000,
        cached: Sequence[EndpointSettings] = (),
        cached_for: tuple[str, str] = ("", ""),
        pbx: PbxConfig | None = None,
        is_watched: Callable[[Target], bool] = lambda _: True,
    ) -> None:
        self.fake = fake
        self.pbx = pbx or replace(config(fake.url, "healthmon", "secret", "hm"), poll_every=30.0)
        self.clock = Clock()
        self.signals = Signals()
        self.inbox = Inbox(inbox_size)
        self.polls = PollSource(
            self.pbx,
            self.inbox,
            self.clock,
            self.signals,
            cached=cached,
            cached_for=cached_for,
            times=polls,
            is_watched=is_watched,
        )
        self.events = EventSource(self.pbx, self.inbox, self.clock, self.signals, times=events)
        self.offered: list[Sighting] = []
        runs = [source.run for source, times in ((self.polls, polls), (self.events, events)) if times]
        self._threads = [threading.Thread(target=run) for run in runs]

    def start(self) -> Rig:
        """Start the threads."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Stop the threads; they must end."""
        self.signals.shut_down()
        for thread in self._threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self._threads)

    def collect(self) -> list[Sighting]:
        """All that was offered so far."""
        self.offered += self.inbox.drain(0.0)
        return self.offered

    def all(self, kind: type[Kind]) -> list[Kind]:
        """All of one kind that was offered so far."""
        return [one for one in self.collect() if isinstance(one, kind)]

    def wait(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:
        """Wait for a condition; a failure shows what was offered."""
        wait_for(condition, timeout, lambda: "never; offered: " + "\n".join(map(str, self.collect())))

    def wait_for_stream(self) -> Rig:
        """Wait until events have proven to come, and a snapshot was taken since then."""
        self.wait(self.signals.events_up.is_set)
        self.wait(lambda: not self.signals.resync.is_set() and bool(self.all(Snapshot)))
        return self

    def troubles(self, channel: Channel) -> list[Trouble | None]:
        """What was reported of one way, in order."""
        return [one.trouble for one in self.all(ConnectionReport) if one.channel is channel]

    def forget(self) -> None:
        """Forget what was offered so far."""
        self.collect()
        self.offered.clear()


def endpoints(count: int) -> list[FakeEndpoint]:
    """So many phones."""
    return [FakeEndpoint("PJSIP", str(101 + index)) for index in range(count)]
