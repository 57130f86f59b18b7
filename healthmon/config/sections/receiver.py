"""``[receiver NAME]``: who gets told."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon import languages
from healthmon.config import values
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.config.sections.shared import Secret, weekly
from healthmon.config.urls import takes_tickets
from healthmon.config.values import WeeklyTime
from healthmon.model import Severity
from healthmon.times.weekly import Weekly


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


def _quiet(timezone: ZoneInfo, quiet: tuple[tuple[WeeklyTime, ...], frozenset[Severity]] | None) -> Quiet | None:
    if quiet is None:
        return None
    times, exceptions = quiet
    return Quiet(weekly(times, timezone), exceptions)


class TemplateFile(Struct, frozen=True):
    """A template of the user's, as it was when the configuration was read."""

    path: Path
    text: str


class ReceiverConfig(Struct, frozen=True):
    """Who gets told."""

    name: str
    urls: tuple[ReceiverUrl, ...] = option(
        values.text,
        "Where messages go: apprise URLs, one on each indented line; name = URL gives one a name for logs.",
        otherwise="urls_file",
        example="\nmailto://smtp.example.org?from=healthmon@example.org&to=oncall@example.org\n"
        "boss = json://127.0.0.1:9000/alerts",
        secret_file="oncall-urls",  # noqa: S106 (the name of a file)
        file_sentence="Instead of urls, or besides: a file that holds such lines, or the name of a systemd credential.",
        is_list=True,
    )
    #: The first message of an incident waits so long for others that may join it, seconds.
    group_wait: float = option(
        values.duration("0s", "1h"),
        "What is down, or up again, waits at most so long for others that are about to join it.",
        default="5s",
    )
    #: What its messages are written in, one of ``healthmon.languages.CODES``.
    language: str = option(
        values.one_of(*languages.CODES),
        "The language of its messages: en, ru, or another that somebody has translated.",
        otherwise="that of [healthmon]",
        absent="en",
        example="en",
    )
    #: Instead of our own words.
    subject_template: TemplateFile | None = option(
        values.path,
        "A file with a Jinja2 template of your own for the subject.",
        otherwise="healthmon's own words",
        absent=None,
        example="subject.j2",
    )
    body_template: TemplateFile | None = option(
        values.path,
        "A file with a Jinja2 template of your own for the text.",
        otherwise="healthmon's own words",
        absent=None,
        example="body.j2",
    )
    #: A message about an incident that is over is given up after so long, seconds.
    give_up_after: float = option(
        values.duration("1m", "30d"),
        "A message about an outage that is over is given up after so long.",
        default="24h",
    )
    #: The pauses between attempts at a URL that fails grow until they are about so long, seconds.
    longest_pause: float = option(
        values.duration("1s", "1d"),
        "The pauses between attempts at a URL that fails grow until they are about so long.",
        default="10m",
    )
    #: What falls due in it waits for its end; None: there is no such time.
    quiet: Quiet | None = made_of(
        _quiet,
        (
            Option(
                values.quiet,
                "What falls due in these times waits for their end, except outages of these severities.",
                "quiet",
                default="never",
                is_list=True,
            ),
        ),
        uses=("timezone",),
        absent=None,
    )


RECEIVER = SectionKind(
    "receiver",
    ReceiverConfig,
    example_name="oncall",
    about=(
        "Who gets told. Without any such section nobody is told, and status and report still show everything.\n"
        "What a URL looks like for Telegram, Teams, SMS and a hundred others: https://github.com/caronc/apprise/wiki"
    ),
)
