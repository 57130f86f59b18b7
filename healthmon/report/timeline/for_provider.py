"""One outage of a trunk as a text for the ticket at its provider: times, what was seen, what worked meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon import __version__
from healthmon.errors import ExitCode, HealthmonError
from healthmon.history.figures import Figures
from healthmon.model import DisplayNames, Health, Incident, Kind, Target, Transition
from healthmon.report.availability.account import TargetFigures
from healthmon.report.availability.lately import figures_of
from healthmon.report.formatting import after, counted, duration, end_of, lasted_of, percent, visible, with_called
from healthmon.store.read.queries import Reader
from healthmon.text.addresses import is_internal, without_silent_addresses

#: Other outages of so long a time are counted (seconds).
WINDOW = 30 * 86400.0
#: What came so shortly before it belongs to it: the first sign of another check (seconds).
BEFORE = 60.0
#: What may be an address: of IPv4, or of IPv6 with at least two colons.
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?")
#: Stands for an address of our own network.
INTERNAL = "(internal address)"


class NoProvider(HealthmonError):
    """The incident is of something that no provider has to do with."""

    exit_code = ExitCode.USAGE


class ProviderOutage(Struct, frozen=True):
    """What a provider wants to know of an outage."""

    incident: Incident
    #: What people call the trunk.
    name: str
    changes: tuple[tuple[str, Transition], ...]
    #: Our other providers in the time of the outage.
    others: tuple[TargetFigures, ...]
    #: Why those of them that were degraded, in any check, were that last.
    degraded: Mapping[Target, str]
    #: This one in the last 30 days; None: nothing is known.
    month: Figures | None
    names: DisplayNames


def outage_of(reader: Reader, incident: Incident, now: float, names: DisplayNames) -> ProviderOutage:
    """Collect what is known. Raises NoProvider."""
    target = incident.target
    if not (target.is_endpoint and incident.kind in (Kind.PROVIDER, Kind.REGISTRATION)):
        raise NoProvider(f"incident {incident.id} is of {incident.name}, and not of a provider")
    end = end_of(incident, now)
    changes = [
        (history.check, change)
        for history in reader.life(target, incident.since - BEFORE, end + 1)
        for change in history.transitions
        if incident.since - BEFORE <= change.at <= end
    ]
    meters, meanwhile = reader.meters(), (incident.since, max(end, incident.since + 1))
    providers = meters.watched_of_kind(Kind.PROVIDER, *meanwhile)
    others = figures_of(reader, (watched for watched in providers if watched.target != target), meanwhile, now)
    month, itself = None, meters.of_target(target)
    if itself is not None:
        [line] = figures_of(reader, [itself], (now - WINDOW, now), now)
        month = line.figures
    return ProviderOutage(
        incident,
        with_called(target.endpoint, target, names),
        tuple(sorted(changes, key=lambda entry: entry[1].at)),
        tuple(others),
        dict(_degraded(reader, {line.target for line in others}, (incident.since, end))),
        month,
        names,
    )


def _degraded(reader: Reader, targets: Iterable[Target], window: tuple[float, float]) -> Iterator[tuple[Target, str]]:
    """Say of which targets a check was degraded in a time, also one that does not count, and why it was that last."""
    for target in targets:
        changes = [change for history in reader.life(target, *window) for change in history.transitions]
        bad = [change for change in changes if change.after is Health.DEGRADED]
        if bad:
            yield target, max(bad, key=lambda change: change.at).cause


def provider_text(outage: ProviderOutage, zone: ZoneInfo, now: float, *, with_addresses: bool) -> str:
    """Write it. ``with_addresses``: addresses of our own network stay in it."""
    text = "\n".join(visible(words) for words in _lines(outage, zone, now)) + "\n"
    if with_addresses:
        return text
    return _ADDRESS.sub(_hidden, text)


def _lines(outage: ProviderOutage, zone: ZoneInfo, now: float) -> Iterator[str]:
    incident = outage.incident
    yield f"Outage of our SIP trunk {outage.name}: {incident.check}"
    yield ""
    yield f"From:      {_moment(incident.since, zone)}"
    if incident.closed_at is None:
        yield f"To:        it lasts (written {_moment(now, zone)})"
    else:
        yield f"To:        {_moment(incident.closed_at, zone)}"
    yield f"Duration:  {lasted_of(incident, now)}"
    yield f"Cause:     {incident.cause or 'not known'}"
    yield ""
    yield "What our Asterisk saw (times in UTC):"
    for check, change in outage.changes:
        at = datetime.fromtimestamp(change.at, UTC)
        yield f"  {at:%Y-%m-%d %H:%M:%S}  {check} {change.after or 'not known'}{after(': ', change.cause)}"
    yield ""
    yield "Our other providers in this time:"
    yield from _others(outage)
    yield ""
    yield "In the last 30 days this trunk had:"
    yield f"  {_month(outage.month)}"
    yield ""
    yield f"Measured by healthmon {__version__}."


def _moment(at: float, zone: ZoneInfo) -> str:
    utc, local = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(at, zone)
    if not local.utcoffset():
        return f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC ({local:%Y-%m-%d %H:%M:%S %Z})"


def _others(outage: ProviderOutage) -> Iterator[str]:
    """Say of each other provider how it was: that others worked shows whose fault it is not."""
    if not outage.others:
        yield "  there is no other"
    for line in sorted(outage.others, key=lambda line: (line.figures.down_s, line.target)):
        name, figures = with_called(line.target.endpoint, line.target, outage.names), line.figures
        if figures.down_s:
            yield f"  {name}: down for {duration(figures.down_s)} of it"
        elif not figures.up_s + figures.degraded_s:
            yield f"  {name}: not known"
        elif line.target in outage.degraded:
            # Which addresses another provider has is not this one's business.
            why = without_silent_addresses(outage.degraded[line.target])
            yield f"  {name}: degraded{after(': ', why)}"
        else:
            yield f"  {name}: worked"


def _month(figures: Figures | None) -> str:
    if figures is None or figures.availability is None:
        return "nothing is known"
    outages = f"{counted(figures.outages, 'outage')} (with this one), {duration(figures.down_s)} in all"
    return f"{outages}; it was available for {percent(figures.availability)} of the time that was seen"


def _hidden(found: re.Match[str]) -> str:
    """An address of the world stays, one of our own network does not."""
    try:
        address = ip_address(found[0].strip("[]"))
    except ValueError:
        return found[0]
    if is_internal(address):
        return INTERNAL
    return found[0]
