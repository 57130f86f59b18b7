"""Every option of the file: its name, its default, what it may hold, and the sentence that explains it.

The one table that the parser, ``config.example.ini`` and ``docs/configuration.md`` follow; tests hold them together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from healthmon import languages
from healthmon.config import urls, values


class Option(Struct, frozen=True):
    """One option of one kind of section."""

    name: str
    parse: Callable[[str], Any]
    #: For the administrator; the example file shows it word for word.
    sentence: str
    #: As it would be written in the file; empty: there is none, or ``otherwise`` says what happens.
    default: str = ""
    #: What is done without this option, when that is no fixed value.
    otherwise: str = ""
    required: bool = False
    #: Its value is never shown.
    is_secret: bool = False
    #: May go on over several, indented lines.
    is_list: bool = False


class SectionKind(Struct, frozen=True):
    """One kind of section."""

    kind: str
    #: ``[pbx NAME]`` has a name of its own; ``[healthmon]`` has none.
    is_named: bool
    options: tuple[Option, ...]

    def option(self, name: str) -> Option | None:
        """The option of this name, or None."""
        return next((option for option in self.options if option.name == name), None)


_REMIND = Option(
    "remind_every",
    values.reminders("1m", "30d"),
    "While an outage lasts, tell again this often (1h, 4h, 1d: growing waits); never: tell once.",
    default="never",
    is_list=True,
)

_ESCALATE = Option(
    "escalate_to",
    values.escalations,
    "Which [receiver …] is told too when nobody acknowledged for so long; several: one on each line.",
    otherwise="nobody",
    is_list=True,
)

HEALTHMON = SectionKind(
    "healthmon",
    is_named=False,
    options=(
        Option(
            "database",
            values.path,
            "The database file: beliefs, history and alerts that still have to be sent.",
            default="/var/lib/healthmon/healthmon.db",
        ),
        Option(
            "timezone",
            values.timezone,
            "The time zone of messages and reports, such as Europe/Berlin.",
            otherwise="the system's",
        ),
        Option(
            "language",
            values.one_of(*languages.CODES),
            "The language of messages: en, ru, or another that somebody has translated.",
            default="en",
        ),
        Option(
            "log_level",
            values.one_of(*values.LOG_LEVELS),
            "How much is logged: debug, info, warning or error.",
            default="info",
        ),
        Option(
            "keep_history",
            values.duration("1d", "100y"),
            "The older name of transitions in [history].",
            otherwise="what [history] says",
        ),
        Option(
            "site_share",
            values.share,
            "A site is down when this part of its devices, and at least three, went down within site_window.",
            default="30%",
        ),
        Option(
            "site_window",
            values.duration("0s", "1h"),
            "What goes down within this time, or within Asterisk's longest cycle of checks, has one cause.",
            default="30s",
        ),
        Option(
            "receiver_failing_after",
            values.duration("1s", "7d"),
            "A receiver's URL that takes no messages for so long is told to the others.",
            default="10m",
        ),
        Option(
            "heartbeat_url",
            values.text,
            "Fetched while healthmon does its work; a service outside raises the alarm when that stops.",
            otherwise="nothing is fetched",
            is_secret=True,
        ),
        Option(
            "heartbeat_url_file",
            values.path,
            "Instead of heartbeat_url: a file that holds it, or the name of a systemd credential.",
            otherwise="heartbeat_url",
        ),
        Option(
            "heartbeat_every",
            values.duration("1s", "1d"),
            "How often heartbeat_url is fetched.",
            default="60s",
        ),
    ),
)

HISTORY = SectionKind(
    "history",
    is_named=False,
    options=(
        Option(
            "transitions",
            values.duration("1d", "100y"),
            "Every change and every incident is kept for so long.",
            default="2y",
        ),
        Option(
            "daily",
            values.duration("1d", "100y"),
            "What each day amounted to is kept for so long: reports go back as far as this.",
            default="10y",
        ),
        Option(
            "rtt_minutes",
            values.duration("1h", "10y"),
            "Round-trip times by the minute are kept for so long.",
            default="7d",
        ),
        Option(
            "rtt_hours",
            values.duration("1h", "10y"),
            "Round-trip times by the hour are kept for so long; by the day, for as long as daily.",
            default="90d",
        ),
    ),
)

PBX = SectionKind(
    "pbx",
    is_named=True,
    options=(
        Option(
            "url",
            urls.pbx_url,
            "Where Asterisk's HTTP server (http.conf) answers; https:// and a path prefix work too.",
            required=True,
        ),
        Option("username", values.username, "The ARI user: the name of its section in ari.conf.", required=True),
        Option(
            "password",
            values.text,
            "Its password as it stands, ; # and % included, or ${NAME} for an environment variable.",
            otherwise="password_file",
            is_secret=True,
        ),
        Option(
            "password_file",
            values.path,
            "Instead of password: a file that holds it, or the name of a systemd credential.",
            otherwise="password",
        ),
        Option(
            "application",
            values.application,
            "The name by which Asterisk knows this healthmon; two with one name push each other out.",
            otherwise="healthmon-<hostname>",
        ),
        Option(
            "poll_every",
            values.duration("1s", "1h"),
            "How often all endpoints are asked for; events tell most changes at once.",
            default="60s",
        ),
        Option(
            "down_after",
            values.duration("1s", "1d"),
            "The PBX itself is believed down, or not to be seen, after so long.",
            default="15s",
        ),
        Option(
            "up_after",
            values.duration("0s", "1d"),
            "The PBX itself is believed up again after it could be seen for so long.",
            default="5s",
        ),
        Option(
            "degraded_after",
            values.duration("0s", "1d"),
            "A PBX that is only partly seen, or whose certificate ends soon, is believed degraded after so long.",
            default="60s",
        ),
        Option(
            "restart_grace",
            values.duration("0s", "1h"),
            "After Asterisk restarted, phones and providers have so long to come back before it counts.",
            default="120s",
        ),
        Option(
            "verify_tls",
            values.text,
            "For https://: yes, no, or the path of a CA file (PEM) that signed the PBX's certificate.",
            default="yes",
        ),
        Option(
            "receivers",
            values.names,
            "Who is told about the PBX itself: names of [receiver …] sections, all, or nobody.",
            default="all",
            is_list=True,
        ),
        _REMIND,
        _ESCALATE,
        Option(
            "tell_restarts",
            values.yes_no,
            "Whether each restart of Asterisk is told; it is in the history and in reports all the same.",
            default="no",
        ),
    ),
)

WATCH = SectionKind(
    "watch",
    is_named=True,
    options=(
        Option(
            "endpoints",
            values.endpoint_patterns,
            "Which endpoints: technology/name with * and ?, divided by commas; case matters.",
            required=True,
            is_list=True,
        ),
        Option(
            "exclude",
            values.endpoint_patterns,
            "Which of them this section does not speak of; a later section may.",
            otherwise="none",
            is_list=True,
        ),
        Option(
            "kind",
            values.kind,
            "provider, phone, softphone, mobile, ata, gateway, or auto: Asterisk's configuration tells trunks.",
            default="auto",
        ),
        Option("pbx", values.pbx_patterns, "On which PBXs: names or patterns.", default="*", is_list=True),
        Option(
            "severity",
            values.severity,
            "How much an outage matters: critical, warning or info.",
            otherwise="critical for providers, warning for phones",
        ),
        Option(
            "down_after",
            values.duration("1s", "7d"),
            "Believed down after so long, and not before Asterisk had time for a second check.",
            default="30s",
        ),
        Option("up_after", values.duration("0s", "7d"), "Believed up again after so long.", default="10s"),
        Option(
            "degraded_after",
            values.duration("0s", "7d"),
            "Believed degraded after so long.",
            otherwise="the same as down_after",
        ),
        Option(
            "down_after_exact",
            values.yes_no,
            "yes: believe after down_after even if Asterisk checked only once; expect false alarms.",
            default="no",
        ),
        Option(
            "receivers",
            values.names,
            "Who is told: names of [receiver …] sections, all, or nobody.",
            default="all",
            is_list=True,
        ),
        Option(
            "alert_on",
            values.alert_on,
            "What is told: down, or down, degraded.",
            default="down",
            is_list=True,
        ),
        Option(
            "rtt_warn",
            values.never_or(values.duration("1ms", "5s")),
            "A contact whose round trip takes longer makes its endpoint degraded.",
            default="never",
        ),
        Option(
            "alert_singly",
            values.yes_no_auto,
            "no: told only as a part of a site or another group; auto: no for softphones and mobiles.",
            default="auto",
        ),
        _REMIND,
        _ESCALATE,
        Option(
            "working_hours",
            values.weekly_times,
            "Outside of these times nobody is told; at their start, what is still down is told.",
            otherwise="always",
            is_list=True,
        ),
        Option(
            "long_gone",
            values.never_or(values.duration("1h", "365d")),
            "What is down for longer is told in one line a day, instead of silence or reminders.",
            default="never",
        ),
        Option("long_gone_at", values.clock, "When that line is told.", default="09:00"),
        Option(
            "timezone",
            values.timezone,
            "Whose clock working_hours and long_gone_at go by.",
            otherwise="that of [healthmon]",
        ),
        Option(
            "flap_window",
            values.duration("1m", "1d"),
            "Flapping is counted over this time.",
            default="10m",
        ),
        Option(
            "flap_start",
            values.count(2, 1000),
            "So many changes within flap_window are flapping: told once, not each time.",
            default="6",
        ),
        Option(
            "flap_stop",
            values.count(0, 999),
            "So few changes within flap_window end it.",
            default="2",
        ),
    ),
)

RECEIVER = SectionKind(
    "receiver",
    is_named=True,
    options=(
        Option(
            "urls",
            values.text,
            "Where messages go: apprise URLs, one on each indented line; name = URL gives one a name for logs.",
            otherwise="urls_file",
            is_secret=True,
            is_list=True,
        ),
        Option(
            "urls_file",
            values.path,
            "Instead of urls, or besides: a file that holds such lines, or the name of a systemd credential.",
            otherwise="urls",
        ),
        Option(
            "group_wait",
            values.duration("0s", "1h"),
            "What is down, or up again, waits at most so long for others that are about to join it.",
            default="5s",
        ),
        Option(
            "language",
            values.one_of(*languages.CODES),
            "The language of its messages: en, ru, or another that somebody has translated.",
            otherwise="that of [healthmon]",
        ),
        Option(
            "subject_template",
            values.path,
            "A file with a Jinja2 template of your own for the subject.",
            otherwise="healthmon's own words",
        ),
        Option(
            "body_template",
            values.path,
            "A file with a Jinja2 template of your own for the text.",
            otherwise="healthmon's own words",
        ),
        Option(
            "give_up_after",
            values.duration("1m", "30d"),
            "A message about an outage that is over is given up after so long.",
            default="24h",
        ),
        Option(
            "longest_pause",
            values.duration("1s", "1d"),
            "The pauses between attempts at a URL that fails grow until they are about so long.",
            default="10m",
        ),
        Option(
            "quiet",
            values.quiet,
            "What falls due in these times waits for their end, except outages of these severities.",
            default="never",
            is_list=True,
        ),
    ),
)

MAINTENANCE = SectionKind(
    "maintenance",
    is_named=True,
    options=(
        Option(
            "days",
            values.weekdays,
            "The weekdays on which it begins: Sun, or Mon-Fri, or daily.",
            required=True,
            is_list=True,
        ),
        Option(
            "time",
            values.day_time,
            "From when to when, by the clock on the wall; it may go on past midnight.",
            required=True,
        ),
        Option("timezone", values.timezone, "Whose clock.", otherwise="that of [healthmon]"),
        Option("pbx", values.pbx_patterns, "Only these PBXs: names or patterns.", otherwise="all", is_list=True),
        Option(
            "site",
            values.site_patterns,
            "Only what is at these sites: names or patterns.",
            otherwise="all",
            is_list=True,
        ),
        Option("kind", values.kinds, "Only these kinds: pbx, provider, phone, ….", otherwise="all", is_list=True),
        Option(
            "watch",
            values.pbx_patterns,
            "Only what these [watch …] sections watch: names or patterns.",
            otherwise="all, and the PBXs themselves",
            is_list=True,
        ),
        Option(
            "endpoints",
            values.endpoint_patterns,
            "Only these endpoints: technology/name with * and ?.",
            otherwise="all, and the PBXs themselves",
            is_list=True,
        ),
    ),
)

SITE = SectionKind(
    "site",
    is_named=True,
    options=(
        Option(
            "addresses",
            values.networks,
            "Devices whose contact has one of these addresses are here: 203.0.113.7, 10.1.0.0/16, 2001:db8::/48.",
            otherwise="endpoints",
            is_list=True,
        ),
        Option(
            "endpoints",
            values.endpoint_patterns,
            "So are these endpoints, wherever their contact is: technology/name with * and ?.",
            otherwise="addresses",
            is_list=True,
        ),
        Option("pbx", values.pbx_patterns, "Only those of these PBXs: names or patterns.", default="*", is_list=True),
    ),
)

SCHEDULE = SectionKind(
    "schedule",
    is_named=True,
    options=(
        Option(
            "report",
            values.arguments,
            "What is reported: arguments of healthmon report.",
            required=True,
        ),
        Option(
            "at",
            values.calendar_time,
            "When: 1st 07:00, last 23:30, Mon 07:00, Mon-Fri 07:00 or daily 07:00, by the clock on the wall.",
            required=True,
        ),
        Option(
            "receivers",
            values.names,
            "Who gets it: names of receivers, or all.",
            required=True,
            is_list=True,
        ),
    ),
)

KINDS = {section.kind: section for section in (HEALTHMON, HISTORY, PBX, WATCH, RECEIVER, MAINTENANCE, SITE, SCHEDULE)}
