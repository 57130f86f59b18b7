"""What is believed, and what the history keeps of it."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from healthmon.model.sighting import Loss, Place
from healthmon.model.target import Health, Kind, Target


class CheckState(Struct, frozen=True):
    """What is believed of one check of one target, in full: enough to go on after a restart of healthmon.

    ``belief is None``: never known. ``unknown_because`` is the reason why this target cannot be seen ("" = it can be);
    the blindness of its PBX is kept once, at the PBX (``PbxState``), not in every endpoint.
    """

    target: Target
    check: str
    kind: Kind
    #: The name of the watch section that decides, "" for a PBX.
    watch: str
    watched_since: float
    belief: Health | None = None
    #: When the belief began to be true, as first seen.
    since: float = 0.0
    believed_at: float = 0.0
    #: Why it is believed, for people.
    reason: str = ""
    #: A fact to show beside the belief: "not qualified: its loss is noticed only when its registration expires".
    remark: str = ""
    pending: Health | None = None
    pending_since: float = 0.0
    #: The clocks of rule 8; None = not running. They are moved on by the time spent unknown.
    not_up_since: float | None = None
    down_since: float | None = None
    unknown_because: str = ""
    unknown_since: float = 0.0
    ever_up: bool = False
    is_flapping: bool = False
    #: The effective hold time that is in force (rule 9), seconds.
    down_after: float = 0.0
    #: When each raw change began that counts for flapping, the newest perhaps not for long enough yet.
    flap_changes: tuple[float, ...] = ()
    #: When the first of those changes was that made it flap. While it does not: when the outage began that ended the
    #: last episode; what changed until then makes it flap no more. 0.0: neither.
    flapping_since: float = 0.0
    #: What it is told together with, once it is believed down: "found down at first look", ….
    cohort: str = ""
    #: Of an endpoint: how it lost the last of its contacts.
    loss: Loss = Loss.NONE
    #: How long what is pending must last to be believed (seconds); why, if not as it is configured.
    pending_hold: float = 0.0
    pending_hold_why: str = ""
    #: Whether the endpoint is as bad as this check, in its row of the status and in its availability.
    counts: bool = True


class PbxState(Struct, frozen=True):
    """What is known of a PBX besides its checks. ``blind_why`` hides everything behind it."""

    pbx: str
    startup_time: str = ""
    last_reload_time: str = ""
    version: str = ""
    blind_why: str = ""
    blind_since: float = 0.0
    #: A snapshot has been booked at least once in the life of this database.
    was_seen: bool = False


class Transition(Struct, frozen=True):
    """A change of what is believed, with its cause.

    ``at`` is when it was first seen and never before the previous one; reports use it. ``after is None``: no
    longer watched (removed from Asterisk's configuration or from ours); ``UNKNOWN``: watched, but Asterisk turned
    out not to check it.
    """

    target: Target
    check: str
    before: Health | None
    after: Health | None
    at: float
    believed_at: float
    cause: str


class UnknownPeriod(Struct, frozen=True):
    """A time in which a target could not be seen: unknown in the history.

    ``target.is_pbx`` with ``check == REACHABILITY``: everything behind that PBX. ``until is None``: still so.
    The key is (target, check, since).
    """

    target: Target
    check: str
    since: float
    until: float | None
    why: str


class PlaceChange(Struct, frozen=True):
    """A contact of an endpoint was seen at a place for the first time, or is no longer there."""

    target: Target
    place: Place
    at: float
    is_left: bool


class PlacePeriod(Struct, frozen=True):
    """From when to when an endpoint had a contact at a place; ``until is None``: it is the last one known."""

    target: Target
    place: Place
    since: float
    until: float | None
    #: As it was read last by the manager interface: its address behind NAT, and until when it has registered.
    own_address: str = ""
    expires_at: float = 0.0


class Length(NamedTuple):
    """How long an outage lasted: from first seen until seen back, seconds; and how much of that nobody saw."""

    lasted_s: float = 0.0
    unseen_s: float = 0.0


class Reading(NamedTuple):
    """What the meter of one check showed at a moment: all seconds of each health since it was first watched.

    What happens at this very moment is not in it yet. A difference of two readings is what lies between them.
    """

    at: float
    up_s: float = 0.0
    degraded_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    #: So many outages were seen so far.
    outages: int = 0
    #: The longest outage since the previous reading, counted from its own beginning, with what nobody saw of it.
    longest_s: float = 0.0
    #: What was believed then; None: it was not watched.
    belief: Health | None = None
    #: Whether it had been up since it was watched: the time before does not count for a device.
    was_used: bool = False
    #: Whether an outage was on, and for how long that was seen so far.
    is_out: bool = False
    out_s: float = 0.0
    #: For how long all outages so far, the longest one, and the one that was on could not be seen in between.
    outages_unseen_s: float = 0.0
    longest_unseen_s: float = 0.0
    out_unseen_s: float = 0.0

    @property
    def longest(self) -> Length:
        """How long the longest outage since the previous reading lasted."""
        return Length(self.longest_s, self.longest_unseen_s)

    @property
    def is_unused(self) -> bool:
        """Whether it is down and has not been up since it is watched: a device that is not in use."""
        return self.belief is Health.DOWN and not self.was_used
