"""A small theatre for the core: one Monitor, a clock that the test moves, and a database that is a few dicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Hold, Secret
from healthmon.config.sections.watch import WatchConfig
from healthmon.core.alerting.decide import says
from healthmon.core.alerting.dispatch import EXPLAINED_AWAY
from healthmon.core.monitor import Monitor
from healthmon.errors import Trouble
from healthmon.model import (
    Acknowledgement,
    Changes,
    Channel,
    Check,
    CheckState,
    Commands,
    ConnectionReport,
    ContactChange,
    ContactStatus,
    EndpointSettings,
    Health,
    Incident,
    IncidentNumbers,
    Matcher,
    Note,
    Notification,
    Observation,
    PbxState,
    Place,
    Question,
    Reason,
    Remembered,
    Removed,
    Restart,
    Severity,
    Sighting,
    Silence,
    Snapshot,
    Source,
    Target,
    Told,
    Transition,
    UnknownPeriod,
    UrlState,
    Witness,
)

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


#: Every field of a booked value that is a time.
TIMES = frozenset(
    {
        "at",
        "since",
        "until",
        "watched_since",
        "believed_at",
        "pending_since",
        "not_up_since",
        "down_since",
        "flapping_since",
        "unknown_since",
        "blind_since",
        "opened_at",
        "closed_at",
        "booked_at",
        "due_at",
        "said_at",
        "acked_at",
        "failing_since",
        "last_error_at",
        "last_delivered_at",
        "sending_since",
        "fell_at",
    }
)

Booked = TypeVar(
    "Booked",
    CheckState,
    PbxState,
    Transition,
    UnknownPeriod,
    Incident,
    Notification,
    Told,
    Silence,
    Acknowledgement,
    UrlState,
)


def moved(booked: Booked, by: float) -> Booked:
    """The same, with all its times so many seconds later; 0.0 and None are no times."""
    names = [name for name in booked.__struct_fields__ if name in TIMES and getattr(booked, name)]
    later = {name: getattr(booked, name) + by for name in names}
    if isinstance(booked, CheckState):
        later["flap_changes"] = tuple(at + by for at in booked.flap_changes)
    return replace(booked, **later)


@dataclass
class Database:
    """What the store would keep: the last of each state, and every row of history."""

    states: dict[tuple[Target, str], CheckState] = field(default_factory=dict)
    pbx_states: dict[str, PbxState] = field(default_factory=dict)
    settings: dict[Target, EndpointSettings] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    unknown_periods: dict[tuple[Target, str, float], UnknownPeriod] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    notifications: dict[tuple[int, str, Reason, int], Notification] = field(default_factory=dict)
    told: dict[tuple[int, str], Told] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    places: dict[Target, tuple[Place, ...]] = field(default_factory=dict)
    commands: Commands = field(default_factory=Commands)
    restarts: list[Restart] = field(default_factory=list)
    #: These take no messages at present.
    #: Those that are left alone at present, but for what is critical.
    quiet_urls: set[str] = field(default_factory=set)
    dead_urls: set[str] = field(default_factory=set)
    alive_at: float | None = None
    urls: dict[str, UrlState] = field(default_factory=dict)

    def commit(self, changes: Changes) -> None:
        """Apply one batch."""
        for jump in changes.clock_jumps:
            self.shift(jump.by)
        for target in changes.forgotten:
            self.states = {key: state for key, state in self.states.items() if key[0] != target}
            self.settings.pop(target, None)
        self.states.update(changes.states)
        self.pbx_states.update(changes.pbx_states)
        self.settings.update(changes.settings)
        self.transitions += changes.transitions
        self.unknown_periods.update(changes.unknown_periods)
        self.incidents.update(changes.incidents)
        self.notes += changes.notes
        self.restarts += changes.restarts
        for change in changes.places:
            others = tuple(place for place in self.places.get(change.target, ()) if place != change.place)
            self.places[change.target] = others if change.is_left else (*others, change.place)
        for one in changes.notifications:
            key = (one.incident_id, one.url_id, one.reason, one.serial)
            assert key not in self.notifications, f"booked twice: {key}"
            self.notifications[key] = one
            told = self.told.get(key[:2], Told())
            row = {(one.reason, one.serial)}
            is_opening = one.reason is Reason.OPENED or (one.reason is Reason.FLAPPING and not told.opened_at)
            opened_at = one.booked_at if is_opening else told.opened_at
            told = replace(told, booked=told.booked | row, waiting=told.waiting | row, opened_at=opened_at)
            self.told[key[:2]] = told
        for delay in changes.delays:
            for key3, first in self.notifications.items():
                is_its = first.incident_id == delay.incident_id and first.reason in EXPLAINED_AWAY
                if is_its and delay.due_after < first.due_at < delay.until:
                    self.notifications[key3] = replace(first, due_at=delay.until)
        for release in changes.releases:
            for key3, first in self.notifications.items():
                if first.incident_id == release.incident_id and first.due_at > release.until:
                    self.notifications[key3] = replace(first, due_at=release.until)
        for incident_id in changes.explained:
            for key2, told in self.told.items():
                if key2[0] == incident_id:
                    left = frozenset(row for row in told.waiting if row[0] not in EXPLAINED_AWAY)
                    self.told[key2] = replace(told, waiting=left)

    def shift(self, by: float) -> None:
        """All that is booked reads so many seconds later: somebody set the clock."""
        self.states = {key: moved(state, by) for key, state in self.states.items()}
        self.pbx_states = {key: moved(state, by) for key, state in self.pbx_states.items()}
        self.transitions = [moved(one, by) for one in self.transitions]
        periods = self.unknown_periods.items()
        self.unknown_periods = {(key[0], key[1], key[2] + by): moved(period, by) for key, period in periods}
        self.incidents = {key: moved(one, by) for key, one in self.incidents.items()}
        self.notifications = {key: moved(one, by) for key, one in self.notifications.items()}
        self.told = {key: moved(one, by) for key, one in self.told.items()}
        self.urls = {url_id: moved(url, by) for url_id, url in self.urls.items()}
        self.commands = Commands(
            tuple(moved(one, by) for one in self.commands.silences),
            tuple(moved(one, by) for one in self.commands.acknowledgements),
        )

    def deliver(self, now: float) -> list[tuple[str, Reason, int, str]]:
        """Send whatever is due by now; return (url_id, reason, incident, said) of what went out."""
        sent = []
        for (incident_id, url_id, reason, serial), row in list(self.notifications.items()):
            told = self.told[incident_id, url_id]
            if row.due_at > now or (reason, serial) not in told.waiting or url_id in self.dead_urls:
                continue
            incident = self.incidents[incident_id]
            if incident.is_open and incident.muted_by:
                continue
            if url_id in self.quiet_urls and incident.severity is not Severity.CRITICAL:
                continue
            said = says(reason, incident, told.said)
            told = replace(told, waiting=told.waiting - {(reason, serial)})
            if said is not None:
                told = replace(told, said=said, said_at=now, size=incident.down)
                sent.append((url_id, reason, incident_id, str(said)))
            self.told[incident_id, url_id] = told
        return sent

    def remembered(self) -> Remembered:
        """What a new daemon would load."""
        return Remembered(
            states=tuple(self.states.values()),
            pbx_states=tuple(self.pbx_states.values()),
            settings=tuple(self.settings.values()),
            incidents=tuple(one for one in self.incidents.values() if one.is_open or self._is_unfinished(one)),
            told=dict(self.told),
            incident_numbers=IncidentNumbers(max(self.incidents, default=0) + 1),
            alive_at=self.alive_at,
            commands=self.commands,
            places=dict(self.places),
        )

    def _is_unfinished(self, incident: Incident) -> bool:
        return any(told.waiting for (incident_id, _), told in self.told.items() if incident_id == incident.id)


class Scene:
    """A monitor, its database, and helpers that say what happens."""

    def __init__(self, conf: Config | None = None, database: Database | None = None, now: float = START) -> None:
        self.config = conf or config()
        self.db = database or Database()
        self.now = now
        self.log: list[str] = []
        self.questions: list[Question] = []
        self.sent: list[tuple[str, Reason, int, str]] = []
        self.startup_time = "boot 1"
        #: What Asterisk lacks, and cannot list.
        self.missing_drivers: tuple[str, ...] = ()
        self.unlisted: tuple[str, ...] = ()
        self.monitor = Monitor(self.config, self.db.remembered(), now)
        self._do(lambda changes: self.monitor.start(now, changes))

    def _do(self, what: object) -> Changes:
        changes = Changes()
        what(changes)  # type: ignore[operator]
        self.db.commit(changes)
        self.db.alive_at = self.now
        self.log += changes.log
        self.questions += changes.questions
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
        sent = self.db.deliver(self.now)
        self.sent += sent
        self._do(lambda changes: self.monitor.told(dict(self.db.told), self.now, changes))
        return sent

    def deliveries(self, *urls: UrlState) -> Changes:
        """A deliverer has booked something: how delivery to these URLs stands now."""
        self.db.urls.update({url.url_id: url for url in urls})
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
        self.now += by
        return self._do(lambda changes: self.monitor.clock_jumped(by, self.now, changes))

    def stand_still(self, seconds: float) -> Changes:
        """The process is stopped, and goes on after so long."""
        since, self.now = self.now, self.now + seconds

        def go_on(changes: Changes) -> None:
            self.monitor.stood_still(since, self.now, changes)
            self.monitor.tick(self.now, changes)

        return self._do(go_on)

    def silence(self, matcher: Matcher, seconds: float, number: int = 12) -> Changes:
        """``healthmon silence add … --for``."""
        order = Silence(number, matcher, self.now, self.now + seconds, "anna", "building works")
        return self._order(Commands((*self.db.commands.silences, order), self.db.commands.acknowledgements))

    def end_silences(self) -> Changes:
        """``healthmon silence end``."""
        return self._order(Commands((), self.db.commands.acknowledgements))

    def acknowledge(self, incident: Incident) -> Changes:
        """``healthmon ack``."""
        order = Acknowledgement(incident.id, self.now, "anna", "called them")
        return self._order(Commands(self.db.commands.silences, (*self.db.commands.acknowledgements, order)))

    def _order(self, commands: Commands) -> Changes:
        self.db.commands = commands
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
