"""Which addresses are our own: of this machine, and of networks that are not reached over a PBX's line to the world.

Also how the silent ones of a server are named, and left out where a text is for others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: What is not reached over a PBX's line to the world: RFC 1918, CGNAT (RFC 6598), ULA (RFC 4193), link-local.
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)


def is_private(ip: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of a network that is not reached over the line to the world."""
    return any(ip in network for network in _PRIVATE)


def is_internal(ip: IPv4Address | IPv6Address) -> bool:
    """Whether an address is our own: private, or of this machine (loopback), also as IPv6 writes one of IPv4."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        return is_internal(ip.ipv4_mapped)
    return ip.is_loopback or is_private(ip)


def is_outside(host: str) -> bool:
    """Whether a host is reached over the line to the world, as far as its address tells; a name is taken for that.

    ``host``: also as it stands in a URI, ``[2001:db8::1]``.
    """
    try:
        return not is_internal(ip_address(host.strip("[]")))
    except ValueError:
        return bool(host)


#: So many silent addresses of a server are named; of the others it is said how many they are.
_MOST_SILENT = 3
_SILENT = re.compile(r" \(no answer from [^()]*\)")


def silent_addresses(addresses: Sequence[str]) -> str:
    """Name those addresses of a server that do not answer, in words to go behind how many do."""
    named, others = ", ".join(addresses[:_MOST_SILENT]), len(addresses) - _MOST_SILENT
    if others > 0:
        return f" (no answer from {named} and {others} more)"
    return f" (no answer from {named})"


def without_silent_addresses(words: str) -> str:
    """The same words, without which addresses of a server are silent: how many are stays."""
    return _SILENT.sub("", words)
