"""Where a PBX's ARI is, and how we say who we are."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from healthmon.config.sections.pbx import PbxConfig


class Address(Struct, frozen=True):
    """The parts of a PBX's URL."""

    host: str
    port: int
    is_tls: bool
    #: What a reverse proxy puts before ``/ari``; "" or ``/asterisk``.
    prefix: str

    def __str__(self) -> str:
        """Say ``pbx.example:8088``."""
        if ":" in self.host:
            return f"[{self.host}]:{self.port}"
        return f"{self.host}:{self.port}"


def address_of(pbx: PbxConfig) -> Address:
    """Take the URL of a PBX apart."""
    parts = urlsplit(pbx.url)
    is_tls = parts.scheme == "https"
    return Address(parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls, parts.path.rstrip("/"))


def rest_url(pbx: PbxConfig, segments: Iterable[str]) -> str:
    """The URL of a resource. Names may hold anything, a slash too, so each segment is quoted whole."""
    return f"{pbx.url.rstrip('/')}/ari/{'/'.join(quote(segment, safe='') for segment in segments)}"


def fits_into_url(segment: str) -> bool:
    """Whether a name can be a segment of a URL: HTTP libraries resolve these two away, quoted or not."""
    return segment not in (".", "..")


def events_url(pbx: PbxConfig, *, subscribe_all: bool) -> str:
    """The URL of the event WebSocket. Name and password are not in it: proxies log URLs."""
    address = address_of(pbx)
    query = urlencode({"app": pbx.application, "subscribeAll": "true" if subscribe_all else "false"})
    return f"{'wss' if address.is_tls else 'ws'}://{address}{address.prefix}/ari/events?{query}"


def authorization(pbx: PbxConfig) -> str:
    """The value of the Authorization header."""
    return "Basic " + b64encode(f"{pbx.username}:{pbx.password}".encode()).decode()
