"""Everything that a configuration file says, as frozen values. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from msgspec import field

from healthmon.config.customers import Customers, OwnedWatch
from healthmon.config.sections.general import General
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.public import PublicConfig
from healthmon.config.sections.receiver import ReceiverConfig
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.config.sections.site import SiteConfig
from healthmon.config.sections.user import TokenConfig, UserConfig
from healthmon.config.sections.watch import WatchConfig
from healthmon.config.sections.web import WebConfig
from healthmon.config.watch_index import WatchIndex
from healthmon.model import Kind, Probe, Scope, Target


class Config(General, frozen=True, kw_only=True, dict=True):
    """Everything a configuration file says, checked."""

    path: Path
    pbxs: tuple[PbxConfig, ...]
    watches: tuple[WatchConfig, ...]
    receivers: tuple[ReceiverConfig, ...]
    maintenance: tuple[MaintenanceConfig, ...] = ()
    sites: tuple[SiteConfig, ...] = ()
    #: What people call endpoints, by ``PJSIP/103`` or ``office:PJSIP/103``.
    names: Mapping[str, str] = field(default_factory=dict)
    schedules: tuple[ScheduleConfig, ...] = ()
    web: WebConfig = field(default_factory=WebConfig)
    users: tuple[UserConfig, ...] = ()
    tokens: tuple[TokenConfig, ...] = ()
    #: Status pages for everybody.
    public: tuple[PublicConfig, ...] = ()
    #: What works, and what the file's author should know; ready to print.
    warnings: tuple[str, ...] = ()

    @cached_property
    def customers(self) -> Customers:
        """Whose the PBXs and the watch sections are."""
        return Customers(
            {pbx.name: pbx.customer for pbx in self.pbxs},
            {watch.name: OwnedWatch(watch.customer, watch.pbx) for watch in self.watches},
        )

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """What each user and each token sees."""
        limits = [*(user.limits for user in self.users), *(token.limits for token in self.tokens)]
        return tuple(map(self.customers.scope, limits))

    @cached_property
    def _watch_index(self) -> WatchIndex:
        return WatchIndex(self.watches)

    def watch_for(self, target: Target) -> WatchConfig | None:
        """The section that decides about this endpoint, or None: it is not watched."""
        return self._watch_index.watch_for(target)

    def is_watched(self, target: Target) -> bool:
        """Whether any section watches this endpoint."""
        return self._watch_index.watch_for(target) is not None

    def is_left_out(self, target: Target) -> bool:
        """Whether a section says of this endpoint that it does not watch it."""
        return any(watch.is_on(target.pbx) and watch.leaves_out(target.endpoint) for watch in self.watches)

    def is_probed(self, target: Target) -> bool:
        """Whether this endpoint may be asked by OPTIONS of our own."""
        watch = self._watch_index.watch_for(target)
        return watch is not None and watch.probe is not Probe.NO

    def registrations_of(self, target: Target) -> tuple[str, ...]:
        """The registrations that its watch section gives to an endpoint."""
        watch = self._watch_index.watch_for(target)
        if watch is None:
            return ()
        return watch.registrations

    @property
    def has_probes(self) -> bool:
        """Whether any endpoint may be."""
        return any(watch.probe is not Probe.NO for watch in self.watches)

    def pbx(self, name: str) -> PbxConfig | None:
        """The PBX of this name, or None."""
        return next((pbx for pbx in self.pbxs if pbx.name == name), None)

    def receivers_of(self, target: Target) -> tuple[str, ...]:
        """The names of the receivers that are told about this target."""
        if target.is_pbx or target.is_registration:
            section: PbxConfig | WatchConfig | None = self.pbx(target.pbx)
        else:
            section = self.watch_for(target)
        if section is None:
            return ()
        return section.receivers

    def url_ids_of_watch(self, name: str) -> tuple[str, ...]:
        """The URLs that are told about the targets of a watch section, each once."""
        return self._url_ids(next((watch.receivers for watch in self.watches if watch.name == name), ()))

    def url_ids_of(self, target: Target) -> tuple[str, ...]:
        """The URLs that are told about this target, each once."""
        if target.technology != Kind.RECEIVER:
            return self._url_ids(self.receivers_of(target))
        # That a URL fails is told to the others: to those that are told of anything at once, or else later.
        sections: list[PbxConfig | WatchConfig] = [*self.pbxs, *self.watches]
        at_once = [name for section in sections for name in section.receivers]
        later = [step.receiver for section in sections for step in section.escalate_to]
        audiences = [
            [url for url in self._url_ids(tuple(names)) if url != target.resource] for names in (at_once, later)
        ]
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
