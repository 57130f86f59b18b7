"""Where a PBX's manager interface is."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from healthmon.config.sections.pbx import PbxConfig


class ManagerAddress(Struct, frozen=True):
    """The parts of ``ami``."""

    host: str
    port: int
    is_tls: bool

    def __str__(self) -> str:
        """Say ``pbx.example:5038``."""
        if ":" in self.host:
            return f"[{self.host}]:{self.port}"
        return f"{self.host}:{self.port}"


def address_of(pbx: PbxConfig) -> ManagerAddress:
    """Take ``ami`` apart; the configuration has checked it, and named its port."""
    parts = urlsplit(pbx.ami)
    return ManagerAddress(parts.hostname or "", parts.port or 0, parts.scheme == "tls")
