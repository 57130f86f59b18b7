"""The fake PBX as a process of its own: sends storms that were encoded before, and says when it sent what.

Reads one command a line on stdin, and answers each with one line, both JSON. Times are those of CLOCK_MONOTONIC, which
all processes of a machine share.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.demo.fakepbx.storm import EVENTS_PER_CHANGE, change

ROOT = Path(__file__).parents[2]
#: All that was sent before this endpoint changed has been read when its change is booked.
MARK = "mark"
#: How often the sender looks what is due (seconds): small, or the events would come in lumps.
TICK = 0.001
#: A trunk that can be asked has so many servers: all of its contacts are read by one request.
SERVERS = 10
#: A burst is sent in pieces of so many changes.
PIECE = 200


class Peer:
    """The process, as seen from the one that measures."""

    def __init__(self, endpoints: int, trunks: int = 0, provider_port: int = 0) -> None:
        """Start it. ``provider_port``: of trunks that have so many servers on loopback each; 0: where nobody is."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.peer", str(endpoints), str(trunks), str(provider_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        self.info = self._answer()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    @property
    def url(self) -> str:
        """Where its ARI is."""
        return str(self.info["url"])

    def ask(self, **command: object) -> dict[str, Any]:
        """Have it do something, and return its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


# ---------------------------------------------------------------- inside the process


class Sender:
    """Sends storms to whoever listens to the fake PBX."""

    def __init__(self, pbx: FakePbx, phones: Sequence[FakeEndpoint], trunks: Sequence[FakeEndpoint]) -> None:
        self._pbx = pbx
        self._phones = phones
        self._trunks = iter(trunks)
        self._mark = pbx.endpoints()[-1]
        self._serial = 0

    def storm(self, rate: int, seconds: float, trunks: int) -> dict[str, Any]:
        """Change as many phones, each once, as make ``rate`` events a second; lose some trunks on the way."""
        count = min(len(self._phones), int(rate * seconds / EVENTS_PER_CHANGE))
        waiting = [(phone.resource, self._toggled(phone)) for phone in self._phones[:count]]
        lost = [next(self._trunks) for _ in range(trunks)]
        for number, trunk in enumerate(lost):
            waiting.insert(number * count // max(trunks, 1), (trunk.resource, self._toggled(trunk)))
        sent: dict[str, float] = {}
        begun = time.monotonic()
        while len(sent) < len(waiting):
            elapsed = time.monotonic() - begun
            due = waiting[len(sent) : int(elapsed * rate / EVENTS_PER_CHANGE) + 1]
            sent.update(dict.fromkeys((name for name, _ in due), begun + elapsed))
            self._pbx.send_raw(b"".join(frames for _, frames in due))
            time.sleep(TICK)
        return {"sent": sent, "trunks": [trunk.resource for trunk in lost], "took": time.monotonic() - begun}

    def burst(self, events: int) -> dict[str, Any]:
        """Send so many events as fast as they are taken, and then the mark."""
        changes = [self._toggled(self._phones[index % len(self._phones)]) for index in range(events // 3)]
        begun = time.monotonic()
        for first in range(0, len(changes), PIECE):
            self._pbx.send_raw(b"".join(changes[first : first + PIECE]))
        self._pbx.send_raw(self._toggled(self._mark))
        return {"begun": begun, "events": (len(changes) + 1) * EVENTS_PER_CHANGE}

    def _toggled(self, endpoint: FakeEndpoint) -> bytes:
        return change(endpoint, up=not endpoint.is_up, dress=self._dress)

    def _dress(self, event: dict[str, object]) -> dict[str, object]:
        self._serial += 1
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
        return {**event, "timestamp": stamp, "asterisk_id": "02:fc:00:00:00:01", "serial": self._serial}


def main(endpoints: int, trunks: int, provider_port: int) -> None:
    """Serve commands until stdin ends."""
    phones = [FakeEndpoint("PJSIP", str(10_000 + number)) for number in range(endpoints)]
    # Each at a host of its own, and one that stays: what is lost is told one by one.
    lines = [
        FakeEndpoint("PJSIP", f"trunk-{number:03}", static_contact=_contact(number, provider_port))
        for number in range(trunks)
    ]
    stays = FakeEndpoint("PJSIP", "trunk-stays", static_contact="sip:stays.invalid:5060")
    with FakePbx(*phones, *lines, stays, FakeEndpoint("PJSIP", MARK)) as pbx:
        sender = Sender(pbx, phones, lines)
        doings: dict[str, Callable[..., dict[str, Any]]] = {"storm": sender.storm, "burst": sender.burst}
        _say(
            {
                "url": pbx.url,
                "startup_time": pbx.startup_time,
                "last_reload_time": pbx.last_reload_time,
                "names": [endpoint.resource for endpoint in pbx.endpoints()],
            }
        )
        for line in sys.stdin:
            command = json.loads(line)
            _say(doings[command.pop("do")](**command))


def provider_address(number: int) -> str:
    """The loopback address at which a provider may be."""
    return f"127.31.{number // 250}.{number % 250 + 1}"


def _contact(number: int, port: int) -> str:
    if port:
        servers = range(number * SERVERS, (number + 1) * SERVERS)
        return ",".join(f"sip:{provider_address(server)}:{port}" for server in servers)
    return f"sip:trunk-{number}.invalid:5060"


def _say(answer: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
    # Threads that still serve connections are no reason to stay.
    os._exit(0)
