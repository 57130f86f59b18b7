"""Each finding: what it is made from, how grave it is, what it advises. And that nothing is found where all is well."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from healthmon.ami.rights import ManagerRights
from healthmon.config.configuration import Config
from healthmon.config.loading.load import load as load_config
from healthmon.errors import ExitCode, Trouble
from healthmon.model import Target
from healthmon.report.doctor.data import doctor_data
from healthmon.report.doctor.diagnosis import Diagnosis, diagnose
from healthmon.report.doctor.finding import DoctorFinding, FindingName, Gravity
from healthmon.report.doctor.text import WIDTH, doctor_text
from healthmon.sources.examination import ManagerLook, PbxLook
from healthmon.sources.machine import MachineLook
from tests.config.files import PBX, Files
from tests.report.doctor.looks import (
    OFFICE,
    SOUND_FILES,
    SOUND_MACHINE,
    endpoint,
    look,
    older,
    registered,
    surveyed,
    unseen,
)

#: A configuration with which nothing is wrong.
SOUND = (
    "[healthmon]\nheartbeat_url = https://hc-ping.com/0123456789\n"
    + PBX
    + "[watch all]\nendpoints = PJSIP/*\n[receiver pager]\nurls = json://192.168.1.20/sms\n"
)
PHONE, TRUNK = endpoint("101"), endpoint("trunk-a", is_trunk=True)
SERIOUS, ADVICE, REMARK = Gravity.SERIOUS, Gravity.ADVICE, Gravity.REMARK

AGAIN = "systemctl reload healthmon     # or wait: it logs in again every 5 minutes"


class Case(Struct, frozen=True):
    """What was looked at, and what must be found in it."""

    name: FindingName
    gravity: Gravity
    look: PbxLook = look(PHONE, TRUNK)
    config: str = SOUND
    machine: MachineLook = SOUND_MACHINE
    #: These words stand in its lines and commands.
    advises: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    code: int = ExitCode.OK

    def __str__(self) -> str:
        return f"{self.name} {self.gravity}"


def machine(**given: Any) -> MachineLook:
    """A machine with which one thing is wrong."""
    return replace(SOUND_MACHINE, **given)


def elsewhere(url: str = "http://pbx.example:8088", verify_tls: bool = True, **given: Any) -> PbxLook:
    """A PBX on another machine."""
    found = surveyed(PHONE)
    found = replace(found, info=replace(found.info, shares_our_clock=False), **given)
    return look(PHONE, survey=found, pbx=replace(OFFICE, url=url, verify_tls=verify_tls))


MAIL = "urls = mailto://smtp.example.org?from=a@example.org&to=b@example.org\n"
LOCAL = "urls = json://192.168.1.20/sms\n"
HEARTBEAT = "[healthmon]\nheartbeat_url = https://hc-ping.com/0123456789\n"
REFUSED = "connection refused: nothing listens on 127.0.0.1:8088"
UNKNOWN_USER = "ARI password refused; the user name or password is wrong: 401"

CASES = [
    Case(
        FindingName.ARI_OFF,
        SERIOUS,
        unseen(Trouble.REFUSED, REFUSED),
        advises=("bindport = 8088", "enabled = yes", "[healthmon]", "asterisk -rx 'module reload res_ari'"),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.ARI_OFF, SERIOUS, unseen(Trouble.STARTING, "HTTP answers, ARI does not (404)"), code=ExitCode.STALE
    ),
    Case(
        FindingName.ARI_REFUSED,
        SERIOUS,
        unseen(Trouble.DENIED, UNKNOWN_USER),
        advises=("[healthmon]", "type = user"),
        code=ExitCode.STALE,
    ),
    Case(FindingName.ARI_NOT_REACHED, SERIOUS, unseen(Trouble.DNS, "name not found"), code=ExitCode.STALE),
    Case(
        FindingName.SESSIONS_USED_UP,
        SERIOUS,
        unseen(Trouble.CLOSED, "took the connection and closed it"),
        advises=("sessionlimit = 100",),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.MODULES_MISSING,
        SERIOUS,
        look(survey=surveyed(PHONE, missing_modules=("res_ari_events.so",))),
        advises=("asterisk -rx 'module load res_ari_events.so'",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.DRIVER_MISSING,
        SERIOUS,
        look(survey=surveyed(PHONE, missing_drivers=("PJSIP",))),
        advises=("asterisk -rx 'module load chan_pjsip.so'",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.TRANSPORT_MISSING,
        SERIOUS,
        look(PHONE, TRUNK, lacking_transports={"transport-tls": ("PJSIP/trunk-a", "registration trunk-reg")}),
        advises=("asterisk -rx 'pjsip show transports'     # those that are loaded",),
        endpoints=("PJSIP/trunk-a",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NOT_QUALIFIED,
        SERIOUS,
        look(PHONE, endpoint("trunk-a", 0, is_trunk=True)),
        advises=("[trunk-a]     ; the section with type = aor", "qualify_frequency = 60"),
        endpoints=("PJSIP/trunk-a",),
        code=ExitCode.PROBLEM,
    ),
    Case(FindingName.NOT_QUALIFIED, ADVICE, look(endpoint("101", 0), TRUNK), endpoints=("PJSIP/101",)),
    Case(
        FindingName.QUALIFIED_SLOWLY,
        ADVICE,
        look(endpoint("101", 118), TRUNK),
        advises=("[101]     ; the section with type = aor", "qualify_frequency = 60"),
        endpoints=("PJSIP/101",),
    ),
    Case(
        FindingName.ANY_ANSWER,
        ADVICE,
        look(PHONE, TRUNK, only_2xx=False),
        advises=("[trunk-a]     ; the section with type = aor", "qualify_2xx_only = yes"),
        endpoints=("PJSIP/trunk-a",),
    ),
    Case(
        FindingName.ANY_ANSWER,
        ADVICE,
        look(PHONE, TRUNK, only_2xx=None),
        advises=("[watch all]", "probe = auto"),
        endpoints=("PJSIP/trunk-a",),
    ),
    Case(
        FindingName.NEVER_QUALIFIED_NAME,
        SERIOUS,
        look(PHONE, endpoint("Büro 2")),
        advises=("[Buro-2]     ; instead of [Büro 2]",),
        endpoints=("PJSIP/Büro 2",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NO_ADDRESS,
        ADVICE,
        look(PHONE, endpoint("line", aors=0, max_contacts=0)),
        advises=("exclude = PJSIP/line",),
        endpoints=("PJSIP/line",),
    ),
    Case(FindingName.LIST_BROKEN, ADVICE, look(survey=surveyed(PHONE, why_listed_singly="Asterisk cannot list all"))),
    Case(
        FindingName.NO_AMI,
        REMARK,
        look(PHONE, manager=None),
        advises=("read = system", "write = reporting", "ami = tcp://127.0.0.1:5038"),
    ),
    Case(
        FindingName.NO_AMI,
        ADVICE,
        look(PHONE, endpoint("trunk-a", is_trunk=True, has_outbound_auth=True), manager=None),
    ),
    Case(
        FindingName.AMI_NOT_REACHED,
        SERIOUS,
        look(PHONE, manager=ManagerLook("connection refused")),
        advises=("enabled = yes",),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_NOT_REACHED,
        SERIOUS,
        look(PHONE, pbx=replace(OFFICE, ami="http"), manager=ManagerLook("404")),
        advises=("webenabled = yes",),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_NOT_REACHED,
        SERIOUS,
        look(PHONE, pbx=replace(OFFICE, ami="tcp://127.0.0.1:8088"), manager=ManagerLook("no", is_foreign=True)),
        advises=("ami = tcp://127.0.0.1:5038     ; the usual port", "port = 5038"),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_NOT_REACHED,
        ADVICE,
        look(PHONE, manager=ManagerLook("another session of the user", is_in_use=True)),
        advises=("allowmultiplelogin = yes",),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_NOT_REACHED,
        SERIOUS,
        look(PHONE, pbx=replace(OFFICE, ami="tcp://127.0.0.1:5060"), manager=ManagerLook("no answer")),
        advises=("port = 5060     ; 5038 is usual: is 'ami' in [pbx …] right?",),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_REFUSED,
        SERIOUS,
        look(PHONE, manager=ManagerLook("login refused", is_refused=True)),
        advises=("[healthmon]", "secret = ", AGAIN),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_REFUSED,
        SERIOUS,
        look(PHONE, manager=ManagerLook("events only", is_refused=True, hears_only=True)),
        advises=(
            "write = reporting",
            "systemctl reload healthmon     # it does not log in again by itself",
        ),
        code=ExitCode.STALE,
    ),
    Case(
        FindingName.AMI_NO_EVENTS,
        ADVICE,
        look(PHONE, manager=ManagerLook(rights=ManagerRights(reads_events=False))),
        advises=("[healthmon]", "read = system", "write = reporting", AGAIN),
    ),
    Case(
        FindingName.AMI_MAY_DO_ALL,
        ADVICE,
        look(PHONE, manager=ManagerLook(rights=ManagerRights(powers=("make calls",)))),
        advises=("[healthmon]", "read = system", "write = reporting"),
    ),
    Case(
        FindingName.GIVES_UP,
        ADVICE,
        look(PHONE, manager=registered(max_retries=10, waits=(60, 0, 300))),
        advises=(
            "[trunk-reg]     ; the section with type = registration",
            "max_retries = 10000",
            "fatal_retry_interval",
        ),
    ),
    Case(
        FindingName.NOT_REGISTERED,
        SERIOUS,
        look(PHONE, manager=registered(status="Rejected")),
        advises=("asterisk -rx 'pjsip send register trunk-reg'",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NOT_REGISTERED,
        SERIOUS,
        look(PHONE, manager=ManagerLook(registrations=(older("SIP/me@1.2.3.4", "Failed"),))),
        advises=("asterisk -rx 'sip reload'",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NOT_REGISTERED,
        SERIOUS,
        look(PHONE, manager=ManagerLook(registrations=(older("IAX2/me@1.2.3.4", "Timeout"),))),
        code=ExitCode.PROBLEM,
    ),
    Case(FindingName.GIVES_UP, ADVICE, look(PHONE, manager=registered(max_retries=10_000, waits=(60, 300, 0)))),
    Case(
        FindingName.REGISTRATION_MODULE_MISSING,
        ADVICE,
        look(PHONE, replace(TRUNK, has_outbound_auth=True), manager=ManagerLook(lacks_module=True)),
        advises=(
            "load = res_pjsip_outbound_registration.so",
            "asterisk -rx 'module load res_pjsip_outbound_registration.so'",
        ),
    ),
    Case(FindingName.REGISTRATION_MODULE_MISSING, REMARK, look(PHONE, manager=ManagerLook(lacks_module=True))),
    Case(
        FindingName.NAMED_WRONGLY,
        ADVICE,
        config=SOUND.replace("[watch all]", "[watch all]\nregistrations = trunk-rag"),
    ),
    Case(
        FindingName.NEVER_ANSWERED,
        REMARK,
        look(PHONE, never_answered=(PHONE.target,)),
        config=SOUND.replace("[watch all]", "[watch all]\nprobe = yes"),
        advises=("asterisk -rx 'pjsip show endpoint 101'", "[watch all]", "probe = no"),
        endpoints=("PJSIP/101",),
    ),
    Case(
        FindingName.REGISTERED_YET_UNREACHABLE,
        SERIOUS,
        look(PHONE, TRUNK, registered_and_silent=(TRUNK.target,)),
        advises=("[trunk-a]     ; the section with type = aor", "qualify_frequency = 0"),
        endpoints=("PJSIP/trunk-a",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.ANSWERS_TOO_LATE,
        SERIOUS,
        look(PHONE, TRUNK, answering_too_late=(TRUNK.target,)),
        advises=("[trunk-a]     ; the section with type = aor", "qualify_timeout = 5"),
        endpoints=("PJSIP/trunk-a",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.IN_MAINTENANCE,
        SERIOUS,
        look(PHONE, manager=ManagerLook(in_maintenance=("trunk-a",))),
        advises=("asterisk -rx 'pjsip set maintenance off trunk-a'",),
        endpoints=("PJSIP/trunk-a",),
        code=ExitCode.PROBLEM,
    ),
    Case(FindingName.READ_ONLY, ADVICE, look(PHONE, may_write=False), advises=("[healthmon]", "read_only = no")),
    Case(
        FindingName.MAY_DO_ALL,
        REMARK,
        look(PHONE, files=replace(SOUND_FILES, user_has_acl=False)),
        advises=("[healthmon]", "deny = 0.0.0.0/0", "permit = 127.0.0.0/8"),
    ),
    Case(
        FindingName.KNOWN_HOLE,
        ADVICE,
        look(survey=surveyed(PHONE, version="22.10.0~dfsg-1")),
        advises=("Asterisk to 22.10.1",),
    ),
    Case(
        FindingName.WRITE_TIMEOUT,
        REMARK,
        look(PHONE, websocket_write_timeout=100),
        advises=("[general]", "websocket_write_timeout = 1000"),
    ),
    Case(FindingName.PRETTY, REMARK, look(PHONE, is_pretty=True), advises=("[general]", "pretty = no")),
    Case(
        FindingName.SESSION_LIMIT,
        ADVICE,
        look(PHONE, files=replace(SOUND_FILES, session_limit=19)),
        advises=("[general]", "sessionlimit = 100"),
    ),
    Case(FindingName.PBX_CLOCK, ADVICE, look(PHONE, clock_ahead=-2.1), advises=("timedatectl set-ntp true",)),
    Case(FindingName.NO_TLS, ADVICE, elsewhere(), advises=("tlsenable = yes", "url = https://pbx.example:8089")),
    Case(
        FindingName.TLS_NOT_VERIFIED,
        ADVICE,
        elsewhere("https://pbx.example", verify_tls=False),
        advises=("verify_tls = /etc/healthmon/ca.pem",),
    ),
    Case(
        FindingName.CERTIFICATE_ENDS,
        SERIOUS,
        elsewhere("https://pbx.example", certificate_remark="the certificate ends in 9 days"),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NOT_WATCHED,
        ADVICE,
        look(PHONE, not_watched=(Target("office", "IAX2", "x"),)),
        advises=("[watch others]", "endpoints = IAX2/x"),
        endpoints=("IAX2/x",),
    ),
    Case(FindingName.MATCHES_NOTHING, ADVICE, config=SOUND + "[watch sip]\nendpoints = SIP/*\n"),
    Case(
        FindingName.CONFIG_WRITABLE,
        SERIOUS,
        machine=machine(config_mode=0o100660),
        advises=("chmod go-w",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NOBODY_TOLD,
        ADVICE,
        config=SOUND.replace("[receiver pager]\n" + LOCAL, ""),
        advises=("[receiver oncall]",),
    ),
    Case(FindingName.ONE_WAY_OUT, REMARK, config=SOUND.replace(LOCAL, MAIL), advises=("[receiver sms]",)),
    Case(
        FindingName.NO_HEARTBEAT,
        ADVICE,
        config=SOUND.replace(HEARTBEAT, ""),
        advises=("heartbeat_url = https://hc-ping.com/your-uuid-here",),
    ),
    Case(
        FindingName.NETWORK_DISK,
        SERIOUS,
        machine=machine(file_system="nfs4"),
        advises=("database = /var/lib/healthmon/healthmon.db",),
        code=ExitCode.PROBLEM,
    ),
    Case(FindingName.DISK_FULL, SERIOUS, machine=machine(free_bytes=99_000_000), code=ExitCode.PROBLEM),
    Case(FindingName.DISK_FULL, ADVICE, machine=machine(free_bytes=900_000_000)),
    Case(FindingName.NOT_SYNCHRONISED, ADVICE, machine=machine(is_synchronised=False)),
    Case(
        FindingName.NOT_ENABLED,
        SERIOUS,
        machine=machine(service="disabled"),
        advises=("systemctl enable --now healthmon",),
        code=ExitCode.PROBLEM,
    ),
    Case(
        FindingName.NOT_ENABLED,
        SERIOUS,
        machine=machine(service="not-found"),
        advises=("systemctl daemon-reload",),
        code=ExitCode.PROBLEM,
    ),
]


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Config]:
    """Write a configuration, and load it."""
    return Files(tmp_path).load


def diagnosed(load: Callable[[str], Config], case: Case) -> Diagnosis:
    """Judge what a case says was looked at."""
    return diagnose([case.look], case.machine, load(case.config))


def words_of(finding: DoctorFinding) -> set[str]:
    """All lines and commands that a finding advises."""
    return {words for remedy in finding.remedies for words in (*remedy.lines, *remedy.commands)}


def test_where_nothing_is_wrong_nothing_is_found(load: Callable[[str], Config]) -> None:
    found = diagnose([look(PHONE, TRUNK)], SOUND_MACHINE, load(SOUND))

    assert (found.findings, found.unseen, found.exit_code) == ((), (), ExitCode.OK)
    assert doctor_text(found).endswith("Nothing found.\n")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_wrong_is_found_and_nothing_else(case: Case, load: Callable[[str], Config]) -> None:
    found = diagnosed(load, case)

    (finding,) = found.findings
    assert (finding.name, finding.gravity, finding.endpoints) == (case.name, case.gravity, case.endpoints)
    assert found.exit_code == case.code
    said = words_of(finding)
    assert [words for words in case.advises if not any(words in line for line in said)] == []


def test_every_finding_is_tried_here() -> None:
    # That of a file which everybody can read needs such a file; see below.
    assert {case.name for case in CASES} | {FindingName.CONFIG_READABLE} == set(FindingName)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_text_fits_into_80_columns_but_for_lines_to_copy(case: Case, load: Callable[[str], Config]) -> None:
    text = doctor_text(diagnosed(load, case))

    # A long path is one word, and stays whole.
    too_long = [line for line in text.splitlines() if len(line) > WIDTH and len(line.split()) > 1]
    assert [line for line in too_long if not line.startswith(" " * 8)] == []
    assert str(case.name) in text
    assert "hunter22" not in text


def test_endpoints_have_the_names_that_people_call_them_by(load: Callable[[str], Config]) -> None:
    phones = [endpoint("101", 0, caller_name="Reception"), endpoint("102", 0), endpoint("103", 0)]

    found = diagnose([look(*phones)], SOUND_MACHINE, load(f"{SOUND}[names]\nPJSIP/103 = Porter\n"))

    assert '      PJSIP/101 "Reception", PJSIP/102, PJSIP/103 "Porter"\n' in doctor_text(found)
    [finding] = doctor_data(found)["findings"]
    assert finding["called"] == {"PJSIP/101": "Reception", "PJSIP/103": "Porter"}


def test_what_a_section_excludes_is_left_out_on_purpose(load: Callable[[str], Config]) -> None:
    asked = look(PHONE, not_watched=(Target("office", "IAX2", "x"), Target("office", "PJSIP", "fax")))

    found = diagnose([asked], SOUND_MACHINE, load(SOUND.replace("PJSIP/*\n", "PJSIP/*\nexclude = PJSIP/fax\n")))

    assert [finding.endpoints for finding in found.findings] == [("IAX2/x",)]


def test_a_file_with_secrets_that_everybody_can_read_is_serious(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.load(SOUND)
    files.path.chmod(0o644)

    found = diagnose([look(PHONE)], SOUND_MACHINE, load_config(files.path, environ={"TZ": "UTC"}))

    assert [(finding.name, finding.gravity) for finding in found.findings] == [(FindingName.CONFIG_READABLE, SERIOUS)]
    assert f"chmod 640 {files.path}" in words_of(found.findings[0])


@pytest.mark.parametrize("case", [case for case in CASES if case.config != SOUND and case.advises], ids=str)
def test_the_lines_for_our_own_configuration_make_the_finding_go_away(
    case: Case, load: Callable[[str], Config]
) -> None:
    (finding,) = diagnosed(load, case).findings
    lines = "\n".join(line for remedy in finding.remedies for line in remedy.lines)
    config = case.config
    if lines.startswith("[healthmon]"):
        lines, config = "", f"{lines}\n{config}"
    elif lines.startswith("[watch all]\nprobe = "):
        # The option stands there already, with another value.
        lines, config = "", re.sub(r"\[watch all\]\nprobe = .*", lines, config)

    after = diagnose([case.look], case.machine, load(f"{config}{lines}\n"))

    assert finding.name not in {left.name for left in after.findings}


def test_a_hole_is_serious_where_our_own_user_should_only_read(load: Callable[[str], Config]) -> None:
    holed = look(survey=surveyed(PHONE, version="20.14.0"), may_write=False)

    found = diagnose([holed], SOUND_MACHINE, load(SOUND))

    gravities = {finding.name: finding.gravity for finding in found.findings}
    assert gravities[FindingName.KNOWN_HOLE] is SERIOUS


def test_one_way_out_is_advice_where_no_service_outside_would_notice(load: Callable[[str], Config]) -> None:
    found = diagnose([look(PHONE)], SOUND_MACHINE, load(SOUND.replace(LOCAL, MAIL).replace(HEARTBEAT, "")))

    gravities = {finding.name: finding.gravity for finding in found.findings}
    assert gravities == {FindingName.ONE_WAY_OUT: ADVICE, FindingName.NO_HEARTBEAT: ADVICE}


@pytest.mark.parametrize(
    ("url", "leaves_the_house"),
    [
        ("json://10.1.2.3/sms", False),
        ("jsons://gateway.lan/sms", False),
        ("json://[fd00::5]/sms", False),
        ("json://hooks.example.org/x", True),
        ("tgram://123456789:abcdefghijklmnopqrstuvwxyz/42", True),
        # A mail server of our own hands it on by the same line.
        ("mailto://localhost?from=a@example.org&to=b@example.org", True),
    ],
)
def test_a_way_out_needs_no_internet_if_it_ends_in_our_own_network(
    load: Callable[[str], Config], url: str, leaves_the_house: bool
) -> None:
    found = diagnose([look(PHONE)], SOUND_MACHINE, load(SOUND.replace(LOCAL, f"urls = {url}\n")))

    assert (FindingName.ONE_WAY_OUT in {finding.name for finding in found.findings}) is leaves_the_house


def test_what_cannot_be_seen_is_said_and_is_no_finding(load: Callable[[str], Config]) -> None:
    nothing = MachineLook(None, None, None, None, is_synchronised=True, service=None)

    found = diagnose([look(PHONE, unseen=("sessionlimit: no file",))], nothing, load(SOUND))

    assert found.findings == ()
    assert found.unseen[0] == "pbx office: sessionlimit: no file"
    assert len(found.unseen) == 4
    assert "Not looked at: pbx office: sessionlimit: no file.\n" in doctor_text(found)


def test_it_says_for_each_watch_section_how_soon_a_loss_is_noticed(load: Callable[[str], Config]) -> None:
    slow = [endpoint("101"), endpoint("102"), endpoint("trunk-a", 0, is_trunk=True)]

    text = doctor_text(diagnose([look(*slow)], SOUND_MACHINE, load(SOUND)))

    assert "watch all: 2 endpoints checked every 60 s, given up after 3 s: a loss is\n    noticed within 63 s" in text
    assert "watch all: 1 endpoint not checked: its loss is noticed by nobody" in text


def test_what_is_to_be_typed_or_pasted_holds_names_as_they_are(load: Callable[[str], Config]) -> None:
    odd = Target("office", "IAX2", "a,b*")
    asked = look(PHONE, not_watched=(odd,), manager=ManagerLook(in_maintenance=("a'; reboot #",)))

    said = {words for finding in diagnose([asked], SOUND_MACHINE, load(SOUND)).findings for words in words_of(finding)}

    assert "endpoints = IAX2/a?b[*]" in said
    (command,) = [words for words in said if words.startswith("asterisk")]
    assert shlex.split(command) == ["asterisk", "-rx", "pjsip set maintenance off a'; reboot #"]


def test_names_from_strangers_are_shown_and_obeyed_by_no_terminal(load: Callable[[str], Config]) -> None:
    text = doctor_text(diagnose([look(endpoint("a\x1b[2J", 0, is_trunk=True))], SOUND_MACHINE, load(SOUND)))

    assert "\x1b" not in text
    assert "PJSIP/a\\x1b[2J" in text


def test_a_provider_that_healthmon_asks_itself_is_no_blind_spot(load: Callable[[str], Config]) -> None:
    asks = load(SOUND.replace("endpoints = PJSIP/*\n", "endpoints = PJSIP/*\nprobe = auto\n"))

    lenient = diagnose([look(PHONE, TRUNK, only_2xx=None)], SOUND_MACHINE, asks)
    unchecked = diagnose([look(endpoint("trunk-a", 0, is_trunk=True))], SOUND_MACHINE, asks)

    assert lenient.findings == ()
    text = " ".join(doctor_text(unchecked).split())
    assert "1 endpoint not checked by Asterisk: only healthmon's own OPTIONS notice its loss" in text
    assert "noticed by nobody" not in text
    assert [(finding.name, finding.gravity) for finding in unchecked.findings] == [(FindingName.NOT_QUALIFIED, ADVICE)]


def test_what_it_needs_to_ask_itself_is_said_where_that_is_advised(
    load: Callable[[str], Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.report.doctor.qualify.missing_of", lambda _: "dnspython")
    strict = look(PHONE, TRUNK, only_2xx=False)
    unchecked = look(endpoint("trunk-a", 0, is_trunk=True))

    whys = [diagnose([asked], SOUND_MACHINE, load(SOUND)).findings[0].why for asked in (strict, unchecked)]

    assert [why.count("That needs dnspython first: ") for why in whys] == [1, 1]


def test_of_a_registration_that_has_failed_it_is_said_whether_it_is_tried_again(load: Callable[[str], Config]) -> None:
    rows = (older("SIP/me@1.2.3.4", "Failed"), older("IAX2/me@1.2.3.4", "Timeout"))

    (finding,) = diagnose([look(PHONE, manager=ManagerLook(registrations=rows))], SOUND_MACHINE, load(SOUND)).findings

    assert finding.means == (
        "Not registered now: SIP/me@1.2.3.4 (Failed, not tried any more), IAX2/me@1.2.3.4 (Timeout)."
    )
