"""``healthmon demo``: a day of trouble in a minute, against a PBX that is only played."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click

from healthmon.cli.common import screen
from healthmon.demo.play import play


@click.command("demo")
def command() -> None:
    """See healthmon at work: a day of trouble in a minute, against a PBX that is only played.

    The daemon is the real one, in a temporary folder; alerts go to a webhook on this machine, and are shown as they
    arrive. Needs no Asterisk, no network and no configuration, and leaves nothing behind. Exit code 1 if healthmon
    did not do what it should.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # Not every terminal knows every letter.
        sys.stdout.reconfigure(errors="replace")
    play(sys.stdout, has_colour=screen().has_colour)
