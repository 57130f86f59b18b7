"""``healthmon web``: answers over HTTP."""

from __future__ import annotations

import os
from pathlib import Path

import click

from healthmon.config.loading.checks import WEB_LIBRARIES, how_to_install, missing_of
from healthmon.errors import ExitCode, HealthmonError


class NotServed(HealthmonError):
    """There is nothing to answer with, or nowhere to."""

    exit_code = ExitCode.USAGE


@click.command("web")
@click.pass_obj
def command(config: Path) -> None:
    """Answer over HTTP as [web] says: metrics, JSON, whether healthmon is well. "run" starts this by itself.

    It reads the database alone, also without a daemon. SIGTERM stops it.
    """
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
