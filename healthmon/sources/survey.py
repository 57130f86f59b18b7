"""A PBX asked once, in the foreground: what it lists, and how it is configured to check that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

from msgspec import Struct

from healthmon.ari.client import AriClient
from healthmon.ari.messages import EndpointState, PbxInfo
from healthmon.clock import Clock
from healthmon.config.types import PbxConfig
from healthmon.model import EndpointSettings, Target
from healthmon.sources.pace import Pace
from healthmon.sources.polls import certificate_remark

#: Wraps the endpoints that are asked about one after the other, to show how far it is.
Progress = Callable[[Sequence[EndpointState]], Iterable[EndpointState]]


class Survey(Struct, frozen=True):
    """What was found on one PBX."""

    info: PbxInfo
    #: Asterisk's word for every listed endpoint: online, offline, unknown.
    states: dict[Target, str]
    #: Those that were asked about.
    settings: list[EndpointSettings]
    #: "the certificate ends in 9 days", or "".
    remark: str


def survey(
    pbx: PbxConfig,
    progress: Progress,
    *,
    wanted: Callable[[Target], bool] = lambda target: True,
    most: int | None = None,
) -> Survey:
    """Ask a PBX for its endpoints, and for the settings of the first ``most`` wanted ones, at 20 requests a second.

    Raises AriError.
    """
    clock, pace = Clock(), Pace.for_settings()
    with closing(AriClient(pbx)) as client:
        info = client.info()
        listed = sorted(client.endpoints(), key=lambda one: (one.technology, one.resource))
        settings = []
        for one in progress([one for one in listed if wanted(one.target(pbx.name))][:most]):
            pace.wait()
            settings.append(client.settings(one.target(pbx.name), clock.now()))
        remark = certificate_remark(client.certificate_ends_at(), clock.now())
    return Survey(info, {one.target(pbx.name): one.state for one in listed}, settings, remark)
