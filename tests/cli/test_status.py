"""``healthmon status``, over real databases that the store's own writer made."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.errors import ExitCode, Missed
from healthmon.model import (
    REGISTRATION,
    Changes,
    Check,
    Freshness,
    Health,
    Kind,
    Notification,
    Reason,
    Severity,
    Target,
)
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.read.queries import open_reader
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.report.builder import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    begin_to_tell,
    blind,
    connection,
    endpoint,
    fail_to_tell,
    outage,
    phone,
    provider,
    running,
    stopped,
)

UP, DEGRADED, DOWN = Health.UP, Health.DEGRADED, Health.DOWN


def test_all_up_lists_a_small_system_whole_and_exits_0(database: Path, run: Run) -> None:
    with running(database, [connection(), provider("trunk"), phone("101")]):
        result = run("status")

    assert result.exit_code == 0
    assert result.stdout == (
        "healthmon is running. It is Fri 2026-05-01 14:00 CEST.\n"
        "\n"
        "PBX     STATE  SINCE         ALIVE  EVENT  SNAPSHOT  ENDPOINTS\n"
        "office  up     30 Apr 14:00    3 s   14 s      41 s  2 up\n"
        "\n"
        "ENDPOINT     KIND      STATE  SINCE         WHY\n"
        "PJSIP/trunk  provider  up     30 Apr 14:00\n"
        "PJSIP/101    phone     up     30 Apr 14:00\n"
        "\n"
        "2 endpoints: 2 up.\n"
    )


def test_the_worst_comes_first_with_why_and_since_when_and_exits_1(database: Path, run: Run) -> None:
    states = [
        connection(),
        phone("101"),
        phone("102", DEGRADED),
        phone("103", DOWN, since=NOW - 2 * HOUR),
        phone("104", DOWN, since=NOW - HOUR),
        provider("trunk", DOWN, since=NOW - 3 * HOUR),
        phone("105", pending=DOWN, pending_since=NOW - 40),
        phone("106", unknown_because="not listed", unknown_since=NOW - MINUTE),
    ]
    with running(database, states):
        result = run("status")

    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("PJSIP/")]
    assert [row[0] for row in rows] == [f"PJSIP/{name}" for name in ("trunk", "104", "103", "102", "106", "105", "101")]
    assert rows[1] == ["PJSIP/104", "phone", "down", "13:00:00", "peer", "status", "Unreachable"]
    assert rows[4] == ["PJSIP/106", "phone", "unknown", "13:59:00", "not", "listed"]
    assert "up, down?  30 Apr 14:00  seems down for 40 s" in result.stdout
    assert result.exit_code == 1


def test_down_lists_what_is_down_and_nothing_else(database: Path, run: Run) -> None:
    with running(database, [connection(), phone("101"), phone("102", DOWN), phone("103", DOWN, ever_up=False)]):
        result = run("status", "--down")

    assert "PJSIP/102" in result.stdout
    assert "PJSIP/101" not in result.stdout
    assert "103" not in result.stdout
    assert result.exit_code == 1


def test_a_phone_that_was_never_seen_up_is_told_apart_and_is_no_alarm(database: Path, run: Run) -> None:
    with running(database, [connection(), phone("101"), phone("102", DOWN, ever_up=False)]):
        result = run("status")

    assert "1 phone never seen up: 102." in result.stdout
    assert "PJSIP/102" not in result.stdout
    assert result.exit_code == 0


def test_a_provider_that_was_never_seen_up_is_an_alarm(database: Path, run: Run) -> None:
    with running(database, [connection(), provider("trunk", DOWN, ever_up=False)]):
        result = run("status")

    assert result.exit_code == 1


def test_what_is_behind_a_blind_pbx_is_unknown_and_one_row(database: Path, run: Run) -> None:
    phones = [phone(str(101 + number)) for number in range(30)]
    states = [connection(belief=DOWN, since=NOW - 5 * MINUTE), phone("201", DOWN), *phones]
    with running(database, states, pbx_states=[blind()]):
        result = run("status")

    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith("30 endpoints")] == [
        "30 endpoints  phone  unknown  13:55:00  connection refused: "
        "101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, … and 18 more"
    ]
    assert any(line.startswith("PJSIP/201") and "was down before" in line for line in lines)
    assert "31 endpoints: 31 unknown." in lines
    assert result.exit_code == 1


def test_behind_a_blind_pbx_a_registration_is_shown_as_its_own_witness_tells_it(database: Path, run: Run) -> None:
    registration = replace(provider("trunk", DOWN), check=Check.REGISTRATION, reason="rejected")
    other = replace(provider("other"), check=Check.REGISTRATION, reason="Registered")
    states = [connection(belief=DOWN), provider("trunk"), registration, provider("other"), other]
    with running(database, states, pbx_states=[blind()]):
        text, document = run("status").stdout, json.loads(run("status", "--json").stdout)

    [trunk] = [line for line in text.splitlines() if line.startswith("PJSIP/trunk")]
    [well] = [line for line in text.splitlines() if line.startswith("PJSIP/other")]
    assert trunk.split()[2:6] == ["down", "G", "down,", "R"]
    assert trunk.endswith("registration: rejected")
    assert well.endswith("connection refused")
    assert {row["endpoint"]: row["check"] for row in document["targets"]} == {
        "PJSIP/trunk": "registration",
        "PJSIP/other": "reachability",
    }


def test_a_pbx_stands_as_its_worst_check_that_can_be_seen(database: Path, run: Run) -> None:
    inventory = connection(belief=DOWN, check=Check.INVENTORY, reason="Asterisk lists 3 of 212 endpoints")
    restarts = connection("branch", None, check=Check.RESTARTS)
    with running(database, [connection(), inventory, connection("branch"), restarts]):
        result = run("status", "--json")

    pbxs = {pbx["name"]: pbx for pbx in json.loads(result.stdout)["pbxs"]}
    # The same word as in the alert.
    assert (pbxs["office"]["state"], pbxs["office"]["reason"]) == ("degraded", "Asterisk lists 3 of 212 endpoints")
    assert pbxs["branch"]["state"] == "up"
    assert result.exit_code == 1


def test_without_a_daemon_it_says_so_first_shows_what_was_known_and_exits_3(database: Path, run: Run) -> None:
    stopped(database, [connection(), phone("101", DOWN)], alive_at=NOW - HOUR)

    result = run("status")

    assert result.stdout.startswith("NO DAEMON IS RUNNING. Known as of Fri 2026-05-01 13:00 CEST, 1 h ago.\n")
    assert "PJSIP/101" in result.stdout
    assert result.exit_code == 3


@pytest.mark.parametrize(("silence", "exit_code"), [(29, 0), (31, 3)])
def test_a_daemon_that_says_nothing_for_30_s_is_stale(database: Path, run: Run, silence: float, exit_code: int) -> None:
    with running(database, [connection()], alive_at=NOW - silence):
        result = run("status")

    assert result.stdout.startswith("STALE") == (exit_code == 3)
    assert result.exit_code == exit_code


def said_of_the_daemon(run: Run) -> tuple[str, dict[str, object], int]:
    """The first line of ``status``, what its JSON says of the daemon, and the exit code of both."""
    result, as_json = run("status"), run("status", "--json")
    assert result.exit_code == as_json.exit_code
    return result.stdout.splitlines()[0], json.loads(as_json.stdout)["daemon"], result.exit_code


def test_a_daemon_that_hangs_says_so_in_json_too(database: Path, run: Run) -> None:
    with running(database, [connection()], alive_at=NOW - 5 * MINUTE):
        line, daemon, exit_code = said_of_the_daemon(run)

    why = "the daemon hangs, or cannot write its database"
    assert line == f"STALE: {why}. Known as of Fri 2026-05-01 13:55 CEST, 5 min ago."
    assert (daemon["stale"], daemon["why"], exit_code) == (True, why, 3)


def test_a_daemon_whose_disk_is_full_says_that(database: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=4096, f_frsize=1))
    with running(database, [connection()], alive_at=NOW - 5 * MINUTE):
        line, daemon, exit_code = said_of_the_daemon(run)
    with running(database, [connection()]):
        works_yet = run("status")

    assert line.startswith("STALE: the disk of the database is full. Known as of ")
    assert (daemon["stale"], daemon["why"], exit_code) == (True, "the disk of the database is full", 3)
    assert works_yet.exit_code == 0


def test_a_daemon_that_works_has_no_excuse(database: Path, run: Run) -> None:
    with running(database, [connection()]):
        _, daemon, exit_code = said_of_the_daemon(run)

    assert (daemon["stale"], daemon["why"], exit_code) == (False, None, 0)


# ---------------------------------------------------------------- what is known of a PBX is too old


def test_a_pbx_that_nobody_looks_at_any_more_is_old_and_nobody_knows(database: Path, run: Run) -> None:
    fresh = [Freshness("office", NOW - 400, NOW - 310, NOW - 300)]
    with running(database, [connection(), connection("branch"), phone("101")], fresh=fresh):
        result = run("status")
        pbxs = {pbx["name"]: pbx["old"] for pbx in json.loads(run("status", "--json").stdout)["pbxs"]}

    assert result.stdout.splitlines()[2] == "OLD: what is known of PBX office: no sign of life for 300 s."
    assert pbxs == {"office": "no sign of life for 300 s", "branch": None}
    assert result.exit_code == 3


def test_that_something_is_down_counts_more_than_that_a_pbx_is_old(database: Path, run: Run) -> None:
    fresh = [Freshness("office", NOW - 400, NOW - 310, NOW - 300)]
    states = [connection(), connection("branch"), provider("trunk", DOWN, pbx="branch")]
    with running(database, states, fresh=fresh):
        result = run("status")

    assert "OLD: what is known of PBX office" in result.stdout
    assert result.exit_code == 1


def test_what_is_known_of_a_pbx_that_is_down_may_be_old(database: Path, run: Run) -> None:
    fresh = [Freshness("office", None, NOW - 310, NOW - 300)]
    with running(database, [connection(belief=DOWN)], fresh=fresh, pbx_states=[blind()]):
        result = run("status")

    assert "OLD" not in result.stdout
    assert result.exit_code == 1


def test_without_a_daemon_all_is_old_and_that_is_said_once(database: Path, run: Run) -> None:
    stopped(database, [connection()], alive_at=NOW - HOUR)

    result = run("status")

    assert "OLD" not in result.stdout
    assert result.exit_code == 3


def test_a_daemon_that_has_just_started_knows_nothing_yet(database: Path, run: Run) -> None:
    with running(database, alive_at=None):
        result = run("status")

    assert result.stdout.startswith("healthmon is starting: nothing is known yet.\n")
    assert result.exit_code == 3


def test_a_big_system_lists_what_is_not_up_and_counts_the_rest(database: Path, run: Run) -> None:
    with running(database, [connection(), *(phone(str(1000 + number)) for number in range(200)), phone("999", DOWN)]):
        result = run("status")
        everything = run("status", "--all")

    assert "PJSIP/1000" not in result.stdout
    assert "PJSIP/999" in result.stdout
    assert "201 endpoints: 200 up, 1 down." in result.stdout
    assert everything.stdout.count("PJSIP/") == 201


def test_of_very_many_that_are_down_the_newest_50_are_listed(database: Path, run: Run) -> None:
    with running(database, [connection(), *(phone(str(1000 + n), DOWN, since=NOW - n) for n in range(200))]):
        result = run("status")
        down = run("status", "--down")

    assert result.stdout.count("PJSIP/") == 50
    assert "… and 150 more that are not up; --all lists everything." in result.stdout
    assert down.stdout.count("PJSIP/") == 200


def test_hundreds_of_registrations_that_are_lost_at_one_server_are_one_row(database: Path, run: Run) -> None:
    alike = replace(
        provider("x", DOWN, since=NOW - HOUR), check=Check.REGISTRATION, kind=Kind.REGISTRATION, reason="rejected"
    )
    names = [f"customer-{number:03}" for number in range(300)]
    lost = [replace(alike, target=Target("office", REGISTRATION, name)) for name in names]
    with running(database, [connection(), provider("trunk"), *lost]):
        result = run("status")

    said = " ".join(result.stdout.split())
    assert "300 registrations registration down 13:00:00 rejected: customer-000, customer-001" in said
    assert "… and 288 more" in said
    assert len(result.stdout.splitlines()) < 15


def test_of_300_pbxs_those_that_are_not_up_are_listed(database: Path, run: Run) -> None:
    states = [connection(f"customer-{number:03}", DOWN if number == 17 else UP) for number in range(300)]
    with running(database, [*states, phone("101", pbx="customer-033")]):
        result = run("status")

    assert [line.split()[0] for line in result.stdout.splitlines() if line.startswith("customer-")] == ["customer-017"]
    assert "300 PBXs: 299 up, 1 down." in result.stdout


def test_names_of_strangers_are_shown_as_they_are_and_do_nothing(database: Path, run: Run) -> None:
    names = ["[red]x[/]", "a\x1b[31mb\n", "📞 Zoë", "x" * 200, "=1+1", "a/b"]
    with running(database, [connection(), *(phone(name) for name in names)]):
        result = run("status")

    shown = [line.split("  ")[0] for line in result.stdout.splitlines() if line.startswith("PJSIP/")]
    expected = ["[red]x[/]", r"a\x1b[31mb\n", "📞 Zoë", "x" * 200, "=1+1", "a/b"]
    assert sorted(shown) == sorted(f"PJSIP/{name}" for name in expected)


def test_it_says_which_hold_is_in_force_and_why(database: Path, run: Run) -> None:
    lost = phone("101", DOWN, since=NOW - HOUR, pending=UP, pending_since=NOW - 5)
    lost = replace(lost, pending_hold=40.0, pending_hold_why="changed 4 times within 10 min")
    found = phone("102", pending=DOWN, pending_since=NOW - 4, pending_hold=30.0)
    with running(database, [connection(), lost, found]):
        result = run("status")

    assert "seems up for 5 s of 40 s (changed 4 times within 10 min)" in " ".join(result.stdout.split())
    assert "seems down for 4 s of 30 s" in " ".join(result.stdout.split())


def test_what_more_contacts_are_lost_of_is_not_said_to_be_two_things_at_once(database: Path, run: Run) -> None:
    torn = replace(phone("101", DEGRADED), reason="1 of 2 contacts unreachable", remark="3 of 4 contacts unreachable")
    with running(database, [connection(), torn]):
        result = run("status")

    said = "1 of 2 contacts unreachable; now 3 of 4 contacts unreachable"
    assert said in " ".join(result.stdout.split())


def test_a_contact_that_seems_lost_is_shown_beside_an_endpoint_that_is_up(database: Path, run: Run) -> None:
    remark = "1 of 2 contacts unreachable"
    torn = replace(phone("101", pending=DEGRADED, pending_since=NOW - 4), check="contacts", remark=remark)
    with running(database, [connection(), phone("101"), torn]):
        result, data = run("status"), json.loads(run("status", "--json").stdout)

    assert "seems degraded for 4 s" in " ".join(result.stdout.split())
    assert "1 of 2 contacts unreachable" in " ".join(result.stdout.split())
    [row] = data["targets"]
    assert (row["check"], row["state"], row["pending"]) == ("contacts", "up", "degraded")
    assert [check["check"] for check in row["checks"]] == ["reachability", "contacts"]


def test_json_holds_the_same_with_times_in_utc(database: Path, run: Run) -> None:
    lost = phone("101", DOWN, since=NOW - HOUR, pending=UP, pending_since=NOW - 5)
    lost = replace(lost, pending_hold=40.0, pending_hold_why="changed 4 times within 10 min")
    states = [connection(), lost, phone("102")]
    with running(database, states):
        everything = json.loads(run("status", "--json").stdout)
        down = json.loads(run("status", "--json", "--down").stdout)

    assert everything["pbxs"][0]["last_event_at"] == "2026-05-01T11:59:46.000Z"
    assert everything["pbxs"][0]["since"] == "2026-04-30T12:00:00.000Z"
    assert everything["targets"][0] == {
        "pbx": "office",
        "endpoint": "PJSIP/101",
        "kind": "phone",
        "watch": "phones",
        "state": "down",
        "since": "2026-05-01T11:00:00.000Z",
        "pending": "up",
        "pending_hold": 40.0,
        "pending_hold_why": "changed 4 times within 10 min",
        "reason": "peer status Unreachable",
        "remark": "",
        "shown": "down",
        "belief": "down",
        "pending_for_s": 5.0,
        "changing": True,
        "flapping": False,
        "incident": None,
        "acknowledged": None,
        "muted_by": None,
        "explained_by": None,
        "alarm": True,
        "ever_up": True,
    }
    assert everything["summary"] == {
        "pbxs": {"up": 1, "degraded": 0, "down": 0, "unknown": 0},
        "endpoints": {"up": 1, "degraded": 0, "down": 1, "unknown": 0},
        "never_up": 0,
    }
    assert down["summary"] == everything["summary"]
    assert [target["endpoint"] for target in down["targets"]] == ["PJSIP/101"]
    assert len(down["pbxs"]) == 1


def test_what_is_merely_unknown_or_degraded_exits_0(database: Path, run: Run) -> None:
    why = "not qualified: Asterisk does not check it"
    never_known = provider("trunk", None, unknown_because=why, unknown_since=NOW - DAY)
    with running(database, [connection(), never_known, phone("101", DEGRADED)]):
        result = run("status")

    assert "not qualified: Asterisk does not check it" in result.stdout
    assert result.exit_code == 0


def test_a_receiver_that_cannot_be_told_is_shown_before_all_else(database: Path, run: Run) -> None:
    desk = phone("101", DOWN)
    stopped(database, [connection(), desk])
    fail_to_tell(database, outage(1, desk, NOW - HOUR), "oncall/mailto:mail.example.org", NOW - MINUTE)

    result = run("status")
    (failing,) = json.loads(run("status", "--json").stdout)["failing_receivers"]

    assert result.stdout.splitlines()[2] == (
        "CANNOT TELL oncall/mailto:mail.example.org since 13:59:00, 1 message waiting: no answer from mail.example.org"
    )
    assert failing == {
        "receiver": "oncall/mailto:mail.example.org",
        "since": "2026-05-01T11:59:00.000Z",
        "why": "no answer from mail.example.org",
        "waiting": 1,
        "incident": None,
        "acknowledged": None,
        "muted_by": None,
        "accepted_at": None,
    }


def test_one_refused_recipient_is_shown_by_status_and_in_the_story_of_the_incident(database: Path, run: Run) -> None:
    mail, desk = "oncall/mailto:mail.example.org", phone("101", DOWN)
    stopped(database, [connection(), desk])
    claim = begin_to_tell(database, outage(1, desk, NOW - HOUR), mail, NOW - MINUTE)
    gone = Missed("5a1b", "address 2 in to=", "RCPT TO: 550 5.1.1 no such user", is_final=True)
    later = Missed("77aa", "address 1 in cc=", "RCPT TO: 451 4.7.1 later")
    with closing(open_outbox(database)) as outbox:
        outbox.delivered(claim, NOW - 10, "DOWN phone 101", missed=[gone, later])

    status, story = run("status"), run("incident", "1")
    addresses = json.loads(run("status", "--json").stdout)["failing_addresses"]

    assert [line for line in status.stdout.splitlines() if line.startswith("CANNOT")] == [
        f"CANNOT TELL address 1 in cc= of {mail} since 13:59:50: RCPT TO: 451 4.7.1 later",
        f"CANNOT TELL address 2 in to= of {mail} since 13:59:50: RCPT TO: 550 5.1.1 no such user",
    ]
    assert [(one["receiver"], one["address"], one["tried_again"]) for one in addresses] == [
        (mail, "address 1 in cc=", True),
        (mail, "address 2 in to=", False),
    ]
    assert f"not told to address 2 in to= of {mail} (opened), refused: RCPT TO: 550 5.1.1 no such user" in story.stdout
    assert f"to be told to address 1 in cc= of {mail} (opened), 1 attempt, waiting: RCPT TO: 451" in story.stdout


def test_a_receiver_that_has_failed_for_long_is_shown_with_its_incident_and_is_a_problem(
    database: Path, run: Run
) -> None:
    mail = "oncall/mailto:mail.example.org"
    about = outage(7, phone("101"), NOW - 20 * MINUTE, target=Target("", "receiver", mail), check=Check.DELIVERY)
    noted = replace(about, kind=Kind.RECEIVER, watch="", cause="refused", acked_at=NOW, acked_by="anna")
    with running(database, [connection(), phone("101")], incidents=[noted]):
        with closing(open_outbox(database)) as outbox:
            outbox.keep_quiet(mail, None)
            outbox.keep_quiet(mail, NOW - 60)
        result = run("status")
        (failing,) = json.loads(run("status", "--json").stdout)["failing_receivers"]

    assert result.stdout.splitlines()[2] == (
        f"CANNOT TELL {mail} since 13:40:00, incident 7: refused; acknowledged by anna"
    )
    assert (failing["receiver"], failing["incident"], failing["acknowledged"]) == (mail, 7, "acknowledged by anna")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("accepted", "says"),
    [
        (False, "CANNOT TELL oncall/hook since 13:58:20, 1 message waiting, incident 7: a defect"),
        (
            True,
            "HAD DEFECTS oncall/hook since 13:58:00, incident 7: 3 times within 10 minutes: a defect; "
            "took a message at 13:59:59 again",
        ),
    ],
)
def test_a_receiver_that_takes_messages_again_after_defects_says_so(
    database: Path, run: Run, accepted: bool, says: str
) -> None:
    hook = "oncall/hook"
    about = outage(7, phone("101"), NOW - 2 * MINUTE, target=Target("", "receiver", hook), check=Check.DELIVERY)
    lasting = replace(about, kind=Kind.RECEIVER, watch="", cause="3 times within 10 minutes: a defect")
    stopped(database, [connection(), phone("101", DOWN)], incidents=[lasting])
    with closing(open_outbox(database)) as outbox:
        for seconds in (100, 80, 60):
            outbox.note_defect(hook, NOW - seconds, "a defect")
        claim = begin_to_tell(database, outage(1, phone("101", DOWN), NOW - HOUR), hook, NOW - 2)
        if accepted:
            outbox.delivered(claim, NOW - 1, "DOWN phone 101")

    with closing(open_writer(database, now=NOW)):
        result = run("status")

    assert [line for line in result.stdout.splitlines() if hook in line] == [says]
    assert result.exit_code == 1


def test_a_send_that_hangs_counts_as_failing_after_two_minutes(database: Path, run: Run) -> None:
    stopped(database, [connection(), phone("101", DOWN)])
    begin_to_tell(database, outage(1, phone("101", DOWN), NOW - HOUR), "oncall/boss", NOW - 2 * MINUTE - 1)

    with closing(open_writer(database, now=NOW)):
        result = run("status")

    assert result.stdout.splitlines()[2] == (
        "CANNOT TELL oncall/boss since 13:57:59, 1 message waiting: a message is being sent, and no answer comes"
    )


def test_a_send_that_takes_its_time_is_no_failure(database: Path, run: Run) -> None:
    stopped(database, [connection(), phone("101", DOWN)])
    begin_to_tell(database, outage(1, phone("101", DOWN), NOW - HOUR), "oncall/boss", NOW - MINUTE)

    with closing(open_writer(database, now=NOW)):
        result = run("status")

    assert "CANNOT TELL" not in result.stdout


def test_what_was_being_sent_when_the_daemon_died_does_not_hang(database: Path, run: Run) -> None:
    stopped(database, [connection(), phone("101", DOWN)])
    begin_to_tell(database, outage(1, phone("101", DOWN), NOW - HOUR), "oncall/boss", NOW - 10 * MINUTE)

    result = run("status")

    assert "CANNOT TELL" not in result.stdout


def test_what_many_have_in_common_is_a_line_of_its_own_and_they_are_one_row(database: Path, run: Run) -> None:
    numbers = [str(101 + number) for number in range(20)]
    site = Target("office", "site", "192.168.7.0/24")
    phones = [phone(name, DOWN, since=NOW - HOUR) for name in numbers]
    cause = outage(7, endpoint(site, Kind.SITE, DOWN), NOW - HOUR, down=20, of=22, site="192.168.7.0/24")
    smaller = [outage(10 + number, one, NOW - HOUR, explained_by=7) for number, one in enumerate(phones)]
    states = [connection(), provider("trunk"), *phones]
    with running(database, states, incidents=[cause, *smaller]):
        text = run("status")
        document = json.loads(run("status", "--json").stdout)

    name = "site private address 192.168.7.0/24 on office"
    assert f"DOWN {name}: 20 of 22 unreachable since 13:00:00, 1 h; incident 7\n" in text.stdout
    (row,) = [line for line in text.stdout.splitlines() if line.startswith("20 endpoints")]
    assert "explained by incident 7: 101, 102, 103" in row
    assert document["causes"][0] == {
        "pbx": "office",
        "kind": "site",
        "name": "192.168.7.0/24",
        "since": "2026-05-01T11:00:00.000Z",
        "down": 20,
        "of": 22,
        "incident": 7,
        "acknowledged": None,
        "muted_by": None,
        "title": "site private address 192.168.7.0/24 on office",
        "extent": "20 of 22",
        "lasted_s": 3600.0,
    }
    assert document["targets"][0]["explained_by"] == 7


def test_what_explained_an_outage_is_named_only_as_long_as_it_lasts(database: Path, run: Run) -> None:
    trunk = provider("trunk", DOWN, since=NOW - HOUR)
    over = outage(7, phone("101"), NOW - 2 * HOUR, NOW - HOUR)
    left = outage(8, trunk, NOW - HOUR, explained_by=7)
    with running(database, [connection(), trunk], incidents=[over, left]):
        text = run("status").stdout
        document = json.loads(run("status", "--json").stdout)

    assert "explained" not in text
    assert (document["targets"][0]["incident"], document["targets"][0]["explained_by"]) == (8, None)


def test_a_site_that_is_down_before_its_members_are_believed_is_a_problem(database: Path, run: Run) -> None:
    site = Target("office", "site", "192.168.7.0/24")
    states = [connection(), *(phone(f"{200 + i}", pending=DOWN, pending_since=NOW - 40) for i in range(5))]
    cause = outage(7, endpoint(site, Kind.SITE, DOWN), NOW - 40, down=5, of=5, site="192.168.7.0/24")
    with running(database, states, incidents=[cause]):
        result = run("status", "--down")

    assert "DOWN site private address 192.168.7.0/24 on office: 5 of 5 unreachable" in result.stdout
    assert result.exit_code == 1


def test_a_receiver_that_is_left_alone_is_shown_with_what_waits(database: Path, run: Run) -> None:
    stopped(database, [connection(), phone("101", DOWN)])
    with closing(open_writer(database, now=NOW)) as writer, closing(open_outbox(database)) as outbox:
        down = outage(1, phone("101", DOWN), NOW - HOUR, severity=Severity.WARNING)
        opened = Notification(1, "oncall/boss", Reason.OPENED, 0, NOW - HOUR, NOW - HOUR)
        writer.commit(Changes(incidents={1: down}, notifications=[opened]))
        outbox.keep_quiet("oncall/boss", NOW + 17 * HOUR, [Severity.CRITICAL])

    result = run("status")
    (quiet,) = json.loads(run("status", "--json").stdout)["quiet_receivers"]

    expected = "oncall/boss is quiet until 2 May 07:00 except critical; 1 message waiting"
    assert result.stdout.splitlines()[2] == expected
    assert quiet == {
        "receiver": "oncall/boss",
        "until": "2026-05-02T05:00:00.000Z",
        "except": ["critical"],
        "waiting": 1,
    }
    assert "to be told to oncall/boss (opened), waiting: for the end of its quiet time" in run("incident", "1").stdout


def test_what_waits_until_somebody_can_see_whether_it_lasts_says_so(database: Path, run: Run) -> None:
    stopped(database, [connection(), phone("101", DOWN)], pbx_states=[blind()])
    with closing(open_writer(database, now=NOW)) as writer, closing(open_outbox(database)) as outbox:
        down = outage(1, phone("101", DOWN), NOW - HOUR, severity=Severity.WARNING)
        opened = Notification(1, "oncall/boss", Reason.OPENED, 0, NOW - HOUR, NOW - HOUR)
        writer.commit(Changes(incidents={1: down}, notifications=[opened]))
        # Nobody has noted yet that it is over.
        outbox.keep_quiet("oncall/boss", NOW - 60)

    said = "oncall/boss: 1 message waiting: it cannot be seen whether it lasts"
    assert run("status").stdout.splitlines()[2] == said
    assert json.loads(run("status", "--json").stdout)["waiting_for_sight"] == [
        {"receiver": "oncall/boss", "waiting": 1}
    ]
    story = run("incident", "1").stdout
    assert "to be told to oncall/boss (opened), waiting: it cannot be seen whether it lasts" in story


def test_status_tells_a_pbx_that_only_we_cannot_see_from_one_that_is_down(database: Path, run: Run) -> None:
    why = "ARI password refused; the user name or password is wrong: 401"
    unseen = connection(belief=Health.UNKNOWN, since=NOW - HOUR, reason=why)
    about = outage(7, unseen, NOW - HOUR, health=Health.UNKNOWN)
    with running(database, [unseen], pbx_states=[blind(why=why)], incidents=[about]):
        done = run("status")
        row = json.loads(run("status", "--json").stdout)["pbxs"][0]
        only_down = run("status", "--down")

    assert done.exit_code == ExitCode.PROBLEM
    assert "cannot see" in done.stdout
    assert why in done.stdout
    assert "office" in only_down.stdout
    assert (row["state"], row["incident"], row["old"]) == ("unknown", 7, None)


def test_status_says_that_a_pbx_that_cannot_be_seen_seems_up(database: Path, run: Run) -> None:
    unseen = connection(belief=Health.UNKNOWN, since=NOW - HOUR, pending=Health.UP, pending_since=NOW - 3)
    with running(database, [unseen]):
        done = run("status")

    assert "cannot see, up?" in done.stdout
    assert "seems up for 3 s" in done.stdout


def test_a_provider_with_several_checks_shows_each_the_worst_first(database: Path, run: Run) -> None:
    registration = replace(provider("trunk", DOWN, since=NOW - HOUR), check=Check.REGISTRATION, reason="rejected")
    states = [connection(), provider("trunk"), registration, provider("plain"), phone("101")]
    with running(database, states):
        text, document = run("status").stdout, json.loads(run("status", "--json").stdout)

    assert "ENDPOINT     KIND      STATE  CHECKS     SINCE         WHY\n" in text
    assert "PJSIP/trunk  provider  down   G down, R  13:00:00      registration: rejected\n" in text
    assert "PJSIP/plain  provider  up     R          30 Apr 14:00\n" in text
    assert "PJSIP/101    phone     up                30 Apr 14:00\nChecks: R reachability, G registration.\n" in text
    [trunk] = [endpoint for endpoint in document["targets"] if endpoint["endpoint"] == "PJSIP/trunk"]
    assert [(check["check"], check["state"], check["witness"]) for check in trunk["checks"]] == [
        ("reachability", "up", "rest"),
        ("registration", "down", "manager"),
    ]


@pytest.mark.parametrize(
    ("reachability", "registration", "shown"),
    [
        ({}, {"pending": DOWN}, "G up (down?), R"),
        ({"pending": DOWN}, {}, "R up (down?), G"),
        ({"pending": DOWN}, {"belief": DOWN}, "G down, R up (down?)"),
        ({}, {"belief": DOWN, "pending": Health.UP}, "G down (up?), R"),
    ],
)
def test_a_check_that_seems_down_is_written_as_one_and_goes_before_what_is_up(
    reachability: dict[str, Health], registration: dict[str, Health], shown: str, database: Path, run: Run
) -> None:
    first, second = (
        replace(provider("trunk"), check=check, pending_since=NOW - 4, pending_hold=30.0, **facts)
        for check, facts in ((Check.REACHABILITY, reachability), (Check.REGISTRATION, registration))
    )
    with running(database, [connection(), first, second]):
        result = run("status")

    assert f"  {shown}  " in result.stdout


def test_a_check_that_does_not_count_leaves_the_endpoint_as_it_is(database: Path, run: Run) -> None:
    registration = replace(provider("trunk", DOWN), check=Check.REGISTRATION, counts=False, reason="rejected")
    options = replace(provider("trunk"), check=Check.OPTIONS, counts=False, remark="answers 503 Service Unavailable")
    with running(database, [connection(), provider("trunk"), registration, options]):
        result = run("status")

    said = " ".join(result.stdout.split())
    why = "options: answers 503 Service Unavailable; registration: rejected"
    assert f"PJSIP/trunk provider up G down, R, O 30 Apr 14:00 {why}" in said
    assert result.exit_code == 0


def test_what_was_seen_and_is_not_believed_yet_is_not_called_unseen(database: Path, run: Run) -> None:
    found = replace(provider("trunk", None, pending=DOWN, pending_since=NOW - 4, pending_hold=603.0), ever_up=False)
    with running(database, [connection(), found]):
        result = run("status")

    assert "not believed yet; seems down for 4 s of 10 min" in " ".join(result.stdout.split())


def test_what_lasts_longer_than_its_hold_after_a_grace_is_not_said_to_last_so_long_of_less(
    database: Path, run: Run
) -> None:
    found = replace(provider("trunk", None, pending=DOWN, pending_since=NOW - 70, pending_hold=10.0), ever_up=False)
    with running(database, [connection(), found]):
        result = run("status")

    said = " ".join(result.stdout.split())
    assert "not believed yet; seems down for 1 min 10 s" in said
    assert "of 10 s" not in said


def test_what_is_not_qualified_and_seems_degraded_by_our_own_options_says_what_they_find(
    database: Path, run: Run
) -> None:
    unchecked = provider("trunk", None, unknown_because="not qualified: Asterisk does not check it", unknown_since=NOW)
    busy: dict[str, Any] = {"pending": Health.DEGRADED, "pending_since": NOW - 4, "pending_hold": 60.0}
    options = replace(provider("trunk", None, **busy), check=Check.OPTIONS, remark="answers 503 Service Unavailable")
    with running(database, [connection(), unchecked, options]):
        result = run("status")

    said = " ".join(result.stdout.split())
    assert "unknown, degraded?" in said
    assert "options: not believed yet; seems degraded for 4 s of 1 min; answers 503 Service Unavailable" in said


def test_a_narrow_terminal_tells_names_and_checks_before_the_reason(database: Path) -> None:
    registration = replace(provider("trunk", DOWN, since=NOW - HOUR), check=Check.REGISTRATION, reason="rejected")
    with (
        running(database, [connection(), provider("trunk"), registration, phone("101")]),
        open_reader(database) as reader,
    ):
        status = read_status(reader, NOW, {"PJSIP/101": "Reception"})
        text = status_text(status_data(status), StatusLayout(), ZoneInfo("Europe/Berlin"), Screen(width=80))

    assert "ENDPOINT     KIND      STATE  SINCE         WHY\n" in text
    assert "PJSIP/trunk  provider  down   13:00:00      G down, R; registration: rejected\n" in text
    assert "PJSIP/101    phone     up     30 Apr 14:00  Reception\n" in text


def test_a_check_that_was_down_when_it_could_last_be_seen_is_not_hidden_by_another_that_is_up(
    database: Path, run: Run
) -> None:
    lost = replace(
        provider("trunk", DOWN, unknown_because="login refused", unknown_since=NOW - MINUTE), check=Check.REGISTRATION
    )
    with running(database, [connection(), provider("trunk"), lost]):
        result = run("status")

    said = " ".join(result.stdout.split())
    assert "PJSIP/trunk provider unknown G unknown, R 13:59:00 registration: login refused; was down before" in said
