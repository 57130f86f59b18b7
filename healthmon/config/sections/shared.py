"""What several kinds of sections have: secrets, holds, and who is told again."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import Option
from healthmon.times.weekly import Weekly


class Secret(str):
    """A text that does not show itself in ``repr()``, so that no log or traceback of a structure holds it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the text."""
        return "Secret('***')"


class Hold(Struct, frozen=True):
    """How long a different health must last before it is believed, seconds."""

    down_after: float
    up_after: float
    degraded_after: float
    #: Believe after ``down_after`` even if that is shorter than Asterisk's own qualify cycle (rule 9).
    down_after_exact: bool = False


class Escalation(Struct, frozen=True):
    """Who is told too, when nobody took note of an outage for so long (seconds)."""

    receiver: str
    after: float


def _escalations(value: str) -> tuple[Escalation, ...]:
    return tuple(Escalation(receiver, after) for receiver, after in values.escalations(value))


REMIND_EVERY = Option(
    values.reminders("1m", "30d"),
    "While an outage lasts, tell again this often (1h, 4h, 1d: growing waits); never: tell once.",
    default="never",
    is_list=True,
)

ESCALATE_TO = Option(
    _escalations,
    "Which [receiver …] is told too when nobody acknowledged for so long; several: one on each line.",
    otherwise="nobody",
    absent=(),
    example="oncall after 15m",
    is_list=True,
)


def weekly(times: Iterable[values.WeeklyTime], zone: ZoneInfo) -> tuple[Weekly, ...]:
    """Say by which zone's clock times are meant."""
    return tuple(Weekly(days, start, end, zone) for days, start, end in times)
