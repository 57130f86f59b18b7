"""Round-trip times: which events tell one, and what many of them amount to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from healthmon.history.round_trips import WIDER, RoundTrips, added_up
from healthmon.model import ContactChange, ContactStatus, RoundTrip, Target
from tests.core.scene import UP, Scene, phone

HOME, OTHER = "sip:101@203.0.113.7:5060", "sip:101@203.0.113.7:5062"


def heard(scene: Scene, status: ContactStatus, rtt_ms: float | None = None, uri: str = HOME) -> list[RoundTrip]:
    """Hear of a contact; return what that tells of the line."""
    return scene.see(ContactChange(phone(), uri, status, scene.now, rtt_ms)).round_trips


@pytest.fixture
def scene() -> Scene:
    one = Scene()
    one.snapshot({phone(): UP})
    one.after(10)
    return one


def test_a_phone_that_registers_is_asked_once_and_the_answer_is_measured(scene: Scene) -> None:
    assert heard(scene, ContactStatus.NON_QUALIFIED) == []

    assert heard(scene, ContactStatus.REACHABLE, 12.5) == [RoundTrip(phone(), scene.now, 12.5)]


def test_after_an_outage_the_time_holds_repetitions_and_is_not_taken(scene: Scene) -> None:
    heard(scene, ContactStatus.NON_QUALIFIED)
    heard(scene, ContactStatus.UNREACHABLE)

    assert heard(scene, ContactStatus.REACHABLE, 1512.0) == []


def test_of_a_contact_of_which_nothing_was_heard_nobody_knows_what_came_before(scene: Scene) -> None:
    assert heard(scene, ContactStatus.REACHABLE, 12.5) == []


def test_each_contact_counts_for_itself(scene: Scene) -> None:
    heard(scene, ContactStatus.UNREACHABLE, uri=HOME)
    heard(scene, ContactStatus.NON_QUALIFIED, uri=OTHER)

    assert len(heard(scene, ContactStatus.REACHABLE, 9.0, uri=OTHER)) == 1
    assert heard(scene, ContactStatus.REACHABLE, 9.0, uri=HOME) == []


def test_without_a_time_nothing_is_measured(scene: Scene) -> None:
    heard(scene, ContactStatus.NON_QUALIFIED)

    assert heard(scene, ContactStatus.REACHABLE) == []


def test_an_endpoint_that_nobody_watches_is_not_measured(scene: Scene) -> None:
    stranger = ContactChange(Target("office", "SIP", "101"), HOME, ContactStatus.NON_QUALIFIED, scene.now)
    scene.see(stranger)

    assert scene.see(replace(stranger, status=ContactStatus.REACHABLE, rtt_ms=5.0)).round_trips == []


# ---------------------------------------------------------------- what many amount to


def test_one_is_its_own_minimum_and_median() -> None:
    one = RoundTrips.of(12.5)

    assert (one.count, one.mean_ms, one.min_ms, one.max_ms) == (1, 12.5, 12.5, 12.5)
    assert one.percentile_ms(0.5) == one.percentile_ms(0.95) == 12.5


def test_none_amount_to_nothing() -> None:
    none = RoundTrips()

    assert (none.count, none.mean_ms, none.percentile_ms(0.5)) == (0, None, None)
    assert none + RoundTrips.of(3.0) == RoundTrips.of(3.0)


def test_percentiles_of_a_known_spread() -> None:
    spread = added_up(RoundTrips.of(float(ms)) for ms in range(1, 101))

    assert spread.percentile_ms(0.5) == pytest.approx(50, rel=0.1)
    assert spread.percentile_ms(0.95) == pytest.approx(95, rel=0.1)
    assert spread.percentile_ms(1.0) == pytest.approx(100, rel=0.1)
    assert (spread.mean_ms, spread.min_ms, spread.max_ms) == (50.5, 1, 100)


TIMES = st.lists(st.floats(0.001, 60_000), min_size=1, max_size=60)


@given(TIMES, st.floats(0.01, 1.0))
def test_a_percentile_is_off_by_a_tenth_at_most(times: list[float], part: float) -> None:
    exact = sorted(times)[max(1, math.ceil(part * len(times))) - 1]

    found = added_up(RoundTrips.of(ms) for ms in times).percentile_ms(part)

    assert found is not None
    assert exact / WIDER**0.51 <= found <= exact * WIDER**0.51


@given(TIMES, st.integers(0, 60))
def test_it_does_not_matter_in_which_order_and_in_which_parts_they_are_added(times: list[float], cut: int) -> None:
    each = [RoundTrips.of(ms) for ms in times]

    parts = added_up(each[:cut]) + added_up(each[cut:])
    whole = added_up(reversed(each))

    assert replace(parts, sum_ms=0) == replace(whole, sum_ms=0)
    assert parts.sum_ms == pytest.approx(whole.sum_ms)
    assert sum(whole.histogram.values()) == whole.count == len(times)
