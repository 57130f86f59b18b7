"""``[web]``: the process that answers over HTTP: pages, metrics, JSON, whether healthmon is well."""

from __future__ import annotations

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import SectionKind, option


class WebConfig(Struct, frozen=True):
    """Where the web process listens, whom it believes, and what it tells."""

    #: None: there is no web process.
    listen: values.OwnAddress | None = option(
        values.address_and_port,
        "The address and port of this machine on which HTTP is answered; needs pip install 'healthmon[web]'.",
        otherwise="nothing is answered",
        absent=None,
        example="127.0.0.1:8089",
        when_changed="another address of the web process",
    )
    #: In lower case.
    names: tuple[str, ...] = option(
        values.host_names,
        "The names by which people reach it, besides addresses and localhost; a request by another name is refused.",
        otherwise="none",
        absent=(),
        example="monitor.example.org",
        is_list=True,
    )
    #: Addresses and networks, as ``ipaddress`` writes them.
    trusted_proxy: tuple[str, ...] = option(
        values.networks,
        "The addresses of a proxy in front of it, whose X-Forwarded-For and X-Forwarded-Proto are believed.",
        otherwise="nobody's are",
        absent=(),
        example="192.0.2.10",
        is_list=True,
    )
    #: "": people log in here.
    remote_user_header: str = option(
        values.header_name,
        "The header in which the trusted proxy says which [user NAME] has logged in; it must drop that of others.",
        otherwise="no such header is believed",
        absent="",
        example="X-Remote-User",
    )
    #: 20,000 phones are as many series, and more.
    metrics_of_phones: bool = option(
        values.yes_no,
        "Whether /metrics has series of each phone, and not of providers and PBXs alone.",
        default="no",
        when_changed="other metrics",
    )


WEB = SectionKind(
    "web",
    WebConfig,
    example_name="",
    about=(
        "How things stand over HTTP: pages for people, metrics for Prometheus, JSON, whether healthmon is well\n"
        "(docs/web.md). Without listen there is nothing of it: no process, no port. On another address than a\n"
        "loopback one it needs a [user NAME], or trusted_proxy."
    ),
)
