"""Measured values summed up so that any two sums can be added: count, sum, extremes, and a coarse histogram. Pure.

How wide the steps of the histogram are, and what a percentile read from them is, the metric says (``metrics.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct, field


class Summary(Struct, frozen=True):
    """What some measured values of one metric amount to, in its unit."""

    count: int = 0
    sum: float = 0.0
    min: float = math.inf
    max: float = 0.0
    #: How many lie in each step, by the number of the step.
    histogram: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: Summary) -> Summary:
        """Take both."""
        steps = sorted({*self.histogram, *other.histogram})
        return Summary(
            self.count + other.count,
            self.sum + other.sum,
            min(self.min, other.min),
            max(self.max, other.max),
            {step: self.histogram.get(step, 0) + other.histogram.get(step, 0) for step in steps},
        )


#: What was measured, by the key of its metric.
Measured = Mapping[str, Summary]

NOTHING_MEASURED: Measured = MappingProxyType({})


def added_up(each: Iterable[Measured]) -> Measured:
    """Take all of them, each metric by itself."""
    sums: dict[str, Summary] = {}
    for measured in each:
        for metric, summary in measured.items():
            sums[metric] = sums.get(metric, Summary()) + summary
    return sums
