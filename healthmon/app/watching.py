"""The threads that look at PBXs: two for each, and two for all that is asked by OPTIONS of our own, if anything is."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from msgspec import Struct, field

from healthmon.app.probing import Probing
from healthmon.app.supervision import Defects, keep_running
from healthmon.app.threads import join, started
from healthmon.config.configuration import Config
from healthmon.config.reload import Difference
from healthmon.config.sections.pbx import PbxConfig
from healthmon.engine import PbxSource
from healthmon.model import Channel, Freshness, Kind, ProbePlan, Remembered, Target
from healthmon.sources.events import EventSource
from healthmon.sources.inbox import Inbox
from healthmon.sources.polls import PollSource
from healthmon.sources.signals import Signals
from healthmon.times.clock import Clock

if TYPE_CHECKING:
    from healthmon.sources.manager.source import ManagerSource

log = logging.getLogger(__name__)

#: How long stopping them may take, all together (seconds).
STOP_WITHIN = 2.5
#: While polls rest after a defect, they say so as often as they look at a PBX that fails: what they say can be believed
#: when it has lasted for its ``down_after`` (seconds).
SAY_AGAIN_EVERY = 5.0
#: What cannot be seen for so much longer than its ``down_after`` has been told (seconds).
TOLD_WITHIN = 15.0


class PbxThreads(Struct):
    """The threads that look at one PBX: two, and one more where its manager interface is asked."""

    name: str
    #: Whoever cannot see the PBX for so long has told so (seconds).
    told_after: float
    events: EventSource
    polls: PollSource
    #: None: there is no manager interface in the configuration.
    manager: ManagerSource | None
    signals: Signals
    threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start all, unless they run."""
        if not self.threads:
            self.threads = [
                self._started(self.polls, "polls", SAY_AGAIN_EVERY),
                self._started(self.events, "events", math.inf),
            ]
            if self.manager is not None:
                self.threads.append(self._started(self.manager, "manager", SAY_AGAIN_EVERY))

    def adjust(self, pbx: PbxConfig) -> None:
        """Go on with other intervals, without a new connection."""
        self.polls.adjust(pbx)
        if self.manager is not None:
            self.manager.adjust(pbx)

    def log_in_again(self) -> None:
        """Try at once what the manager interface refused: somebody may have put that right."""
        if self.manager is not None:
            self.manager.log_in_again()

    def _started(self, source: EventSource | PollSource | ManagerSource, what: str, note_every: float) -> Thread:
        work = partial(
            keep_running,
            source.run,
            stop=self.signals.stop,
            note=source.note_defect,
            defects=Defects(self.told_after),
            note_every=note_every,
        )
        return started(work, f"{what}:{self.name}")


class Watching:
    """All threads that look at PBXs. Owned by the main thread; the engine's hooks read it."""

    def __init__(self, config: Config, remembered: Remembered, inbox: Inbox, clock: Clock) -> None:
        self._remembered = remembered
        self._inbox = inbox
        self._clock = clock
        self._config = config
        self._is_watched, self._is_probed = config.is_watched, config.is_probed
        self._pbxs = {pbx.name: self._built(pbx) for pbx in config.pbxs}
        self._probing = Probing(inbox, clock)
        self._probing.use(config)

    @property
    def askable(self) -> dict[tuple[str, Channel], PbxSource]:
        """The sources of each PBX that the engine asks, by what they can answer."""
        sources: dict[tuple[str, Channel], PbxSource] = {}
        for name, pbx in self._pbxs.items():
            sources[name, Channel.REST] = pbx.polls
            sources[name, Channel.PROBES] = self._probing
            if pbx.manager is not None:
                sources[name, Channel.MANAGER] = pbx.manager
        return sources

    def plan_probes(self, plans: Mapping[Target, ProbePlan | None]) -> None:
        """Have these endpoints asked by OPTIONS of our own. The engine thread calls it."""
        self._probing.plan(plans)

    def start(self) -> None:
        """Start looking at every PBX that is not looked at yet."""
        for pbx in self._pbxs.values():
            pbx.start()
        self._probing.start()

    def stop(self) -> None:
        """Stop looking; what was offered to the inbox stays there."""
        late = [*_ended(self._pbxs.values()), *self._probing.stop()]
        log.info("sources stopped%s", f", but for {', '.join(late)}" if late else "")

    def reload(self, config: Config, changed: Difference) -> None:
        """Stop what is gone or must reconnect, adjust the others, and build what ``start()`` is to start."""
        _ended([self._pbxs.pop(name) for name in (*changed.pbxs_removed, *changed.pbxs_to_reconnect)])
        for pbx in config.pbxs:
            if pbx.name in changed.pbxs_adjusted:
                self._pbxs[pbx.name].adjust(pbx)
            elif pbx.name not in self._pbxs:
                self._pbxs[pbx.name] = self._built(pbx)
            self._pbxs[pbx.name].log_in_again()
        self._probing.use(config)

    def _may_be_provider(self, target: Target) -> bool:
        watch = self._config.watch_for(target)
        return watch is not None and watch.kind in (None, Kind.PROVIDER)

    def _registrations_of(self, target: Target) -> Sequence[str]:
        return self._config.registrations_of(target)

    def watch(self, config: Config) -> None:
        """Have those endpoints looked at that a new configuration watches.

        After the engine was given it: what it still watches would be missed in what is no longer looked at.
        """
        self._config = config
        self._is_watched, self._is_probed = config.is_watched, config.is_probed
        for pbx in self._pbxs.values():
            pbx.polls.watch(self._is_watched, self._is_probed)

    def freshness(self) -> Iterable[Freshness]:
        """Say how fresh our view of each PBX is. The engine thread calls it; it reads plain attributes."""
        for name, pbx in list(self._pbxs.items()):
            seen = [at for at in (pbx.events.alive_at, pbx.polls.alive_at) if at is not None]
            yield Freshness(
                name,
                last_event_at=pbx.events.last_event_at,
                last_snapshot_at=pbx.polls.last_snapshot_at,
                alive_at=max(seen, default=None),
                poll_every=pbx.polls.poll_every,
                events=pbx.events.events,
                streams=pbx.events.connects,
                dropped=self._inbox.dropped_of(name),
            )

    def resync_all(self) -> None:
        """Have every PBX looked at anew. Any thread may call it."""
        for pbx in list(self._pbxs.values()):
            pbx.signals.want_snapshot()

    def _built(self, pbx: PbxConfig) -> PbxThreads:
        signals = Signals()
        known = next((state for state in self._remembered.pbx_states if state.pbx == pbx.name), None)
        polls = PollSource(
            pbx,
            self._inbox,
            self._clock,
            signals,
            cached=[settings for settings in self._remembered.settings if settings.target.pbx == pbx.name],
            cached_for=(known.startup_time, known.last_reload_time) if known else ("", ""),
            is_watched=self._is_watched,
            is_probed=self._is_probed,
        )
        events = EventSource(pbx, self._inbox, self._clock, signals)
        told_after = pbx.hold.down_after + TOLD_WITHIN
        return PbxThreads(pbx.name, told_after, events, polls, self._manager_source(pbx, signals), signals)

    def _manager_source(self, pbx: PbxConfig, signals: Signals) -> ManagerSource | None:
        """Make what asks the manager interface of a PBX, if that is wanted."""
        if not pbx.ami:
            return None
        # Most have none: who speaks to a manager interface is not even imported then.
        from healthmon.sources.manager.contacts import ContactPart  # noqa: PLC0415
        from healthmon.sources.manager.link import ManagerLink  # noqa: PLC0415
        from healthmon.sources.manager.maintenance import MaintenancePart  # noqa: PLC0415
        from healthmon.sources.manager.registrations import RegistrationPart  # noqa: PLC0415
        from healthmon.sources.manager.second_checks import SecondCheckPart  # noqa: PLC0415
        from healthmon.sources.manager.source import ManagerSource  # noqa: PLC0415

        link = ManagerLink(pbx, self._inbox, self._clock)
        registrations = RegistrationPart(
            link, may_be_provider=self._may_be_provider, registrations_of=self._registrations_of
        )
        others = SecondCheckPart(link), MaintenancePart(link), ContactPart(link)
        source = ManagerSource(link, [registrations, *others], signals.stop)
        known = self._remembered.endpoints_of(pbx.name)
        if known:
            # Whose the registrations are is known also where ARI does not let us in.
            source.remember(known)
        return source


def _ended(pbxs: Iterable[PbxThreads]) -> list[str]:
    """Stop the threads of these PBXs; return the names of those that are late."""
    ending = list(pbxs)
    for pbx in ending:
        pbx.signals.shut_down()
    return join((thread for pbx in ending for thread in pbx.threads), STOP_WITHIN)
