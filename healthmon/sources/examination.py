"""A PBX looked at once, for ``healthmon doctor``: how well it can be watched. Nothing is changed there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from healthmon.ami.client import AmiClient
from healthmon.ami.one_look import client_for_one_look
from healthmon.ami.registrations import REJECTED, OutboundRegistration
from healthmon.ami.rights import ManagerRights
from healthmon.ari.client import AriClient
from healthmon.ari.messages import AorCheck, PbxInfo
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import (
    AmiDenied,
    AmiError,
    AmiForeign,
    AmiHearsOnly,
    AmiInUse,
    AriBooting,
    AriError,
    AriUnexpected,
    Trouble,
)
from healthmon.model import EndpointSettings, Target
from healthmon.sources.asterisk_files import AsteriskFiles, look_at_files
from healthmon.sources.manager.registration_tries import stopped_by_now
from healthmon.sources.request_rate import RequestRate
from healthmon.sources.survey import ASKED_AT_ONCE, Survey, WithProgress, survey

#: So many endpoints that nobody watches are asked about: are they configured, or only listed until the next restart?
MOST_NOT_WATCHED = 100
#: The ``Date`` header has whole seconds, cut off.
_HALF_A_SECOND = 0.5


class FailedLook(Struct, frozen=True):
    """Why a PBX could not be looked at."""

    trouble: Trouble
    #: ``GET /asterisk/info``, and what is wrong with it, in words.
    call: str
    what: str
    #: Asterisk says itself that it has not booted yet.
    is_booting: bool = False

    @classmethod
    def of(cls, error: AriError) -> FailedLook:
        """What a look that failed with this error is worth."""
        return cls(error.trouble, error.call, error.what, isinstance(error, AriBooting))


class ManagerLook(Struct, frozen=True):
    """What the manager interface said, or why it could not be asked."""

    #: "": nothing was wrong.
    failure: str = ""
    #: It is there, and does not let us in, or not ask.
    is_refused: bool = False
    #: It lets us hear events, and not ask for the list of registrations.
    hears_only: bool = False
    #: Something else listens on its port.
    is_foreign: bool = False
    #: Another session has our user, who may have one: the running healthmon, as a rule.
    is_in_use: bool = False
    registrations: tuple[OutboundRegistration, ...] = ()
    #: The names of those that Asterisk tries no longer, as the running healthmon has seen, or its console shows.
    given_up: tuple[str, ...] = ()
    #: The endpoints in maintenance mode.
    in_maintenance: tuple[str, ...] = ()
    rights: ManagerRights = ManagerRights()
    #: Asterisk's module that registers PJSIP endpoints is not loaded.
    lacks_module: bool = False


class PbxLook(Struct, frozen=True):
    """What was looked at on one PBX, and what kept us from looking."""

    pbx: PbxConfig
    failure: FailedLook | None = None
    survey: Survey | None = None
    #: The AORs of those endpoints whose check is worth a look: providers, and what is not checked.
    aors: Mapping[Target, tuple[AorCheck, ...]] = {}
    #: The transports that are not loaded, and who names each: ``PJSIP/trunk-a``, ``registration trunk-a-reg``.
    lacking_transports: Mapping[str, tuple[str, ...]] = {}
    #: Endpoints of its configuration that no watch section takes.
    not_watched: tuple[Target, ...] = ()
    may_write: bool = True
    is_pretty: bool = False
    #: None: the configuration does not say where it is.
    manager: ManagerLook | None = None
    #: How far its clock is ahead of ours (seconds); None: it does not say, or the clock is ours.
    clock_ahead: float | None = None
    #: Milliseconds; None: neither ARI nor a file shows it.
    websocket_write_timeout: float | None = None
    files: AsteriskFiles | None = None
    #: What could not be looked at, and why, a sentence each.
    unseen: tuple[str, ...] = ()
    #: Those of its endpoints that never have answered the OPTIONS of a running healthmon.
    never_answered: tuple[Target, ...] = ()
    #: Those that are registered, and never have answered Asterisk's OPTIONS; and those that answer us later than it
    #: waits. It calls both Unreachable, as a running healthmon has seen.
    registered_and_silent: tuple[Target, ...] = ()
    answering_too_late: tuple[Target, ...] = ()


class Looking(Struct, frozen=True):
    """How to look at a PBX."""

    progress: WithProgress
    #: Whether anybody is told of an endpoint, so that its settings matter.
    is_watched: Callable[[Target], bool]
    #: Whether the check of an endpoint is worth a second look.
    is_worth_a_look: Callable[[EndpointSettings], bool]
    #: So many endpoints are asked about at most.
    most: int
    #: Where Asterisk's files are, if it runs on this machine.
    folder: Path


def look_at_pbx(pbx: PbxConfig, how: Looking) -> PbxLook:
    """Look at a PBX. That it cannot be looked at is a result like any other."""
    try:
        surveyed = survey(pbx, how.progress, wanted=how.is_watched, most=how.most)
        with closing(AriClient(pbx)) as client:
            return _looked(client, pbx, surveyed, how)
    except AriError as error:
        return PbxLook(pbx, FailedLook.of(error))


def _looked(client: AriClient, pbx: PbxConfig, surveyed: Survey, how: Looking) -> PbxLook:
    info = client.info()
    clock_ahead = _clock_ahead(info)
    unseen = _left_out(surveyed, how)
    files = None
    write_timeout = client.websocket_write_timeout()
    if info.shares_our_clock:
        files, why_not = look_at_files(how.folder, pbx.username)
    else:
        why_not = "http.conf and ari.conf lie on another machine"
    if files is not None and write_timeout is None:
        write_timeout = files.websocket_write_timeout
    if why_not:
        unseen += (f"sessionlimit, ACL of the ARI user: {why_not}",)
    if write_timeout is None:
        unseen += ("websocket_write_timeout: this version of Asterisk does not show it through ARI",)
    manager = _look_at_manager(pbx)
    return PbxLook(
        pbx,
        survey=surveyed,
        aors=_aors(client, surveyed, how),
        not_watched=_not_watched(client, surveyed, how),
        may_write=client.may_write(),
        lacking_transports=_lacking_transports(client, surveyed, manager, how),
        manager=manager,
        is_pretty=client.is_pretty(),
        clock_ahead=clock_ahead,
        websocket_write_timeout=write_timeout,
        files=files,
        unseen=unseen,
    )


def _clock_ahead(info: PbxInfo) -> float | None:
    """How far the clock of a PBX is ahead of ours, just after it was asked (seconds)."""
    if info.pbx_time is None or info.shares_our_clock:
        return None
    return info.pbx_time + _HALF_A_SECOND - time.time()


def _look_at_manager(pbx: PbxConfig) -> ManagerLook | None:
    if not pbx.ami:
        return None
    try:
        with closing(client_for_one_look(pbx)) as client:
            listed = client.registrations()
            of_pjsip = listed or []
            return ManagerLook(
                registrations=(*of_pjsip, *client.older_registrations()),
                given_up=_given_up(client, of_pjsip),
                in_maintenance=client.in_maintenance() or (),
                rights=client.rights(),
                lacks_module=listed is None,
            )
    except AmiError as error:
        return ManagerLook(
            error.what,
            is_refused=isinstance(error, AmiDenied),
            hears_only=isinstance(error, AmiHearsOnly),
            is_foreign=isinstance(error, AmiForeign),
            is_in_use=isinstance(error, AmiInUse),
        )


def _given_up(client: AmiClient, registrations: Sequence[OutboundRegistration]) -> tuple[str, ...]:
    """Ask which of them are not tried any more, where our user may do that."""
    rejected = [registration for registration in registrations if registration.status == REJECTED]
    if not rejected:
        return ()
    dues = client.next_tries(registrations)
    return tuple(row.name for row in rejected if row.name in dues and stopped_by_now(row, dues[row.name]))


def _left_out(surveyed: Survey, how: Looking) -> tuple[str, ...]:
    """Say how many watched endpoints were not asked about."""
    watched = sum(map(how.is_watched, surveyed.states))
    asked = len(surveyed.settings) + len(surveyed.unconfigured)
    if asked == watched:
        return ()
    return (f"{watched - asked} of {watched} watched endpoints: only the first {asked} were asked about",)


def _not_watched(client: AriClient, surveyed: Survey, how: Looking) -> tuple[Target, ...]:
    """The endpoints that no section takes, without those that are known to be in Asterisk's list only."""
    others = [target for target in surveyed.states if not how.is_watched(target)]
    gone = {target for target in others[:MOST_NOT_WATCHED] if client.is_configured(target) is False}
    return tuple(target for target in others if target not in gone)


def _lacking_transports(
    client: AriClient, surveyed: Survey, manager: ManagerLook | None, how: Looking
) -> dict[str, tuple[str, ...]]:
    """Ask for each transport that a provider or a registration names whether it is loaded; return those that are not.

    Who names each stands beside it.
    """
    pace = RequestRate.for_settings(at_once=ASKED_AT_ONCE)
    named: dict[str, list[str]] = {}
    try:
        for settings in surveyed.settings:
            if settings.known and how.is_worth_a_look(settings):
                pace.wait()
                named.setdefault(client.transport_of(settings.target), []).append(settings.target.endpoint)
        for registration in manager.registrations if manager is not None else ():
            named.setdefault(registration.transport, []).append(f"registration {registration.name}")
        return {name: tuple(who) for name, who in named.items() if name and not client.has_transport(name)}
    except AriUnexpected:
        return {}


def _aors(client: AriClient, surveyed: Survey, how: Looking) -> dict[Target, tuple[AorCheck, ...]]:
    """Ask for the AORs of the endpoints that are worth it, at the pace at which their settings were asked for."""
    pace = RequestRate.for_settings(at_once=ASKED_AT_ONCE)
    found = {}
    for settings in surveyed.settings:
        if settings.known and how.is_worth_a_look(settings):
            pace.wait()
            try:
                found[settings.target] = client.aor_checks(settings.target)
            except AriUnexpected:
                continue
    return found
