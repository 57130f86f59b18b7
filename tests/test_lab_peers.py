"""The lab's own SIP peers, as a real Asterisk sees them: what they are told to do, they do."""

import pytest
import requests

from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.process import wait_until
from tests.lab.sip import Phone, PhoneFarm, Provider


def contacts(pbx_says: str) -> int:
    """How many contacts `pjsip show contacts` lists."""
    return sum(line.strip().startswith("Contact:") and "sip:" in line for line in pbx_says.splitlines())


def test_asterisk_starts_quickly_and_says_its_version(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101"))

    assert pbx.start_seconds < 5
    assert pbx.cli("core show version").startswith(f"Asterisk {pbx.kit.version}")
    assert [pbx.endpoint_state("PJSIP/101"), pbx.endpoint_state("PJSIP/102")] == ["offline", "absent"]


def test_phone_registers_vanishes_and_comes_back(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", qualify_frequency=1, qualify_timeout=0.5))
    one = lab.add(Phone(pbx.sip, "101"))

    assert one.register() == 200
    pbx.wait_state("PJSIP/101", "online")
    one.vanish()
    pbx.wait_state("PJSIP/101", "offline")
    one.come_back()
    pbx.wait_state("PJSIP/101", "online")

    assert one.unregister() == 200
    pbx.wait_state("PJSIP/101", "offline")


def test_phone_with_a_wrong_password_is_refused_and_stays_offline(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", password="right"))
    one = lab.add(Phone(pbx.sip, "101", "wrong"))

    assert one.register() == 401
    assert pbx.endpoint_state("PJSIP/101") == "offline"


def test_phone_moves_to_another_port_and_stays_one_contact(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101"))
    one = lab.add(Phone(pbx.sip, "101"))
    one.register()
    before = one.port

    assert one.move_port() == 200
    assert one.port != before
    assert contacts(pbx.cli("pjsip show contacts")) == 1
    pbx.wait_state("PJSIP/101", "online")


def test_phone_that_does_not_refresh_expires(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", qualify_frequency=0), phone("102", qualify_frequency=0))
    forgetful, diligent = lab.add(Phone(pbx.sip, "101")), lab.add(Phone(pbx.sip, "102"))
    # It refreshes after four fifths of the time: the last fifth must be enough for a busy machine.
    diligent.register(expires=8)
    forgetful.register(expires=8, refresh=False)
    pbx.wait_state("PJSIP/101", "online")

    pbx.wait_state("PJSIP/101", "offline", timeout=20)
    assert pbx.endpoint_state("PJSIP/102") == "online"


def test_one_of_two_contacts_lost_leaves_the_endpoint_online(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", max_contacts=2, remove_existing=False, qualify_frequency=1, qualify_timeout=0.5))
    desk, mobile = lab.add(Phone(pbx.sip, "101")), lab.add(Phone(pbx.sip, "101"))
    desk.register()
    mobile.register()

    mobile.vanish()
    wait_until(lambda: "Unavail" in pbx.cli("pjsip show contacts"), 10, "one contact unavailable", every=0.1)
    assert contacts(pbx.cli("pjsip show contacts")) == 2
    assert pbx.endpoint_state("PJSIP/101") == "online"


def test_phone_that_ignores_options_is_offline_and_one_that_is_slow_is_not(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", qualify_frequency=1), phone("102", qualify_frequency=1))
    deaf, slow = lab.add(Phone(pbx.sip, "101")), lab.add(Phone(pbx.sip, "102"))
    deaf.ignore("OPTIONS")
    slow.answer("OPTIONS", 200, delay=0.3)
    deaf.register()
    slow.register()

    pbx.wait_state("PJSIP/102", "online")
    pbx.wait_state("PJSIP/101", "offline")
    assert pbx.endpoint_state("PJSIP/102") == "online"


def test_provider_that_answers_503_is_online_and_one_that_is_silent_is_not(lab: Lab) -> None:
    busy, silent = lab.add(Provider(lab.address())), lab.add(Provider(lab.address()))
    busy.answer("OPTIONS", 503)
    pbx = lab.asterisk(
        trunk("trunk-a", busy.uri, qualify_frequency=1), trunk("trunk-b", silent.uri, qualify_frequency=1)
    )
    pbx.wait_state("PJSIP/trunk-a", "online")
    pbx.wait_state("PJSIP/trunk-b", "online")

    silent.ignore("OPTIONS")
    pbx.wait_state("PJSIP/trunk-b", "offline")
    assert pbx.endpoint_state("PJSIP/trunk-a") == "online"


def test_provider_accepts_rejects_or_ignores_a_registration(lab: Lab) -> None:
    provider = lab.add(Provider(lab.address()))
    provider.password = "provider-secret"
    account = ("account", "provider-secret")
    pbx = lab.asterisk(trunk("trunk-a", provider.uri, outbound_auth=account, registration={"expiration": 60}))

    def registration_is(state: str) -> None:
        said = "pjsip show registrations"
        wait_until(lambda: state in pbx.cli(said), 10, f"registration {state}", every=0.1)

    registration_is("Registered")
    provider.answer("REGISTER", 403)
    pbx.register_now("trunk-a")
    registration_is("Rejected")
    provider.ignore("REGISTER")
    seen = provider.seen["REGISTER"]
    wait_until(lambda: provider.seen["REGISTER"] > seen, 10, "tried again, in vain")
    provider.answer("REGISTER", 200)
    registration_is("Registered")


def test_call_to_a_provider_that_is_busy_or_answers(lab: Lab) -> None:
    provider = lab.add(Provider(lab.address()))
    pbx = lab.asterisk(trunk("trunk-a", provider.uri, qualify_frequency=1))
    pbx.wait_state("PJSIP/trunk-a", "online")
    call = {"endpoint": "PJSIP/100@trunk-a", "extension": "600", "context": "default"}

    provider.answer("INVITE", 486)
    pbx.ari("POST", "/channels", params=call).raise_for_status()
    wait_until(lambda: provider.seen["ACK"] == 1, 5, "the refusal is acknowledged")
    provider.answer("INVITE", 200)
    channel = pbx.ari("POST", "/channels", params=call).json()["id"]
    wait_until(lambda: pbx.ari("GET", f"/channels/{channel}").json().get("state") == "Up", 5, "the call is up")
    pbx.ari("DELETE", f"/channels/{channel}").raise_for_status()

    wait_until(lambda: provider.seen["BYE"] == 1, 5, "the call is hung up")


def test_site_of_fifty_phones_behind_two_addresses(lab: Lab) -> None:
    names = [str(number) for number in range(100, 150)]
    pbx = lab.asterisk(*(phone(name, qualify_frequency=1, qualify_timeout=0.5) for name in names))
    near, far = lab.add(PhoneFarm(pbx.sip, names[:40])), lab.add(PhoneFarm(pbx.sip, names[40:]))

    def online() -> int:
        return sum(endpoint["state"] == "online" for endpoint in pbx.ari("GET", "/endpoints").json())

    near.register()
    far.register()
    wait_until(lambda: online() == 50, 10, "all online")
    far.vanish()
    wait_until(lambda: online() == 40, 10, "one site gone")
    far.come_back()
    wait_until(lambda: online() == 50, 10, "all online again")


def test_phone_gets_through_on_a_lossy_line(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", qualify_frequency=0))
    one = lab.add(Phone(pbx.sip, "101", loss=0.3, seed=3))

    assert one.register() == 200


def test_restart_freeze_kill_and_reload(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101"))
    first = pbx.started_at()

    pbx.restart()
    assert pbx.started_at() != first
    pbx.freeze()
    assert pbx.is_running
    with pytest.raises(requests.Timeout):
        pbx.ari("GET", "/endpoints", timeout=0.3)
    pbx.thaw()
    wait_until(lambda: pbx.started_at() is not None, 5, "thawed")
    pbx.add_endpoint(phone("102"))
    assert pbx.endpoint_state("PJSIP/102") == "offline"
    pbx.kill()
    assert not pbx.is_running
    pbx.start()
    pbx.remove_endpoint("PJSIP/102")
    pbx.stop()
    pbx.start()
    assert pbx.endpoint_state("PJSIP/102") == "absent"
