"""The pages in a real browser: at three widths, light and dark, without scripts; kept fresh while they are open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Changes, Check, CheckState, Health
from healthmon.store.write.writer import Writer
from tests.browser.chromium import Browser, Page
from tests.browser.served import Served
from tests.browser.worlds import BOB, MARKUP, PUBLIC, WORLDS, company, world_served
from tests.report.builder import HOUR, NOW, connection, provider, running

WIDTHS = (390, 1280, 1920)
#: A database, and what is looked at of it.
PAGES = (
    *(("office", path) for path in ("/", "/wall", "/targets", "/targets/office", "/targets/trunk-sipgate")),
    *(("office", path) for path in ("/incidents", "/incidents/1", "/targets/nobody", "/report", "/silences")),
    *(("empty", path) for path in ("/", "/wall", "/targets", "/incidents")),
    *(("well", path) for path in ("/", "/wall")),
    ("office", "/public/status"),
)

#: Of so much of what it passes an axe-core that found nothing to look at would not speak.
_LOOKED_AT = 10


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The addresses of web processes that answer about a database each."""
    with ExitStack() as answering:
        found = {}
        for name in ("empty", "office", "well"):
            path = tmp_path_factory.mktemp(name) / "h.db"
            found[name] = answering.enter_context(world_served(path, WORLDS[name](), for_everybody=[PUBLIC])).url
        yield found


@contextmanager
def opened(browser: Browser, url: str, width: int = 1280, height: int = 900, **wishes: bool) -> Iterator[Page]:
    """A page in a window, which is closed again."""
    page = browser.page(url, width, height, **wishes)
    try:
        yield page
    finally:
        page.close()


@pytest.mark.parametrize("shown", PAGES, ids=" ".join)
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_nobody_stumbles_over_it(
    browser: Browser, axe_core: str, worlds: dict[str, str], shown: tuple[str, str], is_dark: bool
) -> None:
    world, path = shown
    for width in WIDTHS:
        with opened(browser, worlds[world] + path, width, is_dark=is_dark) as page:
            page.evaluate(f"{axe_core}; 0")
            found = page.evaluate("axe.run().then(({violations, passes}) => ({violations, passes: passes.length}))")

            said = [
                f"{width}: {one['id']}: {one['help']}: {[node['html'] for node in one['nodes']][:3]}"
                for one in found["violations"]
            ]
            assert said == []
            assert found["passes"] > _LOOKED_AT
            # What is not there is a page, too.
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width
            assert [words for words in page.complaints if "axe" not in words and "404" not in words] == []


@pytest.mark.parametrize("shown", PAGES, ids=" ".join)
def test_it_asks_nobody_else_for_anything(browser: Browser, worlds: dict[str, str], shown: tuple[str, str]) -> None:
    world, path = shown
    with opened(browser, worlds[world] + path) as page:
        assert page.requested
        # The sign on a field for dates is the browser's own.
        assert [url for url in page.requested if not url.startswith((worlds[world], "data:"))] == []


#: What of the wall is smaller than 28 px, and what does not have the room that it needs.
TOO_SMALL = """[...document.querySelectorAll('body *')]
    .filter(node => node.checkVisibility() && !node.closest('script, .skip'))
    .filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
    .filter(node => parseFloat(getComputedStyle(node).fontSize) < 28)
    .map(node => node.outerHTML)"""
CUT_OFF = """[...document.querySelectorAll('.wall-tile, .wall-part, main')]
    .filter(node => node.scrollHeight > node.clientHeight + 1 || node.getBoundingClientRect().bottom > innerHeight)
    .map(node => node.outerHTML.slice(0, 300))"""


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_the_wall_shows_40_providers_and_60_sites_without_scrolling(
    browser: Browser, axe_core: str, tmp_path: Path, is_dark: bool
) -> None:
    with (
        world_served(tmp_path / "h.db", company(phones=600)) as web,
        opened(browser, web.url + "/wall", 1920, height=1080, is_dark=is_dark) as page,
    ):
        assert page.evaluate("document.querySelectorAll('.wall-tile').length") == 100
        assert page.evaluate(TOO_SMALL) == []
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate("document.scrollingElement.scrollHeight") <= 1080
        page.evaluate(f"{axe_core}; 0")
        assert page.evaluate("axe.run().then(({violations}) => violations.map(each => each.id))") == []


def test_the_clock_of_the_wall_goes(browser: Browser, tmp_path: Path) -> None:
    with world_served(tmp_path / "h.db", WORLDS["well"]()) as web, opened(browser, web.url + "/wall") as page:
        before = page.evaluate("document.getElementById('clock').innerText")
        page.wait_until(f"document.getElementById('clock').innerText !== {before!r}")


@pytest.mark.parametrize("path", ["/", "/wall", "/targets", "/targets/trunk-sipgate", "/incidents", "/public/status"])
def test_it_says_the_same_without_scripts(browser: Browser, worlds: dict[str, str], path: str) -> None:
    url = worlds["office"] + path
    with opened(browser, url) as lively, opened(browser, url, with_scripts=False) as still:
        # What a script has drawn, it has drawn in the place of a picture.
        lively.evaluate(
            "for (const each of document.querySelectorAll('[data-drawn]')) each.removeAttribute('data-drawn'); 0"
        )
        read = """
            for (const each of document.querySelectorAll('.plot')) each.hidden = true;
            document.getElementById('main').innerText
        """
        assert still.evaluate(read) == lively.evaluate(read)


def test_the_rows_of_the_list_are_rows(browser: Browser, tmp_path: Path) -> None:
    with world_served(tmp_path / "h.db", WORLDS["office"]()) as web, opened(browser, web.url + "/targets") as page:
        heights = page.evaluate("[...document.querySelectorAll('tbody tr')].map(row => row.clientHeight)")

    assert len(heights) == 30
    assert sorted(heights)[25] <= 60
    assert max(heights) <= 130


def test_round_trips_can_be_read_off_and_the_picture_is_for_those_without_scripts(
    browser: Browser, worlds: dict[str, str]
) -> None:
    address = f"{worlds['office']}/targets/trunk-sipgate"
    shown = "getComputedStyle(document.querySelector('svg.chart')).display"
    with opened(browser, address) as lively, opened(browser, address, with_scripts=False) as still:
        lively.wait_until("document.querySelector('.plot canvas') !== null")
        labels = lively.evaluate(
            "[...document.querySelectorAll('.plot tbody th, .plot tr th')].map(th => th.innerText)"
        )

        assert labels == ["hour from", "the least", "half within", "95 % within"]
        assert (lively.evaluate(shown), still.evaluate(shown)) == ("none", "block")


def test_what_is_measured_while_a_page_is_open_is_drawn(browser: Browser, tmp_path: Path) -> None:
    path, trunk = tmp_path / "h.db", provider("trunk")
    with running(path, [connection(), trunk]) as writer, Served(path) as web:
        _measure(writer, trunk, 10.0, NOW - HOUR)
        with opened(browser, web.url + "/targets/trunk") as page:
            page.wait_until("document.querySelector('.plot canvas') !== null")
            _measure(writer, trunk, 20.0, NOW - 3 * HOUR)
            page.wait_until("JSON.parse(document.querySelector('.plots').dataset.drawn)[0].length === 2")

            assert page.evaluate("document.querySelectorAll('.plot canvas').length") == 1
            assert page.complaints == []


def _measure(writer: Writer, of: CheckState, took: float, at: float) -> None:
    measurement = ROUND_TRIP.measured(of.target, Check.REACHABILITY, took, at)
    assert measurement is not None
    writer.commit(Changes(measurements=[measurement]))
    writer.fold_measurements()


def test_markup_of_strangers_stays_text(browser: Browser, tmp_path: Path) -> None:
    with world_served(tmp_path / "h.db", WORLDS["office"]()) as web, opened(browser, web.url + "/") as page:
        text = page.evaluate("document.body.innerText")
        assert BOB in text
        assert page.evaluate("document.images.length") == 0
        assert MARKUP not in page.evaluate("document.body.innerHTML")


def test_what_a_phone_says_that_it_is_stays_text_too(browser: Browser, tmp_path: Path) -> None:
    with world_served(tmp_path / "h.db", WORLDS["office"]()) as web, opened(browser, web.url + "/targets") as page:
        page.evaluate(f"location = [...document.querySelectorAll('th a')].find(link => link.text === {BOB!r}).href; 0")
        page.wait_until(f"document.querySelector('h1')?.innerText === {BOB!r}")

        assert MARKUP in page.evaluate("document.body.innerText")
        assert page.evaluate("document.images.length + document.querySelectorAll('h1 b').length") == 0
        assert "666" not in page.evaluate("document.title")


# ---------------------------------------------------------------- while it is open


def test_a_change_comes_by_itself_and_leaves_the_reader_where_he_is(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    states = [connection(), *(provider(f"trunk-{number:02}") for number in range(60))]
    with running(path, states) as writer, Served(path) as web, opened(browser, web.url + "/") as page:
        page.evaluate("document.querySelector('nav a').focus(); scrollTo(0, 300); window.kept = true; 0")

        dead = provider("trunk-07", Health.DOWN)
        writer.commit(Changes(states={(dead.target, dead.check): dead}))
        page.wait_until("document.querySelector('h1').innerText === 'Down: 1 provider'")

        assert page.evaluate("window.kept && scrollY") == 300
        assert page.evaluate("document.activeElement.innerText") == "Overview"
        assert page.evaluate("document.title") == "Down: 1 provider · healthmon"


def test_it_says_that_nobody_answers_and_goes_on_by_itself_when_somebody_does(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    green = "getComputedStyle(document.querySelector('.chip.look-up')).color"
    states = [connection(), provider("trunk")]
    with running(path, states), Served(path) as web, opened(browser, web.url + "/") as page:
        as_ever = page.evaluate(green)
        web.end()
        page.wait_until("!document.getElementById('lost').hidden")
        lost = page.evaluate("document.getElementById('lost').innerText")
        assert page.evaluate(green) != as_ever
        clock = page.evaluate("document.getElementById('clock').innerText")

        with Served(path, port=web.port):
            page.wait_until("document.getElementById('lost').hidden")
            assert page.evaluate(green) == as_ever

    assert lost.startswith("No connection to healthmon. What you see is of 14:00:0")
    assert clock.startswith("14:00:0")
