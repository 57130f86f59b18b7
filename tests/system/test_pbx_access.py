"""Getting into a PBX: wrong password, TLS good and bad, a user who may only read; each is said in words."""

from __future__ import annotations

from pathlib import Path

import pytest

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

    scene.wait_told("DOWN PBX office since ")
    assert "the user name or password is wrong: 401" in scene.daemon.pbx()["reason"]
    assert "the user name or password is wrong: 401" in scene.sink.messages[0].body
    scene.daemon.configure(pbx_section(pbx, **SOON) + WATCHES + receiver_section(scene.sink))
    scene.daemon.reload()

    scene.wait_told("DOWN PBX office since ", "UP PBX office after ")
    scene.daemon.wait_for_state("PJSIP/101", "down")


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

    down = {"elsewhere", "expired", "stranger"}
    expected = {name: "down" if name in down else "degraded" if name == "ending" else "up" for name in cases}
    daemon.wait(lambda: {row["name"]: row["state"] for row in daemon.status()["pbxs"]} == expected, f"{expected}")
    reasons = {row["name"]: row["reason"] for row in daemon.status()["pbxs"]}
    assert "is not for the name 127." in reasons["elsewhere"]
    assert reasons["expired"].endswith("has expired")
    assert "is not signed by a CA that we trust: verify_tls can name your CA's file" in reasons["stranger"]
    assert reasons["ending"].startswith("the certificate ends in 6 days (")
    sink.wait_until(lambda: len(sink.messages) >= 1, "one digest")
    assert [message.subject for message in sink.messages] == ["DOWN 3 PBXs + 1 more"]
    assert "DOWN 3 PBXs: elsewhere, expired, stranger" in sink.messages[0].body
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
