"""What commands print of registrations, whose names come from strangers."""

from __future__ import annotations

from healthmon.ami.registrations import OutboundRegistration
from healthmon.ami.rights import ManagerRights
from healthmon.cli.registrations import registration_lines
from healthmon.model import Target
from healthmon.sources.manager.survey import ManagerSurvey

HARM = "\x1b[31m\x07\u202e"


def test_names_and_states_cannot_steer_a_terminal() -> None:
    row = OutboundRegistration(f"reg{HARM}", "sip:a@h", "sip:h", f"Rej{HARM}")
    owner = Target("office", "PJSIP", f"trunk{HARM}")
    found = ManagerSurvey([row], {row.name: owner}, [f"slip{HARM}"], ManagerRights())

    lines = list(registration_lines("office", found, nobody="of no endpoint"))

    assert all(line.isprintable() for line in lines)
    assert lines[1].endswith(r"Rej\x1b[31m\x07\u202e")


def test_a_module_that_is_not_loaded_is_said_with_what_loads_it() -> None:
    found = ManagerSurvey([], {}, [], ManagerRights(), lacks_module=True)

    lines = list(registration_lines("office", found, nobody="of no endpoint"))

    assert lines[1] == (
        "    warning: Asterisk's module res_pjsip_outbound_registration.so is not loaded: PJSIP registers nowhere. "
        "If it should: module load res_pjsip_outbound_registration.so"
    )
