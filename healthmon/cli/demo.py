"""``healthmon demo``: a day of trouble in a minute, against a PBX that is only played."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click

from healthmon.cli.common import screen
from healthmon.config.values import duration
from healthmon.demo.play import play


@click.command("demo")
@click.option(
    "--open-for", metavar="DURATION", help="Leave all of it up for so long at the end, like 10m: the web page, too."
)
def command(open_for: str | None) -> None:
    """See healthmon at work: a day of trouble in a minute, against a PBX that is only played.

    The daemon is the real one, in a temporary folder; alerts go to a webhook on this machine, and are shown as they
    arrive. The web page is on, too, and its address is printed. Needs no Asterisk, no network and no configuration, and
    leaves nothing behind. Exit code 1 if healthmon did not do what it should.
    """
    stays_s = 0.0
    if open_for is not None:
        try:
            stays_s = duration("1s", "1d")(open_for)
        except ValueError as error:
            raise click.UsageError(f"--open-for: {error}") from None
    if isinstance(sys.stdout, TextIOWrapper):
        # Not every terminal knows every letter.
        sys.stdout.reconfigure(errors="replace")
    play(sys.stdout, has_colour=screen().has_colour, open_for=stays_s)
