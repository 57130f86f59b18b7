"""What a meter showed at the edges of days: by its readings, and where there is none it simply ran on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from healthmon.history.availability import History, Segment, read_meter
from healthmon.model import Health, Kind, Reading

#: Seconds up, degraded, down, unknown.
Seconds = tuple[float, float, float, float]

#: What a meter showed at the end of a day: when, its seconds, what was believed, whether it had ever been up.
DayReading = tuple[float, Seconds, Health | None, bool]

#: Times of a database whose clock was set right come back with what floats lose (seconds).
_SAME_MOMENT_S = 1e-3

_NOTHING: Seconds = (0.0, 0.0, 0.0, 0.0)

#: Which of the seconds runs on.
_PLACES = {Health.UP: 0, Health.DEGRADED: 1, Health.DOWN: 2, Health.UNKNOWN: 3}


class HasSeconds(Protocol):
    """A reading, or figures."""

    @property
    def up_s(self) -> float: ...
    @property
    def degraded_s(self) -> float: ...
    @property
    def down_s(self) -> float: ...
    @property
    def unknown_s(self) -> float: ...


def seconds_of(amount: HasSeconds) -> Seconds:
    """Take the seconds of a reading, or of figures."""
    return amount.up_s, amount.degraded_s, amount.down_s, amount.unknown_s


def day_reading(reading: Reading) -> DayReading:
    """Take what is needed of a reading."""
    return reading.at, seconds_of(reading), reading.belief, reading.was_used


def seconds_between(edges: Sequence[float], segments: Iterable[Segment]) -> list[Seconds]:
    """Say what a timeline amounts to from each edge to the next one. It lies between the first and the last."""
    sums = [[0.0, 0.0, 0.0, 0.0] for _ in edges[1:]]
    number = 0
    for since, until, health, _ in segments:
        while edges[number + 1] <= since:
            number += 1
        if health is None:
            continue
        place, begins = _PLACES[health], since
        while edges[number + 1] < until:
            sums[number][place] += edges[number + 1] - begins
            number += 1
            begins = edges[number]
        sums[number][place] += until - begins
    return [(up_s, degraded_s, down_s, unknown_s) for up_s, degraded_s, down_s, unknown_s in sums]


def values_at(
    times: Sequence[float], start: Reading, readings: Iterable[DayReading], tail: History
) -> list[Seconds] | None:
    """Say what a meter showed at each of these times, which are the edges of days; None: its days are others.

    ``start`` is at the first of the times, or later, where the watch began. ``readings`` are all between the first and
    the last of the times, in order; ``tail`` is everything that was booked since the last of them.
    """
    values: list[Seconds] = []
    last, coming = day_reading(start), iter(readings)
    following = next(coming, None)
    for at in times:
        if following is not None and following[0] <= at + _SAME_MOMENT_S:
            last, following = following, next(coming, None)
            if last[0] < at - _SAME_MOMENT_S:
                return None
        if at < last[0] - _SAME_MOMENT_S:
            values.append(_NOTHING)
        elif following is None:
            values.append(_read_tail(tail, at))
        else:
            values.append(_run_on(last, at, tail.kind))
    return values


def _read_tail(tail: History, at: float) -> Seconds:
    """Read the meter after its last reading."""
    assert tail.reading is not None, "a tail begins with a reading"  # noqa: S101  (a slip of the caller)
    if at <= tail.reading.at:
        return seconds_of(tail.reading)
    return seconds_of(read_meter(tail, at))


def _run_on(reading: DayReading, at: float, kind: Kind) -> Seconds:
    """Carry a reading on over days without a change."""
    since, seconds, belief, was_used = reading
    if at <= since or belief is None:
        return seconds
    if belief is Health.DOWN and kind.is_device and not was_used:
        # A phone that is not in use yet does not count.
        return seconds
    up_s, degraded_s, down_s, unknown_s = seconds
    if belief is Health.UP:
        up_s += at - since
    elif belief is Health.DEGRADED:
        degraded_s += at - since
    elif belief is Health.DOWN:
        down_s += at - since
    else:
        unknown_s += at - since
    return up_s, degraded_s, down_s, unknown_s
