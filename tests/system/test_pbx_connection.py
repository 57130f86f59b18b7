"""What can stand between healthmon and a PBX that is well: another client, a reverse proxy."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial

import pytest
import requests
import websocket

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab, need
from tests.lab.others import nginx
from tests.lab.pbxfiles import Options
from tests.lab.phones import Phone
from tests.system.daemon import wait_until
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

SOON = {"up_after": "500ms", "degraded_after": "500ms"}
#: After so much silence the proxy cuts a connection; heartbeats come every five seconds (seconds).
IDLE_TIMEOUT = 7


def start_with_a_phone(lab: Lab, pbx: Asterisk, **options: str) -> tuple[Scene, Phone]:
    """Start a daemon, register phone 101, and wait until it is believed up."""
    scene = set_scene(lab, pbx, lab.folder("daemon"), options={**SOON, **options})
    one = lab.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    scene.daemon.wait_for_state("PJSIP/101", "up")
    return scene, one


def open_events(pbx: Asterisk, application: str) -> websocket.WebSocket:
    """Connect as another client of this application would."""
    token = base64.b64encode(":".join(pbx.ari_auth).encode()).decode()
    url = f"{pbx.url}/ari/events?app={application}".replace("http://", "ws://")
    return websocket.create_connection(url, header=[f"Authorization: Basic {token}"], timeout=0.2)


def types_received(stream: websocket.WebSocket) -> Iterator[str]:
    """The types of all events that have arrived."""
    while True:
        try:
            yield json.loads(stream.recv())["type"]
        except websocket.WebSocketTimeoutException:
            return


def test_an_application_taken_over_is_told_and_polls_go_on_and_nobody_fights(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    scene, one = start_with_a_phone(lab, pbx, poll_every="2s")

    with closing(open_events(pbx, "healthmon-test")) as other:
        scene.wait_told("DEGRADED PBX office: no events: another client took over")
        assert scene.daemon.pbx()["reason"].startswith("no events: another client took over the application")
        one.vanish()
        scene.daemon.wait_for_state("PJSIP/101", "down")

        scene.daemon.wait(lambda: len(scene.subjects) == 2, "both are told")
        assert scene.subjects[1].startswith("DOWN phone 101 (office) since ")
        assert "ApplicationReplaced" not in list(types_received(other))
    assert scene.daemon.log().count("events are left to the other client for 300 s; polls go on") == 1


@pytest.mark.lab
def test_a_reverse_proxy_with_a_prefix_and_an_idle_timeout_makes_no_alarm_and_is_named_when_asterisk_dies(
    lab22: Lab,
) -> None:
    pbx = lab22.asterisk(phone("101", **CHECKED_OFTEN), options=Options(prefix="pbx"))  # type: ignore[arg-type]
    url = start_nginx(lab22, pbx)
    scene, one = start_with_a_phone(lab22, pbx, url=url, poll_every="1h")

    # Events alone tell of the phone.
    one.vanish()
    scene.wait_told("DOWN phone 101 (office) since ")
    one.come_back()
    scene.wait_told("DOWN phone 101 (office) since ", "UP phone 101 (office) after ")
    scene.daemon.wait(lambda: seconds_proven(scene) > IDLE_TIMEOUT + 1, "proven alive for longer than the time-out")
    assert "events:" not in scene.daemon.log()
    pbx.kill()

    scene.daemon.wait_for_pbx("down")
    assert "the reverse proxy says 502: Asterisk does not answer behind it" in scene.daemon.pbx()["reason"]
    pbx.start()
    scene.daemon.wait_for_pbx("up")
    scene.daemon.wait_for_state("PJSIP/101", "up")
    told_of_phone = ("DOWN phone 101 (office) since ", "UP phone 101 (office) after ")
    scene.wait_told(*told_of_phone, "DOWN PBX office since ", "UP PBX office after ")
    # This proxy_pass ends in a path, so nginx turns %2F into a slash.
    assert scene.daemon.log().count("device states: 404: does the reverse proxy turn %2F into a slash?") == 1


def test_http_sessions_that_are_used_up_are_said_to_be_so_and_no_freeze(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN), start=False)  # type: ignore[arg-type]
    # Idle connections are closed after a second, so that healthmon's heartbeats need new ones; its stream stays.
    pbx.append("http.conf", "sessionlimit=4\nsession_keep_alive=1000\n")
    pbx.start()
    scene, one = start_with_a_phone(lab, pbx)

    with ExitStack() as others:
        for number in range(3):
            stream = wait_until(partial(take_session, pbx, f"other-{number}"), "an HTTP session is free")
            assert stream is not None
            others.callback(stream.shutdown)
        scene.wait_told("DOWN PBX office since ")
        assert "sessionlimit in http.conf" in scene.daemon.pbx()["reason"]
        # So late our own stream, which lacks our heartbeat, is taken for silent.
        scene.daemon.wait(lambda: "not even our own heartbeat" in scene.daemon.log(), "the stream is silent")
        one.vanish()
        wait_until(lambda: "Unavail" in pbx.cli("pjsip show contacts"), "the phone is unreachable")

    scene.daemon.wait_for_state("PJSIP/101", "down")
    assert "frozen" not in scene.daemon.command("history", "PJSIP/101").stdout


def take_session(pbx: Asterisk, application: str) -> websocket.WebSocket | None:
    """Take one of Asterisk's HTTP sessions for an event stream; None: none is free, and the connection was closed."""
    try:
        return open_events(pbx, application)
    except (websocket.WebSocketException, ConnectionError):
        return None


def start_nginx(lab: Lab, pbx: Asterisk) -> str:
    """Start a proxy that cuts what is silent for IDLE_TIMEOUT; return the url for healthmon."""
    upgrade = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
    upgrade += " proxy_set_header Connection $connection_upgrade;"
    inside = f"location /office/ {{ proxy_pass {pbx.url}/; {upgrade} proxy_read_timeout {IDLE_TIMEOUT}s; }}"
    address = lab.address()
    proxy = lab.add(nginx(need("nginx"), lab.folder("nginx"), (address, 8080), inside))
    url = f"http://{address}:8080/office"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/ari/endpoints", auth=pbx.ari_auth, timeout=5).ok
        except requests.ConnectionError:
            return False

    proxy.wait_ready(answers, 10, "ARI behind nginx")
    return url


def seconds_proven(scene: Scene) -> float:
    """How long the PBX has been believed up and has proven it."""
    pbx = scene.daemon.pbx()
    return (datetime.fromisoformat(pbx["alive_at"]) - datetime.fromisoformat(pbx["since"])).total_seconds()
