"""``healthmon incidents``: what lasts, and what was lately."""

from __future__ import annotations

import time
from pathlib import Path

import click

from healthmon.cli.common import database_option, database_settings, screen
from healthmon.owners import become_owner
from healthmon.report.availability.data import incident_data
from healthmon.report.availability.text import incidents_table
from healthmon.report.json_text import json_text
from healthmon.report.window import window
from healthmon.store.read.queries import open_reader


@click.command("incidents")
@click.option("--open", "only_open", is_flag=True, help="Only those that last.")
@click.option("--all", "everything", is_flag=True, help="Also those that a listed one explains.")
@click.option("--since", metavar="DURATION", help="Those of the last 7d, 24h, 30m …  [default: 7d]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@database_option
@click.pass_context
def command(
    ctx: click.Context, *, only_open: bool, everything: bool, since: str | None, as_json: bool, database: Path | None
) -> None:
    """List the incidents, newest first: what, since when, why, who took note, why nobody was told."""
    where, now = database_settings(ctx.obj, database), time.time()
    asked = window(since=since, from_=None, to=None, zone=where.timezone, now=now)
    become_owner(where.database)
    with open_reader(where.database) as reader:
        # An incident of this very moment overlaps no time yet.
        found = reader.open_incidents() if only_open else reader.incidents(asked[0], asked[1] + 1)
        found = [reader.with_unseen(incident, now) for incident in reversed(found)]
        names = reader.names(where.names)
    if as_json:
        click.echo(json_text([incident_data(incident, names) for incident in found]))
    else:
        text = incidents_table(found, now, where.timezone, screen(), everything=everything, names=names)
        click.echo(text, nl=False)
