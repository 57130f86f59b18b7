"""``healthmon silence``: for a time nobody is told of something; it is watched and recorded all the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from healthmon.cli import completing
from healthmon.cli.common import (
    NUMBER,
    author,
    by_option,
    database_option,
    database_settings,
    json_option,
    plans,
    screen,
)
from healthmon.cli.groups import GuessingGroup
from healthmon.config.plans import Plans
from healthmon.core.grouping.sites import Sites
from healthmon.model import DisplayNames, Matcher, Target
from healthmon.owners import become_owner
from healthmon.report.admin.fields import AddedSilenceFields
from healthmon.report.admin.silence_arguments import matcher_of, until_of
from healthmon.report.admin.silences import silence_data
from healthmon.report.availability.measure import sites_of
from healthmon.report.formatting import counted, full, full_name, visible
from healthmon.report.json_text import json_text
from healthmon.report.tables import Cell, Column, Sort, line, table
from healthmon.report.target_names import by_number
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander
from healthmon.text.callerid import beside

#: What a silence speaks of is named if it is not more than so many things.
_NAMED = 3


@click.group("silence", cls=GuessingGroup)
def command() -> None:
    """For a time tell nobody of something. It is watched and recorded; what is still down at the end is told then."""


@command.command("add")
@click.argument("match", nargs=-1, required=True, metavar="MATCH...", shell_complete=completing.matches)
@click.option("--for", "lasting", metavar="DURATION", help="For 30m, 2h, 1d.")
@click.option("--until", metavar="TIME", help="Until 18:00, or '2026-05-01 14:00', or the end of a date.")
@click.option("--reason", default="", help="For the others: why.")
@by_option
@json_option
@database_option
@click.pass_context
def add(
    ctx: click.Context,
    *,
    match: tuple[str, ...],
    lasting: str | None,
    until: str | None,
    reason: str,
    by: str | None,
    as_json: bool,
    database: Path | None,
) -> None:
    """Silence what matches: 101, PJSIP/1*, office:PJSIP/101, office, site=203.0.113.7, kind=phone, watch=…, or all.

    A name is that of a PBX or an endpoint, or what people call one; pbx=… and endpoint=… say which. Patterns are the
    shell's, in quotes. Several of one sort are alternatives; different sorts must all fit.
    """
    where, now = database_settings(ctx.obj, database, is_strict=True), time.time()
    planned, by = plans(ctx.obj, database), by or author()
    become_owner(where.database)
    with open_reader(where.database) as reader:
        pbxs = {state.target.pbx for state in reader.states()}
        known, names = reader.known_targets(), partial(reader.names, where.names)
        matcher = matcher_of(match, pbxs, lambda word: by_number(word, known, names))
    end = until_of(lasting, until, zone=where.timezone, now=now)
    with open_commander(where.database) as commander:
        silence = commander.silence(matcher, since=now, until=end, author=by, reason=reason, by_wall=until is not None)
    matching = _matching(where.database, matcher, planned)
    if as_json:
        added: AddedSilenceFields = {**silence_data(silence), "matching": len(matching)}
        click.echo(json_text(added))
        return
    click.echo(f"silence {silence.id} until {full(end, where.timezone)}: {visible(str(matcher))}.")
    if matching:
        with open_reader(where.database) as reader:
            called = reader.names(where.names, matching)
        click.echo(visible(_speaks_of(matching, called)))
    else:
        click.echo("Nothing that is watched now matches it; healthmon status --all shows the names.", err=True)
    click.echo(f"To end it early: healthmon silence end {silence.id}")


def _speaks_of(matching: Sequence[Target], names: DisplayNames) -> str:
    """Say of how many things a silence speaks; of a few also which, if people call them otherwise than Asterisk."""
    verb, which = "are", ""
    if len(matching) == 1:
        verb = "is"
    if len(matching) <= _NAMED and any(map(names.of, matching)):
        which = f": {', '.join(full_name(target, names) for target in matching)}"
    return f"It speaks of {counted(len(matching), 'thing')} that {verb} watched now{which}."


def _matching(database: Path, matcher: Matcher, planned: Plans) -> list[Target]:
    """Find what is watched now, and matches, by name."""
    with open_reader(database) as reader:
        states, site_of = reader.states(), sites_of(Sites(planned.sites), reader.last_places())
    sites = {state.target: site_of(state.target, state.kind) for state in states}
    return sorted(
        {
            state.target
            for state in states
            if matcher.matches(state.target, state.kind, state.watch, sites[state.target])
        }
    )


@command.command("list")
@json_option
@database_option
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool, database: Path | None) -> None:
    """List the silences that are in force."""
    where, planned = database_settings(ctx.obj, database, is_strict=True), plans(ctx.obj, database)
    become_owner(where.database)
    with open_reader(where.database) as reader:
        silences, names = reader.silences(time.time()), reader.names(where.names)
    called = {}
    if names:
        called = {
            silence.id: _called(_matching(where.database, silence.matcher, planned), names) for silence in silences
        }
    if as_json:
        click.echo(json_text([silence_data(silence, called.get(silence.id, "")) for silence in silences]))
    elif not silences:
        click.echo(line("No silence is in force.", screen()), nl=False)
    else:
        columns = [Column("NO.", Sort.NUMBER), Column("UNTIL"), Column("WHAT", Sort.NAME), Column("BY")]
        rows = [
            [
                Cell(str(silence.id)),
                Cell(full(silence.until, where.timezone)),
                Cell(beside(str(silence.matcher), called.get(silence.id, ""))),
                Cell(silence.author),
                Cell(silence.reason),
            ]
            for silence in silences
        ]
        click.echo(table([*columns, Column("WHY", Sort.PROSE)], rows, screen()), nl=False)


def _called(matching: Sequence[Target], names: DisplayNames) -> str:
    """What people call the one thing that a silence speaks of; "": it speaks of several, or that has no other name."""
    if len(matching) == 1:
        return names.of(matching[0])
    return ""


@command.command("end")
@click.argument("number", metavar="ID", type=NUMBER, shell_complete=completing.silences)
@json_option
@database_option
@click.pass_context
def end(ctx: click.Context, *, number: int, as_json: bool, database: Path | None) -> None:
    """End a silence now: what is still down is told."""
    where = database_settings(ctx.obj, database, is_strict=True)
    become_owner(where.database)
    with open_commander(where.database) as commander:
        silence = commander.end_silence(number, time.time())
    if as_json:
        click.echo(json_text(silence_data(silence)))
        return
    click.echo(visible(f"silence {number} is over: {silence.matcher}. What is still down is told now."))
