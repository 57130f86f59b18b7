"""Going on where the last run of healthmon stopped, after a standstill, and with a new configuration."""

from __future__ import annotations

from collections.abc import Mapping

from healthmon.config.configuration import Config
from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.contacts import Contacts
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoints import Endpoints
from healthmon.core.belief.evidence import GRACES, NOT_LISTED
from healthmon.core.belief.machine import Machine
from healthmon.core.belief.news import CheckEnded
from healthmon.core.belief.pbx import Pbx
from healthmon.core.belief.pbxs import Pbxs
from healthmon.core.stages import Stages
from healthmon.core.step import Step
from healthmon.model import (
    ENDPOINT_CHECKS,
    IN_MAINTENANCE_MODE,
    Check,
    CheckState,
    Delay,
    Ending,
    Incident,
    Kind,
    PbxState,
    Place,
    Probe,
    Remembered,
    Target,
    Transition,
    UnknownPeriod,
)

#: After a start, every PBX has been looked at within so many seconds; or it is down itself.
LOOKED_AT_WITHIN = 5.0


class Resume:
    """Goes on after a time in which healthmon did not run, or stood still. Owned by the engine thread."""

    def __init__(self, stages: Stages, endpoints: Endpoints, pbx_rules: Pbxs, pbxs: Mapping[str, Pbx]) -> None:
        self._stages = stages
        self._booking = stages.booking
        self._endpoints = endpoints
        self._pbx_rules = pbx_rules
        self._pbxs = pbxs
        self._places: Mapping[Target, tuple[Place, ...]] = {}

    def resume(self, remembered: Remembered, step: Step) -> None:
        """Remember every check, once; end what is gone from the configuration, and have every PBX unknown."""
        self._places = remembered.places
        for state in remembered.states:
            self._remember(state, step)
            self._stages.pass_on(step)
        for pbx in self._pbxs.values():
            pbx.remember_restarts(restart.at for restart in remembered.restarts if restart.pbx == pbx.name)
            for endpoint in pbx.endpoints.values():
                is_asked_no_more = Check.OPTIONS in endpoint.checks and endpoint.policy.probe is Probe.NO
                knows_where = endpoint.settings is not None and endpoint.settings.ways is not None
                if is_asked_no_more or knows_where:
                    # By the last known ways until ARI tells them anew, which it may refuse for long.
                    self._endpoints.plan_probes(pbx, endpoint, step)
        for pbx_state in remembered.pbx_states:
            if pbx_state.pbx not in self._pbxs:
                end_blindness_of_a_gone_pbx(pbx_state, step)
        end_what_is_gone(self._stages, step)
        alive_at = step.now
        if remembered.alive_at is not None:
            alive_at = min(remembered.alive_at, step.now)
        for pbx in self._pbxs.values():
            self._pbx_rules.start(pbx, alive_at, step)
        self._stages.pass_on(step)
        self._stages.alerting.review_telling(step.now, step.changes)
        self._stages.alerting.obey(remembered.commands, step.now, step.changes)
        self._stages.alerting.watch_mutes(step.now)
        self._stages.grouping.falls.resume()
        for pbx in self._pbxs.values():
            self._delay(pbx, alive_at, step)

    def go_on(self, why: str, since: float, step: Step) -> None:
        """Nothing was looked at from ``since`` till now: have every PBX unknown; what is believed stays."""
        for pbx in self._pbxs.values():
            self._pbx_rules.stand_still(pbx, why, since, step)
        self._stages.pass_on(step)
        for pbx in self._pbxs.values():
            self._delay(pbx, since, step)

    def _delay(self, pbx: Pbx, alive_at: float, step: Step) -> None:
        """Nothing was seen for a while: what explains a first message, or belongs to it, is found so much later."""
        alerting = self._stages.alerting
        waiting = alerting.waiting_for_others(pbx.name)
        known_at = max((self._known_at(pbx, incident) for incident in waiting), default=0.0)
        until = known_at + (step.now - alive_at) + LOOKED_AT_WITHIN
        step.changes.delays += [Delay(incident.id, alive_at, until) for incident in waiting]
        for incident in waiting:
            alerting.wait_again(incident, until)
        for incident in alerting.out_of_sight(pbx.name):
            alerting.wait_for_sight(incident, alive_at, step)

    def _known_at(self, pbx: Pbx, incident: Incident) -> float:
        """When all would be known that a first message waits for, had it been seen meanwhile."""
        if incident.kind.is_group:
            return self._stages.grouping.falls.settled_at(incident.target)
        endpoint = pbx.endpoints.get(incident.target)
        if endpoint is None or incident.check != Check.REACHABILITY:
            return 0.0
        return self._stages.alerting.cohorts.told_together_until(endpoint.reachability)

    def _remember(self, state: CheckState, step: Step) -> None:
        pbx = self._pbxs.get(state.target.pbx)
        if pbx is None:
            forget_state(state, Ending.PBX_GONE, step)
        elif state.target.is_pbx:
            for machine in pbx.machines:
                if machine.check == state.check:
                    machine.remember(state, step.now)
                    self._go_on_flapping(machine, step)
        elif state.target.is_registration:
            pbx.registration(state.target, state.watched_since).remember(state, step.now)
        elif (watch := self._booking.config.watch_for(state.target)) is None:
            forget_state(state, Ending.NOT_WATCHED, step)
        else:
            self._remember_endpoint(pbx, state, watch, step)

    def _remember_endpoint(self, pbx: Pbx, state: CheckState, watch: WatchConfig, step: Step) -> None:
        """Remember one check of an endpoint; what is not watched any more of it is left as it was booked."""
        endpoint = pbx.endpoints.get(state.target)
        if endpoint is None:
            endpoint = Endpoint(state.target, watch, pbx.settings.pop(state.target, None), state.watched_since)
            endpoint.places = self._places.get(state.target, ())
            pbx.endpoints[state.target] = endpoint
            pbx.know_cycle_of(endpoint)
        check = endpoint.check(state.check, state.watched_since)
        if check is None:
            return
        check.remember(state, step.now)
        pbx.note_pending(check)
        self._go_on_flapping(check, step)
        if check is endpoint.reachability:
            self._stages.grouping.members.note(endpoint.reachability)
            self._go_on(pbx, endpoint, step)
        elif isinstance(check, Contacts):
            self._endpoints.presume_contacts(endpoint, check, step)

    def _go_on(self, pbx: Pbx, endpoint: Endpoint, step: Step) -> None:
        """Set an endpoint's deadlines from what was booked of it."""
        check = endpoint.reachability
        if check.is_awaited:
            pbx.awaited[endpoint.target] = endpoint
        self._endpoints.go_on_without_address(endpoint, step)
        if check.unknown_because == NOT_LISTED:
            self._endpoints.go_on_missing(pbx, endpoint)
        elif check.unknown_because.startswith(IN_MAINTENANCE_MODE):
            self._pbx_rules.maintenance_modes.go_on(pbx, endpoint)
        elif check.unknown_because.startswith(GRACES):
            self._endpoints.go_on_in_grace(pbx, endpoint)

    def _go_on_flapping(self, machine: Machine, step: Step) -> None:
        if machine.is_flapping and machine.flaps is None:
            # An older healthmon did not book its changes.
            machine.presume_flapping(step.now)
        if machine.flaps is not None:
            self._booking.look_at_flapping(machine, step.now)


def forget_state(state: CheckState, ending: Ending, step: Step) -> None:
    """End the history of a check that is no longer watched."""
    at, changes = max(step.now, state.since), step.changes
    if state.target not in changes.forgotten:
        changes.forgotten.append(state.target)
    if state.unknown_because:
        since = state.unknown_since
        period = UnknownPeriod(state.target, state.check, since, max(at, since), state.unknown_because)
        changes.unknown_periods[state.target, state.check, since] = period
    if state.belief is not None:
        changes.transitions.append(Transition(state.target, state.check, state.belief, None, at, at, ending))


def end_blindness_of_a_gone_pbx(state: PbxState, step: Step) -> None:
    """End the blindness of a PBX that is no longer configured."""
    target, since = Target(state.pbx), state.blind_since
    if state.blind_why:
        period = UnknownPeriod(target, Check.REACHABILITY, since, max(step.now, since), state.blind_why)
        step.changes.unknown_periods[target, Check.REACHABILITY, since] = period
    if target not in step.changes.forgotten:
        step.changes.forgotten.append(target)


def end_what_is_gone(stages: Stages, step: Step) -> None:
    """End the incidents of what is no longer watched."""
    for incident in stages.index.all_open():
        ending = _why_gone(stages.booking.config, incident)
        if ending is not None:
            end_incident(stages, incident, ending, step)


def end_incidents_behind(stages: Stages, pbx: str, step: Step) -> None:
    """End the incidents of a PBX that is no longer configured, and of all that is behind it."""
    for incident in stages.index.all_open():
        if incident.target.pbx == pbx:
            end_incident(stages, incident, Ending.PBX_GONE, step)


def end_incident(stages: Stages, incident: Incident, ending: Ending, step: Step) -> None:
    """End an incident for another reason than that it is over."""
    stages.end(CheckEnded(incident.target, incident.check, ending, f"{incident.name}: {ending}"), step)


def _why_gone(config: Config, incident: Incident) -> Ending | None:
    if incident.kind is Kind.RECEIVER:
        if incident.target.resource in config.url_ids:
            return None
        return Ending.URL_GONE
    if config.pbx(incident.target.pbx) is None:
        return Ending.PBX_GONE
    if not incident.target.is_endpoint or incident.target.is_registration:
        return None
    if incident.check not in ENDPOINT_CHECKS or config.watch_for(incident.target) is None:
        return Ending.NOT_WATCHED
    return None
