"""Hostile input: nothing crashes, nothing is believed from garbage, everything is said once."""

from __future__ import annotations

import json
import os
import random
import socket
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx, frames
from healthmon.demo.fakepbx.http import Answer, Request, html
from tests.ari.captures import all_events
from tests.fuzz.harm import mutate
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import FakeScene, fake_scene, fake_section, phones
from tests.system.scene import WATCHES, receiver_section
from tests.wire.bombs import gzip_bomb
from tests.wire.raw import RawPeer

EVENTS_IN_CI = 3_000
EVENTS_IN_SOAK = 50_000


class HostilePbx(FakePbx):
    """A fake PBX whose list of endpoints, or whose upgrade to a WebSocket, may be anything."""

    endpoints_answer: bytes | None = None
    upgrade_answer: Callable[[socket.socket], None] | None = None
    #: How often the list was asked for since it is garbage.
    asked = 0

    def _serve(self, request: Request, connection: socket.socket) -> bool:
        if self.upgrade_answer and request.wants_upgrade:
            self.upgrade_answer(connection)
            return False
        if self.endpoints_answer is not None and request.segments[-1:] == ("endpoints",):
            self.asked += 1
            connection.sendall(self.endpoints_answer)
            return False
        return super()._serve(request, connection)


def memory_mb(pid: int) -> float:
    """The most that a process ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


def is_alive(daemon: Daemon) -> bool:
    """Whether it runs and no defect showed itself."""
    return daemon.process.poll() is None and "Traceback" not in daemon.log()


# ---------------------------------------------------------------- the event stream

#: Frames that hold no event. Each is read, counted, and forgotten.
NO_EVENTS = {
    "nothing": frames.frame(b""),
    "half of an event": frames.frame(b'{"type":"PeerStatusChange","endpoint":{"technology":"PJS'),
    "another page": frames.frame(html(502, "Bad Gateway").body),
    "binary": frames.frame(os.urandom(2000), frames.BINARY),
    "no UTF-8": frames.frame(b'{"type":"\xff\xfe\xfd"}'),
    "100 levels": frames.frame(b'{"type":' * 100 + b"1" + b"}" * 100),
    "100,000 levels": frames.frame(b"[" * 100_000 + b"]" * 100_000),
    "a list": frames.frame(b"[1,2,3]"),
    "wrong types": frames.frame(b'{"type":"PeerStatusChange","endpoint":[],"peer":"Unreachable"}'),
    "no name": frames.frame(b'{"type":"DeviceStateChanged","device_state":{"name":"/","state":"INVALID"}}'),
    "a pong of nobody": frames.frame(b"x" * 100, frames.PONG),
}


def unknown_events() -> Iterator[bytes]:
    """Events of types that nobody has heard of, more than are counted by name."""
    for number in range(80):
        yield frames.frame(json.dumps({"type": f"Unknown{number}\n\x1b[31m", "application": "x"}).encode())


def _but_for_contacts(state: str) -> str:
    return "up" if state == "degraded" else state


def lives_on(scene: FakeScene) -> None:
    """The daemon sees events as before: a phone that goes is noticed."""
    scene.down("999")
    scene.daemon.wait(lambda: len(scene.subjects) == 1, "one message")
    assert scene.subjects[0].startswith("DOWN phone 999 (office)")


def attack_by_events(folder: Path, number: int) -> None:
    """Send mutated recordings that name endpoints which are well all the time."""
    seed = int(os.environ.get("HEALTHMON_SEED") or random.SystemRandom().randrange(2**32))
    print(f"seed {seed}")
    dice = random.Random(seed)
    recorded = list(all_events())
    watched = ("PJSIP/", "SIP/", "IAX2/")
    names = sorted({name for raw in recorded for name in named(json.loads(raw)) if name.startswith(watched)})
    endpoints = [FakeEndpoint(*name.partition("/")[::2]) for name in names] + phones(1, 999)
    with fake_scene(folder, endpoints) as scene:
        for _ in range(number):
            scene.pbx.send_text(mutate(dice.choice(recorded), dice))
        lives_on(scene)

        assert is_alive(scene.daemon)
        expected = {**dict.fromkeys(names, "up"), "PJSIP/999": "down"}
        # A mutation may be a well-formed word about an endpoint that does not exist; a snapshot does not list it.
        scene.daemon.wait(lambda: invented(scene, expected) <= {"unknown"}, "what does not exist is unknown")
        rows = {row["endpoint"]: row for row in scene.daemon.status()["targets"]}
        # Or about a contact that does not exist: an endpoint that lost one of several is degraded, and nobody is told.
        assert not [rows[name] for name in expected if _but_for_contacts(rows[name]["state"]) != expected[name]]
        assert [one["endpoint"] for one in scene.daemon.report("--incidents")["incidents"]] == ["PJSIP/999"]
        assert scene.daemon.log().count("not an event as we know them") <= 1


def invented(scene: FakeScene, known: dict[str, str]) -> set[str]:
    """The states of endpoints that the PBX does not have."""
    return {row["state"] for row in scene.daemon.status()["targets"] if row["endpoint"] not in known}


def named(event: dict[str, dict[str, str]]) -> Iterator[str]:
    """The endpoints of an event."""
    if "endpoint" in event:
        yield f"{event['endpoint']['technology']}/{event['endpoint']['resource']}"
    if "/" in event.get("device_state", {}).get("name", ""):
        yield event["device_state"]["name"]


def test_mutated_recordings_change_no_belief(tmp_path: Path) -> None:
    attack_by_events(tmp_path, EVENTS_IN_CI)


@pytest.mark.soak
def test_soak_many_mutated_recordings_change_no_belief(tmp_path: Path) -> None:
    attack_by_events(tmp_path, EVENTS_IN_SOAK)


def test_frames_without_an_event_are_counted_and_said_once(tmp_path: Path) -> None:
    with fake_scene(tmp_path, [*phones(2), *phones(1, 999)]) as scene:
        for raw in [*NO_EVENTS.values(), *unknown_events()] * 20:
            scene.pbx.send_raw(raw)
        lives_on(scene)

        log = scene.daemon.log()
        assert is_alive(scene.daemon)
        assert scene.pbx.streams_opened == 1
        assert log.count("not an event as we know them") == 1
        assert log.count("events of the unknown type") == 50
        assert "\x1b" not in log
        assert scene.daemon.state("PJSIP/101") == scene.daemon.state("PJSIP/102") == "up"


def test_frame_that_says_it_has_50_mb_ends_the_stream_and_no_more(tmp_path: Path) -> None:
    with fake_scene(tmp_path, [*phones(2), *phones(1, 999)]) as scene:
        before = memory_mb(scene.daemon.pid)

        scene.pbx.send_oversize()
        scene.daemon.wait(lambda: scene.pbx.streams_opened == 2, "it connects anew")
        lives_on(scene)

        assert is_alive(scene.daemon)
        assert "a frame of 52428800 bytes" in scene.daemon.log()
        assert memory_mb(scene.daemon.pid) < before + 30


# ---------------------------------------------------------------- names

NAMES = {
    "markup": "<b>101</b>&amp;<script>alert(1)</script>",
    "quotes": 'it\'s "101" `id` $(id)',
    "emoji": "☎️ Empfang 🎄",
    "right to left": "abc\u202edef",
    "long": "x" * 200,
    "slash": "site/a/101",
    "percent": "100%41 %s {0}",
    "escape": "a\x1b[2Jb",
    "new line": "a\n2026-01-01 00:00:00,000 ERROR   forged",
    "zero": "a\x00b",
    "spaces": "  a  b  ",
    "dots": "..",
    "rich markup": "[red]101[/red] [link=http://x]",
    "a formula": '=HYPERLINK("http://x")',
    "query": "a?b#c;d&e=f",
}


def test_names_of_any_kind_are_watched_told_and_shown_harmlessly(tmp_path: Path) -> None:
    endpoints = [FakeEndpoint("PJSIP", name) for name in NAMES.values()]
    with fake_scene(tmp_path, endpoints) as scene:
        expected = {f"PJSIP/{name}" for name in NAMES.values()}
        assert states(scene.daemon, "up") == expected

        for name in expected:
            scene.pbx.phone_down(name)
        scene.daemon.wait(lambda: states(scene.daemon, "down") == expected, "all are down")
        scene.sink.wait_for(1)
        for name in expected:
            scene.pbx.phone_up(name)
        scene.daemon.wait(lambda: states(scene.daemon, "up") == expected, "all are up")

        assert is_alive(scene.daemon)
        assert scene.pbx.failures == []
        for message in scene.sink.messages:
            assert_harmless(message.subject + message.body)
        for command in (["status"], ["report", "--incidents"], ["report", "--format", "csv"]):
            done = scene.daemon.command(*command)
            assert done.stderr == ""
            assert_harmless(done.stdout)
        for line in scene.daemon.log().splitlines():
            assert_harmless(line)
            assert line.startswith("20"), line
            assert " ERROR   forged" not in line[:40]


def states(daemon: Daemon, state: str) -> set[str]:
    """The endpoints of which this is believed."""
    return {row["endpoint"] for row in daemon.status()["targets"] if row["state"] == state}


def beliefs(daemon: Daemon) -> list[str]:
    """What is believed of all endpoints, sorted."""
    return sorted(row["state"] for row in daemon.status()["targets"])


def assert_harmless(text: str) -> None:
    """No sign that makes a terminal or a reader see something else."""
    strange = {sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf") and sign not in "\n\t\ufe0f"}
    assert not strange, strange


# ---------------------------------------------------------------- REST, and the upgrade


def answer(body: bytes, *more: tuple[str, str], kind: str = "application/json") -> bytes:
    """A whole answer 200."""
    return Answer(200, body, kind, more).encoded("Asterisk/22.0.0")


#: What a list of endpoints must not be.
NO_LISTS = {
    "page": answer(b"<html>log in, please</html>", kind="text/html"),
    "levels": answer(b"[" * 100 + b"]" * 100),
    "abyss": answer(b"[" * 100_000 + b"]" * 100_000),
    "types": answer(b'[{"technology":"PJSIP","resource":101,"state":"offline"}]'),
    "object": answer(b'{"technology":"PJSIP","resource":"101","state":"offline"}'),
    "cut": answer(b'[{"technology":"PJSIP","resource":"101","state":"offline","channel_ids":[]}')[:-20],
    "bomb": answer(gzip_bomb(b" ", 300, begin=b"["), ("Content-Encoding", "gzip")),
    "nozip": answer(b"not zipped", ("Content-Encoding", "gzip")),
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X-More: x\r\n" * 20_000 + b"\r\n[]",
    "nohttp": b"SSH-2.0-OpenSSH_9.2\r\n",
}


@contextmanager
def many(folder: Path, names: list[str], **options: str) -> Iterator[tuple[Daemon, dict[str, HostilePbx], WebhookSink]]:
    """One daemon that watches a PBX for each kind of hostility."""
    with ExitStack() as ends:
        pbxs = {name: HostilePbx(*phones(2)) for name in names}
        for pbx in pbxs.values():
            ends.callback(pbx.close)
        sink = ends.enter_context(WebhookSink())
        sections = [fake_section(pbx, name, down_after="1s", up_after="0s", **options) for name, pbx in pbxs.items()]
        daemon = ends.enter_context(Daemon(folder, "\n".join(sections) + WATCHES + receiver_section(sink)))
        yield daemon.start(), pbxs, sink


def pbx_states(daemon: Daemon) -> dict[str, str]:
    """What is believed of each PBX."""
    return {row["name"]: row["state"] for row in daemon.status()["pbxs"]}


def test_answers_that_are_no_list_of_endpoints_hide_the_pbx_and_make_no_phone_down(tmp_path: Path) -> None:
    with many(tmp_path, list(NO_LISTS), degraded_after="1s") as (daemon, pbxs, sink):
        for name, raw in NO_LISTS.items():
            pbxs[name].endpoints_answer = raw
        # What breaks off in the middle may be down; what is no answer at all tells of nobody but us; of what is no list
        # each technology is asked for by itself.
        states = {"cut": "down", **dict.fromkeys(("headers", "nohttp", "nozip"), "unknown")}
        expected = {name: states.get(name, "degraded") for name in pbxs}
        daemon.wait(lambda: pbx_states(daemon) == expected, f"what is believed of the PBXs is {expected}")
        hidden = {row["state"] for row in daemon.status()["targets"] if row["pbx"] in states}
        for pbx in pbxs.values():
            pbx.endpoints_answer = None
        daemon.wait(lambda: pbx_states(daemon) == dict.fromkeys(pbxs, "up"), "every PBX is believed up")

        assert is_alive(daemon)
        assert memory_mb(daemon.pid) < 400
        assert hidden == {"unknown"}
        assert {row["state"] for row in daemon.status()["targets"]} == {"up"}
        assert {one["endpoint"] for one in daemon.report("--incidents")["incidents"]} <= {"", None}
        assert all("PBX" in message.subject for message in sink.messages)
        for name, pbx in pbxs.items():
            assert pbx.asked > 0
            once = f"WARNING pbx {name}: GET /endpoints" if name in states else f"pbx {name} (connection): degraded"
            assert daemon.log().count(once) == 1, name


# ---------------------------------------------------------------- answers that ended it


def test_a_webhooks_answer_a_pbxs_event_and_a_heartbeats_answer_end_no_daemon_neither_now_nor_at_its_next_start(
    tmp_path: Path,
) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n"
    chunked = b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n"
    round_trip = b'{"type":"ContactStatusChange","endpoint":{"technology":"PJSIP","resource":"101"},"contact_info":'
    round_trip += b'{"uri":"sip:101@10.0.0.1","contact_status":"Reachable","roundtrip_usec":' + b"9" * 400 + b"}}"
    with ExitStack() as ends:
        webhook, service = ends.enter_context(RawPeer()), ends.enter_context(RawPeer())
        webhook.says(moved)
        service.says(chunked)
        beats = f"heartbeat_url = http://127.0.0.1:{service.port}/t0ken\nheartbeat_every = 1s\n"
        pbx = ends.enter_context(FakePbx(*phones(2)))
        told = f"\n[receiver oncall]\ngroup_wait = 0s\nurls = hook = json://127.0.0.1:{webhook.port}/alerts\n"
        daemon = ends.enter_context(Daemon(tmp_path, beats + fake_section(pbx) + WATCHES + told))
        daemon.start()

        pbx.send_raw(frames.frame(round_trip))
        pbx.phone_down("PJSIP/101")
        daemon.wait(lambda: "oncall/hook: not delivered: error=302" in daemon.log(), "a message that is refused")
        webhook.says(chunked)
        daemon.kill()
        daemon.start()
        daemon.wait(lambda: "oncall/hook: not delivered: error=400" in daemon.log(), "a message that is refused")
        daemon.wait(lambda: daemon.log().count("heartbeat: http://127.0.0.1") > 1, "a heartbeat that is not taken", 60)
        webhook.says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        daemon.wait(lambda: "oncall/hook: delivered: DOWN phone 101" in daemon.log(), "it is told in the end", 90)

        assert is_alive(daemon)


def endless(connection: socket.socket) -> None:
    """An upgrade whose headers never end."""
    connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n")
    while True:
        connection.sendall(b"X-More: and more\r\n" * 1000)


def silent(connection: socket.socket) -> None:
    """An upgrade that is not answered."""
    connection.recv(1)


def wrong_key(connection: socket.socket) -> None:
    """An upgrade by somebody who speaks no WebSocket."""
    upgrade = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "nonsense"))
    connection.sendall(Answer(101, headers=upgrade).encoded("Asterisk/22.0.0"))


UPGRADES = {"endless": endless, "silent": silent, "wrong": wrong_key}


def test_upgrades_that_are_none_leave_the_polls_and_make_the_pbx_degraded(tmp_path: Path) -> None:
    with many(tmp_path, list(UPGRADES), degraded_after="1s") as (daemon, pbxs, sink):
        for name, upgrade in UPGRADES.items():
            pbxs[name].upgrade_answer = upgrade
            pbxs[name].drop_streams()
        daemon.wait(lambda: pbx_states(daemon) == dict.fromkeys(pbxs, "degraded"), "every PBX is believed degraded")
        for pbx in pbxs.values():
            pbx.phone_down("PJSIP/101")
        daemon.wait(lambda: beliefs(daemon) == ["down"] * 3 + ["up"] * 3, "polls see what goes")

        assert is_alive(daemon)
        assert memory_mb(daemon.pid) < 150
        assert all(message.subject.startswith(("DEGRADED ", "DOWN ")) for message in sink.messages)
