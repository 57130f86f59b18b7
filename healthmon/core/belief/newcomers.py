"""Who begins to be watched: what is seen for the first time, what is only listed so far, and what was removed."""

from __future__ import annotations

from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.booking import Booking
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoints import Endpoints
from healthmon.core.belief.pbx import SETTINGS_WITHIN, Candidate, Pbx
from healthmon.core.belief.pbxs import Pbxs
from healthmon.core.step import Step
from healthmon.model import (
    ENDPOINT_CHECKS,
    Check,
    ContactChange,
    ContactStatus,
    EndpointSettings,
    Health,
    Observation,
    Removed,
    Source,
    Target,
)

REACHABILITY = ENDPOINT_CHECKS[Check.REACHABILITY]


class Newcomers:
    """What is not watched yet of each PBX, or not any more. Owned by the engine thread."""

    def __init__(self, booking: Booking, endpoints: Endpoints, pbx_rules: Pbxs) -> None:
        self._booking = booking
        self._endpoints = endpoints
        self._pbx_rules = pbx_rules

    def meet(self, pbx: Pbx, observation: Observation, step: Step) -> Endpoint | None:
        """Begin to watch an endpoint that was not known, if a watch section wants that."""
        target = observation.target
        testimony = REACHABILITY.testimony(observation.witness, observation.source)
        if testimony is None or not testimony.introduces:
            return None
        if observation.at < pbx.gone.get(target, 0.0):
            return None
        if target in pbx.removed:
            # Asterisk lists what was removed as offline until its restart.
            if observation.health is not Health.UP:
                return None
            pbx.removed.discard(target)
        watch = self._booking.config.watch_for(target)
        if watch is None or not _has_room(pbx, target, step):
            return None
        if _may_be_in_the_list_alone(pbx, observation):
            return None
        return self._begin_to_watch(pbx, target, watch, observation.at, step)

    def watch_candidate(self, pbx: Pbx, candidate: Candidate, step: Step) -> Endpoint | None:
        """What was only listed so far is configured: watch it from the moment on at which it was first seen."""
        first_seen = candidate.observation
        watch = self._booking.config.watch_for(first_seen.target)
        if watch is None:
            return None
        return self._begin_to_watch(pbx, first_seen.target, watch, first_seen.at, step)

    def _begin_to_watch(self, pbx: Pbx, target: Target, watch: WatchConfig, since: float, step: Step) -> Endpoint:
        endpoint = Endpoint(target, watch, pbx.settings.pop(target, None), since)
        candidate = pbx.candidates.pop(target, None)
        is_first_look = not pbx.was_seen
        if candidate is not None:
            is_first_look = candidate.is_first_look
        self._endpoints.welcome(pbx, endpoint, step, is_first_look=is_first_look)
        return endpoint

    # ------------------------------------------------------------ what was removed

    def hear_removed(self, pbx: Pbx, removed: Removed) -> None:
        """What was in the list alone stays there until the next restart."""
        if pbx.candidates.pop(removed.target, None) is not None:
            pbx.removed.add(removed.target)
            pbx.gone[removed.target] = removed.at

    def hear_contact(self, pbx: Pbx, change: ContactChange, step: Step) -> None:
        """Something that was removed has a contact again: it is configured again."""
        if change.status not in (ContactStatus.UNREACHABLE, ContactStatus.REMOVED, ContactStatus.UNKNOWN):
            self._is_configured_again(pbx, change.target, change.at, step)

    def take_settings(self, pbx: Pbx, settings: EndpointSettings, step: Step) -> None:
        """Something was removed, and a later reload has brought it back."""
        if settings.known:
            self._is_configured_again(pbx, settings.target, settings.read_at, step)

    def _is_configured_again(self, pbx: Pbx, target: Target, at: float, step: Step) -> None:
        if target in pbx.removed and at >= pbx.gone.get(target, 0.0):
            pbx.removed.discard(target)
            self._pbx_rules.want_snapshot(pbx, step)


def _has_room(pbx: Pbx, target: Target, step: Step) -> bool:
    """Whether one more endpoint of a PBX can be watched now; that there are too many is said once."""
    if target in pbx.candidates:
        return True
    if pbx.is_full:
        pbx.note_too_many(step)
        return False
    pbx.newcomers += 1
    return not pbx.has_more_newcomers and pbx.limits.may_welcome(step.now)


def _may_be_in_the_list_alone(pbx: Pbx, observation: Observation) -> bool:
    """Whether it is offline and not known to be configured: deleted ones stay listed, and modules make some.

    That settings are read, or that they cannot be, follows soon; ARI shows those of PJSIP.
    """
    target, at = observation.target, observation.at
    if observation.source is not Source.SNAPSHOT or observation.health is not Health.DOWN:
        return False
    if target.technology != "PJSIP" or target in pbx.settings:
        return False
    candidate = pbx.candidates.get(target)
    if candidate is None:
        candidate = pbx.candidates[target] = Candidate(observation, not pbx.was_seen, pbx.round)
    candidate.round = pbx.round
    return at < candidate.observation.at + SETTINGS_WITHIN
