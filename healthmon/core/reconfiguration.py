"""A new configuration: only what it really changes is touched, and of thousands so many at once that no event waits.

Until all are taken up, groups are not looked at, and no message is let go: half of a site may be counted elsewhere yet.
"""

from __future__ import annotations

from collections import deque

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.pbx import PbxConfig
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoints import Endpoints
from healthmon.core.belief.pbx import Pbx
from healthmon.core.belief.pbxs import Pbxs
from healthmon.core.resume import end_blindness_of_a_gone_pbx, end_incidents_behind, end_what_is_gone, forget_state
from healthmon.core.stages import Stages
from healthmon.core.step import Step
from healthmon.model import Ending, Target

#: So many endpoints are taken up at once, and booked, before the events that came meanwhile.
AT_ONCE = 1_000


class Reconfiguration:
    """Has all that is believed follow a new configuration. Owned by the engine thread."""

    def __init__(self, stages: Stages, endpoints: Endpoints, pbx_rules: Pbxs, pbxs: dict[str, Pbx]) -> None:
        self._stages = stages
        self._booking = stages.booking
        self._endpoints = endpoints
        self._pbx_rules = pbx_rules
        self._pbxs = pbxs
        #: The endpoints that are still as the configuration before had them.
        self._left: deque[Target] = deque()
        #: Every endpoint may belong to another group now.
        self._is_regrouping = False

    @property
    def is_going_on(self) -> bool:
        """Whether ``go_on()`` must be called soon: some endpoints are not taken up yet."""
        return bool(self._left)

    def begin(self, config: Config, step: Step) -> None:
        """Take a new configuration, also while the one before is not taken up wholly."""
        before = self._booking.config
        config = with_the_same_sections(config, before)
        if _grouping_of(config) != _grouping_of(before):
            self._is_regrouping = True
        self._stages.use(config)
        for pbx in [pbx for pbx in self._pbxs.values() if config.pbx(pbx.name) is None]:
            self._drop_pbx(pbx, step)
        for pbx_config in config.pbxs:
            self._take_pbx(pbx_config, step)
        # Every endpoint that the new configuration may treat differently.
        self._left = deque(
            target
            for pbx in self._pbxs.values()
            for target, endpoint in pbx.endpoints.items()
            if self._is_regrouping or config.watch_for(target) is not endpoint.policy
        )
        self.go_on(step)

    def go_on(self, step: Step) -> None:
        """Take up some of what is left; after the last look at all groups, and at whom to tell."""
        some = [self._left.popleft() for _ in range(min(AT_ONCE, len(self._left)))]
        for target in some:
            self._take_up(target, step)
        self._stages.pass_on(step)
        for target in some:
            _, endpoint = self._find(target)
            if endpoint is not None:
                self._stages.grouping.members.note(endpoint.reachability, is_regrouped=True)
        if not self._left:
            self._is_regrouping = False
            self._finish(step)

    def _finish(self, step: Step) -> None:
        end_what_is_gone(self._stages, step)
        self._stages.grouping.falls.go_on()
        # Meanwhile somebody may have asked who is told of what was still of a section that is no more.
        self._stages.alerting.forget_audiences()
        self._stages.alerting.review_telling(step.now, step.changes)
        self._stages.alerting.watch_mutes(step.now)

    def _take_up(self, target: Target, step: Step) -> None:
        pbx, endpoint = self._find(target)
        if pbx is None or endpoint is None:
            return
        watch = self._booking.config.watch_for(target)
        if watch is None:
            self._endpoints.forget(pbx, endpoint, step.now, step, ending=Ending.NOT_WATCHED)
        elif watch is not endpoint.policy and watch != endpoint.policy:
            self._endpoints.configure(pbx, endpoint, step, policy=watch)

    def _find(self, target: Target) -> tuple[Pbx | None, Endpoint | None]:
        """An endpoint and its PBX, unless it is gone by now."""
        pbx = self._pbxs.get(target.pbx)
        if pbx is None:
            return None, None
        return pbx, pbx.endpoints.get(target)

    # ------------------------------------------------------------ PBXs

    def _take_pbx(self, config: PbxConfig, step: Step) -> None:
        pbx = self._pbxs.get(config.name)
        if pbx is None:
            pbx = self._pbxs[config.name] = Pbx(config, None, step.now, self._booking.wall)
            self._pbx_rules.start(pbx, step.now, step)
            return
        pbx.use(config)
        self._pbx_rules.forget_manager(pbx, step)
        pbx.has_too_many = False
        # It may list what was not watched before.
        self._pbx_rules.want_snapshot(pbx, step)

    def _drop_pbx(self, pbx: Pbx, step: Step) -> None:
        for endpoint in pbx.endpoints.values():
            self._stages.grouping.members.drop(endpoint.target)
            if endpoint.probe_plan is not None:
                step.changes.probe_plans[endpoint.target] = None
        checks = (check for endpoint in pbx.endpoints.values() for check in endpoint.checks.values())
        for machine in (*pbx.machines, *pbx.registrations.values(), *checks):
            step.changes.states.pop((machine.target, machine.check), None)
            forget_state(machine.state(), Ending.PBX_GONE, step)
        end_blindness_of_a_gone_pbx(pbx.state(), step)
        # At once: another reload may put it back before all of this one is taken up.
        end_incidents_behind(self._stages, pbx.name, step)
        step.changes.pbx_states.pop(pbx.name, None)
        del self._pbxs[pbx.name]


def with_the_same_sections(config: Config, before: Config) -> Config:
    """A configuration whose watch sections are the very ones of before, where they say the same: ``is`` tells then."""
    sections = {watch.name: watch for watch in before.watches}
    watches = []
    for watch in config.watches:
        known = sections.get(watch.name)
        if known is None or known != watch:
            known = watch
        watches.append(known)
    return replace(config, watches=tuple(watches))


def _grouping_of(config: Config) -> tuple[object, ...]:
    """What of a configuration decides which endpoints belong together, and fell together."""
    return config.sites, config.site_share, config.site_window, config.site_down_after
