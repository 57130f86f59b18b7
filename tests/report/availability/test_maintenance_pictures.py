"""Maintenance in the pictures: shown apart; and where figures leave it out, words and strips do so too."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.history.availability import figures
from healthmon.model import Changes, Health, Incident, Kind, Matcher, Place, PlaceChange, Target
from healthmon.report.availability.account import Account, Counting, Strip
from healthmon.report.availability.html.page import report_page
from healthmon.report.availability.html.strips import MAINTENANCE, StripPart, lane, outages_of, stretches
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.queries import open_reader
from healthmon.store.write.writer import open_writer
from healthmon.times.weekly import Weekly
from tests.report.builder import DAY, HOUR, MINUTE, NOW, connection, outage, phone, provider, running, steps

BERLIN = ZoneInfo("Europe/Berlin")
UP, DOWN = Health.UP, Health.DOWN
LONG_AGO = NOW - 20 * DAY

#: A Wednesday; its maintenance is from 02:00 to 04:00.
WEDNESDAY = (datetime(2026, 4, 29, tzinfo=BERLIN).timestamp(), datetime(2026, 4, 30, tzinfo=BERLIN).timestamp())
NIGHT = Weekly(frozenset({2}), 2 * 60, 4 * 60, BERLIN)

TRUNK = provider("telekom", watched_since=LONG_AGO)
PHONES = [phone(f"10{number}", watched_since=LONG_AGO) for number in range(3)]
ADDRESS = "203.0.113.7"


def clock(text: str) -> float:
    """A moment of that Wednesday."""
    return datetime.fromisoformat(f"2026-04-29 {text}").replace(tzinfo=BERLIN).timestamp()


def site_outage(number: int, since: float, until: float) -> Incident:
    """The site of the phones is down."""
    target = Target("office", Kind.SITE.value, ADDRESS)
    return replace(outage(number, TRUNK, since, until), target=target, kind=Kind.SITE, watch="", site=ADDRESS)


def wednesday(path: Path, matcher: Matcher, *, excludes_maintenance: bool) -> Account:
    """The provider and the site were down for an hour at night, into maintenance, and for ten minutes at noon."""
    night, noon = (clock("01:30"), clock("02:30")), (clock("12:00"), clock("12:10"))
    history = steps(TRUNK, (LONG_AGO, UP), (night[0], DOWN), (night[1], UP), (noon[0], DOWN), (noon[1], UP))
    for one in PHONES:
        history += steps(one, (LONG_AGO, UP))
    incidents = [site_outage(1, clock("02:10"), clock("03:50")), site_outage(2, *noon)]
    states = [connection(watched_since=LONG_AGO), TRUNK, *PHONES]
    places = [PlaceChange(one.target, Place(ADDRESS, ""), LONG_AGO, is_left=False) for one in PHONES]
    with running(path, states, history=history, incidents=incidents):
        pass
    with closing(open_writer(path, now=NOW)) as writer:
        writer.commit(Changes(places=places))
    plans = Plans((MaintenanceConfig("backup", matcher=matcher, when=(NIGHT,)),))
    asked = ReportRequest(
        WEDNESDAY, counting=Counting(excludes_maintenance=excludes_maintenance), zone=BERLIN, with_pictures=True
    )
    with open_reader(path) as reader:
        return account_of(reader, asked, NOW, plans=plans)


def strips_of(account: Account) -> tuple[Strip, Strip]:
    """Its provider and its site."""
    assert account.pictures is not None
    (trunk,), (site,) = account.pictures.providers, account.pictures.sites
    return trunk, site


def said(account: Account) -> str:
    """What the page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", report_page(account, BERLIN, now=NOW)).split())


# ---------------------------------------------------------------- left out


def test_what_is_left_out_of_the_figures_is_left_out_of_strips_and_words(tmp_path: Path) -> None:
    account = wednesday(tmp_path / "healthmon.db", Matcher(), excludes_maintenance=True)

    trunk, site = strips_of(account)
    for strip, down, outages, longest in ((trunk, 40 * MINUTE, 2, 30 * MINUTE), (site, 10 * MINUTE, 1, 10 * MINUTE)):
        found = outages_of(strip)
        assert (strip.figures.down_s, strip.figures.outages, strip.figures.longest_s) == (down, outages, longest)
        assert (len(found), max(one.length.lasted_s for one in found)) == (outages, longest)
        assert figures(strip.segments) == replace(strip.figures, maintenance_s=0)
        assert (strip.figures.maintenance_s, strip.figures.watched_s) == (2 * HOUR, 22 * HOUR)
    words = said(account)
    assert "two outages, the longest 30 min at 01:30." in words
    assert "Down 2026-04-29 01:30 for 30 min, 2026-04-29 12:00 for 10 min; 2 h of maintenance left out." in words
    assert f"Site {ADDRESS} was there 99.24 % of 29 April 2026; one outage of 10 min at 12:00." in words
    assert "in maintenance: left out" in words


def test_a_site_is_in_maintenance_while_each_of_its_devices_is(tmp_path: Path) -> None:
    all_phones = wednesday(tmp_path / "all.db", Matcher(kinds=(Kind.PHONE,)), excludes_maintenance=True)
    one_phone = wednesday(tmp_path / "one.db", Matcher(endpoints=("PJSIP/101",)), excludes_maintenance=True)

    assert strips_of(all_phones)[1].figures.outages == 1
    assert strips_of(one_phone)[1].figures.outages == 2
    assert strips_of(one_phone)[1].maintenance == ()


def test_the_time_that_is_left_out_has_a_look_of_its_own(tmp_path: Path) -> None:
    account = wednesday(tmp_path / "healthmon.db", Matcher(), excludes_maintenance=True)

    page = report_page(account, BERLIN, now=NOW)

    trunk = strips_of(account)[0]
    shown = stretches(trunk.segments, WEDNESDAY, trunk.left_out)
    assert [stretch.shows for stretch in shown] == [UP, DOWN, MAINTENANCE, UP, DOWN, UP]
    assert re.search(r'<rect[^>]* height="26" fill="url\(#fill-maintenance\)"', page)


# ---------------------------------------------------------------- counted, and shown apart


def test_what_counts_is_shown_in_full_with_maintenance_below_it(tmp_path: Path) -> None:
    account = wednesday(tmp_path / "healthmon.db", Matcher(), excludes_maintenance=False)

    trunk, site = strips_of(account)
    assert (trunk.figures.down_s, trunk.figures.outages, trunk.left_out) == (70 * MINUTE, 2, ())
    assert (site.figures.down_s, site.figures.outages, site.figures.maintenance_s) == (110 * MINUTE, 2, 2 * HOUR)
    assert [stretch.shows for stretch in stretches(trunk.segments, WEDNESDAY)] == [UP, DOWN, UP, DOWN, UP]
    assert trunk.maintenance == ((clock("02:00"), clock("04:00")),)
    words = said(account)
    assert "two outages, the longest 1 h at 01:30." in words
    assert "Down 2026-04-29 01:30 for 1 h, 2026-04-29 12:00 for 10 min; in maintenance for 2 h." in words
    assert re.search(r'height="8" fill="url\(#fill-maintenance\)"', report_page(account, BERLIN, now=NOW))


def test_the_legend_speaks_of_maintenance_only_where_there_was_some(tmp_path: Path) -> None:
    there = wednesday(tmp_path / "there.db", Matcher(), excludes_maintenance=False)
    elsewhere = wednesday(tmp_path / "elsewhere.db", Matcher(pbxs=("branch",)), excludes_maintenance=False)

    assert "not watched in maintenance" in said(there)
    assert "not watched in maintenance" not in said(elsewhere)


def test_each_night_of_maintenance_is_seen_in_a_year() -> None:
    year = (NOW, NOW + 365 * DAY)
    nights = [(NOW + day * DAY, NOW + day * DAY + HOUR) for day in range(365)]

    shown = lane(nights, year)

    assert 300 < len(shown) <= 365
    assert lane([(NOW + DAY, NOW + 2 * DAY)], (NOW, NOW + 10 * DAY)) == [StripPart(100, 100, MAINTENANCE)]
