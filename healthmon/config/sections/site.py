"""``[site NAME]``: a place where many devices are."""

from __future__ import annotations

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import SectionKind, option


class SiteConfig(Struct, frozen=True):
    """A place where many devices are, by their addresses or by their names."""

    name: str
    #: Networks as ``ipaddress`` writes them: ``203.0.113.0/28``, ``2001:db8::/48``.
    addresses: tuple[str, ...] = option(
        values.networks,
        "Devices whose contact has one of these addresses are here: 203.0.113.7, 10.1.0.0/16, 2001:db8::/48.",
        otherwise="endpoints",
        absent=(),
        example="203.0.113.0/28",
        is_list=True,
    )
    #: Shell patterns over ``PJSIP/101``; case matters.
    endpoints: tuple[str, ...] = option(
        values.endpoint_patterns,
        "So are these endpoints, wherever their contact is: technology/name with * and ?.",
        otherwise="addresses",
        absent=(),
        example="PJSIP/4*",
        is_list=True,
    )
    #: Shell patterns over the names of PBXs.
    pbx: tuple[str, ...] = option(
        values.pbx_patterns, "Only those of these PBXs: names or patterns.", default="*", is_list=True
    )


SITE = SectionKind(
    "site",
    SiteConfig,
    example_name="warehouse",
    about=(
        "A place where many devices are. Without such a section each public address is a site, and so is each private "
        "/24 network."
    ),
    is_in_example=False,
)
