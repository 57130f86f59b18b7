"""What was looked at, as tests make it up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from healthmon.ami.registrations import OutboundRegistration
from healthmon.ari.messages import AorCheck, PbxInfo
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.shared import Hold, Secret
from healthmon.errors import Trouble
from healthmon.model import EndpointSettings, Target
from healthmon.sources.asterisk_files import AsteriskFiles
from healthmon.sources.examination import FailedLook, ManagerLook, PbxLook
from healthmon.sources.machine import MachineLook
from healthmon.sources.survey import Survey

OFFICE = PbxConfig(
    "office",
    url="http://127.0.0.1:8088",
    username="healthmon",
    password=Secret("hunter22"),
    application="healthmon-pbx1",
    ami="tcp://127.0.0.1:5038",
    ami_username="healthmon",
    hold=Hold(15, 5, 60),
)
#: Where nothing is wrong.
SOUND_FILES = AsteriskFiles(Path("/etc/asterisk"), session_limit=100, websocket_write_timeout=1000, user_has_acl=True)
SOUND_MACHINE = MachineLook(
    config_mode=0o100640,
    file_system="ext4",
    disk_bytes=100_000_000_000,
    free_bytes=50_000_000_000,
    is_synchronised=True,
    service="enabled",
)


def endpoint(name: str, frequency: float = 60, *, is_trunk: bool = False, **given: Any) -> EndpointSettings:
    """An endpoint with one AOR that Asterisk checks, or not."""
    return EndpointSettings(
        Target("office", "PJSIP", name),
        0.0,
        known=True,
        **{
            "qualify_frequency": frequency,
            "qualify_timeout": 3.0,
            "has_static_contact": is_trunk,
            "has_unqualified_static_contact": is_trunk and not frequency,
            "max_contacts": int(not is_trunk),
            **given,
        },
    )


def surveyed(*settings: EndpointSettings, version: str = "22.10.1", **given: Any) -> Survey:
    """What a survey found."""
    whole = Survey(
        info=PbxInfo("then", "later", version, shares_our_clock=True),
        states={found.target: "online" for found in settings},
        settings=list(settings),
        unconfigured=[],
        missing_drivers=(),
        missing_modules=(),
        why_listed_singly="",
        certificate_remark="",
    )
    return replace(whole, **given)


def look(
    *settings: EndpointSettings, only_2xx: bool | None = True, survey: Survey | None = None, **given: Any
) -> PbxLook:
    """A PBX that is all right, but for what is given."""
    aors = {
        found.target: (
            AorCheck(
                found.target.resource,
                found.qualify_frequency,
                found.qualify_timeout,
                only_2xx,
                found.has_static_contact,
            ),
        )
        for found in settings
    }
    whole = PbxLook(
        OFFICE,
        survey=survey or surveyed(*settings),
        aors=aors,
        manager=registered(),
        websocket_write_timeout=1000,
        files=SOUND_FILES,
    )
    return replace(whole, **given)


def registered(
    max_retries: int = 10_000, waits: tuple[float, float, float] = (60, 300, 300), status: str = "Registered"
) -> ManagerLook:
    """What a manager interface says of one registration."""
    uris = ("sip:user@sip.example.net", "sip:sip.example.net")
    return ManagerLook(
        registrations=(OutboundRegistration("trunk-reg", *uris, status, max_retries=max_retries, waits=waits),)
    )


def older(name: str, status: str) -> OutboundRegistration:
    """A registration of chan_sip or chan_iax2."""
    return OutboundRegistration(name, "me", "", status, technology=name.partition("/")[0])


def unseen(trouble: Trouble, what: str) -> PbxLook:
    """A PBX that lets nobody look."""
    return PbxLook(OFFICE, FailedLook(trouble, "GET /asterisk/info", what))
