"""Sets the scene: a folder, a fake PBX, a webhook and the daemon; and takes all of it away again."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory
from typing import TextIO

from healthmon.config.loading.checks import WEB_LIBRARIES, missing_of
from healthmon.demo import cast
from healthmon.demo.daemon import DemoDaemon
from healthmon.demo.day import Day
from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.patience import Patience
from healthmon.demo.stage import Stage
from healthmon.demo.trouble import DemoFailed
from healthmon.demo.webhook import Webhook
from healthmon.report.formatting import duration
from healthmon.times.zones import system_timezone

INTRODUCTION = (
    "A day of trouble in less than a minute. The PBX is only played; the daemon that watches it is the real one, and "
    "what it sends arrives at a webhook on this machine. Outages count after seconds here, not minutes."
)
NEXT = (
    "What to do next, for a PBX of your own (README.md has every step):",
    "  healthmon init                     asks for your PBX, and writes the file",
    "  healthmon doctor                   what keeps outages from being seen or told",
    "  healthmon check-config --connect   every mistake at once; tries each PBX",
    "  healthmon test-alert oncall        does a message arrive?",
)


def play(out: TextIO, *, has_colour: bool, open_for: float = 0.0) -> None:
    """Play the demo, and leave nothing behind. Raises DemoFailed if healthmon does not do what it should.

    ``open_for``: so long all of it stays up at the end, for who wants to look around (seconds).
    """
    stage = Stage(out, system_timezone(os.environ), time.time, has_colour=has_colour)
    began = time.monotonic()
    stage.say(INTRODUCTION)
    alerts = _play_in_folder(stage, open_for)
    stage.act("That was it")
    took = time.monotonic() - began
    stage.say(
        f"{alerts} alerts were delivered in {took:.0f} s. The daemon is stopped and its folder removed: "
        "nothing is left behind."
    )
    for line in ("", *NEXT):
        stage.line(line)


def _play_in_folder(stage: Stage, open_for: float) -> int:
    """Build the scene, play, and take the scene away; return how many alerts were delivered."""
    page = page_address()
    if page:
        stage.say(f"The web page, as long as this runs: http://{page}/")
    with ExitStack() as scene:
        patience = scene.enter_context(Patience())
        folder = Path(scene.enter_context(TemporaryDirectory(prefix="healthmon-demo-")))
        pbx = scene.enter_context(FakePbx(*cast.endpoints(), password=cast.PASSWORD))
        webhook = scene.enter_context(Webhook())
        daemon = scene.enter_context(DemoDaemon(folder))
        daemon.config.touch(mode=0o600)
        daemon.config.write_text(cast.configuration(daemon.database, pbx.url, webhook.address, page), encoding="utf-8")
        day = Day(pbx, daemon, webhook, stage, patience)
        try:
            day.play()
            if open_for:
                _stay_open(stage, patience, page, open_for, daemon.config)
        except DemoFailed as error:
            raise DemoFailed(error.what, daemon.end_of_log()) from error
        _end(pbx, daemon)
    return day.alerts


def page_address() -> str:
    """A port that is free at present, for the web page; "": what it needs is not installed."""
    if missing_of(WEB_LIBRARIES):
        return ""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def _stay_open(stage: Stage, patience: Patience, page: str, open_for: float, config: Path) -> None:
    """Leave everything up for a while, or until Ctrl-C, and say how commands reach it."""
    where = ""
    if page:
        where = f": http://{page}/"
    stage.act("Look around")
    stage.say(f"All of it stays up for {duration(open_for)}, or until Ctrl-C{where}")
    stage.say("Commands reach it by its configuration, for example:")
    # A line as it is: it is to be copied.
    stage.line(f"  healthmon -c {config} status")
    stage.line(f"  healthmon -c {config} incidents")
    patience.rest(open_for)


def _end(pbx: FakePbx, daemon: DemoDaemon) -> None:
    """Stop the daemon; it must end well, and have asked the PBX nothing that the fake does not know."""
    code = daemon.stop()
    if code:
        raise DemoFailed(f"the daemon ended with exit code {code}", daemon.end_of_log())
    if pbx.failures:
        raise DemoFailed(f"the fake PBX does not know these requests: {', '.join(pbx.failures)}")
