"""How a message speaks: its language, its time zone, and the moment at which it is written. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.languages import Language
from healthmon.model import NO_NAMES, DisplayNames
from healthmon.times.lengths import MINUTE, Unit, divided


class Voice(Struct, frozen=True):
    """What a writer of messages needs besides the facts. ``now``: seconds UTC."""

    language: Language
    zone: ZoneInfo
    now: float
    #: What people call endpoints, as the configuration says.
    names: DisplayNames = NO_NAMES

    def text(self, english: str, **values: object) -> str:
        """Say a sentence in this language; ``values`` replace the names in braces."""
        return self.language.text(english, **values)

    # ---------------------------------------------------------------- durations

    def duration(self, seconds: float) -> str:
        """Write a duration in words, in at most two units: ``41 s``, ``12 min``, ``2 h 5 min``, ``3 days``."""
        return " ".join(self.length(number, unit) for number, unit in divided(seconds))

    def length(self, number: int, unit: Unit) -> str:
        """Write so many of a unit of time: ``12 min``."""
        if unit is Unit.SECOND:
            return self.text("{n} s", n=number)
        if unit is Unit.MINUTE:
            return self.text("{n} min", n=number)
        if unit is Unit.HOUR:
            return self.text("{n} h", n=number)
        return self.language.counted(number, "day")

    # ---------------------------------------------------------------- times

    def lasted(self, seconds: float, unseen_s: float) -> str:
        """Write how long an outage lasted: ``5 min 26 s (3 min of it not seen)``."""
        whole = self.duration(seconds)
        if not round(unseen_s):
            return whole
        return self.text("{whole} ({duration} of it not seen)", whole=whole, duration=self.duration(unseen_s))

    def since(self, start: float, lasted_s: float, unseen_s: float = 0.0) -> str:
        """Write when something began that lasts: ``since 14:02:11 CEST (UTC+2), for 2 min 49 s``."""
        lasted = self.lasted(lasted_s, unseen_s)
        return self.text("since {time}, for {duration}", time=self.full_time(start), duration=lasted)

    def from_to(self, start: float, end: float, lasted_s: float, unseen_s: float = 0.0) -> str:
        """Write when something was: ``from 14:02:11 CEST (UTC+2) to 14:05:11 CEST (UTC+2): 3 min``."""
        return self.text(
            "from {start} to {end}: {duration}",
            start=self.full_time(start),
            end=self.full_time(end),
            duration=self.lasted(lasted_s, unseen_s),
        )

    def clock(self, at: float) -> str:
        """Write a time for a subject, with its day unless today, and its year unless this one.

        ``14:02``, ``Thu 14:02``, ``30 Apr 14:02``, ``30 Apr 2025 14:02``.
        """
        moment, today = self._local(at), self._local(self.now)
        time = f"{moment:%H:%M}"
        if moment.date() == today.date():
            return time
        if timedelta(0) < today.date() - moment.date() < timedelta(days=7):
            return self._on_weekday(moment, time)
        return self._on_date(moment, time)

    def span(self, start: float, end: float) -> str:
        """Write a time with its end for a subject: ``14:02–14:05``, ``Thu 23:50–Fri 00:10``."""
        first, last, today = self._local(start), self._local(end), self._local(self.now)
        ends = f"{last:%H:%M}"
        if first.date() != last.date():
            is_near = abs(today.date() - last.date()) < timedelta(days=7)
            ends = self._on_weekday(last, ends) if is_near else self._on_date(last, ends)
        return f"{self.clock(start)}–{ends}"

    def full_time(self, at: float) -> str:
        """Write a time for a body, with its zone: ``14:02:11 CEST (UTC+2)``; with the day unless today."""
        moment, today = self._local(at), self._local(self.now)
        if moment.date() == today.date():
            return _with_zone(moment)
        if moment.year == today.year:
            return self.text("{weekday} {day} {month} {time}", **self._date(moment), time=_with_zone(moment))
        return self.dated_time(at)

    def dated_time(self, at: float) -> str:
        """Write a time with everything: ``Fri 1 May 2026 14:02:11 CEST (UTC+2)``."""
        moment = self._local(at)
        return self.text(
            "{weekday} {day} {month} {year} {time}", **self._date(moment), year=moment.year, time=_with_zone(moment)
        )

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)

    def _date(self, moment: datetime) -> dict[str, object]:
        months, weekdays = self.language.months, self.language.weekdays
        return {"weekday": weekdays[moment.weekday()], "day": moment.day, "month": months[moment.month - 1]}

    def _on_weekday(self, moment: datetime, time: str) -> str:
        return self.text("{weekday} {time}", weekday=self.language.weekdays[moment.weekday()], time=time)

    def _on_date(self, moment: datetime, time: str) -> str:
        date = self._date(moment)
        if moment.year != self._local(self.now).year:
            return self.text("{day} {month} {year} {time}", **date, year=moment.year, time=time)
        return self.text("{day} {month} {time}", **date, time=time)


def _with_zone(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} {_zone(moment)}"


def _zone(moment: datetime) -> str:
    """Name the zone and its difference to UTC, or only the difference where the zone has no name."""
    seconds = int((moment.utcoffset() or timedelta(0)).total_seconds())
    sign = "+"
    if seconds < 0:
        sign = "-"
    hours, minutes = divmod(abs(seconds) // MINUTE, 60)
    offset = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
    name = moment.tzname() or ""
    if name == "UTC":
        return name
    if name[:1].isalpha():
        return f"{name} ({offset})"
    return offset
