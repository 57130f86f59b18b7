"""What several commands share: where the database is, and what the output goes to."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from healthmon.cli.groups import DATABASE
from healthmon.config.loading.database_settings import DatabaseSettings, load_database_settings
from healthmon.config.plans import Plans
from healthmon.report.tables import Screen
from healthmon.report.window import BadWindow, moment_of
from healthmon.times.zones import system_timezone

Item = TypeVar("Item")

#: Narrower than this a table is unreadable; let the terminal break the lines.
NARROWEST = 60


class Number(click.IntRange):
    """A number, with a sentence about what is none."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it. Raises BadParameter."""
        try:
            int(value)
        except ValueError:
            self.fail(f"'{value}' is not a number.", param, ctx)
        return int(super().convert(value, param, ctx))


class Percentage(click.FloatRange):
    """From 0 to 100, with a sentence about what is none."""

    name = "percentage"

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it. Raises BadParameter."""
        try:
            is_none = math.isnan(float(value))
        except ValueError:
            is_none = True
        if is_none:
            self.fail(f"'{value}' is not a percentage, like 99.9.", param, ctx)
        return float(super().convert(value, param, ctx))


#: The number of an incident or a silence, as the database can hold it.
NUMBER = Number(1, 2**63 - 1)

database_option = click.option(
    "--database",
    # Whether it can be used, the store says, with the right exit code.
    type=click.Path(path_type=Path, readable=False),
    help="Look at this database; no configuration is needed then.",
)


as_of_option = click.option(
    "--as-of",
    metavar="TIME",
    help="As it would have been said at this time, for reports that are made late.  [default: now]",
)


#: The daemon's clock does not follow each correction of the machine's, and may be ahead of it by so much (seconds).
CLOCKS_DIFFER_BY = 60.0


by_option = click.option(
    "--by", metavar="NAME", help="Who says so, where a program gives the order for somebody.  [default: this user]"
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")


def as_of_moment(as_of: str | None, zone: ZoneInfo) -> float:
    """Say what is now: the present, or a time before it. Raises BadWindow."""
    now = time.time()
    if as_of is None:
        return now
    moment = moment_of("--as-of", as_of, zone)
    if moment > now + CLOCKS_DIFFER_BY:
        raise BadWindow(f"--as-of {as_of}: lies in the future")
    return moment


def database_settings(config: Path, database: Path | None, *, is_strict: bool = False) -> DatabaseSettings:
    """Say where the database is and which zone to print: from the configuration, unless a database is given.

    ``is_strict``: no mistake in these options, nor in the file's form, is let pass.
    """
    if database is not None:
        found = DatabaseSettings(database, system_timezone(os.environ))
    else:
        found = load_database_settings(config, os.environ, is_strict=is_strict)
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[DATABASE] = found.database
    return found


def plans(config: Path, database: Path | None) -> Plans:
    """Read what a report needs from the configuration, unless a database is given: then there is none."""
    if database is not None:
        return Plans()
    from healthmon.config.loading.plans import load_plans  # noqa: PLC0415  (reads all kinds of sections; --database needs none)

    return load_plans(config, os.environ)


def author() -> str:
    """Name the person who gives an order: who called sudo, else this user."""
    if os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    import getpass  # noqa: PLC0415  (only for who gives an order)

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def screen() -> Screen:
    """Say what stdout is: a terminal with its width and colours (unless NO_COLOR is set), or a pipe."""
    if not sys.stdout.isatty():
        return Screen(width=None)
    import shutil  # noqa: PLC0415  (only for a person who looks)

    has_colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return Screen(max(shutil.get_terminal_size().columns, NARROWEST), has_colour)


@contextmanager
def doing(words: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr what is being done, if that is a terminal; what is given is called with how far it is."""
    if not sys.stderr.isatty():
        yield lambda detail: None
        return
    from rich.console import Console  # noqa: PLC0415  (only for a person who waits)

    with Console(stderr=True).status(words) as status:
        yield lambda detail: status.update(f"{words} {detail}")


def progress(words: str) -> Callable[[Sequence[Item]], Iterable[Item]]:
    """Show on stderr how far a loop is, if that is a terminal."""

    def shown(items: Sequence[Item]) -> Iterable[Item]:
        if not sys.stderr.isatty():
            return items
        from rich.console import Console  # noqa: PLC0415  (only for a person who waits)
        from rich.progress import track  # noqa: PLC0415

        return track(items, words, console=Console(stderr=True), transient=True)

    return shown
