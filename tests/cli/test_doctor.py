"""``healthmon doctor`` against a PBX that is only played: the words, JSON, the exit code; and that it only reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.core.belief.evidence import LATER_THAN_ASTERISK_WAITS, NEVER_ANSWERED, NEVER_ANSWERED_ASTERISK
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.demo.fakepbx.pbx import Phase
from healthmon.errors import ExitCode
from healthmon.model import STOPPED_TRYING, Changes, Check, CheckState, Health, Kind, Target
from healthmon.sources import survey
from healthmon.store.write.writer import open_writer
from tests.ami.played import PASSWORD, PlayedManager, in_lines, row
from tests.report.builder import connection, phone, provider, running
from tests.waiting import wait_for

Doctor = Callable[..., Result]
NOW = 1_778_760_000.0


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """A PBX with a trunk and a phone, both checked."""
    trunk = FakeEndpoint("PJSIP", "trunk-a", static_contact="sip:192.0.2.1", qualify_2xx_only=True)
    with FakePbx(trunk, FakeEndpoint("PJSIP", "101")) as fake:
        fake.websocket_write_timeout = 1000
        yield fake
        assert fake.failures == []


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    """Its manager interface, with a registration that does not give up."""
    with PlayedManager(row("telekom", MaxRetries=10_000, FatalRetryInterval=300)) as played:
        yield played


@pytest.fixture
def doctor(pbx: FakePbx, manager: PlayedManager, tmp_path: Path) -> Doctor:
    """Run ``healthmon doctor`` for that PBX, with Asterisk's files beside it."""
    path = tmp_path / "config.ini"
    path.write_text(
        f"[healthmon]\ndatabase = {tmp_path}/healthmon.db\nheartbeat_url = https://hc-ping.com/0123456789\n"
        f"[pbx office]\nurl = {pbx.url}\nusername = healthmon\npassword = secret\n"
        f"ami = {manager.address}\nami_username = healthmon\nami_password = {PASSWORD}\n"
        "[watch all]\nendpoints = PJSIP/*\n[receiver sms]\nurls = json://127.0.0.1:9000/sms\n"
    )
    path.chmod(0o600)
    (tmp_path / "http.conf").write_text("[general]\nenabled = yes\n")
    (tmp_path / "ari.conf").write_text("[healthmon]\ntype = user\npassword = secret\npermit = 127.0.0.1\n")

    def run(*arguments: str) -> Result:
        words = ["-c", str(path), "doctor", "--asterisk-config", str(tmp_path), *arguments]
        return CliRunner().invoke(cli, words, catch_exceptions=False)

    return run


def of_the_pbx(done: Result) -> dict[str, Any]:
    """The findings about the PBX, by name; what is found on the machine of the tests is its own affair."""
    return {found["name"]: found for found in json.loads(done.stdout)["findings"] if found["pbx"] == "office"}


def test_who_never_has_answered_our_options_is_found_until_nobody_is_asked(
    doctor: Doctor, pbx: FakePbx, tmp_path: Path
) -> None:
    path = tmp_path / "config.ini"
    asked = path.read_text(encoding="utf-8").replace("[watch all]", "[watch all]\nprobe = yes")
    path.write_text(asked, encoding="utf-8")
    silent = phone("101", None, check=Check.OPTIONS, remark=f"does not answer our OPTIONS; {NEVER_ANSWERED}")
    with running(tmp_path / "healthmon.db", [connection(), phone("101"), silent]):
        found = of_the_pbx(doctor("--json"))
        path.write_text(asked.replace("probe = yes", "probe = no"), encoding="utf-8")
        after_the_advice = of_the_pbx(doctor("--json"))

    assert found["options-never-answered"]["endpoints"] == ["PJSIP/101"]
    assert found["options-never-answered"]["gravity"] == "remark"
    assert "options-never-answered" not in after_the_advice


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        (f"registered at sip.example.net, {NEVER_ANSWERED_ASTERISK}", "registered-yet-unreachable"),
        (f"our own OPTIONS: answers 200 OK after 3.2 s, {LATER_THAN_ASTERISK_WAITS}3)", "answers-too-late"),
    ],
)
def test_who_lives_though_asterisk_calls_it_unreachable_is_found_while_it_is_so(
    doctor: Doctor, tmp_path: Path, reason: str, name: str
) -> None:
    reason = f"does not answer OPTIONS (contact Unreachable); {reason}"
    found = []
    for belief in (Health.DOWN, Health.UP):
        with running(tmp_path / "healthmon.db", [connection(), provider("trunk-a", belief, reason=reason)]):
            found.append(of_the_pbx(doctor("--json")))
        (tmp_path / "healthmon.db").unlink()

    assert found[0][name]["endpoints"] == ["PJSIP/trunk-a"]
    assert found[0][name]["gravity"] == "serious"
    assert found[1] == {}


def test_nothing_is_found_at_a_pbx_that_is_all_right(doctor: Doctor) -> None:
    done = doctor("--json")

    assert of_the_pbx(done) == {}
    (office,) = json.loads(done.stdout)["pbxs"]
    assert (office["looked_at"], office["version"]) == (True, "22.10.1-fake")
    assert office["checks"] == [
        {
            "watch": "all",
            "endpoints": 2,
            "qualify_frequency_s": 60.0,
            "qualify_timeout_s": 3.0,
            "noticed_within_s": 63.0,
        }
    ]


def test_asterisk_that_boots_a_moment_later_is_waited_for(doctor: Doctor, pbx: FakePbx) -> None:
    pbx.go_to(Phase.NO_ARI)
    boots = Thread(target=boot_when_asked, args=(pbx,))
    boots.start()

    done = doctor("--json")

    boots.join()
    assert of_the_pbx(done) == {}


def boot_when_asked(pbx: FakePbx) -> None:
    """Go on with the start of Asterisk by a step whenever it was asked."""
    for phase in (Phase.BOOTING, Phase.RUNNING):
        pbx.requests.clear()
        wait_for(lambda: bool(pbx.requests))
        pbx.go_to(phase)


def test_one_that_does_not_boot_is_not_advised_to_switch_on_what_is_on(
    doctor: Doctor, pbx: FakePbx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "BOOTS_WITHIN_S", 0.3)
    pbx.go_to(Phase.BOOTING)

    done = doctor()

    said = " ".join(done.stdout.split())
    assert done.exit_code == ExitCode.STALE
    assert "Asterisk is starting (Asterisk not booted)" in said
    assert "once asterisk -rx 'core waitfullybooted' has come back" in said
    assert "enabled = yes" not in said


def test_it_only_reads(pbx: FakePbx, doctor: Doctor) -> None:
    doctor()

    # The one that is no GET speaks to an application that there is not.
    assert {request for request in pbx.requests if not request.startswith("GET ")} == {
        "POST /ari/events/user/healthmon"
    }
    assert pbx.streams_opened == 0


def test_what_is_wrong_is_found_and_exit_code_1_says_that_it_is_serious(pbx: FakePbx, doctor: Doctor) -> None:
    pbx.find("PJSIP/trunk-a").qualify_frequency = 0  # type: ignore[union-attr]
    pbx.is_read_only = True
    pbx.version = "22.10.0"
    pbx.websocket_write_timeout = 100

    done = doctor("--json")

    assert set(of_the_pbx(done)) == {"not-qualified", "known-hole", "ari-user-read-only", "websocket-write-timeout"}
    assert of_the_pbx(done)["known-hole"]["gravity"] == "serious"
    assert done.exit_code == ExitCode.PROBLEM


@pytest.mark.parametrize(
    ("trouble", "found", "says"),
    [
        (lambda pbx: pbx.go_to(Phase.REFUSING), "ari-off", "Enable the Asterisk REST"),
        (lambda pbx: pbx.go_to(Phase.NO_ARI), "ari-off", "asterisk -rx 'module reload res_ari'"),
        (lambda pbx: setattr(pbx, "is_denying", True), "ari-refused", "type = user"),
        (lambda pbx: pbx.limit_sessions(0), "http-sessions-used-up", "sessionlimit = 100"),
        (lambda pbx: setattr(pbx, "gateway_error", 502), "ari-off", "says 502: Asterisk does not answer"),
    ],
)
def test_a_pbx_that_lets_nobody_look_is_told_what_to_switch_on(
    pbx: FakePbx, doctor: Doctor, trouble: Callable[[FakePbx], None], found: str, says: str
) -> None:
    trouble(pbx)

    done = doctor()

    assert done.exit_code == ExitCode.STALE
    assert f"SERIOUS  {found}" in done.stdout
    assert says in " ".join(done.stdout.split())
    assert "secret" not in done.stdout


def test_registrations_that_give_up_and_maintenance_are_asked_for_at_the_manager(
    manager: PlayedManager, doctor: Doctor
) -> None:
    manager.rows = {"telekom": row("telekom")}
    manager.actions = (*manager.actions, "PJSIPShowMaintenance")
    manager.instead = in_maintenance

    found = of_the_pbx(doctor("--json"))

    assert set(found) == {"registration-gives-up", "in-maintenance-mode"}
    assert found["in-maintenance-mode"]["endpoints"] == ["PJSIP/trunk-a"]
    # That it logs off is read in a thread of its own.
    wait_for(lambda: "Logoff" in {asked["Action"] for asked in manager.asked}, 5)
    assert {asked["Action"] for asked in manager.asked} == {
        *("Challenge", "Login", "ListCommands", "PJSIPShowRegistrationsOutbound", "PJSIPShowMaintenance", "Logoff")
    }


def test_a_manager_user_who_may_do_more_than_is_needed_or_reads_no_events_is_found(
    manager: PlayedManager, doctor: Doctor
) -> None:
    manager.actions = (*manager.actions, "Originate", "PJSIPShowAuths")
    manager.booted = ""

    found = of_the_pbx(doctor("--json"))

    assert set(found) == {"ami-user-may-do-all", "ami-no-events"}
    assert "make calls, read the passwords of all phones and trunks." in found["ami-user-may-do-all"]["means"]
    for finding in found.values():
        [remedy] = finding["remedies"]
        assert remedy["lines"] == ["[healthmon]", "read = system", "write = reporting"]


def test_a_manager_user_who_may_only_read_is_told_what_the_daemon_says(manager: PlayedManager, doctor: Doctor) -> None:
    manager.actions = ("ListCommands", "Ping")

    found = of_the_pbx(doctor("--json"))

    assert "tells of events, and cannot be asked: events only; the user healthmon may" in found["ami-refused"]["means"]
    assert "not allowed" not in found["ami-refused"]["means"]


def test_what_is_useful_to_list_contacts_is_no_finding(manager: PlayedManager, doctor: Doctor) -> None:
    manager.actions = (*manager.actions, "PJSIPShowContacts", "PJSIPShowAuths")

    assert of_the_pbx(doctor("--json")) == {}


def in_maintenance(asked: dict[str, str]) -> bytes | None:
    """Answer PJSIPShowMaintenance as 22.10 does."""
    if asked["Action"] != "PJSIPShowMaintenance":
        return None
    number = {"ActionID": asked["ActionID"]}
    frames = (
        {"Response": "Success", **number, "EventList": "start", "Message": "Maintenance status events follow"},
        {"Event": "PJSIPMaintenanceStatus", **number, "Endpoint": "trunk-a", "Status": "enabled"},
        {"Event": "PJSIPMaintenanceStatusComplete", **number, "EventList": "Complete", "ListItems": "1"},
    )
    return "".join(map(in_lines, frames)).encode()


def test_a_manager_that_refuses_us_is_said_and_the_rest_is_looked_at(manager: PlayedManager, doctor: Doctor) -> None:
    manager.password = "another"

    done = doctor("--json")

    assert set(of_the_pbx(done)) == {"ami-refused"}
    assert done.exit_code == ExitCode.STALE
    assert PASSWORD not in done.stdout


def test_endpoints_that_nobody_watches_are_named_but_for_those_that_were_deleted(pbx: FakePbx, doctor: Doctor) -> None:
    pbx.add(FakeEndpoint("IAX2", "branch"))
    pbx.add(FakeEndpoint("PJSIP", "old"))
    pbx.remove("PJSIP/old")

    assert of_the_pbx(doctor("--json"))["endpoints-not-watched"]["endpoints"] == ["IAX2/branch"]


def test_files_that_are_not_there_are_said_to_be_not_looked_at(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "ari.conf").unlink()

    done = doctor("--json")

    assert set(of_the_pbx(done)) == {"ari-user-may-do-all"}
    assert any("No such file" in words for words in json.loads(done.stdout)["not_looked_at"])


def test_a_pbx_of_an_unknown_name_is_a_mistake(doctor: Doctor) -> None:
    assert doctor("--pbx", "offic").exit_code == ExitCode.USAGE
    assert doctor("--pbx", "off*").exit_code != ExitCode.USAGE


def test_what_the_running_healthmon_has_seen_of_a_registration_is_said(
    manager: PlayedManager, doctor: Doctor, tmp_path: Path
) -> None:
    for name in ("telekom", "other"):
        manager.rows[name] = row(name, "Rejected", MaxRetries=10_000, FatalRetryInterval=300)
    assert of_the_pbx(doctor("--json"))["not-registered"]["means"].count("Rejected)") == 2

    words = (
        f"not registered at 1.2.3.4: rejected; {STOPPED_TRYING}: it needs 'pjsip send register telekom', or a reload"
    )
    trunk = CheckState(
        Target("office", "PJSIP", "trunk-a"), Check.REGISTRATION, Kind.PROVIDER, "all", NOW, Health.DOWN, reason=words
    )
    writer = open_writer(tmp_path / "healthmon.db", now=NOW)
    writer.commit(Changes(states={(trunk.target, trunk.check): trunk}))
    writer.close()

    said = of_the_pbx(doctor("--json"))["not-registered"]["means"]
    assert said == "Not registered now: telekom (Rejected, not tried any more), other (Rejected)."
