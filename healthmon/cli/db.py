"""``healthmon db``: look after the database."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from healthmon.cli.common import database_option, database_settings, doing, screen
from healthmon.cli.groups import GuessingGroup
from healthmon.config.loading.load import load
from healthmon.config.values import NAMES, duration, is_name
from healthmon.errors import ConfigError, ExitCode
from healthmon.housekeeping import CLOCKS_AGREE, ahead_of_ours
from healthmon.owners import become_owner
from healthmon.report.admin.database_text import (
    backup_text,
    checkup_data,
    checkup_text,
    pruned_text,
    sizes_data,
    sizes_text,
)
from healthmon.report.admin.growth import outlook
from healthmon.report.availability.daily_readings import Roller
from healthmon.report.formatting import counted, visible
from healthmon.report.json_text import json_text
from healthmon.sources.survey import clock_of
from healthmon.store.read.sizes import read_sizes
from healthmon.store.sqlite.backup import back_up
from healthmon.store.sqlite.checkup import check_up
from healthmon.store.write.maintenance import open_for_maintenance
from healthmon.store.write.orders import open_commander
from healthmon.store.write.pruning import Cuts

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")


def _how_long(_ctx: click.Context, _option: click.Parameter, value: str | None) -> float | None:
    """Read a duration that an option gives."""
    try:
        if value is None:
            return None
        return duration("1d", "100y")(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _a_name(_ctx: click.Context, _argument: click.Parameter, value: str) -> str:
    """Take only what a section of the configuration may be called."""
    if not is_name(value):
        raise click.BadParameter(f"{value}: {NAMES}")
    return value


@click.group("db", cls=GuessingGroup)
def command() -> None:
    """Look after the database: check, measure, copy or prune it, rename a PBX in it, confirm the time."""


@command.command("check")
@_json_option
@database_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool, database: Path | None) -> None:
    """Look for damage: in the file, and in what its rows say of each other. Exits with 1 if there is some.

    The daemon may run meanwhile. A database of a gigabyte takes some minutes.
    """
    where = database_settings(ctx.obj, database, is_strict=True)
    become_owner(where.database)
    with doing("looking through") as say:
        found = check_up(where.database, say)
    if as_json:
        _print_json(checkup_data(found))
    else:
        click.echo(checkup_text(found, screen()), nl=False)
    ctx.exit(ExitCode.PROBLEM if found.findings else ExitCode.OK)


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@database_option
@click.pass_context
def backup(ctx: click.Context, *, file: Path, overwrite: bool, database: Path | None) -> None:
    """Save a copy of this moment as FILE, and look through it. The daemon may run meanwhile.

    FILE appears when it is whole. To go back to it: stop the daemon, put it in the database's place, start.
    """
    if str(file) == "-":
        raise click.UsageError("A copy of the database needs a name; it cannot be written to standard output.")
    with doing("copying") as say:
        made = back_up(
            database_settings(ctx.obj, database, is_strict=True).database,
            file,
            overwrite=overwrite,
            on_progress=lambda done, total: say(f"{done / max(total, 1):.0%}"),
        )
    click.echo(backup_text(made, screen()), nl=False)


@command.command("stats")
@_json_option
@database_option
@click.pass_context
def stats(ctx: click.Context, *, as_json: bool, database: Path | None) -> None:
    """Show how large each table is, how it grows, and when the disk is full at this rate."""
    where, now = database_settings(ctx.obj, database, is_strict=True), time.time()
    become_owner(where.database)
    with doing("measuring") as say:
        sizes = read_sizes(where.database, now, say)
    coming = outlook(sizes, where.history, now)
    if as_json:
        _print_json(sizes_data(sizes, coming))
    else:
        click.echo(sizes_text(sizes, coming, now, where.timezone, screen()), nl=False)


@command.command("prune")
@click.option(
    "--keep",
    metavar="DURATION",
    callback=_how_long,
    help="Keep changes and incidents for so long.  [default: transitions of [history]]",
)
@database_option
@click.pass_context
def prune(ctx: click.Context, *, keep: float | None, database: Path | None) -> None:
    """Remove at once what is older than is to be kept, and let the file get shorter. The daemon must be stopped.

    A running daemon does the same by itself, bit by bit.
    """
    where = database_settings(ctx.obj, database, is_strict=True)
    history = where.history if keep is None else replace(where.history, transitions=keep)
    become_owner(where.database)
    with open_for_maintenance(where.database, time.time()) as maintainer, doing("pruning") as say:
        roller, alive_at = Roller(maintainer.writer), maintainer.last_alive_at()
        # What each day amounted to is booked before that of which it is made may go.
        while alive_at is not None and roller.step(alive_at, where.timezone):
            say("(adding up what each day amounted to)")
        done = maintainer.prune(Cuts.of(history, time.time()), lambda rows: say(f"{rows:,} rows looked at"))
    click.echo(pruned_text(done, screen()), nl=False)


@command.command("clock-is-right")
@click.option("--yes", "is_sure", is_flag=True, help="Also if the PBXs that answer show another time.")
@database_option
@click.pass_context
def clock_is_right(ctx: click.Context, *, is_sure: bool, database: Path | None) -> None:
    """Confirm that this machine's clock is right, so that a running daemon removes what is older than is to be kept.

    It does so by itself where the system's clock is synchronised, or a PBX on another machine shows the same time. Each
    PBX of the configuration is asked for its time; if all that answer show another one, nothing is noted without --yes,
    and the exit code is 1.
    """
    where = database_settings(ctx.obj, database, is_strict=True)
    if database is None:
        _refuse_if_pbxs_disagree(ctx.obj, is_sure=is_sure)
    now = time.time()
    become_owner(where.database)
    with open_commander(where.database) as commander:
        commander.clock_is_right(now)
    shown = datetime.fromtimestamp(now, where.timezone)
    click.echo(f"It is {shown:%Y-%m-%d %H:%M}: noted. Within the hour a daemon that runs removes what is too old.")
    click.echo("That holds until it is started again, or the clock is set.")


def _refuse_if_pbxs_disagree(config_path: Path, *, is_sure: bool) -> None:
    """Say which PBXs show another time, and exit if nobody is sure all the same."""
    try:
        config = load(config_path)
    except ConfigError:
        click.echo("warning: the configuration has mistakes, so the PBXs are not asked what time it is", err=True)
        return
    ahead: dict[str, float] = {}
    for pbx in config.pbxs:
        clock = clock_of(pbx)
        if clock is None:
            continue
        by = clock.time - time.time()
        if abs(by) > CLOCKS_AGREE:
            ahead[pbx.name] = by
        elif not clock.is_ours:
            return
    if not ahead:
        return
    for name, seconds in ahead.items():
        click.echo(f"pbx {name}: its clock is {ahead_of_ours(seconds)}", err=True)
    if not is_sure:
        shown = datetime.fromtimestamp(time.time(), config.timezone)
        click.echo(f"It is {shown:%Y-%m-%d %H:%M} here, and no PBX that answers says so: nothing is noted.", err=True)
        click.echo("If this machine is right all the same: healthmon db clock-is-right --yes", err=True)
        raise SystemExit(ExitCode.PROBLEM)


@command.command("rename-pbx")
@click.argument("old")
@click.argument("new", callback=_a_name)
@database_option
@click.pass_context
def rename_pbx(ctx: click.Context, *, old: str, new: str, database: Path | None) -> None:
    """Give the history of the PBX OLD to the name NEW. The daemon must be stopped.

    Do this when [pbx OLD] of the configuration becomes [pbx NEW]: else NEW begins without a history.
    """
    where = database_settings(ctx.obj, database, is_strict=True)
    become_owner(where.database)
    with open_for_maintenance(where.database, time.time()) as maintainer:
        checks = maintainer.rename_pbx(old, new)
    click.echo(visible(f"{old} is called {new} now, with {counted(checks, 'check')} and all that happened to them."))
    click.echo(visible(f"Before you start the daemon: write [pbx {new}] instead of [pbx {old}] in its configuration."))


def _print_json(data: dict[str, Any]) -> None:
    click.echo(json_text(data))
