"""``healthmon incident``: the whole story of one incident."""

from __future__ import annotations

import time
from pathlib import Path

import click

from healthmon.cli import completing
from healthmon.cli.common import NUMBER, database_option, database_settings, screen
from healthmon.owners import become_owner
from healthmon.report.json_text import json_text
from healthmon.report.timeline.for_provider import outage_of, provider_text
from healthmon.report.timeline.story import story_data, story_of, story_text
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import OrderRefused


@click.command("incident")
@click.argument("number", metavar="ID", type=NUMBER, shell_complete=completing.incidents)
@click.option("--for-provider", is_flag=True, help="Only a text for the ticket at the provider of a trunk.")
@click.option("--with-addresses", is_flag=True, help="Leave addresses of our own network in that text.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@database_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    number: int,
    for_provider: bool,
    with_addresses: bool,
    as_json: bool,
    database: Path | None,
) -> None:
    """Tell the whole story of an incident: every change, who was told what and when, or why nobody was told."""
    if for_provider and as_json:
        raise click.UsageError("--for-provider writes a text; --json is not for it.")
    if with_addresses and not for_provider:
        raise click.UsageError("--with-addresses goes with --for-provider.")
    where, now = database_settings(ctx.obj, database), time.time()
    become_owner(where.database)
    with open_reader(where.database) as reader:
        incident = reader.incident(number)
        if incident is None:
            raise OrderRefused(f"there is no incident {number}; healthmon incidents shows the newest")
        names = reader.names(where.names)
        if for_provider:
            outage = outage_of(reader, incident, now, names)
            click.echo(provider_text(outage, where.timezone, now, with_addresses=with_addresses), nl=False)
            return
        story = story_of(reader, incident, now, names)
    if as_json:
        click.echo(json_text(story_data(story)))
    else:
        click.echo(story_text(story, where.timezone, screen(), now), nl=False)
