"""Where a request comes from: what a proxy says of it is believed if it is the trusted one, else nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from msgspec import Struct
from werkzeug.datastructures import Headers

from healthmon.config.sections.web import WebConfig

_Address = IPv4Address | IPv6Address
#: In ``::ffff:192.0.2.1`` so many bits stand before the address of IPv4 (RFC 4291, 2.5.5.2).
_MAPPED_PREFIX = 96
#: What so many askers have sent is read once: a page asks again and again.
MOST_REMEMBERED = 256


class Peer(Struct, frozen=True):
    """Where a request comes from."""

    #: Of whoever asks, as far as known; "": of nobody that has one.
    address: str
    #: Whether the trusted proxy has sent it.
    is_proxy: bool = False
    #: Whether nobody on the way could read it.
    is_secure: bool = False
    #: Who has logged in at the proxy, if it may say so.
    user: str = ""

    @property
    def network(self) -> str:
        """Whose attempts are counted together: an address, or the /64 that one customer has of IPv6."""
        found = address_of(self.address)
        if isinstance(found, IPv6Address):
            return str(ip_network((found, 64), strict=False))
        if found is None:
            return self.address
        return str(found)


class Proxies:
    """The proxies that are trusted, and what is believed of them."""

    def __init__(self, web: WebConfig) -> None:
        self._networks = [_network_of(text) for text in web.trusted_proxy]
        self._user_header = web.remote_user_header

    def peer(self, remote: str, headers: Headers) -> Peer:
        """Say where a request comes from. ``remote``: the address of the connection."""
        if not self._is_trusted(remote):
            return Peer(remote)
        # Each proxy adds whom it has heard it from, at the end.
        said = [word.strip() for word in headers.get("X-Forwarded-For", "").split(",")]
        # Of several proxies in a row the last one has said it.
        scheme = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
        user = ""
        if self._user_header:
            user = headers.get(self._user_header, "").strip()
        return Peer(self._first_stranger(reversed(said)) or remote, True, scheme == "https", user)

    def _first_stranger(self, said: Iterable[str]) -> str:
        """Find the nearest that is no proxy: what is beyond it, anybody can say. "": nothing that makes sense."""
        for word in said:
            if address_of(word) is None:
                return ""
            if not self._is_trusted(word):
                return word
        return ""

    def _is_trusted(self, address: str) -> bool:
        found = address_of(address)
        return found is not None and any(found in network for network in self._networks)


@lru_cache(MOST_REMEMBERED)
def address_of(text: str) -> _Address | None:
    """Read an address, one of IPv4 also as a proxy that listens on IPv6 writes it; None: it is none."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def _network_of(text: str) -> IPv4Network | IPv6Network:
    """Read a network, one of IPv4 in the form in which addresses are compared."""
    found = ip_network(text)
    mapped = address_of(str(found.network_address))
    if isinstance(found, IPv6Network) and isinstance(mapped, IPv4Address) and found.prefixlen >= _MAPPED_PREFIX:
        return ip_network((mapped, found.prefixlen - _MAPPED_PREFIX))
    return found
