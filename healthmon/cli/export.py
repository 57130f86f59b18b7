"""``healthmon export``: what happened, row by row, for those who bring their own tools."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from healthmon.cli.common import database_option, database_settings
from healthmon.cli.output import form_of_file, output_option, output_to
from healthmon.report.admin.export import FORMATS, with_names
from healthmon.report.window import span
from healthmon.store.read.export_pages import EXPORTS, pages
from healthmon.store.read.queries import open_reader

#: How files of each form are called.
_ENDINGS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@click.command("export")
@click.option("--what", type=click.Choice(list(EXPORTS)), default="transitions", show_default=True, help="Which rows.")
@click.option(
    "--since", metavar="TIME", help="The last 7d, 24h …, or from a date or time on.  [default: all that is kept]"
)
@click.option("--until", metavar="TIME", help="Up to this time, or to the end of this date.  [default: now]")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="See docs/export.md.  [default: by the name of -o, or csv]",
)
@output_option
@database_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    what: str,
    since: str | None,
    until: str | None,
    form: str | None,
    output: Path | None,
    database: Path | None,
) -> None:
    """Write what happened, row by row, for other programs: CSV, JSON lines, or Parquet.

    Rows come in the order in which they were booked; times are RFC 3339 in UTC. The columns stand in docs/export.md.
    """
    where, now = database_settings(ctx.obj, database), time.time()
    window = span(since=since, until=until, zone=where.timezone, now=now)
    start = 0.0 if since is None else window[0]
    form = form or form_of_file(output, _ENDINGS, "csv")
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is nothing for a terminal; say where it goes with -o FILE")
    count = 0
    with output_to(output, where.database) as file:
        with open_reader(where.database) as reader:
            columns, add_names = with_names(EXPORTS[what].columns, reader.names(where.names))
        with FORMATS[form](file, columns) as write:
            for rows in pages(where.database, what, start, window[1]):
                write(add_names(rows))
                count += len(rows)
    if output is not None:
        click.echo(f"{output}: {count:,} {what}", err=True)
