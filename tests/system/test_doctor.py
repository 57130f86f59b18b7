"""The doctor at real PBXs that are ill in one way each: it finds just that, and what it advises makes it go away."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec import Struct

from healthmon.cli.main import cli
from healthmon.errors import ExitCode
from healthmon.report.doctor.finding import FindingName
from tests.lab import endpoints as lab_endpoints
from tests.lab.asterisk import Asterisk
from tests.lab.certs import Authority
from tests.lab.endpoints import Endpoint, phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import HTTP_PORT, Options
from tests.lab.provider import Provider
from tests.system.scene import pbx_section
from tests.waiting import wait_for

#: A minute, as most have it.
CHECKED: dict[str, Any] = {"qualify_frequency": 60, "qualify_timeout": 3}
#: One that never gives up.
PATIENT = {"max_retries": 10_000, "fatal_retry_interval": 300}
#: What keeps from looking.
BLIND = {"ari-off", "ari-refused", "http-sessions-used-up", "ami-refused", "ami-not-reached"}
REST = """
[watch all]
endpoints = PJSIP/*
{probe}
[receiver sms]
urls = json://127.0.0.1:9/sms
"""


class Clinic:
    """One PBX, and a configuration to look at it with."""

    def __init__(self, pbx: Asterisk, folder: Path, version: int, **options: str) -> None:
        self.pbx = pbx
        self.version = version
        self.config = folder / "config.ini"
        #: 16 has no qualify_2xx_only: there healthmon asks providers itself.
        probe = {16: "probe = auto"}.get(version, "")
        given = {
            "ami": f"tcp://{pbx.ami[0]}:{pbx.ami[1]}",
            "ami_username": pbx.ami_auth[0],
            "ami_password": pbx.ami_auth[1],
            **options,
        }
        head = f"[healthmon]\ndatabase = {folder}/healthmon.db\nheartbeat_url = https://hc-ping.com/0123456789\n"
        self.config.write_text(head + pbx_section(pbx, **given) + REST.format(probe=probe))
        self.config.chmod(0o600)

    @property
    def always(self) -> set[str]:
        """What is found at each PBX of this version: an ACL for an ARI user came with 22.9."""
        return {"ari-user-may-do-all"} if self.version == 16 else set()

    def look(self) -> dict[str, dict[str, Any]]:
        """The findings about the PBX, by name."""
        return {found["name"]: found for found in self.doctor()["findings"] if found["pbx"] == "office"}

    def doctor(self) -> dict[str, Any]:
        """All that is found."""
        words = ["-c", str(self.config), "doctor", "--json", "--asterisk-config", str(self.pbx.folder / "etc")]
        done = CliRunner().invoke(cli, words, catch_exceptions=False)
        assert all(
            secret not in done.stdout for secret in (self.pbx.ari_auth[1], self.pbx.ami_auth[1], "word-of-trunk")
        )
        found = dict(json.loads(done.stdout))
        assert done.exit_code == exit_code_for(found["findings"])
        return found

    def apply(self, found: dict[str, Any]) -> None:
        """Do as a finding says, word for word; only the passwords that it leaves out are filled in."""
        for remedy in found["remedies"]:
            if remedy["file"] == "healthmon's configuration":
                edit(self.config, [self._with_password(line) for line in remedy["lines"]])
            elif remedy["file"]:
                edit(self.pbx.folder / "etc" / remedy["file"], [self._with_password(line) for line in remedy["lines"]])
            for command in remedy["commands"]:
                if command.startswith("systemctl reload healthmon"):
                    # Whoever looks once has logged in just now.
                    continue
                words = re.fullmatch(r"asterisk -rx '(.*)'", command)
                assert words, command
                self.pbx.cli(words[1])

    def _with_password(self, line: str) -> str:
        option = line.partition("=")[0].strip()
        passwords = {"password": self.pbx.ari_auth[1]} | dict.fromkeys(("secret", "ami_password"), self.pbx.ami_auth[1])
        return line.replace("= …", f"= {passwords.get(option)}")


def exit_code_for(findings: list[dict[str, Any]]) -> int:
    """3 where something could not be looked at, whatever else was found; 1 where something is serious."""
    if {found["name"] for found in findings} & BLIND:
        return ExitCode.STALE
    if "serious" in {found["gravity"] for found in findings}:
        return ExitCode.PROBLEM
    return ExitCode.OK


def edit(path: Path, lines: list[str]) -> None:
    """Write lines into the sections of a file that they name; a new section comes at the end."""
    text = path.read_text(encoding="utf-8")
    for section, options in sections_in(lines):
        name, _, how = section.partition(";")
        heading = name.strip()
        if renamed := re.search(r"instead of \[(.*)\]", how):
            text = text.replace(renamed[1], heading.strip("[]"))
            continue
        kind = re.search(r"type = (\w+)", how)
        blocks = re.split(r"(?m)^(?=\[)", text)
        meant = [
            number
            for number, block in enumerate(blocks)
            if block.startswith(heading) and (kind is None or re.search(rf"(?m)^type ?= ?{kind[1]}$", block))
        ]
        if not meant:
            blocks.append(f"\n{heading}\n")
            meant = [len(blocks) - 1]
        names = {option.partition("=")[0].strip() for option in options}
        for number in meant:
            kept = [line for line in blocks[number].splitlines() if line.partition("=")[0].strip() not in names]
            blocks[number] = "\n".join(kept) + "\n"
        blocks[meant[0]] += "\n".join(options) + "\n"
        text = "".join(blocks)
    path.write_text(text, encoding="utf-8")


def sections_in(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Each section that lines name, with its options; comments behind options are left out."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if line.startswith("["):
            found.append((line, []))
        elif not line.startswith("#"):
            found[-1][1].append(re.split(r"\s+;", line)[0])
    return found


def sound(version: int) -> dict[str, object]:
    """What makes the AOR of a provider sound."""
    return {"qualify_2xx_only": "yes"} if version == 22 else {}


def registrar(lab: Lab, code: int = 200) -> str:
    """A provider that answers each REGISTER so; return its URI."""
    provider = lab.add(Provider(lab.address()))
    provider.come_back()
    provider.answer("REGISTER", code)
    return f"sip:{provider.address}:{provider.port}"


def healthy(lab: Lab, version: int) -> list[Endpoint]:
    """A phone, and a provider at which Asterisk registers."""
    contact = registrar(lab)
    provider = trunk(
        "trunk-a", contact, outbound_auth=("user", "word-of-trunk"), registration=PATIENT, aor=sound(version), **CHECKED
    )
    return [phone("101", **CHECKED), provider]


def well(**more: Any) -> Options:
    """What makes a PBX well, but for what is given."""
    return Options(**{"websocket_write_timeout": 1000, "ami_read": "system", "ami_write": "reporting", **more})


def clinic(
    lab: Lab,
    version: int,
    *endpoints: Endpoint,
    options: Options | None = None,
    extra: dict[str, str] | None = None,
    is_on: bool = True,
    has_acl: bool = True,
    **config: str,
) -> Clinic:
    """A PBX that is well but for what is given: further endpoints, which may take the place of others, or settings."""
    usual = {endpoint.name: endpoint for endpoint in healthy(lab, version)}
    usual |= {endpoint.name: endpoint for endpoint in endpoints}
    options = options or well()
    pbx = lab.asterisk(*usual.values(), options=options, start=False)
    if version == 22 and has_acl:
        pbx.append("ari.conf", "[healthmon](+)\ndeny=0.0.0.0/0\npermit=127.0.0.0/8\n[reader](+)\npermit=127.0.0.0/8\n")
    for file, text in (extra or {}).items():
        pbx.append(file, pbx.extra.get(file, "") + text)
    pbx.start(wait=is_on)
    wait_for(lambda: "fully booted" in pbx.cli("core waitfullybooted", check=False), 60)
    return Clinic(pbx, lab.folder("doctor"), version, **config)


def test_at_a_healthy_pbx_nothing_is_found(lab: Lab, asterisk_version: int) -> None:
    office = clinic(lab, asterisk_version)

    assert set(office.look()) == office.always


class Illness(Struct, frozen=True):
    """What is done to a PBX, and what must be found."""

    finding: str
    #: Makes a PBX that has it.
    make: Callable[[Lab, int], Clinic]

    def __str__(self) -> str:
        return self.finding


def unchecked(lab: Lab, version: int) -> Clinic:
    contact = f"sip:{lab.address()}:5060"
    return clinic(lab, version, trunk("trunk-b", contact, qualify_frequency=0, aor=sound(version)))


def slowly_checked(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, phone("102", qualify_frequency=300, qualify_timeout=3))


def easily_content(lab: Lab, version: int) -> Clinic:
    office = clinic(lab, version, trunk("trunk-b", f"sip:{lab.address()}:5060", **CHECKED))
    office.config.write_text(office.config.read_text().replace("probe = auto\n", ""))
    return office


def impatient(lab: Lab, version: int) -> Clinic:
    contact, auth = registrar(lab), ("user", "word-of-trunk")
    provider = trunk("trunk-b", contact, outbound_auth=auth, registration={}, aor=sound(version), **CHECKED)
    return clinic(lab, version, provider)


def oddly_named(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, phone("Büro", **CHECKED))


def written_for_people(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(pretty=True))


def soon_stuck(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(websocket_write_timeout=100))


def narrow(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, extra={"http.conf": "sessionlimit=8\n"})


def crowded(lab: Lab, version: int) -> Clinic:
    office = clinic(lab, version, extra={"http.conf": "sessionlimit=2\n"})
    for _ in range(2):
        lab.add(socket.create_connection((office.pbx.address, HTTP_PORT)))
    return office


def reading_only(lab: Lab, version: int) -> Clinic:
    reader = Options().reader_user, Options().reader_password
    return clinic(lab, version, username=reader[0], password=reader[1])


def not_asked(lab: Lab, version: int) -> Clinic:
    office = clinic(lab, version)
    text = office.config.read_text()
    office.config.write_text("".join(line for line in text.splitlines(True) if not line.startswith("ami")))
    return office


def trusting_its_manager_user(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(ami_read="all", ami_write="all"))


def telling_no_events(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(ami_read="call"))


def refusing_lists(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(ami_write="call"))


def without_a_manager(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, extra={"manager.conf": "[general](+)\nenabled=no\n"})


def without_a_module_of_ari(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(without_modules=("res_ari_device_states",)))


def without_its_channel_driver(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, options=well(without_modules=("chan_pjsip",)))


def without_an_address(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, phone("102", max_contacts=0, **CHECKED))


def without_ari(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, extra={"ari.conf": "[general](+)\nenabled=no\n"}, is_on=False)


def without_http(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, extra={"http.conf": "enabled=no\n"}, is_on=False)


def without_its_user(lab: Lab, version: int) -> Clinic:
    return clinic(lab, version, username="nobody", password="ari-secret")


ILL = [
    Illness("not-qualified", unchecked),
    Illness("qualified-slowly", slowly_checked),
    Illness("any-answer-counts", easily_content),
    Illness("registration-gives-up", impatient),
    Illness("name-never-qualified", oddly_named),
    Illness("pretty-json", written_for_people),
    Illness("websocket-write-timeout", soon_stuck),
    Illness("http-sessions-few", narrow),
    Illness("http-sessions-used-up", crowded),
    Illness("ari-user-read-only", reading_only),
    Illness("no-ami", not_asked),
    Illness("ami-user-may-do-all", trusting_its_manager_user),
    Illness("ami-no-events", telling_no_events),
    Illness("ami-refused", refusing_lists),
    Illness("ami-not-reached", without_a_manager),
    Illness("ari-modules-missing", without_a_module_of_ari),
    Illness("channel-driver-missing", without_its_channel_driver),
    Illness("nothing-to-qualify", without_an_address),
    Illness("ari-off", without_ari),
    Illness("ari-off", without_http),
    Illness("ari-refused", without_its_user),
]


@pytest.mark.parametrize("illness", ILL, ids=lambda illness: illness.make.__name__)
def test_what_is_wrong_is_found_and_nothing_else_and_the_advice_makes_it_go_away(
    lab: Lab, asterisk_version: int, illness: Illness
) -> None:
    office = illness.make(lab, asterisk_version)

    found = office.look()
    expected = {illness.finding} | office.always
    if illness.finding in ("ari-off", "ari-refused", "http-sessions-used-up", "ari-user-read-only"):
        # Who cannot look, or may only read, is not said to be able to do all.
        expected = {illness.finding}
    assert set(found) == expected

    office.apply(found[illness.finding])

    wait_for(lambda: illness.finding not in office.look(), 30, lambda: f"still found: {office.look()}")
    assert set(office.look()) <= {"ari-user-may-do-all"}


#: What no Asterisk of the lab can have: a version with a hole, a clock of its own, a way from another machine, a host
#: that does not answer. Those are played in tests/report/doctor. And what a healthmon tells that has run for a while.
PLAYED = {
    *(FindingName.KNOWN_HOLE, FindingName.PBX_CLOCK, FindingName.NO_TLS, FindingName.ARI_NOT_REACHED),
    *(FindingName.NEVER_ANSWERED, FindingName.REGISTERED_YET_UNREACHABLE, FindingName.ANSWERS_TOO_LATE),
    FindingName.REGISTRATION_MODULE_MISSING,
}
#: What is about healthmon's own configuration and machine.
OUR_OWN = {
    *(FindingName.CONFIG_READABLE, FindingName.CONFIG_WRITABLE, FindingName.NOBODY_TOLD, FindingName.ONE_WAY_OUT),
    *(FindingName.NO_HEARTBEAT, FindingName.NETWORK_DISK, FindingName.DISK_FULL, FindingName.NOT_SYNCHRONISED),
    FindingName.NOT_ENABLED,
}


def test_every_finding_about_a_pbx_is_made_at_a_real_asterisk() -> None:
    here = Path(__file__).read_text(encoding="utf-8")

    not_made = {name for name in FindingName if f'"{name}"' not in here}

    assert not_made == PLAYED | OUR_OWN


def test_a_certificate_that_ends_is_found_and_a_new_one_makes_it_go_away(lab: Lab, asterisk_version: int) -> None:
    address, authority = lab.address(), Authority(lab.folder("certificates"))
    ending = authority.ending(address)
    pbx = lab.asterisk(phone("101", **CHECKED), options=well(certificate=ending.files), address=address)
    office = Clinic(pbx, lab.folder("doctor"), asterisk_version, url=pbx.https_url, verify_tls=str(authority.ca_file))

    found = office.look()
    assert set(found) - {"ari-user-may-do-all"} == {"certificate-ends"}

    authority.valid(address).replace(ending)
    # The first line is what a person does.
    _, command = found["certificate-ends"]["remedies"][0]["commands"]
    assert command == "asterisk -rx 'module reload http'"
    pbx.cli("module reload http")
    wait_for(lambda: "certificate-ends" not in office.look(), 30, lambda: f"still found: {office.look()}")

    edit(office.config, ["[pbx office]", "verify_tls = no"])
    found = office.look()
    assert set(found) - {"ari-user-may-do-all"} == {"tls-not-verified"}
    [remedy] = found["tls-not-verified"]["remedies"]
    edit(office.config, [line.replace("/etc/healthmon/ca.pem", str(authority.ca_file)) for line in remedy["lines"]])
    assert "tls-not-verified" not in office.look()


def test_an_acl_keeps_strangers_from_a_user_who_may_do_all(lab: Lab, asterisk_version: int) -> None:
    office = clinic(lab, asterisk_version, has_acl=False)

    found = office.look()
    assert set(found) == {"ari-user-may-do-all"}
    office.apply(found["ari-user-may-do-all"])

    # 16 has none: it is told of a proxy.
    assert set(office.look()) == office.always
    assert ("proxy" in found["ari-user-may-do-all"]["why"]) is (asterisk_version == 16)


def test_a_registration_that_is_rejected_now_is_found(lab: Lab, asterisk_version: int) -> None:
    contact, auth = registrar(lab, 403), ("user", "word-of-trunk")
    provider = trunk(
        "trunk-b", contact, outbound_auth=auth, registration=PATIENT, aor=sound(asterisk_version), **CHECKED
    )
    office = clinic(lab, asterisk_version, provider)

    wait_for(lambda: "not-registered" in office.look(), 30)

    found = office.look()
    assert set(found) == {"not-registered"} | office.always
    assert found["not-registered"]["means"] == "Not registered now: trunk-b-registration (Rejected)."
    assert found["not-registered"]["remedies"][0]["commands"] == [
        "asterisk -rx 'pjsip send register trunk-b-registration'"
    ]


def test_a_registration_that_is_not_tried_any_more_is_known_where_commands_may_be_given(
    lab: Lab, asterisk_version: int
) -> None:
    final = {"forbidden_retry_interval": 0}
    provider = trunk("trunk-b", registrar(lab, 403), registration=final, aor=sound(asterisk_version), **CHECKED)
    office = clinic(lab, asterisk_version, provider, options=well(ami_write="reporting,command"))

    def said() -> str:
        return str(office.look().get("not-registered", {}).get("means"))

    # That no attempt lasts for so long tells it.
    wait_for(lambda: "not tried any more" in said(), 75)


def test_an_endpoint_in_maintenance_mode_is_found(lab: Lab, asterisk_version: int) -> None:
    office = clinic(lab, asterisk_version)
    office.pbx.cli("module load res_pjsip_maintenance.so", check=False)
    answer = office.pbx.cli("pjsip set maintenance on trunk-a", check=False)

    found = office.look()
    if asterisk_version == 16:
        assert "No such command" in answer
        assert set(found) == office.always
        return
    assert set(found) == {"in-maintenance-mode"}
    office.apply(found["in-maintenance-mode"])

    assert office.look() == {}


def test_endpoints_that_nobody_watches_sections_that_watch_nothing_and_wrong_names_of_registrations_are_found(
    lab: Lab, asterisk_version: int
) -> None:
    office = clinic(lab, asterisk_version)
    text = office.config.read_text()
    office.config.write_text(
        text.replace("endpoints = PJSIP/*", "endpoints = PJSIP/1*") + "[watch sip]\nendpoints = SIP/x\n"
    )

    found = office.look()
    assert set(found) - office.always == {"endpoints-not-watched"}
    assert found["endpoints-not-watched"]["endpoints"] == ["PJSIP/trunk-a"]
    assert "section-matches-nothing" in {finding["name"] for finding in office.doctor()["findings"]}

    office.config.write_text(
        office.config.read_text() + "\n".join(found["endpoints-not-watched"]["remedies"][0]["lines"])
    )
    assert "endpoints-not-watched" not in office.look()

    named = "[watch provider]\nendpoints = PJSIP/trunk-a\nprobe = auto\nregistrations = {}\n[watch all]"
    office.config.write_text(text.replace("[watch all]", named.format("telecom")))
    found = office.look()
    assert set(found) - office.always == {"registration-named-wrongly"}
    assert "telecom of PJSIP/trunk-a: Asterisk has no such registration" in found["registration-named-wrongly"]["means"]

    office.config.write_text(text.replace("[watch all]", named.format("trunk-a-registration")))
    assert "registration-named-wrongly" not in office.look()


def test_a_name_that_is_no_utf_8_is_found_and_its_section_written_anew_makes_it_go_away(
    lab: Lab, asterisk_version: int
) -> None:
    office = clinic(lab, asterisk_version)
    path = office.pbx.folder / "etc" / "pjsip.conf"
    sound = path.read_bytes()
    path.write_bytes(sound + b"\n[Caf\xe9]\ntype=endpoint\ndisallow=all\nallow=ulaw\n")
    office.pbx.cli("module reload res_pjsip.so")

    wait_for(lambda: set(office.look()) - office.always == {"list-broken"}, 20, lambda: f"found: {office.look()}")

    path.write_bytes(sound)
    [command] = office.look()["list-broken"]["remedies"][0]["commands"]
    assert command == "asterisk -rx 'core restart gracefully'"
    office.pbx.restart()
    wait_for(lambda: set(office.look()) == office.always, 60, lambda: f"still found: {office.look()}")


def test_a_manager_that_refuses_us_is_found(lab: Lab, asterisk_version: int) -> None:
    office = clinic(lab, asterisk_version, ami_password="another")

    assert set(office.look()) - office.always == {"ami-refused"}


def test_a_transport_whose_certificate_is_missing_is_found_until_it_is_there(lab: Lab, asterisk_version: int) -> None:
    certificate, key = lab.folder("tls") / "cert.pem", lab.folder("keys") / "key.pem"
    contact = registrar(lab)
    by_tls = {"transport": "transport-tls"}
    provider = trunk("trunk-b", contact, endpoint=by_tls, registration={**PATIENT, **by_tls}, **CHECKED)
    options = {"protocol": "tls", "bind": f"{lab.address()}:5061", "cert_file": certificate, "priv_key_file": key}
    transport = Endpoint("PJSIP", "transport-tls", lab_endpoints.section("transport-tls", "transport", options))
    office = clinic(lab, asterisk_version, provider, transport)

    found = office.look()["transport-not-loaded"]
    assert found["endpoints"] == ["PJSIP/trunk-b"]
    assert "PJSIP/trunk-b, registration trunk-b-registration" in found["means"]

    valid = Authority(lab.folder("ca")).valid("127.0.0.1")
    certificate.write_bytes(valid.certificate.read_bytes())
    key.write_bytes(valid.key.read_bytes())
    office.pbx.restart()
    assert "transport-not-loaded" not in office.look()
