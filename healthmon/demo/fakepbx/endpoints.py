"""The endpoints of the fake PBX, and the events that their changes make, in the shape that Asterisk sends them."""

from __future__ import annotations

import re

from msgspec import Struct, field

#: Asterisk's peer_status, device state and endpoint state of an endpoint that can be reached, and of one that cannot.
UP = ("Reachable", "NOT_INUSE", "online")
DOWN = ("Unreachable", "UNAVAILABLE", "offline")
#: The channel driver of each technology.
DRIVERS = {"PJSIP": "chan_pjsip.so", "SIP": "chan_sip.so", "IAX2": "chan_iax2.so"}


class FakeEndpoint(Struct):
    """One endpoint with one AOR. ``static_contact`` makes it a trunk."""

    technology: str
    resource: str
    is_up: bool = True
    static_contact: str = ""
    outbound_auth: str = ""
    from_user: str = ""
    #: The URI of the proxy through which Asterisk sends to it.
    outbound_proxy: str = ""
    qualify_frequency: int = 60
    qualify_timeout: float = 3.0
    #: None: an Asterisk that has no such option.
    qualify_2xx_only: bool | None = None
    max_contacts: int = 1
    #: False: nothing says where it is; it is offline for ever, also while it is in a call.
    has_aor: bool = True
    #: False: removed by a reload; listed as offline until the next restart.
    is_configured: bool = True
    #: It was up when it was removed. Only then its device state becomes INVALID; else it stays what it was.
    was_up_when_removed: bool = False
    #: Asterisk says "unknown": a peer that has not been reported yet.
    is_unreported: bool = False
    #: A channel to it is up, or hangs: its device is in use, whether it can be reached or not.
    is_in_use: bool = False
    contact: str = field(default="")
    user_agent: str = "Fake Phone 1.0"
    #: As Asterisk writes it where nobody set one.
    callerid: str = "<unknown>"

    @property
    def name(self) -> str:
        """``PJSIP/101``."""
        return f"{self.technology}/{self.resource}"

    @property
    def aor(self) -> str:
        """The name of its AOR: its own, but for blanks and commas, which divide the list of an endpoint's AORs."""
        return re.sub(r"[\s,]+", "-", self.resource)

    @property
    def uri(self) -> str:
        """The URI of its contact."""
        return self.contact or self.static_contact or f"sip:{self.resource}@192.0.2.10:5060"

    @property
    def registered_contact(self) -> str:
        """The contact that a phone registered, which Asterisk lists as it lists static ones; "" while it has none."""
        if self.is_up and not self.static_contact:
            return self.uri
        return ""

    @property
    def state(self) -> str:
        """Its word in /endpoints."""
        if self.is_unreported:
            return "unknown"
        if self.is_up and self.is_configured and self.has_aor:
            return "online"
        return "offline"

    @property
    def is_speakable(self) -> bool:
        """Whether its name is UTF-8; if not, no JSON can hold it. (In Python: a name with surrogates.)"""
        return not any("\ud800" <= char <= "\udfff" for char in self.resource)

    @property
    def device_state(self) -> str:
        """Its word in /deviceStates."""
        if self.was_up_when_removed:
            return "INVALID"
        if self.is_unreported:
            return "UNKNOWN"
        if self.is_in_use:
            return "INUSE"
        if not self.has_aor:
            return "UNAVAILABLE"
        if self.is_up:
            return "NOT_INUSE"
        return "UNAVAILABLE"

    def listed(self) -> dict[str, object]:
        """Its item in /endpoints."""
        return {"technology": self.technology, "resource": self.resource, "state": self.state, "channel_ids": []}

    def sorcery_endpoint(self) -> dict[str, str]:
        """Its PJSIP endpoint object, as far as it is read."""
        return {
            "aors": self.aor if self.has_aor else "",
            "auth": "",
            "outbound_auth": self.outbound_auth,
            "outbound_proxy": self.outbound_proxy,
            "from_user": self.from_user,
            "from_domain": "",
            "callerid": self.callerid,
        }

    def sorcery_aor(self) -> dict[str, str]:
        """Its AOR object, as far as it is read."""
        aor = {
            "contact": self.static_contact or self.registered_contact,
            "qualify_frequency": str(self.qualify_frequency),
            "qualify_timeout": f"{self.qualify_timeout:.6f}",
            "max_contacts": str(self.max_contacts),
            "outbound_proxy": self.outbound_proxy,
        }
        if self.qualify_2xx_only is not None:
            aor["qualify_2xx_only"] = str(self.qualify_2xx_only).lower()
        return aor

    def sorcery_contact(self) -> dict[str, str]:
        """The object of its registered contact, as far as it is read."""
        return {"uri": self.uri, "endpoint": self.resource, "user_agent": self.user_agent}

    def peer_event(self) -> dict[str, object]:
        """A PeerStatusChange to its present state."""
        return {
            "type": "PeerStatusChange",
            "endpoint": self.listed(),
            "peer": {"peer_status": "Reachable" if self.state == "online" else "Unreachable"},
        }

    def contact_event(self, status: str, rtt_usec: int = 0) -> dict[str, object]:
        """A ContactStatusChange of its contact. Asterisk sends the round trip as a string."""
        return {
            "type": "ContactStatusChange",
            "endpoint": self.listed(),
            "contact_info": {
                "uri": self.uri,
                "contact_status": status,
                "aor": self.aor,
                "roundtrip_usec": str(rtt_usec),
            },
        }

    def device_event(self) -> dict[str, object]:
        """A DeviceStateChanged to its present state."""
        return {"type": "DeviceStateChanged", "device_state": {"name": self.name, "state": self.device_state}}
