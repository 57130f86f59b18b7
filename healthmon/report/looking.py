"""Asks the database and puts together what the commands print. Everything after the questions is pure."""

from __future__ import annotations

from healthmon.model import Freshness
from healthmon.report.accounts import Account, Choice, Unseen, account, is_told_of, line_of
from healthmon.report.availability import Span
from healthmon.report.standing import FailingUrl, Standing, endpoint_rows, is_stale, pbx_rows
from healthmon.store.queries import Reader

#: A URL that failed so long ago and for which nothing waits is perhaps not even configured any more (seconds).
FAILURE_MATTERS = 86400.0


def standing(reader: Reader, now: float) -> Standing:
    """Say how everything stands."""
    daemon, pbx_states, states = reader.daemon(), reader.pbx_states(), reader.states()
    targets = endpoint_rows((state for state in states if not state.target.is_pbx), pbx_states)
    fresh: dict[str, Freshness] = {each.pbx: each for each in reader.freshness()}
    return Standing(
        now=now,
        alive_at=daemon.alive_at,
        is_running=daemon.is_running,
        pbxs=pbx_rows((state for state in states if state.target.is_pbx), pbx_states, fresh, targets),
        targets=targets,
        failing_urls=tuple(
            FailingUrl(url.url_id, url.failing_since, url.last_error, url.waiting)
            for url in reader.failing_urls()
            if url.waiting or now - (url.last_error_at or 0.0) < FAILURE_MATTERS
        ),
    )


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
