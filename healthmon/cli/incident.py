"""``healthmon incident``: the whole story of one incident."""

from __future__ import annotations

import time
from pathlib import Path

import click

from healthmon.cli import completing
from healthmon.cli.common import NUMBER, database_option, database_settings, screen
from healthmon.owners import become_owner
from healthmon.report.json_text import json_text
from healthmon.report.timeline.story import story_data, story_of, story_text
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import OrderRefused


@click.command("incident")
@click.argument("number", metavar="ID", type=NUMBER, shell_complete=completing.incidents)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@database_option
@click.pass_context
def command(ctx: click.Context, *, number: int, as_json: bool, database: Path | None) -> None:
    """Tell the whole story of an incident: every change, who was told what and when, or why nobody was told."""
    where, now = database_settings(ctx.obj, database), time.time()
    become_owner(where.database)
    with open_reader(where.database) as reader:
        incident = reader.incident(number)
        if incident is None:
            raise OrderRefused(f"there is no incident {number}; healthmon incidents shows the newest")
        story = story_of(reader, incident, now, reader.names(where.names))
    if as_json:
        click.echo(json_text(story_data(story)))
    else:
        click.echo(story_text(story, where.timezone, screen(), now), nl=False)
