"""Registrations on a real Asterisk: what its manager interface tells of them, what is believed, and what is told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

TRUNK = "PJSIP/trunk-a"
WATCH = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 2s
up_after = 500ms
down_after_exact = yes
"""
#: Behind "it has stopped trying" stands a whole attempt that nobody answers.
UNTIL_OVERDUE = 75.0


@pytest.fixture
def provider(lab: Lab) -> Provider:
    one = lab.add(Provider(lab.address()))
    one.come_back()
    return one


def manager_of(pbx: Asterisk, way: str) -> dict[str, str]:
    """The options that name its manager interface."""
    address = {"tcp": f"tcp://{pbx.ami[0]}:{pbx.ami[1]}", "http": "http"}[way]
    return {
        "ami": address,
        "ami_username": pbx.ami_auth[0],
        "ami_password": pbx.ami_auth[1],
        "degraded_after": "2s",
        "up_after": "500ms",
    }


def scene_of(
    lab: Lab,
    provider: Provider,
    *,
    way: str = "tcp",
    registration: Mapping[str, object] | None = None,
    auth: tuple[str, str] | None = None,
) -> Scene:
    """A trunk that is registered, and a daemon that knows it."""
    contact = f"sip:{provider.address}:{provider.port}"
    own = trunk("trunk-a", contact, outbound_auth=auth, registration=registration or {}, **CHECKED_OFTEN)  # type: ignore[arg-type]
    pbx = lab.asterisk(own)
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=WATCH, options=manager_of(pbx, way))
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "it is registered", 60)
    return scene


def check(scene: Scene) -> dict[str, str | None]:
    """How ``status`` shows the registration; empty: it is not there."""
    checks = scene.daemon.target(TRUNK).get("checks", [])
    return next((check for check in checks if check["check"] == "registration"), {})


def why(scene: Scene) -> str:
    return f"{check(scene).get('reason')} {check(scene).get('remark')}"


@pytest.mark.parametrize("way", ["tcp", "http"])
def test_a_provider_that_can_be_reached_rejects_the_registration_and_accepts_it_later(
    lab: Lab, provider: Provider, way: str
) -> None:
    scene = scene_of(lab, provider, way=way)

    provider.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")
    scene.wait_told("DOWN registration of provider trunk-a (office) since ")
    assert provider.address in scene.sink.messages[-1].body
    assert scene.daemon.state(TRUNK) == "down"
    assert scene.pbx.endpoint_state(TRUNK) == "online"

    provider.answer("REGISTER", 200)
    scene.wait_told(
        "DOWN registration of provider trunk-a (office) since ", "UP registration of provider trunk-a (office) after "
    )


def test_after_its_last_retry_the_incident_says_that_asterisk_has_stopped_trying(lab: Lab, provider: Provider) -> None:
    scene = scene_of(lab, provider, registration={"max_retries": 2})

    provider.answer("REGISTER", 503)
    scene.pbx.register_now("trunk-a")

    scene.daemon.wait(lambda: "has stopped trying" in why(scene), "it has given up", 60)
    provider.answer("REGISTER", 200)
    scene.pbx.register_now("trunk-a")
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "it is registered again", 60)


def test_a_403_that_is_final_is_known_to_be_when_the_next_attempt_is_overdue(lab: Lab, provider: Provider) -> None:
    scene = scene_of(lab, provider, registration={"forbidden_retry_interval": 0})

    provider.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")

    scene.daemon.wait(lambda: "has stopped trying" in why(scene), "it has given up", UNTIL_OVERDUE)
    assert provider.seen["REGISTER"] < 10


def test_no_password_of_a_trunk_is_written_anywhere(lab: Lab, provider: Provider) -> None:
    provider.password = "pw-of-the-trunk-77"
    scene = scene_of(lab, provider, auth=("me", "pw-of-the-trunk-77"))

    assert "trunk-a" in scene.pbx.cli("pjsip show registrations")
    scene.daemon.stop()
    written = [path for path in scene.daemon.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if b"pw-of-the-trunk-77" in path.read_bytes()]


def test_an_asterisk_that_dies_and_starts_again_loses_no_registration_and_its_manager_interface_is_known_again(
    lab: Lab, provider: Provider
) -> None:
    scene = scene_of(lab, provider)

    scene.pbx.kill()
    scene.daemon.wait(lambda: check(scene).get("state") == "unknown", "nobody knows")
    # It lets us log in while it boots.
    scene.pbx.start()
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "it is registered again", 60)

    assert not [subject for subject in scene.subjects if "registration" in subject or "manager" in subject]
