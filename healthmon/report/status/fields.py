"""The fields of ``healthmon status --json``, as ``docs/json.md`` promises them: they are added to, never renamed.

A time is a text (RFC 3339), a duration a number of seconds. Whatever is shown of the present, for people too, is made
of these. They are for type checkers alone: to make classes of them takes longer than a command should.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict


class StateFields(TypedDict):
    """How something stands."""

    state: str
    since: str | None
    pending: str | None
    pending_hold: float | None
    pending_hold_why: str | None
    reason: str
    remark: str
    #: The state in the word for people.
    shown: str
    #: What is believed, also where nobody can see it at present.
    belief: str | None
    #: For how long it was seen otherwise than it is believed.
    pending_for_s: float | None
    #: Whether that is seen now.
    changing: bool
    flapping: bool


class IncidentFields(TypedDict):
    """What is known of the open incident of something."""

    incident: int | None
    acknowledged: str | None
    muted_by: str | None


class BeliefFields(StateFields, IncidentFields):
    """What PBXs and endpoints have in common."""

    explained_by: int | None
    alarm: bool


class CheckFields(StateFields):
    """One of several checks."""

    check: str
    witness: str
    counts: bool


class NeverAskedFields(TypedDict, total=False):
    """Why nobody ever knew how the registrations of a PBX are, where nobody did."""

    no_registrations: str


class PbxFields(BeliefFields, NeverAskedFields):
    """A PBX, and how fresh our view of it is."""

    name: str
    last_event_at: str | None
    last_snapshot_at: str | None
    alive_at: str | None
    version: str | None
    old: str | None
    last_event_ago_s: float | None
    last_snapshot_ago_s: float | None
    alive_ago_s: float | None
    endpoints: Mapping[str, int]


class CalledFields(TypedDict, total=False):
    """What people call an endpoint, where that is not its own name."""

    called: str


class ChecksFields(TypedDict, total=False):
    """Where an endpoint has several checks, all of them; and which it is that the other fields speak of."""

    check: str
    checks: list[CheckFields]
    #: Of what is up: those that count, and of which nobody can tell how they are.
    unknown_checks: list[str]


class RoundTripFields(TypedDict, total=False):
    """How quickly an endpoint answered lately."""

    rtt_p50_ms: float
    rtt_p95_ms: float


class TargetFields(BeliefFields, CalledFields, ChecksFields, RoundTripFields):
    """A provider or a phone."""

    pbx: str
    endpoint: str
    kind: str
    watch: str
    ever_up: bool


class CauseFields(IncidentFields):
    """A site, the providers of one host, or a line to the world that is down."""

    pbx: str
    kind: str
    name: str
    since: str
    down: int
    of: int | None
    #: Both in words: ``site 203.0.113.7 on office``, ``37 of 40``.
    title: str
    extent: str
    lasted_s: float


class PendingSiteFields(TypedDict):
    """A site that seems down, for less than its hold."""

    pbx: str
    name: str
    since: str
    down: int
    of: int
    pending_for_s: float
    pending_hold: float
    #: In words: ``site 203.0.113.7 on office``.
    title: str


class FailingFields(IncidentFields):
    """A receiver's URL that takes no messages at present."""

    receiver: str
    since: str | None
    why: str
    waiting: int
    accepted_at: str | None


class AddressFields(TypedDict):
    """One address of a URL that takes no messages, while others do."""

    receiver: str
    address: str
    since: str
    why: str
    tried_again: bool


#: A receiver's URL that is left alone until a time.
QuietFields = TypedDict("QuietFields", {"receiver": str, "until": str, "except": list[str], "waiting": int})


class UnseenFields(TypedDict):
    """A receiver's URL for which messages wait until somebody can see whether their outages last."""

    receiver: str
    waiting: int


class DaemonFields(TypedDict):
    """Whether what follows is how things stand now."""

    running: bool
    stale: bool
    why: str | None
    alive_at: str | None
    now: str


class SummaryFields(TypedDict):
    """How many there are in each state."""

    pbxs: Mapping[str, int]
    endpoints: Mapping[str, int]
    never_up: int
    #: How many that are up have such a check, by its name; missing: none has.
    unknown_checks: NotRequired[Mapping[str, int]]


class StatusFields(TypedDict):
    """All of it."""

    daemon: DaemonFields
    summary: SummaryFields
    pbxs: list[PbxFields]
    targets: list[TargetFields]
    causes: list[CauseFields]
    #: None: nobody looked for them.
    pending_sites: list[PendingSiteFields] | None
    failing_receivers: list[FailingFields]
    failing_addresses: list[AddressFields]
    quiet_receivers: list[QuietFields]
    #: Missing: no message waits for that.
    waiting_for_sight: NotRequired[list[UnseenFields]]
