"""A page that is open while things happen: the real daemon with its web process, against a PBX that is played."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.demo import cast
from healthmon.demo.daemon import DemoDaemon
from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.webhook import Webhook
from healthmon.model import Health
from tests.browser.chromium import Browser, Page
from tests.waiting import wait_for

#: A change is on the screen so long after it was committed (seconds).
ON_THE_SCREEN_WITHIN = 2.0
#: On a machine that is busy with other tests (seconds).
PATIENCE = 60.0


class Office:
    """A played PBX, the daemon that watches it, and a page that is open."""

    def __init__(self, pbx: FakePbx, daemon: DemoDaemon, page: Page) -> None:
        self.pbx, self.daemon, self.page = pbx, daemon, page

    def is_down(self, name: str) -> bool:
        """Whether it is committed that a phone is down."""
        status = self.daemon.read_status()
        assert status is not None
        return any(row.target.resource == name and row.state is Health.DOWN for row in status.targets)

    def web_processes(self) -> list[int]:
        """The numbers of the web processes of this daemon."""
        found = []
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = file.read_bytes().split(b"\0")
            except OSError:
                # It has just ended.
                continue
            if str(self.daemon.config).encode() in words and b"web" in words:
                found.append(int(file.parent.name))
        return found


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    """An office in which all is well, and a browser that shows it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
    with (
        FakePbx(*cast.endpoints(), password=cast.PASSWORD) as pbx,
        Webhook() as webhook,
        DemoDaemon(tmp_path) as daemon,
    ):
        daemon.config.write_text(cast.configuration(daemon.database, pbx.url, webhook.address, where))
        daemon.config.chmod(0o600)
        daemon.start()
        wait_for(lambda: daemon.read_status() is not None, PATIENCE)
        wait_for(lambda: answers(where), PATIENCE)
        page = browser.page(f"http://{where}/", 1280)
        page.wait_until(says("Everything is up"), PATIENCE)
        yield Office(pbx, daemon, page)
        page.close()


def answers(where: str) -> bool:
    """Whether somebody listens there."""
    host, port = where.split(":")
    with socket.socket() as asking:
        return asking.connect_ex((host, int(port))) == 0


def says(headline: str) -> str:
    """A script that says whether the first line is this."""
    return f"document.querySelector('h1').innerText === {headline!r}"


def test_a_phone_that_dies_is_on_the_screen_within_two_seconds(office: Office) -> None:
    office.page.evaluate(
        f"window.seen = new Promise(seen => new MutationObserver(() => {says('Down: 1 phone')} && seen(Date.now()))"
        ".observe(document.getElementById('main'), {subtree: true, childList: true, characterData: true})); 0"
    )

    office.pbx.phone_down(f"PJSIP/{cast.BOB}")
    wait_for(lambda: office.is_down(cast.BOB), PATIENCE)
    committed_at = time.time()
    shown_at = office.page.evaluate("window.seen") / 1000

    assert shown_at - committed_at < ON_THE_SCREEN_WITHIN
    assert cast.BOB in office.page.evaluate("document.querySelector('.devices').innerText")
    assert office.page.evaluate("document.querySelectorAll('.devices b').length") == 0


def test_a_page_that_is_left_open_gets_over_a_restart_of_the_web_process_and_of_the_daemon(office: Office) -> None:
    [before] = office.web_processes()
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: any(number != before for number in office.web_processes()), PATIENCE)
    office.pbx.phone_down("PJSIP/101")
    office.page.wait_until(says("Down: 1 phone"), PATIENCE)

    assert office.daemon.stop() == 0
    office.page.wait_until("!document.getElementById('lost').hidden", PATIENCE)
    office.pbx.phone_up("PJSIP/101")
    office.daemon.start()
    office.page.wait_until(says("Everything is up"), PATIENCE)

    assert office.page.evaluate("document.getElementById('lost').hidden")
