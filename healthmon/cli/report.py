"""``healthmon report``: how available everything was, and the incidents."""

from __future__ import annotations

import time
from pathlib import Path

import click

from healthmon.cli.common import database_option, place, screen
from healthmon.model import Kind
from healthmon.report.accounts import Choice
from healthmon.report.looking import Asked, account_of
from healthmon.report.report_data import incidents_csv, report_json, targets_csv
from healthmon.report.report_text import report_text
from healthmon.report.window import DEFAULT_SINCE, window
from healthmon.store.queries import open_reader


@click.command("report")
@click.option("--since", metavar="DURATION", help=f"The last 7d, 24h, 30m … before --to.  [default: {DEFAULT_SINCE}]")
@click.option("--from", "from_", metavar="DATE", help="From this date, or time like '2026-05-01 14:00', on.")
@click.option("--to", metavar="DATE", help="Up to this time, or to the end of this date.  [default: now]")
@click.option("--pbx", "pbxs", multiple=True, metavar="PATTERN", help="Only these PBXs and what is behind them.")
@click.option("--watch", "watches", multiple=True, metavar="PATTERN", help="Only what these watch sections watch.")
@click.option(
    "--endpoint",
    "endpoints",
    multiple=True,
    metavar="PATTERN",
    help="Only these endpoints: 'PJSIP/1*', or '1*' for any technology.",
)
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in Kind]), help="Only this kind of target."
)
@click.option("--incidents", "with_incidents", is_flag=True, help="List the incidents too (as CSV: instead).")
@click.option("--all", "everything", is_flag=True, help="List everything also in a table.")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", help="JSON: see docs/json.md."
)
@database_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    since: str | None,
    from_: str | None,
    to: str | None,
    form: str,
    with_incidents: bool,
    everything: bool,
    database: Path | None,
    **chosen: tuple[str, ...],
) -> None:
    """Show how available everything was: worst first, outages, time down and unknown.

    Time in which a target could not be seen is unknown: it counts neither for nor against it. Patterns are the
    shell's, in quotes; an option may be given several times.
    """
    where, now, choice = place(ctx.obj, database), time.time(), Choice(**chosen)
    asked = window(since=since, from_=from_, to=to, zone=where.timezone, now=now)
    with open_reader(where.database) as reader:
        found = account_of(reader, Asked(asked, choice), now)
    if form == "json":
        click.echo(report_json(found))
    elif form == "csv":
        click.echo(incidents_csv(found) if with_incidents else targets_csv(found), nl=False)
    else:
        text = report_text(found, where.timezone, screen(), with_incidents=with_incidents, everything=everything)
        click.echo(text, nl=False)
