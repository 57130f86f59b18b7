"""A finding of ``healthmon doctor``: what is so, why it matters, and what to write where."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from healthmon.model.target import Word


class Gravity(Word):
    """How much a finding matters, the worst first."""

    #: An outage would not be noticed, or told; or a secret is open to others.
    SERIOUS = "serious"
    ADVICE = "advice"
    #: Nothing is wrong; it is good to know.
    REMARK = "remark"


class FindingName(Word):
    """The name of each finding. What it is about stands in docs/doctor.md."""

    ARI_OFF = "ari-off"
    ARI_REFUSED = "ari-refused"
    ARI_NOT_REACHED = "ari-not-reached"
    SESSIONS_USED_UP = "http-sessions-used-up"
    MODULES_MISSING = "ari-modules-missing"
    DRIVER_MISSING = "channel-driver-missing"
    TRANSPORT_MISSING = "transport-not-loaded"
    NOT_QUALIFIED = "not-qualified"
    QUALIFIED_SLOWLY = "qualified-slowly"
    ANY_ANSWER = "any-answer-counts"
    NEVER_QUALIFIED_NAME = "name-never-qualified"
    NO_ADDRESS = "nothing-to-qualify"
    NEVER_ANSWERED = "options-never-answered"
    REGISTERED_YET_UNREACHABLE = "registered-yet-unreachable"
    ANSWERS_TOO_LATE = "answers-too-late"
    LIST_BROKEN = "list-broken"
    NO_AMI = "no-ami"
    AMI_NOT_REACHED = "ami-not-reached"
    AMI_REFUSED = "ami-refused"
    AMI_NO_EVENTS = "ami-no-events"
    AMI_MAY_DO_ALL = "ami-user-may-do-all"
    NOT_REGISTERED = "not-registered"
    GIVES_UP = "registration-gives-up"
    REGISTRATION_MODULE_MISSING = "registration-module-missing"
    NAMED_WRONGLY = "registration-named-wrongly"
    IN_MAINTENANCE = "in-maintenance-mode"
    READ_ONLY = "ari-user-read-only"
    MAY_DO_ALL = "ari-user-may-do-all"
    KNOWN_HOLE = "known-hole"
    WRITE_TIMEOUT = "websocket-write-timeout"
    PRETTY = "pretty-json"
    SESSION_LIMIT = "http-sessions-few"
    PBX_CLOCK = "pbx-clock-off"
    NO_TLS = "no-tls"
    TLS_NOT_VERIFIED = "tls-not-verified"
    CERTIFICATE_ENDS = "certificate-ends"
    NOT_WATCHED = "endpoints-not-watched"
    MATCHES_NOTHING = "section-matches-nothing"
    CONFIG_READABLE = "config-readable-by-all"
    CONFIG_WRITABLE = "config-writable-by-others"
    NOBODY_TOLD = "nobody-is-told"
    ONE_WAY_OUT = "one-way-out"
    NO_HEARTBEAT = "no-heartbeat"
    NETWORK_DISK = "database-on-network"
    DISK_FULL = "disk-nearly-full"
    NOT_SYNCHRONISED = "time-not-synchronised"
    NOT_ENABLED = "service-not-enabled"


class Remedy(Struct, frozen=True):
    """What to write into which file, and what to type then."""

    #: ``pjsip.conf``; "": only something is to be typed.
    file: str = ""
    #: As they stand in the file, below the section's name; what follows a ``;`` or ``#`` says which section is meant.
    lines: tuple[str, ...] = ()
    #: What to type then, on the machine of the file.
    commands: tuple[str, ...] = ()


class DoctorFinding(Struct, frozen=True, kw_only=True):
    """Something that somebody should know, or do."""

    name: FindingName
    gravity: Gravity
    #: The name of the PBX; "": it is about the configuration, or this machine.
    pbx: str = ""
    #: What is so.
    means: str
    why: str
    remedies: tuple[Remedy, ...] = ()
    #: What to do where FreePBX writes Asterisk's files; "": it has no field for it that we know.
    freepbx: str = ""
    #: The endpoints that it is about.
    endpoints: tuple[str, ...] = ()
    #: What people call these, where they do.
    called: Mapping[str, str] = {}
    #: Whether it kept us from looking at what else there may be.
    is_blind: bool = False
