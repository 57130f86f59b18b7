"""Why the manager interface of a PBX cannot be asked is said once, in the row of the PBX."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.core.belief.pbx import NO_REGISTRATIONS
from healthmon.model import REGISTRATION, Changes, Check, EndpointSettings, Health, Kind, Target
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.read.queries import open_reader
from tests.cli.conftest import database
from tests.report.builder import MINUTE, NOW, connection, endpoint, provider, running

__all__ = ["database"]

WORDS = (
    "manager interface: not allowed; the user healthmon may not ask for registrations: "
    "manager.conf needs read = system and write = reporting for it"
)


def shown(database: Path, wish: StatusLayout, width: int | None = None) -> str:
    """The status of a PBX whose manager interface cannot be asked, with two registrations, one lost before."""
    manager = connection(belief=Health.DEGRADED, check=Check.MANAGER, reason=f"{WORDS}; {NO_REGISTRATIONS}")
    hidden: dict[str, Any] = {"unknown_because": WORDS, "unknown_since": NOW - MINUTE}
    lost = replace(provider("trunk", Health.DOWN, **hidden), check=Check.REGISTRATION)
    other = endpoint(Target("office", REGISTRATION, "old"), Kind.REGISTRATION, check=Check.REGISTRATION, **hidden)
    states = [connection(), manager, provider("trunk"), lost, other]
    with running(database, states), open_reader(database) as reader:
        return status_text(status_data(read_status(reader, NOW)), wish, ZoneInfo("Europe/Berlin"), Screen(width))


def test_the_sentence_is_in_the_row_of_the_pbx_alone(database: Path) -> None:
    text = shown(database, StatusLayout())

    assert text.count("manager.conf needs read = system") == 1
    [header, office] = [line for line in text.splitlines() if line.startswith(("PBX ", "office "))]
    assert header.split()[-2:] == ["ENDPOINTS", "WHY"]
    assert f"2 unknown  {WORDS}; {NO_REGISTRATIONS}" in office
    assert "registration: not known (see PBX office); was down before" in text
    [old] = [line for line in text.splitlines() if line.startswith("REGISTRATION/old")]
    assert old.endswith("not known (see PBX office)")


def test_where_the_row_of_the_pbx_is_not_shown_the_sentence_stays(database: Path) -> None:
    degraded = connection(belief=Health.DEGRADED, check=Check.MANAGER, reason=f"{WORDS}; {NO_REGISTRATIONS}")
    hidden: dict[str, Any] = {"unknown_because": WORDS, "unknown_since": NOW - MINUTE}
    unseen = provider("trunk", Health.UNKNOWN, check=Check.REGISTRATION, **hidden)
    with running(database, [connection(), degraded, unseen]), open_reader(database) as reader:
        text = status_text(
            status_data(read_status(reader, NOW)), StatusLayout(only_down=True), ZoneInfo("Europe/Berlin"), Screen(None)
        )

    assert "PBX  " not in text
    assert WORDS in text


@pytest.mark.parametrize("width", [80, 140])
def test_a_narrow_terminal_leaves_out_the_times_of_events_for_the_reason(database: Path, width: int) -> None:
    text = shown(database, StatusLayout(), width)

    assert ("No room for EVENT" in text) is (width == 80)
    assert all(len(line) <= width for line in text.splitlines())


REFUSED = "manager interface: login refused; ami_username or ami_password is wrong"


def never_let_in(database: Path, **manager: Any) -> str:
    """The status of a PBX whose manager interface has refused from the beginning on; ``manager``: how it stands."""
    states = [
        connection(),
        connection(check=Check.MANAGER, **manager),
        provider("trunk"),
        provider("by-ip"),
    ]
    trunk = Target("office", "PJSIP", "trunk")
    settings = EndpointSettings(trunk, NOW, known=True, has_static_contact=True, has_outbound_auth=True)
    with running(database, states) as writer:
        writer.commit(Changes(settings={trunk: settings}))
        with open_reader(database) as reader:
            return status_text(
                status_data(read_status(reader, NOW)), StatusLayout(), ZoneInfo("Europe/Berlin"), Screen(None)
            )


#: Refused a moment ago, and not believed yet; believed.
PENDING: dict[str, Any] = {
    "belief": None,
    "pending": Health.DEGRADED,
    "pending_since": NOW - MINUTE,
    "remark": f"{REFUSED}; {NO_REGISTRATIONS}",
}
BELIEVED: dict[str, Any] = {
    "belief": Health.DEGRADED,
    "since": NOW - MINUTE,
    "reason": f"{REFUSED}; {NO_REGISTRATIONS}",
}


@pytest.mark.parametrize("manager", [PENDING, BELIEVED], ids=["not believed yet", "believed"])
def test_who_was_never_let_in_says_so_from_the_beginning_and_not_of_who_registers_nowhere(
    database: Path, manager: dict[str, Any]
) -> None:
    text = never_let_in(database, **manager)

    [office, trunk, by_ip] = [line for line in text.splitlines() if line.startswith(("office ", "PJSIP/"))]
    assert f"{REFUSED}; {NO_REGISTRATIONS}" in office
    assert text.count("ami_password is wrong") == 1
    assert "registration unknown since" in trunk
    assert "(manager interface: login refused)" in trunk
    assert "registration" not in by_ip
    assert "2 endpoints: 2 up; 1 with registration unknown. Registrations of office unknown." in text


def test_who_was_let_in_before_had_none(database: Path) -> None:
    works = {**PENDING, "belief": Health.UP}
    states = [connection(), connection(check=Check.MANAGER, **works), provider("trunk")]
    with running(database, states), open_reader(database) as reader:
        [pbx] = read_status(reader, NOW).pbxs

    assert not pbx.no_registrations
