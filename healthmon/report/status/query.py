"""Asks the database how things stand now. Everything after the questions is pure.

``availability/query.py`` asks what happened; what that needs would make ``healthmon status`` wait.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from healthmon.core.belief.delivery import Failure, failure_of, repeated_defects, target_of
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Check, Freshness, Incident, Target
from healthmon.report.formatting import acknowledged
from healthmon.report.status.rows import (
    LISTED,
    FailingAddress,
    FailingUrl,
    QuietUrl,
    RoundTrips,
    Status,
    TargetStatus,
    UnseenUrl,
    endpoint_rows,
    group_outage_of,
    in_order,
    never_asked,
    pbx_rows,
    with_incident,
)
from healthmon.report.status.since import holds_since, needs_changes
from healthmon.store.read.queries import Reader, UrlFacts

#: A URL that failed so long ago and for which nothing waits is perhaps not even configured any more (seconds).
FAILURE_MATTERS = 86400.0
#: Round trips are shown of this hour and the one before (seconds).
HOUR = 3600.0

#: The configuration calls nothing by a name.
NONE_GIVEN: Mapping[str, str] = {}


def read_status(
    reader: Reader,
    now: float,
    names: Mapping[str, str] = NONE_GIVEN,
    *,
    lists_all: bool = True,
    with_round_trips: bool = False,
) -> Status:
    """Say how everything stands. ``names``: what the configuration calls endpoints.

    ``lists_all``: else only what is not up is listed of a system with many endpoints, and has its name.
    ``with_round_trips``: how quickly endpoints answered lately, too, where a manager interface is asked about that, and
    where all are listed: to read those of 20,000 takes time.
    """
    daemon, pbx_states, states = reader.daemon(), reader.pbx_states(), reader.states()
    asked = {state.target.pbx for state in states if state.check == Check.MANAGER}
    round_trips: Mapping[Target, RoundTrips] = {}
    if with_round_trips and asked and (lists_all or len(states) <= LISTED):
        round_trips = _round_trips(reader, asked, now)
    unasked = never_asked(states)
    behind = (state for state in states if not state.target.is_pbx)
    rows = with_sinces(reader, endpoint_rows(behind, pbx_states, unasked, reader.with_outbound_auth(unasked)))
    incidents = reader.open_incidents()
    lasting = {incident.target: incident for incident in incidents}
    of_checks = {(incident.target, incident.check): incident for incident in incidents}
    open_now = {incident.id for incident in incidents}
    targets = tuple(with_incident(row, of_checks.get((row.target, row.check)), open_now) for row in rows)
    urls = reader.urls()
    fresh: dict[str, Freshness] = {each.pbx: each for each in reader.freshness()}
    return Status(
        now=now,
        alive_at=daemon.alive_at,
        is_running=daemon.is_running,
        pbxs=tuple(
            replace(pbx, row=with_incident(pbx.row, lasting.get(pbx.row.target), open_now))
            for pbx in pbx_rows(
                (state for state in states if state.target.is_pbx), pbx_states, fresh, targets, now, unasked=unasked
            )
        ),
        targets=targets,
        hindrance=daemon.hindrance,
        left_out=reader.left_out(),
        names=reader.names(names, _named(targets, lists_all=lists_all)),
        round_trips=round_trips,
        causes=tuple(group_outage_of(incident) for incident in incidents if incident.kind.is_group),
        failing_urls=tuple(_failing(urls, lasting, now, is_running=daemon.is_running)),
        failing_addresses=tuple(
            FailingAddress(url.url_id, address.place, address.since, address.why, address.is_final)
            for url in urls
            for address in url.recipients
        ),
        quiet_urls=tuple(
            QuietUrl(url.url_id, url.quiet_until, url.quiet_except, url.waiting)
            for url in urls
            if url.quiet_until is not None and url.quiet_until > now and url.waiting
        ),
        unseen_urls=tuple(
            UnseenUrl(url.url_id, url.waiting_for_sight)
            for url in urls
            if url.waiting_for_sight and (url.quiet_until or 0.0) <= now
        ),
    )


def with_sinces(reader: Reader, rows: Sequence[TargetStatus]) -> tuple[TargetStatus, ...]:
    """Say of each row since when its state holds, whichever of its checks made it so."""
    if not any(map(needs_changes, rows)):
        return tuple(rows)
    dated = []
    for row in rows:
        if needs_changes(row):
            dated.append(replace(row, since=holds_since(row, reader.last_changes(row.target))))
        else:
            dated.append(row)
    return in_order(dated)


def _round_trips(reader: Reader, pbxs: Container[str], now: float) -> dict[Target, RoundTrips]:
    """How quickly the endpoints of these PBXs answered in this hour and the one before."""
    since = (now // HOUR - 1) * HOUR
    found: dict[Target, RoundTrips] = {}
    for target, measured in reader.newest_measured(Check.REACHABILITY, ROUND_TRIP.key, since).items():
        p50, p95 = (ROUND_TRIP.percentile(measured, part) for part in (0.5, 0.95))
        if p50 is not None and p95 is not None and target.pbx in pbxs:
            found[target] = RoundTrips(p50, p95)
    return found


def _named(targets: Sequence[TargetStatus], *, lists_all: bool) -> list[Target] | None:
    """Say whose names are wanted: to read those of 20,000 takes time. None: all."""
    if lists_all or len(targets) <= LISTED:
        return None
    return [row.target for row in targets if not row.is_plain_up]


def _failing(
    urls: Iterable[UrlFacts], lasting: Mapping[Target, Incident], now: float, *, is_running: bool
) -> Iterator[FailingUrl]:
    """Find the URLs that take no message at present, or of which an incident lasts."""
    for url in urls:
        incident = lasting.get(target_of(url.url_id))
        failure = None
        if _matters(url, now, is_running=is_running):
            failure = failure_of(url, now)
        if incident is not None and failure is None:
            # Nothing fails at present; either nothing was accepted since it opened, or there were defects before that.
            failure = Failure(incident.opened_at, incident.cause)
        if failure is None:
            continue
        accepted_at = _accepted_after_defects(url, now)
        failing = FailingUrl(url.url_id, failure.since, failure.why, url.waiting, accepted_at=accepted_at)
        if incident is not None:
            about = acknowledged(incident)
            failing = replace(failing, incident=incident.id, acknowledged=about, muted_by=incident.muted_by)
        yield failing


def _accepted_after_defects(url: UrlFacts, now: float) -> float | None:
    """When it last took a message, if that was after the last of several defects."""
    if failure_of(url, now) is not None or repeated_defects(url, now) is None:
        return None
    if url.last_delivered_at is None or url.last_delivered_at < url.defects_at[-1]:
        return None
    return url.last_delivered_at


def _matters(url: UrlFacts, now: float, *, is_running: bool) -> bool:
    """Whether a failure is news: what was being sent when the daemon died hangs no more, and the old is forgotten."""
    if url.failing_since is None:
        return is_running
    return url.waiting > 0 or now - (url.last_error_at or 0.0) < FAILURE_MATTERS
