"""``[watch NAME]``: which endpoints are watched, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from healthmon.config import values
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.config.sections.shared import ESCALATE_TO, REMIND_EVERY, Escalation, Hold, weekly
from healthmon.config.values import WeeklyTime
from healthmon.model import Kind, Probe, Severity
from healthmon.times.weekly import Weekly


class LongGone(Struct, frozen=True):
    """What has been down for so long that it is told in one line a day."""

    #: For so long, seconds.
    after: float
    #: When that line is told, by the clock on the wall: minutes since midnight.
    at: int
    zone: ZoneInfo


def _hold(
    down_after: float, up_after: float, degraded_after: float | None = None, *, down_after_exact: bool = False
) -> Hold:
    if degraded_after is None:
        degraded_after = down_after
    return Hold(down_after, up_after, degraded_after, down_after_exact)


def _long_gone(timezone: ZoneInfo, long_gone: float | None, long_gone_at: int) -> LongGone | None:
    if long_gone is None:
        return None
    return LongGone(long_gone, long_gone_at, timezone)


def _working_hours(timezone: ZoneInfo, working_hours: Iterable[WeeklyTime] = ()) -> tuple[Weekly, ...]:
    return weekly(working_hours, timezone)


def _milliseconds(value: str) -> float:
    return values.duration("1ms", "5s")(value) * 1000


class WatchConfig(Struct, frozen=True):
    """Which endpoints are watched, and how. The first whose pattern matches an endpoint decides."""

    name: str
    #: Shell patterns over ``PJSIP/101``; case matters.
    endpoints: tuple[str, ...] = option(
        values.endpoint_patterns,
        "Which endpoints: technology/name with * and ?, divided by commas; case matters.",
        example="PJSIP/trunk-*, IAX2/*",
        required=True,
        is_list=True,
    )
    exclude: tuple[str, ...] = option(
        values.endpoint_patterns,
        "Which of them this section does not speak of; a later section may.",
        otherwise="none",
        absent=(),
        example="PJSIP/anonymous",
        is_list=True,
    )
    #: None: auto, Asterisk's own configuration tells.
    kind: Kind | None = option(
        values.kind,
        "provider, phone, softphone, mobile, ata, gateway, or auto: Asterisk's configuration tells trunks.",
        default="auto",
    )
    #: Shell patterns over the names of PBXs.
    pbx: tuple[str, ...] = option(values.pbx_patterns, "On which PBXs: names or patterns.", default="*", is_list=True)
    #: None: as usual for the kind.
    severity: Severity | None = option(
        values.severity,
        "How much an outage matters: critical, warning or info.",
        otherwise="critical for providers, warning for phones",
        absent=None,
        example="critical",
    )
    hold: Hold = made_of(
        _hold,
        (
            Option(
                values.duration("1s", "7d"),
                "Believed down after so long, and not before Asterisk had time for a second check.",
                "down_after",
                default="30s",
            ),
            Option(values.duration("0s", "7d"), "Believed up again after so long.", "up_after", default="10s"),
            Option(
                values.duration("0s", "7d"),
                "Believed degraded after so long.",
                "degraded_after",
                otherwise="the same as down_after",
                example="30s",
            ),
            Option(
                values.yes_no,
                "yes: believe after down_after even if Asterisk checked only once; expect false alarms.",
                "down_after_exact",
                default="no",
            ),
        ),
    )
    receivers: tuple[str, ...] = option(
        values.names,
        "Who is told: names of [receiver …] sections, all, or nobody.",
        default="all",
        is_list=True,
    )
    #: Names of registrations, as Asterisk's configuration has them.
    registrations: tuple[str, ...] = option(
        values.names,
        "Which registrations belong to the one endpoint of this section, where ami is asked.",
        otherwise="as Asterisk's configuration tells",
        absent=(),
        example="reg-telekom",
        is_list=True,
    )
    #: Also open an incident for ``degraded``.
    alert_on_degraded: bool = option(
        values.alert_on,
        "What is told: down, or down, degraded.",
        "alert_on",
        default="down",
        is_list=True,
    )
    #: A contact whose round trip takes longer (milliseconds) makes its endpoint degraded; None: none does.
    rtt_warn_ms: float | None = option(
        values.never_or(_milliseconds),
        "A contact whose round trip takes longer makes its endpoint degraded.",
        "rtt_warn",
        default="never",
    )
    #: The checks that an endpoint is as bad as; empty: all.
    counts: tuple[str, ...] = option(
        values.counting_checks,
        "Which checks make an endpoint's availability, and its state in the status: reachability and others; or all.",
        default="all",
        is_list=True,
    )
    #: Whether they are asked by OPTIONS of our own.
    probe: Probe = option(
        values.probe,
        "Whether healthmon sends OPTIONS itself: no; auto: to providers that Asterisk checks badly, or has lost; yes.",
        default="no",
    )
    #: How often, seconds; None: as often as Asterisk checks them.
    probe_every: float | None = option(
        values.duration("1s", "1h"),
        "How often it does.",
        otherwise="qualify_frequency of the AOR, or 60s where that is 0",
        absent=None,
        example="30s",
    )
    #: Whether a single one is told, and not only as a part of a group; None: as usual for the kind.
    alert_singly: bool | None = option(
        values.yes_no_auto,
        "no: told only as a part of a site or another group; auto: no for softphones and mobiles.",
        default="auto",
    )
    #: As for a PBX.
    remind_every: tuple[float, ...] = field(default_factory=REMIND_EVERY)
    escalate_to: tuple[Escalation, ...] = field(default_factory=ESCALATE_TO)
    #: "": that of the PBX.
    customer: str = option(
        values.name,
        "Whose these endpoints are, where they are not those of their PBX's customer.",
        otherwise="that of the PBX",
        absent="",
        example="acme",
    )
    #: Outside of these times nobody is told; empty: always.
    working_hours: tuple[Weekly, ...] = made_of(
        _working_hours,
        (
            Option(
                values.weekly_times,
                "Outside of these times nobody is told; at their start, what is still down is told.",
                "working_hours",
                otherwise="always",
                example="Mon-Fri 08:00-18:00, Sat 09:00-13:00",
                is_list=True,
            ),
        ),
        uses=("timezone",),
        absent=(),
    )
    #: None: reminders go on for ever.
    long_gone: LongGone | None = made_of(
        _long_gone,
        (
            Option(
                values.never_or(values.duration("1h", "365d")),
                "What is down for longer is told in one line a day, instead of silence or reminders.",
                "long_gone",
                default="never",
            ),
            Option(values.clock, "When that line is told.", "long_gone_at", default="09:00"),
            Option(
                values.timezone,
                "Whose clock working_hours and long_gone_at go by.",
                "timezone",
                otherwise="that of [healthmon]",
                example="Europe/Berlin",
            ),
        ),
        absent=None,
    )
    #: Flapping starts at so many raw changes within ``flap_window`` seconds, and stops at so few.
    flap_window: float = option(values.duration("1m", "1d"), "Flapping is counted over this time.", default="10m")
    flap_start: int = option(
        values.count(2, 1000),
        "So many changes within flap_window are flapping: told once, not each time.",
        default="6",
    )
    flap_stop: int = option(values.count(0, 999), "So few changes within flap_window end it.", default="2")

    def is_told_singly(self, kind: Kind) -> bool:
        """Whether a single one of this kind is told, and not only as a part of a group."""
        if self.alert_singly is None:
            return kind.is_usually_told_singly
        return self.alert_singly

    def is_on(self, pbx: str) -> bool:
        """Whether this section speaks of the endpoints of that PBX."""
        return any(fnmatchcase(pbx, pattern) for pattern in self.pbx)

    def takes(self, endpoint: str) -> bool:
        """Whether this section speaks of the endpoint of this name, on the PBXs that it speaks of."""
        if not _any_of(self.endpoints)(endpoint):
            return False
        return not self._excludes(endpoint)

    def leaves_out(self, endpoint: str) -> bool:
        """Whether this section would speak of the endpoint, if it did not say that it does not."""
        return bool(_any_of(self.endpoints)(endpoint)) and self._excludes(endpoint)

    def _excludes(self, endpoint: str) -> bool:
        return bool(self.exclude and _any_of(self.exclude)(endpoint))


@lru_cache(maxsize=1000)
def _any_of(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Make one expression of shell patterns."""
    return re.compile("|".join(map(translate, patterns))).match


WATCH = SectionKind(
    "watch",
    WatchConfig,
    example_name="providers",
    about=(
        "Which endpoints are watched. The first [watch …] section that matches an endpoint decides about it; an "
        'endpoint that\nnone matches is not watched. "healthmon discover" prints sections that fit your PBX.'
    ),
)
