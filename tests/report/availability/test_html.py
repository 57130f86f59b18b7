"""``report --format html``: what it says in words, what it draws, and that names stay names."""

from __future__ import annotations

import re
from datetime import datetime
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.history.availability import Segment, figures
from healthmon.history.figures import Figures
from healthmon.model import Health, Incident, Kind, Target
from healthmon.report.availability.account import Account, Counting, GroupFigures, Strip, TargetFigures, Unseen
from healthmon.report.availability.html.drawing import (
    STEPS,
    bands,
    calendar_picture,
    hours_picture,
    step,
    strip_picture,
)
from healthmon.report.availability.html.narrative import headline, in_words, ordinal, period_in_words, story
from healthmon.report.availability.html.strips import COLUMNS, LEAST_DOWN, StripPart, outages_of, stretches
from healthmon.report.availability.measure import Measures
from healthmon.report.availability.planned_times import PlannedTimes
from healthmon.report.availability.site_strips import site_strips
from healthmon.times.periods import Calendar, periods_of
from tests.report.builder import outage, phone
from tests.report.example import BERLIN, PAGE, example

UP, DOWN, UNKNOWN, DEGRADED = Health.UP, Health.DOWN, Health.UNKNOWN, Health.DEGRADED

NOVEMBER = (datetime(2026, 11, 1, tzinfo=BERLIN).timestamp(), datetime(2026, 12, 1, tzinfo=BERLIN).timestamp())


def at(text: str) -> float:
    """A moment of November, by the clock in Berlin."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=BERLIN).timestamp()


def strip(*outages: tuple[float, float], kind: Kind = Kind.PROVIDER) -> Strip:
    """A provider's November with these outages."""
    segments: list[Segment] = []
    for number, (since, until) in enumerate(outages, start=1):
        segments.append(Segment(segments[-1].until if segments else NOVEMBER[0], since, UP))
        segments.append(Segment(since, until, DOWN, number))
    segments.append(Segment(segments[-1].until if segments else NOVEMBER[0], NOVEMBER[1], UP))
    lasting = tuple(segment for segment in segments if segment.length)
    return Strip(kind, "Telekom", lasting, figures(lasting))


ACCOUNT = Account(NOVEMBER, (), ())


# ---------------------------------------------------------------- the page


def test_the_example_in_the_documentation_is_what_the_program_writes() -> None:
    """If this fails: ``python -m tests.report.example``, and look at the page."""
    assert PAGE.read_text(encoding="utf-8") == example()


def test_the_page_holds_all_that_it_needs_and_no_script() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert "<script" not in page
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"\b(src|href)=", page)
    assert not re.search(r"\son\w+=", page)
    for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(picture)


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize(
    ("outages", "said"),
    [
        ([], "Provider Telekom was reachable 100 % of November 2026, without an outage."),
        (
            [(at("12 14:02"), at("12 14:16"))],
            "Provider Telekom was reachable 99.96 % of November 2026; one outage of 14 min on the 12th.",
        ),
        (
            [(at("03 04:00"), at("03 04:05")), (at("12 14:02"), at("12 14:16"))],
            "Provider Telekom was reachable 99.95 % of November 2026; two outages, the longest 14 min on the 12th.",
        ),
        (
            [(at("30 23:00"), NOVEMBER[1])],
            "Provider Telekom was reachable 99.86 % of November 2026; one outage of 1 h on the 30th, which lasts.",
        ),
    ],
)
def test_how_a_provider_was_is_one_sentence(outages: list[tuple[float, float]], said: str) -> None:
    assert story(strip(*outages), ACCOUNT, BERLIN) == said


def test_a_provider_of_which_nothing_is_known() -> None:
    unknown = Strip(Kind.PROVIDER, "Telekom", (Segment(*NOVEMBER, UNKNOWN),), Figures(unknown_s=1))

    assert story(unknown, ACCOUNT, BERLIN) == "Nothing is known of provider Telekom in November 2026."
    assert headline(ACCOUNT, BERLIN) == "Nothing is known of November 2026."


def test_the_whole_is_one_sentence() -> None:
    line = TargetFigures(
        Target("office", "PJSIP", "1"), Kind.PHONE, "phones", Figures(up_s=990, down_s=10, outages=2, longest_s=6)
    )

    said = headline(Account(NOVEMBER, (line,), counting=Counting(promised=0.999)), BERLIN)

    assert said == "1 target together: available 99.00 % of November 2026, two outages, the longest 6 s."


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-03-01", "2026-04-01", "March 2026"),
        ("2026-03-23", "2026-03-30", "the week from 23 March 2026"),
        ("2026-03-29", "2026-03-30", "29 March 2026"),
        ("2026-03-25", "2026-04-01", "the 7 days until 31 March 2026"),
        ("2026-03-29 01:00", "2026-03-29 05:30", "the 3 h 30 min until 29 March 2026"),
    ],
)
def test_a_window_has_the_name_that_people_use(since: str, until: str, words: str) -> None:
    window = tuple(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() for text in (since, until))

    assert period_in_words((window[0], window[1]), BERLIN) == words


def test_numbers_in_words() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "31st",
    ]  # fmt: skip
    assert [in_words(number) for number in (0, 2, 12, 13, 1500)] == ["no", "two", "twelve", "13", "1,500"]


# ---------------------------------------------------------------- strips


def test_an_outage_of_a_second_is_seen_in_a_month() -> None:
    shown = stretches(strip((at("12 14:02:00"), at("12 14:02:01"))).segments, NOVEMBER)

    assert [stretch.shows for stretch in shown] == [UP, DOWN, UP]
    assert shown[1].columns == LEAST_DOWN
    assert sum(stretch.columns for stretch in shown) == COLUMNS


def test_where_much_happened_the_worst_is_shown() -> None:
    minute = [
        Segment(0, 1, UP),
        Segment(1, 2, DEGRADED),
        Segment(2, 3, UNKNOWN),
        Segment(3, 100_000, UP),
    ]

    shown = stretches(minute, (0, 1_000_000))

    assert shown == [StripPart(0, 1, DEGRADED), StripPart(1, 99, UP), StripPart(100, 900, None)]


def test_outages_at_the_very_edges_are_within_the_strip() -> None:
    shown = stretches(strip((NOVEMBER[0], NOVEMBER[0] + 1), (NOVEMBER[1] - 1, NOVEMBER[1])).segments, NOVEMBER)

    assert [(stretch.shows, stretch.columns) for stretch in shown] == [
        (DOWN, LEAST_DOWN),
        (UP, COLUMNS - 2 * LEAST_DOWN),
        (DOWN, LEAST_DOWN),
    ]


def test_an_outage_that_a_time_of_not_seeing_interrupts_is_one() -> None:
    segments = (Segment(0, 10, DOWN, 1), Segment(10, 20, UNKNOWN, 1), Segment(20, 25, DOWN, 1), Segment(25, 30, UP))

    (found,) = outages_of(Strip(Kind.PROVIDER, "Telekom", segments, figures(segments)))

    assert (found.since, found.length, found.is_open) == (0, (25, 10), False)


def strips_of(lines: list[TargetFigures], incidents: list[Incident], unseen: Unseen = Unseen({})) -> list[Strip]:  # noqa: B008
    """The strips of a window of 100 s, of devices that were taken under watch at 0."""
    measures = Measures((0, 100), unseen, PlannedTimes(Plans(), (), (0, 100)))
    return site_strips(lines, incidents, measures, {line.target: 0.0 for line in lines})


def devices(site: str, *names: str) -> list[TargetFigures]:
    return [
        TargetFigures(Target("office", "PJSIP", name), Kind.PHONE, "phones", Figures(), site=site) for name in names
    ]


def outage_of_site(number: int, site: str, since: float, until: float | None) -> Incident:
    return replace(
        outage(number, phone("1"), since, until), target=Target("office", "site", site), kind=Kind.SITE, watch=""
    )


def test_a_site_is_down_during_its_incidents_and_one_without_any_was_there() -> None:
    lines = [*devices("203.0.113.7", "1"), *devices("192.168.1.0/24", "2", "3", "4")]
    spans: list[tuple[float, float | None]] = [(-10, 10), (40, 60), (50, 70), (90, None)]
    at_site = [outage_of_site(number, "203.0.113.7", *span) for number, span in enumerate(spans, start=2)]

    bad, good = strips_of(lines, [outage(1, phone("1"), 20, 50), *at_site])

    assert (bad.name, bad.figures.outages, bad.figures.down_s) == ("203.0.113.7", 3, 50)
    assert (good.name, good.figures.down_s, good.figures.up_s) == ("private address 192.168.1.0/24", 0, 100)


def test_where_only_a_phone_or_two_are_is_no_site() -> None:
    assert strips_of(devices("203.0.113.7", "1", "2"), []) == []


def test_a_site_behind_a_pbx_that_nobody_saw_is_unknown_also_while_it_is_down() -> None:
    lines = devices("203.0.113.7", "1", "2", "3")

    (site,) = strips_of(lines, [outage_of_site(1, "203.0.113.7", 40, 60)], Unseen({"office": [(20.0, 50.0)]}))

    assert (site.figures.up_s, site.figures.down_s, site.figures.unknown_s) == (60, 10, 30)
    assert site.figures.outages == 1
    assert site.figures.availability == pytest.approx(60 / 70)


# ---------------------------------------------------------------- the calendar


def groups(calendar: Calendar, window: tuple[float, float]) -> list[GroupFigures]:
    """A group for each period, all of them perfect."""
    return [
        GroupFigures(period.name, Figures(up_s=1), None, 1, (period.since, period.until))
        for period in periods_of(calendar, window, BERLIN)
    ]


def cells(picture: str) -> list[str]:
    """What the cells of a picture say."""
    return re.findall(r"<title>(.*?)</title>", picture)[1:]


def names(picture: str) -> list[str]:
    """Which months a picture names."""
    months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
    return re.findall(rf">((?:{months})(?: \d+)?)<", picture)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 24), ("2026-05-01", 24)])
def test_each_hour_of_the_clock_is_a_cell(day: str, hours: int) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    following = midnight.replace(day=midnight.day + 1)

    hourly = groups(Calendar.HOUR, (midnight.timestamp(), following.timestamp()))
    said = cells(hours_picture(hourly, Counting(), BERLIN, "Hours"))

    assert len(said) == hours
    assert said[0].endswith("00:00: 100 %")
    assert said[-1].endswith("23:00: 100 %")


def test_the_calendar_has_a_cell_for_each_day_in_the_row_of_its_weekday() -> None:
    picture = calendar_picture(groups(Calendar.DAY, NOVEMBER), Counting(), BERLIN, "Days")

    said = cells(picture)
    assert (len(said), said[0], said[-1]) == (30, "Sun 1 November: 100 %", "Mon 30 November: 100 %")
    assert names(picture) == ["Nov 2026"]


@pytest.mark.parametrize(
    ("since", "until", "shown"),
    [
        ("2026-10-29", "2026-12-04", [["Nov 2026", "Dec"]]),
        ("2026-11-01", "2026-12-01", [["Nov 2026"]]),
        ("2026-11-25", "2026-11-28", [["Nov"]]),
        ("2026-10-01", "2027-01-02", [["Oct 2026", "Nov", "Dec", "Jan"]]),
        ("2026-03-20", "2026-09-02", [["Mar 2026"], ["Apr 2026", "May", "Jun"], ["Jul 2026", "Aug", "Sep"]]),
    ],
)
def test_months_are_named_where_there_is_room_and_a_long_time_is_cut_into_quarters(
    since: str, until: str, shown: list[list[str]]
) -> None:
    window = tuple(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() for text in (since, until))
    days = groups(Calendar.DAY, (window[0], window[1]))

    drawn = [calendar_picture(band, Counting(), BERLIN, "Days") for band in bands(days, BERLIN)]

    assert [names(picture) for picture in drawn] == shown
    assert sum(len(cells(picture)) for picture in drawn) == len(days)


def test_a_column_for_each_day_is_as_wide_as_a_phone_has_room_for() -> None:
    for days in (1, 7, 15):
        week = groups(Calendar.HOUR, (NOVEMBER[0], NOVEMBER[0] + days * 86400))

        width, height = re.findall(r'viewBox="0 0 (\d+) (\d+)"', hours_picture(week, Counting(), BERLIN, "Hours"))[0]

        assert int(width) <= 390
        assert int(height) == 468


def test_the_worse_a_day_was_the_larger_is_its_mark() -> None:
    marks = [step(share)[1] for share in (1.0, 0.9999, 0.995, 0.96, 0.5, 0.0)]

    assert marks == sorted(marks)
    assert len(set(marks)) == len(STEPS)
    assert step(None) == ("url(#fill-unknown)", 0.0)


def test_a_label_is_escaped() -> None:
    picture = strip_picture([StripPart(0, COLUMNS, UP)], "Timeline of <b>Bob</b>")

    assert "<title>Timeline of &lt;b&gt;Bob&lt;/b&gt;</title>" in picture
