"""Getting into a PBX: wrong password, TLS good and bad, a user who may only read; each is said in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.lab.certs import Authority, Certificate
from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import Options
from tests.lab.phones import Phone
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.scene import CHECKED_OFTEN, WATCHES, pbx_section, receiver_section, set_scene

SOON = {"up_after": "500ms", "degraded_after": "500ms"}


def test_wrong_password_is_told_once_and_a_reload_with_the_right_one_recovers(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    scene = set_scene(lab, pbx, lab.folder("daemon"), options={**SOON, "password": "not-the-one"})

    scene.wait_told("CANNOT SEE PBX office: ARI password refused")
    assert scene.daemon.pbx()["state"] == "unknown"
    assert scene.daemon.command("status").returncode == 1
    assert "the user name or password is wrong: 401" in scene.daemon.pbx()["reason"]
    assert "the user name or password is wrong: 401" in scene.sink.messages[0].body
    scene.daemon.configure(pbx_section(pbx, **SOON) + WATCHES + receiver_section(scene.sink))
    scene.daemon.reload()

    scene.wait_told("CANNOT SEE PBX office: ARI password refused", "SEEN AGAIN PBX office after ")
    scene.daemon.wait_for_state("PJSIP/101", "down")
    # What only we could not see is no outage of the PBX.
    row = next(row for row in scene.daemon.report("--since", "1h")["targets"] if row["kind"] == "pbx")
    assert (row["outages"], row["downtime_s"]) == (0, 0)
    assert row["unknown_s"] > 0


def test_password_changed_while_running_is_cannot_see_and_phones_are_not_told(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    one = lab.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    scene = set_scene(lab, pbx, lab.folder("daemon"), options=SOON)
    scene.daemon.wait_for_state("PJSIP/101", "up")
    # The event stream lives on, and tells when Asterisk dies.
    scene.daemon.wait(lambda: "healthmon-test" in pbx.ari("GET", "/applications").text, "the event stream is open")

    pbx.options = replace(pbx.options, ari_password="another-one")
    pbx.reload("res_ari.so")

    scene.wait_told("CANNOT SEE PBX office: ARI password refused")
    text = scene.sink.messages[0].body
    assert "nobody knows whether it is down: only healthmon cannot see it, calls may go on as ever" in text
    assert scene.daemon.target("PJSIP/101")["state"] == "unknown"
    [incident] = json.loads(scene.daemon.command("incidents", "--json").stdout)
    assert (incident["state"], incident["severity"], incident["check"]) == ("unknown", "critical", "connection")
    facts = scene.sink.messages[0].sent["healthmon"]["incidents"][0]
    assert (facts["tells"], facts["word"], facts["state"]) == ("unseen", "CANNOT SEE", "unknown")

    # It is restarted meanwhile, and that one lasts: now it is down.
    pbx.kill()
    scene.wait_told("CANNOT SEE PBX office: ARI password refused", "DOWN PBX office since ")
    pbx.start()
    scene.wait_told(
        "CANNOT SEE PBX office: ARI password refused",
        "DOWN PBX office since ",
        "CANNOT SEE PBX office: ARI password refused",
    )
    assert "it was down before" in scene.sink.messages[2].body

    scene.daemon.configure(pbx_section(pbx, **SOON) + WATCHES + receiver_section(scene.sink))
    scene.daemon.reload()
    scene.wait_told(*["CANNOT SEE ", "DOWN ", "CANNOT SEE ", "UP PBX office after "])


def test_name_not_found_and_no_tls_there_are_cannot_see(lab: Lab) -> None:
    pbx = lab.asterisk()
    sink = lab.add(WebhookSink())
    urls = {"nameless": "http://no-such-host.invalid:8088", "plain": pbx.url.replace("http:", "https:")}
    text = "".join(pbx_section(pbx, name, url=url, receivers="oncall", **SOON) for name, url in urls.items())
    daemon = lab.add(Daemon(lab.folder("daemon"), text + WATCHES + receiver_section(sink, group_wait="5s")))
    daemon.start()

    sink.wait_until(lambda: len(sink.messages) >= 1, "one digest")

    assert [message.subject for message in sink.messages] == ["CANNOT SEE 2 PBXs: nameless, plain"]
    assert "name not found; the name no-such-host.invalid cannot be resolved" in sink.messages[0].body
    assert "cause: TLS failed; " in sink.messages[0].body
    assert {row["state"] for row in daemon.status()["pbxs"]} == {"unknown"}


@pytest.fixture
def authority(lab22: Lab) -> Authority:
    return Authority(lab22.folder("certificates"))


def make_certificate(authority: Authority, how: str, address: str) -> Certificate:
    """Make one that is "valid", "ending", "expired" or, for another host, "wrong"."""
    if how == "wrong":
        return authority.wrong_host()
    makers = {"valid": authority.valid, "ending": authority.ending, "expired": authority.expired}
    return makers[how](address)


@pytest.mark.lab
def test_certificates_good_and_bad_are_each_a_sentence_of_their_own(lab22: Lab, authority: Authority) -> None:
    sink = lab22.add(WebhookSink())

    def section(name: str, make: str, verify: str | Path) -> str:
        address = lab22.address()
        certificate = make_certificate(authority, make, address)
        pbx = lab22.asterisk(options=Options(certificate=certificate.files), address=address)
        more = {**SOON, "url": pbx.https_url, "verify_tls": str(verify), "receivers": "oncall"}
        return pbx_section(pbx, name, **more)

    cases: dict[str, tuple[str, str | Path]] = {
        "good": ("valid", authority.ca_file),
        "unverified": ("expired", "no"),
        "ending": ("ending", authority.ca_file),
        "elsewhere": ("wrong", authority.ca_file),
        "expired": ("expired", authority.ca_file),
        "stranger": ("valid", "yes"),
    }
    text = "".join(section(name, make, verify) for name, (make, verify) in cases.items())
    daemon = lab22.add(Daemon(lab22.folder("daemon"), text + WATCHES + receiver_section(sink, group_wait="5s")))
    daemon.start()

    refused = {"elsewhere", "expired", "stranger"}
    expected = {name: "unknown" if name in refused else "degraded" if name == "ending" else "up" for name in cases}
    daemon.wait(lambda: {row["name"]: row["state"] for row in daemon.status()["pbxs"]} == expected, f"{expected}")
    daemon.wait(
        lambda: {row["name"] for row in daemon.status()["pbxs"] if row["incident"]} == {*refused, "ending"},
        "what is believed",
    )
    reasons = {row["name"]: row["reason"] for row in daemon.status()["pbxs"]}
    assert "is not for the name 127." in reasons["elsewhere"]
    assert reasons["expired"].endswith("has expired")
    assert "is not signed by a CA that we trust: verify_tls can name your CA's file" in reasons["stranger"]
    assert reasons["ending"].startswith("the certificate ends in 6 days (")
    sink.wait_until(lambda: len(sink.messages) >= 1, "one digest")
    assert [message.subject for message in sink.messages] == ["CANNOT SEE 3 PBXs + 1 more"]
    assert "CANNOT SEE 3 PBXs: elsewhere, expired, stranger" in sink.messages[0].body
    assert "DEGRADED PBX ending" in sink.messages[0].body


def test_a_user_who_may_only_read_still_gets_events_and_the_loss_is_said_once(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    one = lab.add(Phone(pbx.sip, "101"))
    user, password = pbx.reader_auth
    options = {**SOON, "username": user, "password": password, "poll_every": "1h"}
    scene = set_scene(lab, pbx, lab.folder("daemon"), options=options)
    scene.daemon.wait_for_pbx("up")

    assert one.register() == 200
    scene.daemon.wait_for_state("PJSIP/101", "up")
    one.vanish()

    scene.wait_told("DOWN phone 101 (office) since ")
    assert scene.daemon.log().count(f"the ARI user {user} is read_only") == 1
    assert scene.daemon.pbx()["state"] == "up"
