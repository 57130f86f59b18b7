"""Quiet hours: what falls due in them waits for their end, and tells then how things are."""

from __future__ import annotations

from contextlib import closing

import pytest
from msgspec.structs import replace

from healthmon.config.sections.receiver import Quiet, ReceiverConfig
from healthmon.model import Kind, Notification, Reason, Severity
from healthmon.store.outbox.report_book import ReportBook
from healthmon.times.weekly import Weekly
from tests.notify.delivery.test_report_post import due
from tests.notify.post import BROKEN, Post
from tests.notify.rows import BERLIN
from tests.store.scene import BOSS, Store

#: The post's first moment is 14:03:20 in Berlin: quiet until 15:00, and from 13:00 to 15:00 every day.
AFTER_LUNCH = (Weekly(frozenset(range(7)), 13 * 60, 15 * 60, BERLIN),)
UNTIL_THREE = 57 * 60.0
HOUR = 3600.0
RESTING = ReceiverConfig("oncall", (), quiet=Quiet(AFTER_LUNCH, frozenset({Severity.CRITICAL})))


@pytest.fixture
def post(store: Store) -> Post:
    """A receiver that rests after lunch, but for what is critical."""
    return Post(store, RESTING)


def test_a_phone_waits_for_the_end_and_a_provider_does_not(post: Post) -> None:
    post.opens(1)
    post.opens(2, Kind.PROVIDER)

    post.run(UNTIL_THREE - 30)
    assert post.channel.subjects == ["DOWN provider 102 (office) since 14:02"]

    post.run(60)
    assert post.channel.subjects[1:] == ["DOWN phone 101 (office) since 14:02"]


def test_what_is_over_by_then_is_told_as_one_thing(post: Post) -> None:
    about = post.opens(1)
    post.run(600)
    post.closes(about)

    post.run(UNTIL_THREE)

    assert post.channel.subjects == ["WAS DOWN phone 101 (office) 14:02–14:13"]


def test_a_recovery_waits_too(post: Post) -> None:
    post.time -= 2 * HOUR
    about = post.opens(1)
    post.run(60)
    post.run(2 * HOUR)
    post.closes(about)
    resolved = Notification(1, BOSS, Reason.RESOLVED, 0, post.time, post.time)
    post.store.book(notifications=[resolved])

    post.run(UNTIL_THREE - 120)
    assert [subject.split()[0] for subject in post.channel.subjects] == ["DOWN"]

    post.run(120)
    assert [subject.split()[0] for subject in post.channel.subjects] == ["DOWN", "UP"]


def test_what_waited_for_a_dead_channel_waits_on_when_the_quiet_begins(post: Post) -> None:
    post.time -= 2 * HOUR
    post.channel.dies(BROKEN)
    post.opens(1)
    post.run(90 * 60)
    post.channel.works()

    post.run(HOUR)
    assert post.channel.subjects == []

    post.run(30 * 60)
    assert len(post.channel.subjects) == 1


def test_a_reload_that_takes_the_quiet_away_ends_it(post: Post) -> None:
    post.opens(1)
    post.run(60)
    assert post.channel.subjects == []

    post.receiver = replace(RESTING, quiet=None)
    post.start()
    post.run(60)

    assert len(post.channel.subjects) == 1


def test_a_crash_in_the_quiet_changes_nothing(post: Post) -> None:
    post.opens(1)
    post.run(600)
    post.start()
    post.run(600)
    assert post.channel.subjects == []

    post.run(UNTIL_THREE)

    assert len(post.channel.subjects) == 1


def test_a_clock_that_is_set_past_the_end_ends_it(post: Post) -> None:
    post.opens(1)
    post.run(60)

    post.sets_clock(HOUR)
    post.run(60)

    assert len(post.channel.subjects) == 1


def test_a_clock_that_is_set_back_out_of_it_ends_it_until_it_begins_again(post: Post) -> None:
    post.opens(1)
    post.run(60)

    post.sets_clock(-2 * HOUR)
    post.run(60)

    assert len(post.channel.subjects) == 1


def test_nothing_is_written_again_and_again(post: Post) -> None:
    post.opens(1)
    post.run(60)
    post.store.writer.outside_changes()

    post.run(1800)

    assert not post.store.writer.outside_changes()


def test_why_it_waits_is_part_of_the_story_until_the_end(post: Post) -> None:
    ends = post.time + UNTIL_THREE - 20
    post.opens(1)

    post.run(60)

    with post.store.reading() as reader:
        assert [one.is_quiet for one in reader.tellings(1)] == [True]
        assert [(url.quiet_until, url.quiet_except) for url in reader.urls()] == [(ends, ("critical",))]

    post.run(UNTIL_THREE)

    with post.store.reading() as reader:
        assert [one.is_quiet for one in reader.tellings(1)] == [False]
        assert [(url.quiet_until, url.quiet_except) for url in reader.urls()] == [(None, ())]


def test_a_scheduled_report_waits_too(post: Post) -> None:
    with closing(ReportBook(post.store.path)) as book:
        due(post, book)
    post.run(UNTIL_THREE - 60)
    assert post.channel.subjects == []

    post.run(120)

    assert post.channel.subjects == ["REPORT monthly 2026-05-01"]
