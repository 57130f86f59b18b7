"""A daemon that watches a healthy PBX among hostile ones, and what was seen of it while they misbehaved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec import Struct

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from tests.hostile.catalogue import MISBEHAVIOURS, prepare
from tests.hostile.pbx import HostilePbx
from tests.sinks import Arrived, WebhookSink
from tests.system.daemon import Daemon, wait_until
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import receiver_section

TRUNK = FakeEndpoint("PJSIP", "trunk-carrier", static_contact="sip:192.0.2.9:5060", qualify_frequency=1)
#: All times that an administrator can shorten are short; only phones with these names are watched.
WATCHES = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 1s
up_after = 0s
down_after_exact = yes
receivers = oncall

[watch phones]
endpoints = PJSIP/1*
down_after = 2s
down_after_exact = yes
receivers = oncall
"""
QUICK = {"down_after": "1s", "degraded_after": "1s", "up_after": "0s", "poll_every": "30s"}
TOLD_AS = {"down": "DOWN", "unknown": "CANNOT SEE", "degraded": "DEGRADED"}
#: The longest that it takes to notice: nothing came for 12 s on a stream that was opened anew, or an answer dripped for
#: 10 s; with the hold, and what a busy machine adds (seconds).
NOTICED_WITHIN = 90.0
#: Each look at ``status`` is a process of its own (seconds).
LOOK_EVERY = 2.0
#: The event stream is tried again half a minute after the last attempt at the latest (seconds).
WELL_WITHIN = 90.0


class Siege(Struct, frozen=True):
    """What was seen."""

    #: How long it took each time until the healthy PBX's provider was told to be down (seconds).
    delays: Sequence[float]
    #: The rows of ``status`` of the PBXs, by name: while they misbehave, and after they behaved again.
    during: Mapping[str, Mapping[str, Any]]
    after: Mapping[str, Mapping[str, Any]]
    #: What was asked of each PBX while it misbehaved.
    requests: Mapping[str, Sequence[str]]
    messages: Sequence[Arrived]
    #: Of the daemon: what it wrote, its exit code, its memory at rest and after all (MB).
    log: str
    exit_code: int
    memory_before: float
    memory_after: float
    #: Commands that were given while the PBXs misbehaved: exit code, and what was printed.
    commands: Mapping[str, tuple[int, str]]


def lay_siege(folder: Path, names: Sequence[str]) -> Siege:
    """Have a hostile PBX for each of these misbehaviours, all at once, beside a healthy one; then all are well."""
    prepare()
    with ExitStack() as ends:
        healthy = ends.enter_context(FakePbx(TRUNK, *phones(2)))
        hostile = {name: ends.enter_context(HostilePbx(*phones(2))) for name in names}
        sink = ends.enter_context(WebhookSink())
        sections = [fake_section(healthy, "healthy", **QUICK)]
        sections += [fake_section(pbx, name, **QUICK) for name, pbx in hostile.items()]
        daemon = ends.enter_context(Daemon(folder, "\n".join(sections) + WATCHES + receiver_section(sink)))
        daemon.start()
        wait_until(lambda: all_are(daemon, "up"), "every PBX is up", NOTICED_WITHIN, LOOK_EVERY)
        memory_before = memory_mb(daemon.pid)

        for name, pbx in hostile.items():
            pbx.requests.clear()
            pbx.misbehave(MISBEHAVIOURS[name])
        delays = [outage(healthy, sink)]
        during = watch(daemon, sink, names)
        delays.append(outage(healthy, sink))
        commands = {words: run(daemon, *words.split()) for words in COMMANDS}
        requests = {name: list(pbx.requests) for name, pbx in hostile.items()}

        for pbx in hostile.values():
            pbx.behave()
        wait_until(lambda: all_are(daemon, "up"), "every PBX is up again", WELL_WITHIN, LOOK_EVERY)
        delays.append(outage(healthy, sink))
        after, memory_after = rows(daemon), memory_mb(daemon.pid)
        return Siege(
            delays=delays,
            during=during,
            after=after,
            requests=requests,
            messages=sink.messages,
            log=daemon.log(),
            exit_code=daemon.stop(),
            memory_before=memory_before,
            memory_after=memory_after,
            commands=commands,
        )


#: What an administrator asks while it goes on; the names of the PBXs follow where there is none.
COMMANDS = ("status", "history healthy", "report --incidents", "report --since 1h")


def watch(daemon: Daemon, sink: WebhookSink, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Look at the PBXs until each is seen and told as what it is, but not for ever; return the last look."""
    deadline = time.monotonic() + NOTICED_WITHIN
    while True:
        seen = rows(daemon)
        if time.monotonic() > deadline or daemon.process.poll() is not None:
            return seen
        told = words_told(sink.messages)
        if all(is_seen(name, seen[name]) and is_told_as(name, told) for name in names):
            return seen
        time.sleep(LOOK_EVERY)


def is_seen(name: str, row: Mapping[str, Any]) -> bool:
    """Whether the row of the PBX that misbehaves like that says what is the matter with it."""
    how = MISBEHAVIOURS.get(name)
    # The reason is why it was believed first; the remark, what is the matter now.
    return how is None or (row["state"] == how.state and how.says in f"{row['reason']} {row['remark']}")


def is_told_as(name: str, told: Iterable[tuple[str, str]]) -> bool:
    """Whether somebody was told so of the PBX that misbehaves like that; of what does no harm none need be."""
    state = MISBEHAVIOURS[name].state
    return state == "up" or (TOLD_AS[state], name) in told


def words_told(messages: Sequence[Arrived]) -> list[tuple[str, str]]:
    """What was told of whom: DOWN, UP …, and the name of a PBX or provider."""
    return [(one["word"], one["name"]) for message in messages for one in message.sent["healthmon"]["incidents"]]


def run(daemon: Daemon, *words: str) -> tuple[int, str]:
    """Give a command."""
    done = daemon.command(*words)
    return done.returncode, done.stdout + done.stderr


def outage(pbx: FakePbx, sink: WebhookSink) -> float:
    """Lose the provider, until that is told; have it back, until that is told; how long the first took (seconds)."""
    begun = time.monotonic()
    tell(sink, "DOWN", lambda: pbx.phone_down(TRUNK.name))
    delay = time.monotonic() - begun
    tell(sink, "UP", lambda: pbx.phone_up(TRUNK.name))
    return delay


def tell(sink: WebhookSink, word: str, act: Callable[[], None]) -> None:
    """Do something with the provider, and wait until it is told once more."""
    before = words_told(sink.messages).count((word, TRUNK.resource))
    act()

    def is_told() -> bool:
        return words_told(sink.messages).count((word, TRUNK.resource)) > before

    wait_until(is_told, f"{word} {TRUNK.resource} is told", NOTICED_WITHIN)


def rows(daemon: Daemon) -> dict[str, dict[str, Any]]:
    """What ``status`` shows of each PBX, by name."""
    return {row["name"]: row for row in daemon.status().get("pbxs", [])}


def all_are(daemon: Daemon, state: str) -> bool:
    """Whether this is believed of all PBXs."""
    return {row["state"] for row in rows(daemon).values()} == {state}


def memory_mb(pid: int) -> float:
    """What a process holds in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")
