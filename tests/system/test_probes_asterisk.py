"""OPTIONS of our own beside a real Asterisk: what it calls reachable, or does not check, is seen all the same."""

from __future__ import annotations

import json
import re
import time

import pytest
from msgspec.structs import replace

from tests.lab.certs import Authority
from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab, need
from tests.lab.others import baresip, kamailio, sipp_provider
from tests.lab.pbxfiles import Options as AsteriskOptions
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene
from tests.system.test_registrations import manager_of

PROBE_EVERY, HOLD = 2.0, 5.0
#: What a message may take beside (seconds): the receiver's group_wait, and a busy machine.
MESSAGE_TAKES = 5.0
CHECKED, UNCHECKED, SHY = "PJSIP/trunk-a", "PJSIP/trunk-b", "PJSIP/trunk-c"
PROBED = f"""
[watch providers]
endpoints = PJSIP/trunk-*
down_after = {HOLD:g}s
up_after = 500ms
degraded_after = {HOLD:g}s
down_after_exact = yes
probe = auto
probe_every = {PROBE_EVERY:g}s
receivers = oncall
"""


@pytest.fixture
def providers(lab: Lab) -> dict[str, Provider]:
    """One that Asterisk checks, one that it does not, and one that answers nobody."""
    found = {name: lab.add(Provider(lab.address())) for name in (CHECKED, UNCHECKED, SHY)}
    found[SHY].ignore("OPTIONS")
    # It takes our registration.
    found[UNCHECKED].come_back()
    return found


@pytest.fixture
def scene(lab: Lab, providers: dict[str, Provider]) -> Scene:
    pbx = lab.asterisk(
        trunk("trunk-a", providers[CHECKED].uri, **CHECKED_OFTEN),  # type: ignore[arg-type]
        trunk("trunk-b", providers[UNCHECKED].uri, qualify_frequency=0, registration={}),
        trunk("trunk-c", providers[SHY].uri, qualify_frequency=0),
        options=AsteriskOptions(ami_read="system", ami_write="system,reporting"),
    )
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=PROBED, options=manager_of(pbx, "tcp"))
    for name in (CHECKED, UNCHECKED):
        scene.daemon.wait_for_state(name, "up")
    scene.daemon.wait(lambda: options_of(scene, CHECKED).get("state") == "up", "the first answer to us is booked")
    scene.daemon.wait(lambda: registration_of(scene).get("state") == "up", "it is registered")
    return scene


def options_of(scene: Scene, name: str) -> dict[str, str]:
    """How ``status`` shows the check; empty: it is not there."""
    checks = scene.daemon.target(name).get("checks", [])
    return next((check for check in checks if check["check"] == "options"), {})


def registration_of(scene: Scene) -> dict[str, str]:
    """The same of the registration at the provider that Asterisk does not check."""
    checks = scene.daemon.target(UNCHECKED).get("checks", [])
    return next((check for check in checks if check["check"] == "registration"), {})


def test_a_trunk_that_answers_503_is_told_though_asterisk_calls_it_reachable(
    scene: Scene, providers: dict[str, Provider]
) -> None:
    began = time.monotonic()
    providers[CHECKED].answer("OPTIONS", 503)

    scene.wait_told("DEGRADED OPTIONS of provider trunk-a (office) since ")

    assert time.monotonic() - began <= PROBE_EVERY + HOLD + MESSAGE_TAKES
    assert "answers 503 Service Unavailable; Asterisk: reachable" in scene.sink.messages[0].body
    assert scene.pbx.endpoint_state(CHECKED) == "online"
    providers[CHECKED].answer("OPTIONS", 200)
    scene.wait_told("DEGRADED OPTIONS of provider trunk-a", "UP OPTIONS of provider trunk-a (office) after ")


def test_a_trunk_that_asterisk_does_not_check_dies_with_its_registration_and_one_that_never_answers_raises_nothing(
    scene: Scene, providers: dict[str, Provider]
) -> None:
    began = time.monotonic()
    providers[UNCHECKED].ignore("OPTIONS")

    scene.wait_told("DOWN OPTIONS of provider trunk-b (office) since ")

    assert time.monotonic() - began <= PROBE_EVERY + HOLD + MESSAGE_TAKES
    assert scene.pbx.endpoint_state(UNCHECKED) == "online"
    providers[UNCHECKED].answer("REGISTER", 403)
    scene.pbx.register_now("trunk-b")
    scene.daemon.wait(lambda: registration_of(scene).get("state") == "down", "it is known not to be registered")
    for method in ("OPTIONS", "REGISTER"):
        providers[UNCHECKED].answer(method, 200)
    scene.pbx.register_now("trunk-b")
    scene.wait_told("DOWN OPTIONS of provider trunk-b", "UP OPTIONS of provider trunk-b (office) after ")
    scene.daemon.wait(lambda: registration_of(scene).get("state") == "up", "it is registered again")
    assert len(scene.subjects) == 2, "of its registration nothing was told"
    # Meanwhile the third was asked several times.
    assert options_of(scene, SHY)["remark"].endswith(
        "; it never has answered our OPTIONS: check the address and port, or set probe = no"
    )
    assert providers[SHY].seen["OPTIONS"] >= 4

    # It is started anew while ARI refuses it: where to ask it knows from before.
    before = ("DOWN OPTIONS of provider trunk-b", "UP OPTIONS of provider trunk-b", "CANNOT SEE PBX office: ARI ")
    scene.daemon.stop()
    scene.pbx.options = replace(scene.pbx.options, ari_password="another-one")
    scene.pbx.reload("res_ari.so")
    scene.daemon.start(until_seen=False)
    scene.wait_told(*before)
    providers[UNCHECKED].ignore("OPTIONS")
    scene.wait_told(*before, "DOWN OPTIONS of provider trunk-b (office) since ")
    providers[UNCHECKED].answer("OPTIONS", 200)
    scene.wait_told(*before, "DOWN OPTIONS of provider trunk-b", "UP OPTIONS of provider trunk-b (office) after ")


def test_a_trunk_that_answers_503_to_an_asterisk_that_takes_only_2xx_is_told_with_its_answer(
    lab: Lab, asterisk_version: int
) -> None:
    if asterisk_version == 16:
        pytest.skip("Asterisk 16 has no qualify_2xx_only")
    provider = lab.add(Provider(lab.address()))
    pbx = lab.asterisk(trunk("trunk-a", provider.uri, aor={"qualify_2xx_only": "yes"}, **CHECKED_OFTEN))  # type: ignore[arg-type]
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=PROBED)
    scene.daemon.wait_for_state(CHECKED, "up")

    provider.answer("OPTIONS", 503)

    scene.wait_told("DOWN provider trunk-a (office) since ")
    word, answer = "answers OPTIONS with no 2xx, or not at all (contact Unreachable)", "answers 503 Service Unavailable"
    said = f"{word}; our own OPTIONS: {answer}"
    assert said in scene.sink.messages[0].body
    assert scene.daemon.target(CHECKED)["reason"] == said
    assert options_of(scene, CHECKED) == {}
    provider.answer("OPTIONS", 200)
    scene.wait_told("DOWN provider trunk-a", "UP provider trunk-a (office) after ")


def test_sipp_kamailio_and_another_asterisk_answer_us(lab: Lab) -> None:
    sipp, registrar = lab.address(), lab.address()
    program = lab.add(sipp_provider(need("sipp"), lab.folder("sipp"), sipp))
    folder = lab.folder("kamailio")
    lab.add(kamailio(need("kamailio"), folder, registrar, Authority(folder).valid(registrar).files))
    other = lab.asterisk()
    pbx = lab.asterisk(
        trunk("trunk-a", f"sip:{sipp}:5060", qualify_frequency=0),
        trunk("trunk-b", f"sip:{other.address}:5060", qualify_frequency=0),
        trunk("trunk-c", f"sip:{registrar}:5060", qualify_frequency=0),
        trunk("trunk-d", f"sip:{registrar}:5060;transport=tcp", qualify_frequency=0),
    )
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=PROBED)
    others = (UNCHECKED, SHY, "PJSIP/trunk-d")
    for name in (CHECKED, *others):
        scene.daemon.wait_for_state(name, "up")

    program.kill()

    scene.wait_told("DOWN OPTIONS of provider trunk-a (office) since ")
    assert [scene.daemon.state(name) for name in others] == ["up", "up", "up"]


def test_a_phone_that_is_registered_is_asked_where_it_is_and_no_longer_when_it_has_left(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    place = lab.address()
    program = lab.add(baresip(need("baresip"), lab.folder("baresip"), pbx.sip, "101", address=place))
    pbx.wait_state("PJSIP/101", "online")
    config = PROBED.replace("PJSIP/trunk-*", "PJSIP/101").replace("probe = auto", "probe = yes")
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=config)

    scene.daemon.wait(lambda: options_of(scene, "PJSIP/101").get("state") == "up", "the phone has answered us")

    program.stop()
    # It says that it leaves: there is one message, and no address that could be asked.
    scene.wait_told("LOGGED OUT phone 101 (office) since ")
    scene.daemon.wait(lambda: options_of(scene, "PJSIP/101") == {}, "the phone is asked no longer")
    assert len(scene.subjects) == 1


def test_trunks_that_live_though_asterisk_calls_them_unreachable_are_told_with_what_to_do(lab: Lab) -> None:
    silent, late = lab.add(Provider(lab.address())), lab.add(Provider(lab.address()))
    silent.ignore("OPTIONS")
    late.answer("OPTIONS", 200, delay=1.6)
    pbx = lab.asterisk(
        trunk("trunk-a", silent.uri, registration={}, **CHECKED_OFTEN),  # type: ignore[arg-type]
        trunk("trunk-b", late.uri, qualify_frequency=3, qualify_timeout=1),
    )
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=PROBED, options=manager_of(pbx, "tcp"))

    scene.wait_told("DOWN 2 providers (office): trunk-a, trunk-b")

    in_trouble = f"registered at {silent.address}, never answered OPTIONS: Asterisk sends it no calls"
    too_late = r"our own OPTIONS: answers 200 OK after 1\.\d s, later than Asterisk waits \(qualify_timeout = 1\)"
    [body] = [message.body for message in scene.sink.messages]
    assert f"trunk-a: does not answer OPTIONS (contact Unreachable); {in_trouble}" in body
    assert re.search(rf"trunk-b: does not answer OPTIONS \(contact Unreachable\); {too_late}", body), body
    shown = scene.daemon.command("status").stdout
    assert in_trouble in shown
    assert re.search(too_late, shown), shown
    assert in_trouble in scene.daemon.command("incident", "1").stdout + scene.daemon.command("incident", "2").stdout
    found = json.loads(scene.daemon.command("doctor", "--json").stdout)["findings"]
    advice = {row["name"]: row["remedies"][0]["lines"] for row in found if row["pbx"] and row["gravity"] == "serious"}
    assert advice == {
        "registered-yet-unreachable": ["[trunk-a]     ; the section with type = aor", "qualify_frequency = 0"],
        "answers-too-late": ["[trunk-b]     ; the section with type = aor", "qualify_timeout = 5"],
    }
