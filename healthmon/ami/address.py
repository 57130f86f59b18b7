"""Where a PBX's manager interface is."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.urls import DEFAULT_PORTS, THROUGH_HTTP


class ManagerAddress(Struct, frozen=True):
    """The parts of ``ami``."""

    host: str
    port: int
    is_tls: bool
    #: Where Asterisk is told whether, and how, it listens there.
    file: str = "manager.conf"

    def __str__(self) -> str:
        """Say ``pbx.example:5038``."""
        if ":" in self.host:
            return f"[{self.host}]:{self.port}"
        return f"{self.host}:{self.port}"


def address_of(pbx: PbxConfig) -> ManagerAddress:
    """Take ``ami`` apart, or ``url`` where it is reached by that; the configuration has checked both."""
    place, file = pbx.ami, "manager.conf"
    if pbx.ami == THROUGH_HTTP:
        place, file = pbx.url, "http.conf"
    parts = urlsplit(place)
    is_tls = parts.scheme in ("tls", "https")
    return ManagerAddress(parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0), is_tls, file)
