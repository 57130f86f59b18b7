"""The life of one check: what is believed, what is pending, and why it cannot be seen (rules 4-8, 10)."""

from __future__ import annotations

from typing import ClassVar

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.flapping import Flapping, FlapRule, grown, lasting_after
from healthmon.model import CheckState, Health, Kind, Loss, Target, Transition

#: How bad a health is. What was never known counts as up: it must earn its alarm like everything else. *Unknown* is
#: what only we cannot see (rule 13a); only the connection to a PBX is believed so.
RANK = {None: 0, Health.UP: 0, Health.DEGRADED: 1, Health.UNKNOWN: 2, Health.DOWN: 3}

#: Two looks at a PBX, so that a module that is loaded anew, or a reload in the middle of a snapshot, alarms nobody
#: (seconds).
TWO_LOOKS = Hold(down_after=10.0, up_after=0.0, degraded_after=10.0)

#: Down so soon after degraded is one fall: the event stream breaks off before the next look is refused (seconds).
ONE_FALL = 2.0

#: How long nothing must last, and why.
NOTHING_PENDING = (0.0, "")

#: What has never changed has no ``Flapping`` of its own, as nearly all of twenty thousand; this is only read.
NEVER_CHANGED = Flapping(Health.UP)

#: A clock that could ripen into a belief: its deadline, the health, and when that was first seen.
Ripening = tuple[float, Health, float]


class Machine:
    """What we believe of one check of one target. Owned by the engine thread.

    It books nothing: whoever calls it looks at ``state()`` and at the transitions that come back.
    """

    __slots__ = (
        "belief",
        "believed_at",
        "booked_hold",
        "check",
        "cohort",
        "counts_since",
        "down_since",
        "ever_up",
        "flap_rule",
        "flaps",
        "hold",
        "hold_why",
        "is_flapping",
        "kind",
        "loss",
        "not_up_since",
        "pending",
        "pending_since",
        "reason",
        "remark",
        "seen",
        "since",
        "target",
        "unknown_because",
        "unknown_since",
        "watch",
        "watched_since",
    )

    #: What shows that it is in use: what is degraded works in part.
    works: ClassVar[tuple[Health, ...]] = (Health.UP, Health.DEGRADED)

    def __init__(self, target: Target, check: str, kind: Kind, hold: Hold, *, watch: str, watched_since: float) -> None:
        self.target = target
        self.check = check
        self.kind = kind
        self.watch = watch
        self.hold = hold
        #: Why that of an outage is another than is configured; "": it is not.
        self.hold_why = ""
        self.watched_since = watched_since
        self.belief: Health | None = None
        self.since = 0.0
        self.believed_at = 0.0
        self.reason = ""
        self.remark = ""
        self.pending: Health | None = None
        self.pending_since = 0.0
        self.not_up_since: float | None = None
        self.down_since: float | None = None
        self.unknown_because = ""
        self.unknown_since = 0.0
        #: Since when what is down counts, though it is still shown as unknown; None: it does not.
        self.counts_since: float | None = None
        self.ever_up = False
        self.is_flapping = False
        #: Why it is told together with others, once it is believed down; "": by itself.
        self.cohort = ""
        #: Of an endpoint: how it lost the last of its contacts.
        self.loss = Loss.NONE
        self.flap_rule = FlapRule()
        self.flaps: Flapping | None = None
        #: The health that was read last, not while it was unknown; flapping counts its changes.
        self.seen: Health | None = None
        #: How long what is pending must last, and why, as it was booked.
        self.booked_hold = NOTHING_PENDING

    def remember(self, state: CheckState, now: float) -> None:
        """Go on from what was booked. Times after ``now`` (the clock was set back meanwhile) become ``now``."""
        self.belief, self.pending = state.belief, state.pending
        self.watched_since = min(state.watched_since, now)
        self.reason, self.remark, self.unknown_because = state.reason, state.remark, state.unknown_because
        self.ever_up, self.is_flapping = state.ever_up, state.is_flapping
        self.since = min(state.since, now)
        self.believed_at = min(state.believed_at, now)
        self.pending_since = min(state.pending_since, now)
        self.unknown_since = min(state.unknown_since, now)
        self.not_up_since = _at_most(state.not_up_since, now)
        self.down_since = _at_most(state.down_since, now)
        self.cohort, self.loss = state.cohort, state.loss
        last = state.pending or state.belief
        # What is degraded, events alone tell.
        if not state.unknown_because and last is not Health.DEGRADED:
            self.seen = last
        if state.flap_changes:
            changes = [min(at, now) for at in state.flap_changes]
            since = state.flapping_since
            if state.is_flapping and not since:
                since = changes[0]
            self.flaps = Flapping(self.seen or state.belief or Health.UP, changes, min(since, now))

    def state(self) -> CheckState:
        """Return everything worth booking, as a value."""
        pending_hold, pending_hold_why = self.pending_hold()
        flaps = self.flaps or NEVER_CHANGED
        return CheckState(
            target=self.target,
            check=self.check,
            kind=self.kind,
            watch=self.watch,
            watched_since=self.watched_since,
            belief=self.belief,
            since=self.since,
            believed_at=self.believed_at,
            reason=self.reason,
            remark=self.remark,
            pending=self.pending,
            pending_since=self.pending_since,
            not_up_since=self.not_up_since,
            down_since=self.down_since,
            unknown_because=self.unknown_because,
            unknown_since=self.unknown_since,
            ever_up=self.ever_up,
            is_flapping=self.is_flapping,
            down_after=self.hold.down_after,
            flap_changes=flaps.booked(self.flap_rule),
            flapping_since=flaps.since,
            cohort=self.cohort,
            loss=self.loss_to_book(),
            pending_hold=pending_hold,
            pending_hold_why=pending_hold_why,
            counts=self.counts,
        )

    def loss_to_book(self) -> Loss:
        """How it was lost, while it is down or seems to be."""
        if Health.DOWN in (self.belief, self.pending):
            return self.loss
        return Loss.NONE

    @property
    def counts(self) -> bool:
        """Whether its target is as bad as this check."""
        return True

    def fingerprint(self) -> tuple[object, ...]:
        """Everything that an observation can change, ten times cheaper to compare than two states."""
        return (
            self.belief,
            self.pending,
            self.pending_since,
            self.not_up_since,
            self.down_since,
            self.unknown_because,
            self.unknown_since,
            self.remark,
            self.ever_up,
            self.is_flapping,
            (self.flaps or NEVER_CHANGED).edits,
            self.cohort,
            self.reason,
        )

    # ------------------------------------------------------------ observations

    def see(self, health: Health, at: float, now: float, words: str, *, confirms: bool) -> Transition | None:
        """Take an observation; return what it makes us believe, if that is something new.

        *Unknown* means that only we cannot see it.

        ``confirms``: it was asked for, so if that was at or after the deadline it settles what is pending (rule 7).
        """
        self._run_clocks(health, at)
        self._set_pending(health, at)
        # What is down all along is in use once it is believed to be up, not before.
        if self.belief is not Health.DOWN and health in self.works:
            self.ever_up = True
        if health is Health.UP and self.belief is None:
            return self.believe(Health.UP, at, now, words)
        if confirms and self.pending:
            for when, ripe, first_seen in self._ripening(self.pending):
                if at >= when:
                    return self.believe(ripe, first_seen, now, words)
        return None

    def _run_clocks(self, health: Health, at: float) -> None:
        """Two clocks (rule 8): *not up* and *down*; a milder observation resets only the down clock.

        What cannot be seen runs both, and is told as soon as what is down; once it is believed it is milder.
        """
        if health is Health.UP:
            self.not_up_since = self.down_since = None
            return
        if self.not_up_since is None:
            self.not_up_since = at
        is_milder = health is Health.DEGRADED or health is self.belief is Health.UNKNOWN
        if is_milder:
            self.down_since = None
        elif self.down_since is None:
            self.down_since = at
            if at - self.not_up_since < ONE_FALL:
                self.down_since = self.not_up_since

    def _set_pending(self, health: Health, at: float) -> None:
        if health is self.belief:
            self.pending = None
        elif health is not self.pending:
            # From better to still better: the clock of the improvement runs on, or up and degraded in turns
            # would stay "down" for ever.
            if not (self._improves(self.pending) and self._improves(health)):
                self.pending_since = at
            self.pending = health

    def note_early(self, health: Health, at: float) -> None:
        """Take what was seen too early to count: it is pending from then on, and no clock runs yet."""
        self._set_pending(health, at)

    def _improves(self, health: Health | None) -> bool:
        return health is not None and RANK[health] < RANK[self.belief]

    @property
    def seems_better(self) -> bool:
        """Whether it was seen to be better when it was seen last."""
        return self._improves(self.pending)

    @property
    def recovering_for(self) -> float:
        """After how long it is believed better, if it is about to be (seconds); 0.0: it is not."""
        if self.seems_better and not self.unknown_because:
            return self.hold_in_force().up_after
        return 0.0

    @property
    def recovers_within(self) -> float:
        """How long what is seen to be better must last at most to be believed, however often it has changed."""
        if self.flaps is None:
            return self.hold.up_after
        return max(self.hold.up_after, self.flap_rule.window / 2)

    @property
    def is_up_for_certain(self) -> bool:
        """Whether it is believed up, and was seen so last."""
        return self.belief is Health.UP and self.pending is None and not self.unknown_because

    def deadline(self) -> float | None:
        """When what is pending may be believed at the earliest, or None: nothing is pending, or it is unknown."""
        pending = self.pending
        if pending is None or self.unknown_because:
            return None
        hold = self.hold_in_force()
        if self._improves(pending):
            return self.pending_since + hold.up_after
        if pending is Health.DEGRADED:
            return self._not_up_clock + hold.degraded_after
        since = self.down_clock
        if RANK[self.belief] < RANK[Health.DEGRADED]:
            since = min(since, self._not_up_clock)
        return since + hold.down_after

    def hold_in_force(self) -> Hold:
        """How long what is pending must last: what changes again and again, longer each time (rule 12)."""
        hold, flaps = self.plain_hold(), self.flaps
        if flaps is None or not flaps.may_grow:
            return hold
        return self.grown(hold)

    def grown(self, hold: Hold) -> Hold:
        """A hold, as long as it is for what has changed as often as this (rule 12)."""
        if self.flaps is None:
            return hold
        times = self.flaps.times(self.flap_rule, self.pending_since)
        return grown(hold, times, self.flap_rule, is_device=self.kind.is_device)

    @property
    def may_hold_grow(self) -> bool:
        """Whether it has changed so often that its hold may be longer for it; nearly all have not."""
        return self.flaps is not None and self.flaps.may_grow

    @property
    def down_clock(self) -> float:
        """Since when the clock runs of what is about to be believed down (seconds UTC)."""
        if self.down_since is None:
            return self.pending_since
        return self.down_since

    @property
    def _not_up_clock(self) -> float:
        """Since when the clock runs of what is not up (seconds UTC)."""
        if self.not_up_since is None:
            return self.pending_since
        return self.not_up_since

    def plain_hold(self) -> Hold:
        """The hold of what does not change again and again."""
        return self.hold

    def pending_hold(self) -> tuple[float, str]:
        """How long what is pending must last (seconds), and why just so long; "": as it is configured."""
        if self.pending is None:
            return NOTHING_PENDING
        usual = self._hold_of(self.plain_hold(), self.pending)
        if self.flaps is None or not self.flaps.may_grow:
            return usual, self.why_held(self.pending)
        in_force = self._hold_of(self.hold_in_force(), self.pending)
        if in_force > usual:
            times = self.flaps.times(self.flap_rule, self.pending_since)
            return in_force, f"changed {times} times within {self.flap_rule.window / 60:g} min"
        return usual, self.why_held(self.pending)

    def _hold_of(self, hold: Hold, pending: Health) -> float:
        """How long this health must last to be believed (seconds)."""
        if pending is Health.UP or self._improves(pending):
            return hold.up_after
        if pending is Health.DEGRADED:
            return hold.degraded_after
        return hold.down_after

    def why_held(self, pending: Health) -> str:
        """Why its hold is another than is configured, besides flapping; "": it is as configured."""
        if pending is Health.UP:
            return ""
        return self.hold_why

    def _ripening(self, pending: Health) -> list[Ripening]:
        """Every belief that the clocks could lead to, the worst first, and the one that is ripe first at the end."""
        hold = self.hold_in_force()
        if self._improves(pending):
            return [(self.pending_since + hold.up_after, pending, self.pending_since)]
        not_up = self._not_up_clock
        not_up_seen = min(not_up, self.pending_since)
        if pending is Health.DEGRADED:
            return [(not_up + hold.degraded_after, Health.DEGRADED, not_up_seen)]
        down = self.down_clock
        ripening: list[Ripening] = [(down + hold.down_after, pending, self.pending_since)]
        if RANK[self.belief] < RANK[Health.DEGRADED] and not_up < down:
            ripening.append((not_up + hold.down_after, Health.DEGRADED, not_up_seen))
        return ripening

    def believe(self, health: Health, at: float, now: float, words: str) -> Transition:
        """Believe it now. ``at`` is when it was first seen, and never before the previous transition (rule 10)."""
        before = self.belief
        self.since = max(at, self.since)
        self.believed_at = max(now, self.since)
        self.belief = health
        self.reason = words
        if health in self.works:
            self.ever_up = True
        if self.pending is health:
            self.pending = None
        return Transition(self.target, self.check, before, health, self.since, self.believed_at, words)

    def forget(self, at: float, now: float, cause: str, after: Health | None = None) -> Transition | None:
        """Know nothing any more; return the transition that ends the history, if there was a belief.

        ``after``: UNKNOWN when it is still watched, None when it is not.
        """
        before, self.belief, self.pending = self.belief, None, None
        self.not_up_since = self.down_since = None
        if before is None:
            return None
        self.since = max(at, self.since)
        self.believed_at = max(now, self.since)
        self.reason = cause
        return Transition(self.target, self.check, before, after, self.since, self.believed_at, cause)

    # ------------------------------------------------------------ flapping (rule 12)

    def count_change(self, health: Health, at: float, *, counts: bool) -> None:
        """Note a raw health. ``counts`` is False for the first one after nobody could see."""
        before, self.seen = self.seen, health
        if health is before:
            return
        if before is None or not counts:
            if self.flaps is not None:
                self.flaps.resume(health)
        else:
            if self.flaps is None:
                self.flaps = Flapping(before)
            self.flaps.see(health, at)

    def is_far_from_flapping(self, now: float) -> bool:
        """Whether neither now nor after one more change it may flap: nothing is to be reviewed."""
        if self.flaps is None:
            return True
        if self.is_flapping:
            return False
        self.flaps.settle(now)
        return self.flaps.is_far_from(self.flap_rule)

    def review_flapping(self, now: float) -> float | None:
        """Begin or end flapping; return when to look again, or None.

        It ends only when nothing is pending, so that what is told then is how it is. Ask again when that is so.
        """
        if self.flaps is None:
            return None
        since = self.flaps.since
        is_flapping = self.flaps.is_flapping(self.is_flapping, self.flap_rule, now)
        if self.is_flapping and is_flapping and self._outage_lasts(self.flaps, now):
            is_flapping = False
            self.flaps.end_with_outage()
        if is_flapping and not self.is_flapping and self._own_changes(self.flaps, now) < self.flap_rule.start:
            is_flapping, self.flaps.since = False, since
        if self.is_flapping and not is_flapping and self.pending is not None:
            self.flaps.since = since
            return None
        self.is_flapping = is_flapping
        # What comes and goes again and again is in use, though it is never up for long enough.
        self.ever_up = self.ever_up or is_flapping
        return self.flaps.next_look(self.is_flapping, self.flap_rule, now, lasting_after(self.hold))

    def is_nearly_flapping(self, now: float) -> bool:
        """Whether what does not flap would after one more change."""
        flaps, rule = self.flaps, self.flap_rule
        return flaps is not None and flaps.is_nearly(rule, now) and self._own_changes(flaps, now) >= rule.start - 1

    def _own_changes(self, flaps: Flapping, now: float) -> int:
        """How often it has changed lately without something else that explains it: that is told instead (rule 2c)."""
        return flaps.times(self.flap_rule, now) - self.explained_changes(now)

    def explained_changes(self, now: float) -> int:
        """How often something that explains this one has changed lately."""
        return 0

    def _outage_lasts(self, flaps: Flapping, now: float) -> bool:
        """Whether what flapped is down (or not to be seen), and that is an outage to be told: flapping hides none.

        It was down for long; or it is no device, and was believed down in this outage after its own hold.
        """
        is_out = self.belief in (Health.DOWN, Health.UNKNOWN)
        if not is_out or self.pending is not None or flaps.down_since is None:
            return False
        is_believed_anew = not self.kind.is_device and self.since >= flaps.down_since
        return is_believed_anew or now >= flaps.down_since + lasting_after(self.hold)

    def presume_flapping(self, now: float) -> None:
        """Healthmon was stopped while it flapped, and may not have noted when it changed."""
        if self.flaps is None:
            self.flaps = Flapping(self.belief or Health.UP)
            self.flaps.presume(self.flap_rule, now)

    # ------------------------------------------------------------ clocks

    def stop_clocks_between(self, begin: float, end: float) -> None:
        """Nobody could see from ``begin`` to ``end``: that time counts for no clock (rule 4)."""
        self.not_up_since = _without(self.not_up_since, begin, end)
        self.down_since = _without(self.down_since, begin, end)
        # For a health that got worse this is when it was first seen, which stays; the clocks above count.
        if self._improves(self.pending):
            self.pending_since = _without(self.pending_since, begin, end) or self.pending_since
        if self.counts_since is not None:
            self.not_up_since = self.down_since = self.counts_since
            self.counts_since = None


def _at_most(clock: float | None, now: float) -> float | None:
    """The clock's start, not later than now; None: it does not run."""
    if clock is None:
        return None
    return min(clock, now)


def _without(clock: float | None, begin: float, end: float) -> float | None:
    """The clock's start, moved on by that part of [begin, end] in which it ran."""
    if clock is None or clock >= end:
        return clock
    return clock + end - max(begin, clock)
