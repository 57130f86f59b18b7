"""``healthmon test-alert``: does a message arrive?"""

from __future__ import annotations

from pathlib import Path

import click

from healthmon.config.parser import load
from healthmon.errors import ExitCode
from healthmon.notify.senders import why_refused
from healthmon.notify.testalert import TestResult, test_alert


@click.command("test-alert")
@click.argument("receiver")
@click.pass_obj
def command(config_path: Path, receiver: str) -> None:
    """Send a test message to each URL of RECEIVER, and print what became of it.

    Exit code 1 if one was not accepted. The daemon need not run, and no incident is booked.
    """
    config = load(config_path, why_refused=why_refused)
    chosen = next((one for one in config.receivers if one.name == receiver), None)
    if chosen is None:
        names = ", ".join(one.name for one in config.receivers) or "none"
        raise click.BadParameter(f"no receiver of this name; configured: {names}", param_hint="RECEIVER")
    results = test_alert(chosen, zone=config.timezone)
    for result in results:
        click.echo(_in_words(result))
    if not all(result.ok for result in results):
        raise SystemExit(ExitCode.PROBLEM)


def _in_words(result: TestResult) -> str:
    if result.ok:
        return f"{result.url_id}: delivered"
    return f"{result.url_id}: FAILED: {result.why}"
