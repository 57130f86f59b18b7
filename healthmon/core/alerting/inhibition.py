"""Which incident explains which: one cause, one message (rule 14)."""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.core.belief.known import Known
from healthmon.core.grouping.members import SAME_TIME
from healthmon.core.grouping.memberships import Memberships
from healthmon.core.incidents.index import Index
from healthmon.model import ENDPOINT_CHECKS, SEEN_PAST_ARI, WAS_NOT_THE_LINE, Check, Ending, Health, Incident, Target


class Inhibition:
    """Finds the bigger incident of a smaller one, and the smaller ones of a bigger one. Owned by the engine thread."""

    def __init__(self, index: Index, known: Known, members: Memberships) -> None:
        self._known = known
        self._members = members
        self._index = index

    def bigger(self, incident: Incident) -> Incident | None:
        """Return the biggest open incident that explains this one, or None."""
        target = incident.target
        if target.is_pbx:
            return None
        causes = [(Target(target.pbx), check) for check in (Check.CONNECTION, Check.INVENTORY)]
        causes += [(target, earlier) for earlier in _inhibited_by(incident)]
        causes += [(group, Check.REACHABILITY) for group in self._members.groups_of(target)]
        for cause, check in causes:
            bigger = self._index.open_about(cause, check)
            if bigger is not None and self._explains(bigger, incident):
                return bigger
        return None

    def _explains(self, bigger: Incident, incident: Incident) -> bool:
        if bigger.target.is_endpoint:
            return self.explains_beside(bigger)
        if bigger.kind.is_group:
            return _fell_with(incident, bigger)
        if bigger.check == Check.CONNECTION and incident.check in SEEN_PAST_ARI:
            # What has another witness is explained only by an Asterisk that nobody hears.
            return bigger.health is Health.DOWN and not self._known.is_heard_past_ari(incident.target.pbx)
        if bigger.check == Check.CONNECTION:
            # What only we cannot see explains nothing anew; what it explained as down, nobody can look at yet.
            was_explained = bigger.is_unseen and incident.explained_by == bigger.id
            return bigger.health is Health.DOWN or was_explained
        return bigger.check == Check.INVENTORY and self._known.is_vanished(incident.target)

    def explains_beside(self, bigger: Incident) -> bool:
        """Whether an incident explains what is wrong with a later check of the same endpoint (rule 2c).

        Only what is down explains, or is so again and again; what works in part does not. Our own OPTIONS explain only
        while no answer comes to them, and nobody else can tell whether the endpoint can be reached.
        """
        if bigger.check != Check.OPTIONS:
            return bigger.health is Health.DOWN or bool(bigger.flapping)
        endpoint = self._known.endpoint(bigger.target)
        if endpoint is None or endpoint.options is None:
            return False
        return endpoint.options.belief is Health.DOWN and endpoint.options.may_explain

    def lasting(self, incident: Incident) -> Incident | None:
        """Return the bigger incident that was found to explain this one, as long as it lasts and does; or None."""
        bigger = self._index.get(incident.explained_by)
        if bigger is not None and bigger.is_open and self._explains(bigger, incident):
            return bigger
        return None

    def smaller(self, bigger: Incident) -> list[Incident]:
        """Return what an incident may explain, and what it explained that is not told to the end."""
        members = self._members.members_down(bigger.target)
        if bigger.target.is_endpoint:
            of_it = self._index.about([bigger.target])
        elif members is None:
            of_it = self._index.behind(bigger.target.pbx)
        else:
            of_it = self._index.about(members)
        numbers = (of_it | self._index.explained_by(bigger)) - {bigger.id}
        incidents = [incident for number in sorted(numbers) if (incident := self._index.get(number)) is not None]
        if bigger.target.is_endpoint:
            return [incident for incident in incidents if bigger.check in _inhibited_by(incident)]
        return [incident for incident in incidents if not incident.target.is_pbx]


def _fell_with(incident: Incident, group: Incident) -> bool:
    """Whether an incident belongs to the outage of its group: what was down before is another story.

    What came and went until then is not, nor is what it stays as when that is over.
    """
    if incident.flapping or (incident.flap_episodes and incident.explained_by == group.id):
        return True
    since = incident.opened_at
    if incident.flap_episodes:
        since = incident.since
    return since >= group.opened_at - SAME_TIME


def _inhibited_by(incident: Incident) -> Sequence[str]:
    """The earlier checks of the same endpoint that may explain this one."""
    if not incident.target.is_endpoint or incident.check not in ENDPOINT_CHECKS:
        return ()
    return ENDPOINT_CHECKS[incident.check].inhibited_by


def is_beside(smaller: Incident, bigger: Incident) -> bool:
    """Whether both are about the same endpoint, and the bigger one may explain the other."""
    return smaller.target == bigger.target and bigger.check in _inhibited_by(smaller)


def is_part_of(smaller: Incident, bigger: Incident) -> bool:
    """Whether an incident lasts and was found to be explained by that one."""
    return smaller.is_open and smaller.explained_by == bigger.id


def is_left_of(smaller: Incident, bigger: Incident) -> bool:
    """Whether it lasts, may be told of, and belongs to a group whose outage is over."""
    return is_group_back(bigger) and is_part_of(smaller, bigger) and not smaller.muted_by


def is_group_back(bigger: Incident) -> bool:
    """Whether this was the outage of a group, and is over; what is left of it is told by itself."""
    return bigger.kind.is_group and bigger.ending in (Ending.RECOVERED, *WAS_NOT_THE_LINE)
