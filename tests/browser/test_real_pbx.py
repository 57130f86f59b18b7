"""The pages over the real daemon, with a real Asterisk behind it."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from healthmon.config.credentials import hash_of_password
from healthmon.model import Health
from healthmon.report.status.query import read_status
from healthmon.store.read.queries import open_reader
from tests.browser.chromium import Browser, Page
from tests.browser.test_live import ON_THE_SCREEN_WITHIN, PATIENCE, answers, says
from tests.browser.test_people import PHONE, SCREEN, fill_in, log_in, log_out
from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.publish.guests import PASSWORD
from tests.system.daemon import Daemon, wait_until
from tests.system.scene import CHECKED_OFTEN, set_scene

pytestmark = pytest.mark.lab

WATCHED = """
[watch phones]
endpoints = PJSIP/*
down_after = 1s
up_after = 500ms
down_after_exact = yes
receivers = oncall
"""
USER = f"\n[user anna]\npassword_hash = {hash_of_password(PASSWORD)}\nrole = operator\n"


class RealOffice:
    """A phone at a real Asterisk, the daemon that watches it, and where its pages are."""

    def __init__(self, lab: Lab, more: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            where = f"127.0.0.1:{free.getsockname()[1]}"
        pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
        self.phone = lab.add(Phone(pbx.sip, "101"))
        assert self.phone.register() == 200
        config = f"{WATCHED}\n[web]\nlisten = {where}\n{more}"
        self.daemon: Daemon = set_scene(lab, pbx, lab.folder("daemon"), config=config).daemon
        self.url = f"http://{where}"
        wait_until(lambda: answers(where), "it answers", PATIENCE)

    def is_down(self) -> bool:
        """Whether it is committed that the phone is down."""
        with open_reader(self.daemon.database) as reader:
            rows = read_status(reader, time.time()).targets
        return any(row.target.resource == "101" and row.state is Health.DOWN for row in rows)

    def web_process(self) -> int:
        """The number of the web process."""
        children = Path(f"/proc/{self.daemon.pid}/task").glob("*/children")
        pids = [pid for file in children for pid in file.read_text().split()]
        [web] = [pid for pid in pids if b"\0web\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return int(web)


@contextmanager
def opened(browser: Browser, url: str, width: int = SCREEN, **wishes: bool) -> Iterator[Page]:
    """A page that is open."""
    page = browser.page(url, width, **wishes)
    try:
        yield page
    finally:
        page.close()


def note_when(page: Page, script: str) -> None:
    """Have the page note when this is on the screen for the first time."""
    page.evaluate(
        f"window.seen = new Promise(seen => new MutationObserver(() => {script} && seen(Date.now()))"
        ".observe(document.getElementById('main'), {subtree: true, childList: true, characterData: true})); 0"
    )


def assert_death_is_on_the_screen_in_time(page: Page, office: RealOffice) -> None:
    """Let the phone die; from its commit until the page has it two seconds may go by, at most."""
    page.wait_until(says("Everything is up"), PATIENCE)
    note_when(page, says("Down: 1 phone"))
    not_yet_at = time.time()
    office.phone.vanish()
    deadline = not_yet_at + PATIENCE
    while True:
        asked_at = time.time()
        if office.is_down():
            break
        assert asked_at < deadline, office.daemon.log()[-3000:]
        not_yet_at = asked_at
    # It was committed after it was asked for in vain for the last time.
    assert page.evaluate("window.seen") / 1000 - not_yet_at <= ON_THE_SCREEN_WITHIN


def test_a_phone_that_dies_at_an_older_asterisk_is_on_the_screen_within_two_seconds(
    browser: Browser, lab16: Lab
) -> None:
    office = RealOffice(lab16)
    with opened(browser, office.url) as page:
        assert_death_is_on_the_screen_in_time(page, office)


def test_a_day_at_the_page_of_an_operator(browser: Browser, lab22: Lab) -> None:
    office = RealOffice(lab22, USER)
    with opened(browser, office.url) as page:
        page.wait_until("location.pathname === '/login'")
        log_in(page)
        page.wait_until("document.querySelector('.person') !== null && document.readyState === 'complete'", PATIENCE)
        assert_death_is_on_the_screen_in_time(page, office)
        assert_without_scripts_in_the_dark_on_a_phone_it_says_the_same(browser, office)
        acknowledge_and_silence(browser, office)
        assert_an_open_page_gets_over_restarts(page, office)
        log_out(page)
        page.go_to(f"{office.url}/targets")
        assert page.evaluate("location.pathname") == "/login"


def assert_without_scripts_in_the_dark_on_a_phone_it_says_the_same(browser: Browser, office: RealOffice) -> None:
    """It is 390 pixels wide there; the cookie is the browser's."""
    with opened(browser, office.url, PHONE, is_dark=True, with_scripts=False) as page:
        assert page.evaluate(says("Down: 1 phone"))
        assert page.evaluate("document.scrollingElement.scrollWidth") == PHONE
        color = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)")
        assert max(color) < 80, color


def acknowledge_and_silence(browser: Browser, office: RealOffice) -> None:
    """Order both on the page of the incident, and see in the database that the daemon has it."""
    with opened(browser, f"{office.url}/incidents?open=1") as page:
        page.evaluate("document.querySelector('.incident a').click()")
        page.wait_until("document.querySelector('form[action$=\"/ack\"]') !== null", PATIENCE)
        fill_in(page, 'form[action$="/ack"]', reason="on it")
        told = "acknowledged by anna: on it"
        page.wait_until(f"document.querySelector('.story')?.innerText.includes({told!r}) === true", PATIENCE)
        fill_in(page, 'form[action="/silences"]', reason="new cable")
        page.wait_until("document.querySelector('td.why')?.innerText.includes('new cable') === true", PATIENCE)
    assert "new cable" in office.daemon.command("silence", "list").stdout


def assert_an_open_page_gets_over_restarts(page: Page, office: RealOffice) -> None:
    """Its reader stays logged in when the web process is killed, and when the daemon is."""
    page.evaluate("window.isTheSame = true")
    before = office.web_process()
    os.kill(before, signal.SIGKILL)
    office.daemon.kill()
    page.wait_until("!document.getElementById('lost').hidden", PATIENCE)
    office.phone.come_back()
    office.daemon.start()
    page.wait_until(says("Everything is up"), PATIENCE)
    assert page.evaluate("document.getElementById('lost').hidden && window.isTheSame")
    assert page.evaluate("document.querySelector('.person span').textContent") == "anna"
