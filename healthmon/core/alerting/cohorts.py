"""What is told together: all that is found down at the first look, all that did not come back from one restart."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from healthmon.core.alerting.routing import Routing
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoints import NOT_BACK
from healthmon.core.belief.known import Known
from healthmon.core.belief.pbx import Pbx
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.falls import Falls


class Worked(Struct):
    """What was worked out of the cohorts of a PBX since its last restart: by cohort and URL."""

    pbx: Pbx
    since: float | None
    due: dict[tuple[str, str], float] = field(default_factory=dict)


class Cohorts:
    """Says how long what belongs together is waited for. Owned by the engine thread."""

    def __init__(self, known: Known, falls: Falls, routing: Routing) -> None:
        self._known = known
        self._falls = falls
        self._routing = routing
        self._worked: dict[str, Worked] = {}

    def due_at(self, name: str, cohort: str, url_id: str) -> float:
        """When the last one of a PBX's cohort may be believed of which this URL is told; worked out once a cohort."""
        pbx = self._known.pbxs.get(name)
        if pbx is None:
            return 0.0
        worked = self._worked.get(name)
        if worked is None or worked.pbx is not pbx or worked.since != pbx.grace_since:
            worked = self._worked[name] = Worked(pbx, pbx.grace_since)
        key = (cohort, url_id)
        if key not in worked.due:
            told = self._routing.urls_for
            due = self._deadlines(pbx, cohort)
            times = (at for check, at in due if url_id in told(check.target, check.watch))
            worked.due[key] = max(times, default=0.0)
        return worked.due[key]

    def _deadlines(self, pbx: Pbx, cohort: str) -> Iterator[tuple[EndpointCheck, float]]:
        """By when each of a cohort that is not believed yet may be."""
        for check in pbx.pending.values():
            if check.cohort == cohort and (at := check.deadline()) is not None:
                yield check, at
        if cohort == NOT_BACK:
            for endpoint in pbx.awaited.values():
                phone = endpoint.reachability
                if phone.is_awaited and phone.unknown_because:
                    lasts = max(phone.hold.down_after, self._falls.window_for(phone))
                    yield phone, endpoint.grace_until + lasts

    def _others(self, check: Reachability) -> Iterator[tuple[EndpointCheck, float]]:
        pbx = self._known.pbx(check.target)
        if pbx is None or not check.cohort:
            return iter(())
        return self._deadlines(pbx, check.cohort)

    def told_together_until(self, check: Reachability) -> float:
        """Until when more may be found that belongs to what is known of a device; 0.0: nothing may (seconds UTC)."""
        times = [at for _, at in self._others(check)]
        if times:
            return max(times)
        return self._falls.wait_until(check)

    def awaits_others(self, check: Reachability) -> bool:
        """Whether any other of its cohort may still be believed down."""
        return any(other is not check for other, _ in self._others(check))
