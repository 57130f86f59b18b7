"""How times, durations and names are written for people and for programs. Pure."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.model import DisplayNames, Health, Incident, Length, Target
from healthmon.text.callerid import beside
from healthmon.times.clock import of_written as of_written  # noqa: PLC0414 (for the neighbours, here and below)
from healthmon.times.clock import rfc3339 as rfc3339  # noqa: PLC0414
from healthmon.times.clock import written as written  # noqa: PLC0414
from healthmon.times.lengths import DAY, HOUR, MINUTE, Unit, divided

if TYPE_CHECKING:
    from healthmon.report.status.fields import CalledFields

#: What stands where no figure is known.
NOTHING_KNOWN = "–"


def visible(text: str) -> str:
    """Make control characters visible: names come from strangers, and a terminal obeys some of them."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def with_called(name: str, target: Target, names: DisplayNames) -> str:
    """Write what people call an endpoint beside its name: ``PJSIP/103 "Reception"``."""
    return beside(name, names.of(target))


def full_name(target: Target, names: DisplayNames) -> str:
    """Write a target with what people call it, and its PBX: ``PJSIP/103 "Reception" on office``."""
    if not names.of(target):
        return str(target)
    return f"{with_called(target.endpoint, target, names)} on {target.pbx}"


def incident_name(incident: Incident, names: DisplayNames) -> str:
    """Say what an incident is about, with what people call it: ``phone PJSIP/103 "Reception" on office``."""
    if not names.of(incident.target):
        return incident.name
    return f"{incident.kind} {full_name(incident.target, names)}"


def called_data(target: Target, names: DisplayNames) -> CalledFields:
    """What people call an endpoint, as a field of ``docs/json.md``; nothing where it has no other name."""
    called = names.of(target)
    if called:
        return {"called": called}
    return {}


#: A spreadsheet takes a cell that begins so for a formula, and would run it. One that divides cells by ";" finds a
#: beginning behind each.
_FORMULA = r"(^|;)(\s*)([=+\-@＝＋－＠])"


def harmless(text: str) -> str:
    """Make a text safe for a cell of a spreadsheet: names come from strangers."""
    shown = visible(text)
    # Nearly all texts, and a search takes its time where there are millions.
    if shown[:1].isalnum() and ";" not in shown:
        return shown
    return re.sub(_FORMULA, r"\1'\2\3", shown)


def local(at: float, zone: ZoneInfo, now: float) -> str:
    """Write a time for people: ``14:02:11`` today, ``1 May 14:02`` this year, else ``1 May 2025``."""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    if moment.date() == today.date():
        return f"{moment:%H:%M:%S}"
    if moment.year == today.year:
        return f"{moment.day} {moment:%b %H:%M}"
    return f"{moment.day} {moment:%b %Y}"


def moment(at: float, zone: ZoneInfo) -> str:
    """Write a time for a column of times of many days: ``2026-05-01 14:02``."""
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def full(at: float, zone: ZoneInfo) -> str:
    """Write a time for people with its day and zone: ``Fri 2026-05-01 14:02 CEST``."""
    return f"{datetime.fromtimestamp(at, zone):%a %Y-%m-%d %H:%M %Z}"


def duration(seconds: float) -> str:
    """Write a duration for people, as messages do: ``41 s``, ``12 min``, ``3 h 5 min``, ``4 days 2 h``."""
    words = []
    for number, unit in divided(seconds):
        name = str(unit)
        if unit is Unit.DAY and number != 1:
            name = "days"
        words.append(f"{number} {name}")
    return " ".join(words)


def lasted(length: Length) -> str:
    """Write how long an outage lasted: ``5 min 26 s (3 min of it not seen)``."""
    return duration(length.lasted_s) + not_seen(length.unseen_s)


def not_seen(seconds: float) -> str:
    """Say how much of a time nobody saw: `` (3 min of it not seen)``; "" for none."""
    if round(seconds):
        return f" ({duration(seconds)} of it not seen)"
    return ""


def lasted_of(incident: Incident, now: float) -> str:
    """Write how long an incident lasted, or has lasted until now."""
    return lasted(Length(incident.lasted(now), incident.unseen_s))


def end_of(incident: Incident, now: float) -> float:
    """Say when an incident ended, or until when it has lasted so far."""
    if incident.closed_at is None:
        return now
    return incident.closed_at


def unseen_part(incident: Incident) -> str:
    """Say how much of an incident nobody saw: ``3 min of it not seen``; "" for none."""
    return not_seen(incident.unseen_s).strip(" ()")


def short(seconds: float) -> str:
    """Write a duration for a narrow column: ``41s``, ``12m30s``, ``3h05m``, ``4d02h``; nothing for none."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        if seconds > 0:
            return f"{whole}s"
        return ""
    for unit, name, smaller, small_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m")):
        if whole >= unit:
            return f"{whole // unit}{name}{whole % unit // smaller:02}{small_name}"
    return f"{whole // MINUTE}m{whole % MINUTE:02}s"


def age(at: float | None, now: float) -> str:
    """Write how long ago something was, in one unit: ``3 s``, ``12 min``, ``5 h``, ``9 d``; ``never``."""
    if at is None:
        return "never"
    return ago(now - at)


def ago(seconds: float) -> str:
    """Write for how long something has been, in one unit: ``3 s``, ``12 min``, ``5 h``, ``9 d``."""
    whole = max(round(seconds), 0)
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if whole >= 2 * unit:
            return f"{whole // unit} {name}"
    return f"{whole} s"


def measured(value: float | None, unit: str) -> str:
    """Write what was measured: ``0.8 ms``, ``12 ms``; nothing for none."""
    if value is None:
        return ""
    if value < 9.95:
        return f"{value:.1f} {unit}"
    return f"{value:,.0f} {unit}"


def rounded(number: float | None, digits: int) -> float | None:
    """Round what is known to so many digits after the point."""
    if number is None:
        return None
    return round(number, digits)


def rounded_down(share: float, digits: int) -> float:
    """Round an availability down; never to 1 where something is missing, nor to 0 where something is.

    ``digits`` after the point of the share, 0..1.
    """
    if share in (0, 1):
        return share
    scale: int = 10**digits
    # What floats lose, and less than any outage.
    steps = math.floor(share * scale + 1e-7)
    return min(max(steps, 1), scale - 1) / scale


def percent(share: float | None, digits: int = 2) -> str:
    """Write an availability, rounded down: ``99.95 %``; ``digits`` after the point.

    It says 100 only where nothing is missing, and 0 only where there is nothing.
    """
    if share is None:
        return NOTHING_KNOWN
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    least = 10.0 ** -(digits + 2)
    if share < least:
        return f"<{least * 100:.{digits}f} %"
    return f"{rounded_down(share, digits + 2) * 100:.{digits}f} %"


def state_word(incident: Incident) -> str:
    """How the thing is, or was, in the word that its alert begins with: ``logged out``, ``flapping``, ``down`` …"""
    if incident.flapping:
        return "flapping"
    if incident.is_unseen:
        return "cannot see"
    if incident.is_logged_out and incident.health is Health.DOWN:
        return "logged out"
    return str(incident.state)


def acknowledged(incident: Incident) -> str:
    """Say who took note of an incident: ``acknowledged by anna: the line is being repaired``; "" if nobody did."""
    if incident.acked_at is None:
        return ""
    return f"acknowledged by {incident.acked_by}{after(': ', incident.ack_reason)}"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Write ``1 phone``, ``19,812 phones``."""
    if number == 1:
        return f"1 {singular}"
    return f"{number:,} {plural or singular + 's'}"


def after(lead: str, text: str) -> str:
    """Write a text with what leads to it; nothing for none."""
    if text:
        return lead + text
    return ""
