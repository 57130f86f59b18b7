"""What is believed at present, to be looked up by name: the stages after belief ask here."""

from __future__ import annotations

from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.machine import Machine
from healthmon.core.belief.pbx import DID_NOT_LOOK, Pbx
from healthmon.model import Check, Target

#: What only a snapshot tells of a PBX itself.
SEEN_BY_A_SNAPSHOT = (Check.INVENTORY, Check.DRIVERS)


class Known:
    """Every PBX with all that is behind it. Owned by the engine thread."""

    def __init__(self) -> None:
        self.pbxs: dict[str, Pbx] = {}

    def pbx(self, target: Target) -> Pbx | None:
        """Return the PBX of a target, or None: it is of none that is configured."""
        return self.pbxs.get(target.pbx)

    def endpoint(self, target: Target) -> Endpoint | None:
        """Return a watched endpoint, or None."""
        pbx = self.pbxs.get(target.pbx)
        if pbx is None:
            return None
        return pbx.endpoints.get(target)

    def machine(self, target: Target, check: str) -> Machine | None:
        """Return one check of a PBX or of an endpoint, or None: nobody watches it."""
        pbx = self.pbxs.get(target.pbx)
        if pbx is None:
            return None
        if target.is_pbx:
            return next((machine for machine in pbx.machines if machine.check == check), None)
        if target.is_registration:
            return pbx.registrations.get(target)
        endpoint = pbx.endpoints.get(target)
        if endpoint is None:
            return None
        return endpoint.checks.get(check)

    def is_blind(self, name: str) -> bool:
        """Whether nothing behind a PBX can be seen."""
        pbx = self.pbxs.get(name)
        return pbx is None or pbx.is_blind

    def is_blind_for(self, name: str, check: str) -> bool:
        """Whether nothing can be seen of such a check behind a PBX."""
        pbx = self.pbxs.get(name)
        return pbx is None or pbx.is_blind_for(check)

    def is_heard_past_ari(self, name: str) -> bool:
        """Whether a PBX is alive, though ARI cannot see it: its manager interface answers."""
        pbx = self.pbxs.get(name)
        return pbx is not None and pbx.can_check_at_once

    def is_not_looked_at(self, name: str) -> bool:
        """Whether healthmon has not looked at a PBX since it started, or went on after it had stood still."""
        pbx = self.pbxs.get(name)
        return pbx is not None and pbx.blind_why in DID_NOT_LOOK

    def is_vanished(self, target: Target) -> bool:
        """Whether this endpoint is one of those that its PBX no longer lists."""
        pbx = self.pbxs.get(target.pbx)
        return pbx is not None and target in pbx.vanished

    def is_in_maintenance_mode(self, target: Target) -> bool:
        """Whether Asterisk has this endpoint in maintenance mode."""
        endpoint = self.endpoint(target)
        return endpoint is not None and bool(endpoint.maintenance_mode)

    def is_unseen(self, target: Target, check: str) -> bool:
        """Whether nobody can see at present how a check is, or a group."""
        machine = self.machine(target, check)
        if machine is not None and machine.unknown_because:
            return True
        # Whether a PBX can be reached is what is seen of it even then.
        is_behind = not target.is_pbx or check in SEEN_BY_A_SNAPSHOT
        pbx = self.pbxs.get(target.pbx)
        return is_behind and pbx is not None and pbx.is_blind_for(check)

    def recovering_for(self, target: Target, check: str) -> float:
        """After how long a check is believed better, if it is about to be (seconds); 0.0: it is not."""
        machine = self.machine(target, check)
        if machine is None:
            return 0.0
        return machine.recovering_for

    def recovers_at(self, target: Target, check: str) -> float:
        """When a check is believed better at the earliest, if it is about to be (seconds UTC); 0.0: it is not."""
        machine = self.machine(target, check)
        if machine is None or not machine.recovering_for:
            return 0.0
        return machine.pending_since + machine.recovering_for
