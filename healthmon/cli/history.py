"""``healthmon history``: the life of one target."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from healthmon.cli import completing
from healthmon.cli.common import database_option, database_settings, screen
from healthmon.config.loading.database_settings import DatabaseSettings
from healthmon.errors import ForeignDatabase, SchemaTooNew, StoreError
from healthmon.owners import become_owner
from healthmon.report.json_text import json_line, json_text
from healthmon.report.target_names import find_target
from healthmon.report.timeline.life import Life, NewEvents, life_of
from healthmon.report.timeline.life_text import LifeWriter, event_data, headline, life_data
from healthmon.report.timeline.story import StoryEvent
from healthmon.report.window import DEFAULT_SINCE, BadWindow, span
from healthmon.store.read.follower import Watcher

#: ``--follow`` looks so often whether something was booked (seconds).
LOOK_EVERY = 1.0


@click.command("history")
@click.argument("target", shell_complete=completing.targets)
@click.option(
    "--since", metavar="TIME", help=f"The last 7d, 24h …, or from a date or time on.  [default: {DEFAULT_SINCE}]"
)
@click.option("--until", metavar="TIME", help="Up to this time, or to the end of this date.  [default: now]")
@click.option("--follow", is_flag=True, help="Go on, and print what is new as it is booked. Ctrl-C ends it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md); with --follow a line for each event.")
@database_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    target: str,
    since: str | None,
    until: str | None,
    follow: bool,
    as_json: bool,
    database: Path | None,
) -> None:
    """Tell the life of TARGET: what was believed, what could not be seen, its incidents, who was told what or why not.

    TARGET is written PJSIP/101, or 101, or office:PJSIP/101, or as people call it, or office for a PBX itself. The
    newest is at the end.
    """
    where, now = database_settings(ctx.obj, database), time.time()
    if follow and until is not None:
        raise BadWindow("--follow goes on; there is no --until then")
    window = span(since=since, until=until, zone=where.timezone, now=now)
    become_owner(where.database)
    with Watcher(where.database) as watcher:
        # Looked at before the first reading, so that nothing is missed between the two.
        watcher.has_changed()
        with watcher.reading() as reader:
            names = reader.names(where.names)
            about = find_target(target, reader.known_targets(), names)
            life = life_of(reader, about, window, now, names.of(about.target))
            news = NewEvents(about)
            news.take(reader, now)
        printer = _Printer(where, as_json=as_json, as_lines=follow)
        printer.begin(life, now)
        if follow:
            _follow(watcher, news, printer)


class _Printer:
    """Prints a life, and what is new in it."""

    def __init__(self, where: DatabaseSettings, *, as_json: bool, as_lines: bool) -> None:
        self._where = where
        self._as_json = as_json
        self._as_lines = as_lines
        self._screen = screen()
        self._timeline = LifeWriter(where.timezone, self._screen)

    def begin(self, life: Life, now: float) -> None:
        """Print what is known so far."""
        if self._as_json and not self._as_lines:
            click.echo(json_text(life_data(life)))
            return
        if not self._as_json:
            click.echo(headline(life, self._where.timezone, self._screen, now), nl=False)
        self.go_on(life.events)

    def go_on(self, events: Sequence[StoryEvent]) -> None:
        """Print some events."""
        if self._as_json:
            for event in events:
                click.echo(json_line(event_data(event)))
        elif events:
            click.echo(self._timeline.text(events), nl=False)


def _follow(watcher: Watcher, news: NewEvents, printer: _Printer) -> None:
    """Print what is new, until somebody has seen enough. A daemon may stop and start meanwhile."""
    before = said = ""
    while True:
        time.sleep(LOOK_EVERY)
        trouble = _look(watcher, news, printer)
        # A restart is not worth a word.
        if trouble == before != said:
            said = trouble
            click.echo(f"healthmon: {said or 'a daemon runs again'}", err=True)
        before = trouble


def _look(watcher: Watcher, news: NewEvents, printer: _Printer) -> str:
    """Print what is new; return why nothing can be, or ""."""
    try:
        if watcher.has_changed():
            with watcher.reading() as reader:
                events = news.take(reader, time.time())
            printer.go_on(events)
    except (SchemaTooNew, ForeignDatabase):
        raise
    except StoreError as error:
        return str(error)
    if watcher.has_daemon:
        return ""
    return "no daemon runs; what it books when it does is shown"
