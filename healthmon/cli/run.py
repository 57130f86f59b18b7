"""``healthmon run``: the daemon in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from healthmon.cli.report_arguments import why_no_report


@click.command("run")
@click.pass_obj
def command(config_path: Path) -> None:
    """Watch until stopped; this is what the service runs.

    Log lines go to stderr. SIGTERM stops, SIGHUP reads the configuration again.
    """
    from healthmon.app.daemon import run  # noqa: PLC0415  (the daemon's imports are heavy, --help is to be quick)

    raise SystemExit(run(config_path, why_no_report))
