"""``report --format html`` in a real browser: on a screen, on a phone, on paper; for people who see badly, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.history.availability import Segment
from healthmon.history.figures import Figures
from healthmon.model import Health, Incident, Kind, Target
from healthmon.report.availability.account import Account, By, Counting, GroupFigures, Pictures, Strip, TargetFigures
from healthmon.report.availability.html.page import report_page
from healthmon.times.periods import Calendar, periods_of
from tests.browser.chromium import Browser
from tests.report.builder import DAY, HOUR, NOW, outage, provider
from tests.report.example import BERLIN, PAGE
from tests.scenarios import demo_day

SCREEN, PHONE = 1280, 390

#: What the margins leave of A4, in pixels of CSS (96 to the inch).
PAPER = int((210 - 2 * 13) / 25.4 * 96)

#: A name that is longer than a line, and one that is HTML.
LONG, HOSTILE = "trunk-" + "x" * 120, "<img src=http://127.0.0.1/x onerror=alert(1)> & <b>Söhne</b>"


#: Those that docs/ keeps.
KEPT = {"example": PAGE, "demo": demo_day.PAGE}


def strange() -> Account:
    """Two days with strange names: everything that a report can hold, also what lasts and what nobody saw."""
    window = (NOW - 2 * DAY, NOW)
    lines = tuple(
        TargetFigures(
            Target(pbx, "PJSIP", name),
            Kind.PROVIDER,
            "providers",
            Figures(DAY, HOUR, HOUR, HOUR, 3, HOUR, 60, 60, 2),
            Figures(HOUR),
        )
        for pbx, name in (("office", LONG), ("a&b<c>", HOSTILE))
    )
    segments = (
        Segment(NOW - 2 * DAY, NOW - DAY, None),
        Segment(NOW - DAY, NOW - 9 * HOUR, Health.UP),
        Segment(NOW - 9 * HOUR, NOW - 6 * HOUR, Health.DEGRADED),
        Segment(NOW - 6 * HOUR, NOW - 3 * HOUR, Health.UNKNOWN),
        Segment(NOW - 3 * HOUR, NOW, Health.DOWN, 1),
    )
    hours = tuple(
        GroupFigures(
            f"hour {number}", Figures(up_s=HOUR * number, down_s=HOUR * (number % 3)), None, 2, (at, at + HOUR)
        )
        for number, at in enumerate(NOW - 2 * DAY + HOUR * number for number in range(48))
    )
    state = provider(HOSTILE)
    incidents: list[Incident] = [
        outage(1, state, NOW - HOUR, cause="Unreachable</td></table><script>alert(2)</script>"),
        replace(outage(2, provider(LONG), NOW - DAY, NOW - HOUR), acked_at=NOW - HOUR, acked_by="eve", ack_reason="ok"),
    ]
    works = ((NOW - 20 * HOUR, NOW - 10 * HOUR),)
    strips = tuple(
        Strip(Kind.PROVIDER, name, segments, lines[0].figures, maintenance=works, is_cut=name == LONG)
        for name in (LONG, HOSTILE)
    )
    sites = (Strip(Kind.SITE, HOSTILE, segments, lines[0].figures),)
    pictures = Pictures(strips, sites, more=3, cells=hours, is_hourly=True)
    return Account(window, lines, tuple(incidents), counting=Counting(promised=0.999), pictures=pictures)


#: How far the texts of two cells that lie beside each other are apart at least (pixels).
NARROWEST_GAP = """(() => {
    const text = cell => { const range = document.createRange(); range.selectNodeContents(cell); return range };
    const gaps = [...document.querySelectorAll('.scroll tr')].flatMap(row => [...row.cells].slice(1).map(cell => {
        const left = text(cell.previousElementSibling), right = text(cell);
        return left.toString() && right.toString()
            ? right.getBoundingClientRect().left - left.getBoundingClientRect().right : Infinity }));
    const least = Math.min(...gaps);
    return Number.isFinite(least) ? least : null;
})()"""


@pytest.fixture(scope="module", params=["example", "demo", "strange", "empty"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report as a file."""
    if request.param in KEPT:
        return KEPT[request.param]
    account = strange() if request.param == "strange" else Account((NOW - DAY, NOW), (), by=By.DAY, pictures=Pictures())
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(report_page(account, BERLIN, now=NOW), encoding="utf-8")
    return file


@pytest.mark.parametrize("width", [PHONE, SCREEN])
def test_nobody_stumbles_over_it(browser: Browser, axe_core: str, page: Path, width: int) -> None:
    shown = browser.page(page, width)

    shown.evaluate(f"{axe_core}; 0")
    found = shown.evaluate("axe.run().then(result => ({violations: result.violations, passes: result.passes.length}))")

    said = [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']][:3]}" for one in found["violations"]]
    assert said == []
    assert found["passes"] > 15


@pytest.mark.parametrize("width", [320, PHONE, 768, SCREEN])
def test_the_page_is_never_wider_than_the_window(browser: Browser, page: Path, width: int) -> None:
    shown = browser.page(page, width)

    assert shown.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize(("days", "unit"), [(1, "hour"), (7, "hour"), (15, "hour"), (31, "day"), (366, "day")])
@pytest.mark.parametrize("width", [320, PHONE, SCREEN])
def test_the_whole_calendar_is_seen_at_once_and_can_be_read(
    browser: Browser, tmp_path: Path, days: int, unit: str, width: int
) -> None:
    window = (NOW - days * DAY, NOW)
    cells = tuple(
        GroupFigures(period.name, Figures(up_s=HOUR, down_s=period.since % 7), None, 2, (period.since, period.until))
        for period in periods_of(Calendar(unit), window, BERLIN)
    )
    pictures = Pictures(cells=cells, is_hourly=unit == "hour")
    file = tmp_path / "report.html"
    file.write_text(report_page(Account(window, (), pictures=pictures), BERLIN, now=NOW), encoding="utf-8")

    shown = browser.page(file, width)

    pictures_are = "[...document.querySelectorAll('svg.calendar')].map(one => one.getBoundingClientRect())"
    assert shown.evaluate(f"Math.max(...{pictures_are}.map(one => one.right))") <= width
    assert shown.evaluate("document.querySelector('.calendars').scrollWidth") <= width
    texts = "[...document.querySelectorAll('svg.calendar text')]"
    assert shown.evaluate(f"Math.min(...{texts}.map(one => one.getBoundingClientRect().height))") > 9.9
    assert shown.evaluate(f"{texts}.length") >= 8
    cell = "document.querySelector('svg.calendar g rect').getBoundingClientRect()"
    assert shown.evaluate(f"Math.min({cell}.width, {cell}.height)") >= 10


def test_it_asks_the_network_for_nothing_and_runs_no_script(browser: Browser, page: Path) -> None:
    shown = browser.page(page, SCREEN)

    assert shown.requested == [page.as_uri()]
    assert shown.complaints == []
    assert shown.evaluate("document.scripts.length") == 0
    assert shown.evaluate("document.images.length") == 0


def test_it_prints_on_a4(browser: Browser, page: Path) -> None:
    pdf = browser.page(page, SCREEN).pdf()

    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert sheets
    assert {(round(float(width)), round(float(height))) for width, height in sheets} == {(595, 842)}


def test_nothing_is_cut_off_on_paper(browser: Browser, page: Path) -> None:
    shown = browser.page(page, PAPER)
    shown.as_on_paper()

    assert shown.evaluate("document.scrollingElement.scrollWidth") <= PAPER


def test_strange_names_are_shown_as_they_are(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page(strange(), BERLIN, now=NOW), encoding="utf-8")

    text = browser.page(file, SCREEN).evaluate("document.body.innerText")

    assert HOSTILE in text
    assert "Unreachable</td></table><script>alert(2)</script>" in text


def test_columns_do_not_touch_on_paper(browser: Browser, page: Path) -> None:
    shown = browser.page(page, PAPER)
    shown.as_on_paper()

    gap = shown.evaluate(NARROWEST_GAP)

    assert gap is None or gap >= 7


@pytest.mark.parametrize("width", [320, PHONE, 600])
def test_tables_that_go_on_to_the_right_say_so_on_a_phone(browser: Browser, page: Path, width: int) -> None:
    shown = browser.page(page, width)

    tables = shown.evaluate("[...document.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth)")
    hints = shown.evaluate(
        "[...document.querySelectorAll('.scroll')].map(one => one.previousElementSibling.checkVisibility())"
    )

    assert all(hidden > 100 for hidden in tables)
    assert hints == [True] * len(tables)


def test_no_hint_stands_where_a_table_is_seen_whole(browser: Browser, page: Path) -> None:
    shown = browser.page(page, SCREEN)

    assert shown.evaluate("[...document.querySelectorAll('.hint')].some(one => one.checkVisibility())") is False
