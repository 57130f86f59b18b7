"""(j) What it costs to read 20,000 contacts by the manager interface, and whether events wait for it."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.frames import Decoder
from healthmon.core.monitor import Monitor
from healthmon.model import Sighting, Target
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.contacts import ContactPart
from healthmon.sources.manager.link import ManagerLink
from healthmon.store.write.writer import Writer
from healthmon.times.clock import Clock
from tests.ami.played import PlayedManager, in_lines
from tests.ami.played_endpoints import LISTS
from tests.ami.test_client import config_of
from tests.bench.figures import Figure, median, percentile
from tests.bench.peer import Peer
from tests.bench.scale import Scale
from tests.bench.snapshots import NOW, body_of, look, started, step
from tests.bench.watched import PBX, Watched
from tests.waiting import wait_for

#: Stands for the number of the question, which each row repeats.
NUMBER = b"\x00"
#: Events a second while contacts are read, and for how long (seconds).
RATE, SECONDS = 1_000, 4.0
RELOADED = b"Event: Reload\r\nPrivilege: system,all\r\nModule: All\r\nStatus: 0\r\n\r\n"


class LargeManager:
    """The lists of a PBX with many phones that have registered, in the shape of Asterisk 22, encoded beforehand."""

    def __init__(self, names: Sequence[str]) -> None:
        self._answers = {
            "PJSIPShowContacts": [_answer("PJSIPShowContacts", _contacts(names, usec)) for usec in (21_300, 22_700)],
            "PJSIPShowAors": [_answer("PJSIPShowAors", _aors(names))],
            "PJSIPShowEndpoints": [_answer("PJSIPShowEndpoints", _endpoints(names))],
            "DBGetTree": [_answer("DBGetTree", _stored(names))],
        }
        #: How often the contacts were asked for.
        self.rounds = 0

    def __call__(self, headers: dict[str, str]) -> bytes | None:
        """Answer, each time with other round trips."""
        answers = self._answers.get(headers["Action"])
        if answers is None:
            return None
        if headers["Action"] == "PJSIPShowContacts":
            self.rounds += 1
        return answers[self.rounds % len(answers)].replace(NUMBER, headers["ActionID"].encode())

    @property
    def contacts(self) -> bytes:
        """The bytes of the longest list."""
        return self._answers["PJSIPShowContacts"][0]


def contacts(scale: Scale) -> Iterator[Figure]:
    """Rounds of 20,000 contacts over a real loopback socket; bare decodes the same bytes into frames."""
    large = LargeManager([str(10_000 + number) for number in range(scale.many)])
    with _played(large) as manager:
        yield from _rounds(manager, large, scale)
    with TemporaryDirectory(prefix="healthmon-bench-") as folder, Peer(scale.many) as peer:
        large = LargeManager(peer.info["names"])
        with _played(large) as manager, Watched(Path(folder), peer, ami=manager.address) as daemon:
            yield from _beside_events(peer, daemon, manager, large, scale)


@contextmanager
def _played(large: LargeManager) -> Iterator[PlayedManager]:
    with PlayedManager() as manager:
        manager.actions = (*manager.actions, *LISTS, "DBGetTree")
        manager.instead = large
        yield manager


# ---------------------------------------------------------------- processor time and memory


def _rounds(manager: PlayedManager, large: LargeManager, scale: Scale) -> Iterator[Figure]:
    inbox = Inbox(1_000_000, 1_000_000)
    link = ManagerLink(replace(config_of(manager), name=PBX, poll_every=60.0), inbox, Clock())
    link.endpoints = {Target(PBX, "PJSIP", str(10_000 + number)): None for number in range(scale.many)}
    link.has_events = True
    part = ContactPart(link)
    part.learn()
    with closing(AmiClient(link.pbx, timeout=60.0)) as client:
        part.begin(time.monotonic())
        first, took = _processor_time(part, client)
        seen = [inbox.drain(0)]
        before = _peak_memory()
        later = []
        for _ in range(scale.rounds):
            later.append(_processor_time(part, client)[0])
            seen.append(inbox.drain(0))
        more = _peak_memory() - before
    bare = [_bare(large.contacts) for _ in range(scale.rounds)]
    many = f"{scale.many:,} contacts"
    yield Figure(f"first round of {many} with their settings, processor time", first, "ms", bare=median(bare))
    yield Figure("until it is over, with the played manager's own work", took, "ms", at_most=4000.0)
    yield Figure(
        f"round of {many}, each with a new round trip, processor time", median(later), "ms", 2000.0, median(bare)
    )
    yield Figure("memory that these rounds take more than the first", more, "MB")
    yield from _taken_in(seen, scale.many)


def _taken_in(rounds: Sequence[Sequence[Sighting]], endpoints: int) -> Iterator[Figure]:
    """What of these rounds takes the engine's time: an event that comes meanwhile waits for the longest piece."""
    with started() as (_, monitor, writer):
        look(monitor, writer, body_of(endpoints, lost=0), NOW + 1)
        first, *later = [[_booked(monitor, writer, sighting) for sighting in seen] for seen in rounds]
    yield Figure("that first round, seen to booked, processor time", sum(first), "ms")
    yield Figure("… of it the longest piece", max(first), "ms")
    yield Figure("such a later round, seen to booked, processor time", median([sum(pieces) for pieces in later]), "ms")
    yield Figure("… of it the longest piece", median([max(pieces) for pieces in later]), "ms")


def _booked(monitor: Monitor, writer: Writer, sighting: Sighting) -> float:
    """Take one sighting in (milliseconds of processor time)."""
    used = time.thread_time()
    at = NOW + 60
    step(monitor, writer, lambda changes: monitor.see(sighting, at, changes))
    return (time.thread_time() - used) * 1000


def _processor_time(part: ContactPart, client: AmiClient) -> tuple[float, float]:
    """How much of a processor a round takes of this thread, and how long it lasts (milliseconds)."""
    begun, used = time.monotonic(), time.thread_time()
    for _ in part.work(client):
        client.events_at_hand()
    return (time.thread_time() - used) * 1000, (time.monotonic() - begun) * 1000


def _peak_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _bare(data: bytes) -> float:
    """Decode a list into frames, and do nothing with them (milliseconds of processor time)."""
    decoder, used = Decoder(), time.thread_time()
    for begin in range(0, len(data), 65536):
        decoder.feed(data[begin : begin + 65536])
    return (time.thread_time() - used) * 1000


# ---------------------------------------------------------------- events meanwhile


def _beside_events(
    peer: Peer, daemon: Watched, manager: PlayedManager, large: LargeManager, scale: Scale
) -> Iterator[Figure]:
    """Storms while all contacts and settings are read, and storms of which none is read, in turns."""
    wait_for(lambda: large.rounds >= 1, 120)
    daemon.wait_until_calm()
    beside, alone = [], []
    for _ in range(scale.rounds):
        alone.append(storm(peer, daemon))
        before = large.rounds
        manager.sends(RELOADED)
        # The source rests first, for ten times as long as its last round took.
        wait_for(lambda before=before: large.rounds > before, 600)  # type: ignore[misc]
        beside.append(storm(peer, daemon))
    for part, name, most in ((0.5, "p50", None), (0.99, "p99", 2.0)):
        value, bare = (median([percentile(times, part) for times in storms]) for storms in (beside, alone))
        what = f"event to commit at {RATE:,} events/s while {scale.many:,} contacts are read, {name}"
        yield Figure(what, value, "ms", bare=bare, ratio_at_most=most)
    yield Figure(f"memory with a manager interface, {scale.many:,} endpoints", daemon.memory(), "MB")


def storm(peer: Peer, daemon: Watched) -> list[float]:
    """From each event to its commit (milliseconds)."""
    sent: dict[str, float] = peer.ask(do="storm", rate=RATE, seconds=SECONDS, trunks=0)["sent"]
    booked = daemon.wait_for_commits(sent)
    daemon.wait_until_calm()
    return [(booked[name] - at) * 1000 for name, at in sent.items() if name in booked]


# ---------------------------------------------------------------- lists


def _answer(action: str, rows: Sequence[dict[str, str]]) -> bytes:
    event = LISTS[action][0] if action in LISTS else "DBGetTreeResponse"
    number = {"ActionID": NUMBER.decode()}
    start = in_lines({"Response": "Success", **number, "EventList": "start", "Message": "A listing follows"})
    end = in_lines({"Event": f"{event}Complete", **number, "EventList": "Complete", "ListItems": str(len(rows))})
    return (start + "".join(in_lines({"Event": event, **number, **row}) for row in rows) + end).encode()


def _contacts(names: Sequence[str], rtt_usec: int) -> list[dict[str, str]]:
    return [
        {
            "ObjectType": "contact",
            "ObjectName": f"{name};@91bfe9812259f74ff544b9b5a4cdc59a",
            "ViaAddr": f"192.168.{number // 250 % 250}.{number % 250}",
            "QualifyTimeout": "3.000000",
            "Qualify2xxOnly": "false",
            "CallId": "837d0d3127e1afb7@lab",
            "RegServer": "spk93b",
            "PruneOnBoot": "no",
            "Path": "",
            "Endpoint": name,
            "ViaPort": "5060",
            "AuthenticateQualify": "no",
            "Uri": f"sip:{name}@198.51.{number // 250 % 250}.{number % 250}:5060",
            "QualifyFrequency": "60",
            "UserAgent": "Yealink SIP-T46U 108.86.0.20",
            "ExpirationTime": "1795950670",
            "OutboundProxy": "",
            "Status": "Reachable",
            "RoundtripUsec": str(rtt_usec + number),
        }
        for number, name in enumerate(names)
    ]


def _aors(names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {
            "ObjectType": "aor",
            "ObjectName": name,
            "MinimumExpiration": "60",
            "DefaultExpiration": "3600",
            "QualifyTimeout": "3.000000",
            "Qualify2xxOnly": "false",
            "Mailboxes": "",
            "SupportPath": "false",
            "RemoveUnavailable": "false",
            "VoicemailExtension": "",
            "MaxContacts": "1",
            "AuthenticateQualify": "false",
            "Contacts": f"{name}/sip:{name}@198.51.{number // 250 % 250}.{number % 250}:5060",
            "MaximumExpiration": "7200",
            "QualifyFrequency": "60",
            "RemoveExisting": "true",
            "OutboundProxy": "",
        }
        for number, name in enumerate(names)
    ]


def _stored(names: Sequence[str]) -> list[dict[str, str]]:
    """What Asterisk's own database has of these contacts."""
    return [
        {
            "Key": f"/registrar/contact/{contact['ObjectName']}",
            "Val": json.dumps(
                {
                    "via_addr": contact["ViaAddr"],
                    "via_port": "5060",
                    "endpoint": contact["Endpoint"],
                    "uri": contact["Uri"],
                    "user_agent": contact["UserAgent"],
                    "qualify_frequency": "60",
                    "qualify_timeout": "3.000000",
                    "expiration_time": contact["ExpirationTime"],
                    "call_id": contact["CallId"],
                    "reg_server": "spk93b",
                    "prune_on_boot": "no",
                    "authenticate_qualify": "no",
                    "path": "",
                    "outbound_proxy": "",
                }
            ),
        }
        for contact in _contacts(names, 0)
    ]


def _endpoints(names: Sequence[str]) -> list[dict[str, str]]:
    return [
        {
            "ObjectType": "endpoint",
            "ObjectName": name,
            "Transport": "",
            "Aor": name,
            "Auths": name,
            "OutboundAuths": "",
            "Contacts": f"{name}/sip:{name}@198.51.{number // 250 % 250}.{number % 250}:5060,",
            "DeviceState": "Not in use",
            "ActiveChannels": "0",
        }
        for number, name in enumerate(names)
    ]
