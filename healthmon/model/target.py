"""What is watched: its name, its kind, the aspects of its health."""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple


class Word(StrEnum):
    """One of several words."""

    # That of an Enum is written in Python, and takes longer than all the rest of looking into a dictionary.
    __hash__ = str.__hash__


class Health(Word):
    """What was seen of a check (Nagios: OK, WARNING, CRITICAL, UNKNOWN)."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Kind(Word):
    """What sort of thing a target is, the biggest cause first."""

    PBX = "pbx"
    #: A PBX's line to the world.
    NETWORK = "network"
    #: The providers with the same contact host.
    PROVIDERS = "providers"
    PROVIDER = "provider"
    #: A registration at a provider that belongs to no endpoint that is watched.
    REGISTRATION = "registration"
    #: Many devices behind one address or subnet, or a group named in the configuration.
    SITE = "site"
    GATEWAY = "gateway"
    PHONE = "phone"
    ATA = "ata"
    SOFTPHONE = "softphone"
    MOBILE = "mobile"
    #: A URL of a receiver, which takes no messages.
    RECEIVER = "receiver"

    @property
    def is_device(self) -> bool:
        """Whether this is a user's device, which stands at a site."""
        return self in _DEVICES

    @property
    def is_group(self) -> bool:
        """Whether this is a cause that explains what happens to several endpoints of a PBX."""
        return self in _GROUPS

    @property
    def is_usually_told_singly(self) -> bool:
        """Whether a single one that is down concerns anybody; softphones and mobiles sleep, and go home."""
        return self not in (Kind.SOFTPHONE, Kind.MOBILE)

    @property
    def usual_severity(self) -> Severity:
        """How much its outage matters where no watch section says so."""
        if self.is_device or self is Kind.SITE:
            return Severity.WARNING
        return Severity.CRITICAL


_DEVICES = frozenset({Kind.GATEWAY, Kind.PHONE, Kind.ATA, Kind.SOFTPHONE, Kind.MOBILE})


_GROUPS = frozenset({Kind.NETWORK, Kind.PROVIDERS, Kind.SITE})


class Severity(Word):
    """How much an outage matters, as the watch section says; the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Probe(Word):
    """Whether endpoints are asked by OPTIONS of our own."""

    NO = "no"
    #: Providers with a static contact that Asterisk does not check, or of which any answer is good enough for it.
    AUTO = "auto"
    #: All that have an address: providers, and phones that are registered.
    YES = "yes"


class Check:
    """The names of the aspects of health: of a PBX, of an endpoint, of a receiver's URL; and an event."""

    #: Can we see this PBX through ARI, by REST and by events?
    CONNECTION = "connection"
    #: Does the PBX still list the endpoints that it had? A broken pjsip.conf looks like that.
    INVENTORY = "inventory"
    #: Are the channel drivers of its endpoints loaded?
    DRIVERS = "drivers"
    #: Does Asterisk stay up? Three restarts in ten minutes are an incident.
    RESTARTS = "restarts"
    #: Can we ask its manager interface? Only where it is configured; its calls do not need it.
    MANAGER = "manager"
    #: Asterisk was started anew: no aspect of health, but an event, which is told where somebody wants that.
    RESTART = "restart"
    #: Endpoints were put into Asterisk's maintenance mode, or taken out of it: an event, too.
    MAINTENANCE = "maintenance"
    #: Can Asterisk reach this endpoint?
    REACHABILITY = "reachability"
    #: Is any one of its contacts lost, or slow, whatever becomes of the others?
    CONTACTS = "contacts"
    #: Is Asterisk registered at this provider, so that calls come in?
    REGISTRATION = "registration"
    #: Does it answer our own OPTIONS, past Asterisk, and how?
    OPTIONS = "options"
    #: Does this URL of a receiver take messages?
    DELIVERY = "delivery"
    #: No aspect: under this name the database has the meter over all checks of an endpoint, where it has several.
    ALL = "all"


#: The technology of a registration that belongs to no endpoint; its name is that which Asterisk's configuration has.
REGISTRATION = "REGISTRATION"

#: What is no aspect of health, but an event of a PBX that is over in its moment.
EVENTS_OF_A_PBX = (Check.RESTART, Check.MAINTENANCE)

#: What of a PBX may fail while it works in part.
PARTIAL_CHECKS = (Check.INVENTORY, Check.DRIVERS, Check.RESTARTS)


class Target(NamedTuple):
    """What is watched. A PBX itself has an empty technology and resource.

    What is no endpoint has one of our own words, in small letters, for its technology: ``site``, ``network``,
    ``providers`` (those of a PBX), ``receiver`` (of no PBX); Asterisk's are written in capitals.
    """

    pbx: str
    technology: str = ""
    resource: str = ""

    @property
    def is_pbx(self) -> bool:
        """Whether this is a PBX itself."""
        return not self.technology

    @property
    def is_endpoint(self) -> bool:
        """Whether this is one of Asterisk's endpoints, or as much as one: a registration that belongs to none."""
        return bool(self.technology) and self.technology not in OUR_TECHNOLOGIES

    @property
    def is_registration(self) -> bool:
        """Whether this is a registration that belongs to no endpoint."""
        return self.technology == REGISTRATION

    @property
    def endpoint(self) -> str:
        """The name that Asterisk's people use, ``PJSIP/101``; empty for what is no endpoint."""
        if self.is_endpoint:
            return f"{self.technology}/{self.resource}"
        return ""

    def is_called(self, pattern: str) -> bool:
        """Whether this is an endpoint that a pattern names: over ``PJSIP/101``, or over ``office:PJSIP/101``."""
        name = self.endpoint
        # A name may hold a ":" of its own.
        is_with_pbx = ":" in pattern and fnmatchcase(f"{self.pbx}:{name}", pattern)
        return bool(name) and (is_with_pbx or fnmatchcase(name, pattern))

    def __str__(self) -> str:
        """Say ``PJSIP/101 on office``, ``site 203.0.113.7 on office``, ``pbx office``, ``receiver oncall/boss``."""
        if not self.technology:
            return f"pbx {self.pbx}"
        name = self.endpoint or f"{self.technology} {self.resource}".rstrip()
        if self.pbx:
            return f"{name} on {self.pbx}"
        return name


#: What stands for the technology of a target that is none of Asterisk's endpoints: its kind.
OUR_TECHNOLOGIES = frozenset({Kind.SITE.value, Kind.NETWORK.value, Kind.PROVIDERS.value, Kind.RECEIVER.value})


#: So many endpoints of a PBX are watched. Nobody has as many; beyond it somebody is playing with us.
MOST_WATCHED = 100_000
