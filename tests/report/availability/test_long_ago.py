"""Reports about times whose single changes are gone: what each day amounted to is still known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.history import HistoryConfig
from healthmon.model import Changes, Health
from healthmon.report.availability.account import Account, By
from healthmon.report.availability.daily_readings import Roller
from healthmon.report.availability.html.page import report_page
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.queries import open_reader
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import open_writer
from healthmon.times.weekly import Weekly
from tests.report.builder import DAY, HOUR, provider, steps, unknown

BERLIN = ZoneInfo("Europe/Berlin")
UP, DOWN = Health.UP, Health.DOWN

#: The first moment of February 2024, and when the changes of the first year are removed.
START = datetime(2024, 2, 1, tzinfo=BERLIN).timestamp()
NOW = START + 500 * DAY
KEPT = replace(HistoryConfig(), transitions=100 * DAY)

TRUNK = replace(provider("telekom"), watched_since=START)

#: Three outages of an hour in February, one over the end of the month, one lately.
OUTAGES = [
    *((START + day * DAY + 9 * HOUR, HOUR) for day in (3, 11, 12)),
    (datetime(2024, 2, 29, 23, tzinfo=BERLIN).timestamp(), 2 * HOUR),
    (NOW - 5 * DAY, 3 * HOUR),
]


@pytest.fixture(params=["all is kept", "the changes are gone"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A provider over 500 days; each meter was read, and then perhaps the old changes were pruned."""
    path = tmp_path / "healthmon.db"
    changes = [(START, UP), *(edge for at, length in OUTAGES for edge in ((at, DOWN), (at + length, UP)))]
    hidden = unknown(TRUNK.target, START + 20 * DAY, START + 20 * DAY + HOUR)
    with closing(open_writer(path, now=START)) as writer:
        writer.commit(
            Changes(
                states={(TRUNK.target, TRUNK.check): TRUNK},
                transitions=steps(TRUNK, *changes),
                unknown_periods={(hidden.target, hidden.check, hidden.since): hidden},
            )
        )
        roller = Roller(writer)
        while roller.step(NOW, BERLIN):
            pass
        while request.param == "the changes are gone" and writer.prune(Cuts.of(KEPT, NOW)):
            pass
        writer.alive(NOW, ())
    yield path


def report(
    path: Path, since: str, until: str, by: By = By.TARGET, plans: Plans | None = None, *, with_pictures: bool = False
) -> Account:
    """Ask for a report between two moments of Berlin."""
    window = tuple(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() for text in (since, until))
    with open_reader(path) as reader:
        asked = ReportRequest((window[0], window[1]), by=by, zone=BERLIN, with_pictures=with_pictures)
        return account_of(reader, asked, NOW, plans=plans or Plans())


def test_whole_days_are_known_exactly(database: Path) -> None:
    figures = report(database, "2024-02-01", "2024-03-01").overall

    assert (figures.outages, figures.down_s, figures.longest_s, figures.unknown_s) == (4, 4 * HOUR, HOUR, HOUR)
    assert figures.up_s == 29 * DAY - 5 * HOUR


def test_an_outage_over_the_beginning_counts_with_its_part_within(database: Path) -> None:
    figures = report(database, "2024-03-01", "2024-04-01").overall

    assert (figures.outages, figures.down_s, figures.longest_s) == (1, HOUR, HOUR)


def test_months_are_told_apart(database: Path) -> None:
    groups = report(database, "2024-02-01", "2024-05-01", By.MONTH).groups

    assert [(group.name, group.figures.outages, group.figures.down_s) for group in groups] == [
        ("2024-02", 4, 4 * HOUR),
        ("2024-03", 1, HOUR),
        ("2024-04", 0, 0),
    ]


def test_years_are_one_window(database: Path) -> None:
    figures = report(database, "2024-02-01", "2025-06-01").overall

    assert (figures.outages, figures.down_s, figures.longest_s) == (4, 5 * HOUR, 2 * HOUR)


def test_an_edge_within_a_day_is_exact_while_the_changes_are_there_and_at_the_nearest_day_later(
    database: Path, request: pytest.FixtureRequest
) -> None:
    figures = report(database, "2024-02-04 09:30", "2024-02-20").overall

    is_kept = request.node.callspec.params["database"] == "all is kept"
    assert (figures.outages, figures.down_s) == ((3, 2.5 * HOUR) if is_kept else (3, 3 * HOUR))


def test_working_hours_are_known_while_the_changes_are_there(database: Path, request: pytest.FixtureRequest) -> None:
    always = Weekly(frozenset(range(7)), 8 * 60, 18 * 60, BERLIN)

    in_hours = report(
        database, "2024-02-01", "2024-03-01", plans=Plans(working_hours={"providers": (always,)})
    ).in_hours

    if request.node.callspec.params["database"] == "all is kept":
        assert in_hours is not None
        assert in_hours.down_s == 3 * HOUR
    else:
        assert in_hours is None


def test_a_page_says_in_words_what_the_figures_say(database: Path, request: pytest.FixtureRequest) -> None:
    account = report(database, "2024-02-01", "2024-03-01", with_pictures=True)

    page = report_page(account, BERLIN, now=NOW)

    is_kept = request.node.callspec.params["database"] == "all is kept"
    when = " on the 4th" if is_kept else ""
    assert f"of February 2024; four outages, the longest 1 h{when}." in page
    assert ("Down 2024-02-04 09:00 for 1 h, " if is_kept else "Down 4 times, for 4 h in all; ") in page
    assert "Never down" not in page
