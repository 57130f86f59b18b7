"""One check of an endpoint: what its witnesses last said of it, and what of the endpoint bears on that."""

from __future__ import annotations

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.evidence import NOT_LISTED
from healthmon.core.belief.flapping import FlapRule
from healthmon.core.belief.machine import Machine
from healthmon.model import ENDPOINT_CHECKS, Channel, Health, Means, Observation, Witness

#: What is a health of its own in the table of witnesses.
_HEALTH = {
    Means.UP: Health.UP,
    Means.DEGRADED: Health.DEGRADED,
    Means.DOWN: Health.DOWN,
    Means.UNKNOWN: Health.UNKNOWN,
}


class EndpointCheck(Machine):
    """A check of which a witness simply says how it is; others say more. Owned by the engine thread."""

    __slots__ = ("asked_at", "earlier", "endpoint", "heard", "heard_at", "rules", "words")

    def __init__(self, endpoint: EndpointFacts, check: str, watched_since: float) -> None:
        policy = endpoint.policy
        self.endpoint = endpoint
        super().__init__(
            endpoint.target, check, endpoint.kind, self.usual_hold(), watch=policy.name, watched_since=watched_since
        )
        self.flap_rule = FlapRule.of(policy)
        #: Who may speak of it, and what each word means.
        self.rules = ENDPOINT_CHECKS[check]
        #: The checks of the same endpoint that may explain this one while they are down.
        self.earlier: tuple[EndpointCheck, ...] = ()
        #: What was last said of it, when, and in which words.
        self.heard: Health | None = None
        self.heard_at = 0.0
        self.words = ""
        #: When the sources were last asked about it.
        self.asked_at = 0.0

    def configure(self) -> None:
        """The endpoint has a new watch section, or new settings: kind and hold follow."""
        policy = self.endpoint.policy
        self.watch, self.kind = policy.name, self.endpoint.kind
        self.flap_rule = FlapRule.of(policy)
        self.hold = self.usual_hold()

    def usual_hold(self) -> Hold:
        """How long what is pending must last."""
        return self.endpoint.policy.hold

    @property
    def asked_by(self) -> Channel:
        """The source that can answer a question about it."""
        return self.rules.asked_by

    def is_confirmed_by(self, witness: Witness | None) -> bool:
        """Whether a word of this witness that was asked for settles what is pending (rule 7)."""
        return witness in self.rules.heard

    @property
    def counts(self) -> bool:
        """Whether the endpoint is as bad as this check, as the table of checks and its watch section say."""
        chosen = self.endpoint.policy.counts
        return self.rules.counts and (not chosen or self.check in chosen)

    @property
    def degraded_counts(self) -> bool:
        """Whether people want to hear of it when it is degraded."""
        return self.endpoint.policy.alert_on_degraded

    def explained_changes(self, now: float) -> int:
        """How often an earlier check has changed within the window; each of that may be what changed this one."""
        explaining = (other.flaps for other in self.earlier if other.flaps is not None and other.may_explain)
        return max((flaps.times(self.flap_rule, now) for flaps in explaining), default=0)

    @property
    def may_explain(self) -> bool:
        """Whether a later check of the same endpoint is explained by this one while it is down (rule 2c)."""
        return True

    def take(self, observation: Observation) -> bool:
        """Take what a witness says of this check; return whether it says anything. Older than the newest: nothing."""
        means = self.rules.meaning(observation.witness, observation.source, observation.health)
        if observation.at < self.heard_at or means not in _HEALTH:
            return False
        self.heard_at, self.heard = observation.at, _HEALTH[means]
        self.words = observation.words
        return True

    def reading(self) -> Health | None:
        """How it is as far as its witnesses go. None: nothing heard yet."""
        return self.heard

    def why(self) -> str:
        """Say why it is as it reads, in words for people."""
        return self.words

    def why_unknown(self, now: float) -> str:
        """Why what was heard says nothing at present, or "" if it does."""
        if self.endpoint.hidden_because:
            return self.endpoint.hidden_because
        if not self.endpoint.is_listed:
            return NOT_LISTED
        return self.words if self.heard is Health.UNKNOWN else ""

    def may_fall_at(self) -> float | None:
        """When what is pending may be believed at the earliest, as far as that is in sight; None: nothing is."""
        return self.deadline()

    def settles_within(self) -> float:
        """How long it takes at most until it is seen to be well again, when what explained it is over (seconds)."""
        return 0.0

    def has_settled(self, since: float) -> bool:
        """Whether it is known that it is not well, though what explained it was over at that time."""
        return True

    def may_be_believed(self) -> bool:
        """Whether all witnesses were heard, as far as that is needed."""
        return True

    def correct_reason(self) -> None:
        """Mend the reason of what is believed, where it is known better by now."""

    def remark_beside(self) -> str:
        """What is to be shown beside the belief: nothing."""
        return ""
