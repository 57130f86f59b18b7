"""A small theatre for the core: one Monitor, a clock that the test moves, and the real store in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Hold, Secret
from healthmon.config.sections.watch import WatchConfig
from healthmon.core.monitor import Monitor
from healthmon.errors import Trouble
from healthmon.model import (
    Changes,
    Channel,
    Check,
    CheckState,
    ConnectionReport,
    ContactChange,
    ContactStatus,
    EndpointSettings,
    Health,
    Incident,
    Matcher,
    Notification,
    Observation,
    ProbePlan,
    Question,
    Reason,
    Removed,
    Sighting,
    Snapshot,
    Source,
    Target,
    UrlState,
    Witness,
)
from tests.core.database import Database

UP, DOWN, DEGRADED, UNKNOWN = Health.UP, Health.DOWN, Health.DEGRADED, Health.UNKNOWN
START = 1_000_000.0

PROVIDERS = WatchConfig("providers", ("PJSIP/trunk-*", "IAX2/*"), hold=Hold(30, 10, 30), receivers=("oncall",))
PHONES = WatchConfig("phones", ("PJSIP/*",), hold=Hold(180, 30, 180), receivers=("helpdesk",))


def pbx_config(name: str = "office", **changes: object) -> PbxConfig:
    """One PBX with short holds."""
    base = PbxConfig(
        name, f"http://{name}", "user", Secret("x"), f"hm-{name}", hold=Hold(15, 10, 15), receivers=("oncall",)
    )
    return replace(base, **changes)


def config(*pbxs: PbxConfig, watches: tuple[WatchConfig, ...] = (PROVIDERS, PHONES), group_wait: float = 5.0) -> Config:
    """A configuration of these PBXs, or of the office alone, with two receivers."""
    receivers = (
        ReceiverConfig("oncall", (ReceiverUrl("oncall/boss", Secret("x://")),), group_wait=group_wait),
        ReceiverConfig("helpdesk", (ReceiverUrl("helpdesk/mail", Secret("x://")),), group_wait=group_wait),
    )
    return Config(
        path=Path("config.ini"),
        database=Path("healthmon.db"),
        timezone=ZoneInfo("Europe/Berlin"),
        log_level="info",
        pbxs=pbxs or (pbx_config(),),
        watches=watches,
        receivers=receivers,
    )


def phone(number: int | str = 101, pbx: str = "office") -> Target:
    """``PJSIP/101``."""
    return Target(pbx, "PJSIP", str(number))


def trunk(name: str = "a", pbx: str = "office") -> Target:
    """``PJSIP/trunk-a``."""
    return Target(pbx, "PJSIP", f"trunk-{name}")


def settings(target: Target, **changes: object) -> EndpointSettings:
    """A phone that is qualified each 60 s."""
    base = EndpointSettings(target, START, known=True, qualify_frequency=60.0, qualify_timeout=3.0, max_contacts=1)
    return replace(base, **changes)


def trunk_settings(target: Target, **changes: object) -> EndpointSettings:
    """A trunk with a static contact that is qualified each 10 s."""
    return settings(target, **{"qualify_frequency": 10.0, "has_static_contact": True, **changes})


class Scene:
    """A monitor, its database, and helpers that say what happens."""

    def __init__(self, conf: Config | None = None, database: Database | None = None, now: float = START) -> None:
        self.config = conf or config()
        self.db = database or Database()
        self.now = now
        self.log: list[str] = []
        self.questions: list[Question] = []
        self.sent: list[tuple[str, Reason, int, str]] = []
        #: Who is asked by OPTIONS of our own; None: no longer.
        self.plans: dict[Target, ProbePlan | None] = {}
        self.startup_time = "boot 1"
        #: What Asterisk lacks, and cannot list.
        self.missing_drivers: tuple[str, ...] = ()
        self.unlisted: tuple[str, ...] = ()
        self.monitor = Monitor(self.config, self.db.start(now), now)
        self._do(lambda changes: self.monitor.start(now, changes))

    def _do(self, what: object) -> Changes:
        changes = Changes()
        what(changes)  # type: ignore[operator]
        self.db.commit(changes, self.now)
        self.log += changes.log
        self.questions += changes.questions
        self.plans |= changes.probe_plans
        return changes

    # ------------------------------------------------------------ what happens

    def see(self, *sightings: Sighting) -> Changes:
        """Offer these."""

        def see_all(changes: Changes) -> None:
            for sighting in sightings:
                self.monitor.see(sighting, self.now, changes)
            # As the engine does.
            self.monitor.tick(self.now, changes)

        return self._do(see_all)

    def after(self, seconds: float) -> Scene:
        """Let time pass, step by step from deadline to deadline."""
        end = self.now + seconds
        while (due := self.monitor.next_deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self._do(self._tick)
        self.now = end
        return self

    def _tick(self, changes: Changes) -> None:
        """As the engine does."""
        self.monitor.tick(self.now, changes)
        if self.monitor.wants_urls:
            self.monitor.hear_of_urls(self.db.urls.values(), self.now, changes)

    def snapshot(
        self,
        seen: dict[Target, Health],
        *,
        pbx: str = "office",
        asked_at: float | None = None,
        startup: str = "",
        **says: Any,
    ) -> Changes:
        """Offer a snapshot of these endpoints; ``says``: what else Asterisk says of itself."""
        at = self.now if asked_at is None else asked_at
        self.startup_time = startup or self.startup_time
        rows = tuple(
            Observation(target, health, at, Source.SNAPSHOT, Witness.ENDPOINT, f"endpoint {health}")
            for target, health in seen.items()
        )
        says = {"unlisted": self.unlisted, "missing_drivers": self.missing_drivers, **says}
        return self.see(Snapshot(pbx, at, rows, self.startup_time, "reload 1", "22.10.1", **says))

    def event(self, target: Target, health: Health, *, at: float | None = None) -> Changes:
        """PeerStatusChange."""
        when = self.now if at is None else at
        return self.see(Observation(target, health, when, Source.EVENT, Witness.ENDPOINT, f"peer status {health}"))

    def device(self, target: Target, health: Health, *, source: Source = Source.EVENT) -> Changes:
        """DeviceStateChanged, or the answer of /deviceStates."""
        return self.see(Observation(target, health, self.now, source, Witness.DEVICE, f"device state {health}"))

    def contact(self, target: Target, status: ContactStatus, uri: str = "", rtt_ms: float | None = None) -> Changes:
        """ContactStatusChange, by default of a contact that is at no site and shares its host with nobody."""
        uri = uri or f"sip:{target.resource}@{target.resource}.invalid"
        return self.see(ContactChange(target, uri, status, self.now, rtt_ms))

    def lose(self, target: Target) -> None:
        """The three events of a loss."""
        self.contact(target, ContactStatus.UNREACHABLE)
        self.event(target, DOWN)
        self.device(target, DOWN)

    def answer(self, target: Target, health: Health, device: Health | None = None) -> None:
        """Answer a single question, as the polls do: offline is asked for its device state too."""
        self.see(Observation(target, health, self.now, Source.ANSWER, Witness.ENDPOINT, f"endpoint {health}"))
        if health is DOWN:
            self.device(target, device or DOWN, source=Source.ANSWER)

    def answer_all(self, truth: dict[Target, Health], pbx: str = "office") -> None:
        """Answer every question that waits with the truth."""
        questions, self.questions = self.questions, []
        for question in questions:
            if question.asked_by is Channel.MANAGER:
                continue
            for target in question.targets:
                self.answer(target, truth[target])
            if question.wants_snapshot:
                mine = {target: health for target, health in truth.items() if target.pbx == question.pbx}
                self.snapshot(mine, pbx=question.pbx, follows_settings=True)

    def report(
        self,
        trouble: Trouble | None = None,
        *,
        channel: Channel = Channel.REST,
        words: str = "",
        remark: str = "",
        alive_at: float | None = None,
        asked_at: float | None = None,
        pbx: str = "office",
    ) -> Changes:
        """How one way to the PBX stands."""
        return self.see(ConnectionReport(pbx, channel, self.now, trouble, words, remark, alive_at, asked_at))

    def removed(self, target: Target) -> Changes:
        """Asked about, it turns out not to be in the configuration any more."""
        return self.see(Removed(target, self.now, Source.ANSWER))

    def invalid(self, target: Target) -> Changes:
        """An event: device state INVALID."""
        return self.see(Removed(target, self.now, Source.EVENT))

    def deliver(self) -> list[tuple[str, Reason, int, str]]:
        """Send what is due, and let the monitor know."""
        before = self.db.changes
        sent = self.db.deliver(self.now)
        self.sent += sent
        if self.db.changes != before:
            self._do(lambda changes: self.monitor.told(self.db.hear(), self.now, changes))
        return sent

    def deliveries(self, *urls: UrlState) -> Changes:
        """A deliverer has booked something: how delivery to these URLs stands now."""
        self.db.note_urls(urls)
        return self._do(lambda changes: self.monitor.hear_of_urls(self.db.urls.values(), self.now, changes))

    def live(self, seconds: float, truth: dict[Target, Health], step: float = 5.0) -> Scene:
        """Let time pass with polls each minute, every question answered by the truth, and messages sent."""
        end = self.now + seconds
        while self.now < end:
            if int(self.now - START) % 60 < step:
                self.snapshot({target: health for target, health in truth.items() if target.pbx == "office"})
            self.after(min(step, end - self.now))
            self.answer_all(truth)
            self.deliver()
        return self

    def reconfigure(self, conf: Config) -> Changes:
        """SIGHUP."""
        self.config = conf
        return self._do(lambda changes: self.monitor.reconfigure(conf, self.now, changes))

    def set_clock(self, by: float) -> Changes:
        """Somebody sets the wall clock."""
        changes = self._do(lambda changes: self.monitor.clock_was_set(by, self.now, changes))
        self._do(lambda changes: self.monitor.obey(self.db.commands(self.now), self.now, changes))
        return changes

    def stand_still(self, seconds: float) -> Changes:
        """The process is stopped, and goes on after so long."""
        since, self.now = self.now, self.now + seconds

        def go_on(changes: Changes) -> None:
            self.monitor.stood_still(since, self.now, changes)
            self.monitor.tick(self.now, changes)

        return self._do(go_on)

    def silence(self, matcher: Matcher, seconds: float) -> Changes:
        """``healthmon silence add … --for``."""
        self.db.silence(matcher, self.now, self.now + seconds)
        return self._obey()

    def end_silences(self) -> Changes:
        """``healthmon silence end``."""
        self.db.end_silences(self.now)
        return self._obey()

    def acknowledge(self, incident: Incident) -> Changes:
        """``healthmon ack``."""
        self.db.acknowledge(incident, self.now)
        return self._obey()

    def _obey(self) -> Changes:
        commands = self.db.commands(self.now)
        return self._do(lambda changes: self.monitor.obey(commands, self.now, changes))

    def restart(self, *, gap: float = 5.0, conf: Config | None = None) -> Scene:
        """The daemon is restarted: a new scene over the same database."""
        scene = Scene(conf or self.config, self.db, self.now + gap)
        scene.startup_time = self.startup_time
        return scene

    # ------------------------------------------------------------ what is true

    def state(self, target: Target, check: str = Check.REACHABILITY) -> CheckState:
        """What is booked of a check."""
        return self.db.states[target, check]

    def belief(self, target: Target) -> Health | None:
        """What is believed of an endpoint."""
        return self.state(target).belief

    def open(self, target: Target | None = None) -> list[Incident]:
        """The open incidents, of this target or of all."""
        return [one for one in self.db.incidents.values() if one.is_open and target in (None, one.target)]

    def transitions(self, target: Target, check: str = Check.REACHABILITY) -> list[Health | None]:
        """What was believed of it, one after the other."""
        return [one.after for one in self.db.transitions if (one.target, one.check) == (target, check)]

    def booked(self, reason: Reason | None = None) -> list[Notification]:
        """The notifications that were ever booked, of this reason or all."""
        return [one for one in self.db.notifications.values() if reason in (None, one.reason)]


def all_up(targets: Iterable[Target]) -> dict[Target, Health]:
    """Everything is fine."""
    return dict.fromkeys(targets, UP)
