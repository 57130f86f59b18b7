"""What several commands share: where the database is, and what the output goes to."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from healthmon.config.light import Place, load_place
from healthmon.config.timezones import system_timezone
from healthmon.report.tables import Screen

#: Narrower than this a table is unreadable; let the terminal break the lines.
NARROWEST = 60

database_option = click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Look at this database; no configuration is needed then.",
)


def place(config: Path, database: Path | None) -> Place:
    """Say where the database is and which zone to print: from the configuration, unless a database is given."""
    if database is not None:
        return Place(database, system_timezone(os.environ))
    return load_place(config, os.environ)


def screen() -> Screen:
    """Say what stdout is: a terminal with its width and colours (unless NO_COLOR is set), or a pipe."""
    if not sys.stdout.isatty():
        return Screen(width=None)
    has_colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return Screen(max(shutil.get_terminal_size().columns, NARROWEST), has_colour)
