"""The options that say of which PBXs and endpoints a command is to speak: the same wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from healthmon.cli import completing

Command = TypeVar("Command", bound=Callable[..., object])

_OPTIONS = (
    click.option(
        "--pbx",
        "pbxs",
        multiple=True,
        shell_complete=completing.pbxs,
        metavar="PATTERN",
        help="Only these PBXs and what is behind them.",
    ),
    click.option(
        "--watch",
        "watches",
        multiple=True,
        shell_complete=completing.watches,
        metavar="PATTERN",
        help="Only what these watch sections watch.",
    ),
    click.option(
        "--endpoint",
        "endpoints",
        multiple=True,
        shell_complete=completing.endpoints,
        metavar="PATTERN",
        help="Only these endpoints: 'PJSIP/1*', or '1*' for any technology.",
    ),
)


def selection_options(command: Command) -> Command:
    """Give a command ``--pbx``, ``--watch`` and ``--endpoint``, each a tuple of patterns."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
