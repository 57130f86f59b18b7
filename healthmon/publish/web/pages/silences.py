"""What the page of silences shows: of what nobody is told, until when, and why; what is planned; what is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from healthmon.config.plans import Plans
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.config.values import seconds
from healthmon.model import Incident, Kind, Matcher, Silence, Target
from healthmon.publish.web.pages.rendering import Moment
from healthmon.publish.web.pages.words import Words
from healthmon.store.read.queries import Reader
from healthmon.text.visible import visible
from healthmon.times.weekly import periods_within

#: What ended so lately, or comes so soon, is shown (seconds).
AROUND = 7 * 86400.0
#: For so long one silences mostly.
LENGTHS, USUAL_LENGTH = ("30m", "1h", "2h", "4h", "8h", "1d", "3d", "7d"), "2h"
#: So many things are proposed to be silenced.
MOST_PROPOSED = 200


class SilencedTime(Struct, frozen=True):
    """A silence, or one occurrence of a maintenance window."""

    #: As incidents name it: ``silence 12``.
    name: str
    matcher: Matcher
    since: float
    until: float
    by: str = ""
    why: str = ""
    #: That of the silence; 0: it is none.
    number: int = 0


class SilencedLine(Struct, frozen=True):
    """What a line of a list shows."""

    number: int
    name: str
    what: str
    since: str
    until: str
    by: str
    why: str
    #: Of how many things that are watched now it speaks, and which open incidents nobody is told of.
    things: int
    incidents: list[tuple[int, str]]


def read_silences(reader: Reader, now: float) -> list[Silence]:
    """Read those that are in force, or were lately. One of this very moment overlaps no time yet."""
    return reader.silences_to_show(now - AROUND, now + 1)


def silences_values(moment: Moment, silences: Sequence[Silence], plans: Plans, match: str) -> dict[str, Any]:
    """What the template shows. ``match``: what is perhaps to be silenced."""
    now, incidents = moment.present.status.now, moment.present.incidents
    seen = [row.target for row in moment.present.status.targets]
    windows = [window for window in plans.maintenance if moment.scope.covers(window.matcher, seen)]
    mutings = sorted(_mutings(silences, windows, now), key=lambda muting: muting.since)
    return {
        "title": moment.words.text("Silences"),
        "at": "silences",
        "in_force": [_line(each, moment, incidents) for each in mutings if each.since <= now < each.until],
        "planned": [_line(each, moment, ()) for each in mutings if each.since > now],
        "has_forms": True,
        "match": match,
        "proposed": _proposed(moment),
        "lengths": lengths_of_silence(moment.words),
        "over": [_line(each, moment, ()) for each in mutings[::-1] if each.until <= now],
    }


def _mutings(silences: Sequence[Silence], windows: Sequence[MaintenanceConfig], now: float) -> Iterator[SilencedTime]:
    for silence in silences:
        name = f"silence {silence.id}"
        # One that was added this very moment is in force.
        since = min(silence.since, now)
        yield SilencedTime(name, silence.matcher, since, silence.until, silence.author, silence.reason, silence.id)
    for window in windows:
        for since, until in periods_within(window.when, now - AROUND, now + AROUND):
            yield SilencedTime(f"maintenance {window.name}", window.matcher, since, until)


def _line(muting: SilencedTime, moment: Moment, incidents: Sequence[Incident]) -> SilencedLine:
    words, sites, status = moment.words, moment.background.sites, moment.present.status
    rows = (*status.targets, *(pbx.row for pbx in status.pbxs))
    speaks_of = sum(muting.matcher.matches(row.target, row.kind, row.watch, sites.get(row.target, "")) for row in rows)
    return SilencedLine(
        number=muting.number,
        name=visible(muting.name),
        what=visible(str(muting.matcher)),
        since=words.clock(muting.since),
        until=words.clock(muting.until),
        by=visible(muting.by),
        why=visible(muting.why),
        things=speaks_of,
        incidents=[(each.id, words.thing(each)) for each in incidents if each.muted_by == muting.name],
    )


def lengths_of_silence(words: Words) -> list[tuple[str, str, bool]]:
    """Say for how long something can be silenced: as commands write it, in words, and whether that is usual."""
    return [(length, words.lasted(seconds(length)), length == USUAL_LENGTH) for length in LENGTHS]


def match_of(target: Target) -> str:
    """Say how a silence speaks of a target; "": it cannot in few words."""
    if "," in target.resource or target.technology == Kind.PROVIDERS:
        return ""
    if target.technology == Kind.SITE:
        return f"site={target.resource}"
    if target.is_pbx or target.technology == Kind.NETWORK:
        return f"pbx={target.pbx}"
    return f"{target.pbx}:{target.endpoint}"


def _proposed(moment: Moment) -> list[str]:
    """Propose PBXs, watch sections and sites, as far as whoever asks may silence them."""
    status, scope = moment.present.status, moment.scope
    pbxs = [f"pbx={pbx.name}" for pbx in status.pbxs if pbx.is_whole]
    names = {row.watch for row in status.targets if scope.covers(Matcher(watches=(row.watch,)), ())}
    watches = sorted(f"watch={watch}" for watch in names if watch)
    sites: list[str] = []
    if scope.sees_everything:
        # Others' phones may be at the same site.
        sites = sorted({f"site={site}" for site in moment.background.sites.values() if site})
    return [*pbxs, *watches, *sites][:MOST_PROPOSED]
