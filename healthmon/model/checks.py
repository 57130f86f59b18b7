"""The checks of an endpoint, and for each its witnesses: who may speak of it, and what each word means there.

One table, in the order in which an earlier check may explain a later one (rule 2c); shown to administrators in
docs/what-asterisk-says.md. What Asterisk's own words amount to before that is the table of ``ari/meanings.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct

from healthmon.model.sighting import Channel, ContactStatus, Observation, Source, Witness
from healthmon.model.target import Check, Health, Word


class Means(Word):
    """What a word of a witness says of a check."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    NOTHING = "nothing"
    #: Of a device: it explains, for a while, an endpoint that is called offline.
    IN_USE = "in use: must be down for longer"
    #: Of a device: it was asked, and there is no more to ask.
    NO_SUCH_STATE = "asked, and says nothing"
    #: Of a check that was asked for: it has only begun.
    CHECKED_AGAIN = "is checked again: what it says after the time-out counts"
    #: Of a single contact.
    LIVES = "this contact lives"
    LOST = "this contact is lost"
    GONE = "this contact is no more"


class Testimony(Struct, frozen=True):
    """What one witness says of a check, in one or several ways."""

    witness: Witness
    sources: tuple[Source, ...]
    #: The same for people: which event, or which answer.
    where: str
    #: A word that is not here means nothing.
    words: Mapping[str, Means]
    #: How it is settled when another witness says otherwise.
    settled: str
    #: Whether it was asked for, so that it settles what is pending (rule 7).
    confirms: bool = False
    #: Whether an endpoint that was not known begins to be watched by it.
    introduces: bool = False


# With a dictionary of its own: what is worked out once is kept there.
class EndpointCheckKind(Struct, frozen=True, dict=True):
    """What is common to one check of all endpoints that have it. A check of which nobody can speak does not exist."""

    name: str
    #: Who may speak of it; what another says concerns other checks.
    witnesses: tuple[Testimony, ...]
    #: The source that can answer a question about it.
    asked_by: Channel
    #: The earlier checks of the same endpoint that may explain this one while they are down, the first of them first.
    inhibited_by: tuple[str, ...] = ()
    #: Whether the endpoint is as bad as this check, in its row of the status and in its availability.
    counts: bool = True
    #: Stands for it where there is little room; empty: its name does.
    letter: str = ""

    def testimony(self, witness: Witness, source: Source) -> Testimony | None:
        """What this witness may say in this way; None: nothing."""
        return self._by_way.get((witness, source))

    @cached_property
    def _by_way(self) -> Mapping[tuple[Witness, Source], Testimony]:
        return {(testimony.witness, source): testimony for testimony in self.witnesses for source in testimony.sources}

    @cached_property
    def heard(self) -> frozenset[Witness]:
        """Who may speak of the check at all."""
        return frozenset(testimony.witness for testimony in self.witnesses)

    def confirms(self, observation: Observation) -> bool:
        """Whether what was said settles what is pending: it was asked for."""
        testimony = self.testimony(observation.witness, observation.source)
        return testimony is not None and testimony.confirms

    def meaning(self, witness: Witness, source: Source, word: str) -> Means:
        """What a word of this witness says of the check."""
        testimony = self.testimony(witness, source)
        return Means.NOTHING if testimony is None else testimony.words.get(word, Means.NOTHING)


ENDPOINT_BY_EVENT = Testimony(
    Witness.ENDPOINT,
    (Source.EVENT,),
    "PeerStatusChange",
    {Health.UP: Means.UP, Health.DEGRADED: Means.DEGRADED, Health.DOWN: Means.DOWN},
    "the newest word counts; it is asked about before it is believed",
    introduces=True,
)

ENDPOINT_BY_POLL = Testimony(
    Witness.ENDPOINT,
    (Source.SNAPSHOT, Source.ANSWER),
    "/endpoints",
    {Health.UP: Means.UP, Health.DOWN: Means.DOWN, Health.UNKNOWN: Means.UNKNOWN},
    "an event that came after the request is newer; offline counts only after the device state was asked, too",
    confirms=True,
    introduces=True,
)

CHECK_ON_DEMAND = Testimony(
    Witness.QUALIFY,
    (Source.ANSWER,),
    "PJSIPQualify",
    {Health.UNKNOWN: Means.CHECKED_AGAIN},
    "by itself it says nothing: offline that was asked for `qualify_timeout` + 1 s later is a second check that failed",
)

#: Where the manager interface is asked for all contacts, what it has otherwise than events told counts as an event
#: that was missed.
CONTACT_EVENT = "ContactStatusChange; of a missed one the manager interface's PJSIPShowContacts, PJSIP_CONTACT()"

CONTACT_BY_EVENT = Testimony(
    Witness.CONTACT,
    (Source.EVENT,),
    CONTACT_EVENT,
    {
        ContactStatus.REACHABLE: Means.UP,
        ContactStatus.NON_QUALIFIED: Means.LIVES,
        ContactStatus.CREATED: Means.LIVES,
        ContactStatus.UPDATED: Means.LIVES,
        ContactStatus.UNREACHABLE: Means.LOST,
        ContactStatus.REMOVED: Means.GONE,
    },
    "one contact that answers is enough; that all are lost is evidence in a grace, and outweighs a device in use",
)

DEVICE_BY_EVENT = Testimony(
    Witness.DEVICE,
    (Source.EVENT,),
    "DeviceStateChanged",
    {Health.UP: Means.IN_USE, Health.DOWN: Means.DOWN},
    "in use never makes an endpoint up: it explains offline for one cycle of checks at most",
)

DEVICE_BY_ANSWER = Testimony(
    Witness.DEVICE,
    (Source.ANSWER,),
    "/deviceStates",
    {Health.UP: Means.IN_USE, Health.DOWN: Means.DOWN, Health.UNKNOWN: Means.NO_SUCH_STATE},
    "the same; it is the second word without which offline is not believed",
    confirms=True,
)

SEVERAL_BY_EVENT = Testimony(
    Witness.CONTACT,
    (Source.EVENT,),
    CONTACT_EVENT,
    {
        ContactStatus.REACHABLE: Means.LIVES,
        ContactStatus.NON_QUALIFIED: Means.LIVES,
        ContactStatus.CREATED: Means.LIVES,
        ContactStatus.UPDATED: Means.LIVES,
        ContactStatus.UNREACHABLE: Means.LOST,
        ContactStatus.REMOVED: Means.GONE,
    },
    "one of several that is lost, or slower than `rtt_warn`, is degraded; so are all of several that are lost",
)

SEVERAL_BY_POLL = Testimony(
    Witness.ENDPOINT,
    (Source.SNAPSHOT, Source.ANSWER),
    "/endpoints",
    {Health.UP: Means.NOTHING, Health.DOWN: Means.NOTHING},
    "it shows no contact, only that Asterisk was asked; online though all were lost: their events were missed, "
    "and nothing is known of them any more",
    confirms=True,
)

REGISTRATION_BY_EVENT = Testimony(
    Witness.MANAGER,
    (Source.EVENT,),
    "Registry",
    {Health.UP: Means.UP, Health.DOWN: Means.DOWN, Health.UNKNOWN: Means.UNKNOWN},
    "the newest word counts; it is asked about before it is believed",
)

REGISTRATION_BY_POLL = Testimony(
    Witness.MANAGER,
    (Source.SNAPSHOT,),
    "PJSIPShowRegistrationsOutbound",
    {Health.UP: Means.UP, Health.DOWN: Means.DOWN, Health.UNKNOWN: Means.UNKNOWN},
    "an event that came after the request is newer; nothing but the manager interface can tell",
    confirms=True,
)

OWN_OPTIONS = Testimony(
    Witness.PROBE,
    (Source.ANSWER,),
    "our own OPTIONS",
    {Health.UP: Means.UP, Health.DEGRADED: Means.DEGRADED, Health.DOWN: Means.DOWN, Health.UNKNOWN: Means.UNKNOWN},
    "nobody else can tell; no answer counts only after one has come before",
    confirms=True,
)

#: By name, in their fixed order. The order of the tables for people is the same.
ENDPOINT_CHECKS: dict[str, EndpointCheckKind] = {
    kind.name: kind
    for kind in (
        EndpointCheckKind(
            Check.REACHABILITY,
            (
                ENDPOINT_BY_EVENT,
                ENDPOINT_BY_POLL,
                CHECK_ON_DEMAND,
                CONTACT_BY_EVENT,
                DEVICE_BY_EVENT,
                DEVICE_BY_ANSWER,
            ),
            asked_by=Channel.REST,
            letter="R",
        ),
        EndpointCheckKind(
            Check.CONTACTS,
            (SEVERAL_BY_EVENT, SEVERAL_BY_POLL),
            asked_by=Channel.REST,
            letter="C",
            inhibited_by=(Check.REACHABILITY,),
        ),
        EndpointCheckKind(
            Check.OPTIONS,
            (OWN_OPTIONS,),
            asked_by=Channel.PROBES,
            letter="O",
            inhibited_by=(Check.REACHABILITY,),
        ),
        EndpointCheckKind(
            Check.REGISTRATION,
            (REGISTRATION_BY_EVENT, REGISTRATION_BY_POLL),
            asked_by=Channel.MANAGER,
            letter="G",
            # Our own OPTIONS only where Asterisk cannot tell whether it can be reached: rule 2c.
            inhibited_by=(Check.REACHABILITY, Check.OPTIONS),
        ),
    )
}


def check_counts(check: str) -> bool:
    """Whether a check of an endpoint is a part of what the endpoint is. What is not known any more is none."""
    kind = ENDPOINT_CHECKS.get(check)
    return kind is not None and kind.counts


#: What Asterisk says of a contact that is there.
LIVING = frozenset(word for word, means in CONTACT_BY_EVENT.words.items() if means in (Means.UP, Means.LIVES))
#: … and of one that does not answer.
LOST = frozenset(word for word, means in CONTACT_BY_EVENT.words.items() if means is Means.LOST)


def table() -> str:
    """The whole as a Markdown table, for docs/what-asterisk-says.md."""
    lines = [
        "| check | witness | heard by | word | means | settles what is pending | if another says otherwise |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in ENDPOINT_CHECKS.values():
        for testimony in kind.witnesses:
            settles = "yes" if testimony.confirms else "no"
            for word, means in testimony.words.items():
                cells = (kind.name, testimony.witness, testimony.where, f"`{word}`", means, settles, testimony.settled)
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


#: What has a witness of its own beside ARI: that ARI cannot see a PBX hides none of it.
SEEN_PAST_ARI = tuple(name for name, rules in ENDPOINT_CHECKS.items() if rules.asked_by is not Channel.REST)
