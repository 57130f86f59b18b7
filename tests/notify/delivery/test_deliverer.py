"""Booked exactly once, delivered at least once, marked where it may be twice: the deliverer on a real store."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from healthmon.config.sections.receiver import ReceiverConfig
from healthmon.errors import DeliveryError
from healthmon.model import Kind
from healthmon.notify.compose.message import Message
from healthmon.notify.delivery.deliverer import LOOK_EVERY
from healthmon.notify.delivery.past_outbox import DirectAlert
from tests.notify.post import BROKEN, REFUSED, UNSURE, Post
from tests.store.scene import BOSS, Store

HOUR = 3600.0


def saying(word: str, error: DeliveryError = REFUSED) -> Callable[[Message], DeliveryError | None]:
    """A channel that chokes on a word."""
    return lambda message: error if word in message.body else None


def test_what_is_due_is_delivered_and_booked(post: Post) -> None:
    post.opens(1)

    post.run(1)

    assert post.channel.subjects == ["DOWN phone 101 (office) since 14:02"]
    assert [state for state, _ in post.fates(1)] == ["delivered"]


def test_what_is_due_together_is_one_message(post: Post) -> None:
    for number in (1, 2, 3):
        post.opens(number)

    post.run(1)

    assert post.channel.subjects == ["DOWN 3 phones (office): 101, 102, 103"]


def test_six_hundred_phones_of_one_power_cut_are_one_message(post: Post) -> None:
    for number in range(1, 601):
        post.opens(number)
    post.run(60)

    assert [subject.partition(":")[0] for subject in post.channel.subjects] == ["DOWN 600 phones (office)"]


def test_what_breaks_within_the_group_wait_is_one_message(post: Post) -> None:
    wait = post.receiver.group_wait
    post.opens(1, wait=wait)
    post.run(wait - 0.1)
    post.opens(2, wait=wait)

    post.run(0.1)

    assert post.channel.subjects == ["DOWN 2 phones (office): 101, 102"]


def test_nothing_due_means_a_long_wait(post: Post) -> None:
    assert post.deliverer.step(post.outbox) == LOOK_EVERY


def test_a_channel_that_is_dead_for_two_hours_gets_one_message_that_tells_the_whole(post: Post) -> None:
    post.channel.dies()
    about = post.opens(1)
    post.run(180)
    post.closes(about)
    post.run(2 * HOUR)

    post.channel.works()
    post.run(HOUR)

    [subject] = post.channel.subjects
    assert subject.startswith("WAS DOWN phone 101 (office) 14:02–14:0")


def test_the_waits_belong_to_the_url_and_new_rows_join_the_next_attempt(post: Post) -> None:
    post.channel.dies()
    post.opens(1)
    post.run(1)
    post.opens(2)
    post.run(3)
    assert len(post.channel.attempts) == 1

    post.channel.works()
    post.run(2)

    assert post.channel.subjects == ["DOWN 2 phones (office): 101, 102"]


def test_a_provider_that_fails_brings_the_next_attempt_forward(post: Post) -> None:
    post.channel.dies()
    post.opens(1)
    post.run(HOUR)
    before = len(post.channel.attempts)
    post.channel.works()

    post.opens(2, Kind.PROVIDER)
    post.run(1)

    assert len(post.channel.attempts) == before + 1
    assert post.channel.subjects == ["DOWN provider 102 (office) + 1 more"]


def test_forty_phones_that_fail_while_the_channel_is_dead_are_one_message_afterwards(post: Post) -> None:
    post.channel.dies()
    for number in range(1, 41):
        post.opens(number)
        post.run(60)

    post.channel.works()
    post.run(HOUR)

    assert post.channel.subjects == ["DOWN 40 phones (office): 101–140"]


def test_an_open_outage_is_never_given_up_and_one_that_is_over_is(post: Post) -> None:
    post.channel.dies()
    over = post.opens(1)
    post.opens(2)
    post.run(60)
    post.closes(over)

    post.run(26 * HOUR)
    post.channel.works()
    post.run(HOUR)

    assert post.channel.subjects[0].startswith("DOWN phone 102 (office) since")
    assert len(post.channel.subjects) == 1
    [(state, why)] = post.fates(1)
    assert state == "given up"
    assert "connection refused" in why


def test_the_same_error_is_logged_once_and_the_recovery_says_how_often(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    post.channel.dies()
    post.opens(1)
    post.run(200)
    failures = len(post.channel.attempts)

    post.channel.works()
    post.run(HOUR)

    lines = [record.getMessage() for record in caplog.records]
    assert lines.count(f"{BOSS}: not delivered: connection refused") == 1
    assert f"{BOSS}: recovered after {failures} failures" in lines
    assert post.deliverer.fails_because == ""


def test_no_answer_means_again_later_and_marked(post: Post) -> None:
    post.channel.dies(UNSURE)
    post.opens(1)
    post.run(59)
    assert len(post.channel.attempts) == 1

    post.channel.works()
    post.run(2)

    [message] = post.channel.accepted
    assert "possibly repeated" in message.body
    assert "possibly repeated" not in post.channel.attempts[0].body


def test_what_may_have_arrived_is_not_sent_every_30_s_however_short_the_longest_pause(store: Store) -> None:
    post = Post(store, ReceiverConfig("oncall", (), longest_pause=20.0))
    post.channel.dies(UNSURE)
    post.opens(1)

    post.run(600)

    # After 1, 3 and 7 minutes.
    assert len(post.channel.attempts) == 4
    post.outbox.close()


def test_a_row_that_poisons_the_digest_ends_alone_and_the_others_arrive(post: Post) -> None:
    post.channel.answer = saying("103")
    for number in range(1, 9):
        post.opens(number)

    post.run(HOUR)

    assert [post.fates(number)[0][0] for number in range(1, 9) if number != 3] == ["delivered"] * 7
    assert not [message for message in post.channel.accepted if "103" in message.body]
    told = [one["id"] for message in post.channel.accepted for one in message.facts["incidents"]]
    assert sorted(told) == [1, 2, 4, 5, 6, 7, 8]


def test_the_poisonous_row_is_undeliverable_once_it_is_proven_that_others_arrive(post: Post) -> None:
    post.channel.answer = saying("103")
    for number in range(1, 9):
        post.opens(number)
    post.run(HOUR)

    post.opens(9)
    post.run(HOUR)

    [(state, why)] = post.fates(3)
    assert state == "undeliverable"
    assert "error=400" in why
    assert post.fates(9)[0][0] == "delivered"
    assert post.outbox.next_due(BOSS) is None


def test_two_poisonous_rows_do_not_hide_the_good_ones(post: Post) -> None:
    post.channel.answer = lambda message: BROKEN if "101" in message.body or "102" in message.body else None
    for number in range(1, 5):
        post.opens(number)

    post.run(2 * HOUR)

    assert [post.fates(number)[0][0] for number in (3, 4)] == ["delivered"] * 2


def test_a_channel_that_is_dead_for_a_day_makes_nothing_undeliverable(post: Post) -> None:
    post.channel.dies(REFUSED)
    for number in range(1, 6):
        post.opens(number)

    post.run(24 * HOUR)
    post.channel.works()
    post.run(HOUR)

    assert [post.fates(number)[0][0] for number in range(1, 6)] == ["delivered"] * 5


def test_what_was_delivered_while_the_disk_was_full_is_not_sent_again(post: Post) -> None:
    post.opens(1)

    def fill_the_disk(_message: Message) -> None:
        post.outbox.is_unwritable = True

    post.channel.answer = fill_the_disk
    post.run(600)
    assert len(post.channel.accepted) == 1

    post.outbox.is_unwritable = False
    post.run(HOUR)

    assert len(post.channel.attempts) == 1
    assert [state for state, _ in post.fates(1)] == ["delivered"]


def test_a_full_disk_is_logged_once(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.outbox.is_unwritable = True
    post.opens(1)

    post.run(600)

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert not post.channel.attempts


def test_a_disk_that_fills_while_a_message_is_sent_is_logged_once_and_so_is_its_end(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.opens(1)

    def fill_the_disk(_message: Message) -> None:
        post.outbox.is_unwritable = True

    post.channel.answer = fill_the_disk
    post.run(600)
    assert [record.levelname for record in caplog.records] == ["ERROR"]

    post.outbox.is_unwritable = False
    post.run(60)

    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_direct_message_goes_past_a_database_that_cannot_be_written(post: Post) -> None:
    post.outbox.is_unwritable = True
    post.opens(1)
    post.channel.dies()
    post.deliverer.say(lambda _voice: Message("DOWN healthmon: its database cannot be written", "the disk is full"))
    post.run(3)

    post.channel.works()
    post.run(60)

    assert post.channel.subjects == ["DOWN healthmon: its database cannot be written"]
    assert len(post.channel.attempts) == 2


def test_a_send_that_hangs_is_waited_for_and_not_doubled(post: Post) -> None:
    is_sending, may_end = Event(), Event()

    def hang(_message: Message) -> None:
        is_sending.set()
        may_end.wait(30)

    post.channel.answer = hang
    post.opens(1)
    thread = Thread(target=post.deliverer.run)
    thread.start()
    assert is_sending.wait(30)

    with post.store.reading() as reader:
        assert [url.sending_since for url in reader.urls()] == [post.time]
    post.wake.set()
    post.stop.set()
    may_end.set()
    thread.join(30)

    assert not thread.is_alive()
    assert len(post.channel.attempts) == 1
    assert [state for state, _ in post.fates(1)] == ["delivered"]


def test_a_stop_ends_the_waiting_at_once(post: Post) -> None:
    thread = Thread(target=post.deliverer.run)
    thread.start()

    post.stop.set()
    post.wake.set()
    thread.join(LOOK_EVERY / 2)

    assert not thread.is_alive()


def test_what_was_being_sent_when_we_died_is_sent_again_and_marked(post: Post) -> None:
    post.opens(1)
    assert post.outbox.claim(BOSS, post.time)

    post.outbox.recover([BOSS], post.time + 10)
    post.start()
    post.run(60)

    [message] = post.channel.accepted
    assert "possibly repeated" in message.body


def test_a_channels_own_pace_is_kept(post: Post) -> None:
    post.channel.min_interval = 3.0
    post.start()
    times = []
    post.channel.answer = lambda _message: times.append(post.time)
    for number in range(1, 5):
        post.opens(number)
        post.run(0.5)

    post.run(60)

    assert len(times) == 2
    assert times[1] - times[0] >= 3.0


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_clock_that_is_set_by_an_hour_holds_no_message_up(post: Post, by: float) -> None:
    post.opens(1)
    post.run(1)

    post.sets_clock(by)
    post.opens(2)
    post.run(1)

    assert len(post.channel.accepted) == 2


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_clock_that_is_set_by_an_hour_neither_shortens_nor_lengthens_the_wait_after_a_failure(
    post: Post, by: float
) -> None:
    post.channel.dies()
    post.opens(1)
    post.run(1)

    post.sets_clock(by)
    post.run(3)
    attempts = len(post.channel.attempts)
    post.channel.works()
    post.run(2)

    assert attempts == 1
    assert len(post.channel.accepted) == 1


def test_a_channel_that_is_told_too_much_is_left_alone_and_then_gets_all_in_one_message(post: Post) -> None:
    post.channel.dies(DeliveryError(BOSS, "error=429", retry_after=40.0))
    post.opens(1)
    post.run(10)
    post.opens(2, Kind.PROVIDER)
    post.run(29)
    assert len(post.channel.attempts) == 1

    post.channel.works()
    post.run(2)

    assert post.channel.subjects == ["DOWN provider 102 (office) + 1 more"]


def test_a_direct_message_speaks_the_language_of_its_receiver(post: Post) -> None:
    post.receiver = replace(post.receiver, language="ru")
    post.start()

    DirectAlert(post.store.path, post.deliverer.say, lambda: post.time).tell("the disk is full")
    post.run(1)

    [message] = post.channel.accepted
    assert message.subject == "СБОЙ healthmon: запись в базу данных невозможна"
    assert "the disk is full" in message.body
    assert message.facts["event"] == "database"
