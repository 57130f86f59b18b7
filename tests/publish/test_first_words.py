"""What the first list says of a registration, and that it is not known, are seen wherever somebody looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.core.belief.evidence import RESTARTED
from healthmon.core.belief.pbx import NO_REGISTRATIONS
from healthmon.model import REGISTRATION, Changes, Check, CheckState, EndpointSettings, Health, Kind, Target
from healthmon.publish.terminal.frame import View, frame
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.read.queries import open_reader
from tests.cli.conftest import Run, database, run
from tests.publish.scene import site
from tests.publish.test_metrics import samples, value
from tests.report.builder import MINUTE, NOW, connection, endpoint, provider, running

__all__ = ["database", "run"]

UTC = ZoneInfo("UTC")
DOWN, UNKNOWN, UP = Health.DOWN, Health.UNKNOWN, Health.UP
TRUNK = "PJSIP/trunk"
LOST = "not registered at sip.example.net: rejected, or not answered; incoming calls are affected"
REFUSED = "manager interface: connection refused: nothing listens on 127.0.0.1:5038; is enabled = yes in manager.conf?"
GRACE = f"{RESTARTED} 11:59:00"

PENDING: dict[str, Any] = {"pending": DOWN, "pending_since": NOW - 12, "pending_hold": 30.0, "remark": LOST}
IN_GRACE: dict[str, Any] = {"unknown_because": GRACE, "unknown_since": NOW - MINUTE}
HIDDEN: dict[str, Any] = {"unknown_because": REFUSED, "unknown_since": NOW - MINUTE}


def registered(belief: Health | None = UP, name: str = "trunk", pbx: str = "office", **facts: Any) -> CheckState:
    """How the registration of a provider stands."""
    return provider(name, belief, pbx, check=Check.REGISTRATION, **facts)


def status_of(database: Path, *states: CheckState) -> Status:
    with running(database, [connection(), *states]), open_reader(database) as reader:
        return read_status(reader, NOW)


def text_of(status: Status) -> str:
    return status_text(status_data(status), StatusLayout(), UTC, Screen(None))


def line_of(text: str, name: str = TRUNK) -> str:
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return line


def watched(status: Status) -> str:
    """The screen of ``watch``, but for its last lines."""
    lines = frame(status, [], View(), UTC, (240, 20))
    return "\n".join("".join(piece.text for piece in line).rstrip() for line in lines)


# ---------------------------------------------------------------- what is not believed yet

FIRST = pytest.mark.parametrize(
    ("registration", "words"),
    [
        (registered(None, **PENDING), f"seems down for 12 s of 30 s; {LOST}"),
        (registered(None, **PENDING, **IN_GRACE), f"registration: {GRACE}; seems down for 12 s; {LOST}"),
        (registered(UP, **PENDING, **IN_GRACE), f"registration: {GRACE}; seems down for 12 s; {LOST}"),
    ],
    ids=["in its hold", "in a grace", "in a grace, up before"],
)


@FIRST
def test_a_provider_whose_registration_is_lost_at_the_first_look_is_not_green_anywhere(
    registration: CheckState, words: str, database: Path, run: Run
) -> None:
    status = status_of(database, provider("trunk"), registration)

    shown = line_of(text_of(status))
    assert " unknown, down? " in shown
    assert "G unknown (down?), R" in shown
    assert words in shown
    assert "1 endpoint: 1 unknown." in text_of(status)
    assert "unknown, down?" in watched(status)
    assert LOST in watched(status)
    with running(database, [connection(), provider("trunk"), registration]):
        done = run("check", "--endpoint", TRUNK)
        [target] = json.loads(run("status", "--json").stdout)["targets"]
    assert done.exit_code == 3
    assert f"seems down; {LOST}" in done.stdout
    assert (target["state"], target["pending"], target["check"], target["remark"]) == (
        "unknown",
        "down",
        "registration",
        LOST,
    )


@FIRST
def test_programs_are_not_told_that_it_is_up(registration: CheckState, words: str, database: Path) -> None:
    with site(database, [connection(), provider("trunk"), registration]) as found:
        assert found.get(f"/api/v1/state/office/{TRUNK}") == (200, "unknown")
        metrics = samples(found.get("/metrics")[1])
    about = {"pbx": "office", "endpoint": TRUNK, "kind": "provider", "watch": "providers"}
    assert value(metrics, "healthmon_endpoint_state", state="unknown", **about) == 1
    assert value(metrics, "healthmon_endpoint_state", state="up", **about) == 0


@pytest.mark.parametrize("check", [Check.REGISTRATION, Check.OPTIONS])
def test_a_check_that_is_lost_later_is_shown_as_a_reachability_is(check: Check, database: Path) -> None:
    status = status_of(database, provider("trunk"), provider("trunk", check=check, **PENDING))

    shown = line_of(text_of(status))
    assert " up, down? " in shown
    assert f"{check} seems down for 12 s of 30 s; {LOST}" in shown
    assert f"{check} seems down; {LOST}" in watched(status)


def test_a_pbx_in_its_grace_is_shown_as_before(database: Path) -> None:
    states = [provider("trunk", **IN_GRACE), registered(UP, **PENDING, **IN_GRACE)]

    [row] = status_of(database, *states).targets

    assert (row.state, row.check, row.reason) == (UNKNOWN, Check.REACHABILITY, GRACE)


# ---------------------------------------------------------------- what nobody can tell


def test_a_provider_whose_registration_cannot_be_asked_for_is_up_and_says_what_is_not_known(
    database: Path, run: Run
) -> None:
    manager = connection(belief=Health.DEGRADED, check=Check.MANAGER, reason=f"{REFUSED}; {NO_REGISTRATIONS}")
    states = [manager, provider("trunk"), registered(**HIDDEN), provider("other")]
    status = status_of(database, *states)

    text = text_of(status)
    said = "registration unknown since 11:59:00 (manager interface: connection refused)"
    assert " up " in line_of(text)
    assert line_of(text).endswith(said)
    assert text.count("nothing listens on 127.0.0.1:5038") == 1
    assert "2 endpoints: 2 up; 1 with registration unknown." in text
    assert said in watched(status)
    assert "2 endpoints: 2 up; 1 with registration unknown" in watched(status)
    with running(database, [connection(), *states]):
        done = run("check", "--endpoint", "PJSIP/*")
        alone = run("check", "--endpoint", TRUNK)
        [other, trunk] = sorted(json.loads(run("status", "--json").stdout)["targets"], key=lambda row: row["endpoint"])
    assert done.stdout.startswith("HEALTHMON OK: 0 of 2 down, 1 with registration unknown | ")
    [line] = [line for line in done.stdout.splitlines() if line.startswith(f"provider {TRUNK} on office up since")]
    assert line.endswith("registration unknown since 13:59:00 (manager interface: connection refused)")
    assert alone.stdout.startswith(f"HEALTHMON OK: provider {TRUNK} on office up since")
    assert (trunk["state"], trunk["unknown_checks"]) == ("up", ["registration"])
    assert "unknown_checks" not in other


def test_whoever_asks_for_registrations_is_told_that_they_are_unknown(database: Path, run: Run) -> None:
    lone = endpoint(Target("office", REGISTRATION, "old"), Kind.REGISTRATION, check=Check.REGISTRATION, **HIDDEN)
    of_branch = [connection("branch"), provider("far", pbx="branch"), registered(name="far", pbx="branch")]
    with running(database, [connection(), provider("trunk"), registered(**HIDDEN), lone, *of_branch]):
        everywhere = run("check", "--check", "registration")
        there = run("check", "--check", "registration", "--pbx", "branch")

    assert (everywhere.exit_code, there.exit_code) == (3, 0)
    assert everywhere.stdout.startswith("HEALTHMON UNKNOWN: 0 of 3 down, 2 unknown | ")


BY_EVENTS = (
    "manager interface: events only; the user healthmon may not ask for the list, and each registration is unknown "
    "until its next event: manager.conf needs write = reporting. Logs in again at a reload of healthmon"
)
FIRST_HEARD = pytest.mark.parametrize(
    "facts",
    [
        {"belief": None, "pending": Health.DEGRADED, "pending_since": NOW - MINUTE, "remark": BY_EVENTS},
        {"belief": Health.DEGRADED, "since": NOW - MINUTE, "reason": BY_EVENTS},
    ],
    ids=["not believed yet", "believed"],
)


def settings_of(name: str) -> Changes:
    """It logs in at its provider, and so most likely registers there."""
    target = Target("office", "PJSIP", name)
    found = EndpointSettings(target, NOW, known=True, has_static_contact=True, has_outbound_auth=True)
    return Changes(settings={target: found})


@FIRST_HEARD
def test_where_only_events_are_heard_nothing_is_plain_green_that_none_has_told_of(
    database: Path, run: Run, facts: dict[str, Any]
) -> None:
    manager = connection(check=Check.MANAGER, **facts)
    with running(database, [connection(), manager, provider("trunk"), provider("by-ip")]) as writer:
        writer.commit(settings_of("trunk"))
        with open_reader(database) as reader:
            status = read_status(reader, NOW)
        asked = [
            run("check", "--check", "registration", *chosen)
            for chosen in ([], ["--pbx", "office"], ["--endpoint", TRUNK], ["--endpoint", "PJSIP/by-ip"])
        ]

    text = text_of(status)
    assert status_data(status)["pbxs"][0]["no_registrations"] == BY_EVENTS
    assert "registration unknown since 11:59:00 (manager interface: events only)" in line_of(text)
    assert "registration" not in line_of(text, "PJSIP/by-ip")
    assert BY_EVENTS in line_of(text, "office")
    assert "2 endpoints: 2 up; 1 with registration unknown. Registrations of office unknown." in text
    assert [done.exit_code for done in asked] == [3, 3, 3, 3]
    assert all("may not ask for the list" in done.stdout for done in asked)


@FIRST_HEARD
def test_where_events_have_told_of_one_registration_the_others_are_still_unknown(
    database: Path, run: Run, facts: dict[str, Any]
) -> None:
    manager = connection(check=Check.MANAGER, **facts)
    states = [connection(), manager, provider("trunk"), provider("heard"), registered(name="heard")]
    with running(database, states) as writer:
        writer.commit(settings_of("trunk"))
        writer.commit(settings_of("heard"))
        with open_reader(database) as reader:
            status = read_status(reader, NOW)
        every, unheard, heard = [
            run("check", "--check", "registration", *chosen)
            for chosen in ([], ["--endpoint", TRUNK], ["--endpoint", "PJSIP/heard"])
        ]

    text = text_of(status)
    assert "registration unknown since 11:59:00 (manager interface: events only)" in line_of(text)
    assert "unknown" not in line_of(text, "PJSIP/heard")
    assert BY_EVENTS in line_of(text, "office")
    assert "1 with registration unknown." in text
    assert "Registrations of office unknown" not in text, "some are known"
    assert [done.exit_code for done in (every, unheard, heard)] == [3, 3, 0]
    assert "may not ask for the list" in every.stdout
    assert "may not ask for the list" in unheard.stdout


def test_a_registration_that_does_not_count_is_not_missed(database: Path) -> None:
    status = status_of(database, provider("trunk"), registered(counts=False, **HIDDEN))

    assert "with registration unknown" not in text_of(status)
    assert status.targets[0].is_plain_up


def test_many_of_one_reason_are_one_row(database: Path) -> None:
    names = [f"trunk-{number}" for number in range(6)]
    states = [state for name in names for state in (provider(name), registered(name=name, **HIDDEN))]

    shown = line_of(text_of(status_of(database, *states)), "6 endpoints")

    assert shown.endswith(f"(manager interface: connection refused): {', '.join(names)}")


def test_what_is_down_says_that_alone(database: Path) -> None:
    [row] = status_of(database, provider("trunk", DOWN), registered(**HIDDEN)).targets

    assert row.state is DOWN
    assert not row.unknown_checks
    assert not replace(row, state=UP).is_plain_up
