"""How times, durations and names are written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from healthmon.model import Health
from healthmon.report import formatting
from healthmon.report.availability.text import incidents_table
from healthmon.report.tables import Screen
from healthmon.report.timeline.story import Story, story_text
from tests.notify.rows import NOW, incident, phone

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 5, 1, 10, 2, 11, 250_000, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("PJSIP/101", "PJSIP/101"),
        ("[red]x[/]", "[red]x[/]"),
        ("Zoë 📞", "Zoë 📞"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\t\x07\x7f", r"a\nb\t\x07\x7f"),
        ("a\u202eb", r"a\u202eb"),
        ("\ud800", r"\ud800"),
    ],
)
def test_control_characters_are_made_visible_and_nothing_else_is_changed(name: str, shown: str) -> None:
    assert formatting.visible(name) == shown


@given(st.text(alphabet=st.one_of(st.sampled_from("=+-@;\t\r\n ＝'a"), st.characters())))
@example("=1+1")
@example(" \t=1+1")
@example("a;b; =1+1")
@example("-2")
def test_no_cell_of_a_spreadsheet_begins_a_formula_whichever_way_it_divides_them(name: str) -> None:
    written = formatting.harmless(name)

    assert not any(part.lstrip().startswith(tuple("=+-@＝＋－＠")) for part in re.split("[;\t\r\n]", written))
    # Nothing but apostrophes is added.
    assert written.replace("'", "") == formatting.visible(name).replace("'", "")


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (None, "–"),
        (1, "100 %"),
        (0, "0 %"),
        (0.9995, "99.95 %"),
        (0.99995, "99.99 %"),
        (0.999999, "99.99 %"),
        (1 - 1e-15, "99.99 %"),
        (0.29, "29.00 %"),
        (0.00019999, "0.01 %"),
        (0.000001, "<0.01 %"),
        (0.5, "50.00 %"),
        (1 / 3, "33.33 %"),
    ],
)
def test_an_availability_is_rounded_down_and_never_to_all_or_nothing(share: float | None, written: str) -> None:
    assert formatting.percent(share) == written


@given(st.floats(0, 1), st.integers(2, 8))
@example(1 - 2**-53, 6)
@example(5e-324, 6)
@example(0.29, 2)
def test_what_is_rounded_down_is_never_more_and_all_or_nothing_only_where_it_is_so(share: float, digits: int) -> None:
    rounded = formatting.rounded_down(share, digits)

    assert rounded <= share + 1e-6 * 10.0**-digits or (rounded == 10.0**-digits and share > 0)
    assert share - rounded < 10.0**-digits
    assert (rounded == 1, rounded == 0) == (share == 1, share == 0)


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (0, "0 s", ""),
        (0.2, "0 s", "0s"),
        (41, "41 s", "41s"),
        (59.7, "1 min", "1m00s"),
        (150, "2 min 30 s", "2m30s"),
        (1800, "30 min", "30m00s"),
        (3 * 3600 + 300, "3 h 5 min", "3h05m"),
        (4 * 86400 + 7200, "4 days 2 h", "4d02h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, long: str, short: str) -> None:
    assert (formatting.duration(seconds), formatting.short(seconds)) == (long, short)


def test_a_time_is_the_shorter_the_nearer_it_is() -> None:
    assert formatting.local(NOON - 60, BERLIN, NOON) == "12:01:11"
    assert formatting.local(NOON - 86400, BERLIN, NOON) == "30 Apr 12:02"
    assert formatting.local(NOON - 400 * 86400, BERLIN, NOON) == "27 Mar 2025"
    assert formatting.full(NOON, BERLIN) == "Fri 2026-05-01 12:02 CEST"


def test_a_time_for_programs_is_rfc_3339_in_utc() -> None:
    assert formatting.rfc3339(NOON) == "2026-05-01T10:02:11.250Z"
    assert formatting.rfc3339(None) is None


def test_an_age_has_one_unit() -> None:
    ages = [
        formatting.age(at, NOON) for at in (None, NOON + 5, NOON - 3, NOON - 119, NOON - 121, NOON - 9000, NOON - 9e5)
    ]

    assert ages == ["never", "0 s", "3 s", "119 s", "2 min", "2 h", "10 d"]


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "down"),
        ({"health": Health.DEGRADED}, "degraded"),
        ({"health": Health.DEGRADED, "flapping": 1}, "flapping"),
        ({"cause": "logged out (contact Removed)"}, "logged out"),
        ({"health": Health.UNKNOWN}, "cannot see"),
    ],
)
def test_a_list_of_incidents_and_a_story_call_it_what_the_alert_calls_it(facts: dict[str, Any], word: str) -> None:
    about = incident(phone("101"), **facts)

    listed = incidents_table([about], NOW, BERLIN, Screen(width=None), everything=False)
    story = story_text(Story(about, (), ()), BERLIN, Screen(width=None), NOW)

    assert f"PJSIP/101  {word} " in listed
    assert f"reachability: {word} (warning)" in story


def test_a_story_names_the_checks_of_an_endpoint_that_its_outage_explains() -> None:
    telekom = phone("trunk-telekom")
    smaller = [incident(telekom, id=2, check="registration"), incident(telekom, id=3, check="options")]
    about = incident(telekom, id=1)

    story = story_text(Story(about, [*smaller, incident(phone("101"), id=4)], ()), BERLIN, Screen(width=None), NOW)

    assert "explains 3 incidents: 101, trunk-telekom (options), trunk-telekom (registration)\n" in story


def test_in_a_narrow_terminal_incidents_say_which_last_and_whose_check_is_meant() -> None:
    telekom = incident(
        phone("trunk-telekom"), id=1, check="registration", cause="not registered at sip.example.net: no"
    )
    others = [incident(phone("101", pbx="branch"), id=2), incident(phone("102"), id=3, closed_at=NOW)]

    listed = incidents_table([telekom, *others], NOW, BERLIN, Screen(width=90), everything=False)
    wide = incidents_table([telekom, *others], NOW, BERLIN, Screen(width=120), everything=False)

    first, second, third = listed.splitlines()[1:4]
    assert first.split("PJSIP/")[1].split() == ["trunk-telekom", "on", "office,", "registration", "down"]
    assert second.split()[-4:] == ["PJSIP/101", "on", "branch", "down"]
    assert third.split()[-4:] == ["on", "office", "was", "down"]
    assert "No room for WHY" in listed
    assert "PJSIP/trunk-telekom on office, registration  down" in wide
    assert "not registered" in wide
    assert "No room" not in wide
