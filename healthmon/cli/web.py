"""``healthmon web``: answers over HTTP; ``web password`` and ``web token`` make the lines for who may ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from healthmon.cli.groups import GuessingGroup
from healthmon.config.loading.checks import WEB_LIBRARIES, how_to_install, missing_of
from healthmon.errors import ExitCode, HealthmonError


class NotServed(HealthmonError):
    """There is nothing to answer with, or nowhere to."""

    exit_code = ExitCode.USAGE


class NoPassword(HealthmonError):
    """What was typed is no password that protects anything."""

    exit_code = ExitCode.USAGE


@click.group("web", cls=GuessingGroup, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Answer over HTTP as [web] says: pages, metrics, JSON, whether healthmon is well. "run" starts this by itself.

    It reads the database alone, also without a daemon. SIGTERM stops it.
    """
    if ctx.invoked_subcommand is None:
        _answer(ctx.obj)


def _answer(config: Path) -> None:
    missing = missing_of(WEB_LIBRARIES)
    if missing:
        raise NotServed(f"needs {missing}: {how_to_install('web')}")
    from healthmon.app.serving import serve  # noqa: PLC0415  (--help is to be quick, and works without them)
    from healthmon.app.web_process import ENDS_WITH  # noqa: PLC0415
    from healthmon.config.loading.web_settings import load_web_settings  # noqa: PLC0415
    from healthmon.logs import set_up  # noqa: PLC0415
    from healthmon.owners import become_owner  # noqa: PLC0415

    settings = load_web_settings(config, os.environ)
    if settings.web.listen is None:
        raise NotServed(f"{config}: [web] has no listen = 127.0.0.1:8089, so nothing is answered")
    set_up("info", str)
    become_owner(settings.where.database)
    serve(settings, settings.web.listen, ends_with=os.environ.get(ENDS_WITH, ""))


@command.command("password")
def password() -> None:
    """Ask for a password, and print the line for a [user NAME] section.

    It is asked for twice; or piped in, on a line. Nothing is written.
    """
    from healthmon.config.credentials import SHORTEST_PASSWORD, hash_of_password  # noqa: PLC0415  (--help is to be quick)

    if sys.stdin.isatty():
        typed = click.prompt("Password", hide_input=True, err=True)
        if click.prompt("The same again", hide_input=True, err=True) != typed:
            raise NoPassword("that was not the same twice; nothing was made")
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    if len(typed) < SHORTEST_PASSWORD:
        raise NoPassword(f"a password has at least {SHORTEST_PASSWORD} characters; several words do well")
    click.echo(f"password_hash = {hash_of_password(typed)}")


@command.command("token")
def token() -> None:
    """Make a token for a program, print it, and the line for a [token NAME] section.

    It is printed this once: the configuration keeps a hash of it.
    """
    from healthmon.config.credentials import hash_of_token, new_token  # noqa: PLC0415  (--help is to be quick)

    made = new_token()
    click.echo("The token, for the program alone; it is not shown again:", err=True)
    click.echo(made)
    click.echo("The line for its [token NAME] section:", err=True)
    click.echo(f"token_hash = {hash_of_token(made)}")
