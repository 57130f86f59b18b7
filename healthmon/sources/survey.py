"""A PBX asked once, in the foreground: what it lists, and how it is configured to check that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import NamedTuple

from msgspec import Struct

from healthmon.ari.client import AriClient
from healthmon.ari.messages import EndpointState, PbxInfo
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AriBooting, AriError, AriStarting, AriUnexpected
from healthmon.model import EndpointSettings, Target
from healthmon.sources.polls import certificate_remark
from healthmon.sources.request_rate import SETTINGS_REQUESTS, RequestRate
from healthmon.times.clock import Clock

#: So many endpoints are asked about without a pause: some tenths of a second's work for Asterisk.
ASKED_AT_ONCE = 100

#: Asterisk, which says that it has not booted yet, is given so long to do so; and where HTTP answers and ARI does not,
#: which is so for some tenths of a second of a start, and for ever where ARI is off (seconds).
BOOTS_WITHIN_S = 5.0
HTTP_ALONE_S = 1.0
#: It is asked again so much later (seconds).
ASK_AGAIN_S = 0.2

#: Wraps the endpoints that are asked about one after the other, to show how far it is.
WithProgress = Callable[[Sequence[EndpointState]], Iterable[EndpointState]]


def seconds_through_ari(endpoints: int) -> float:
    """How long it takes to ask ARI about so many endpoints (seconds); 0.0: they are asked about at once."""
    return max(0, endpoints - ASKED_AT_ONCE) / (SETTINGS_REQUESTS / 2)


class Survey(Struct, frozen=True):
    """What was found on one PBX."""

    info: PbxInfo
    #: Asterisk's word for every listed endpoint: online, offline, unknown.
    states: dict[Target, str]
    #: Those that were asked about, and are configured.
    settings: list[EndpointSettings]
    #: Those that were asked about, and are in the list alone: deleted since Asterisk's start, or made by a module.
    unconfigured: list[Target]
    #: Technologies of listed endpoints whose channel driver is not loaded.
    missing_drivers: tuple[str, ...]
    #: Modules of ARI that are not loaded, and without which healthmon cannot watch.
    missing_modules: tuple[str, ...]
    #: Why not all endpoints could be listed at once; "": they could.
    why_listed_singly: str
    #: "the certificate ends in 9 days", or "".
    certificate_remark: str

    @property
    def remark(self) -> str:
        """What is worth a remark about the PBX itself; "" = nothing."""
        return "; ".join(filter(None, (self.why_listed_singly, self.certificate_remark)))


def survey(
    pbx: PbxConfig,
    progress: WithProgress,
    *,
    wanted: Callable[[Target], bool] = lambda target: True,
    most: int | None = None,
    by_manager: bool = False,
) -> Survey:
    """Ask a PBX for its endpoints, and for the settings of the first ``most`` wanted ones.

    A person waits: the first 100 endpoints are asked about at once, further ones at 20 requests a second.
    ``by_manager``: of more endpoints its manager interface is asked first, if there is one; ARI is asked only about
    those that it cannot tell. No names and no contacts are known then. Raises AriError.
    """
    clock, pace = Clock(), RequestRate.for_settings(at_once=ASKED_AT_ONCE)
    with closing(AriClient(pbx)) as client:
        info, listing = info_once_booted(client), client.listing()
        listed = sorted(listing.endpoints, key=lambda endpoint: (endpoint.technology, endpoint.resource))
        chosen = [endpoint for endpoint in listed if wanted(endpoint.target(pbx.name))]
        known: dict[Target, EndpointSettings] = {}
        if by_manager and pbx.ami and len(chosen) > ASKED_AT_ONCE:
            known = _known_to_manager(pbx, [endpoint.target(pbx.name) for endpoint in chosen], clock.now())
        unconfigured: list[Target] = []
        for endpoint in progress([endpoint for endpoint in chosen if endpoint.target(pbx.name) not in known][:most]):
            pace.wait()
            target = endpoint.target(pbx.name)
            found = _settings(client, target, clock.now())
            if found is None:
                unconfigured.append(target)
            else:
                known[target] = found
        targets = (endpoint.target(pbx.name) for endpoint in chosen)
        settings = [known[target] for target in targets if target in known]
        missing_drivers = client.missing_drivers({endpoint.technology for endpoint in listed})
        missing_modules = client.missing_modules()
        remark = certificate_remark(client.certificate_ends_at(), clock.wall())
    return Survey(
        info=info,
        states={endpoint.target(pbx.name): endpoint.state for endpoint in listed},
        settings=settings,
        unconfigured=unconfigured,
        missing_drivers=missing_drivers,
        missing_modules=missing_modules,
        why_listed_singly=listing.why,
        certificate_remark=remark,
    )


def _known_to_manager(pbx: PbxConfig, targets: Sequence[Target], at: float) -> dict[Target, EndpointSettings]:
    """What the manager interface tells of settings; nothing where it cannot be asked, which others say."""
    # Most have none: who speaks to a manager interface is not even imported then.
    from healthmon.sources.manager.survey import settings_by_manager  # noqa: PLC0415

    try:
        return settings_by_manager(pbx, targets, at)
    except AmiError:
        return {}


def info_once_booted(client: AriClient) -> PbxInfo:
    """Ask a PBX what it is. One that is starting is asked again until it has booted, for a few seconds at most.

    Raises AriError.
    """
    began = time.monotonic()
    while True:
        try:
            return client.info()
        except AriStarting as error:
            patience = HTTP_ALONE_S
            if isinstance(error, AriBooting):
                patience = BOOTS_WITHIN_S
            if time.monotonic() - began >= patience:
                raise
        time.sleep(ASK_AGAIN_S)


class ClockOfPbx(NamedTuple):
    """What the clock of a PBX shows."""

    #: Seconds since the epoch.
    time: float
    #: The PBX runs on our own machine.
    is_ours: bool


def clock_of(pbx: PbxConfig) -> ClockOfPbx | None:
    """Ask a PBX what time it is; None: it does not answer, or does not say."""
    with closing(AriClient(pbx)) as client:
        try:
            info = client.info()
        except AriError:
            return None
    if info.pbx_time is None:
        return None
    return ClockOfPbx(info.pbx_time, info.shares_our_clock)


def _settings(client: AriClient, target: Target, at: float) -> EndpointSettings | None:
    """Read the settings of one endpoint; None: it is not in the configuration. What cannot be read is unknown."""
    try:
        return client.settings(target, at)
    except AriUnexpected:
        return EndpointSettings(target, at, known=False)
