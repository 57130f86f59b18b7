"""Logging in, acknowledging, silencing and logging out, in a real browser, with scripts and without."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.config.credentials import hash_of_password
from healthmon.demo import cast
from healthmon.demo.daemon import DemoDaemon
from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.webhook import Webhook
from tests.browser.chromium import Browser, Page
from tests.browser.served import Served
from tests.browser.test_live import PATIENCE, answers
from tests.browser.worlds import office, world_served
from tests.publish.guests import PASSWORD, guests
from tests.publish.two_customers import FOREIGN, guests_of, written
from tests.report.builder import running
from tests.waiting import wait_for

PHONE, SCREEN = 390, 1280


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office whose page knows anna, who operates."""
    with world_served(tmp_path_factory.mktemp("people") / "h.db", office(), guests=guests()) as answering:
        yield answering


@pytest.fixture(scope="module")
def russian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same in Russian."""
    path = tmp_path_factory.mktemp("russian") / "h.db"
    with world_served(path, office(), spoken="ru", guests=guests()) as answering:
        yield answering


def fill_in(page: Page, form: str, **values: str) -> None:
    """Fill in a form, and send it as a person would, by its button."""
    for name, value in values.items():
        page.evaluate(f"document.querySelector('{form} [name={name}]').value = {value!r}")
    page.evaluate(f"document.querySelector('{form} button').click()")


def log_in(page: Page, password: str = PASSWORD, name: str = "anna") -> None:
    """Log in, as anna if nobody else is named."""
    fill_in(page, 'form[action="/login"]', name=name, password=password)


def log_out(page: Page) -> None:
    """Log out, so that the next test begins as nobody: cookies are the browser's."""
    fill_in(page, 'form[action="/logout"]')
    page.wait_until("location.pathname === '/login'")


@pytest.mark.parametrize("with_scripts", [True, False])
def test_anna_logs_in_and_out(browser: Browser, web: Served, with_scripts: bool) -> None:
    page = browser.page(f"{web.url}/incidents/1", SCREEN, with_scripts=with_scripts)
    page.wait_until("location.pathname === '/login'")
    assert page.evaluate("document.querySelector('nav')") is None

    log_in(page, "wrong")
    page.wait_until("document.querySelector('.refusal')?.textContent === 'Wrong name or password.'")
    assert page.evaluate("document.querySelector('[name=name]').value") == "anna"
    log_in(page)
    # To where she wanted to go.
    page.wait_until("location.pathname === '/incidents/1'")
    assert page.evaluate("document.querySelector('.person span').textContent") == "anna"

    log_out(page)
    page.go_to(f"{web.url}/silences")
    assert page.evaluate("location.pathname + location.search") == "/login?next=%2Fsilences"
    assert [line for line in page.complaints if "status of 401" not in line] == []
    page.close()


def test_what_is_typed_stays_while_the_page_renews_itself(browser: Browser, web: Served) -> None:
    page = browser.page(f"{web.url}/silences", SCREEN)
    log_in(page)
    page.wait_until("location.pathname === '/silences'")
    page.evaluate("document.querySelector('[name=match]').value = 'PJSIP/103'; 0")
    mark = page.evaluate("document.querySelector('#clock').textContent")
    web.now += 61
    page.wait_until(f"document.querySelector('#clock').textContent > '{mark}'")

    assert page.evaluate("document.querySelector('[name=match]').value") == "PJSIP/103"
    log_out(page)
    page.close()


@pytest.fixture(scope="module", params=["en", "ru"])
def in_words(request: pytest.FixtureRequest) -> Served:
    """The same in both languages."""
    served = request.getfixturevalue({"en": "web", "ru": "russian"}[request.param])
    assert isinstance(served, Served)
    return served


@pytest.mark.parametrize(("width", "is_dark"), [(PHONE, True), (SCREEN, False), (PHONE, False), (SCREEN, True)])
def test_nobody_stumbles_over_forms(
    browser: Browser, axe_core: str, in_words: Served, width: int, is_dark: bool
) -> None:
    said: list[str] = []
    page = browser.page(f"{in_words.url}/login", width, is_dark=is_dark)
    said += stumbled_over(page, axe_core, width)
    log_in(page)
    page.wait_until("location.pathname === '/'")
    for path in ("/incidents/1", "/silences?match=pbx=office", "/settings"):
        page.go_to(in_words.url + path)
        said += stumbled_over(page, axe_core, width)
    log_out(page)
    page.close()

    assert said == []


def stumbled_over(page: Page, axe_core: str, width: int) -> list[str]:
    """What is wrong with a page for people with impairments, or for a small screen."""
    page.evaluate(f"{axe_core}; 0")
    found = page.evaluate("axe.run().then(result => result.violations.map(each => [each.id, each.nodes[0].html]))")
    where = page.evaluate("location.pathname")
    if page.evaluate("document.scrollingElement.scrollWidth") > width:
        found.append(["wider than the window", ""])
    return [f"{where}: {what}: {html}" for what, html in found]


def test_a_screen_on_the_wall_needs_no_log_in(browser: Browser, web: Served) -> None:
    page = browser.page(f"{web.url}/wall?token=hm_read", 1920, 1080)

    assert page.evaluate("location.pathname + location.search") == "/wall"
    page.wait_until("document.querySelector('.wall-tile') !== null")
    page.go_to(f"{web.url}/targets")
    assert page.evaluate("location.pathname") == "/login"
    page.close()


#: What acme's viewer looks at, and what of acme's stands there.
OF_ACME = {
    "/": ("trunk", "Reception", "2 of 3 addresses"),
    "/targets": ("trunk", "Reception", "acme2"),
    "/targets/hub:PJSIP/acme1": ("Reception", "203.0.113.7"),
    "/incidents": ("trunk", "Reception"),
    "/incidents/2": ("Reception",),
    "/silences": ("ours",),
    "/report": ("trunk", "Reception"),
}
#: All of a page that can be read, the report in it, too; and all that stands in either.
READ = """[document, ...[...document.querySelectorAll('iframe')].map(frame => frame.contentDocument)]
    .map(shown => shown.body.innerText).join('\\n')"""
HELD = READ.replace("body.innerText", "documentElement.outerHTML")
#: What can be ordered there.
ORDERS = "[...document.forms].filter(form => form.method === 'post').map(form => new URL(form.action).pathname)"


def test_a_customers_viewer_sees_what_is_his_and_can_order_nothing(
    browser: Browser, axe_core: str, tmp_path: Path
) -> None:
    path, settings = written(tmp_path)
    with running(path), Served(path, plans=settings.plans, guests=guests_of(settings)) as web:
        large = browser.page(f"{web.url}/login", SCREEN)
        log_in(large, name="vera")
        large.wait_until("location.pathname === '/'")
        small = browser.page(web.url, PHONE)
        stumbled, orders = [], set()
        for page, width in ((large, SCREEN), (small, PHONE)):
            for address, his in OF_ACME.items():
                page.go_to(web.url + address)
                text = page.evaluate(READ)
                assert [word for word in his if word not in text] == [], address
                assert FOREIGN not in page.evaluate(HELD).lower(), address
                orders |= set(page.evaluate(ORDERS))
                stumbled += stumbled_over(page, axe_core, width)
        large.close()
        small.close()

    assert stumbled == []
    assert orders == {"/logout"}


def has_open_incident(daemon: DemoDaemon) -> bool:
    """Whether it is committed that something is down."""
    status = daemon.read_status()
    return status is not None and any(row.incident for row in status.targets)


@pytest.mark.parametrize("with_scripts", [True, False])
def test_the_daemon_obeys_what_is_ordered_on_a_page(browser: Browser, tmp_path: Path, with_scripts: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{free.getsockname()[1]}"
    user = f"[user anna]\npassword_hash = {hash_of_password(PASSWORD)}\nrole = operator\n"
    with (
        FakePbx(*cast.endpoints(), password=cast.PASSWORD) as pbx,
        Webhook() as webhook,
        DemoDaemon(tmp_path) as daemon,
    ):
        daemon.config.write_text(cast.configuration(daemon.database, pbx.url, webhook.address, where) + user)
        daemon.config.chmod(0o600)
        daemon.start()
        wait_for(lambda: answers(where), PATIENCE)
        pbx.phone_down("PJSIP/101")
        wait_for(lambda: has_open_incident(daemon), PATIENCE)
        page = browser.page(f"http://{where}/incidents?open=1", SCREEN, with_scripts=with_scripts)
        log_in(page)
        page.wait_until("document.querySelector('.incident a') !== null", PATIENCE)
        page.evaluate("document.querySelector('.incident a').click()")
        page.wait_until("document.querySelector('form[action$=\"/ack\"]') !== null", PATIENCE)

        fill_in(page, 'form[action$="/ack"]', reason="on it")
        page.wait_until(
            "document.querySelector('.story')?.innerText.includes('acknowledged by anna: on it') === true", PATIENCE
        )
        fill_in(page, 'form[action="/silences"]', reason="new cable")
        page.wait_until("document.querySelector('td.why')?.innerText.includes('new cable') === true", PATIENCE)
        page.evaluate("document.querySelector('form[action$=\"/end\"] button').click()")
        page.wait_until(
            "document.querySelector('[aria-labelledby=over]')?.innerText.includes('new cable') === true", PATIENCE
        )
        log_out(page)
        page.close()
