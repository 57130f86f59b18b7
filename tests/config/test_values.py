"""Durations, patterns and names, as they are written and as they are read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.config import values
from healthmon.config.values import Unsuitable
from healthmon.model import Probe, Severity


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("7d", 604800.0),
        ("2y", 63072000.0),
        ("1.5 m", 90.0),
        ("0s", 0.0),
    ],
)
def test_a_duration_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert values.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-5s", "+5s", "5 S s", "1e3s", "٣s", "5µs", "5M", "infs", "5ss"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(Unsuitable):
        values.seconds(text)


def test_an_endless_number_is_out_of_range_and_not_shown_whole() -> None:
    with pytest.raises(Unsuitable) as caught:
        values.duration("1s", "1h")("9" * 5000 + "s")

    assert str(caught.value) == "9" * 59 + "…: must be between 1s and 1h"


@given(st.integers(0, 10**8))
def test_a_duration_is_written_as_it_is_read(milliseconds: int) -> None:
    assert values.seconds(values.written(milliseconds / 1000)) == pytest.approx(milliseconds / 1000, rel=1e-5)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0s"), (0.5, "500ms"), (90.0, "90s"), (180.0, "3m"), (86400.0, "1d"), (1.5, "1.5s")]
)
def test_a_duration_is_written_with_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert values.written(seconds) == text


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("never", ()),
        ("4h", (14400.0,)),
        ("1h, 4h, 1d", (3600.0, 14400.0, 86400.0)),
        ("1h,1h\n1d", (3600.0, 3600.0, 86400.0)),
    ],
)
def test_reminders_are_one_wait_or_several_that_grow(text: str, waits: tuple[float, ...]) -> None:
    assert values.reminders("1m", "30d")(text) == waits


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("4h, 1h", "1h: must not be shorter than the one before, 4h"),
        ("1h, never", "never: a duration is one number and its unit, like 500ms, 30s, 5m, 2h, 7d or 1y"),
        ("10s", "10s: must be between 1m and 30d"),
        (",", ",: a duration, several that grow, or never"),
    ],
)
def test_other_words_are_no_reminders(text: str, why: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        values.reminders("1m", "30d")(text)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "least", "most", "why"),
    [
        ("50", "1ms", "5s", "50: say which unit, 50ms"),
        ("2", "1ms", "5s", "2: say which unit, 2ms or 2s"),
        ("30", "1s", "1h", "30: say which unit, 30s or 30m"),
        ("30", "1m", "30d", "30: say which unit, 30m"),
        ("9000", "1ms", "5s", "9000: say which unit, 9000ms or 9000s"),
    ],
)
def test_a_number_without_a_unit_is_asked_for_one_that_fits(text: str, least: str, most: str, why: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        values.duration(least, most)(text)

    assert str(caught.value) == why


@pytest.mark.parametrize("parse", [values.probe, values.yes_no_auto])
def test_what_may_also_be_auto_says_so(parse: Callable[[str], object]) -> None:
    with pytest.raises(Unsuitable, match="maybe: must be yes, no or auto"):
        parse("maybe")


WORKDAYS, SATURDAY, DAILY = frozenset(range(5)), frozenset({5}), frozenset(range(7))


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("always", ()),
        ("08:00-18:00", ((DAILY, 480, 1080),)),
        ("daily 22:00-06:00", ((DAILY, 1320, 360),)),
        ("Mon-Fri 08:00-18:00, Sat 9:00-13:00", ((WORKDAYS, 480, 1080), (SATURDAY, 540, 780))),
        ("Mon-Fri\n08:00-12:00, Mon-Fri 13:00-18:00", ((WORKDAYS, 480, 720), (WORKDAYS, 780, 1080))),
        ("Mon, Wed 08:00-12:00, Mon, Sat 00:00-24:00", ((frozenset({0, 2}), 480, 720), (frozenset({0, 5}), 0, 1440))),
    ],
)
def test_times_of_the_week(text: str, times: tuple[values.WeeklyTime, ...]) -> None:
    assert values.weekly_times(text) == times


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Mon-Fri", "Mon-Fri: on which days from when to when, like Mon-Fri 08:00-18:00"),
        ("Mon 08:00-12:00, Sat", "Mon 08:00-12:00, Sat: on which days from when to when, like Mon-Fri 08:00-18:00"),
        (",", ",: on which days from when to when, like Mon-Fri 08:00-18:00"),
        ("Mon-Fri 8-18", "8-18: from when to when, like 22:00-06:00"),
        ("Workdays 08:00-18:00", "Workdays: weekdays are Mon, Tue, Wed, Thu, Fri, Sat, Sun, or Mon-Fri, or daily"),
        ("Mon 08:00-12:00 Tue", "08:00-12:00 Tue: from when to when, like 22:00-06:00"),
    ],
)
def test_other_words_are_no_times_of_the_week(text: str, why: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        values.weekly_times(text)

    assert str(caught.value) == why


def test_quiet_times_have_exceptions() -> None:
    night = ((DAILY, 1320, 420),)

    assert values.quiet("never") is None
    assert values.quiet("22:00-07:00") == (night, frozenset())
    assert values.quiet("22:00-07:00 Except Critical, warning") == (
        night,
        frozenset({Severity.CRITICAL, Severity.WARNING}),
    )
    assert values.quiet("Sat 00:00-24:00,\n22:00-07:00\nexcept critical") == (
        ((SATURDAY, 0, 1440), *night),
        frozenset({Severity.CRITICAL}),
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("22:00-07:00 except phones", "phones: must be one of critical, warning, info"),
        ("except critical", "except critical: on which days from when to when, like Mon-Fri 08:00-18:00"),
        ("always", "always: leaves no time to tell anything"),
        ("daily 00:00-24:00 except info", "daily 00:00-24:00 except info: leaves no time to tell anything"),
        ("07:00-22:00, 22:00-07:00", "07:00-22:00, 22:00-07:00: leaves no time to tell anything"),
    ],
)
def test_other_words_are_no_quiet_times(text: str, why: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        values.quiet(text)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("boss", "boss: whom after how long, like boss after 15m"),
        ("after 15m", "after 15m: whom after how long, like boss after 15m"),
        (",", ",: whom after how long, like boss after 15m"),
        ("boss after 15", "15: say which unit, 15s or 15m"),
        ("boss after 500ms", "500ms: must be between 1s and 30d"),
    ],
)
def test_other_words_are_no_escalation(text: str, why: str) -> None:
    with pytest.raises(Unsuitable) as caught:
        values.escalations(text)

    assert str(caught.value) == why


def test_a_time_of_the_day() -> None:
    assert (values.clock("09:00"), values.clock("0:05"), values.clock("23:59")) == (540, 5, 1439)


@pytest.mark.parametrize("text", ["9", "24:00", "09:60", "9 am", "-1:00"])
def test_other_words_are_no_time_of_the_day(text: str) -> None:
    with pytest.raises(Unsuitable, match="must be a time between 00:00 and 23:59, like 09:00"):
        values.clock(text)


@pytest.mark.parametrize("word", ["yes", "YES", "true", "on", "1"])
def test_words_for_yes(word: str) -> None:
    assert values.yes_no(word) is True


@pytest.mark.parametrize("word", ["no", "No", "false", "off", "0"])
def test_words_for_no(word: str) -> None:
    assert values.yes_no(word) is False


@pytest.mark.parametrize(
    ("text", "probe"),
    [("no", Probe.NO), ("AUTO", Probe.AUTO), ("yes", Probe.YES), ("off", Probe.NO), ("on", Probe.YES)],
)
def test_whether_we_ask_ourselves(text: str, probe: Probe) -> None:
    assert values.probe(text) is probe


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.10", "192.0.2.10", 0),
        ("192.0.2.10:5066", "192.0.2.10", 5066),
        (":5066", "", 5066),
        ("2001:db8::1", "2001:db8::1", 0),
        ("[2001:db8::1]:5066", "2001:db8::1", 5066),
    ],
)
def test_where_our_own_options_leave_from(text: str, address: str, port: int) -> None:
    assert values.own_address(text) == values.OwnAddress(address, port)


@pytest.mark.parametrize(
    "text", ["pbx.example", "192.0.2.10:70000", "eth0:5066", "192.0.2.300", "[::1", "5066", "a:b:c"]
)
def test_other_words_are_no_place_to_leave_from(text: str) -> None:
    with pytest.raises(Unsuitable):
        values.own_address(text)


def test_lists_are_divided_by_commas_or_lines_and_hold_each_name_once() -> None:
    assert values.names("a, b  c,\nd,, a") == ("a", "b c", "d")


def test_patterns_with_wildcards_anywhere_are_taken() -> None:
    assert values.endpoint_patterns("*, PJSIP/1??, */trunk-*, SIP/[ab]*, SIP/tel/x") == (
        "*",
        "PJSIP/1??",
        "*/trunk-*",
        "SIP/[ab]*",
        "SIP/tel/x",
    )


@given(st.text(max_size=30))
def test_no_pattern_makes_the_parser_fall(text: str) -> None:
    for parse in (values.endpoint_patterns, values.pbx_patterns):
        try:
            parse(text)
        except Unsuitable as unsuitable:
            assert str(unsuitable)


@pytest.mark.parametrize("name", ["", "..", "Europe", "/etc/passwd", "../../etc/passwd", "a\0b", "Mars/Base"])
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(Unsuitable):
        values.timezone(name)
