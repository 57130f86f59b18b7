"""What a shell offers when somebody presses Tab: names and numbers that the database knows.

Whatever goes wrong offers nothing: who is typing wants no sentence in the middle of the line.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from healthmon.cli.common import database_settings, plans
from healthmon.config.loading.database_settings import DatabaseSettings
from healthmon.config.plans import Plans
from healthmon.core.grouping.sites import Sites
from healthmon.errors import HealthmonError
from healthmon.owners import become_owner
from healthmon.report.availability.measure import sites_of
from healthmon.report.formatting import incident_name, local, state_word
from healthmon.report.target_names import short_name
from healthmon.store.read.known_targets import KnownTarget
from healthmon.store.read.queries import Reader, open_reader
from healthmon.text.natural import natural
from healthmon.text.visible import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: A shell would run, divide or tear what else a name may hold, and names come from strangers: it has to be typed.
PLAIN = re.compile(r"[\w./:@+=-]+", re.ASCII)
#: So many incidents are offered, the newest first.
NEWEST = 50


def targets(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """PBXs and endpoints; these also as numbers, and with their PBX, where somebody has begun to type them so."""

    def find(reader: Reader, _where: DatabaseSettings) -> Iterator[tuple[str, str]]:
        yield from _pbxs(reader)
        for about in _watched(reader):
            if about.target.is_endpoint:
                yield about.target.endpoint, str(about.kind)
                if typed:
                    yield about.target.resource, str(about.kind)
                if ":" in typed:
                    yield short_name(about.target), str(about.kind)

    return _offered(ctx, typed, find)


def endpoints(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Endpoints that the database knows."""
    return _offered(ctx, typed, lambda reader, _where: _endpoints(reader))


def pbxs(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """PBXs that the database knows."""
    return _offered(ctx, typed, lambda reader, _where: _pbxs(reader))


def watches(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Watch sections to which anything belongs."""
    return _offered(ctx, typed, lambda reader, _where: ((about.watch, "") for about in _watched(reader) if about.watch))


def matches(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """What a silence may speak of: PBXs, endpoints, and sites."""

    def find(reader: Reader, _where: DatabaseSettings) -> Iterator[tuple[str, str]]:
        yield from _pbxs(reader)
        yield from _endpoints(reader)
        try:
            planned = plans(ctx.find_root().params["config"], _database(ctx))
        except HealthmonError:
            # A mistake in the configuration takes only the names of sites away.
            planned = Plans()
        site_of = sites_of(Sites(planned.sites), reader.last_places())
        sites = sorted({site_of(about.target, about.kind) for about in _watched(reader)}, key=natural)
        yield from ((f"site={site}", "site") for site in sites if site)

    return _offered(ctx, typed, find)


def incidents(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Incidents: what lasts, then the newest that are over."""
    return _offered(ctx, typed, _incidents)


def silences(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """Silences that are not over."""
    return _offered(
        ctx, typed, lambda reader, _where: ((str(each.id), str(each.matcher)) for each in reader.silences(0.0))
    )


def _offered(
    ctx: click.Context, typed: str, find: Callable[[Reader, DatabaseSettings], Iterable[tuple[str, str]]]
) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415  (only for a shell that asks)

    # The program that would note its configuration is not run while a shell asks.
    config = ctx.find_root().params["config"]
    try:
        where = database_settings(config, _database(ctx))
        become_owner(where.database)
        with open_reader(where.database) as reader:
            found = dict(find(reader, where))
    except Exception:  # noqa: BLE001  (also where a value of a damaged database is none that could be)
        return []
    # What is said of it is not typed, but shown.
    return [
        CompletionItem(word, help=visible(about))
        for word, about in found.items()
        if word.startswith(typed) and PLAIN.fullmatch(word)
    ]


def _database(ctx: click.Context) -> Path | None:
    """Which database was given on the line that is typed."""
    given = ctx.params.get("database")
    if given:
        return Path(given)
    return None


def _watched(reader: Reader) -> Iterator[KnownTarget]:
    return (about for about in reader.known_targets() if about.forgotten_at is None)


def _endpoints(reader: Reader) -> Iterator[tuple[str, str]]:
    return ((about.target.endpoint, str(about.kind)) for about in _watched(reader) if about.target.is_endpoint)


def _pbxs(reader: Reader) -> Iterator[tuple[str, str]]:
    return ((about.target.pbx, "PBX") for about in _watched(reader) if about.target.is_pbx)


def _incidents(reader: Reader, where: DatabaseSettings) -> Iterator[tuple[str, str]]:
    """Say of each ``DOWN provider PJSIP/telekom on office since 14:02:11``, and of what is over until when."""
    now, names = time.time(), reader.names(where.names)
    last = reader.last_incident_number()
    newest = map(reader.incident, range(last, max(last - NEWEST, 0), -1))
    for incident in (*reversed(reader.open_incidents()), *newest):
        if incident is None:
            continue
        since = f"since {local(incident.since, where.timezone, now)}"
        if incident.closed_at is not None:
            since += f" until {local(incident.closed_at, where.timezone, now)}"
        yield str(incident.id), f"{state_word(incident).upper()} {incident_name(incident, names)} {since}"
