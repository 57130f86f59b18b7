"""A target with several checks: what counts is the worst of them at each moment, and each is shown apart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.history.all_checks import history_of_all
from healthmon.history.availability import History, figures, timeline
from healthmon.model import (
    ENDPOINT_CHECKS,
    Changes,
    Channel,
    Check,
    CheckState,
    EndpointCheckKind,
    Health,
    Kind,
    Reading,
    Transition,
)
from healthmon.report.availability.account import Account, By, TargetFigures
from healthmon.report.availability.daily_readings import Roller
from healthmon.report.availability.data import report_data
from healthmon.report.availability.html.page import report_page
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.queries import open_reader
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import Writer, open_writer
from healthmon.times.spans import Span
from tests.report.builder import DAY, HOUR, MINUTE, outage, provider, steps, unknown

BERLIN = ZoneInfo("Europe/Berlin")
UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN

#: The first moment of a Tuesday; when the second check began.
START = datetime(2026, 4, 28, tzinfo=BERLIN).timestamp()
BEGAN = START + 2 * DAY + 6 * HOUR
NOW = START + 30 * DAY

TRUNK = replace(provider("telekom"), watched_since=START)
LINES = replace(TRUNK, check="lines", watched_since=BEGAN)
OTHER = replace(provider("sipgate"), watched_since=START)

#: Down for an hour each: before the second check began, while that is degraded, and where both are down in turn.
EARLY, DAY_5, DAY_6 = START + DAY + 9 * HOUR, START + 5 * DAY, START + 6 * DAY
REACHED = [
    (START, UP),
    (EARLY, DOWN),
    (EARLY + HOUR, UP),
    (DAY_5 + 10 * HOUR, DOWN),
    (DAY_5 + 11 * HOUR, UP),
    (DAY_6 + 10 * HOUR, DOWN),
    (DAY_6 + 11 * HOUR, UP),
]
LINES_WORK = [
    (BEGAN, UP),
    (DAY_5 + 9 * HOUR, DEGRADED),
    (DAY_5 + 12 * HOUR, UP),
    (DAY_6 + 10.5 * HOUR, DOWN),
    (DAY_6 + 12 * HOUR, UP),
]


@pytest.fixture(autouse=True)
def lines_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one check more."""
    monkeypatch.setitem(ENDPOINT_CHECKS, "lines", EndpointCheckKind("lines", (), asked_by=Channel.PROBES))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "healthmon.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    """A database with two trunks, one of which has two checks; no meter was read yet."""
    with closing(open_writer(path, now=START)) as writer:
        book(writer, TRUNK, OTHER, transitions=[*steps(TRUNK, *REACHED), *steps(OTHER, *REACHED)])
        book(writer, LINES, transitions=steps(LINES, *LINES_WORK))
        writer.alive(NOW, ())
        yield writer


def book(writer: Writer, *states: CheckState, transitions: Iterable[Transition] = ()) -> None:
    """Book states and what became of them."""
    writer.commit(
        Changes(states={(state.target, state.check): state for state in states}, transitions=list(transitions))
    )


def roll(writer: Writer, now: float = NOW) -> None:
    """Take all readings that are due."""
    roller = Roller(writer)
    while roller.step(now, BERLIN):
        pass


def account(path: Path, window: Span = (START, NOW), by: By = By.TARGET) -> Account:
    """Ask for a report with everything in it."""
    asked = ReportRequest(window, by=by, zone=BERLIN, with_checks=True, with_pictures=True)
    with open_reader(path) as reader:
        return account_of(reader, asked, NOW)


def trunk(path: Path, window: Span = (START, NOW)) -> TargetFigures:
    """The line of the trunk with two checks."""
    return next(line for line in account(path, window).lines if line.target == TRUNK.target)


def meters_over_all(path: Path) -> list[str]:
    """Of which targets there is a meter over all checks."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"SELECT resource FROM checks WHERE name = '{Check.ALL}'")
        return [name for (name,) in rows]


def in_sum(line: TargetFigures) -> tuple[float, float, int, float]:
    """How long it was down and degraded, how many outages there were, and how long the longest one was."""
    known = line.figures
    return known.down_s, known.degraded_s, known.outages, known.longest_s


@pytest.mark.parametrize("becomes", ["nothing was read", "all was read", "the changes are gone"])
def test_time_in_which_two_checks_are_bad_counts_once_as_the_worse(writer: Writer, path: Path, becomes: str) -> None:
    if becomes != "nothing was read":
        roll(writer)
    while becomes == "the changes are gone" and writer.prune(Cuts(NOW, START, START, START)):
        pass

    # An hour alone, an hour amid three hours of degraded, and two hours in which one or the other was down.
    assert in_sum(trunk(path)) == (4 * HOUR, 2 * HOUR, 3, 2 * HOUR)
    assert in_sum(trunk(path, (START, START + 5 * DAY))) == (HOUR, 0, 1, HOUR)
    assert in_sum(trunk(path, (DAY_5, DAY_6))) == (HOUR, 2 * HOUR, 1, HOUR)
    assert in_sum(trunk(path, (DAY_6, NOW))) == (2 * HOUR, 0, 1, 2 * HOUR)


def test_each_check_is_shown_apart(writer: Writer, path: Path) -> None:
    roll(writer)

    reached, lines = trunk(path).checks
    assert (reached.check, *in_sum(reached)) == ("reachability", 3 * HOUR, 0, 3, HOUR)
    assert (lines.check, *in_sum(lines)) == ("lines", 1.5 * HOUR, 3 * HOUR, 1, 1.5 * HOUR)
    by_check = {group.name: group.figures for group in account(path, by=By.CHECK).groups}
    # That of the other trunk is among them.
    assert by_check["reachability"].down_s == 6 * HOUR
    assert by_check["lines"].down_s == 1.5 * HOUR
    assert by_check.keys() == {"reachability", "lines"}


def test_programs_get_each_check_of_a_target_that_has_several(writer: Writer, path: Path) -> None:
    told = report_data(account(path))

    targets = {target["endpoint"]: target for target in told["targets"]}
    assert targets["PJSIP/telekom"]["downtime_s"] == 4 * HOUR
    assert [(check["check"], check["downtime_s"]) for check in targets["PJSIP/telekom"]["checks"]] == [
        ("reachability", 3 * HOUR),
        ("lines", 1.5 * HOUR),
    ]
    assert "checks" not in targets["PJSIP/sipgate"]
    assert told["overall"]["downtime_s"] == 7 * HOUR


def test_a_page_lists_each_check_below_its_target(writer: Writer, path: Path) -> None:
    page = report_page(account(path), BERLIN, now=NOW)

    whole, reached, lines = (page.index(f">PJSIP/telekom{name}<") for name in ("", ", reachability", ", lines"))
    assert whole < reached < lines
    assert "PJSIP/sipgate," not in page


def test_a_check_that_the_watch_section_leaves_out_is_shown_and_counts_in_no_figure_of_its_target(
    writer: Writer, path: Path
) -> None:
    book(writer, replace(LINES, counts=False))
    roll(writer)

    assert trunk(path).figures.down_s == 3 * HOUR
    by_check = {group.name: group.figures for group in account(path, by=By.CHECK).groups}
    assert by_check["lines"].down_s == 1.5 * HOUR


def test_only_a_target_with_several_checks_has_a_meter_more(writer: Writer, path: Path) -> None:
    roll(writer)
    roll(writer, NOW + DAY)

    assert meters_over_all(path) == ["telekom"]


def test_what_is_booked_late_removes_the_readings_over_all_too(writer: Writer, path: Path) -> None:
    roll(writer)

    day_4 = START + 4 * DAY
    book(writer, transitions=steps(LINES, (0, UP), (day_4, DOWN), (day_4 + HOUR, UP))[1:])
    assert trunk(path, (day_4, NOW)).figures.down_s == 4 * HOUR
    roll(writer)

    assert trunk(path, (day_4, NOW)).figures.down_s == 4 * HOUR
    assert in_sum(trunk(path)) == (5 * HOUR, 2 * HOUR, 4, 2 * HOUR)


def test_a_third_check_that_is_heard_of_late_changes_the_readings_over_all(
    writer: Writer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENDPOINT_CHECKS, "calls", EndpointCheckKind("calls", (), asked_by=Channel.PROBES))
    roll(writer)

    day_4 = START + 4 * DAY
    calls = replace(TRUNK, check="calls", watched_since=day_4)
    book(writer, calls)
    before = trunk(path, (day_4, NOW)).figures
    book(writer, transitions=steps(calls, (day_4 + HOUR, DOWN), (day_4 + 2 * HOUR, UP)))
    roll(writer)

    # Until it was known, and since it is up again, the target is as the others say.
    known = trunk(path, (day_4, NOW)).figures
    assert (before.unknown_s, before.down_s) == (0, 3 * HOUR)
    assert (known.unknown_s, known.down_s) == (0, 4 * HOUR)


def test_another_kind_or_watch_section_leaves_the_readings_over_all(writer: Writer, path: Path) -> None:
    roll(writer)
    before = trunk(path)

    book(writer, *(replace(state, watch="carriers") for state in (TRUNK, LINES)))

    while writer.prune(Cuts(NOW, START, START, START)):
        pass
    assert trunk(path).figures == before.figures
    assert trunk(path).watch == "carriers"


def test_a_target_that_is_watched_again_goes_on_where_it_was(writer: Writer, path: Path) -> None:
    left_at, back_at = NOW - 9 * DAY, NOW - 5 * DAY
    left = [Transition(TRUNK.target, check, UP, None, left_at, left_at, "gone") for check in ("reachability", "lines")]
    writer.commit(Changes(forgotten=[TRUNK.target], transitions=left))
    roll(writer, NOW - 7 * DAY)

    again = replace(TRUNK, watched_since=back_at)
    book(writer, again, transitions=steps(again, (back_at, UP)))
    roll(writer)

    known = trunk(path).figures
    assert known.watched_s == NOW - START - (back_at - left_at)
    assert (known.down_s, known.outages) == (4 * HOUR, 3)
    assert meters_over_all(path) == ["telekom"]


def test_an_outage_goes_on_while_one_check_or_the_other_is_down() -> None:
    first = History(Kind.PROVIDER, [(0, UP), (10, DOWN), (20, UP)], (), (0,))
    second = History(Kind.PROVIDER, [(0, UP), (20, DOWN), (30, UP)], (), (0,))

    told = figures(timeline(history_of_all([first, second], None), (0, 100)))

    assert (told.outages, told.longest_s, told.up_s) == (1, 20, 80)


def test_what_is_seen_to_be_down_is_down_though_another_check_cannot_be_seen() -> None:
    down = History(Kind.PROVIDER, [(0, UP), (10, DOWN), (20, UP)], (), (0,))
    hidden = History(Kind.PROVIDER, [(0, UP)], [(5, 25)], (0,))

    told = figures(timeline(history_of_all([down, hidden], None), (0, 100)))

    assert (told.up_s, told.unknown_s, told.down_s, told.outages) == (80, 10, 10, 1)


def test_a_check_of_which_nothing_is_known_says_nothing_while_another_is_known() -> None:
    unchecked = History(Kind.PROVIDER, [(0, UNKNOWN)], [(0, 100)], (0,))
    options = History(Kind.PROVIDER, [(0, UNKNOWN), (10, UP), (20, DOWN), (30, UP)], [(50, 60)], (0,))

    for checks in ([unchecked, options], [options, unchecked]):
        told = figures(timeline(history_of_all(checks, None), (0, 100)))
        assert (told.unknown_s, told.up_s, told.down_s, told.outages) == (20, 70, 10, 1)


def test_a_phone_is_in_use_as_soon_as_any_of_its_checks_works() -> None:
    reached = History(Kind.PHONE, [(0, DOWN), (10, UP)], (), (0,))
    dark = History(Kind.PHONE, [(0, DOWN), (50, UP)], (), (0,))

    told = figures(timeline(history_of_all([reached, dark], None), (0, 100)))

    assert (told.down_s, told.up_s, told.outages) == (40, 50, 1)


def test_what_goes_on_from_a_reading_has_not_changed_then() -> None:
    down = Reading(50, up_s=10, down_s=40, outages=1, belief=DOWN, was_used=True, is_out=True, out_s=40)
    reached = History(Kind.PHONE, [], (), (0,), reading=down)
    lines = History(Kind.PHONE, [(0, UP)], (), (0,))

    merged = history_of_all([reached, lines], down)

    assert merged.changes == []
    told = figures(timeline(merged, (50, 100)))
    assert (told.down_s, told.outages) == (50, 1)


def test_flapping_belongs_to_its_check(writer: Writer, path: Path) -> None:
    flapped = outage(1, LINES, DAY_5, DAY_6, flap_episodes=2)
    writer.commit(Changes(incidents={1: flapped}))

    line = trunk(path)

    assert (line.figures.flaps, *(check.figures.flaps for check in line.checks)) == (2, 0, 2)


def test_a_time_in_which_a_check_cannot_be_seen_is_unknown_for_the_target(writer: Writer, path: Path) -> None:
    hidden = unknown(TRUNK.target, NOW - DAY, NOW - DAY + 5 * MINUTE, "lines")
    writer.commit(Changes(unknown_periods={(hidden.target, hidden.check, hidden.since): hidden}))
    roll(writer)

    assert trunk(path, (NOW - 2 * DAY, NOW)).figures.unknown_s == 5 * MINUTE
