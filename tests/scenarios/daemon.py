"""One life of the daemon: engine, deliverers and sources as the app wires them, acting in simulated time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from threading import Event

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.receiver import ReceiverConfig
from healthmon.engine import ALIVE_EVERY, LOOK_AT_OTHERS_EVERY, Engine, EngineHooks, PbxSource
from healthmon.model import Channel as LookedAtBy
from healthmon.model import Freshness, ProbePlan, Remembered, Sighting, Target
from healthmon.notify.compose.message import Message
from healthmon.notify.delivery.deliverer import LOOK_EVERY, Deliverer
from healthmon.notify.delivery.lookout import Lookout
from healthmon.sources.events import EventTimes
from healthmon.sources.polls import PollTimes
from healthmon.store.outbox.outbox import Claim, ClaimedRow, Outbox, open_outbox
from healthmon.store.write.writer import open_writer
from healthmon.times.clock import Clock
from tests.scenarios.agenda import Agenda, Life, Process
from tests.scenarios.asterisk import Asterisk
from tests.scenarios.channel import Channel
from tests.scenarios.kills import Kills
from tests.scenarios.probes import Probes
from tests.scenarios.sources import NEVER, Sources

#: The names of the boundaries between steps of the engine; all others are those of a delivery.
ROUND = "before a round"
OF_THE_ENGINE = (ROUND, "before commit", "after commit", "before alive", "after alive")


class Pace(Struct, frozen=True):
    """How closely time is played: a month, or a storm, can do with less (seconds)."""

    polls: PollTimes = field(default_factory=PollTimes)
    events: EventTimes = field(default_factory=EventTimes)
    #: From an event to the round of the engine that takes it, and all that came meanwhile.
    round_after: float = 0.005
    #: The real engine looks around twice a second; that it lives, it notes every 10 s.
    idle_round_every: float = ALIVE_EVERY
    #: How long a deliverer waits that found nothing to do, unless it is woken.
    idle_look_every: float = LOOK_EVERY


class Daemon:
    """healthmon, from one start to its end. Killed, it does nothing any more."""

    def __init__(
        self,
        agenda: Agenda,
        kills: Kills,
        config: Config,
        pbxs: Mapping[str, Asterisk],
        channels: Mapping[str, Channel],
        *,
        pace: Pace,
    ) -> None:
        self.is_dead = False
        self._agenda = agenda
        self._kills = kills
        self._config = config
        self._pbxs = pbxs
        self._channels = channels
        self._pace = pace
        self._clock = Clock(agenda.clock, agenda.clock)
        self._inbox: list[Sighting] = []
        self._round_due = NEVER
        self._processes: list[Process] = []
        self._sources: list[Sources] = []
        self._probes: dict[str, Probes] = {}
        self._open = ExitStack()

    def start(self) -> None:
        """Do what the app does at its start, in the same order."""
        writer = open_writer(self._config.database, now=self._agenda.now)
        self._open.callback(writer.close)
        self._kills.around(writer, "commit", "alive")
        remembered = writer.load()
        # The engine plans with its first breath who is asked by OPTIONS of ours.
        self._probes = {pbx.name: Probes(self._agenda, self._pbxs[pbx.name], self._offer) for pbx in self._config.pbxs}
        self._engine = Engine(
            self._config,
            remembered,
            inbox=self,
            writer=writer,
            clock=self._clock,
            hooks=EngineHooks(self._wake, self._freshness, _nothing, _nothing, _cannot_write, self._plan_probes),
            stop=Event(),
        )
        self._start_telling()
        times = (self._pace.polls, self._pace.events)
        for pbx in self._config.pbxs:
            asterisk = self._pbxs[pbx.name]
            known = self._without_probed(remembered)
            self._sources.append(Sources(self._agenda, asterisk, pbx, self._offer, known=known, times=times))
        askable: dict[tuple[str, LookedAtBy], PbxSource] = {}
        for sources in self._sources:
            askable[sources.polls.pbx.name, LookedAtBy.REST] = sources.polls
            askable[sources.polls.pbx.name, LookedAtBy.PROBES] = self._probes[sources.polls.pbx.name]
            if sources.manager is not None:
                sources.manager.remember(remembered.endpoints_of(sources.polls.pbx.name))
                askable[sources.polls.pbx.name, LookedAtBy.MANAGER] = sources.manager
        self._engine.connect(askable)
        self._round_at(self._agenda.now)

    def _without_probed(self, remembered: Remembered) -> Remembered:
        """What is asked by our own OPTIONS has its settings read anew."""
        kept = (settings for settings in remembered.settings if not self._config.is_probed(settings.target))
        return replace(remembered, settings=tuple(kept))

    def _plan_probes(self, plans: Mapping[Target, ProbePlan | None]) -> None:
        for target, plan in plans.items():
            self._probes[target.pbx].plan({target: plan})

    def _start_telling(self) -> None:
        with closing(self._outbox()) as outbox:
            outbox.recover(list(self._channels), self._agenda.now)
            outbox.retire_others(list(self._channels), self._agenda.now)
        for receiver in self._config.receivers:
            for url in receiver.urls:
                life = self._delivering(receiver, url.url_id)
                self._processes.append(Process(self._agenda, life))

    # ---------------------------------------------------------------- the engine

    def drain(self, timeout: float) -> Sequence[Sighting]:
        """Return all that waits."""
        batch, self._inbox = self._inbox, []
        return batch

    def __len__(self) -> int:
        return len(self._inbox)

    def hear_orders(self) -> None:
        """Somebody else wrote into the database: the engine notices within half a second."""
        self._round_at(self._agenda.now + LOOK_AT_OTHERS_EVERY)

    def _offer(self, sighting: Sighting) -> None:
        self._inbox.append(sighting)
        self._round_at(self._agenda.now + self._pace.round_after)

    def _round_at(self, when: float) -> None:
        if when < self._round_due:
            self._round_due = when
            self._agenda.at(when, partial(self._round, when))

    def _round(self, due: float) -> None:
        if self.is_dead or due != self._round_due:
            return
        self._round_due = NEVER
        self._kills.here(ROUND)
        self._engine.step(self.drain(0.0))
        deadline = self._engine._monitor.next_deadline()
        now = self._agenda.now
        self._round_at(
            min(now + self._pace.idle_round_every, NEVER if deadline is None else max(deadline, now + 0.001))
        )

    def _wake(self) -> None:
        for process in self._processes:
            process.wake()

    def _freshness(self) -> list[Freshness]:
        return [one.freshness() for one in self._sources]

    # ---------------------------------------------------------------- the deliverers

    def _outbox(self) -> Outbox:
        outbox = open_outbox(self._config.database)
        self._kills.around(outbox, "recover", "claim", "delivered", "failed", "in_doubt", "undeliverable")
        return outbox

    def _delivering(self, receiver: ReceiverConfig, url_id: str) -> Life:
        deliverer = Telling(
            url_id,
            receiver,
            sender=self._channels[url_id],
            open_outbox=self._outbox,
            zone=self._config.timezone,
            clock=self._clock,
            wake=Event(),
            stop=Event(),
            jitter=lambda low, high: (low + high) / 2,
            lookout=Lookout(self._channels[url_id].opens),
        )
        deliverer.channel = self._channels[url_id]
        outbox = self._outbox()
        self._open.callback(outbox.close)
        while True:
            wait = deliverer.step(outbox)
            if wait < LOOK_EVERY:
                # It found something to do, and wrote.
                self.hear_orders()
                yield wait
            else:
                yield self._pace.idle_look_every

    def end(self) -> None:
        """Do nothing any more."""
        self.is_dead = True
        for process in self._processes:
            process.end()
        for sources in self._sources:
            sources.end()
        for probes in self._probes.values():
            probes.end()

    def close(self) -> None:
        """Let go of the database."""
        self._open.close()


class Telling(Deliverer):
    """A deliverer that lets its channel know what its message tells."""

    channel: Channel

    def _compose(self, rows: tuple[ClaimedRow, ...], claim: Claim) -> Message:
        self.channel.rows = rows
        return super()._compose(rows, claim)


def _cannot_write(why: str) -> None:
    raise AssertionError(why)


def _nothing() -> None:
    """There is no systemd, and no clock that jumps."""
