"""``healthmon schedule``: the reports that are sent at certain times."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import click

from healthmon.cli.common import screen
from healthmon.cli.groups import GuessingGroup
from healthmon.cli.report_arguments import why_no_report
from healthmon.config.configuration import Config
from healthmon.config.describe import calendar_in_words
from healthmon.config.loading.load import load
from healthmon.errors import ExitCode
from healthmon.notify.channels.by_scheme import why_refused
from healthmon.notify.delivery.trial import try_report
from healthmon.owners import become_owner
from healthmon.report.formatting import after, full
from healthmon.report.tables import Cell, Column, Sort, line, table
from healthmon.store.read.queries import ReportFacts, open_reader
from healthmon.times.occasions import following


@click.group("schedule", cls=GuessingGroup)
def command() -> None:
    """The reports that are sent at certain times: the [schedule …] sections of the configuration."""


@command.command("list")
@click.pass_obj
def list_(config_path: Path) -> None:
    """List the schedules: when each is due next, and what became of its last report."""
    config = _load(config_path)
    newest = _newest(config)
    if not config.schedules:
        click.echo(line("There is no [schedule …] section.", screen()), nl=False)
        return
    columns = [Column("NAME", Sort.NAME), Column("AT"), Column("NEXT"), Column("LAST", Sort.PROSE)]
    rows = []
    for schedule in config.schedules:
        zone, due_at = schedule.at.zone, following(schedule.at, time.time()).at
        texts = (
            schedule.name,
            calendar_in_words(schedule.at),
            full(due_at, zone),
            _last(newest.get(schedule.name), zone),
        )
        rows.append([Cell(text) for text in texts])
    click.echo(table(columns, rows, screen()), nl=False)


def _newest(config: Config) -> dict[str, ReportFacts]:
    """Read what became of the last reports; before the first start there is no database, and nothing became of any."""
    if not config.database.exists():
        return {}
    become_owner(config.database)
    with open_reader(config.database) as reader:
        return reader.newest_reports()


def _last(report: ReportFacts | None, zone: ZoneInfo) -> str:
    if report is None:
        return "none yet"
    words = []
    if report.trouble:
        words.append(f"could not be made: {report.trouble}")
    for delivery in report.deliveries:
        words.append(f"{delivery.url_id} {delivery.state}{after(': ', delivery.why)}")
    made = f"{datetime.fromtimestamp(report.made_at, zone):%Y-%m-%d %H:%M}"
    return f"{made}: {'; '.join(words) or 'nobody gets it'}"


@command.command("run")
@click.argument("name")
@click.pass_obj
def run(config_path: Path, name: str) -> None:
    """Make the report of the schedule NAME now, send it to each of its URLs, and print what became of it.

    Exit code 1 if it could not be made, or one did not accept it. The daemon need not run, and nothing is booked: the
    schedule goes on as ever.
    """
    from healthmon.app.report_process import make_report  # noqa: PLC0415  (list has no need of it)

    config = _load(config_path)
    schedule = next((known for known in config.schedules if known.name == name), None)
    if schedule is None:
        names = ", ".join(known.name for known in config.schedules) or "none"
        raise click.BadParameter(f"no schedule of this name; configured: {names}", param_hint="NAME")
    now = time.time()
    today = datetime.fromtimestamp(now, config.timezone).date()
    report = make_report(config.path, schedule, today, now, Event())
    click.echo(f"{report.file_name}: {len(report.content.encode()):,} bytes")
    wanted = config.url_ids_of_schedule(schedule)
    results = try_report(report, config.receivers, wanted, zone=config.timezone, now=now)
    for result in results:
        click.echo(result.words)
    if not all(result.ok for result in results):
        raise SystemExit(ExitCode.PROBLEM)


def _load(config_path: Path) -> Config:
    return load(config_path, why_refused=why_refused, why_no_report=why_no_report)
