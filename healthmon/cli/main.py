"""``healthmon -c FILE COMMAND``: finds the command, loads only that, and turns what goes wrong into one sentence."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from healthmon import __version__
from healthmon.cli.groups import DATABASE, resolved
from healthmon.errors import UNREADABLE, ExitCode, HealthmonError, StoreError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

DEFAULT_CONFIG = Path("/etc/healthmon/config.ini")

#: Why stdout takes nothing more: the disk is full, there is a quota, it breaks.
CANNOT_BE_WRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

#: What a shell makes of SIGINT and SIGPIPE.
INTERRUPTED, BROKEN_PIPE = 128 + 2, 128 + 13


#: A monitoring system runs it, for which 2 means that something is down.
PLUGIN = "check"

#: What reads years of history lets others go first: Asterisk, and the daemon, perhaps on the same machine.
MODEST, MODESTY = frozenset({"report", "export", "db"}), 10


class Command(NamedTuple):
    """Where a command is to be found, and its line in ``healthmon --help``."""

    place: str
    help: str


#: In the order of ``healthmon --help``. A command is one line here and one file.
COMMANDS = {
    "run": Command("healthmon.cli.run:command", "Watch until stopped: the daemon, in the foreground."),
    "init": Command("healthmon.cli.init:command", "Ask for what is needed, try it, and write the configuration."),
    "check-config": Command("healthmon.cli.check_config:command", "Check the configuration, and say what it means."),
    "discover": Command("healthmon.cli.discover:command", "Ask each PBX for its endpoints; print sections to paste."),
    "doctor": Command("healthmon.cli.doctor:command", "What keeps outages from being seen or told; what to do."),
    "status": Command("healthmon.cli.status:command", "What is up, degraded, down or unknown now."),
    "watch": Command("healthmon.cli.watch:command", "The same live, in a terminal: the worst first."),
    "check": Command("healthmon.cli.check:command", "The same for Nagios, Icinga and Checkmk: a plugin."),
    "report": Command("healthmon.cli.report:command", "How available everything was."),
    "incidents": Command("healthmon.cli.incidents:command", "The incidents that last, and the latest that are over."),
    "incident": Command("healthmon.cli.incident:command", "The whole story of one: who was told what, or why nobody."),
    "history": Command("healthmon.cli.history:command", "The life of one target, as a timeline; --follow goes on."),
    "export": Command("healthmon.cli.export:command", "What happened, row by row: CSV, JSON lines or Parquet."),
    "schedule": Command("healthmon.cli.schedule:command", "The reports that are sent at certain times; try one now."),
    "ack": Command("healthmon.cli.ack:command", "Take note of an incident: no more reminders."),
    "silence": Command("healthmon.cli.silence:command", "For a time tell nobody of something."),
    "db": Command(
        "healthmon.cli.db:command", "Look after the database: check, backup, stats, prune, rename-pbx, clock-is-right."
    ),
    "test-alert": Command("healthmon.cli.test_alert:command", "Send a test message to a receiver."),
    "ari": Command("healthmon.cli.ari:command", "Look through ARI of a PBX: what there is, a single call, the events."),
    "web": Command("healthmon.cli.web:command", "Answer over HTTP: metrics, JSON, whether healthmon is well."),
    "completion": Command("healthmon.cli.completion:command", "What makes bash, zsh or fish complete names by Tab."),
    "demo": Command("healthmon.cli.demo:command", "See it at work: a day of trouble in a minute."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when that command is called, and not for ``--help``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the arguments; ``-c`` by its long name: else click looks first whether a long option is meant by it.

        That it is none is an error in click, for which it loads what guesses at misspelt names, and its translations.
        """
        if args[:1] == ["-c"] and len(args) > 1:
            args = ["--config", *args[1:]]
        is_plugin = PLUGIN in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not is_plugin:
                raise
            # Whatever becomes of it, whoever runs it understands.
            click.echo(f"HEALTHMON UNKNOWN: {error.format_message()}")
            raise click.exceptions.Exit(ExitCode.STALE) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command), COMMANDS[cmd_name].place  # noqa: S101  (a slip in the table)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; one that is misspelt is met with the right one."""
        return resolved(self, ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands without importing them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (only for a shell that asks)

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        found = ((name, command.help) for name, command in COMMANDS.items() if name.startswith(incomplete))
        return [CompletionItem(name, help=about) for name, about in found]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. What healthmon can explain is one sentence and an exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except HealthmonError as error:
            click.echo(f"healthmon: {error}{_what_to_type(error)}", err=True)
            ctx.exit(error.exit_code)
        except BrokenPipeError:
            # The reader has seen enough ("healthmon status | head -1"); nothing more can be written there.
            _stop_writing()
            ctx.exit(BROKEN_PIPE)
        except OSError as error:
            if error.filename is not None:
                # Mostly this user has no permission, for the database or its folder.
                click.echo(f"healthmon: {_unusable(error)}", err=True)
                ctx.exit(ExitCode.DATABASE)
            if error.errno not in CANNOT_BE_WRITTEN:
                raise
            _stop_writing()
            click.echo(f"healthmon: the output cannot be written: {error.strerror}", err=True)
            ctx.exit(ExitCode.PROBLEM)
        except UNREADABLE:
            damage = _damage(ctx)
            if damage is None:
                raise
            click.echo(f"healthmon: {damage}", err=True)
            ctx.exit(damage.exit_code)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)


def _damage(ctx: click.Context) -> StoreError | None:
    """Say what is damaged in the database that was read; None: nothing that one sees, so the defect is ours."""
    database = ctx.meta.get(DATABASE)
    if database is None:
        return None
    from healthmon.store.sqlite.checkup import why_unreadable  # noqa: PLC0415  (only for an error)

    return why_unreadable(database)


def _unusable(error: OSError) -> str:
    """Say which file cannot be used, and why."""
    from healthmon.config.loading.ini import why_unreadable  # noqa: PLC0415  (only for an error)

    return f"{os.fsdecode(error.filename)}: {why_unreadable(error)}"


def _what_to_type(error: HealthmonError) -> str:
    """Say what to type where a database belongs to somebody else; "": that is not what is wrong."""
    if not isinstance(error, StoreError):
        return ""
    from healthmon.store.sqlite.access import what_to_type  # noqa: PLC0415  (only for an error)

    return what_to_type(error.path)


def _stop_writing() -> None:
    """What still waits to be written cannot be: let it go, or the end of the program would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, readable=False),
    envvar="HEALTHMON_CONFIG",
    default=DEFAULT_CONFIG,
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
@click.version_option(__version__, prog_name="healthmon", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, config: Path) -> None:
    """Watch the SIP providers and phones of Asterisk PBXs, and tell people when one is down."""
    ctx.obj = config


def main() -> None:
    """Run the command line. Never returns."""
    if MODEST.intersection(sys.argv[1:]):
        os.nice(MODESTY)
    cli(prog_name="healthmon")
