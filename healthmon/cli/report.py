"""``healthmon report``: how available everything was, and the incidents."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec
from msgspec.structs import replace

from healthmon.cli.common import (
    Number,
    Percentage,
    as_of_moment,
    as_of_option,
    database_option,
    database_settings,
    plans,
    screen,
)
from healthmon.cli.output import form_of_file, is_seen, output_option, output_to
from healthmon.cli.selecting import selection_options
from healthmon.cli.waiting import ShownProgress
from healthmon.errors import ExitCode
from healthmon.history.figures import UnknownAs
from healthmon.model import EVERYTHING, Kind, Scope
from healthmon.report.availability.account import Account, By, Counting
from healthmon.report.availability.forms import FORMS, Layout, listing, pieces
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.availability.selection import Selection, in_vain
from healthmon.report.tables import Screen
from healthmon.report.target_names import by_numbers
from healthmon.report.window import DEFAULT_SINCE, BadWindow, Last, last_period, window
from healthmon.store.read.queries import open_reader
from healthmon.store.read.scoped import reader_in
from healthmon.times.spans import Span

#: How files of each form are called.
_ENDINGS = {".csv": "csv", ".json": "json", ".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}


class ScopeText(click.ParamType[Scope]):
    """What whoever the report is for may see: the web process gives it, as JSON."""

    name = "scope"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Scope:
        """Read it."""
        if isinstance(value, Scope):
            return value
        try:
            return msgspec.json.decode(value, type=Scope)
        except msgspec.MsgspecError as error:
            self.fail(f"{error}", param, ctx)


@click.command("report")
@click.option(
    "--since",
    metavar="DURATION",
    help=f"The last 7d, 24h, 30m … before --to; or like --from.  [default: {DEFAULT_SINCE}]",
)
@click.option("--from", "from_", metavar="DATE", help="From this date, or time like '2026-05-01 14:00', on.")
@click.option("--to", "--until", metavar="DATE", help="Up to this time, or to the end of this date.  [default: now]")
@click.option("--last-week", is_flag=True, help="The last whole week, from Monday on.")
@click.option("--last-month", is_flag=True, help="The last whole month.")
@selection_options
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in Kind]), help="Only this kind of target."
)
@click.option(
    "--by",
    type=click.Choice([by.value for by in By]),
    default="target",
    show_default=True,
    help="What there is a line for.",
)
@click.option("--top", metavar="N", type=Number(min=1), help="List the N worst, and no more.")
@click.option(
    "--sla",
    metavar="PERCENT",
    type=Percentage(),
    help="What was promised, like 99.9: mark who missed it, exit 1 if anybody did.",
)
@click.option(
    "--count-unknown-as",
    "unknown_as",
    type=click.Choice([way.value for way in UnknownAs]),
    default="exclude",
    show_default=True,
    help="What time that nobody saw counts as.",
)
@click.option("--exclude-maintenance", is_flag=True, help="Leave out what happened within maintenance windows.")
@click.option("--incidents", "with_incidents", is_flag=True, help="List the incidents too (as CSV: instead).")
@click.option(
    "--with-notes", is_flag=True, help="Say who acknowledged an incident, and their note; JSON and CSV always do."
)
@click.option("--all", "everything", is_flag=True, help="List everything also in a table.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMS)),
    help="html: one file, with pictures, to print or to send. JSON: see docs/json.md.  "
    "[default: by the name of -o, or table]",
)
@click.option(
    "--scope", type=ScopeText(), default=EVERYTHING, hidden=True, help="What the reader may see; for the web process."
)
@as_of_option
@output_option
@database_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    since: str | None,
    from_: str | None,
    to: str | None,
    last_week: bool,
    last_month: bool,
    by: str,
    top: int | None,
    sla: float | None,
    unknown_as: str,
    exclude_maintenance: bool,
    with_incidents: bool,
    with_notes: bool,
    everything: bool,
    form: str | None,
    scope: Scope,
    as_of: str | None,
    output: Path | None,
    database: Path | None,
    **chosen: tuple[str, ...],
) -> None:
    """Show how available everything was: worst first, outages, time down and unknown.

    Time in which a target could not be seen is unknown: it counts neither for nor against it. Patterns are the
    shell's, in quotes, --endpoint also what people call one; an option may be given several times. Exit code with
    --sla: 1 somebody missed it, 3 nobody can tell; 3 also where a pattern matches nothing that was ever watched.
    """
    where = database_settings(ctx.obj, database)
    form = form or form_of_file(output, _ENDINGS, "table")
    now = as_of_moment(as_of, where.timezone)
    last = _last(week=last_week, month=last_month)
    seen_on = screen() if output is None else Screen(width=None)
    look = Layout(where.timezone, seen_on, with_incidents, everything, top, now, with_notes)
    asked = ReportRequest(
        window=_window(since, from_, to, last, zone=where.timezone, now=now),
        selection=Selection(**chosen),
        by=By(by),
        counting=Counting(UnknownAs(unknown_as), exclude_maintenance, None if sla is None else sla / 100),
        zone=where.timezone,
        listing=listing(form, look),
        with_pictures=form == "html",
        with_checks=form in ("html", "json"),
    )
    planned = plans(ctx.obj, database)
    seen = is_seen(output)
    with output_to(output, where.database) as file, ShownProgress() as waiting:
        with open_reader(where.database) as opened:
            reader = reader_in(opened, scope)
            known = () if asked.selection.is_everything else reader.known_targets()
            selection = by_numbers(asked.selection, known, partial(reader.names, where.names))
            asked = replace(asked, selection=selection)
            found = account_of(reader, asked, now, plans=planned, progress=waiting)
            unmatched = in_vain(selection, known)
        waiting.stage("Writing the report")
        for piece in pieces(found, form, look):
            if seen:
                waiting.end()
            file.write(piece.encode())
    for sentence in unmatched:
        click.echo(f"healthmon: {sentence}", err=True)
    ctx.exit(_exit_code(found, unmatched))


def _exit_code(found: Account, unmatched: Sequence[str]) -> int:
    """Say whether a promise was kept; nobody can tell where nothing is known, or a pattern matches nothing."""
    is_promised = found.counting.promised is not None
    if found.missed:
        return ExitCode.PROBLEM
    if is_promised and (unmatched or not found.known):
        return ExitCode.STALE
    if unmatched and not found.lines:
        return ExitCode.STALE
    return ExitCode.OK


def check_times(given: Mapping[str, Any]) -> None:
    """Check the options that say which time a report is about; they are as click gives them. Raises BadWindow."""
    last = _last(week=given["last_week"], month=given["last_month"])
    _window(given["since"], given["from_"], given["to"], last, zone=ZoneInfo("UTC"), now=time.time())


def _last(*, week: bool, month: bool) -> Last | None:
    if week and month:
        raise BadWindow("--last-week and --last-month are two reports; give one of them")
    if week:
        return Last.WEEK
    if month:
        return Last.MONTH
    return None


def _window(
    since: str | None, from_: str | None, to: str | None, last: Last | None, *, zone: ZoneInfo, now: float
) -> Span:
    """Say from when to when. Raises BadWindow."""
    if last is None:
        return window(since=since, from_=from_, to=to, zone=zone, now=now)
    others = [name for name, given in (("--since", since), ("--from", from_), ("--to", to)) if given is not None]
    if others:
        raise BadWindow(f"--last-{last} and {others[0]} both say what time the report is about; give one of them")
    return last_period(last, zone, now)
