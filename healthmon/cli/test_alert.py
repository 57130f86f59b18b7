"""``healthmon test-alert``: does a message arrive?"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click

from healthmon.config.loading.load import load
from healthmon.errors import ExitCode, StoreError
from healthmon.notify.channels.by_scheme import why_refused
from healthmon.notify.delivery.trial import TestResult, test_alert
from healthmon.owners import become_owner
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import how_many_down
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander


@click.command("test-alert")
@click.argument("receiver")
@click.option("--example", is_flag=True, help="Send an outage that is made up, in the words of a real alert.")
@click.pass_obj
def command(config_path: Path, receiver: str, example: bool) -> None:
    """Send a test message to each URL of RECEIVER, and print what became of it.

    Exit code 1 if one was not accepted. The daemon need not run, and no incident is booked; that of a URL which counted
    as failing, and accepts this message, is over.
    """
    config = load(config_path, why_refused=why_refused)
    chosen = next((known for known in config.receivers if known.name == receiver), None)
    if chosen is None:
        names = ", ".join(known.name for known in config.receivers) or "none"
        raise click.BadParameter(f"no receiver of this name; configured: {names}", param_hint="RECEIVER")
    database = _usable(config.database)
    down = _down(database) if database else None
    results = test_alert(chosen, zone=config.timezone, as_example=example, down=down)
    accepted = [result for result in results if result.ok or result.in_part]
    recovered = _note(database, accepted) if database else set()
    for result in results:
        click.echo(result.words + ("; it counts as failing no longer" if result.url_id in recovered else ""))
    if not all(result.ok for result in results):
        raise SystemExit(ExitCode.PROBLEM)


def _usable(database: Path) -> Path | None:
    """Let root become whom the database belongs to; None: it cannot be used so, and the message goes out without."""
    try:
        become_owner(database)
    except StoreError as error:
        click.echo(f"warning: {error}", err=True)
        return None
    return database


def _down(database: Path) -> int | None:
    """How many things are down at present; None: nobody watches, or that cannot be read."""
    with suppress(StoreError), open_reader(database) as reader:
        return how_many_down(read_status(reader, time.time()))
    return None


def _note(database: Path, accepted: Iterable[TestResult]) -> set[str]:
    """Book which URLs work; return those that counted as failing until now."""
    # Without a database, or the right to write to it, the daemon finds out with its own next message.
    with suppress(StoreError), open_commander(database) as commander:
        return {
            result.url_id for result in accepted if commander.accepted(result.url_id, time.time(), in_full=result.ok)
        }
    return set()
