"""A page for everybody as plain data for programs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthmon.model import Health
from healthmon.publish.public.standing import PublicOutage, PublicStanding, PublicThing
from healthmon.report.formatting import rfc3339, rounded_down, written

if TYPE_CHECKING:
    from healthmon.publish.public.fields import PublicFields, PublicOutageFields, PublicThingFields

#: A share has so many digits behind the point.
_DIGITS = 6


def public_data(standing: PublicStanding) -> PublicFields:
    """Write how everything that is listed stands, as the fields of ``docs/json.md``."""
    return {
        "title": standing.title,
        "about": standing.about,
        "state": standing.state,
        "now": written(standing.now),
        "stale": standing.is_stale,
        "as_of": rfc3339(standing.as_of),
        "since": written(standing.window[0]),
        "things": [_thing(thing) for thing in standing.things],
        "open": [_outage(outage) for outage in standing.open],
        "past": [_outage(outage) for outage in standing.past],
        "more_past": standing.more_past,
    }


def _thing(thing: PublicThing) -> PublicThingFields:
    availability = None
    if thing.availability is not None:
        availability = rounded_down(thing.availability, _DIGITS)
    return {
        "name": thing.name,
        "state": thing.state,
        "since": rfc3339(thing.since),
        "availability": availability,
        "days": [
            {
                "since": written(day.since),
                "up_s": round(day.seconds.get(Health.UP, 0.0), 3),
                "degraded_s": round(day.seconds.get(Health.DEGRADED, 0.0), 3),
                "down_s": round(day.seconds.get(Health.DOWN, 0.0), 3),
                "unknown_s": round(day.seconds.get(Health.UNKNOWN, 0.0), 3),
            }
            for day in thing.days
        ],
    }


def _outage(outage: PublicOutage) -> PublicOutageFields:
    lasted_s = None
    if outage.since is not None and outage.until is not None:
        lasted_s = round(outage.until - outage.since, 3)
    return {
        "name": outage.name,
        "state": outage.state,
        "since": rfc3339(outage.since),
        "until": rfc3339(outage.until),
        "lasted_s": lasted_s,
    }
