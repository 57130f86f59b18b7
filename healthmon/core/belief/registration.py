"""Is Asterisk registered at this provider? Only the manager interface can tell."""

from __future__ import annotations

from math import inf

from msgspec import Struct, field

from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.evidence import NOT_SEEN_AGAIN
from healthmon.core.belief.machine import Machine
from healthmon.model import (
    NOT_TRIED,
    CheckState,
    Health,
    Observation,
    Source,
    Target,
    as_remembered,
    as_we_find,
    tells_nothing,
    with_known_why,
)

#: ``retry_interval`` unless it is configured, and the answer (seconds); at least, for who answers late.
TRIED_AGAIN_WITHIN = 65.0
#: … and at most: whom Asterisk leaves unregistered for longer has lost its calls, though it will come back.
TRIED_AGAIN_AT_LAST = 305.0
#: An answer takes so long (seconds).
ANSWERED_WITHIN = 5.0
#: An attempt that nobody answers fails after so long (seconds).
FAILS_WITHIN = 32.0
#: Who had begun an attempt before its provider was back waits for that to fail, and then tries again (seconds).
BACK_WITHIN = FAILS_WITHIN + TRIED_AGAIN_WITHIN
#: A start takes up to 10 s until the first attempt, which fails 32 s later if nobody answers; and a little more
#: (seconds).
FIRST_TRIED_WITHIN = 45.0
#: Healthmon was started, and has not asked yet.
NOT_HEARD = "the manager interface has not been asked yet"


def tried_again_within(retry_interval: float) -> float:
    """How long it takes until an attempt after one that failed has its answer (seconds)."""
    return min(max(retry_interval + ANSWERED_WITHIN, TRIED_AGAIN_WITHIN), TRIED_AGAIN_AT_LAST)


def known_since(machine: Machine, health: Health, at: float) -> float:
    """Since when it is known how a check is that is seen to be so at that time.

    Of a registration that was not there since it could be seen again, and now counts as lost, it always was.
    """
    if machine.unknown_because == NOT_SEEN_AGAIN and health is Health.DOWN:
        return machine.unknown_since
    return at


class RegistrationGrace(Struct, frozen=True):
    """The time after a start, or a freeze, of Asterisk in which it may only not have had the time to register.

    It is the same for all registrations of a PBX: how its endpoints are checked has nothing to do with it.
    """

    why: str = ""
    until: float = 0.0
    #: The same for one of which no attempt was heard.
    untried_until: float = 0.0
    #: Since when a registration is one that Asterisk has made since then; after a freeze nothing tells.
    since: float = inf
    #: Those that were registered since then: they have had their time.
    registered: set[Target] = field(default_factory=set)

    def note_registered(self, target: Target, at: float) -> None:
        """One was seen to be registered then."""
        if at > self.since:
            self.registered.add(target)

    def ends_at(self, target: Target, words: str) -> float:
        """Until when it says nothing that one is not registered. ``words``: what was said of it."""
        if target in self.registered:
            return 0.0
        if NOT_TRIED in words:
            return max(self.until, self.untried_until)
        return self.until

    def why_hidden(self, machine: Machine, words: str, at: float, *, is_heard: bool) -> str:
        """Why it is not known that one is not registered; "": it is known.

        What was registered before nobody could see it, and was not seen so since, is not called up again: it stays
        unknown until it is believed either way. ``is_heard``: something was heard of it since its PBX can be seen.
        """
        if at < self.ends_at(machine.target, words):
            return self.why
        was_hidden = bool(machine.unknown_because) or not is_heard
        if not was_hidden or machine.belief is not Health.UP:
            return ""
        if self.why and machine.unknown_because == self.why:
            return self.why
        return NOT_SEEN_AGAIN

    def hides_until(self, machine: Machine, words: str, at: float, *, confirms: bool) -> float:
        """Until when that one which is hidden so is unknown; 0.0: its hold is over, and it was asked about."""
        ends_at = self.ends_at(machine.target, words)
        if at < ends_at:
            machine.counts_since = None
            return ends_at
        if machine.counts_since is None:
            machine.counts_since = at
            if machine.unknown_because == NOT_SEEN_AGAIN and machine.not_up_since is not None:
                # It was lost before, and its hold goes on.
                machine.counts_since = machine.not_up_since
        until = machine.counts_since + machine.hold_in_force().down_after
        if confirms and at >= until:
            return 0.0
        return until


class Registration(EndpointCheck):
    """The outbound registrations of one endpoint: up or down. Owned by the engine thread."""

    __slots__ = ("remembered", "retry_interval")

    def __init__(self, endpoint: EndpointFacts, check: str, watched_since: float) -> None:
        super().__init__(endpoint, check, watched_since)
        #: That of its configuration (seconds); 0.0: it is not known.
        self.retry_interval = 0.0
        #: Why it was down before healthmon was restarted, or the manager interface was away; "": that is not known, or
        #: more is known by now.
        self.remembered = ""

    def remember(self, state: CheckState, now: float) -> None:
        """Go on from what was booked."""
        super().remember(state, now)
        if state.belief is Health.DOWN:
            self.remembered = state.reason

    def take(self, observation: Observation) -> bool:
        """Take what was said. Asterisk has tried again: what it did about it before says nothing any more."""
        is_taken = super().take(observation)
        self.words = as_we_find(self.words, self.endpoint.own_view)
        if is_taken:
            self._note_renewal(observation)
        if is_taken and observation.source is Source.EVENT:
            self.remembered = with_known_why(self.words, self.remembered)
        return is_taken

    def _note_renewal(self, observation: Observation) -> None:
        """Have the endpoint know whether its registration lives. A list says so until the next attempt has failed."""
        if self.heard is not Health.UP:
            self.endpoint.registered_as, self.endpoint.renewed_at = "", 0.0
            return
        self.endpoint.registered_as = self.words
        if observation.source is Source.EVENT:
            self.endpoint.renewed_at = observation.at

    def hide(self, why: str, at: float) -> None:
        """Nobody can tell any more how it is. What was heard before is not heard again."""
        if self.belief is Health.DOWN:
            self.remembered = self.reason
        self.heard, self.heard_at, self.words = Health.UNKNOWN, max(at, self.heard_at), why

    def why_unknown(self, now: float) -> str:
        """Why what was heard says nothing at present, or "" if it does."""
        if self.heard is None:
            return self.unknown_because or NOT_HEARD
        return super().why_unknown(now)

    def settles_within(self) -> float:
        """Asterisk tries again after ``retry_interval`` only: until then "rejected" is said of an older one."""
        return FAILS_WITHIN + tried_again_within(self.retry_interval)

    def has_settled(self, since: float) -> bool:
        """Whether that time is over; no word before tells which attempt it speaks of."""
        return False

    def remark_beside(self) -> str:
        """What the list says while that is not believed yet."""
        if self.heard is Health.DOWN and self.belief is not Health.DOWN:
            return self.words
        return ""

    def correct_reason(self) -> None:
        """What Asterisk does about it is known better after a while: that it tries no longer, above all.

        What the pace of its attempts told before a restart of healthmon, which listens anew, is known until more is.
        """
        tells_why = self.heard is Health.DOWN and not tells_nothing(self.words)
        is_better_known = tells_why and with_known_why(self.words, self.remembered) != self.words
        if self.heard is Health.UP or (tells_why and not is_better_known):
            self.remembered = ""
        if self.belief is Health.DOWN is self.heard:
            self.reason = as_remembered(self.words, self.remembered)
