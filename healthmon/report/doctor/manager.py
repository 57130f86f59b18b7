"""Findings about registrations and what else only the manager interface tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from msgspec.structs import replace

from healthmon.ami.registrations import MODULE, OutboundRegistration
from healthmon.ami.rights import UNKNOWN_BY_EVENTS, ManagerRights
from healthmon.config.configuration import Config
from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity, Remedy
from healthmon.report.doctor.qualify import FREEPBX_TRUNK, MOST_WRITTEN, RELOAD
from healthmon.report.doctor.switch_on import (
    CONFIGURATION,
    FREEPBX_AMI_RIGHTS,
    FREEPBX_AMI_USER,
    RELOAD_AMI,
    manager_rights,
    manager_url,
    manager_user,
    usual_manager_url,
)
from healthmon.report.formatting import counted
from healthmon.sources.examination import ManagerLook, PbxLook
from healthmon.sources.manager.registration_owners import slips
from healthmon.sources.survey import Survey
from healthmon.text.lists import listed

#: A session has the rights that its user had when it began.
_LOG_IN_AGAIN = "systemctl reload healthmon     # or wait: it logs in again every 5 minutes"
#: With each login is forgotten what events told: so nobody logs in again by himself.
_LOG_IN_FOR_THE_LIST = "systemctl reload healthmon     # it does not log in again by itself"
#: A week, at an attempt a minute.
ENOUGH_RETRIES = 10_000
#: For the names of those that have failed.
_ROOM_FOR_FAILED = 400
_WHY_REGISTRATIONS = (
    "ARI tells nothing of registrations: a trunk that answers OPTIONS looks well while its registration is rejected, "
    "and no call comes in."
)


def findings(look: PbxLook, surveyed: Survey, config: Config) -> Iterator[DoctorFinding]:
    """Say what the manager interface tells, or that it cannot."""
    if look.manager is None:
        yield _no_ami(look, surveyed)
    elif look.manager.failure:
        yield _not_asked(look, look.manager)
    else:
        yield from _rights(look, look.manager.rights)
        yield from _not_registered(look, look.manager)
        yield from _gives_up(look, look.manager)
        yield from _module_missing(look, look.manager, surveyed, config)
        yield from _named_wrongly(look, look.manager, surveyed, config)
        yield from _in_maintenance(look, look.manager)


def _no_ami(look: PbxLook, surveyed: Survey) -> DoctorFinding:
    gravity = Gravity.REMARK
    if any(settings.has_outbound_auth for settings in surveyed.settings):
        gravity = Gravity.ADVICE
    ami = manager_url(look.pbx.url)
    ours = (f"[pbx {look.pbx.name}]", f"ami = {ami}", "ami_username = healthmon", "ami_password = …")
    return DoctorFinding(
        name=FindingName.NO_AMI,
        gravity=gravity,
        pbx=look.pbx.name,
        means="The manager interface (AMI) of this PBX is not asked, so nothing is known of registrations.",
        why=_WHY_REGISTRATIONS,
        remedies=(manager_user("healthmon", ami), Remedy(CONFIGURATION, ours)),
        freepbx=FREEPBX_AMI_USER,
    )


def _not_asked(look: PbxLook, manager: ManagerLook) -> DoctorFinding:
    name, gravity, also = FindingName.AMI_NOT_REACHED, Gravity.SERIOUS, ""
    means = f"The manager interface could not be asked: {manager.failure}"
    remedies = [manager_user(look.pbx.ami_username, look.pbx.ami)]
    if manager.hears_only:
        name = FindingName.AMI_REFUSED
        rights = manager_rights(look.pbx.ami_username)
        remedies = [replace(rights, commands=(*rights.commands, _LOG_IN_FOR_THE_LIST))]
        means = f"The manager interface tells of events, and cannot be asked: {manager.failure}"
        also = f" {UNKNOWN_BY_EVENTS}"
    elif manager.is_refused:
        name = FindingName.AMI_REFUSED
        remedies = [_then_log_in_again(remedies[0])]
    elif manager.is_foreign:
        ami = usual_manager_url(look.pbx.ami)
        ours = Remedy(CONFIGURATION, (f"[pbx {look.pbx.name}]", f"ami = {ami}     ; the usual port"))
        remedies = [ours, manager_user(look.pbx.ami_username, ami)]
        also = " Each refused login is a security event, which fail2ban reads."
    elif manager.is_in_use:
        gravity = Gravity.ADVICE
        remedies = [Remedy("manager.conf", (f"[{look.pbx.ami_username}]", "allowmultiplelogin = yes"), (RELOAD_AMI,))]
        also = " Where healthmon runs, that session is its own, as a rule: status shows what it knows of them."
    return DoctorFinding(
        name=name,
        gravity=gravity,
        pbx=look.pbx.name,
        means=means,
        why=f"{_WHY_REGISTRATIONS}{also}",
        remedies=tuple(remedies),
        freepbx=FREEPBX_AMI_USER,
        is_blind=True,
    )


def _then_log_in_again(remedy: Remedy) -> Remedy:
    return replace(remedy, commands=(*remedy.commands, _LOG_IN_AGAIN))


def _rights(look: PbxLook, rights: ManagerRights) -> Iterator[DoctorFinding]:
    """Say what our manager user lacks, and what it has too much."""
    user = look.pbx.ami_username
    if not rights.reads_events:
        yield DoctorFinding(
            name=FindingName.AMI_NO_EVENTS,
            gravity=Gravity.ADVICE,
            pbx=look.pbx.name,
            means=f"The manager user {user} may not read events.",
            why=(
                "That a registration is lost is seen at the next poll (poll_every) instead of at once, and the PBX is "
                "shown as degraded with that reason."
            ),
            remedies=(_then_log_in_again(manager_rights(user)),),
            freepbx=FREEPBX_AMI_RIGHTS,
        )
    if rights.powers:
        yield DoctorFinding(
            name=FindingName.AMI_MAY_DO_ALL,
            gravity=Gravity.ADVICE,
            pbx=look.pbx.name,
            means=f"The manager user {user} may do more than healthmon ever does: {', '.join(rights.powers)}.",
            why="Whoever learns its password can do that, too. A session that is open keeps its rights until it ends.",
            remedies=(manager_rights(user),),
            freepbx=FREEPBX_AMI_RIGHTS,
        )


def _not_registered(look: PbxLook, manager: ManagerLook) -> Iterator[DoctorFinding]:
    """Say which registrations have failed as things stand, whatever will become of them."""
    failed = [registration for registration in manager.registrations if registration.has_failed]
    if not failed:
        return
    named = []
    for registration in failed:
        how = registration.status
        if registration.needs_a_push or registration.name in manager.given_up:
            how += ", not tried any more"
        named.append(f"{registration.name} ({how})")
    yield DoctorFinding(
        name=FindingName.NOT_REGISTERED,
        gravity=Gravity.SERIOUS,
        pbx=look.pbx.name,
        means=f"Not registered now: {listed(named, _ROOM_FOR_FAILED)}.",
        why=(
            "No call comes in through it. Asterisk tells neither the provider's answer, nor whether it will try again: "
            "that it does not is known of chan_sip, of what healthmon has seen while it ran, and of all where its "
            "manager user may give commands."
        ),
        remedies=(Remedy(commands=_commands_to_register(failed)),),
    )


def _commands_to_register(failed: Sequence[OutboundRegistration]) -> tuple[str, ...]:
    """Say what to type, once the cause is known, to have it tried again at once."""
    of_pjsip = [registration.name for registration in failed if registration.technology == "PJSIP"]
    commands = [f"asterisk -rx {quote(f'pjsip send register {name}')}" for name in of_pjsip[:MOST_WRITTEN]]
    if len(of_pjsip) > MOST_WRITTEN:
        commands = [f"asterisk -rx {quote('pjsip send register *all')}"]
    if any(registration.needs_a_push for registration in failed):
        commands.append("asterisk -rx 'sip reload'")
    return tuple(commands)


def _gives_up(look: PbxLook, manager: ManagerLook) -> Iterator[DoctorFinding]:
    names = [
        registration.name
        for registration in manager.registrations
        if registration.technology == "PJSIP"
        and (registration.max_retries < ENOUGH_RETRIES or not registration.waits[2])
    ]
    if not names:
        return
    lines: list[str] = []
    for name in names[:MOST_WRITTEN]:
        lines += [
            f"[{name}]     ; the section with type = registration",
            f"max_retries = {ENOUGH_RETRIES}",
            "auth_rejection_permanent = no",
            "forbidden_retry_interval = 300",
            "fatal_retry_interval = 300",
        ]
    if len(names) > MOST_WRITTEN:
        lines.append(f"; and the same in {len(names) - MOST_WRITTEN} more")
    yield DoctorFinding(
        name=FindingName.GIVES_UP,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=(
            f"Once they fail, Asterisk gives up {counted(len(names), 'registration')} for good: "
            f"{', '.join(names[:MOST_WRITTEN])}."
        ),
        why=(
            "After max_retries attempts, or after one answer 401, 403 or 404, it never tries again, and nothing says "
            "so. When the provider is well again, no call comes in until somebody acts."
        ),
        remedies=(Remedy("pjsip.conf", tuple(lines), (RELOAD,)),),
        freepbx=(
            f"{FREEPBX_TRUNK}: Max Retries {ENOUGH_RETRIES}, Permanent Auth Rejection No, Forbidden Retry Interval "
            "300, Fatal Retry Interval 300. Then Apply Config."
        ),
    )


def _module_missing(look: PbxLook, manager: ManagerLook, surveyed: Survey, config: Config) -> Iterator[DoctorFinding]:
    """Say that Asterisk can register nowhere, which matters most where an endpoint seems to be meant to be."""
    watched = [target for target in filter(config.is_watched, surveyed.states) if target.technology == "PJSIP"]
    if not manager.lacks_module or not watched:
        return
    gravity = Gravity.REMARK
    if any(map(config.registrations_of, watched)) or any(found.has_outbound_auth for found in surveyed.settings):
        gravity = Gravity.ADVICE
    yield DoctorFinding(
        name=FindingName.REGISTRATION_MODULE_MISSING,
        gravity=gravity,
        pbx=look.pbx.name,
        means=f"Asterisk's module {MODULE}.so is not loaded: PJSIP registers nowhere.",
        why="A provider at which Asterisk should be registered sends no call, and its registration is unknown here.",
        remedies=(
            Remedy("modules.conf", ("[modules]", f"load = {MODULE}.so"), (f"asterisk -rx 'module load {MODULE}.so'",)),
        ),
    )


def _named_wrongly(look: PbxLook, manager: ManagerLook, surveyed: Survey, config: Config) -> Iterator[DoctorFinding]:
    """Say which registrations watch sections name that are not there, or give to several endpoints."""
    watched = list(filter(config.is_watched, surveyed.states))
    for words in slips(watched, config.registrations_of, [row.name for row in manager.registrations]):
        yield DoctorFinding(
            name=FindingName.NAMED_WRONGLY,
            gravity=Gravity.ADVICE,
            pbx=look.pbx.name,
            means=f"{words}.",
            why="That provider looks well though Asterisk is not registered at it, or others are told than should be.",
            remedies=(Remedy(commands=("healthmon discover     # shows the registrations, and whose each is",)),),
        )


def _in_maintenance(look: PbxLook, manager: ManagerLook) -> Iterator[DoctorFinding]:
    names = manager.in_maintenance
    if not names:
        return
    yield DoctorFinding(
        name=FindingName.IN_MAINTENANCE,
        gravity=Gravity.SERIOUS,
        pbx=look.pbx.name,
        means=f"In maintenance mode at Asterisk: {counted(len(names), 'endpoint')}.",
        why="Every call to and from it fails, and its provider is answered 503, while ARI calls it online.",
        remedies=(Remedy(commands=tuple(map(_out_of_maintenance, names))),),
        endpoints=tuple(f"PJSIP/{name}" for name in names),
    )


def _out_of_maintenance(name: str) -> str:
    """Say what to type; a name may hold what a shell would obey."""
    return f"asterisk -rx {quote(f'pjsip set maintenance off {name}')}"
