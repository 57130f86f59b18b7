"""``healthmon check``: a plugin of Nagios, Icinga and Checkmk (docs/nagios.md)."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from healthmon.cli.common import database_option, database_settings
from healthmon.cli.selecting import selection_options
from healthmon.errors import HealthmonError
from healthmon.model import ENDPOINT_CHECKS
from healthmon.owners import become_owner
from healthmon.publish.nagios import CheckRequest, PluginOutput, plugin_output, unknown
from healthmon.publish.thresholds import BadRange, Range, range_of
from healthmon.report.availability.selection import Selection, in_vain
from healthmon.report.status.query import read_status
from healthmon.report.target_names import by_numbers
from healthmon.store.read.queries import open_reader


class PluginCommand(click.Command):
    """A command whose every end is one that a monitoring system understands: what goes wrong is UNKNOWN."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        """Read the arguments."""
        try:
            return super().make_context(*arguments, **more)
        except click.UsageError as error:
            _end(unknown(error.format_message()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except HealthmonError as error:
            _end(unknown("; ".join(str(error).splitlines())))
        except click.exceptions.Exit:
            raise
        except Exception as error:  # noqa: BLE001  (whoever runs it takes a traceback for a warning)
            _end(unknown(f"{type(error).__name__}: {error}; healthmon db check looks whether the database is damaged"))


class RangeType(click.ParamType[Range]):
    """A threshold in the form of the Monitoring Plugins."""

    name = "range"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Range:
        """Read it. Raises BadParameter."""
        if isinstance(value, Range):
            return value
        try:
            return range_of(str(value))
        except BadRange as error:
            self.fail(str(error), param, ctx)


def _end(said: PluginOutput) -> NoReturn:
    click.echo(said.text)
    raise click.exceptions.Exit(said.state)


@click.command("check", cls=PluginCommand)
@selection_options
@click.option(
    "--check", "check", type=click.Choice(list(ENDPOINT_CHECKS)), help="Of endpoints only this check, and no PBX."
)
@click.option(
    "-w", "--warning", type=RangeType(), default="0", metavar="N", help="More down or degraded: warning.  [default: 0]"
)
@click.option("-c", "--critical", type=RangeType(), default="0", metavar="N", help="More down: critical.  [default: 0]")
@database_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    pbxs: tuple[str, ...],
    watches: tuple[str, ...],
    endpoints: tuple[str, ...],
    check: str | None,
    warning: Range,
    critical: Range,
    database: Path | None,
) -> None:
    """Say how things stand, as a plugin of Nagios, Icinga or Checkmk does: a line, figures, an exit code.

    Names may be patterns, --endpoint also what people call one, and options may be given several times. What is
    silenced or in maintenance does not count.
    Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN: the arguments are wrong, or nobody knows how things stand.
    """
    where = database_settings(ctx.obj, database)
    become_owner(where.database)
    with open_reader(where.database) as reader:
        known, names = reader.known_targets(), partial(reader.names, where.names)
        selection = by_numbers(Selection(pbxs, watches, endpoints), known, names)
        vain = in_vain(selection, known)
        if vain:
            _end(unknown(vain[0]))
        status = read_status(reader, time.time(), where.names)
    _end(plugin_output(status, CheckRequest(selection, check or "", warning, critical), where.timezone))
