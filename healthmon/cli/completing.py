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

from healthmon.cli.common import database_settings
from healthmon.config.loading.database_settings import DatabaseSettings
from healthmon.owners import become_owner
from healthmon.report.formatting import incident_name, local, state_word
from healthmon.store.read.known_targets import KnownTarget
from healthmon.store.read.queries import Reader, open_reader
from healthmon.text.visible import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: A shell would run, divide or tear what else a name may hold, and names come from strangers: it has to be typed.
PLAIN = re.compile(r"[\w./:@+=-]+", re.ASCII)
#: So many incidents are offered, the newest first.
NEWEST = 50


def targets(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """PBXs and endpoints; an endpoint that several PBXs have is offered as it is, too."""
    return _offered(ctx, typed, lambda reader, _where: [*_pbxs(reader), *_endpoints(reader)])


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
    return _offered(ctx, typed, lambda reader, _where: [*_pbxs(reader), *_endpoints(reader), *_sites(reader)])


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
    config, given = ctx.find_root().params["config"], ctx.params.get("database")
    try:
        where = database_settings(config, Path(given) if given else None)
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


def _watched(reader: Reader) -> Iterator[KnownTarget]:
    return (about for about in reader.known_targets() if about.forgotten_at is None)


def _endpoints(reader: Reader) -> Iterator[tuple[str, str]]:
    return ((about.target.endpoint, str(about.kind)) for about in _watched(reader) if about.target.is_endpoint)


def _pbxs(reader: Reader) -> Iterator[tuple[str, str]]:
    return ((about.target.pbx, "PBX") for about in _watched(reader) if about.target.is_pbx)


def _sites(reader: Reader) -> Iterator[tuple[str, str]]:
    for incident in reader.open_incidents():
        if incident.kind.is_group:
            yield f"site={incident.target.resource}", incident.name


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
