"""Which report is asked for by the parameters of an address: as arguments of ``healthmon report``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from healthmon.publish.web.questions import BadQuestion, one_of
from healthmon.report.window import BadWindow, window
from healthmon.times.periods import Calendar, first_day
from healthmon.times.spans import Span

#: Times that have a name, in the order in which they are offered.
RANGES = ("today", "yesterday", "7d", "30d", "this-month", "last-month")
USUAL_RANGE = "7d"
#: What is taken as it is, by those options of the command that are called the same.
OPTIONS = ("pbx", "watch", "endpoint", "kind", "by", "top", "sla", "count-unknown-as")

_TIMES = ("since", "from", "to")
#: What a report is asked for by.
PARAMETERS = ("range", *_TIMES, *OPTIONS)
_AN_OPTION = re.compile(r"--(?=[a-z])")


class ReportQuestion(Struct, frozen=True):
    """What a report is to say, but for its format."""

    #: Of ``healthmon report``.
    arguments: tuple[str, ...]
    window: Span


def report_question(asked: MultiDict[str, str], zone: ZoneInfo, now: float) -> ReportQuestion:
    """Read the parameters; what they do not speak of is left to the command. Raises BadQuestion."""
    times = _times(asked, zone, now)
    try:
        span = window(since=times.get("since"), from_=times.get("from"), to=times.get("to"), zone=zone, now=now)
    except BadWindow as error:
        raise BadQuestion(without_dashes(str(error))) from None
    others = [(name, value) for name in OPTIONS for value in asked.getlist(name) if value]
    if any("\0" in value for _, value in others):
        raise BadQuestion("no name has a character of the number 0 in it")
    return ReportQuestion(tuple(f"--{name}={value}" for name, value in (*times.items(), *others)), span)


def _times(asked: Mapping[str, str], zone: ZoneInfo, now: float) -> dict[str, str]:
    """Say from when to when; dates that are given count more than a time that has a name."""
    given = {name: asked[name] for name in _TIMES if asked.get(name)}
    named = one_of(asked, "range", RANGES) or USUAL_RANGE
    if given:
        return given
    today = datetime.fromtimestamp(now, zone).date()
    month = first_day(Calendar.MONTH, today)
    match named:
        case "today":
            return {"from": f"{today}"}
        case "yesterday":
            yesterday = today - timedelta(days=1)
            return {"from": f"{yesterday}", "to": f"{yesterday}"}
        case "this-month":
            return {"from": f"{month}"}
        case "last-month":
            last = month - timedelta(days=1)
            return {"from": f"{first_day(Calendar.MONTH, last)}", "to": f"{last}"}
    return {"since": named}


def without_dashes(sentence: str) -> str:
    """Name parameters as an address has them, where a sentence names options."""
    return _AN_OPTION.sub("", sentence)


def file_name(question: ReportQuestion, zone: ZoneInfo, ending: str) -> str:
    """How the file with a report is called: after the first and the last day that it is about."""
    first = datetime.fromtimestamp(question.window[0], zone).date()
    # Midnight is the end of the day before.
    last = datetime.fromtimestamp(max(question.window[1] - 1, question.window[0]), zone).date()
    days = f"{first}"
    if last != first:
        days = f"{first}-to-{last}"
    return f"healthmon-{days}.{ending}"
