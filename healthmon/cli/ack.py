"""``healthmon ack``: somebody knows of this incident; no more reminders."""

from __future__ import annotations

import time
from pathlib import Path

import click

from healthmon.cli import completing
from healthmon.cli.common import NUMBER, author, database_option, database_settings
from healthmon.owners import become_owner
from healthmon.report.formatting import incident_name, visible
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander


@click.command("ack")
@click.argument("number", metavar="INCIDENT", type=NUMBER, shell_complete=completing.incidents)
@click.option("--reason", default="", help="For the others: who does what about it.")
@database_option
@click.pass_context
def command(ctx: click.Context, *, number: int, reason: str, database: Path | None) -> None:
    """Take note of an incident: it is not reminded of any more. That it is over will still be told."""
    where, by = database_settings(ctx.obj, database), author()
    become_owner(where.database)
    with open_commander(where.database) as commander:
        incident = commander.acknowledge(number, at=time.time(), author=by, reason=reason)
    with open_reader(where.database) as reader:
        name = incident_name(incident, reader.names(where.names, [incident.target]))
    click.echo(visible(f"incident {number} ({name}) is acknowledged: no more reminders."))
