"""The last step: a draft without problems -> the frozen Config."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.draft import Draft, DraftSection
from healthmon.config.types import (
    Config,
    Escalation,
    HeartbeatConfig,
    HistoryConfig,
    Hold,
    LongGone,
    MaintenanceConfig,
    PbxConfig,
    Quiet,
    ReceiverConfig,
    ScheduleConfig,
    SiteConfig,
    WatchConfig,
)
from healthmon.config.values import WeeklyTime
from healthmon.model import Matcher
from healthmon.times.occasions import CalendarTime
from healthmon.times.weekly import Weekly


def build(path: Path, draft: Draft) -> Config:
    """Make the Config. Everything was checked before."""
    general = draft.of("healthmon")[0].values
    return Config(
        path=path,
        database=general["database"],
        timezone=general["timezone"],
        log_level=general["log_level"],
        history=_history(draft),
        heartbeat=_heartbeat(general),
        receiver_failing_after=general["receiver_failing_after"],
        pbxs=tuple(_pbx(section) for section in draft.of("pbx")),
        watches=tuple(_watch(section) for section in draft.of("watch")),
        receivers=tuple(_receiver(section, general) for section in draft.of("receiver")),
        maintenance=tuple(maintenance_of(section) for section in draft.of("maintenance")),
        sites=tuple(site_of(section) for section in draft.of("site")),
        schedules=tuple(_schedule(section, general["timezone"]) for section in draft.of("schedule")),
        site_share=general["site_share"],
        site_window=general["site_window"],
        warnings=draft.findings.warnings,
    )


def _history(draft: Draft) -> HistoryConfig:
    values = draft.of("history")[0].values
    return HistoryConfig(
        transitions=draft.of("healthmon")[0].values.get("keep_history", values["transitions"]),
        daily=values["daily"],
        rtt_minutes=values["rtt_minutes"],
        rtt_hours=values["rtt_hours"],
    )


def _heartbeat(general: dict[str, Any]) -> HeartbeatConfig | None:
    url = general.get("heartbeat_url")
    return HeartbeatConfig(url, general["heartbeat_every"]) if url else None


def _hold(values: dict[str, Any]) -> Hold:
    return Hold(
        down_after=values["down_after"],
        up_after=values["up_after"],
        degraded_after=values.get("degraded_after", values["down_after"]),
        # The PBX itself has no such option: nothing stands between us and it.
        down_after_exact=values.get("down_after_exact", False),
    )


def _pbx(section: DraftSection) -> PbxConfig:
    values = section.values
    return PbxConfig(
        name=section.name,
        url=values["url"],
        username=values["username"],
        password=values["password"],
        application=values["application"],
        hold=_hold(values),
        receivers=values["receivers"],
        poll_every=values["poll_every"],
        restart_grace=values["restart_grace"],
        verify_tls=values["verify_tls"],
        remind_every=values["remind_every"],
        escalate_to=_escalations(values),
        tell_restarts=values["tell_restarts"],
    )


def _watch(section: DraftSection) -> WatchConfig:
    values = section.values
    return WatchConfig(
        name=section.name,
        endpoints=values["endpoints"],
        hold=_hold(values),
        receivers=values["receivers"],
        exclude=values.get("exclude", ()),
        kind=values["kind"],
        pbx=values["pbx"],
        severity=values.get("severity"),
        remind_every=values["remind_every"],
        escalate_to=_escalations(values),
        alert_singly=values["alert_singly"],
        alert_on_degraded=values["alert_on"],
        rtt_warn_ms=None if values["rtt_warn"] is None else values["rtt_warn"] * 1000,
        working_hours=working_hours_of(section),
        long_gone=_long_gone(values),
        flap_window=values["flap_window"],
        flap_start=values["flap_start"],
        flap_stop=values["flap_stop"],
    )


def working_hours_of(section: DraftSection) -> tuple[Weekly, ...]:
    """Make the working hours of a watch section; none: people work at all times."""
    return _weekly(section.values.get("working_hours", ()), section.values["timezone"])


def _long_gone(values: dict[str, Any]) -> LongGone | None:
    after = values["long_gone"]
    return None if after is None else LongGone(after, values["long_gone_at"], values["timezone"])


def _escalations(values: dict[str, Any]) -> tuple[Escalation, ...]:
    return tuple(Escalation(receiver, after) for receiver, after in values.get("escalate_to", ()))


def _receiver(section: DraftSection, general: dict[str, Any]) -> ReceiverConfig:
    values = section.values
    quiet = values["quiet"]
    return ReceiverConfig(
        name=section.name,
        urls=values["urls"],
        group_wait=values["group_wait"],
        give_up_after=values["give_up_after"],
        longest_pause=values["longest_pause"],
        language=values.get("language", general["language"]),
        subject_template=values.get("subject_template"),
        body_template=values.get("body_template"),
        quiet=None if quiet is None else Quiet(_weekly(quiet[0], general["timezone"]), quiet[1]),
    )


def site_of(section: DraftSection) -> SiteConfig:
    """Make a site."""
    values = section.values
    return SiteConfig(
        name=section.name,
        addresses=values.get("addresses", ()),
        endpoints=values.get("endpoints", ()),
        pbx=values["pbx"],
    )


def _schedule(section: DraftSection, zone: ZoneInfo) -> ScheduleConfig:
    values = section.values
    weekdays, day, minute = values["at"]
    at = CalendarTime(weekdays, day, minute, zone)
    return ScheduleConfig(section.name, values["report"], at, values["receivers"])


def maintenance_of(section: DraftSection) -> MaintenanceConfig:
    """Make a maintenance window."""
    values = section.values
    return MaintenanceConfig(
        name=section.name,
        matcher=Matcher(
            pbxs=values.get("pbx", ()),
            kinds=values.get("kind", ()),
            watches=values.get("watch", ()),
            endpoints=values.get("endpoints", ()),
            sites=values.get("site", ()),
        ),
        when=_weekly([(values["days"], *values["time"])], values["timezone"]),
    )


def _weekly(times: Iterable[WeeklyTime], zone: ZoneInfo) -> tuple[Weekly, ...]:
    return tuple(Weekly(days, start, end, zone) for days, start, end in times)
