"""``[history]``: how long what is kept."""

from __future__ import annotations

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import SectionKind, option


class HistoryConfig(Struct, frozen=True):
    """How long what is kept, by kind of data; seconds."""

    #: Transitions, unknown periods, places, silences, closed incidents.
    transitions: float = option(
        values.duration("1d", "100y"), "Every change and every incident is kept for so long.", default="2y"
    )
    #: Figures and round-trip times by the day.
    daily: float = option(
        values.duration("1d", "100y"),
        "What each day amounted to is kept for so long: reports go back as far as this.",
        default="10y",
    )
    rtt_minutes: float = option(
        values.duration("1h", "10y"), "Round-trip times by the minute are kept for so long.", default="7d"
    )
    rtt_hours: float = option(
        values.duration("1h", "10y"),
        "Round-trip times by the hour are kept for so long; by the day, for as long as daily.",
        default="90d",
    )


HISTORY = SectionKind(
    "history",
    HistoryConfig,
    example_name="",
    about="How long what is kept. What is older is removed bit by bit, and the file shrinks. 1y is 365d.",
)
