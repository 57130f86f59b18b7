"""Which bigger thing an endpoint belongs to, by where it is reached: a site, or the providers of one host. Pure.

A site is one public IPv4 address, one IPv6 /64, or one private /24 or /64, of one PBX; or what the configuration calls
one. Two PBXs may have the same private network: their sites are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from healthmon.config.sections.site import SiteConfig
from healthmon.model import Kind, Target
from healthmon.text.addresses import is_private

# Looking into a dictionary is ten times faster than asking an enum.
_TECHNOLOGIES = {kind: kind.value for kind in Kind}

#: Addresses whose group is kept in mind; phones with new ones every day must not fill the memory.
_MOST_ADDRESSES = 50_000


class Group(NamedTuple):
    """What several endpoints of one PBX have in common, so that its failure would explain theirs."""

    kind: Kind
    pbx: str
    #: ``203.0.113.7``, ``2001:db8:0:1::/64``, ``192.168.1.0/24``, ``warehouse``; the host of providers, or their proxy.
    name: str
    #: Whether it is reached over the PBX's line to the world.
    is_public: bool = True

    @property
    def target(self) -> Target:
        """The target of its incident."""
        return Target(self.pbx, _TECHNOLOGIES[self.kind], self.name)


@lru_cache(maxsize=1024)
def network_of(pbx: str) -> Group:
    """A PBX's line to the world."""
    return Group(Kind.NETWORK, pbx, "")


def label(site: str) -> str:
    """Write the name of a site for people: a private network is called one, since many places have the same."""
    try:
        network = ip_network(site)
    except ValueError:
        return site
    return f"private address {site}" if is_private(network[0]) else site


class Sites:
    """Finds the group of endpoints. Owned by the engine thread."""

    def __init__(self, sites: Sequence[SiteConfig]) -> None:
        self.use(sites)

    def use(self, sites: Sequence[SiteConfig]) -> None:
        """Take what a new configuration calls a site."""
        self._sites = sites
        self._by_address: dict[tuple[str, str], Group | None] = {}

    def group_of(self, target: Target, kind: Kind, address: str, proxy: str = "") -> Group | None:
        """The site of a device, the host of a provider; None: neither is known, or a host that is no IP address.

        ``proxy``: the host of the outbound proxy through which a provider is reached: its failure would be theirs.
        """
        if kind is Kind.PROVIDER:
            host = proxy or address
            return Group(Kind.PROVIDERS, target.pbx, host) if host else None
        if not kind.is_device:
            return None
        for site in self._sites:
            if _is_on(site, target.pbx) and any(fnmatchcase(target.endpoint, name) for name in site.endpoints):
                return _configured(site, target.pbx)
        key = (target.pbx, address)
        if key not in self._by_address:
            if len(self._by_address) >= _MOST_ADDRESSES:
                self._by_address.clear()
            self._by_address[key] = self._at(target.pbx, address)
        return self._by_address[key]

    def _at(self, pbx: str, address: str) -> Group | None:
        try:
            ip = ip_address(address)
        except ValueError:
            return None
        ip = getattr(ip, "ipv4_mapped", None) or ip
        for site in self._sites:
            if _is_on(site, pbx) and any(ip in ip_network(network) for network in site.addresses):
                return _configured(site, pbx)
        is_within = is_private(ip)
        # One place is a public IPv4 address; of others it is their network.
        name = str(ip)
        if isinstance(ip, IPv6Address):
            name = str(ip_network((ip, 64), strict=False))
        elif is_within:
            name = str(ip_network((ip, 24), strict=False))
        return Group(Kind.SITE, pbx, name, is_public=not is_within)


def _is_on(site: SiteConfig, pbx: str) -> bool:
    return any(fnmatchcase(pbx, pattern) for pattern in site.pbx)


def _configured(site: SiteConfig, pbx: str) -> Group:
    is_public = any(not is_private(ip_network(network)[0]) for network in site.addresses)
    return Group(Kind.SITE, pbx, site.name, is_public)
