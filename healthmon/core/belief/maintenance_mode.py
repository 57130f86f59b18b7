"""Endpoints that somebody has put into Asterisk's maintenance mode: unknown while that lasts, and no outage.

Asterisk refuses every call to and from them, and calls them online all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from healthmon.core.belief.booking import Booking
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoints import Endpoints
from healthmon.core.belief.news import MaintenanceModeChanged
from healthmon.core.belief.pbx import Pbx
from healthmon.core.step import Step
from healthmon.model import IN_MAINTENANCE_MODE, MOST_WATCHED, MaintenanceList, Target


class MaintenanceModes:
    """Applies what the manager interface says of maintenance mode. Owned by the engine thread."""

    def __init__(self, booking: Booking, endpoints: Endpoints) -> None:
        self._booking = booking
        self._endpoints = endpoints

    def take(self, pbx: Pbx, listed: MaintenanceList, step: Step) -> None:
        """These are in maintenance mode, and no others."""
        at, known = listed.asked_at, pbx.in_maintenance
        ended = known.keys() - listed.names
        begun = sorted(listed.names - known.keys())[: MOST_WATCHED - len(known) + len(ended)]
        self._end(pbx, ended, at, step)
        if begun:
            since = datetime.fromtimestamp(self._booking.wall.shown(at), self._booking.config.timezone)
            known.update(dict.fromkeys(begun, f"{IN_MAINTENANCE_MODE} since {since:%Y-%m-%d %H:%M}"))
            self._change(pbx, begun, at, step, is_over=False)

    def end_all(self, pbx: Pbx, at: float, step: Step) -> None:
        """Asterisk was restarted, and has forgotten it."""
        self._end(pbx, pbx.in_maintenance.keys(), at, step)

    def forget(self, pbx: Pbx, step: Step) -> None:
        """Nobody asks any more whether anything is in it."""
        names = list(pbx.in_maintenance)
        pbx.in_maintenance.clear()
        for endpoint in _watched(pbx, names):
            self._show(pbx, endpoint, step.now, step)

    def go_on(self, pbx: Pbx, endpoint: Endpoint) -> None:
        """Healthmon was stopped while an endpoint was in it: it still is, unless the next list says otherwise."""
        words = endpoint.reachability.unknown_because
        pbx.in_maintenance[endpoint.target.resource] = endpoint.maintenance_mode = words

    def _end(self, pbx: Pbx, names: Collection[str], at: float, step: Step) -> None:
        ended = sorted(names)
        for name in ended:
            del pbx.in_maintenance[name]
        if ended:
            self._change(pbx, ended, at, step, is_over=True)

    def _change(self, pbx: Pbx, names: Collection[str], at: float, step: Step, *, is_over: bool) -> None:
        """Apply it to those of them that are watched, and have it told once."""
        endpoints = _watched(pbx, names)
        for endpoint in endpoints:
            self._show(pbx, endpoint, at, step)
        if endpoints:
            targets = tuple(endpoint.target for endpoint in endpoints)
            self._booking.tell(MaintenanceModeChanged(pbx.target, targets, at, is_over))

    def _show(self, pbx: Pbx, endpoint: Endpoint, at: float, step: Step) -> None:
        """Have the endpoint be in it, or out of it, as is known now. While a PBX is blind, its next snapshot does."""
        endpoint.maintenance_mode, endpoint.calm = pbx.maintenance_mode_of(endpoint.target), None
        if not pbx.is_blind and endpoint.word is not None:
            self._endpoints.apply(pbx, endpoint, at, step, counts=False)


def _watched(pbx: Pbx, names: Collection[str]) -> list[Endpoint]:
    found = (pbx.endpoints.get(Target(pbx.name, "PJSIP", name)) for name in names)
    return [endpoint for endpoint in found if endpoint is not None]
