"""How Asterisk checks an endpoint, and what a change of that does: on a real Asterisk."""

from __future__ import annotations

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import Endpoint, phone, section
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, set_scene

#: AORs that are written through ARI, as realtime's are written by others: no reload is needed, and none is seen.
AORS_IN_MEMORY = """[res_pjsip]
endpoint=config,pjsip.conf,criteria=type=endpoint
auth=config,pjsip.conf,criteria=type=auth
aor=memory
"""


@pytest.fixture
def provider(lab: Lab) -> Provider:
    one = lab.add(Provider(lab.address()))
    one.come_back()
    return one


# ---------------------------------------------------------------- switched off without a reload


def without_its_aor(endpoint: Endpoint) -> Endpoint:
    """The same endpoint; its AOR comes from elsewhere."""
    sections = endpoint.text.split("\n\n")
    kept = [text for text in sections if "type=aor" not in text]
    return Endpoint(endpoint.technology, endpoint.resource, "\n\n".join(kept))


def push_aor(pbx: Asterisk, name: str, **options: object) -> None:
    """Write an AOR through ARI."""
    fields = [{"attribute": attribute, "value": str(value)} for attribute, value in options.items()]
    answer = pbx.ari("PUT", f"/asterisk/config/dynamic/res_pjsip/aor/{name}", json={"fields": fields})
    assert answer.status_code == 200, answer.text


def test_qualify_switched_off_without_a_reload_does_not_stay_green(lab: Lab, provider: Provider) -> None:
    contact = f"sip:{provider.address}:{provider.port}"
    kept = {"trunk-a": {"contact": contact}, "101": {"max_contacts": 1, "minimum_expiration": 1}}
    trunk = section("trunk-a", "endpoint", {"context": "default", "aors": "trunk-a"})
    pbx = lab.asterisk(Endpoint("PJSIP", "trunk-a", trunk), without_its_aor(phone("101")), start=False)
    pbx.write_files()
    (pbx.folder / "etc/sorcery.conf").write_text(AORS_IN_MEMORY)
    pbx.start()
    for name, options in kept.items():
        push_aor(pbx, name, **options, **CHECKED_OFTEN)
    one = lab.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    pbx.wait_state("PJSIP/trunk-a", "online")
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    for name in ("trunk-a", "101"):
        scene.daemon.wait(lambda name=name: scene.daemon.target(f"PJSIP/{name}").get("reason"), f"{name} is known")
        scene.daemon.wait_for_state(f"PJSIP/{name}", "up")

    for name, options in kept.items():
        push_aor(pbx, name, **options, qualify_frequency=0)
    provider.ignore("OPTIONS")
    one.vanish()

    scene.daemon.wait_for_state("PJSIP/trunk-a", "unknown")
    assert scene.daemon.target("PJSIP/trunk-a")["reason"] == "not qualified: Asterisk does not check it"
    scene.daemon.wait(
        lambda: "its loss is noticed only when its registration expires" in scene.daemon.target("PJSIP/101")["remark"],
        "the remark that the phone is not checked",
    )
    assert scene.subjects == []


# ---------------------------------------------------------------- qualify per contact


def test_qualify_is_that_of_the_aor_on_which_the_phone_is_registered(lab: Lab) -> None:
    """``aors=101,101-soft``: 101 is qualified, and the phone is registered on the other one."""
    soft = section("101-soft", "aor", {"max_contacts": 1, "minimum_expiration": 1, "qualify_frequency": 0})
    address = lab.address()
    identify = section("101-identify", "identify", {"endpoint": "101", "match": address})
    desk = phone("101", **CHECKED_OFTEN, endpoint={"aors": "101,101-soft", "auth": ""})  # type: ignore[arg-type]
    pbx = lab.asterisk(Endpoint("PJSIP", "101", desk.text + soft + identify))
    at_the_soft_one = lab.add(Phone(pbx.sip, "101-soft", address=address))
    assert at_the_soft_one.register() == 200
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    scene.daemon.wait_for_state("PJSIP/101", "up")

    scene.daemon.wait(
        lambda: scene.daemon.target("PJSIP/101")["remark"].startswith("not qualified"), "it is said to be unchecked"
    )
    at_the_soft_one.unregister()
    scene.daemon.wait_for_state("PJSIP/101", "down")
    at_the_desk = lab.add(Phone(pbx.sip, "101", address=address))
    assert at_the_desk.register() == 200

    scene.daemon.wait_for_state("PJSIP/101", "up")
    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/101")["remark"] == "", "it is said to be checked")
