"""``[healthmon]``: what is not of one PBX or one receiver."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from healthmon import languages
from healthmon.config import values
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.config.sections.history import HistoryConfig
from healthmon.config.sections.shared import Secret


class HeartbeatConfig(Struct, frozen=True):
    """What is fetched while healthmon does its work: a service outside raises the alarm when that stops."""

    #: Holds a token. Checked: http or https, a host, nothing that a request cannot hold.
    url: Secret
    every: float = 60.0


def _heartbeat(heartbeat_url: Secret | None = None, heartbeat_every: float = 0.0) -> HeartbeatConfig | None:
    if not heartbeat_url:
        return None
    return HeartbeatConfig(heartbeat_url, heartbeat_every)


def kept(keep_history: float | None = None, history: HistoryConfig | None = None) -> HistoryConfig:
    """Say how long what is kept, by [history], and by the option that was there before that section."""
    if history is None:
        history = HistoryConfig()
    if keep_history is None:
        return history
    return replace(history, transitions=keep_history)


class General(Struct, frozen=True):
    """What [healthmon] says, and [history]."""

    database: Path = option(
        values.path,
        "The database file: beliefs, history and alerts that still have to be sent.",
        default="/var/lib/healthmon/healthmon.db",
        when_changed="another database: only after a restart; until then the old one is used",
    )
    timezone: ZoneInfo = option(
        values.timezone,
        "The time zone of messages and reports, such as Europe/Berlin.",
        otherwise="the system's",
        example="Europe/Berlin",
        when_changed="another time zone",
    )
    #: Of receivers that name none.
    language: str = option(
        values.one_of(*languages.CODES),
        "The language of messages and of the web page: en, ru, or another that somebody has translated.",
        default="en",
        when_changed="another language",
    )
    log_level: str = option(
        values.one_of(*values.LOG_LEVELS),
        "How much is logged: debug, info, warning or error.",
        default="info",
        when_changed="another log level",
    )
    history: HistoryConfig = made_of(
        kept,
        (
            Option(
                values.duration("1d", "100y"),
                "The older name of transitions in [history].",
                "keep_history",
                otherwise="what [history] says",
                example="2y",
            ),
        ),
        uses=("history",),
        absent=HistoryConfig(),
        when_changed="another time for which history is kept",
    )
    #: A site is down when this part of its devices, and at least three, went down within ``site_window`` seconds.
    site_share: float = option(
        values.share,
        "A site is down when this part of its devices, and at least three, went down within site_window.",
        default="30%",
        when_changed="other sites",
    )
    site_window: float = option(
        values.duration("0s", "1h"),
        "What goes down within this time, or within Asterisk's longest cycle of checks, has one cause.",
        default="30s",
        when_changed="other sites",
    )
    #: Enough of a site's devices that have been down for so long make it down, before each of them is believed to be.
    site_down_after: float = option(
        values.duration("1s", "7d"),
        "A site is believed down after so long; not before Asterisk had time for a second check of its devices.",
        default="30s",
        when_changed="other sites",
    )
    #: A receiver's URL that takes no messages for so long is an incident, seconds.
    receiver_failing_after: float = option(
        values.duration("1s", "7d"),
        "A receiver's URL that takes no messages for so long is told to the others.",
        default="10m",
        when_changed="another patience with receivers that fail",
    )
    #: Where our own OPTIONS leave from.
    probe_from: values.OwnAddress = option(
        values.own_address,
        "The address of this machine, and the UDP port, from which OPTIONS of its own leave (see probe).",
        otherwise="as the system chooses",
        absent=values.OwnAddress(),
        example="192.0.2.10:5066",
        when_changed="another address for our own OPTIONS",
    )
    heartbeat: HeartbeatConfig | None = made_of(
        _heartbeat,
        (
            Option(
                values.text,
                "Fetched while healthmon does its work; a service outside raises the alarm when that stops.",
                "heartbeat_url",
                otherwise="nothing is fetched",
                example="https://hc-ping.com/your-uuid-here",
                secret_file="healthmon-heartbeat",  # noqa: S106 (the name of a file)
            ),
            Option(
                values.duration("1s", "1d"), "How often heartbeat_url is fetched.", "heartbeat_every", default="60s"
            ),
        ),
        absent=None,
        when_changed="another heartbeat for whoever watches healthmon",
    )


HEALTHMON = SectionKind("healthmon", General, example_name="")
