"""``[schedule NAME]``: a report that is made and sent at certain times."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.times.occasions import CalendarTime


def _at(at: values.CalendarParts, timezone: ZoneInfo) -> CalendarTime:
    weekdays, day, minute = at
    return CalendarTime(weekdays, day, minute, timezone)


class ScheduleConfig(Struct, frozen=True):
    """A report that is made and sent at certain times."""

    name: str
    #: Arguments of ``healthmon report``.
    report: tuple[str, ...] = option(
        values.arguments,
        "What is reported: arguments of healthmon report.",
        example="--last-month --by provider --format html",
        required=True,
    )
    at: CalendarTime = made_of(
        _at,
        (
            Option(
                values.calendar_time,
                "When: 1st 07:00, last 23:30, Mon 07:00, Mon-Fri 07:00 or daily 07:00, by the clock on the wall.",
                "at",
                example="1st 07:00",
                required=True,
            ),
        ),
        uses=("timezone",),
    )
    receivers: tuple[str, ...] = option(
        values.names,
        "Who gets it: names of receivers, or all.",
        example="oncall",
        required=True,
        is_list=True,
    )


SCHEDULE = SectionKind(
    "schedule",
    ScheduleConfig,
    example_name="monthly",
    about=(
        "A report that is made and sent at certain times: as a file where the channel takes one, else as a text. "
        '"healthmon\nschedule run monthly" tries it.'
    ),
    is_in_example=False,
)
