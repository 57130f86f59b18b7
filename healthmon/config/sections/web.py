"""``[web]``: the process that answers other programs over HTTP: metrics, JSON, whether healthmon is well."""

from __future__ import annotations

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import SectionKind, option


class WebConfig(Struct, frozen=True):
    """Where the web process listens, and what it tells."""

    #: None: there is no web process.
    listen: values.OwnAddress | None = option(
        values.loopback_address,
        "The address and port of this machine on which HTTP is answered; needs pip install 'healthmon[web]'.",
        otherwise="nothing is answered",
        absent=None,
        example="127.0.0.1:8089",
        when_changed="another address of the web process",
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
        "How things stand, for other programs on this machine: metrics for Prometheus, JSON, whether healthmon is\n"
        "well (docs/web.md). Without listen there is nothing of it: no process, no port."
    ),
)
