"""Time in Asterisk's maintenance mode is maintenance in reports, as that of a window of the configuration is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from healthmon.history.figures import Figures
from healthmon.model import IN_MAINTENANCE_MODE, Check, Health, UnknownPeriod
from healthmon.report.availability.account import Counting
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.queries import open_reader
from tests.report.builder import DAY, HOUR, NOW, connection, provider, running, steps

TRUNK = provider("telekom", watched_since=NOW - 20 * DAY)
OTHER = provider("sipgate", watched_since=NOW - 20 * DAY)
WINDOW = (NOW - DAY, NOW)
#: It began before the window; and one that lasts.
SPANS = [(NOW - 25 * HOUR, NOW - 22 * HOUR), (NOW - HOUR, None)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "healthmon.db"
    veils = [UnknownPeriod(TRUNK.target, Check.REACHABILITY, *span, f"{IN_MAINTENANCE_MODE} since x") for span in SPANS]
    veils.append(UnknownPeriod(TRUNK.target, Check.REACHABILITY, NOW - 10 * HOUR, NOW - 9 * HOUR, "not listed"))
    up = [(NOW - 20 * DAY, Health.UP)]
    history = [*steps(TRUNK, *up), *steps(OTHER, *up)]
    with running(path, [connection(), TRUNK, OTHER], history=history, unknown_periods=veils):
        pass
    return path


def figures_of(database: Path, *, excludes: bool = False) -> dict[str, Figures]:
    asked = ReportRequest(WINDOW, counting=Counting(excludes_maintenance=excludes))
    with closing(open_reader(database)) as reader:
        account = account_of(reader, asked, NOW)
    return {line.target.resource: line.figures for line in account.lines if line.target.is_endpoint}


def test_it_is_a_part_of_the_time_that_nobody_knows(database: Path) -> None:
    figures = figures_of(database)

    assert figures["telekom"].maintenance_s == pytest.approx(3 * HOUR)
    assert figures["telekom"].unknown_s == pytest.approx(4 * HOUR)
    assert figures["sipgate"].maintenance_s == 0.0


def test_it_is_left_out_where_maintenance_is(database: Path) -> None:
    figures = figures_of(database, excludes=True)

    assert figures["telekom"].watched_s == pytest.approx(21 * HOUR)
    assert figures["telekom"].unknown_s == pytest.approx(HOUR)
    assert figures["sipgate"].watched_s == pytest.approx(24 * HOUR)
