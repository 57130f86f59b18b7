"""``healthmon ack``: somebody knows of this incident; no more reminders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click
from msgspec.structs import replace

from healthmon.cli import completing
from healthmon.cli.common import NUMBER, author, by_option, database_option, database_settings, json_option
from healthmon.owners import become_owner
from healthmon.report.availability.data import incident_data
from healthmon.report.formatting import incident_name, visible
from healthmon.report.json_text import json_text
from healthmon.report.target_names import BadTarget, find_target, short_name
from healthmon.store.read.queries import Reader, open_reader
from healthmon.store.write.orders import open_commander


@click.command("ack")
@click.argument("incident", metavar="INCIDENT", shell_complete=completing.incidents)
@click.option("--reason", default="", help="For the others: who does what about it.")
@by_option
@json_option
@database_option
@click.pass_context
def command(
    ctx: click.Context, *, incident: str, reason: str, by: str | None, as_json: bool, database: Path | None
) -> None:
    """Take note of an incident: it is not reminded of any more. That it is over will still be told.

    INCIDENT is its number; or, while nothing else is wrong with it, what it is about: PJSIP/101, or as people call it.
    """
    where, by, now = database_settings(ctx.obj, database), by or author(), time.time()
    become_owner(where.database)
    if incident.isdecimal():
        number = NUMBER.convert(incident, None, ctx)
    else:
        with open_reader(where.database) as reader:
            number = _number_of(incident, reader, where.names)
    with open_commander(where.database) as commander:
        acknowledged = commander.acknowledge(number, at=now, author=by, reason=reason)
    with open_reader(where.database) as reader:
        names = reader.names(where.names, [acknowledged.target])
        # The daemon books it within half a second.
        booked = replace(acknowledged, acked_at=now, acked_by=by, ack_reason=reason or acknowledged.ack_reason)
        booked = reader.with_unseen(booked, now)
    if as_json:
        click.echo(json_text(incident_data(booked, names)))
    else:
        name = incident_name(acknowledged, names)
        click.echo(visible(f"incident {number} ({name}) is acknowledged: no more reminders."))


def _number_of(words: str, reader: Reader, given: Mapping[str, str]) -> int:
    """The number of the one incident that lasts of what is called so. Raises BadTarget: there is none, or several."""
    target = find_target(words, reader.known_targets(), reader.names(given)).target
    lasting = [incident for incident in reader.open_incidents() if incident.target == target]
    if len(lasting) == 1:
        return lasting[0].id
    name = visible(short_name(target))
    if not lasting:
        raise BadTarget(
            f"{name}: there is no incident of it that lasts; healthmon incidents --open shows those that do"
        )
    each = ", ".join(f"{incident.id} ({incident.check})" for incident in lasting)
    raise BadTarget(f"{name}: {len(lasting)} incidents of it last: {each}; give the number of one")
