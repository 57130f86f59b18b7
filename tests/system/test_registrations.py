"""Registrations on a real Asterisk: what its manager interface tells of them, what is believed, and what is told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.registrations import EVENT
from healthmon.config.sections.shared import Secret
from tests.core.scene import pbx_config
from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import AMI_TLS_PORT, Options
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene
from tests.waiting import wait_for

TRUNK = "PJSIP/trunk-a"
WATCH = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 2s
up_after = 2s
down_after_exact = yes
"""
#: As in ``WATCH`` (seconds): longer than two lists of registrations are apart, of which the second settles it.
DOWN_AFTER, UP_AFTER = 2.0, 2.0
#: An attempt that nobody answers, and the pause after it (seconds).
WHOLE_ATTEMPT = 45.0
#: Behind "it does not try again by now" stands a whole attempt that nobody answers.
UNTIL_OVERDUE = 75.0


@pytest.fixture
def provider(lab: Lab) -> Provider:
    one = lab.add(Provider(lab.address()))
    one.come_back()
    return one


def manager_of(pbx: Asterisk, way: str) -> dict[str, str]:
    """The options that name its manager interface."""
    host, port = pbx.ami
    address = {"tcp": f"tcp://{host}:{port}", "tls": f"tls://{host}:{AMI_TLS_PORT}", "http": "http"}[way]
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
    owner: str = TRUNK,
    write: str = "system,reporting",
    user: str = "",
) -> Scene:
    """A trunk, and a daemon that knows that it is registered; ``owner``: to whom that belongs.

    ``user``: what stands before the host in the URI of its contact, ``me:password@``.
    """
    contact = f"sip:{user}{provider.address}:{provider.port}"
    own = trunk("trunk-a", contact, outbound_auth=auth, registration=registration or {}, **CHECKED_OFTEN)  # type: ignore[arg-type]
    pbx = lab.asterisk(own, options=Options(ami_read="system", ami_write=write))
    # What is told within a second of its hold does not wait for others besides.
    scene = set_scene(
        lab, pbx, lab.folder("daemon"), config=WATCH, options=manager_of(pbx, way), receiver={"group_wait": "0s"}
    )
    scene.daemon.wait(lambda: check(scene, owner).get("state") == "up", "it is registered", 60)
    return scene


def check(scene: Scene, owner: str = TRUNK) -> dict[str, str | None]:
    """How ``status`` shows the registration; empty: it is not there."""
    shown = scene.daemon.target(owner)
    if owner != TRUNK:
        # One of nobody is a thing of its own.
        return shown
    return next((check for check in shown.get("checks", []) if check["check"] == "registration"), {})


def why(scene: Scene) -> str:
    return f"{check(scene).get('reason')} {check(scene).get('remark')}"


class AsteriskSays(Thread):
    """Listens to a manager interface by itself: when a registration was first lost, how often, and when last back."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(daemon=True)
        user, password = scene.pbx.ami_auth
        address = f"tcp://{scene.pbx.ami[0]}:{scene.pbx.ami[1]}"
        self._client = AmiClient(
            replace(pbx_config(), ami=address, ami_username=user, ami_password=Secret(password)), (EVENT,)
        )
        self._is_over = Event()
        self.lost_at = self.back_at = 0.0
        self.rejections = 0
        self.start()

    def run(self) -> None:
        """Note what comes."""
        with closing(self._client):
            while not self._is_over.is_set():
                for event in self._client.events(0.05):
                    if event["Status"] == "Registered":
                        self.back_at = time.time()
                    elif event["Status"] == "Rejected":
                        self.lost_at = self.lost_at or time.time()
                        self.rejections += 1

    def close(self) -> None:
        """Listen no longer."""
        self._is_over.set()
        self.join()


@pytest.mark.parametrize("way", ["tcp", "http"])
def test_a_provider_that_can_be_reached_rejects_the_registration_and_accepts_it_later(
    lab: Lab, provider: Provider, way: str
) -> None:
    scene = scene_of(lab, provider, way=way)
    asterisk = lab.add(AsteriskSays(scene))

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
    down, up = scene.sink.messages
    assert down.at - asterisk.lost_at < DOWN_AFTER + 1
    assert up.at - asterisk.back_at < UP_AFTER + 1


def test_ari_refuses_the_password_and_a_registration_that_is_lost_is_told_as_ever(lab: Lab, provider: Provider) -> None:
    scene = scene_of(lab, provider)
    asterisk, pbx = lab.add(AsteriskSays(scene)), scene.pbx
    pbx.options = replace(pbx.options, ari_password="another-one")
    pbx.reload("res_ari.so")
    unseen = "CANNOT SEE PBX office: ARI password refused"
    scene.wait_told(unseen)
    assert check(scene)["state"] == "up"

    provider.answer("REGISTER", 403)
    pbx.register_now("trunk-a")
    scene.wait_told(unseen, "DOWN registration of provider trunk-a (office) since ")
    assert scene.sink.messages[-1].at - asterisk.lost_at < DOWN_AFTER + 1
    assert scene.daemon.state(TRUNK) == check(scene)["state"] == "down"

    provider.answer("REGISTER", 200)
    back = "UP registration of provider trunk-a (office) after "
    scene.wait_told(unseen, "DOWN registration of provider trunk-a (office) since ", back)
    assert scene.sink.messages[-1].at - asterisk.back_at < UP_AFTER + 1
    assert scene.daemon.state(TRUNK) == "unknown"


def test_a_registration_that_is_rejected_when_healthmon_starts_is_not_green_at_once(
    lab: Lab, provider: Provider
) -> None:
    provider.answer("REGISTER", 403)
    contact = f"sip:{provider.address}:{provider.port}"
    pbx = lab.asterisk(trunk("trunk-a", contact, registration={}, **CHECKED_OFTEN))  # type: ignore[arg-type]
    patient = WATCH.replace("down_after = 2s", "down_after = 2m")
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=patient, options=manager_of(pbx, "tcp"))

    scene.daemon.wait(lambda: check(scene), "its registration is heard of")

    shown = scene.daemon.target(TRUNK)
    assert (shown["state"], shown["pending"], shown["check"]) == ("unknown", "down", "registration")
    assert shown["remark"].startswith(f"not registered at {provider.address}: ")
    assert "unknown, down?" in scene.daemon.command("status").stdout
    done = scene.daemon.command("check", "--endpoint", TRUNK)
    assert (done.returncode, "seems down; not registered at" in done.stdout) == (3, True)
    assert not scene.subjects


def test_a_registration_that_is_tied_to_an_endpoint_is_its_own_wherever_it_registers(lab: Lab) -> None:
    contact, registrar = lab.add(Provider(lab.address())), lab.add(Provider(lab.address()))
    tied = {"line": True, "endpoint": "trunk-a", "server_uri": f"sip:{registrar.address}:{registrar.port}"}
    for provider in (contact, registrar):
        provider.come_back()
    scene = scene_of(lab, contact, registration=tied)

    registrar.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")

    scene.wait_told("DOWN registration of provider trunk-a (office) since ")
    assert registrar.address in scene.sink.messages[-1].body


def test_a_registration_of_nobody_is_told_by_its_own_name(lab: Lab, provider: Provider) -> None:
    elsewhere = lab.add(Provider(lab.address()))
    elsewhere.come_back()
    alone = "REGISTRATION/trunk-a-registration"
    # The trunk has no auth object, and its contact is somewhere else.
    there = {"server_uri": f"sip:{elsewhere.address}:{elsewhere.port}"}
    scene = scene_of(lab, provider, registration=there, owner=alone)

    elsewhere.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")
    scene.wait_told("DOWN registration trunk-a-registration (office) since ")
    elsewhere.answer("REGISTER", 200)
    scene.daemon.wait(lambda: scene.daemon.state(alone) == "up", "it is registered again")


@pytest.mark.soak
def test_who_ignores_a_register_is_told_from_who_rejects_it(lab: Lab, provider: Provider) -> None:
    scene = scene_of(lab, provider, registration={"max_retries": 3, "forbidden_retry_interval": 12})
    asterisk = lab.add(AsteriskSays(scene))
    provider.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")
    wait_for(lambda: asterisk.rejections == 2, 60)

    provider.ignore("REGISTER")

    known = (
        "not answered; Asterisk has stopped trying: it needs 'pjsip send register trunk-a-registration', or a reload"
    )
    scene.daemon.wait(lambda: known in cause(scene), "it is known", 3 * WHOLE_ATTEMPT)
    [incident] = [incident for incident in scene.incidents() if incident["check"] == "registration"]
    at, told = f"known by now: not registered at {provider.address}", story(scene, incident)
    lines = [f"{at}: {words}" for words in ("rejected; incoming", "not answered; incoming", known)]
    assert [told.count(line) for line in lines] == [1, 1, 1], told
    assert sorted(lines, key=told.index) == lines, "each is a line of its own"
    # Another cause is no message; that nobody tries any more is one.
    scene.wait_told("DOWN registration of provider trunk-a", "STILL DOWN registration of provider trunk-a")
    provider.answer("REGISTER", 200)
    scene.pbx.register_now("trunk-a")
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "it is registered again", 60)
    assert known in cause(scene), "that stays its cause"


def cause(scene: Scene) -> str:
    """What the incident of the registration says of it."""
    incidents = [incident for incident in scene.incidents() if incident["check"] == "registration"]
    return "".join(str(incident["cause"]) for incident in incidents)


def story(scene: Scene, incident: Mapping[str, object]) -> str:
    """What ``healthmon incident`` says, in a line."""
    return " ".join(scene.daemon.command("incident", str(incident["id"])).stdout.split())


def test_after_its_last_retry_the_incident_says_that_asterisk_has_stopped_trying(lab: Lab, provider: Provider) -> None:
    scene = scene_of(lab, provider, registration={"max_retries": 2})

    provider.answer("REGISTER", 503)
    scene.pbx.register_now("trunk-a")

    scene.daemon.wait(lambda: "has stopped trying" in why(scene), "it has given up", 60)
    said = "rejected; Asterisk has stopped trying: it needs 'pjsip send register"
    scene.daemon.wait(lambda: said in cause(scene), f"the incident says {said}", 20)
    provider.answer("REGISTER", 200)
    scene.pbx.register_now("trunk-a")
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "it is registered again", 60)


def test_a_403_that_is_final_is_known_to_be_when_the_next_attempt_is_overdue(lab: Lab, provider: Provider) -> None:
    scene = scene_of(lab, provider, registration={"forbidden_retry_interval": 0})

    provider.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")

    scene.daemon.wait(lambda: "does not try again by now" in why(scene), "it is overdue", UNTIL_OVERDUE)
    assert "rejected; Asterisk does not try again by now" in cause(scene), "it had retries left"
    assert provider.seen["REGISTER"] < 10


def test_no_password_of_a_trunk_is_written_anywhere(lab: Lab, provider: Provider) -> None:
    provider.password = "pw-of-the-trunk-77"
    uri = f"sip:me:pw-of-the-trunk-77@{provider.address}:{provider.port}"
    scene = scene_of(
        lab,
        provider,
        auth=("me", "pw-of-the-trunk-77"),
        registration={"client_uri": uri, "server_uri": uri},
        user="me:pw-of-the-trunk-77@",
    )

    assert "pw-of-the-trunk-77" in scene.pbx.cli("pjsip show registrations") + scene.pbx.cli("pjsip show aor trunk-a")
    provider.vanish()
    scene.daemon.wait_for_state(TRUNK, "down")
    shown = [
        scene.daemon.command(*command)
        for command in (
            ["status", "--json"],
            ["discover", "--json"],
            ["doctor", "--json"],
            ["check-config", "--connect"],
            ["export", "--what", "transitions", "--format", "jsonl"],
        )
    ]
    scene.daemon.stop()
    written = [path for path in scene.daemon.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if b"pw-of-the-trunk-77" in path.read_bytes()]
    assert not [done.args for done in shown if "pw-of-the-trunk-77" in done.stdout + done.stderr]


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


#: The same with the right to give commands, which healthmon needs for nothing else.
WITH_COMMANDS = "reporting,command"
STOPPED = "Asterisk has stopped trying: it needs 'pjsip send register trunk-a-registration', or a reload"


@pytest.mark.parametrize("way", ["tcp", "http"])
@pytest.mark.parametrize(("code", "retries"), [(403, {"forbidden_retry_interval": 0}), (503, {"max_retries": 2})])
def test_where_commands_may_be_given_the_console_tells_that_asterisk_has_stopped(
    lab: Lab, provider: Provider, way: str, code: int, retries: Mapping[str, object]
) -> None:
    scene = scene_of(lab, provider, way=way, registration=retries, write=WITH_COMMANDS)

    provider.answer("REGISTER", code)
    scene.pbx.register_now("trunk-a")

    scene.daemon.wait(lambda: f"rejected; {STOPPED}" in why(scene), "it has stopped", 45)
    provider.answer("REGISTER", 200)
    scene.pbx.register_now("trunk-a")
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "it is registered again", 60)


@pytest.mark.parametrize(("code", "retries"), [(403, {"forbidden_retry_interval": 0}), (503, {"max_retries": 2})])
def test_what_has_stopped_before_healthmon_began_is_known_to_by_the_console(
    lab: Lab, provider: Provider, code: int, retries: Mapping[str, object]
) -> None:
    provider.answer("REGISTER", code)
    contact = f"sip:{provider.address}:{provider.port}"
    own = trunk("trunk-a", contact, registration=retries, **CHECKED_OFTEN)  # type: ignore[arg-type]
    pbx = lab.asterisk(own, options=Options(ami_read="system", ami_write=WITH_COMMANDS))
    wait_for(lambda: "Rejected" in pbx.cli("pjsip show registrations"), 60)

    scene = set_scene(lab, pbx, lab.folder("daemon"), config=WATCH, options=manager_of(pbx, "tcp"))

    scene.daemon.wait(lambda: STOPPED in why(scene), "it has stopped", 75)
    scene.daemon.wait(lambda: any(STOPPED in message.body for message in scene.sink.messages), "that is told", 30)
