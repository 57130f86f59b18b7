"""Findings about how Asterisk checks what is watched: what it cannot notice, nobody can tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from shlex import quote

from msgspec import Struct

from healthmon.ari.messages import AorCheck
from healthmon.config.configuration import Config
from healthmon.config.loading.checks import PROBE_LIBRARIES, how_to_install, missing_of
from healthmon.core.belief.evidence import has_unchecked_name, kind_by_settings
from healthmon.model import OPTIONS_ANSWERED_WITHIN, EndpointSettings, Kind, Target
from healthmon.model.target import Probe
from healthmon.report.admin.discovery import NOT_CHECKED, escaped_pattern, qualify_in_words
from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity, Remedy
from healthmon.report.doctor.switch_on import CONFIGURATION
from healthmon.report.formatting import counted
from healthmon.sources.examination import PbxLook

#: An outage that is noticed later than this is noticed late (seconds).
SLOW = 120.0
#: Longer than healthmon's own OPTIONS wait for an answer (seconds): what answers these is not too late.
WAITS_LONG_ENOUGH = OPTIONS_ANSWERED_WITHIN + 1.0
#: So many sections are written out; further ones are like these.
MOST_WRITTEN = 10
RELOAD = "asterisk -rx 'module reload res_pjsip.so'"
FREEPBX_TRUNK = "Connectivity > Trunks, the trunk's pjsip Settings, Advanced"
FREEPBX_QUALIFY = (
    f"{FREEPBX_TRUNK}: Qualify Frequency 60. Of an extension: Qualify Frequency on its Advanced tab. Then Apply Config."
)


class Noticing(Struct, frozen=True):
    """How soon Asterisk notices the loss of the endpoints of a watch section on one PBX."""

    watch: str
    endpoints: int
    #: Seconds; 0: they are not checked.
    qualify_frequency: float
    qualify_timeout: float
    #: Whether healthmon's own OPTIONS ask what Asterisk does not check.
    is_asked_by_us: bool = False


def noticing(look: PbxLook, config: Config) -> list[Noticing]:
    """Say for each watch section how soon a loss is noticed, for each pace at which its endpoints are checked."""
    counts: dict[tuple[str, float, float, bool], int] = {}
    for settings in _known(look):
        watch = config.watch_for(settings.target)
        if watch and settings.has_address:
            pace, is_asked = (settings.qualify_frequency, settings.qualify_timeout), False
            if qualify_in_words(settings) == NOT_CHECKED:
                pace = (0.0, 0.0)
                is_wanted = is_provider(settings, config) and watch.probe is not Probe.NO
                is_asked = is_wanted and not missing_of(PROBE_LIBRARIES)
            counts[watch.name, *pace, is_asked] = counts.get((watch.name, *pace, is_asked), 0) + 1
    return [Noticing(name, count, every, within, is_asked) for (name, every, within, is_asked), count in counts.items()]


def is_worth_a_look(settings: EndpointSettings, config: Config) -> bool:
    """Whether the AORs of an endpoint are to be looked at: a provider's, and those that are checked badly."""
    return is_provider(settings, config) or qualify_in_words(settings) == NOT_CHECKED or _is_slow(settings)


def is_provider(settings: EndpointSettings, config: Config) -> bool:
    """Whether an endpoint is watched as a provider."""
    watch = config.watch_for(settings.target)
    kind = kind_by_settings(settings.target, settings)
    if watch and watch.kind:
        kind = watch.kind
    return kind is Kind.PROVIDER


def findings(look: PbxLook, config: Config) -> Iterator[DoctorFinding]:
    """Say what Asterisk cannot notice, or only late."""
    known = [settings for settings in _known(look) if settings.has_address]
    providers = {settings.target for settings in known if is_provider(settings, config)}
    not_checked = [settings.target for settings in known if qualify_in_words(settings) == NOT_CHECKED]
    yield from _providers_not_qualified(look, [target for target in not_checked if target in providers], config)
    phones = [target for target in not_checked if target not in providers]
    if phones:
        why = "The loss of one is noticed only when its registration expires, up to an hour later."
        yield _not_qualified(look, phones, Gravity.ADVICE, counted(len(phones), "watched phone"), why)
    yield from _slowly(look, [settings.target for settings in known if _is_slow(settings)])
    yield from _any_answer(look, [target for target in providers if not _is_asked_by_us(target, config)], config)
    yield from _odd_names(look, [settings.target for settings in known])
    yield from _never_answered(look, config)
    yield from _registered_and_silent(look)
    yield from _answering_too_late(look)
    yield from _no_address(look, [settings.target for settings in _known(look) if not settings.has_address], config)


def _known(look: PbxLook) -> list[EndpointSettings]:
    if look.survey is None:
        return []
    return [settings for settings in look.survey.settings if settings.known]


def _is_slow(settings: EndpointSettings) -> bool:
    is_checked = qualify_in_words(settings) != NOT_CHECKED
    return is_checked and settings.qualify_frequency + settings.qualify_timeout > SLOW


def _providers_not_qualified(look: PbxLook, targets: Sequence[Target], config: Config) -> Iterator[DoctorFinding]:
    if not targets:
        return
    gravity = Gravity.SERIOUS
    why = (
        "The loss of one is never noticed: its address is fixed, so Asterisk calls it online for ever. With probe = "
        f"auto in its [watch …] section healthmon asks it itself.{_needed_first()}"
    )
    if all(_is_asked_by_us(target, config) for target in targets):
        gravity = Gravity.ADVICE
        why = "Asterisk calls it online for ever, and sends calls to it; only healthmon's own OPTIONS notice its loss."
    silent = [target.endpoint for target in targets if target in look.never_answered]
    if silent:
        why += (
            f" {', '.join(silent[:MOST_WRITTEN])} never answered our OPTIONS: if it answers none, leave it so, for "
            "Asterisk would call it Unreachable, and send it no calls."
        )
    yield _not_qualified(look, targets, gravity, counted(len(targets), "watched provider"), why)


def _not_qualified(look: PbxLook, targets: Sequence[Target], gravity: Gravity, whom: str, why: str) -> DoctorFinding:
    return DoctorFinding(
        name=FindingName.NOT_QUALIFIED,
        gravity=gravity,
        pbx=look.pbx.name,
        means=f"Asterisk does not check {whom}: qualify_frequency is 0.",
        why=why,
        remedies=(_in_each_aor(look, targets, "qualify_frequency = 60", lambda aor: not aor.qualify_frequency),),
        freepbx=FREEPBX_QUALIFY,
        endpoints=tuple(target.endpoint for target in targets),
    )


def _slowly(look: PbxLook, targets: Sequence[Target]) -> Iterator[DoctorFinding]:
    if not targets:
        return
    checks = [check for target in targets for check in look.aors.get(target, ())]
    slowest = max((check.qualify_frequency + check.qualify_timeout for check in checks), default=SLOW)
    yield DoctorFinding(
        name=FindingName.QUALIFIED_SLOWLY,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"Asterisk checks {counted(len(targets), 'watched endpoint')} less than every {SLOW:g} s.",
        why=(
            f"The loss of one is noticed up to {slowest:g} s later (qualify_frequency + qualify_timeout), and believed "
            "after a second check."
        ),
        remedies=(_in_each_aor(look, targets, "qualify_frequency = 60", lambda aor: aor.qualify_frequency > 60),),
        freepbx=FREEPBX_QUALIFY,
        endpoints=tuple(target.endpoint for target in targets),
    )


def _any_answer(look: PbxLook, targets: Iterable[Target], config: Config) -> Iterator[DoctorFinding]:
    lenient = [target for target in sorted(targets) if any(map(_takes_any_answer, look.aors.get(target, ())))]
    if not lenient:
        return
    why = "A provider that refuses every call with 503 looks well."
    freepbx = ""
    has_option = any(aor.qualify_2xx_only is False for target in lenient for aor in look.aors[target])
    if has_option:
        remedy = _in_each_aor(look, lenient, "qualify_2xx_only = yes", _takes_any_answer)
        freepbx = (
            "It has no field for that. In pjsip.aor_custom_post.conf write [NAME](+type=aor), and the option below it."
        )
        why += (
            " Look first what it answers in good times (asterisk -rx 'pjsip set logger on'): one that answers 404 or "
            "405 then would be unreachable for ever, and get no calls. For such a one have healthmon ask itself "
            f"instead: probe = auto in its [watch …] section.{_needed_first()}"
        )
    else:
        remedy = _ask_ourselves(lenient, config)
        why += " This version of Asterisk has no qualify_2xx_only; but healthmon can ask itself."
    yield DoctorFinding(
        name=FindingName.ANY_ANSWER,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"Any answer to OPTIONS makes {counted(len(lenient), 'provider')} reachable, a 503 too.",
        why=why,
        remedies=(remedy,),
        freepbx=freepbx,
        endpoints=tuple(target.endpoint for target in lenient),
    )


def _takes_any_answer(aor: AorCheck) -> bool:
    return aor.has_static_contact and aor.qualify_frequency > 0 and not aor.qualify_2xx_only


def _is_asked_by_us(target: Target, config: Config) -> bool:
    """Whether healthmon sends OPTIONS of its own to a provider that Asterisk checks badly."""
    watch = config.watch_for(target)
    return watch is not None and watch.probe is not Probe.NO


def _needed_first() -> str:
    """Say what must be installed before healthmon can ask by itself; "": all is there."""
    missing = missing_of(PROBE_LIBRARIES)
    if not missing:
        return ""
    return f" That needs {missing} first: {how_to_install('sip')}."


def _ask_ourselves(targets: Iterable[Target], config: Config) -> Remedy:
    """Have healthmon itself send OPTIONS to some endpoints: an option of their watch sections."""
    names = dict.fromkeys(watch.name for target in targets if (watch := config.watch_for(target)))
    lines = [line for name in names for line in (f"[watch {name}]", "probe = auto")]
    missing = missing_of(PROBE_LIBRARIES)
    if missing:
        lines.insert(0, f"# needs {missing}: {how_to_install('sip')}")
    return Remedy(CONFIGURATION, tuple(lines))


def _odd_names(look: PbxLook, targets: Sequence[Target]) -> Iterator[DoctorFinding]:
    odd = [target for target in targets if has_unchecked_name(target)]
    if not odd:
        return
    lines = [f"[{_plain(target.resource)}]     ; instead of [{target.resource}]" for target in odd[:MOST_WRITTEN]]
    yield DoctorFinding(
        name=FindingName.NEVER_QUALIFIED_NAME,
        gravity=Gravity.SERIOUS,
        pbx=look.pbx.name,
        means=f"The names of {counted(len(odd), 'watched endpoint')} have a space, or a letter that is not ASCII.",
        why="Asterisk never checks such an endpoint, whatever its qualify_frequency is: it is unreachable for ever.",
        remedies=(Remedy("pjsip.conf", tuple(lines), (RELOAD,)),),
        endpoints=tuple(target.endpoint for target in odd),
    )


def _never_answered(look: PbxLook, config: Config) -> Iterator[DoctorFinding]:
    """Say who is asked by our own OPTIONS, and has answered none."""
    watched = [(target, config.watch_for(target)) for target in look.never_answered]
    asked = {target: watch for target, watch in watched if watch and watch.probe is not Probe.NO}
    if not asked:
        return
    lines = []
    for watch in dict.fromkeys(asked.values()):
        lines += [f"[watch {watch.name}]", "probe = no"]
    shown = [f"pjsip show endpoint {target.resource}" for target in list(asked)[:MOST_WRITTEN]]
    yield DoctorFinding(
        name=FindingName.NEVER_ANSWERED,
        gravity=Gravity.REMARK,
        pbx=look.pbx.name,
        means=f"Never has answered our OPTIONS: {counted(len(asked), 'watched endpoint')}.",
        why=(
            "Many providers answer nobody but the PBX of their customer, so nothing is concluded from that, and the "
            "loss of one is not noticed by our OPTIONS. But the address or the port may be wrong: check them, or set "
            "probe = no."
        ),
        remedies=(
            Remedy(commands=tuple(f"asterisk -rx {quote(command)}     # its contact" for command in shown)),
            Remedy(CONFIGURATION, tuple(lines)),
        ),
        endpoints=tuple(target.endpoint for target in asked),
    )


def _registered_and_silent(look: PbxLook) -> Iterator[DoctorFinding]:
    targets = look.registered_and_silent
    if not targets:
        return
    yield DoctorFinding(
        name=FindingName.REGISTERED_YET_UNREACHABLE,
        gravity=Gravity.SERIOUS,
        pbx=look.pbx.name,
        means=(
            f"Registered, and never answered Asterisk's OPTIONS: {counted(len(targets), 'watched provider')}. Asterisk "
            "calls it Unreachable, and so sends it no calls."
        ),
        why=(
            "It lives, for it takes the registration; some providers answer no OPTIONS. If this is such a one, have "
            "Asterisk not check it: then it gets calls, and its registration alone tells of its loss. Else OPTIONS are "
            "lost on the way: a firewall, or another port in its contact than in server_uri."
        ),
        remedies=(_in_each_aor(look, targets, "qualify_frequency = 0", _is_checked),),
        freepbx=f"{FREEPBX_TRUNK}: Qualify Frequency 0. Then Apply Config.",
        endpoints=tuple(target.endpoint for target in targets),
    )


def _is_checked(aor: AorCheck) -> bool:
    return aor.has_static_contact and aor.qualify_frequency > 0


def _answering_too_late(look: PbxLook) -> Iterator[DoctorFinding]:
    targets = look.answering_too_late
    if not targets:
        return
    line = f"qualify_timeout = {WAITS_LONG_ENOUGH:g}"
    yield DoctorFinding(
        name=FindingName.ANSWERS_TOO_LATE,
        gravity=Gravity.SERIOUS,
        pbx=look.pbx.name,
        means=f"Answers OPTIONS later than qualify_timeout: {counted(len(targets), 'watched endpoint')}.",
        why=(
            "It lives, and answers healthmon's own OPTIONS; Asterisk has given up by then, calls it Unreachable, and "
            "sends it no calls. After how long it answers stands in status."
        ),
        remedies=(
            _in_each_aor(look, targets, line, lambda aor: _is_checked(aor) and aor.qualify_timeout < WAITS_LONG_ENOUGH),
        ),
        freepbx=(
            "It has no field for that. In pjsip.aor_custom_post.conf write [NAME](+type=aor), and the option below it."
        ),
        endpoints=tuple(target.endpoint for target in targets),
    )


def _plain(name: str) -> str:
    """Write a name with letters, digits and ``-`` only."""
    without_accents = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", without_accents.strip()) or "another-name"


def _no_address(look: PbxLook, targets: Sequence[Target], config: Config) -> Iterator[DoctorFinding]:
    if not targets:
        return
    yield DoctorFinding(
        name=FindingName.NO_ADDRESS,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"Asterisk has no address of {counted(len(targets), 'watched endpoint')}: no AOR that takes a contact.",
        why=(
            "It is offline to Asterisk for ever, also while it is in a call, and so unknown to healthmon. Give it an "
            "AOR with the provider's contact and qualify_frequency, or have no section watch it."
        ),
        remedies=(Remedy(CONFIGURATION, tuple(_excluding(targets[:MOST_WRITTEN], config))),),
        endpoints=tuple(target.endpoint for target in targets),
    )


def _excluding(targets: Sequence[Target], config: Config) -> Iterator[str]:
    """Have no section watch some endpoints; what a section excludes already stays so."""
    watches = dict.fromkeys(watch for target in targets if (watch := config.watch_for(target)))
    for watch in watches:
        names = [escaped_pattern(target.endpoint) for target in targets if config.watch_for(target) == watch]
        yield f"[watch {watch.name}]"
        yield f"exclude = {', '.join([*watch.exclude, *names])}"


def _in_each_aor(look: PbxLook, targets: Sequence[Target], line: str, is_meant: Callable[[AorCheck], bool]) -> Remedy:
    """Write an option into the sections of those AORs of some endpoints that are meant."""
    names = dict.fromkeys(aor.name for target in targets for aor in look.aors.get(target, ()) if is_meant(aor))
    lines: list[str] = []
    for name in list(names)[:MOST_WRITTEN]:
        lines += [f"[{name}]     ; the section with type = aor", line]
    if len(names) > MOST_WRITTEN:
        lines.append(f"; and the same in {len(names) - MOST_WRITTEN} more; where they share a template, once in that")
    return Remedy("pjsip.conf", tuple(lines), (RELOAD,))
