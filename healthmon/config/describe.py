"""A Config in words, for ``check-config``: what is looked at, who decides, who is told. It holds no secret."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from healthmon.config.configuration import Config
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.public import PublicConfig
from healthmon.config.sections.receiver import Quiet, ReceiverConfig
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.config.sections.shared import Hold
from healthmon.config.sections.site import SiteConfig
from healthmon.config.sections.user import GuestLimits
from healthmon.config.sections.watch import WatchConfig
from healthmon.config.urls import THROUGH_HTTP, place_of
from healthmon.config.values import NOBODY, WEEKDAYS, ordinal, url_of, written
from healthmon.model import Kind, Probe, Severity
from healthmon.text.visible import visible
from healthmon.times.occasions import CalendarTime
from healthmon.times.weekly import Weekly


def describe(config: Config) -> list[str]:
    """Say what a configuration means, as lines to print: PBXs, watches in the order that decides, receivers."""
    lines = [
        f"database {config.database}",
        f"times in {config.timezone.key}; changes are kept for {written(config.history.transitions)}, "
        f"figures by the day for {written(config.history.daily)}",
        f"a site is down when {config.site_share:.0%} of it went down within {written(config.site_window)}, "
        f"and has been so for {written(config.site_down_after)}",
        _heartbeat(config),
    ]
    for pbx in config.pbxs:
        lines += ["", *describe_pbx(pbx)]
    for watch in config.watches:
        lines += ["", *describe_watch(watch, config)]
    for receiver in config.receivers:
        lines += ["", *describe_receiver(receiver)]
    for site in config.sites:
        lines += ["", *describe_site(site)]
    if config.names:
        lines += ["", f"names: {len(config.names):,} of [names]; the others are called as their caller ids say"]
    for schedule in config.schedules:
        lines += ["", *describe_schedule(schedule)]
    for window in config.maintenance:
        lines += ["", *describe_maintenance(window)]
    if config.web.listen is not None:
        lines += ["", *describe_web(config)]
    for page in config.public:
        lines += ["", *describe_public(page)]
    return lines


def _heartbeat(config: Config) -> str:
    """Say who hears that healthmon does its work; the URL holds a token."""
    if config.heartbeat is None:
        return "no heartbeat_url: nobody outside notices when healthmon dies"
    return f"heartbeat every {written(config.heartbeat.every)} to {place_of(config.heartbeat.url)}"


def describe_pbx(pbx: PbxConfig) -> list[str]:
    """Say where a PBX is, how it is looked at, and who is told about it."""
    lines = [
        f"pbx {pbx.name}: {pbx.url} as {visible(pbx.username)}, application {pbx.application}{_tls(pbx)}",
        f"    asked every {written(pbx.poll_every)}; {written(pbx.restart_grace)} of grace after its restart",
        f"    {hold_in_words(pbx.hold)}",
        f"    tells {_names(pbx.receivers)}{_again(pbx)}",
    ]
    if pbx.ami:
        where = pbx.ami
        if where == THROUGH_HTTP:
            where = pbx.url
        lines.insert(1, f"    registrations from the manager interface at {where} as {visible(pbx.ami_username)}")
    if pbx.customer:
        lines.append(f"    of customer {visible(pbx.customer)}, where a watch section names no other")
    return lines


def describe_watch(watch: WatchConfig, config: Config) -> list[str]:
    """Say which endpoints a section takes, when they are believed down, and who is told."""
    lines = [
        f"watch {watch.name}: {_endpoints(watch, config)}; kind {watch.kind or 'auto'}",
        f"    {_severity(watch)}",
        f"    {hold_in_words(watch.hold)}",
        f"    flapping from {watch.flap_start} changes within {written(watch.flap_window)} down to {watch.flap_stop}",
        f"    tells {_names(watch.receivers)} of {_what_is_told(watch)}{_again(watch)}",
    ]
    if watch.customer:
        lines.append(f"    of customer {visible(watch.customer)}")
    if watch.rtt_warn_ms is not None:
        lines.append(f"    degraded when slower than {written(watch.rtt_warn_ms / 1000)}")
    if watch.probe is not Probe.NO:
        lines.append(f"    {_probe(watch)}")
    if watch.working_hours:
        lines.append(f"    only {weekly_in_words(watch.working_hours)}")
    if watch.long_gone is not None:
        after, at = written(watch.long_gone.after), _clock(watch.long_gone.at)
        lines.append(f"    what is down for more than {after} in one line a day at {at} ({watch.long_gone.zone.key})")
    return lines


def _probe(watch: WatchConfig) -> str:
    """Say who is asked by OPTIONS of our own, and how often."""
    whom = "all of them"
    if watch.probe is Probe.AUTO:
        whom = "the providers that Asterisk checks less well"
    every = "as often as Asterisk does"
    if watch.probe_every is not None:
        every = f"every {written(watch.probe_every)}"
    return f"asks {whom} by OPTIONS of its own, {every}"


def _endpoints(watch: WatchConfig, config: Config) -> str:
    """Say ``PJSIP/* but not PJSIP/9* on every PBX``."""
    words = ", ".join(watch.endpoints)
    if watch.exclude:
        words += f" but not {', '.join(watch.exclude)}"
    if watch.pbx == ("*",):
        return f"{words} on every PBX"
    return f"{words} on {_names(pbx.name for pbx in config.pbxs if watch.is_on(pbx.name))}"


def _what_is_told(watch: WatchConfig) -> str:
    words = "down"
    if watch.alert_on_degraded:
        words = "down or degraded"
    if not watch.is_told_singly(watch.kind or Kind.PHONE):
        words += ", only as a part of a group"
    return words


def describe_receiver(receiver: ReceiverConfig) -> list[str]:
    """Name a receiver's URLs as logs and messages name them; the URLs themselves hold secrets."""
    wait, limit = written(receiver.group_wait), written(receiver.give_up_after)
    lines = [f"receiver {receiver.name}: waits {wait} for more to tell, gives up after {limit}"]
    if receiver.language != "en":
        lines[0] += f", writes {receiver.language}"
    if receiver.quiet:
        lines.append(f"    quiet {quiet_in_words(receiver.quiet)}")
    templates = {"subject": receiver.subject_template, "text": receiver.body_template}
    lines += [f"    {what} by {file.path}" for what, file in templates.items() if file]
    return [*lines, *(f"    {url.url_id}" for url in receiver.urls)]


def describe_site(site: SiteConfig) -> list[str]:
    """Say which devices are at a place."""
    line = f"site {site.name}: {', '.join((*site.addresses, *site.endpoints))}"
    if site.pbx != ("*",):
        line += f" on {', '.join(site.pbx)}"
    return [line]


def describe_maintenance(window: MaintenanceConfig) -> list[str]:
    """Say when nobody is told, and of what."""
    return [
        f"maintenance {window.name}: {weekly_in_words(window.when)}",
        f"    nobody is told of: {window.matcher}",
    ]


def describe_schedule(schedule: ScheduleConfig) -> list[str]:
    """Say which report is made when, and who gets it."""
    return [
        f"schedule {schedule.name}: {calendar_in_words(schedule.at)} ({schedule.at.zone.key})",
        f"    healthmon report {shlex.join(schedule.report)}",
        f"    sent to {_names(schedule.receivers)}",
    ]


def describe_web(config: Config) -> list[str]:
    """Say where HTTP is answered, who may see and who may change something; hashes are not shown."""
    web = config.web
    assert web.listen is not None  # noqa: S101  (whoever calls has looked)
    lines = [f"web: answers on {url_of(web.listen)}"]
    if web.names:
        lines[0] += f", called {', '.join(web.names)}"
    if web.trusted_proxy:
        line = f"    believes the proxy {', '.join(web.trusted_proxy)}"
        if web.remote_user_header:
            line += f", also who has logged in there ({web.remote_user_header})"
        lines.append(line)
    if not config.users:
        lines.append("    nobody has to log in; nobody but a token can change anything")
    for user in config.users:
        line = f"    user {user.name}: {user.role}"
        if user.password_hash is None:
            line += ", by the proxy alone"
        lines.append(line + _only(user.limits))
    lines += [f"    token {token.name}: {token.role}{_only(token.limits)}" for token in config.tokens]
    return lines


def _only(limits: GuestLimits) -> str:
    """Say ``, sees only customer acme, watch acme-phones``; "": everything is seen."""
    seen = [f"customer {name}" for name in limits.customers]
    seen += [f"pbx {name}" for name in limits.pbxs]
    seen += [f"watch {name}" for name in limits.watches]
    if not seen:
        return ""
    return f", sees only {visible(', '.join(seen))}"


def describe_public(page: PublicConfig) -> list[str]:
    """Say what everybody may look at, and what stands behind each name."""
    return [
        f"public {page.name}: /public/{page.name} is shown to everybody: {visible(page.title)}",
        f"    {page.days} days, in {page.language}",
        *(f"    {visible(line.name)}: {line.what}" for line in page.show),
    ]


def calendar_in_words(at: CalendarTime) -> str:
    """Say ``1st 07:00``, ``last 23:30``, ``Mon-Fri 07:00``, as it may be written in the file."""
    if at.day is None:
        return f"{_days(at.weekdays)} {_clock(at.minute)}"
    day = "last"
    if at.day:
        day = ordinal(at.day)
    return f"{day} {_clock(at.minute)}"


def weekly_in_words(times: Sequence[Weekly]) -> str:
    """Say ``Mon-Fri 08:00-18:00, Sat 09:00-13:00 (Europe/Berlin)``."""
    said = (f"{_days(time.days)} {_clock(time.start)}-{_clock(time.end)}" for time in times)
    return f"{', '.join(said)} ({times[0].zone.key})"


def quiet_in_words(quiet: Quiet) -> str:
    """Say ``daily 22:00-07:00 (Europe/Berlin) except critical``."""
    words = weekly_in_words(quiet.times)
    loud = ", ".join(severity for severity in Severity if severity in quiet.exceptions)
    if loud:
        words += f" except {loud}"
    return words


def _days(days: frozenset[int]) -> str:
    """Say ``Mon-Wed, Sat``, or ``daily``."""
    if len(days) == len(WEEKDAYS):
        return "daily"
    names = [name[:3] for name in WEEKDAYS.values()]
    first_days = [day for day in sorted(days) if day - 1 not in days]
    last_days = [day for day in sorted(days) if day + 1 not in days]
    spans = []
    for first, last in zip(first_days, last_days, strict=True):
        span = names[first]
        if first != last:
            span += f"-{names[last]}"
        spans.append(span)
    return ", ".join(spans)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def hold_in_words(hold: Hold) -> str:
    """Say how long each health must last: ``down after 30s, up after 10s, degraded after 30s``."""
    down_after = written(hold.down_after)
    if hold.down_after_exact:
        down_after += " exactly, even if checked only once"
    return f"down after {down_after}, up after {written(hold.up_after)}, degraded after {written(hold.degraded_after)}"


def _tls(pbx: PbxConfig) -> str:
    if not pbx.url.startswith("https:"):
        return ""
    if pbx.verify_tls is True:
        return ", certificate checked"
    if not pbx.verify_tls:
        return ", certificate not checked"
    return f", certificate checked by {pbx.verify_tls}"


def _severity(watch: WatchConfig) -> str:
    if watch.severity:
        return f"severity {watch.severity}"
    if watch.kind:
        return f"severity {watch.kind.usual_severity}"
    return f"severity {Kind.PROVIDER.usual_severity} for providers, {Kind.PHONE.usual_severity} for phones"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or NOBODY


def _again(section: PbxConfig | WatchConfig) -> str:
    """Say who is told again, and who is told late."""
    said = [f"unacknowledged after {written(step.after)} also {step.receiver}" for step in section.escalate_to]
    if section.remind_every:
        *first, last = map(written, section.remind_every)
        said.insert(0, f"again {''.join(f'after {wait}, then ' for wait in first)}every {last}")
    if isinstance(section, PbxConfig) and section.tell_restarts:
        said.append("restarts of Asterisk too")
    return "".join(f", {words}" for words in said)
