"""Findings about Asterisk's own settings: of its HTTP server, of ARI, its modules, its clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from healthmon.report.admin.discovery import lack_of_drivers, missing_modules_in_words
from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity, Remedy
from healthmon.report.doctor.switch_on import FREEPBX_SESSION_LIMIT, RELOAD_ARI, RELOAD_HTTP
from healthmon.report.formatting import duration
from healthmon.sources.examination import PbxLook
from healthmon.sources.survey import Survey
from healthmon.text.lists import listed

#: A line that is stuck for so long is no rarity (milliseconds).
ENOUGH_WRITE_TIMEOUT = 1000
#: healthmon holds two or three connections, and others want some as well.
ENOUGH_SESSIONS = 20
#: Of those who name a transport (characters).
_ROOM_FOR_NAMES = 200
#: Seconds.
CLOCK_MAY_BE_OFF = 2.0


def findings(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    """Say what of Asterisk's own settings stands in the way."""
    yield from _modules(look, surveyed)
    yield from _transports(look)
    yield from _list(look, surveyed)
    yield from _ari_settings(look)
    yield from _sessions(look)
    yield from _clock(look)


def _modules(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    if surveyed.missing_modules:
        yield DoctorFinding(
            name=FindingName.MODULES_MISSING,
            gravity=Gravity.SERIOUS,
            pbx=look.pbx.name,
            means=f"{missing_modules_in_words(surveyed.missing_modules)}.",
            why="Without these there are no events, or no answers to questions.",
            remedies=(_loaded(surveyed.missing_modules),),
        )
    if surveyed.missing_drivers:
        drivers = [f"chan_{technology.lower()}.so" for technology in surveyed.missing_drivers]
        yield DoctorFinding(
            name=FindingName.DRIVER_MISSING,
            gravity=Gravity.SERIOUS,
            pbx=look.pbx.name,
            means=f"{lack_of_drivers(surveyed.missing_drivers)}.",
            why="No call over these is possible, though Asterisk lists their endpoints.",
            remedies=(_loaded(drivers),),
        )


def _loaded(modules: Iterable[str]) -> Remedy:
    return Remedy(commands=tuple(f"asterisk -rx 'module load {module}'" for module in modules))


def _transports(look: PbxLook) -> Iterator[DoctorFinding]:
    for name, who in look.lacking_transports.items():
        yield DoctorFinding(
            name=FindingName.TRANSPORT_MISSING,
            gravity=Gravity.SERIOUS,
            pbx=look.pbx.name,
            means=f"Asterisk has not loaded the PJSIP transport {name}, named by {listed(who, _ROOM_FOR_NAMES)}.",
            why=(
                "Calls and registrations by it fail. Its name is spelt otherwise, or a file that it names (cert_file, "
                "priv_key_file) is missing or not readable: Asterisk's log says which."
            ),
            remedies=(
                Remedy(
                    commands=(
                        "asterisk -rx 'pjsip show transports'     # those that are loaded",
                        "asterisk -rx 'core restart gracefully'     # once its section in pjsip.conf is right",
                    )
                ),
            ),
            endpoints=tuple(endpoint for endpoint in who if endpoint.startswith("PJSIP/")),
        )


def _list(look: PbxLook, surveyed: Survey) -> Iterator[DoctorFinding]:
    if not surveyed.why_listed_singly:
        return
    yield DoctorFinding(
        name=FindingName.LIST_BROKEN,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"{surveyed.why_listed_singly}.",
        why="One endpoint whose name is not UTF-8 is not seen at all; everything else is.",
        remedies=(
            Remedy(
                "pjsip.conf",
                ("; saved as UTF-8, or that section renamed",),
                ("asterisk -rx 'core restart gracefully'",),
            ),
        ),
    )


def _ari_settings(look: PbxLook) -> Iterator[DoctorFinding]:
    write_timeout = look.websocket_write_timeout
    if write_timeout is not None and write_timeout < ENOUGH_WRITE_TIMEOUT:
        yield DoctorFinding(
            name=FindingName.WRITE_TIMEOUT,
            gravity=Gravity.REMARK,
            pbx=look.pbx.name,
            means=f"Asterisk gives up an event that cannot be sent within {write_timeout:g} ms.",
            why=(
                "When the line, or this machine, is stuck for longer, events are lost without a word; polls repair "
                "that, but later."
            ),
            remedies=(
                Remedy("ari.conf", ("[general]", f"websocket_write_timeout = {ENOUGH_WRITE_TIMEOUT}"), (RELOAD_ARI,)),
            ),
            freepbx=(
                'Settings > Advanced Settings, "Asterisk REST Interface": Web Socket Write Timeout 1000. '
                "Then Apply Config."
            ),
        )
    if look.is_pretty:
        yield DoctorFinding(
            name=FindingName.PRETTY,
            gravity=Gravity.REMARK,
            pbx=look.pbx.name,
            means="Asterisk writes its JSON for people, on many lines.",
            why="That is up to twice as much to send and to read, of every event.",
            remedies=(Remedy("ari.conf", ("[general]", "pretty = no"), (RELOAD_ARI,)),),
            freepbx=(
                'Settings > Advanced Settings, "Asterisk REST Interface": Pretty Print JSON Responses No. '
                "Then Apply Config."
            ),
        )


def _sessions(look: PbxLook) -> Iterator[DoctorFinding]:
    if look.files is None or look.files.session_limit >= ENOUGH_SESSIONS:
        return
    yield DoctorFinding(
        name=FindingName.SESSION_LIMIT,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"Asterisk takes {look.files.session_limit} HTTP connections at once.",
        why=(
            "healthmon holds two or three of them. When other programs have all, it is sent away without an answer, "
            "and the PBX seems down."
        ),
        remedies=(Remedy("http.conf", ("[general]", "sessionlimit = 100"), (RELOAD_HTTP,)),),
        freepbx=FREEPBX_SESSION_LIMIT,
    )


def _clock(look: PbxLook) -> Iterator[DoctorFinding]:
    ahead = look.clock_ahead
    if ahead is None or abs(ahead) <= CLOCK_MAY_BE_OFF:
        return
    direction = "behind"
    if ahead > 0:
        direction = "ahead of"
    yield DoctorFinding(
        name=FindingName.PBX_CLOCK,
        gravity=Gravity.ADVICE,
        pbx=look.pbx.name,
        means=f"The clock of the PBX is {duration(abs(ahead))} {direction} this machine's.",
        why="What its log and its call records tell is hard to find again in reports; certificates may seem invalid.",
        remedies=(Remedy(commands=("timedatectl set-ntp true     # on the PBX, or here: whichever is wrong",)),),
    )
