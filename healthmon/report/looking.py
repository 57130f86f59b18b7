"""Asks the database and puts together what the commands print. Everything after the questions is pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from healthmon.model import Freshness
from healthmon.report.accounts import Account, Choice, Unseen, account, is_told_of, line_of
from healthmon.report.availability import Span
from healthmon.report.standing import (
    FailingUrl,
    QuietUrl,
    Standing,
    cause_of,
    endpoint_rows,
    is_stale,
    pbx_rows,
    with_incident,
)
from healthmon.store.queries import Reader, UrlFacts

#: A message that is being sent for longer hangs, and its URL counts as failing (seconds).
HANGING_AFTER = 120.0

#: A URL that failed so long ago and for which nothing waits is perhaps not even configured any more (seconds).
FAILURE_MATTERS = 86400.0


def standing(reader: Reader, now: float) -> Standing:
    """Say how everything stands."""
    daemon, pbx_states, states = reader.daemon(), reader.pbx_states(), reader.states()
    rows = endpoint_rows((state for state in states if not state.target.is_pbx), pbx_states)
    incidents = reader.open_incidents()
    lasting = {incident.target: incident for incident in incidents}
    targets = tuple(with_incident(row, lasting.get(row.target)) for row in rows)
    urls = reader.urls()
    fresh: dict[str, Freshness] = {each.pbx: each for each in reader.freshness()}
    return Standing(
        now=now,
        alive_at=daemon.alive_at,
        is_running=daemon.is_running,
        pbxs=tuple(
            replace(pbx, row=with_incident(pbx.row, lasting.get(pbx.row.target)))
            for pbx in pbx_rows((state for state in states if state.target.is_pbx), pbx_states, fresh, targets, now)
        ),
        targets=targets,
        hindrance=daemon.hindrance,
        causes=tuple(cause_of(incident) for incident in incidents if incident.kind.is_group),
        failing_urls=tuple(_failing(urls, now, is_running=daemon.is_running)),
        quiet_urls=tuple(
            QuietUrl(url.url_id, url.quiet_until, url.quiet_except, url.waiting)
            for url in urls
            if url.quiet_until is not None and url.quiet_until > now and url.waiting
        ),
    )


def _failing(urls: Iterable[UrlFacts], now: float, *, is_running: bool) -> Iterator[FailingUrl]:
    """Find the URLs that take no message at present. What was being sent when the daemon died hangs no more."""
    for url in urls:
        if url.failing_since is not None:
            if url.waiting or now - (url.last_error_at or 0.0) < FAILURE_MATTERS:
                yield FailingUrl(url.url_id, url.failing_since, url.last_error, url.waiting)
        elif is_running and url.sending_since is not None and now - url.sending_since > HANGING_AFTER:
            why = "a message is being sent, and no answer comes"
            yield FailingUrl(url.url_id, url.sending_since, why, url.waiting)


def account_of(reader: Reader, window: Span, choice: Choice, now: float) -> Account:
    """Say how available everything was."""
    daemon = reader.daemon()
    no_daemon_since = daemon.alive_at if is_stale(daemon.alive_at, now, is_running=daemon.is_running) else None
    unseen = Unseen(reader.pbx_veils(*window), no_daemon_since)
    watched_since = {(state.target, state.check): state.watched_since for state in reader.states()}
    lines = [
        line_of(history, unseen, watched_since.get((history.target, history.check)), window)
        for history in reader.history(*window)
        if is_told_of(history, choice)
    ]
    return account(lines, reader.incidents(*window), choice, window)
