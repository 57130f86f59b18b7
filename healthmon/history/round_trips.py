"""Round-trip times summed up so that any two sums can be added: count, sum, extremes, and a coarse histogram. Pure.

The steps of the histogram grow by a fifth each, so that a percentile read from it is off by a tenth at most; from a
quarter of a millisecond to a minute there are 71 of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

#: Each step of the histogram is so much wider than the one before.
WIDER = 2.0**0.25


class RoundTrips(Struct, frozen=True):
    """What some measured round trips amount to, in milliseconds."""

    count: int = 0
    sum_ms: float = 0.0
    min_ms: float = math.inf
    max_ms: float = 0.0
    #: How many lie from ``WIDER ** step`` ms up to the next step, by step.
    histogram: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, ms: float) -> RoundTrips:
        """Sum up one. It took some time: nothing is nearer than a microsecond."""
        took = max(ms, 0.001)
        return cls(1, took, took, took, {math.floor(math.log(took, WIDER)): 1})

    def __add__(self, other: RoundTrips) -> RoundTrips:
        """Take both."""
        steps = sorted({*self.histogram, *other.histogram})
        return RoundTrips(
            self.count + other.count,
            self.sum_ms + other.sum_ms,
            min(self.min_ms, other.min_ms),
            max(self.max_ms, other.max_ms),
            {step: self.histogram.get(step, 0) + other.histogram.get(step, 0) for step in steps},
        )

    @property
    def mean_ms(self) -> float | None:
        """The mean; None: nothing was measured."""
        if self.count:
            return self.sum_ms / self.count
        return None

    def percentile_ms(self, part: float) -> float | None:
        """Return what this part (0..1) of them is at most, to a tenth; None: nothing was measured."""
        passed, wanted = 0, max(1, math.ceil(part * self.count))
        for step in sorted(self.histogram):
            passed += self.histogram[step]
            if passed >= wanted:
                return min(max(math.pow(WIDER, step + 0.5), self.min_ms), self.max_ms)
        return None


def added_up(each: Iterable[RoundTrips]) -> RoundTrips:
    """Take all of them."""
    return sum(each, RoundTrips())
