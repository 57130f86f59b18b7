"""Times of the week by the clock on the wall, also on the days of 23 and 25 hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from healthmon.times.weekly import Weekly, end_of, is_within, next_change, next_daily, time_of_today

BERLIN = ZoneInfo("Europe/Berlin")


def window(start: str, end: str, days: str = "0123456", zone: ZoneInfo = BERLIN) -> tuple[Weekly]:
    """``window("22:00", "06:00")``; Monday is 0."""
    first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    return (Weekly(frozenset(map(int, days)), first, last, zone),)


def at(text: str) -> float:
    """A moment with its offset."""
    return datetime.fromisoformat(text).timestamp()


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = window("22:00", "06:00", "4")

    assert not is_within(friday_night, at("2026-05-01T21:59:59+02:00"))
    assert is_within(friday_night, at("2026-05-01T22:00:00+02:00"))
    assert is_within(friday_night, at("2026-05-02T05:59:59+02:00"))
    assert not is_within(friday_night, at("2026-05-02T06:00:00+02:00"))
    assert not is_within(friday_night, at("2026-05-02T23:00:00+02:00"))


def test_a_whole_day_is_a_day_of_that_zone() -> None:
    sunday = window("00:00", "24:00", "6")

    assert is_within(sunday, at("2026-05-03T00:00:00+02:00"))
    assert is_within(sunday, at("2026-05-03T23:59:59+02:00"))
    assert next_change(sunday, at("2026-05-03T12:00:00+02:00")) == at("2026-05-04T00:00:00+02:00")


SPRING = [
    ("02:00", "04:00", "2026-03-29T01:59:59+01:00", "2026-03-29T04:00:00+02:00"),
    # The clock jumps from 02:00 to 03:00: what begins at 02:30 begins then.
    ("02:30", "03:15", "2026-03-29T01:59:59+01:00", "2026-03-29T03:15:00+02:00"),
    ("01:00", "02:30", "2026-03-29T00:59:59+01:00", "2026-03-29T03:00:00+02:00"),
]


@pytest.mark.parametrize(("start", "end", "before", "after"), SPRING)
def test_on_the_day_of_23_hours(start: str, end: str, before: str, after: str) -> None:
    asked = window(start, end)

    assert not is_within(asked, at(before))
    assert is_within(asked, at(before) + 1)
    assert next_change(asked, at(before)) == at(before) + 1
    assert is_within(asked, at(after) - 1)
    assert not is_within(asked, at(after))


def test_an_hour_that_does_not_exist_is_no_window() -> None:
    asked = window("02:00", "03:00", "6")

    assert not any(is_within(asked, at("2026-03-29T00:00:00+01:00") + 60 * minute) for minute in range(300))


AUTUMN = [
    ("02:00", "04:00", "2026-10-25T02:00:00+02:00", "2026-10-25T04:00:00+01:00"),
    ("01:00", "02:30", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+01:00"),
    ("02:30", "03:00", "2026-10-25T02:30:00+02:00", "2026-10-25T03:00:00+01:00"),
]


@pytest.mark.parametrize(("start", "end", "first", "last"), AUTUMN)
def test_on_the_day_of_25_hours_it_is_longer_and_in_one_piece(start: str, end: str, first: str, last: str) -> None:
    asked = window(start, end)

    assert not is_within(asked, at(first) - 1)
    assert all(is_within(asked, moment) for moment in range(int(at(first)), int(at(last)), 60))
    assert next_change(asked, at(first)) == at(last)
    assert not is_within(asked, at(last))


def test_several_times_are_one_after_the_other_and_none_is_never() -> None:
    hours = (*window("08:00", "12:00", "01234"), *window("13:00", "18:00", "01234"))

    assert is_within(hours, at("2026-05-01T11:59:00+02:00"))
    assert not is_within(hours, at("2026-05-01T12:00:00+02:00"))
    assert next_change(hours, at("2026-05-01T12:00:00+02:00")) == at("2026-05-01T13:00:00+02:00")
    assert next_change(hours, at("2026-05-01T18:00:00+02:00")) == at("2026-05-04T08:00:00+02:00")
    assert not is_within((), noon := at("2026-05-01T12:00:00+02:00"))
    assert next_change((), noon) is None


def test_the_end_is_that_of_all_that_follow_without_a_pause() -> None:
    nights = (*window("20:00", "24:00"), *window("00:00", "07:00"), *window("12:00", "13:00"))

    assert end_of(nights, at("2026-05-01T21:00:00+02:00")) == at("2026-05-02T07:00:00+02:00")
    assert end_of(nights, at("2026-05-01T12:30:00+02:00")) == at("2026-05-01T13:00:00+02:00")
    assert end_of(nights, at("2026-05-01T13:00:00+02:00")) is None
    assert end_of((), at("2026-05-01T13:00:00+02:00")) is None


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    start=st.integers(0, 1439),
    end=st.integers(0, 1440),
    days=st.sets(st.integers(0, 6), min_size=1),
    now=st.integers(0, 2_000_000_000),
)
def test_nothing_changes_before_the_next_change(zone: str, start: int, end: int, days: set[int], now: int) -> None:
    assume(start != end)
    asked = (Weekly(frozenset(days), start, end, ZoneInfo(zone)),)

    change = next_change(asked, now)

    assert change is not None
    assert now < change <= now + 8 * 86400 + 7200
    assert {is_within(asked, now + (change - now) * part / 8) for part in range(8)} == {is_within(asked, now)}


def test_a_time_of_the_day_is_shown_once_on_each_day() -> None:
    assert time_of_today(540, BERLIN, at("2026-05-01T08:00:00+02:00")) == (739737, at("2026-05-01T09:00:00+02:00"))
    assert time_of_today(540, BERLIN, at("2026-05-01T23:59:59+02:00")) == (739737, at("2026-05-01T09:00:00+02:00"))
    assert next_daily(540, BERLIN, at("2026-05-01T09:00:00+02:00")) == at("2026-05-01T09:00:00+02:00")
    assert next_daily(540, BERLIN, at("2026-05-01T09:00:01+02:00")) == at("2026-05-02T09:00:00+02:00")
    # 02:30 comes twice in autumn, and not at all in spring.
    assert time_of_today(150, BERLIN, at("2026-10-25T12:00:00+01:00"))[1] == at("2026-10-25T02:30:00+02:00")
    assert time_of_today(150, BERLIN, at("2026-03-29T12:00:00+02:00"))[1] == at("2026-03-29T03:00:00+02:00")
