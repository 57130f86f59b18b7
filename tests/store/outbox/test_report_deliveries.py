"""Reports that are sent at certain times: booked once, claimed one by one, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthmon.store.outbox.report_book import KEPT, MadeReport, ReportBook
from healthmon.store.outbox.report_deliveries import GIVE_UP_AFTER, ReportOutbox
from tests.store.scene import BOSS, DESK, START, Store

AT = "1st 07:00"
REPORT = MadeReport(
    "monthly", "2026-05-01", "all was well", "monthly.html", "text/html", "<p>all was well", "healthmon report"
)


@pytest.fixture
def book(store: Store) -> Iterator[ReportBook]:
    """The schedule thread's connection."""
    book = ReportBook(store.path)
    yield book
    book.close()


@pytest.fixture
def outbox(store: Store) -> ReportOutbox:
    """The deliverers' side."""
    return store.outbox.reports


def fates(store: Store) -> list[tuple[str, str, str]]:
    """What became of the newest report of each schedule: (url_id, state, why)."""
    with store.reading() as reader:
        facts = reader.newest_reports()
    return [(each.url_id, each.state, each.why) for one in facts.values() for each in one.deliveries]


def test_a_schedule_is_unknown_at_first_and_anew_at_another_time(book: ReportBook) -> None:
    assert book.taken("monthly", AT) is None

    book.let_pass("monthly", AT, "2026-04-01")

    assert book.taken("monthly", AT) == "2026-04-01"
    assert book.taken("monthly", "2nd 07:00") is None
    assert book.taken("weekly", AT) is None


def test_a_schedule_that_is_gone_begins_anew_when_it_comes_back(book: ReportBook) -> None:
    book.let_pass("monthly", AT, "2026-04-01")
    book.let_pass("weekly", "Mon 07:00", "2026-04-27")

    book.forget_others(["weekly"])

    assert book.taken("monthly", AT) is None
    assert book.taken("weekly", "Mon 07:00") == "2026-04-27"


def test_a_report_and_that_its_time_was_seen_to_are_booked_together(
    store: Store, book: ReportBook, outbox: ReportOutbox
) -> None:
    book.book(REPORT, AT, [BOSS, DESK], START)

    assert book.taken("monthly", AT) == "2026-05-01"
    assert fates(store) == [(BOSS, "waiting", ""), (DESK, "waiting", "")]
    claim = outbox.claim(BOSS, START + 1)
    assert claim is not None
    assert (claim.report, claim.booked_at, claim.refusals, claim.possibly_repeated) == (REPORT, START, 0, False)
    assert outbox.claim(BOSS, START + 1) is None, "it is being sent"


def test_each_url_has_its_own_fate_and_the_content_stays_until_nobody_waits(
    store: Store, book: ReportBook, outbox: ReportOutbox
) -> None:
    book.book(REPORT, AT, [BOSS, DESK], START)
    first, second = outbox.claim(BOSS, START), outbox.claim(DESK, START)
    assert first is not None and second is not None

    outbox.delivered(first, START + 5)
    outbox.failed(second, "no answer")
    book.tidy(START + 6)

    assert fates(store) == [(BOSS, "delivered", ""), (DESK, "waiting", "no answer")]
    assert not outbox.is_waiting(BOSS, START + 6)
    again = outbox.claim(DESK, START + 10)
    assert again is not None
    assert (again.report.content, again.refusals) == (REPORT.content, 0)

    outbox.delivered(again, START + 11)
    book.tidy(START + 12)
    with store.reading() as reader:
        (row,) = reader._rows("SELECT content, text FROM reports")
    assert tuple(row) == (None, "")


def test_refusals_and_doubts_are_counted_and_remembered(book: ReportBook, outbox: ReportOutbox) -> None:
    book.book(REPORT, AT, [BOSS], START)

    for number, facts in enumerate([{"refused": True}, {"in_doubt": True}, {}]):
        claim = outbox.claim(BOSS, START + number)
        assert claim is not None
        outbox.failed(claim, "why", **facts)

    claim = outbox.claim(BOSS, START + 9)
    assert claim is not None
    assert (claim.refusals, claim.possibly_repeated) == (2, True)


def test_what_was_being_sent_when_the_daemon_died_is_in_doubt(
    store: Store, book: ReportBook, outbox: ReportOutbox
) -> None:
    book.book(REPORT, AT, [BOSS], START)
    outbox.claim(BOSS, START)

    assert outbox.recover([BOSS, DESK]) == 1
    assert outbox.recover([BOSS]) == 0

    claim = outbox.claim(BOSS, START + 60)
    assert claim is not None and claim.possibly_repeated
    assert fates(store) == [(BOSS, "sending", "healthmon ended while it was being sent")]


def test_what_waits_for_a_url_that_is_gone_is_cancelled(store: Store, book: ReportBook, outbox: ReportOutbox) -> None:
    book.book(REPORT, AT, [BOSS, DESK], START)

    assert outbox.retire_others([DESK], START + 1) == 1

    assert fates(store) == [(BOSS, "cancelled", "its URL is no longer configured"), (DESK, "waiting", "")]


def test_a_report_for_a_channel_that_is_dead_for_a_week_is_given_up(
    store: Store, book: ReportBook, outbox: ReportOutbox
) -> None:
    book.book(REPORT, AT, [BOSS], START)
    claim = outbox.claim(BOSS, START)
    assert claim is not None
    outbox.failed(claim, "connection refused")

    assert outbox.claim(BOSS, START + GIVE_UP_AFTER + 1) is None

    assert fates(store) == [(BOSS, "given up", "given up: connection refused")]


def test_a_report_waits_for_the_end_of_a_receivers_quiet_time(
    store: Store, book: ReportBook, outbox: ReportOutbox
) -> None:
    book.book(REPORT, AT, [BOSS], START)
    store.outbox.keep_quiet(BOSS, START + 100)

    assert not outbox.is_waiting(BOSS, START + 99)
    assert outbox.claim(BOSS, START + 99) is None
    assert outbox.is_waiting(BOSS, START + 100)


def test_reports_go_in_the_order_in_which_they_were_made(book: ReportBook, outbox: ReportOutbox) -> None:
    for day in ("2026-05-01", "2026-05-02"):
        book.book(MadeReport("daily", day, "text"), "daily 07:00", [BOSS], START)

    days = [claim.report.day for claim in (outbox.claim(BOSS, START), outbox.claim(BOSS, START)) if claim]
    assert days == ["2026-05-01", "2026-05-02"]


def test_what_became_of_reports_is_kept_for_a_year(store: Store, book: ReportBook) -> None:
    book.book(MadeReport("monthly", "2025-04-01", trouble="no database"), AT, [], START)
    book.tidy(START + KEPT)
    with store.reading() as reader:
        assert reader.newest_reports()["monthly"].trouble == "no database"

    book.tidy(START + KEPT + 1)

    with store.reading() as reader:
        assert reader.newest_reports() == {}
