"""When a URL is tried again."""

from __future__ import annotations

import random

from healthmon.notify.delivery.backoff import FIRST_WAIT, FIRST_WAIT_IN_DOUBT, FORWARD_EVERY, LONGEST_WAIT, Backoff


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def pace(min_interval: float = 0.0) -> Backoff:
    return Backoff(min_interval, middle)


def next_attempt(one: Backoff, now: float, *, is_urgent: bool = False) -> float:
    return one.next_attempt(0.0, is_urgent=is_urgent, now=now)


def test_what_is_due_is_tried_when_it_is_due() -> None:
    assert pace().next_attempt(50.0, is_urgent=False, now=10.0) == 50.0


def test_waits_double_up_to_ten_minutes() -> None:
    one, now, waits = pace(), 1000.0, []
    for _ in range(10):
        one.failed(now)
        at = next_attempt(one, now)
        waits.append(at - now)
        now = at

    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_the_longest_wait_can_be_shorter() -> None:
    one = Backoff(0.0, middle, longest_wait=7.0)
    one.failed(1000.0)
    one.failed(1005.0)

    assert next_attempt(one, 1005.0) == 1012.0


def test_waits_vary_by_a_quarter() -> None:
    rng = random.Random(1)
    waits = []
    for _ in range(200):
        one = Backoff(0.0, rng.uniform)
        one.failed(0.0)
        waits.append(next_attempt(one, 0.0))

    assert 0.75 * FIRST_WAIT <= min(waits) < 0.8 * FIRST_WAIT
    assert 1.2 * FIRST_WAIT < max(waits) <= 1.25 * FIRST_WAIT


def test_what_may_have_arrived_is_repeated_rarely() -> None:
    one = pace()

    one.failed(0.0, in_doubt=True)

    assert next_attempt(one, 0.0) == FIRST_WAIT_IN_DOUBT


def test_success_ends_the_waiting_and_keeps_the_channels_own_pace() -> None:
    one = pace(min_interval=3.0)
    one.failed(0.0)

    one.succeeded(100.0)

    assert one.failures == 0
    assert next_attempt(one, 100.0) == 103.0


def test_a_new_outage_brings_the_attempt_forward_once_in_30_seconds() -> None:
    one = pace()
    for _ in range(8):
        one.failed(1000.0)

    assert next_attempt(one, 1001.0, is_urgent=True) == 1001.0
    one.begin(1001.0)
    one.failed(1001.0)

    assert next_attempt(one, 1002.0, is_urgent=True) == 1001.0 + FORWARD_EVERY
    assert next_attempt(one, 1002.0) == 1001.0 + LONGEST_WAIT


def test_a_new_outage_does_not_delay_what_is_due_earlier() -> None:
    one = pace()
    one.failed(1000.0)
    one.begin(1001.0)
    one.failed(1001.0)

    assert next_attempt(one, 1001.0, is_urgent=True) == 1011.0


def test_years_of_failures_do_not_overflow() -> None:
    one = pace()
    for _ in range(100_000):
        one.failed(0.0)

    assert next_attempt(one, 0.0) == LONGEST_WAIT


def test_a_channel_that_asks_to_be_left_alone_is_not_even_called_for_a_new_outage() -> None:
    one = pace()

    one.failed(1000.0, retry_after=40.0)

    assert next_attempt(one, 1000.0, is_urgent=True) == 1040.0


def test_a_channel_that_asks_to_be_left_alone_for_a_day_is_called_after_ten_minutes() -> None:
    one = pace()

    one.failed(1000.0, retry_after=86400.0)

    assert next_attempt(one, 1000.0) == 1000.0 + LONGEST_WAIT
