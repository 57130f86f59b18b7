"""The rule for all that peers send, in simulated time: first byte, 16 kB/s, 30 s, and a size."""

from __future__ import annotations

import pytest

from healthmon.wire.pace import SHARE_BYTES, Pace, PeerLimits, TooLong, TooSlow

MB = 1_000_000
LIMITS = PeerLimits(largest=64 * MB)


def last(pace: Pace, rate: float, step: float, until: float) -> float:
    """Have it receive so many bytes a second, every ``step`` seconds; return when it had enough, or ``until``."""
    now = 0.0
    while now < until:
        try:
            pace.left(now)
        except TooSlow:
            return now
        pace.take(int(rate * step), now)
        now += step
    return now


def test_until_the_first_byte_it_is_the_caller_who_says_how_long_to_wait() -> None:
    assert Pace(LIMITS).left(1000.0) is None


def test_what_comes_in_drops_is_given_up_5_s_after_its_first_byte() -> None:
    pace = Pace(LIMITS)
    pace.take(1, 100.0)
    assert pace.left(104.0) == 1.0
    pace.take(11, 104.0)

    with pytest.raises(TooSlow, match="comes in drops: 12 bytes in 5 s"):
        pace.left(105.0)


def test_what_keeps_16_kb_a_second_has_30_s_in_all() -> None:
    assert last(Pace(LIMITS), rate=17_000, step=0.1, until=60.0) == pytest.approx(30.0, abs=0.2)


@pytest.mark.parametrize(("rate", "step"), [(15_000, 0.1), (100, 0.1), (1, 1.0)])
def test_what_is_slower_than_16_kb_a_second_is_given_up_after_5_s(rate: float, step: float) -> None:
    assert last(Pace(LIMITS), rate, step, until=60.0) == pytest.approx(5.0, abs=step)


def test_what_is_quick_at_first_and_then_in_drops_is_given_up_within_10_s() -> None:
    pace = Pace(LIMITS)
    pace.take(MB, 0.0)

    assert last(pace, rate=10.0, step=0.1, until=60.0) == pytest.approx(5.0, abs=0.2)


def test_a_slow_line_with_20_000_endpoints_is_no_attack() -> None:
    # 1.5 MB at 64 kB/s, in packets, with a pause of 3 s for one that was lost.
    pace, now, packet = Pace(LIMITS), 0.0, 1460
    for number in range(1_500_000 // packet):
        left = pace.left(now)
        assert left is None or left > 0
        pace.take(packet, now)
        now += packet / 64_000 + (3.0 if number == 500 else 0.0)


def test_an_answer_that_is_small_has_no_rate_to_keep() -> None:
    pace = Pace(LIMITS)
    pace.take(300, 0.0)
    pace.take(200, 4.9)

    assert pace.left(4.9) == pytest.approx(0.1)


def test_each_share_has_its_5_s_from_the_end_of_the_one_before() -> None:
    pace = Pace(LIMITS)
    pace.take(SHARE_BYTES, 10.0)
    pace.take(SHARE_BYTES, 14.0)

    assert pace.left(18.0) == 1.0


def test_what_is_too_long_says_so_and_how_long_it_may_be() -> None:
    pace = Pace(PeerLimits(largest=MB))
    pace.take(MB, 0.0)

    with pytest.raises(TooLong, match="is longer than 1000 kB"):
        pace.take(1, 0.0)
