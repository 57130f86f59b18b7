"""How Asterisk checks an endpoint, and what a change of that does: on a real Asterisk."""

from __future__ import annotations

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import Endpoint, phone, section, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone, PhoneFarm
from tests.lab.process import wait_until
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

#: AORs that are written through ARI, as realtime's are written by others: no reload is needed, and none is seen.
AORS_IN_MEMORY = """[res_pjsip]
endpoint=config,pjsip.conf,criteria=type=endpoint
auth=config,pjsip.conf,criteria=type=auth
aor=memory
"""


#: Nobody is checked sooner than the holds are over, but by chance. A busy machine may answer late: that is no loss.
CHECKED_LATE = {"qualify_frequency": 8, "qualify_timeout": 4}


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


def test_qualify_switched_off_without_a_reload_and_on_again_neither_stays_green_nor_alarms(
    lab: Lab, provider: Provider
) -> None:
    contact = f"sip:{provider.address}:{provider.port}"
    kept: dict[str, dict[str, object]] = {
        "trunk-a": {"contact": contact},
        "101": {"max_contacts": 1, "minimum_expiration": 1},
    }
    pbx = lab.asterisk(*map(without_its_aor, (trunk("trunk-a", contact), phone("101"))), start=False)
    pbx.write_files()
    (pbx.folder / "etc/sorcery.conf").write_text(AORS_IN_MEMORY)
    pbx.start()
    for name, options in kept.items():
        push_aor(pbx, name, **options, **CHECKED_OFTEN)
    one = lab.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    pbx.wait_state("PJSIP/trunk-a", "online")
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    for name in kept:
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
    provider.answer("OPTIONS", 200)
    one.come_back()
    for name, options in kept.items():
        push_aor(pbx, name, **options, **CHECKED_LATE)
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
    scene.daemon.wait(lambda: not scene.daemon.target("PJSIP/101")["remark"], "the phone is said to be checked")
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


# ---------------------------------------------------------------- a call that hangs


def call(pbx: Asterisk, endpoint: str) -> None:
    """Have a call to an endpoint up; nobody ever hangs up."""
    asked = {"endpoint": endpoint, "extension": "600", "context": "default"}
    assert pbx.ari("POST", "/channels", params=asked).status_code == 200
    device = endpoint.replace("/600@", "/").replace("/", "%2F")
    wait_until(
        lambda: pbx.ari("GET", f"/deviceStates/{device}").json()["state"] == "INUSE", 10, f"{endpoint} is in use"
    )


def test_an_outage_is_told_while_a_call_over_the_trunk_and_one_to_a_phone_hang(lab: Lab, provider: Provider) -> None:
    contact = f"sip:{provider.address}:{provider.port}"
    pbx = lab.asterisk(
        trunk("trunk-a", contact, **CHECKED_OFTEN),  # type: ignore[arg-type]
        phone("101", **CHECKED_OFTEN),  # type: ignore[arg-type]
    )
    one = lab.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    for name in ("PJSIP/trunk-a", "PJSIP/101"):
        scene.daemon.wait_for_state(name, "up")
    call(pbx, "PJSIP/600@trunk-a")
    call(pbx, "PJSIP/101")

    provider.vanish()
    one.vanish()
    scene.daemon.wait_for_state("PJSIP/trunk-a", "down")
    scene.daemon.wait_for_state("PJSIP/101", "down")

    assert pbx.ari("GET", "/deviceStates/PJSIP%2Ftrunk-a").json()["state"] == "INUSE"
    refused = pbx.ari("POST", "/channels", params={"endpoint": "PJSIP/600@trunk-a", "app": "nobody"})
    assert refused.status_code == 500
    scene.daemon.wait(lambda: len(" ".join(scene.subjects).split("DOWN ")) >= 2, "it is told")


# ---------------------------------------------------------------- switched on, and the first look after a boot

TRUNKS = [f"trunk-{number}" for number in range(1, 7)]
PHONES = [f"{number}" for number in range(101, 121)]


def trunks(provider: Provider, **checked: object) -> list[Endpoint]:
    """Six trunks to the same provider."""
    return [trunk(name, f"sip:{provider.address}:{provider.port}", **checked) for name in TRUNKS]  # type: ignore[arg-type]


def wait_until_all_are(scene: Scene, state: str, how_many: int) -> None:
    """Wait until that is believed of so many endpoints."""

    def states() -> list[str]:
        return [row["state"] for row in scene.daemon.status().get("targets", [])]

    scene.daemon.wait(lambda: states().count(state) == how_many, f"{how_many} are {state}")


def test_qualify_is_switched_on_for_all_phones_and_trunks_and_nobody_is_told(lab: Lab, provider: Provider) -> None:
    unchecked = [*trunks(provider, qualify_frequency=0), *(phone(name, qualify_frequency=0) for name in PHONES)]
    pbx = lab.asterisk(*unchecked)
    farm = PhoneFarm(pbx.sip, PHONES, lab.address())
    lab.add(farm).come_back()
    farm.register()
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    wait_until_all_are(scene, "up", len(PHONES))
    scene.daemon.wait(
        lambda: [scene.daemon.target(f"PJSIP/{name}")["kind"] for name in TRUNKS] == ["provider"] * len(TRUNKS),
        "the settings are read",
    )

    checked = [*trunks(provider, **CHECKED_LATE), *(phone(name, **CHECKED_LATE) for name in PHONES)]  # type: ignore[arg-type]
    pbx.add_endpoint(*checked)

    wait_until_all_are(scene, "unknown", 0)
    wait_until_all_are(scene, "up", len(PHONES) + len(TRUNKS))
    assert scene.subjects == []
    assert scene.incidents() == []


def test_qualify_is_switched_on_for_one_trunk_and_nobody_is_told(lab: Lab, provider: Provider) -> None:
    pbx = lab.asterisk(*trunks(provider, qualify_frequency=0))
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/trunk-6").get("kind") == "provider", "the settings are read")

    provider.answer("OPTIONS", delay=0.1)
    pbx.add_endpoint(*trunks(provider, **CHECKED_LATE)[:1])

    scene.daemon.wait_for_state("PJSIP/trunk-1", "up")
    assert scene.subjects == []
    provider.ignore("OPTIONS")
    scene.wait_told("DOWN provider trunk-1 (office) since ")


def test_the_first_look_at_a_just_booted_asterisk_with_an_empty_database_tells_nobody(
    lab: Lab, provider: Provider
) -> None:
    pbx = lab.asterisk(*trunks(provider, **CHECKED_LATE))

    scene = set_scene(lab, pbx, lab.folder("daemon"))

    wait_until_all_are(scene, "up", len(TRUNKS))
    assert scene.subjects == []
    assert scene.incidents() == []
