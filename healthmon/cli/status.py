"""``healthmon status``: what is believed now, worst first, why, and how fresh it is."""

from __future__ import annotations

import time
from pathlib import Path

import click
from msgspec.structs import replace

from healthmon.cli.common import database_option, database_settings, plans, screen
from healthmon.config.plans import Plans
from healthmon.errors import ConfigError
from healthmon.owners import become_owner
from healthmon.report.json_text import json_text
from healthmon.report.status.data import status_data
from healthmon.report.status.pending_sites import pending_sites
from healthmon.report.status.query import read_status
from healthmon.store.read.queries import open_reader


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@click.option("--down", "only_down", is_flag=True, help="List only what is down.")
@click.option("--all", "everything", is_flag=True, help="List everything one by one, phones never seen up too.")
@database_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, only_down: bool, everything: bool, database: Path | None) -> None:
    """Show what is up, degraded, down or unknown now: worst first, why, since when.

    Of more than 50 endpoints those are listed that are not up. Exit code: 0 nothing is down, 1 something is, or
    only we cannot see a PBX, 3 what is shown is stale: no daemon runs, it does nothing, or nobody knows how a PBX is.
    """
    where = database_settings(ctx.obj, database)
    become_owner(where.database)
    with open_reader(where.database) as reader:
        lists_all = as_json or everything
        found = read_status(reader, time.time(), where.names, lists_all=lists_all, with_round_trips=True)
        sites = pending_sites(found, reader, lambda: _plans(ctx.obj, database))
        found = replace(found, pending_sites=sites)
    targets = found.remarkable
    if only_down:
        targets = found.alarms
    elif lists_all:
        targets = found.targets
    data = status_data(found, targets)
    if as_json:
        click.echo(json_text(data))
    else:
        from healthmon.report.status.layout import StatusLayout  # noqa: PLC0415  (JSON does not need it, nor the next)
        from healthmon.report.status.text import status_text  # noqa: PLC0415

        click.echo(status_text(data, StatusLayout(only_down, everything), where.timezone, screen()), nl=False)
    ctx.exit(found.exit_code)


def _plans(config: Path, database: Path | None) -> Plans:
    """What the configuration calls a site; a mistake there stops nobody from looking."""
    try:
        return plans(config, database)
    except ConfigError:
        return Plans()
