"""From when to when a report looks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from healthmon.errors import ExitCode
from healthmon.report.window import BadWindow, window

BERLIN = ZoneInfo("Europe/Berlin")
#: Sunday, the day on which summer time ended.
NOW = datetime(2026, 10, 25, 12, 0, tzinfo=UTC).timestamp()
DAY = 86400


def asked(since: str | None = None, from_: str | None = None, to: str | None = None) -> tuple[float, float]:
    """The window of these arguments, in Berlin."""
    return window(since=since, from_=from_, to=to, zone=BERLIN, now=NOW)


def utc(*numbers: int) -> float:
    """A moment in UTC."""
    year, month, day, *rest = numbers
    return datetime(year, month, day, *rest, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


def test_without_arguments_it_is_the_last_seven_days() -> None:
    assert asked() == (NOW - 7 * DAY, NOW)


@pytest.mark.parametrize(("since", "length"), [("7d", 7 * DAY), ("24h", DAY), ("30m", 1800), ("90s", 90)])
def test_since_is_a_duration_with_its_unit(since: str, length: float) -> None:
    assert asked(since) == (NOW - length, NOW)


def test_a_date_is_the_whole_day_where_the_reader_lives_also_the_day_of_25_hours() -> None:
    start, end = window(since=None, from_="2026-10-25", to="2026-10-25", zone=BERLIN, now=NOW + 2 * DAY)

    assert (start, end) == (utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))
    assert end - start == 25 * 3600


def test_a_time_is_local_and_one_with_an_offset_is_taken_by_that() -> None:
    assert asked(from_="2026-07-01 14:00", to="2026-07-01T12:30:00Z") == (utc(2026, 7, 1, 12), utc(2026, 7, 1, 12, 30))


def test_the_hour_that_comes_twice_is_wholly_within() -> None:
    assert asked(from_="2026-10-25 02:30", to="2026-10-25 02:30") == (
        utc(2026, 10, 25, 0, 30),
        utc(2026, 10, 25, 1, 30),
    )


def test_the_hour_that_does_not_exist_in_spring_is_taken_as_the_one_after_it() -> None:
    assert asked(from_="2026-03-29 02:30", to="2026-03-29 04:00") == (utc(2026, 3, 29, 1, 30), utc(2026, 3, 29, 2))


def test_since_counts_back_from_to() -> None:
    assert asked("1d", to="2026-07-01 12:00") == (utc(2026, 6, 30, 10), utc(2026, 7, 1, 10))


def test_a_report_never_looks_into_the_future() -> None:
    assert asked(from_="2026-10-24", to="2030-01-01")[1] == NOW


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"since": "7"}, "--since 7: say which unit, 7s or 7m"),
        ({"since": "7 weeks"}, "--since 7 weeks: weeks is no unit; the units are ms, s, m, h, d and y"),
        ({"since": "0s"}, "--since 0s: must be more than nothing, and at most 36500d"),
        ({"since": "99999999999d"}, "--since 99999999999d: must be more than nothing, and at most 36500d"),
        ({"since": "1d", "from_": "2026-10-01"}, "--since and --from both say where the report begins"),
        ({"from_": "yesterday"}, "--from yesterday: write a date like 2026-05-01, or a time like '2026-05-01 14:00'"),
        ({"from_": "2026-10-01", "to": "2026-09-01"}, "--from 2026-10-01 is not before --to 2026-09-01"),
        ({"from_": "2027-01-01"}, "--from 2027-01-01: nothing has happened yet that could be reported"),
        ({"from_": "0001-01-01"}, "--from 0001-01-01: there was no healthmon then"),
        ({"to": "9999-12-31"}, "--to 9999-12-31: there was no healthmon then"),
        ({"to": "0001-01-01 00:00"}, "--to 0001-01-01 00:00: there was no healthmon then"),
    ],
)
def test_arguments_that_name_no_time_are_one_sentence_and_exit_code_2(arguments: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadWindow) as raised:
        asked(**arguments)

    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == ExitCode.USAGE
