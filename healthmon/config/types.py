"""The configuration as frozen values. Durations are seconds; ``parser.py`` makes them from the INI file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase, translate
from functools import cached_property, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from healthmon.config.urls import takes_tickets
from healthmon.config.watch_index import WatchIndex
from healthmon.model import Kind, Matcher, Severity, Target
from healthmon.times.occasions import CalendarTime
from healthmon.times.weekly import Weekly


class Secret(str):
    """A text that does not show itself in ``repr()``, so that no log or traceback of a structure holds it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the text."""
        return "Secret('***')"


class Hold(Struct, frozen=True):
    """How long a different health must last before it is believed, seconds."""

    down_after: float
    up_after: float
    degraded_after: float
    #: Believe after ``down_after`` even if that is shorter than Asterisk's own qualify cycle (rule 9).
    down_after_exact: bool = False


class LongGone(Struct, frozen=True):
    """What has been down for so long that it is told in one line a day."""

    #: For so long, seconds.
    after: float
    #: When that line is told, by the clock on the wall: minutes since midnight.
    at: int
    zone: ZoneInfo


class Escalation(Struct, frozen=True):
    """Who is told too, when nobody took note of an outage for so long (seconds)."""

    receiver: str
    after: float


class PbxConfig(Struct, frozen=True):
    """One Asterisk."""

    name: str
    #: Without the trailing slash and without ``/ari``: ``https://pbx.example/asterisk``.
    url: str
    username: str
    password: Secret
    application: str
    hold: Hold
    #: Receivers that are told about the PBX itself.
    receivers: tuple[str, ...]
    poll_every: float = 60.0
    restart_grace: float = 120.0
    #: True, False, or the path of a CA file.
    verify_tls: bool | Path = True
    #: The waits before the first reminder, the second, …; the last one repeats. Empty: none is wanted.
    remind_every: tuple[float, ...] = ()
    escalate_to: tuple[Escalation, ...] = ()
    #: Whether a restart of Asterisk is told, though it is no outage.
    tell_restarts: bool = False


class WatchConfig(Struct, frozen=True):
    """Which endpoints are watched, and how. The first whose pattern matches an endpoint decides."""

    name: str
    #: Shell patterns over ``PJSIP/101``; case matters.
    endpoints: tuple[str, ...]
    hold: Hold
    receivers: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    #: None: auto, Asterisk's own configuration tells.
    kind: Kind | None = None
    #: Shell patterns over the names of PBXs.
    pbx: tuple[str, ...] = ("*",)
    #: None: as usual for the kind.
    severity: Severity | None = None
    #: As for a PBX.
    remind_every: tuple[float, ...] = ()
    escalate_to: tuple[Escalation, ...] = ()
    #: Whether a single one is told, and not only as a part of a group; None: as usual for the kind.
    alert_singly: bool | None = None
    #: Also open an incident for ``degraded``.
    alert_on_degraded: bool = False
    #: A contact whose round trip takes longer (milliseconds) makes its endpoint degraded; None: none does.
    rtt_warn_ms: float | None = None
    #: Outside of these times nobody is told; empty: always.
    working_hours: tuple[Weekly, ...] = ()
    #: None: reminders go on for ever.
    long_gone: LongGone | None = None
    #: Flapping starts at so many raw changes within ``flap_window`` seconds, and stops at so few.
    flap_window: float = 600.0
    flap_start: int = 6
    flap_stop: int = 2

    def is_told_singly(self, kind: Kind) -> bool:
        """Whether a single one of this kind is told, and not only as a part of a group."""
        return kind.is_usually_told_singly if self.alert_singly is None else self.alert_singly

    def is_on(self, pbx: str) -> bool:
        """Whether this section speaks of the endpoints of that PBX."""
        # Asked for each of 20,000 endpoints, and nearly always "*".
        return "*" in self.pbx or any(fnmatchcase(pbx, pattern) for pattern in self.pbx)

    def matches(self, target: Target) -> bool:
        """Whether this section speaks of that endpoint; of what is none, no section does."""
        name = target.endpoint
        return (
            bool(name)
            and self.is_on(target.pbx)
            and _any_of(self.endpoints)(name) is not None
            and not (self.exclude and _any_of(self.exclude)(name))
        )


@lru_cache(maxsize=1000)
def _any_of(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Make one expression of shell patterns: asked for each endpoint of each list that is not watched."""
    return re.compile("|".join(map(translate, patterns))).match


class ReceiverUrl(Struct, frozen=True):
    """One apprise URL of a receiver. ``url_id`` holds no secret and survives a change of password (bookkeeping 3)."""

    #: ``oncall/boss`` (the line's own name), else ``oncall/mailto:mail.example.org`` with ``#2`` for the second.
    url_id: str
    url: Secret

    @property
    def is_ticket(self) -> bool:
        """Whether this is an on-call service: one ticket for each incident, no digests and no reports."""
        return takes_tickets(self.url)


class Quiet(Struct, frozen=True):
    """When a receiver wants to be left alone, but for what matters."""

    times: tuple[Weekly, ...]
    #: Outages of these severities, and their ends, are told all the same.
    exceptions: frozenset[Severity] = frozenset()


class TemplateFile(Struct, frozen=True):
    """A template of the user's, as it was when the configuration was read."""

    path: Path
    text: str


class ReceiverConfig(Struct, frozen=True):
    """Who gets told."""

    name: str
    urls: tuple[ReceiverUrl, ...]
    #: The first message of an incident waits so long for others that may join it, seconds.
    group_wait: float = 5.0
    #: A message about an incident that is over is given up after so long, seconds.
    give_up_after: float = 86400.0
    #: The pauses between attempts at a URL that fails grow until they are about so long, seconds.
    longest_pause: float = 600.0
    #: What its messages are written in, one of ``healthmon.languages.CODES``.
    language: str = "en"
    #: Instead of our own words.
    subject_template: TemplateFile | None = None
    body_template: TemplateFile | None = None
    #: What falls due in it waits for its end; None: there is no such time.
    quiet: Quiet | None = None


class MaintenanceConfig(Struct, frozen=True):
    """A window that comes back every week: what matches is watched and recorded, and not told."""

    name: str
    matcher: Matcher
    when: tuple[Weekly, ...]


class ScheduleConfig(Struct, frozen=True):
    """A report that is made and sent at certain times."""

    name: str
    #: Arguments of ``healthmon report``.
    report: tuple[str, ...]
    at: CalendarTime
    receivers: tuple[str, ...]


class SiteConfig(Struct, frozen=True):
    """A place where many devices are, by their addresses or by their names."""

    name: str
    #: Networks as ``ipaddress`` writes them: ``203.0.113.0/28``, ``2001:db8::/48``.
    addresses: tuple[str, ...] = ()
    #: Shell patterns over ``PJSIP/101``; case matters.
    endpoints: tuple[str, ...] = ()
    #: Shell patterns over the names of PBXs.
    pbx: tuple[str, ...] = ("*",)


class Plans(Struct, frozen=True):
    """What a report needs to know of the configuration: times of the week, and what is called a site."""

    maintenance: tuple[MaintenanceConfig, ...] = ()
    #: By the name of the watch section; one that has none is missing.
    working_hours: Mapping[str, tuple[Weekly, ...]] = field(default_factory=dict)
    sites: tuple[SiteConfig, ...] = ()
    #: On which machine each PBX is, by its name.
    hosts: Mapping[str, str] = field(default_factory=dict)


class HistoryConfig(Struct, frozen=True):
    """How long what is kept, by kind of data; seconds."""

    #: Transitions, veils, places, silences, closed incidents.
    transitions: float = 2 * 365 * 86400.0
    #: Figures and round-trip times by the day.
    daily: float = 10 * 365 * 86400.0
    rtt_minutes: float = 7 * 86400.0
    rtt_hours: float = 90 * 86400.0


class HeartbeatConfig(Struct, frozen=True):
    """What is fetched while healthmon does its work: a service outside raises the alarm when that stops."""

    #: Holds a token. Checked: http or https, a host, nothing that a request cannot hold.
    url: Secret
    every: float = 60.0


class Config(Struct, frozen=True, dict=True):
    """Everything a configuration file says, checked."""

    path: Path
    database: Path
    timezone: ZoneInfo
    log_level: str
    pbxs: tuple[PbxConfig, ...]
    watches: tuple[WatchConfig, ...]
    receivers: tuple[ReceiverConfig, ...]
    maintenance: tuple[MaintenanceConfig, ...] = ()
    sites: tuple[SiteConfig, ...] = ()
    schedules: tuple[ScheduleConfig, ...] = ()
    #: A site is down when this part of its devices, and at least three, went down within ``site_window`` seconds.
    site_share: float = 0.3
    site_window: float = 30.0
    history: HistoryConfig = HistoryConfig()
    heartbeat: HeartbeatConfig | None = None
    #: A receiver's URL that takes no messages for so long is an incident, seconds.
    receiver_failing_after: float = 600.0
    #: What works, and what the file's author should know; ready to print.
    warnings: tuple[str, ...] = ()

    @cached_property
    def _watch_index(self) -> WatchIndex:
        return WatchIndex(self.watches)

    def watch_for(self, target: Target) -> WatchConfig | None:
        """The section that decides about this endpoint, or None: it is not watched."""
        return self._watch_index.watch_for(target)

    def is_watched(self, target: Target) -> bool:
        """Whether any section watches this endpoint."""
        return self._watch_index.watch_for(target) is not None

    def pbx(self, name: str) -> PbxConfig | None:
        """The PBX of this name, or None."""
        return next((pbx for pbx in self.pbxs if pbx.name == name), None)

    def receivers_of(self, target: Target) -> tuple[str, ...]:
        """The names of the receivers that are told about this target."""
        if target.is_pbx:
            pbx = self.pbx(target.pbx)
            return pbx.receivers if pbx else ()
        watch = self.watch_for(target)
        return watch.receivers if watch else ()

    def url_ids_of_watch(self, name: str) -> tuple[str, ...]:
        """The URLs that are told about the targets of a watch section, each once."""
        return self._url_ids(next((watch.receivers for watch in self.watches if watch.name == name), ()))

    def url_ids_of(self, target: Target) -> tuple[str, ...]:
        """The URLs that are told about this target, each once."""
        if target.technology == Kind.RECEIVER:
            return self._others(target.resource)
        return self._url_ids(self.receivers_of(target))

    def _others(self, url_id: str) -> tuple[str, ...]:
        """The URLs that are told that this one fails: those that are told of anything at once, or else later."""
        sections: list[PbxConfig | WatchConfig] = [*self.pbxs, *self.watches]
        at_once = [name for section in sections for name in section.receivers]
        later = [step.receiver for section in sections for step in section.escalate_to]
        audiences = [[url for url in self._url_ids(tuple(names)) if url != url_id] for names in (at_once, later)]
        return tuple(next((urls for urls in audiences if urls), ()))

    def url_ids_of_schedule(self, schedule: ScheduleConfig) -> tuple[str, ...]:
        """The URLs that a report is sent to, each once. An on-call service takes none."""
        tickets = self.ticket_url_ids
        return tuple(url_id for url_id in self._url_ids(schedule.receivers) if url_id not in tickets)

    def url_ids_of_receiver(self, name: str) -> tuple[str, ...]:
        """The URLs of a receiver."""
        return self._url_ids((name,))

    @property
    def ticket_url_ids(self) -> frozenset[str]:
        """The URLs of on-call services."""
        return frozenset(url.url_id for receiver in self.receivers for url in receiver.urls if url.is_ticket)

    @property
    def url_ids(self) -> tuple[str, ...]:
        """All URLs of all receivers."""
        return self._url_ids(tuple(receiver.name for receiver in self.receivers))

    def _url_ids(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        ids = [url.url_id for receiver in self.receivers if receiver.name in wanted for url in receiver.urls]
        return tuple(dict.fromkeys(ids))
