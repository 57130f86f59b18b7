"""When a report is due, in every zone and on every day of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.config.values import calendar_time
from healthmon.times.occasions import CalendarTime, Occasion, following, latest

BERLIN = ZoneInfo("Europe/Berlin")
#: Half an hour of summer time; a day that was left out; a jump at midnight; no jumps.
ZONES = [BERLIN] + [
    ZoneInfo(name) for name in ("Australia/Lord_Howe", "Pacific/Apia", "America/Havana", "Asia/Kolkata")
]
#: All its jumps, among them the day that Samoa left out, and leap days.
FIRST, LAST = datetime(2011, 1, 1, tzinfo=UTC).timestamp(), datetime(2029, 1, 1, tzinfo=UTC).timestamp()


def at(words: str, zone: ZoneInfo = BERLIN) -> CalendarTime:
    """What the file says."""
    weekdays, day, minute = calendar_time(words)
    return CalendarTime(weekdays, day, minute, zone)


def moment(words: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(words).replace(tzinfo=zone).timestamp()


def shown(occasion: Occasion, zone: ZoneInfo = BERLIN) -> str:
    return f"{datetime.fromtimestamp(occasion.at, zone):%a %Y-%m-%d %H:%M %Z}"


@pytest.mark.parametrize(
    ("words", "before", "after"),
    [
        ("1st 07:00", "Wed 2026-04-01 07:00 CEST", "Fri 2026-05-01 07:00 CEST"),
        ("15th 07:00", "Wed 2026-04-15 07:00 CEST", "Fri 2026-05-15 07:00 CEST"),
        ("last 23:30", "Tue 2026-03-31 23:30 CEST", "Thu 2026-04-30 23:30 CEST"),
        ("31st 07:00", "Thu 2026-04-30 07:00 CEST", "Sun 2026-05-31 07:00 CEST"),
        ("Mon 07:00", "Mon 2026-04-27 07:00 CEST", "Mon 2026-05-04 07:00 CEST"),
        ("Mon-Fri 07:00", "Thu 2026-04-30 07:00 CEST", "Fri 2026-05-01 07:00 CEST"),
        ("daily 12:00", "Wed 2026-04-29 12:00 CEST", "Thu 2026-04-30 12:00 CEST"),
    ],
)
def test_the_occasions_around_a_moment(words: str, before: str, after: str) -> None:
    now = moment("2026-04-30 11:00")

    assert shown(latest(at(words), now)) == before
    assert shown(following(at(words), now)) == after


def test_an_occasion_has_come_at_its_very_second() -> None:
    now = moment("2026-05-01 07:00")

    assert latest(at("1st 07:00"), now).day == date(2026, 5, 1)
    assert latest(at("1st 07:00"), now - 1).day == date(2026, 4, 1)
    assert following(at("1st 07:00"), now).day == date(2026, 6, 1)


def test_a_month_without_that_day_has_its_last_day_instead() -> None:
    year = [following(at("31st 07:00"), moment(f"2028-{month:02}-01 00:00")).day.day for month in range(1, 13)]

    assert year == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert following(at("30th 07:00"), moment("2026-02-01 00:00")).day == date(2026, 2, 28)
    assert following(at("29th 07:00"), moment("2028-02-01 00:00")).day == date(2028, 2, 29)


def test_a_time_that_the_clock_jumps_over_has_come_when_it_jumps() -> None:
    assert shown(following(at("daily 02:30"), moment("2026-03-28 12:00"))) == "Sun 2026-03-29 03:00 CEST"


def test_a_time_that_comes_twice_has_come_the_first_time_and_only_once() -> None:
    first = following(at("daily 02:30"), moment("2026-10-24 12:00"))

    assert shown(first) == "Sun 2026-10-25 02:30 CEST"
    assert shown(following(at("daily 02:30"), first.at)) == "Mon 2026-10-26 02:30 CET"


#: Times of every form.
TIMES = st.builds(
    lambda form, hour, minute, zone: at(f"{form} {hour:02}:{minute:02}", zone),
    st.sampled_from(["daily", "Mon", "Sat, Sun", "last", "1st", "28th", "29th", "30th", "31st"]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)
MOMENTS = st.floats(FIRST, LAST).map(round).map(float)


@given(TIMES, MOMENTS)
def test_now_is_between_two_occasions_that_follow_each_other(time: CalendarTime, now: float) -> None:
    before, after = latest(time, now), following(time, now)

    assert before.at <= now < after.at
    assert before.day < after.day
    assert following(time, before.at) == after
    assert latest(time, after.at) == after
    assert latest(time, after.at - 1) == before


@given(TIMES, MOMENTS)
def test_the_clock_shows_the_time_of_an_occasion_or_has_just_jumped_past_it(time: CalendarTime, now: float) -> None:
    occasion = following(time, now)
    clock = datetime.fromtimestamp(occasion.at, time.zone).replace(tzinfo=None)
    wanted = datetime.combine(occasion.day, datetime.min.time()) + timedelta(minutes=time.minute)
    a_second_before = datetime.fromtimestamp(occasion.at - 1, time.zone).replace(tzinfo=None)

    assert clock >= wanted > a_second_before
    if clock != wanted:
        assert clock - a_second_before > timedelta(seconds=1), "the clock jumped"


@given(TIMES, st.integers(2012, 2027))
def test_in_a_year_there_are_as_many_as_the_calendar_has(time: CalendarTime, year: int) -> None:
    now, end = (
        datetime(year, 1, 1, tzinfo=time.zone).timestamp(),
        datetime(year + 1, 1, 1, tzinfo=time.zone).timestamp(),
    )
    days = []
    while (occasion := following(time, now - 1)).at < end:
        days.append(occasion.day)
        now = occasion.at + 1

    whole_year = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    if time.day is None:
        assert days == [day for day in whole_year if day.year == year and day.weekday() in time.weekdays]
    else:
        assert [day.month for day in days] == list(range(1, 13))
