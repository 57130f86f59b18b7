"""Beliefs -> incidents opened, changed and closed (rule 13): the third stage. Who is told of them it does not know."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from healthmon.core.belief.evidence import NEVER_ANSWERED_ASTERISK
from healthmon.core.belief.news import CheckChanged, CheckEnded, MaintenanceModeChanged, PbxRestarted
from healthmon.core.grouping.falls import GroupFell, GroupIsBack, GroupIsNoMore, GroupLasts, GroupNews, Outage
from healthmon.core.grouping.memberships import Memberships
from healthmon.core.incidents.index import Index
from healthmon.core.incidents.news import IncidentChanged, IncidentNews, IncidentOpened, IncidentWidened
from healthmon.core.orders.severity import Severities
from healthmon.core.step import Step
from healthmon.model import (
    NOT_KNOWN_WHY,
    Check,
    CheckState,
    Ending,
    Health,
    Incident,
    Kind,
    Note,
    Severity,
    Target,
    asks_for_help,
    registered_at,
    tells_more,
    tells_nothing,
    with_known_why,
)
from healthmon.text.lists import listed

#: So many characters of names are in the words of an event.
ROOM_FOR_NAMES = 100


class Incidents:
    """Opens, changes and closes incidents. Owned by the engine thread."""

    def __init__(self, index: Index, members: Memberships, severities: Severities) -> None:
        self._index = index
        self._members = members
        self._severities = severities

    # ------------------------------------------------------------ of checks

    def review(self, news: CheckChanged, step: Step) -> IncidentOpened | IncidentChanged | None:
        """Open, change or close this check's incident as its belief wants it; None: it is as it should be.

        Level-triggered: asked whenever something changed. That it is unknown changes nothing.
        """
        state = news.state
        before = self._index.open_about(state.target, state.check)
        if before is None and state.check == Check.REACHABILITY and state.belief is Health.DOWN:
            found = self._index.open_about(state.target, Check.OPTIONS)
            if found is not None and _is_one_outage(found, state):
                return self._go_on_as_reachability(found, state, step)
        if before is None:
            if _is_wrong(news) and not _was_never_up(state):
                return IncidentOpened(self._open(self._new(state, step.now), step))
            return None
        after = self._as_believed(before, state, step.now, is_bad=_is_bad(news))
        if after == before:
            return None
        self._index.book(after, step.changes)
        if after.check == Check.REGISTRATION and after.is_open and after.cause != before.cause:
            step.changes.notes.append(Note(after.id, step.now, f"known by now: {after.cause}"))
        return IncidentChanged(before, after)

    def _go_on_as_reachability(self, before: Incident, state: CheckState, step: Step) -> IncidentChanged:
        """What our own OPTIONS found alone is found by Asterisk, too: one outage, of which people know already."""
        after = replace(before, check=state.check, cause=state.reason)
        self._index.book(after, step.changes)
        step.changes.notes.append(Note(after.id, step.now, f"Asterisk cannot reach it, either: {after.cause}"))
        return IncidentChanged(before, after)

    def why_none(self, news: CheckChanged) -> str:
        """Say why there is no incident though something is wrong; "": there is one, or all is well."""
        state = news.state
        # Asked of each of twenty thousand that are up: what needs no look-up first.
        if not _is_wrong(news) or not _was_never_up(state) or self._index.open_about(state.target, state.check):
            return ""
        return "told nobody: this phone was never seen up"

    def end(self, news: CheckEnded, step: Step) -> IncidentChanged | None:
        """Close this check's incident, if one is open, for another reason than its recovery."""
        return self._end(news.target, news.check, news.ending, step)

    def _end(self, target: Target, check: str, ending: Ending, step: Step) -> IncidentChanged | None:
        before = self._index.open_about(target, check)
        if before is None:
            return None
        after = _closed(replace(before, flapping=0), ending, step.now, ending.value)
        self._index.book(after, step.changes)
        return IncidentChanged(before, after)

    def _open(self, incident: Incident, step: Step) -> Incident:
        """Book a new incident, which is given its number here."""
        numbered = replace(incident, id=self._index.next_number())
        self._index.book(numbered, step.changes)
        return numbered

    def _new(self, state: CheckState, now: float) -> Incident:
        incident = Incident(
            id=0,
            target=state.target,
            check=state.check,
            kind=state.kind,
            watch=state.watch,
            health=state.belief or Health.DEGRADED,
            opened_at=state.since,
            believed_at=state.believed_at,
            cause=state.reason,
            cohort=state.cohort,
            site=self._members.site_of(state.target),
            was_down=_is_pbx_down(state),
        )
        if state.is_flapping:
            incident = replace(incident, health=Health.DEGRADED, flapping=1, flap_episodes=1)
        if state.belief in (None, Health.UP):
            incident = replace(incident, opened_at=now, believed_at=now, cause=_why_flapping(state))
        return incident

    def _as_believed(self, incident: Incident, state: CheckState, now: float, *, is_bad: bool) -> Incident:
        """The incident as it should be now."""
        incident = replace(incident, kind=state.kind, watch=state.watch)
        incident = replace(incident, severity=self._severities.of(incident))
        if state.is_flapping:
            if incident.flapping:
                return incident
            episode = incident.flap_episodes + 1
            return replace(incident, health=Health.DEGRADED, flapping=episode, flap_episodes=episode)
        if is_bad and state.belief is not None:
            return replace(
                incident,
                flapping=0,
                health=state.belief,
                believed_at=state.believed_at,
                cause=_cause(incident, state),
                was_down=incident.was_down or _is_pbx_down(state),
                fell_at=self._fell_at(incident, state),
            )
        if state.belief is None:
            return incident
        if incident.flapping:
            return _closed(replace(incident, flapping=0), Ending.STABLE, now, state.reason)
        return _closed(incident, Ending.RECOVERED, state.since, state.reason)

    def _fell_at(self, incident: Incident, state: CheckState) -> float | None:
        """When the outage began that people are told of, if that was after the incident did.

        While another check of the same thing explains it nobody is told that it went down: what was told before that
        goes on.
        """
        if state.belief is Health.DEGRADED and incident.health is Health.DOWN and incident.was_explained:
            # That it was down belonged to what explained it; what is told of it is that it is degraded.
            return max(state.since, incident.opened_at)
        bigger = self._index.get(incident.explained_by)
        is_explained = bigger is not None and bigger.is_open and bigger.target == incident.target
        is_the_same_outage = not incident.flapping and (incident.health is Health.DOWN or incident.was_down)
        if state.belief is not Health.DOWN or is_the_same_outage or is_explained:
            return incident.fell_at
        return max(state.since, incident.opened_at)

    # ------------------------------------------------------------ of groups, and of receivers

    def follow(self, news: GroupNews, step: Step) -> IncidentNews | None:
        """Open, change or close the incident of a group as grouping found it."""
        if isinstance(news, GroupFell):
            return self._group_fell(news, step)
        before = self._index.open_about(news.outage.group.target, Check.REACHABILITY)
        if before is None:
            return None
        if isinstance(news, GroupLasts):
            return self._group_lasts(before, news, step)
        if isinstance(news, GroupIsBack):
            return self._group_is_back(before, news, step)
        return self._group_is_no_more(news, step)

    def _group_fell(self, news: GroupFell, step: Step) -> IncidentOpened:
        group = news.outage.group
        incident = Incident(
            id=0,
            target=group.target,
            check=Check.REACHABILITY,
            kind=group.kind,
            watch="",
            health=Health.DOWN,
            opened_at=news.outage.since,
            believed_at=step.now,
            cause="",
            site=self._members.site_of(group.target),
        )
        incident = self._open(_as_wide(incident, news.outage), step)
        return IncidentOpened(incident, news.not_before, f"{group.target}: {incident.extent}")

    def _group_lasts(self, before: Incident, news: GroupLasts, step: Step) -> IncidentWidened | None:
        after = _as_wide(before, news.outage)
        if after == before:
            return None
        self._index.book(after, step.changes)
        return IncidentWidened(before, after, f"{after.target}: {after.down} unreachable by now")

    def _group_is_back(self, before: Incident, news: GroupIsBack, step: Step) -> IncidentChanged:
        # What is kept is how many they were, not how few are left.
        widest = replace(_as_wide(before, news.outage), down=news.outage.peak)
        left, over = "all back", "over"
        if news.left:
            left = f"{news.left} still down"
        if news.ending is not Ending.RECOVERED:
            over = news.ending.value
        return self.close(widest, news.at, step, news.ending, say=f"{before.target}: {over}; {left}")

    def _group_is_no_more(self, news: GroupIsNoMore, step: Step) -> IncidentChanged | None:
        target = news.outage.group.target
        changed = self._end(target, Check.REACHABILITY, Ending.NOT_WATCHED, step)
        if changed is None:
            return None
        return changed._replace(say=f"{target}: {Ending.NOT_WATCHED}")

    def open(self, incident: Incident, step: Step, *, say: str) -> IncidentOpened:
        """Open an incident that is told at once."""
        return IncidentOpened(self._open(incident, step), say=say)

    def close(
        self, incident: Incident, at: float, step: Step, ending: Ending, *, words: str = "", say: str = ""
    ) -> IncidentChanged:
        """Close an incident, perhaps wider than it was known to be. ``words``: how it is now."""
        before, after = self._index.now(incident), _closed(incident, ending, at, words)
        self._index.book(after, step.changes)
        return IncidentChanged(before, after, say)

    def restarted(self, news: PbxRestarted, step: Step) -> Incident:
        """Asterisk was started anew."""
        words = f"Asterisk was restarted, by its own clock at {news.restart.startup_time}"
        return self._event(news.target, Check.RESTART, news.restart.at, words, step)

    def maintenance_mode(self, news: MaintenanceModeChanged, step: Step) -> Incident:
        """Endpoints were put into maintenance mode at Asterisk, or taken out of it."""
        words = _of_maintenance_mode([target.resource for target in news.endpoints], is_over=news.is_over)
        return self._event(news.target, Check.MAINTENANCE, news.at, words, step)

    def _event(self, target: Target, check: str, at: float, words: str, step: Step) -> Incident:
        """Make an incident of an event that is over in its moment."""
        event = Incident(
            id=0,
            target=target,
            check=check,
            kind=Kind.PBX,
            watch="",
            health=Health.UP,
            opened_at=at,
            believed_at=max(step.now, at),
            cause=words,
            closed_at=at,
            ending=Ending.MOMENT,
            severity=Severity.INFO,
        )
        return self._open(event, step)


def _of_maintenance_mode(names: Sequence[str], *, is_over: bool) -> str:
    """Say ``3 endpoints are in maintenance mode (a, b, c): calls to and from them are refused``."""
    listing = listed(names, ROOM_FOR_NAMES)
    if is_over and len(names) == 1:
        return f"{listing} is out of maintenance mode"
    if is_over:
        return f"{len(names)} endpoints are out of maintenance mode ({listing})"
    if len(names) == 1:
        return f"{listing} is in maintenance mode: calls to and from it are refused"
    return f"{len(names)} endpoints are in maintenance mode ({listing}): calls to and from them are refused"


def _is_bad(news: CheckChanged) -> bool:
    belief = news.state.belief
    return belief in (Health.DOWN, Health.UNKNOWN) or (belief is Health.DEGRADED and news.degraded_counts)


def _is_wrong(news: CheckChanged) -> bool:
    return _is_bad(news) or news.state.is_flapping


def _is_one_outage(found: Incident, state: CheckState) -> bool:
    """Whether what our own OPTIONS found fell when its reachability did, or later: one cause, one message (rule 2c).

    Where Asterisk could not be seen when it fell, belief says so: the one began with the other.
    """
    is_down = found.health is Health.DOWN and not found.flapping and not state.is_flapping
    return is_down and state.since <= found.since


def _why_flapping(state: CheckState) -> str:
    """Say why there is an incident though nothing is believed down: it changes; of a registration also where it is."""
    server = registered_at(state.reason)
    if state.check == Check.REGISTRATION and server:
        return f"changes too often: the registration at {server}"
    return "changes too often"


def _cause(incident: Incident, state: CheckState) -> str:
    """Why it is so, as its incident says it from now on."""
    if incident.check == Check.REGISTRATION and state.belief is incident.health:
        return _best_cause(incident.cause, state.reason)
    if NEVER_ANSWERED_ASTERISK in state.reason:
        # That it is registered may be heard later than that it is down, and says what to do.
        return state.reason
    if incident.was_explained:
        # Until it is told it is told as it is by then.
        return state.remark or state.reason
    is_reason_current = incident.is_logged_out or incident.check in (Check.RESTARTS, Check.OPTIONS)
    if state.belief is not incident.health or is_reason_current:
        return state.reason
    return incident.cause


def _best_cause(before: str, now: str) -> str:
    """Why a registration is not there: what is known of that stays, until something else is known.

    That Asterisk has stopped trying is over with its next attempt, also where that does not tell why it failed.
    """
    if NOT_KNOWN_WHY in now and asks_for_help(before):
        return with_known_why(now, before)
    if tells_nothing(now) and not tells_more(now, before):
        return before
    return now


def _was_never_up(state: CheckState) -> bool:
    """Whether it is a device that is not in use: it cannot have failed."""
    return state.kind.is_device and not state.ever_up


def _as_wide(incident: Incident, outage: Outage) -> Incident:
    return replace(incident, down=outage.down, of=outage.of, peak=outage.peak, watches=outage.watches)


def _closed(incident: Incident, ending: Ending, at: float, words: str) -> Incident:
    if incident.is_unseen and incident.was_down:
        # A PBX that was down, and then could not be seen until it was up again, was down.
        incident = replace(incident, health=Health.DOWN)
    return replace(incident, closed_at=max(at, incident.since), ending=ending, closed_words=words)


def _is_pbx_down(state: CheckState) -> bool:
    return state.kind is Kind.PBX and state.belief is Health.DOWN
