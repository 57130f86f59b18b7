"""How things stand: what the database holds becomes one row for each PBX and endpoint, worst first. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.core.belief.evidence import GRACES, NEVER_ANSWERED, NOT_SEEN_AGAIN
from healthmon.core.belief.pbx import NO_REGISTRATIONS
from healthmon.core.grouping.sites import label
from healthmon.errors import ExitCode
from healthmon.model import (
    ENDPOINT_CHECKS,
    NO_NAMES,
    PARTIAL_CHECKS,
    SEEN_PAST_ARI,
    UNTIL_ITS_NEXT_EVENT,
    Check,
    CheckState,
    DisplayNames,
    Freshness,
    Health,
    Incident,
    Kind,
    Loss,
    PbxState,
    Target,
)
from healthmon.report.formatting import acknowledged
from healthmon.store.read.queries import Hindrance
from healthmon.times.spans import Span, covered_s
from healthmon.watchdog.pulse import is_stale, why_old

#: The worst first.
SEVERITY = {Health.DOWN: 0, Health.DEGRADED: 1, Health.UNKNOWN: 2, Health.UP: 3}


#: Of what nothing was ever believed: nothing was heard of it; or too short a time ago.
NOT_SEEN, NOT_BELIEVED = "not seen yet", "not believed yet"

#: What is said for the state of a phone that was never up, of one that logged out, and of what only we cannot see.
NEVER_UP, LOGGED_OUT, CANNOT_SEE = "never up", "logged out", "cannot see"

#: Every manager interface let us in.
NONE_UNASKED: Mapping[str, NeverAsked] = {}
#: A system of up to so many endpoints is listed whole; of a bigger one what is not up, at most so many rows.
LISTED = 50


class RoundTrips(NamedTuple):
    """The round trips of one endpoint in this hour and the one before (milliseconds): half of them, 95 % took less."""

    p50: float
    p95: float


class TargetStatus(Struct, frozen=True):
    """How one target stands, for the reader."""

    target: Target
    kind: Kind
    watch: str
    #: What is believed; ``unknown`` where nobody can see it at present, or nothing was ever known.
    state: Health
    #: Since when it is believed, or hidden.
    since: float | None
    reason: str
    remark: str = ""
    pending: Health | None = None
    pending_since: float | None = None
    #: How long that must last to be believed (seconds; 0: not known); why, if not as it is configured.
    pending_hold: float = 0.0
    pending_hold_why: str = ""
    #: What is believed although nobody can see it at present; None: never known.
    belief: Health | None = None
    ever_up: bool = True
    is_flapping: bool = False
    #: Its open incident; who took note of it, in words; why nobody is told of it.
    incident: int | None = None
    acknowledged: str = ""
    muted_by: str = ""
    #: The bigger incident that explains it, as long as that lasts.
    explained_by: int | None = None
    #: Which of its checks this is: the worst.
    check: str = Check.REACHABILITY
    #: All its checks in their order; empty: there is no other.
    checks: tuple[TargetStatus, ...] = ()
    #: Of one of several checks: whether the endpoint is as bad as this one.
    counts: bool = True
    #: Why nobody can see it at present, where that is no matter of the whole PBX; "": it can be seen.
    unknown_because: str = ""

    @property
    def is_of_endpoint(self) -> bool:
        """Whether the endpoint is as bad as this one of its checks."""
        return self.counts or self.check == Check.REACHABILITY

    @property
    def is_unused(self) -> bool:
        """Whether it is a phone that has never been seen up: perhaps never plugged in, and no alarm."""
        return self.kind.is_device and not self.ever_up and self.belief is Health.DOWN

    @property
    def is_logged_out(self) -> bool:
        """Whether it is a phone that took back its registration, and was not lost."""
        return self.state is Health.DOWN and self.reason.startswith(Loss.LOGGED_OUT)

    @property
    def is_unseen(self) -> bool:
        """Whether it is believed that only we cannot see it: of that people are told."""
        return self.state is self.belief is Health.UNKNOWN

    @property
    def is_hidden(self) -> bool:
        """Whether nobody can see it at present, or nothing was ever known."""
        return self.state is Health.UNKNOWN and not self.is_unseen

    @property
    def is_changing(self) -> bool:
        """Whether it was seen otherwise than it is believed, and that counts, now or when its grace is over."""
        if self.pending is None or not self.is_hidden:
            return self.pending is not None
        return self.is_first_seen or self.is_lost_in_grace

    @property
    def is_first_seen(self) -> bool:
        """Whether it was heard of a moment ago, and nothing was ever believed of it."""
        return self.reason in (NOT_BELIEVED, f"{self.check}: {NOT_BELIEVED}")

    @property
    def is_lost_in_grace(self) -> bool:
        """Whether it is a registration that Asterisk calls lost, which does not count yet since a restart, or a gap."""
        is_in_grace = self.unknown_because.startswith((*GRACES, NOT_SEEN_AGAIN))
        return self.check == Check.REGISTRATION and self.pending is Health.DOWN and is_in_grace

    @property
    def seems_down(self) -> bool:
        """Whether it was seen to be down when it was seen last, and that is about to be believed."""
        return self.pending is Health.DOWN and self.is_changing

    @property
    def unknown_checks(self) -> tuple[TargetStatus, ...]:
        """Of what is up: those of its checks that count, and of which nobody can tell how they are."""
        if self.state is not Health.UP:
            return ()
        return tuple(check for check in self.checks if check.counts and check.unknown_because)

    @property
    def is_alarm(self) -> bool:
        """Whether somebody should know: it is down, or not to be seen. Softphones and mobiles log out as they like."""
        is_at_home = self.is_logged_out and not self.kind.is_usually_told_singly
        is_down = self.state is Health.DOWN and not self.is_unused and not is_at_home
        is_half_down = self.state is Health.DEGRADED and self.belief is Health.DOWN
        return is_down or is_half_down or self.is_unseen

    @property
    def more(self) -> str:
        """What is said beside the reason."""
        return more_of(self.remark, self.state, self.pending)

    @property
    def has_never_answered(self) -> bool:
        """Whether these are our own OPTIONS, and none of them was ever answered: perhaps they go to a wrong address."""
        return self.belief is None and self.remark.endswith(NEVER_ANSWERED)

    @property
    def is_plain_up(self) -> bool:
        """Whether nothing at all is the matter."""
        is_up = self.state is Health.UP and self.pending is None and not self.is_flapping
        return is_up and not self.unknown_checks


def more_of(remark: str, state: str, pending: str | None) -> str:
    """What is said beside the reason. Of what is degraded otherwise than at first this is how it stands now."""
    is_reason_old = remark and state == Health.DEGRADED and pending is None
    if is_reason_old:
        return f"now {remark}"
    return remark


class PbxStatus(Struct, frozen=True):
    """How one PBX stands, and how fresh our view of it is."""

    row: TargetStatus
    freshness: Freshness
    version: str = ""
    #: Why what is known of it is too old to be trusted; "": it is not, or the PBX is known to be down.
    old: str = ""
    #: Why nobody ever knew how its registrations are: its manager interface never let us in; "": that is known.
    no_registrations: str = ""
    #: How many of its endpoints are in which state; unused phones are not among them.
    endpoints: Mapping[Health, int] = field(default_factory=dict)
    #: Whether all that is behind it is shown to the reader, and what happened to itself.
    is_whole: bool = True

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.row.target.pbx


class GroupOutage(Struct, frozen=True):
    """A site, the providers of one host, or a PBX's line to the world that is down."""

    target: Target
    kind: Kind
    since: float
    #: So many are down, of so many that were up before (0: that is not fully known).
    down: int
    of: int
    #: The same in words: ``37 of 40``.
    extent: str
    incident: int
    acknowledged: str = ""
    muted_by: str = ""

    @property
    def name(self) -> str:
        """Say ``site 203.0.113.7 on office``; a private address is called one."""
        target = self.target._replace(resource=label(self.target.resource))
        return str(target)


class PendingSite(Struct, frozen=True):
    """A site that seems down: enough of its devices do, for less than its hold."""

    target: Target
    #: Since when it seems so, and how long that must last to be believed (seconds).
    since: float
    hold: float
    down: int
    of: int

    @property
    def name(self) -> str:
        """Say ``site 203.0.113.7 on office``; a private address is called one."""
        return str(self.target._replace(resource=label(self.target.resource)))


class FailingUrl(Struct, frozen=True):
    """A receiver's URL that does not take messages at present, or whose deliverer had defects a moment ago."""

    url_id: str
    since: float | None
    why: str
    waiting: int = 0
    #: When it last took a message, which was after the last of the defects; None: it has taken none since.
    accepted_at: float | None = None
    #: Its incident, if it has been so for long; who took note of it, in words; why nobody is told of it.
    incident: int | None = None
    acknowledged: str = ""
    muted_by: str = ""


class FailingAddress(Struct, frozen=True):
    """One address of a receiver's URL that does not take messages at present, while others do."""

    url_id: str
    place: str
    since: float
    why: str
    #: The mail server does not know it; else it may take them later.
    is_final: bool


class QuietUrl(Struct, frozen=True):
    """A receiver's URL that is left alone until a time, but for outages of some severities; messages wait."""

    url_id: str
    until: float
    exceptions: tuple[str, ...]
    waiting: int


class UnseenUrl(NamedTuple):
    """A receiver's URL for which messages wait until somebody can see whether their outages last."""

    url_id: str
    waiting: int


class Status(Struct, frozen=True):
    """Everything that ``healthmon status`` shows."""

    now: float
    #: When the daemon last said that it lives; None: never.
    alive_at: float | None
    is_running: bool
    pbxs: tuple[PbxStatus, ...]
    #: Providers and phones, worst first.
    targets: tuple[TargetStatus, ...]
    failing_urls: tuple[FailingUrl, ...] = ()
    failing_addresses: tuple[FailingAddress, ...] = ()
    #: What explains that many are down at once, oldest first.
    causes: tuple[GroupOutage, ...] = ()
    #: What is about to; None: nobody looked for it.
    pending_sites: tuple[PendingSite, ...] | None = None
    quiet_urls: tuple[QuietUrl, ...] = ()
    #: Those that are not left alone, and for which something waits for sight.
    unseen_urls: tuple[UnseenUrl, ...] = ()
    #: What keeps the daemon from working, as far as that can be seen from here: its process is stopped, its disk full.
    hindrance: Hindrance | None = None
    #: What the clock left out when it was set forward: nothing was there.
    left_out: Sequence[Span] = ()
    #: What people call endpoints.
    names: DisplayNames = NO_NAMES
    #: How quickly endpoints answered lately; those of which nothing was measured are missing.
    round_trips: Mapping[Target, RoundTrips] = {}

    def lasted_s(self, since: float) -> float:
        """How long something has lasted (seconds); what the clock left out is no part of it."""
        return self.now - since - covered_s(self.left_out, since, self.now)

    @property
    def alarms(self) -> tuple[TargetStatus, ...]:
        """The providers and phones of which somebody should know: ``--down`` lists no others, in no form."""
        return tuple(row for row in self.targets if row.is_alarm)

    @property
    def remarkable(self) -> tuple[TargetStatus, ...]:
        """The providers and phones of which people read: of many those that are not simply up."""
        if len(self.targets) <= LISTED:
            return self.targets
        return tuple(row for row in self.targets if not row.is_plain_up)

    @property
    def is_stale(self) -> bool:
        """Whether what is shown may be out of date: no daemon keeps it up to date."""
        is_stopped = self.hindrance is Hindrance.STOPPED
        return is_stopped or is_stale(self.alive_at, self.now, is_running=self.is_running)

    @property
    def why_stale(self) -> str:
        """Say why; "": it is not stale."""
        if not self.is_stale:
            return ""
        if not self.is_running:
            return "no daemon is running"
        if self.hindrance is not None:
            return self.hindrance.value
        if self.alive_at is None:
            return "healthmon is starting"
        return "the daemon hangs, or cannot write its database"

    @property
    def exit_code(self) -> int:
        """0: nothing is down; 1: something is, or only we cannot see a PBX; 3: nobody knows, as nobody watches."""
        if self.is_stale:
            return ExitCode.STALE
        # A site may be believed down before each of its members is.
        if self.causes or self.alarms or any(pbx.row.is_alarm for pbx in self.pbxs):
            return ExitCode.PROBLEM
        if any(url.incident is not None for url in self.failing_urls):
            return ExitCode.PROBLEM
        if any(pbx.old for pbx in self.pbxs):
            return ExitCode.STALE
        return ExitCode.OK


def count_unknown(rows: Iterable[TargetStatus]) -> Counter[str]:
    """Count those that are up and have a check that counts, and is not known, by the names of the checks."""
    return Counter(check.check for row in rows for check in row.unknown_checks)


def how_many_down(status: Status) -> int | None:
    """How many things are down; None: it is not known how things stand."""
    down = len(status.alarms) + sum(pbx.row.is_alarm for pbx in status.pbxs)
    # Of a site that is believed down before its members are: as many as its incident names.
    down = max(down, sum(cause.down for cause in status.causes))
    if not down and status.exit_code is not ExitCode.OK:
        return None
    return down


def with_incident(row: TargetStatus, incident: Incident | None, lasting: Container[int | None]) -> TargetStatus:
    """The row with what is known of its open incident. ``lasting``: the numbers of all that are open."""
    if incident is None:
        return row
    explained_by = None
    if incident.explained_by in lasting:
        explained_by = incident.explained_by
    return replace(
        row,
        incident=incident.id,
        acknowledged=acknowledged(incident),
        muted_by=incident.muted_by,
        explained_by=explained_by,
    )


def group_outage_of(incident: Incident) -> GroupOutage:
    """What is shown of the open incident of a group."""
    return GroupOutage(
        target=incident.target,
        kind=incident.kind,
        since=incident.since,
        down=incident.down,
        of=incident.of,
        extent=incident.share,
        incident=incident.id,
        acknowledged=acknowledged(incident),
        muted_by=incident.muted_by,
    )


class NeverAsked(NamedTuple):
    """A manager interface that cannot be asked, and never told of a registration: since when, and why.

    Where it tells of each registration by its next event, it may have told of some: ``tells_of_some``.
    """

    since: float
    why: str
    tells_of_some: bool = False


#: One that has let us in, or nobody asks for.
ASKED = NeverAsked(0.0, "")


def never_asked(states: Iterable[CheckState]) -> dict[str, NeverAsked]:
    """The PBXs of whose registrations nothing was ever known, and whose manager interface cannot be asked.

    One that is believed to work had none. One that only tells of events hides those that none has told of.
    """
    found, known = {}, set()
    for state in states:
        if state.check == Check.REGISTRATION:
            known.add(state.target.pbx)
        if state.check == Check.MANAGER and state.belief is not Health.UP:
            # What is seen now before what was believed; before it is believed for the first time it is all there is.
            words = next(filter(is_without_registrations, (state.remark, state.reason)), "")
            if words:
                why = words.removesuffix(f"; {NO_REGISTRATIONS}")
                found[state.target.pbx] = NeverAsked(state.since or state.pending_since, why)
    for pbx in known & found.keys():
        unasked = found.pop(pbx)
        if UNTIL_ITS_NEXT_EVENT in unasked.why:
            found[pbx] = unasked._replace(tells_of_some=True)
    return found


def is_without_registrations(words: str) -> bool:
    """Whether these words of a manager interface say that registrations are unknown, or those without an event."""
    return NO_REGISTRATIONS in words or UNTIL_ITS_NEXT_EVENT in words


def pbx_rows(
    states: Iterable[CheckState],
    pbx_states: Iterable[PbxState],
    fresh: Mapping[str, Freshness],
    endpoints: Sequence[TargetStatus],
    now: float,
    *,
    unasked: Mapping[str, NeverAsked] = NONE_UNASKED,
) -> tuple[PbxStatus, ...]:
    """Say how each PBX stands: by the worst of its checks that can be seen. Worst first, then by name."""
    versions = {state.pbx: state.version for state in pbx_states}
    checks: dict[str, list[CheckState]] = {}
    for state in states:
        checks.setdefault(state.target.pbx, []).append(state)
    counts = _counts(endpoints)
    of_none = {name: found for name, found in unasked.items() if not found.tells_of_some}
    rows = [
        PbxStatus(
            row=_with_why_unasked(_worst_check(checks[name]), unasked.get(name)),
            freshness=fresh.get(name, Freshness(name)),
            version=versions.get(name, ""),
            old=_why_old(checks[name], fresh.get(name, Freshness(name)), now),
            endpoints=counts.get(name, {}),
            no_registrations=of_none.get(name, ASKED).why,
        )
        for name in checks
    ]
    return tuple(sorted(rows, key=lambda pbx: (SEVERITY[pbx.row.state], pbx.row.pending is None, pbx.name)))


def _with_why_unasked(row: TargetStatus, unasked: NeverAsked | None) -> TargetStatus:
    """The row of a PBX; it says from the beginning on that nobody knows how its registrations are."""
    if unasked is None or is_without_registrations(row.reason):
        return row
    said = unasked.why
    if UNTIL_ITS_NEXT_EVENT not in said:
        said += f"; {NO_REGISTRATIONS}"
    return replace(row, remark="; ".join(filter(None, (row.remark, said))))


def _why_old(states: Iterable[CheckState], fresh: Freshness, now: float) -> str:
    is_told = any(state.check == Check.CONNECTION and state.belief in (Health.DOWN, Health.UNKNOWN) for state in states)
    if is_told:
        return ""
    return why_old(fresh, now)


def _worst_check(states: Sequence[CheckState]) -> TargetStatus:
    """Take the connection, unless another check that can be seen is worse."""
    rows = [_of_check(state) for state in sorted(states, key=lambda state: state.check != Check.CONNECTION)]
    # min() keeps the first of equals: the connection. That another check is not known says nothing of the PBX.
    worse = [row for row in rows[1:] if row.state in (Health.DOWN, Health.DEGRADED)]
    return min([rows[0], *worse], key=lambda row: SEVERITY[row.state])


def _of_check(state: CheckState) -> TargetStatus:
    """Say how one check of a PBX stands, in the word of its alert: one that lists no endpoints still answers."""
    row = _row(state)
    if row.state is Health.DOWN and state.check in PARTIAL_CHECKS:
        return replace(row, state=Health.DEGRADED)
    return row


def _counts(rows: Iterable[TargetStatus]) -> dict[str, Counter[Health]]:
    counts: dict[str, Counter[Health]] = defaultdict(Counter)
    for row in rows:
        if not row.is_unused:
            counts[row.target.pbx][row.state] += 1
    return counts


def endpoint_rows(
    states: Iterable[CheckState],
    pbx_states: Iterable[PbxState],
    unasked: Mapping[str, NeverAsked] = NONE_UNASKED,
    registering: Container[Target] = (),
) -> tuple[TargetStatus, ...]:
    """Say how each provider and phone stands, worst first. A blind PBX hides all that ARI tells of it.

    ``registering``: who may well have a registration; where nobody was ever let in to see, that is not known of it.
    """
    blind = {state.pbx: state for state in pbx_states if state.blind_why}
    checks: dict[Target, list[TargetStatus]] = {}
    for state in states:
        # A newer healthmon may have left one that this one does not know, and keeps no more.
        if state.check in ENDPOINT_CHECKS:
            hidden_by = None
            if state.check not in SEEN_PAST_ARI:
                hidden_by = blind.get(state.target.pbx)
            checks.setdefault(state.target, []).append(_row(state, hidden_by))
    for target, rows in checks.items():
        first = rows[0]
        is_heard = any(row.check == Check.REGISTRATION for row in rows)
        is_to_register = target in registering and first.kind is Kind.PROVIDER and not is_heard
        if is_to_register and target.pbx in unasked and target.pbx not in blind:
            rows.append(_unasked_registration(first, unasked[target.pbx]))
    return in_order(map(_worst_of, checks.values()))


def _unasked_registration(of: TargetStatus, unasked: NeverAsked) -> TargetStatus:
    """The registration of a provider, of which nobody knows whether there is one, and how it is."""
    return TargetStatus(
        target=of.target,
        kind=of.kind,
        watch=of.watch,
        state=Health.UNKNOWN,
        since=unasked.since,
        reason=unasked.why,
        unknown_because=unasked.why,
        ever_up=of.ever_up,
        check=Check.REGISTRATION,
    )


def in_order(rows: Iterable[TargetStatus]) -> tuple[TargetStatus, ...]:
    """Order rows of endpoints, the worst first."""
    return tuple(sorted(rows, key=_worst_first))


def _worst_of(checks: Sequence[TargetStatus]) -> TargetStatus:
    """Take the worst check of an endpoint that counts; of equals the one that explains the others.

    That our own OPTIONS cannot be sent, or were never answered, is said beside it, whatever else there is to say.
    """
    if len(checks) == 1:
        return checks[0]
    order = list(ENDPOINT_CHECKS)
    in_order = sorted(checks, key=lambda row: order.index(row.check))
    worst = _worst_that_counts(in_order)
    for row in in_order:
        if not row.counts or row.check == worst.check:
            continue
        words = ""
        if row.has_never_answered:
            words = row.remark
        elif row.check == Check.OPTIONS and worst.state is Health.UNKNOWN and row.reason != worst.reason:
            # Why only we cannot ask (no such name, no route) nothing else tells.
            words = row.unknown_because
        if words:
            worst = replace(worst, remark="; ".join(filter(None, (worst.remark, f"{row.check}: {words}"))))
    return worst


def _worst_that_counts(in_order: Sequence[TargetStatus]) -> TargetStatus:
    counting = [row for row in in_order[1:] if row.counts]
    if in_order[0].is_hidden:
        # Where nobody knows whether Asterisk reaches it, who does not answer us explains that it registers nobody.
        counting.sort(key=lambda row: row.check != Check.OPTIONS or row.state is not Health.DOWN)
    # That another check is not known says nothing of the endpoint, unless it was down when it was seen last.
    worse = [row for row in counting if row.state is not Health.UNKNOWN or row.belief is Health.DOWN or row.seems_down]
    if in_order[0].is_hidden and in_order[0].belief is None:
        # What is about to be believed is all that there is to say where nothing else is known.
        known = worse or [row for row in counting if row.is_changing]
        if known:
            return _as_others_say(in_order, known)
    worst = min([in_order[0], *worse], key=_how_bad)
    if worst is not in_order[0]:
        worst = replace(worst, reason=f"{worst.check}: {worst.reason}")
    return replace(worst, checks=tuple(in_order))


def _how_bad(row: TargetStatus) -> tuple[int, bool, bool]:
    """Order checks of one endpoint: what was down when it could last be seen comes before what is only unknown."""
    return SEVERITY[row.state], row.belief is not Health.DOWN, row.is_plain_up


def _as_others_say(in_order: Sequence[TargetStatus], known: Sequence[TargetStatus]) -> TargetStatus:
    """Of what Asterisk cannot know whether it is reachable, the other checks tell; both views stand side by side."""
    worst = min(known, key=lambda row: (SEVERITY[row.state], row.is_plain_up))
    said, remark = f"{worst.check}: {worst.reason}", worst.remark
    if worst.state is Health.UP:
        # The reason of what is up is not shown.
        remark = f"{in_order[0].reason}; {worst.check}: {worst.remark or worst.reason}"
    return replace(worst, reason=said, remark=remark, checks=tuple(in_order))


def _row(state: CheckState, blind: PbxState | None = None) -> TargetStatus:
    """Say how one check stands."""
    seen = TargetStatus(
        target=state.target,
        kind=state.kind,
        watch=state.watch,
        state=state.belief or Health.UNKNOWN,
        since=state.since,
        reason=state.reason,
        remark=state.remark,
        belief=state.belief,
        ever_up=state.ever_up,
        is_flapping=state.is_flapping,
        check=state.check,
        counts=state.counts,
    )
    if not state.belief:
        not_known = NOT_SEEN
        if state.pending:
            not_known = NOT_BELIEVED
        elif state.remark.endswith(NEVER_ANSWERED):
            not_known = NEVER_ANSWERED
        seen = replace(seen, since=state.watched_since, reason=state.reason or not_known)
    if state.pending:
        seen = replace(
            seen,
            pending=state.pending,
            pending_since=state.pending_since,
            pending_hold=state.pending_hold,
            pending_hold_why=state.pending_hold_why,
        )
    if blind:
        return replace(seen, state=Health.UNKNOWN, since=blind.blind_since, reason=blind.blind_why)
    if state.unknown_because:
        seen = replace(
            seen,
            state=Health.UNKNOWN,
            since=state.unknown_since,
            reason=state.unknown_because,
            unknown_because=state.unknown_because,
        )
    if seen.is_lost_in_grace and seen.unknown_because != NOT_SEEN_AGAIN:
        # The hold begins when the grace is over.
        seen = replace(seen, pending_hold=0.0, pending_hold_why="")
    return seen


def _worst_first(row: TargetStatus) -> tuple[object, ...]:
    """Order rows: alarms, degraded, unknown (what was down before goes first), about to change, up, unused."""
    newest_first = 0.0
    if row.state is not Health.UP and row.since:
        # What broke last is what somebody looks for.
        newest_first = -row.since
    # PJSIP/99 goes before PJSIP/101.
    name = row.target.endpoint.rstrip("0123456789")
    digits = row.target.endpoint[len(name) :]
    return (
        row.is_unused,
        SEVERITY[row.state],
        row.belief is not Health.DOWN,
        row.is_plain_up,
        row.kind is not Kind.PROVIDER,
        newest_first,
        row.target.pbx,
        (name, len(digits.lstrip("0")), digits),
    )
