"""What many measured values amount to, metric by metric."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from healthmon.history.measurements import Summary, added_up
from healthmon.history.metrics import METRICS, ROUND_TRIP, WIDER, Metric
from healthmon.model import Check, Measurement, Target

PHONE = Target("office", "PJSIP", "101")
LOSS = Metric("loss_percent", "%", "LOSS", "Lost packets", "answer", may_be_zero=True, finest=0.1)


def summed(values: Iterable[float], metric: Metric = ROUND_TRIP) -> Summary:
    return sum((metric.summary(value) for value in values), Summary())


def test_one_is_its_own_minimum_and_median() -> None:
    summary = ROUND_TRIP.summary(12.5)

    assert (summary.count, summary.sum, summary.min, summary.max) == (1, 12.5, 12.5, 12.5)
    assert ROUND_TRIP.percentile(summary, 0.5) == ROUND_TRIP.percentile(summary, 0.95) == 12.5


def test_none_amount_to_nothing() -> None:
    assert ROUND_TRIP.percentile(Summary(), 0.5) is None
    assert Summary() + ROUND_TRIP.summary(3.0) == ROUND_TRIP.summary(3.0)


def test_percentiles_of_a_known_spread() -> None:
    spread = summed(float(ms) for ms in range(1, 101))

    assert ROUND_TRIP.percentile(spread, 0.5) == pytest.approx(50, rel=0.1)
    assert ROUND_TRIP.percentile(spread, 0.95) == pytest.approx(95, rel=0.1)
    assert ROUND_TRIP.percentile(spread, 1.0) == pytest.approx(100, rel=0.1)
    assert (spread.sum, spread.min, spread.max) == (5050, 1, 100)


def test_what_is_mostly_nothing_has_nothing_for_its_median() -> None:
    lost = summed([0.0, 0.0, 0.0, 0.0, 40.0], LOSS)

    assert (lost.count, lost.sum, lost.min, lost.max) == (5, 40.0, 0.0, 40.0)
    assert LOSS.percentile(lost, 0.5) == 0.0
    assert LOSS.percentile(lost, 1.0) == pytest.approx(40.0, rel=0.1)


VALUES = st.lists(st.floats(0.001, 60_000), min_size=1, max_size=60)
PARTS = st.floats(0.01, 1.0)


def exact(values: list[float], part: float) -> float:
    return sorted(values)[max(1, math.ceil(part * len(values))) - 1]


@given(VALUES, PARTS)
def test_a_percentile_is_off_by_a_tenth_at_most(values: list[float], part: float) -> None:
    found = ROUND_TRIP.percentile(summed(values), part)

    assert found is not None
    assert exact(values, part) / WIDER**0.51 <= found <= exact(values, part) * WIDER**0.51


@given(st.lists(st.just(0.0) | st.floats(0, 100), min_size=1, max_size=60), PARTS)
def test_where_nothing_counts_too_a_percentile_is_within_one_step(values: list[float], part: float) -> None:
    found, wanted = LOSS.percentile(summed(values, LOSS), part), exact(values, part)

    assert found is not None
    # Below the finest that is told apart the first step is wider than the others.
    assert wanted / WIDER - LOSS.finest * WIDER <= found <= wanted * WIDER + LOSS.finest * WIDER


@given(VALUES, st.integers(0, 60))
def test_it_does_not_matter_in_which_order_and_in_which_parts_they_are_added(values: list[float], cut: int) -> None:
    parts = summed(values[:cut]) + summed(values[cut:])
    whole = summed(reversed(values))

    assert replace(parts, sum=0) == replace(whole, sum=0)
    assert parts.sum == pytest.approx(whole.sum)
    assert sum(whole.histogram.values()) == whole.count == len(values)


def test_each_metric_is_added_up_by_itself() -> None:
    one, two = {"rtt_ms": summed([1.0])}, {"rtt_ms": summed([2.0]), "loss_percent": summed([0.0], LOSS)}

    assert added_up([one, two]) == {"rtt_ms": summed([1.0, 2.0]), "loss_percent": summed([0.0], LOSS)}
    assert added_up([]) == {}


@pytest.mark.parametrize("value", [None, 0.0, -0.0, -1.0, 1e300, math.nan, math.inf, -math.inf])
def test_what_cannot_have_been_measured_is_refused(value: float | None) -> None:
    assert ROUND_TRIP.measured(PHONE, Check.REACHABILITY, value, 5.0) is None


def test_nothing_is_a_value_of_a_metric_that_says_so() -> None:
    assert LOSS.measured(PHONE, Check.REACHABILITY, 0.0, 5.0) == Measurement(
        PHONE, Check.REACHABILITY, "loss_percent", 0.0, 5.0
    )
    assert LOSS.measured(PHONE, Check.REACHABILITY, -0.1, 5.0) is None


def test_each_metric_has_names_of_its_own() -> None:
    assert [metric.key for metric in METRICS.values()] == list(METRICS)
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)
