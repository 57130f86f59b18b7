"""A scheduled report as a message, and its way to one URL."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from healthmon.errors import DeliveredInPart, DeliveryError, Missed
from healthmon.notify.compose.message import Message, Mood
from healthmon.notify.compose.report_message import LARGEST_ATTACHMENT_BYTES, compose_report
from healthmon.notify.delivery.report_post import MOST_REFUSALS, TEXT_AFTER
from healthmon.store.outbox.report_book import MadeReport, ReportBook
from tests.notify.post import BROKEN, REFUSED, UNSURE, Post
from tests.notify.rows import ENGLISH
from tests.store.scene import BOSS

TEXT = "April: 99.95 % available\n" + "".join(f"PJSIP/{number}  100 %\n" for number in range(101, 111))
REPORT = MadeReport(
    "monthly", "2026-05-01", TEXT, "monthly.html", "text/html", "<p>all", "healthmon report --last-month"
)
HOUR = 3600.0
TROUBLE = MadeReport("monthly", "2026-05-01", trouble="there is no database here yet")


def composed(
    report: MadeReport = REPORT, most: int = 3500, *, attaches: bool = True, repeated: bool = False
) -> Message:
    return compose_report(report, ENGLISH, most_characters=most, attaches=attaches, possibly_repeated=repeated)


# ------------------------------------------------------------ the message


def test_a_channel_that_takes_files_gets_the_whole_as_a_file_and_its_text() -> None:
    message = composed()

    assert message.subject == "REPORT monthly 2026-05-01"
    assert message.body.startswith(TEXT.rstrip())
    assert "\nThe whole report is attached: monthly.html\nWritten " in message.body
    assert message.attachment is not None
    assert (message.attachment.name, message.attachment.content) == ("monthly.html", b"<p>all")
    assert (message.facts["event"], message.mood) == ("report", Mood.INFO)


def test_another_gets_the_text_and_how_to_see_the_rest() -> None:
    message = composed(most=200, attaches=False)

    assert message.attachment is None
    assert len(message.body) <= 200
    assert message.body.startswith("April: 99.95 % available\nPJSIP/101  100 %\n")
    assert "\n…\nThe whole: healthmon report --last-month\nWritten " in message.body
    assert "\nPJSIP/1\n" not in message.body, "no line is cut"


@pytest.mark.parametrize("most", [60, 80, 140, 200, 320, 1000, 3500])
def test_no_message_is_longer_than_its_channel_takes(most: int) -> None:
    for attaches in (True, False):
        assert len(composed(most=most, attaches=attaches, repeated=True).body) <= most
    assert len(composed(TROUBLE, most=most).body) <= most


def test_what_may_have_arrived_already_says_so() -> None:
    assert "possibly repeated" in composed(repeated=True).body
    assert composed(repeated=True).facts["possibly_repeated"] is True
    assert "possibly repeated" not in composed().body


def test_a_report_that_could_not_be_made_says_why_and_what_to_do() -> None:
    message = composed(TROUBLE)

    assert message.subject == "REPORT monthly could not be made"
    assert message.body.startswith(
        "The monthly report of 2026-05-01 could not be made: there is no database here yet\n"
        "It is not tried again before its next time. Now: healthmon schedule run monthly\n"
    )
    assert (message.mood, message.attachment) == (Mood.WARNING, None)


def test_what_no_mail_server_takes_is_not_attached() -> None:
    huge = MadeReport("monthly", "2026-05-01", TEXT, "monthly.html", "text/html", "x" * (LARGEST_ATTACHMENT_BYTES + 1))

    assert composed(huge).attachment is None


# ------------------------------------------------------------ its way


@pytest.fixture
def book(post: Post) -> Iterator[ReportBook]:
    """The schedule thread's connection."""
    book = ReportBook(post.store.path)
    yield book
    book.close()


def fate(post: Post) -> tuple[str, str]:
    with post.store.reading() as reader:
        (one,) = reader.newest_reports()["monthly"].deliveries
    return one.state, one.why


def due(post: Post, book: ReportBook, report: MadeReport = REPORT) -> None:
    book.book(report, "1st 07:00", [BOSS], post.time)


def test_a_report_is_delivered_once_and_booked(post: Post, book: ReportBook) -> None:
    due(post, book)

    post.run(120)

    assert post.channel.subjects == ["REPORT monthly 2026-05-01"]
    assert fate(post) == ("delivered", "")
    post.start()
    post.run(120)
    assert len(post.channel.attempts) == 1


def test_a_channel_that_is_dead_gets_it_when_it_works_again_with_its_file(post: Post, book: ReportBook) -> None:
    post.channel.dies(BROKEN)
    due(post, book)
    post.run(7200)
    assert fate(post) == ("waiting", "connection refused")
    assert 8 <= len(post.channel.attempts) <= 25, "the waits grow to ten minutes"

    post.channel.works()
    post.run(900)

    (message,) = post.channel.accepted
    assert message.attachment is not None
    assert "possibly repeated" not in message.body


def test_a_report_goes_on_over_a_restart_in_the_middle_of_sending(post: Post, book: ReportBook) -> None:
    due(post, book)
    # kill -9 while it is being sent.
    assert post.outbox.reports.claim(BOSS, post.time) is not None

    post.outbox.reports.recover([BOSS])
    post.start()
    post.run(60)

    (message,) = post.channel.accepted
    assert "possibly repeated" in message.body
    assert fate(post) == ("delivered", "")


def test_a_file_that_a_channel_refuses_goes_as_a_text(post: Post, book: ReportBook) -> None:
    post.channel.answer = lambda message: REFUSED if message.attachment else None
    due(post, book)

    post.run(600)

    assert [message.attachment is not None for message in post.channel.attempts] == [True] * TEXT_AFTER + [False]
    assert fate(post) == ("delivered", "")


@pytest.mark.parametrize("error", [REFUSED, UNSURE])
def test_what_is_never_taken_ends(post: Post, book: ReportBook, error: DeliveryError) -> None:
    post.channel.dies(error)
    due(post, book)

    post.run(86400)

    assert len(post.channel.attempts) == MOST_REFUSALS
    assert fate(post) == ("undeliverable", error.why)


def test_a_report_that_is_not_taken_makes_no_alert_wait(post: Post, book: ReportBook) -> None:
    post.channel.answer = lambda message: UNSURE if message.subject.startswith("REPORT") else None
    due(post, book)
    post.run(40)
    before = post.time

    post.opens(1)
    post.run(1)

    assert post.channel.subjects == ["DOWN phone 101 (office) since 14:03"]
    assert post.time - before <= 1


def test_an_alert_goes_before_a_report(post: Post, book: ReportBook) -> None:
    due(post, book)
    post.opens(1)

    post.run(60)

    assert [subject.partition(" ")[0] for subject in post.channel.subjects] == ["DOWN", "REPORT"]


def test_a_result_that_cannot_be_booked_is_booked_later_and_nothing_is_sent_twice(post: Post, book: ReportBook) -> None:
    due(post, book)

    def accepted_while_the_disk_fills_up(_message: Message) -> None:
        post.outbox.is_unwritable = True

    post.channel.answer = accepted_while_the_disk_fills_up
    post.run(30)
    assert fate(post)[0] == "sending"

    post.outbox.is_unwritable = False
    post.run(60)

    assert fate(post) == ("delivered", "")
    assert len(post.channel.attempts) == 1


def test_failures_are_logged_in_words(post: Post, book: ReportBook, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    post.channel.dies(BROKEN)
    due(post, book)
    post.run(1)

    assert f"{BOSS}: report monthly of 2026-05-01 not delivered, tried again: connection refused" in caplog.messages


# ------------------------------------------------------------ single addresses of a URL


def in_part(**of_bob: bool) -> DeliveredInPart:
    return DeliveredInPart(BOSS, (Missed("bob", "address 2 in to=", "451 later", **of_bob),))


def test_a_report_that_one_address_misses_goes_to_that_address_alone(post: Post, book: ReportBook) -> None:
    post.channel.dies(in_part())
    due(post, book)
    post.run(1)

    post.channel.works()
    post.run(HOUR)

    first, again = post.channel.attempts
    assert (first.only, again.only) == (None, frozenset(("bob",)))
    assert fate(post)[0] == "delivered"


def test_a_report_that_one_address_never_takes_is_delivered_to_the_others_once(post: Post, book: ReportBook) -> None:
    post.channel.dies(in_part(is_final=True))
    due(post, book)

    post.run(HOUR)

    assert len(post.channel.attempts) == 1
    assert fate(post) == ("delivered", "not to address 2 in to=: 451 later")


def test_a_report_that_one_address_misses_holds_up_no_later_one(post: Post, book: ReportBook) -> None:
    post.channel.dies(in_part())
    due(post, book)
    post.run(HOUR)

    post.channel.works()
    book.book(replace(REPORT, day="2026-06-01"), "1st 07:00", [BOSS], post.time)
    post.run(900)

    assert [message.subject for message in post.channel.accepted] == [
        "REPORT monthly 2026-06-01",
        "REPORT monthly 2026-05-01",
    ]
