"""How durations, times and names are written."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from healthmon.languages import language
from healthmon.notify.compose.voice import Voice
from healthmon.text.lists import listed
from healthmon.text.longtext import cut
from healthmon.text.natural import natural
from healthmon.text.visible import visible
from tests.notify.rows import ENGLISH, NOW, berlin


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (90, "1 min 30 s"),
        (720, "12 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (86400, "1 day"),
        (100000, "1 day 3 h"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, words: str) -> None:
    assert ENGLISH.duration(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-05-01 14:02:00", "14:02"),
        ("2026-04-30 23:59:59", "Thu 23:59"),
        ("2026-04-25 00:00:00", "Sat 00:00"),
        ("2026-04-24 14:02:00", "24 Apr 14:02"),
        ("2026-05-02 00:00:00", "2 May 00:00"),
        ("2025-04-24 14:02:00", "24 Apr 2025 14:02"),
    ],
)
def test_the_day_is_named_when_it_is_not_today(at: str, words: str) -> None:
    assert ENGLISH.clock(berlin(at)) == words


def test_a_body_names_the_zone_and_another_year() -> None:
    assert ENGLISH.full_time(berlin("2026-05-01 14:02:11")) == "14:02:11 CEST (UTC+2)"
    assert ENGLISH.full_time(berlin("2025-12-31 14:02:11")) == "Wed 31 Dec 2025 14:02:11 CET (UTC+1)"


def in_zone(name: str) -> Voice:
    return Voice(language("en"), ZoneInfo(name), NOW)


def test_zones_without_a_name_and_with_half_hours() -> None:
    assert in_zone("UTC").dated_time(NOW).endswith("12:05:00 UTC")
    assert in_zone("Asia/Kolkata").dated_time(NOW).endswith("17:35:00 IST (UTC+5:30)")
    assert in_zone("America/Sao_Paulo").dated_time(NOW).endswith("09:05:00 UTC-3")


def test_a_span_names_each_day_once() -> None:
    assert ENGLISH.span(berlin("2026-05-01 14:02:00"), berlin("2026-05-01 14:05:00")) == "14:02–14:05"
    assert ENGLISH.span(berlin("2026-04-30 14:02:00"), berlin("2026-04-30 14:05:00")) == "Thu 14:02–14:05"
    assert ENGLISH.span(berlin("2026-04-01 14:02:00"), berlin("2026-04-02 14:05:00")) == "1 Apr 14:02–2 Apr 14:05"


def test_what_a_terminal_or_a_mail_would_obey_is_made_visible() -> None:
    assert visible("a\nb\x1b[0m\u202e\u200b\N{NO-BREAK SPACE}ü😀") == r"a\nb\x1b[0m\u202e\u200b" + " ü😀"


def test_a_text_that_was_cut_says_so() -> None:
    assert cut("office", 6) == "office"
    assert cut("offices", 6) == "offic…"
    assert cut("two words", 5) == "two…"


def test_names_with_numbers_are_in_the_order_that_people_expect() -> None:
    assert sorted(["b", "101", "9", "a10", "a9"], key=natural) == ["9", "101", "a9", "a10", "b"]


def test_a_list_that_has_no_room_for_all_writes_runs_of_numbers_and_then_says_that_it_was_cut() -> None:
    names = [*map(str, range(101, 119)), "120", "131", "132"]

    assert listed(names[-3:], 13) == "120, 131, 132"
    assert listed(names, 40) == "101–118, 120, 131, 132"
    assert listed(names, 16) == "101–118, 120, …"
    assert listed(["desk-08", "desk-09", "desk-10", "lobby"], 22) == "desk-08–desk-10, lobby"
    assert listed(["9", "011", "012", "13"], 10) == "9, 011, …"
