"""What comes and goes as dice say, and a daemon that is killed meanwhile; what was played is kept."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.demo.fakepbx.http import Request
from healthmon.demo.fakepbx.pbx import Phase
from tests.kills.checker import Looks, Outage, Played, Promise, Telling, complaints, read_incidents, read_tellings
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon, wait_until
from tests.system.fake_scene import fake_section

#: How long something must stay down before it is believed (seconds).
HOLD = 2.0

#: What changes a third time within this must last longer. So nothing falls twice in it (seconds; no less can be
#: configured).
FLAP_WINDOW = 60.0

HOLDS = f"""
down_after = {HOLD:g}s
up_after = 1s
down_after_exact = yes
flap_window = {FLAP_WINDOW:g}s
"""
WATCHES = f"""
[watch trunks]
endpoints = PJSIP/trunk*
kind = provider
{HOLDS}
[watch phones]
endpoints = PJSIP/*
kind = phone
{HOLDS}
"""

#: So often healthmon looks at the PBX (seconds). Who looked so many times while an outage lasted has booked it: that is
#: four times the hold, however slow the machine is.
LOOK_EVERY, SURELY_SEEN = 2.0, 5

#: How long a start and some looks may take on a machine that has a lot to do (seconds).
LOOKS_WITHIN = 180.0

#: One of so many things goes once, and stays down.
LEFT_DOWN = 5

#: PBXs have a flap window of ten minutes, so their pauses are so many times as long as those of the others.
PBXS_PAUSE = 2.0

#: From a time until a time (seconds).
Span = tuple[float, float]


class Script(Struct, frozen=True):
    """How much is played, and how long things take."""

    #: So many come and go. Beside them one phone and one provider more are up all the time: where nobody is left, it is
    #: the line of the PBX that is down, one thing for all.
    phones: int
    providers: int
    pbxs: int
    kills: int
    #: When something falls first; when that falls that stays down.
    first: Span
    for_good: Span
    #: How long an outage lasts, and what lies between two of one thing.
    long: Span
    pause: Span
    #: How often healthmon looks until it is killed, within a second after that; one of these.
    lives: tuple[int, ...]
    #: How long those outages last that are shorter than the hold.
    short: Span = (0.2, 1.2)

    @property
    def promise(self) -> Promise:
        """What must hold."""
        return Promise(looks=SURELY_SEEN, never_told=HOLD - 0.2, flap_window=FLAP_WINDOW)


class Part(Struct):
    """One thing that comes and goes."""

    pbx: str
    endpoint: str
    go: Callable[[], None]
    come_back: Callable[[], None]
    #: How much longer than others it pauses.
    pauses: float = 1.0


class LookedAtPbx(FakePbx):
    """A PBX that notes when it was asked for all its endpoints by the daemon that lives now."""

    def __init__(self, *endpoints: FakeEndpoint) -> None:
        self.looks: list[float] = []
        super().__init__(*endpoints)

    def _serve(self, request: Request, connection: socket.socket) -> bool:
        if request.segments[-1:] == ("endpoints",):
            self.looks.append(time.time())
        return super()._serve(request, connection)


class SlowSink(WebhookSink):
    """A webhook that takes its time before and after it has taken a message, so that a kill may fall anywhere.

    A message that it has not yet taken when its sender dies is lost.
    """

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        #: How many senders have died.
        self.deaths = 0
        super().__init__()

    def received(self, raw: bytes) -> int | None:
        """Take one request's body."""
        deaths = self.deaths
        time.sleep(self._dice.uniform(0, 0.3))
        if self.deaths > deaths:
            return None
        status = super().received(raw)
        time.sleep(self._dice.uniform(0, 0.3))
        return status


class Play:
    """Plays one part in a thread of its own, until told to stop."""

    def __init__(self, part: Part, script: Script, dice: random.Random, *, for_good: bool) -> None:
        self._part = part
        self._script = script
        self._dice = dice
        self._stop = threading.Event()
        run = self._go_for_good if for_good else self._come_and_go
        self._thread = threading.Thread(target=run, name=f"play {part.pbx} {part.endpoint}")
        self.outages: list[Outage] = []

    def begin(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _go_for_good(self) -> None:
        self._wait(self._script.for_good)
        gone_at = time.time()
        self._part.go()
        self._note(gone_at, None)

    def _come_and_go(self) -> None:
        self._wait(self._script.first)
        while not self._stop.is_set():
            self._outage(self._dice.choices((self._script.long, self._script.short), weights=(3, 1))[0])
            self._wait(self._script.pause, self._part.pauses)

    def _outage(self, span: Span) -> None:
        gone_at = time.time()
        self._part.go()
        self._wait(span)
        self._part.come_back()
        self._note(gone_at, time.time())

    def _wait(self, span: Span, times: float = 1.0) -> None:
        self._stop.wait(times * self._dice.uniform(*span))

    def _note(self, gone_at: float, back_at: float | None) -> None:
        self.outages.append(Outage(self._part.pbx, self._part.endpoint, gone_at, back_at))


class Stage:
    """A daemon, what it watches, two webhooks that it tells, and what is played. Owned by the test's thread."""

    def __init__(self, ends: ExitStack, folder: Path, script: Script, seed: int) -> None:
        self.script = script
        self._dice = random.Random(seed)
        phones = [_phone(number) for number in range(2 * script.phones + 1)]
        providers = [_provider(number) for number in range(2 * script.providers + 1)]
        self._office = LookedAtPbx(*phones, *providers)
        ends.callback(self._office.close)
        self._branches = {
            f"branch{number}": ends.enter_context(FakePbx(FakeEndpoint("PJSIP", "901")))
            for number in range(script.pbxs)
        }
        self.sinks = {name: SlowSink(self._another_dice()) for name in ("boss", "desk")}
        for sink in self.sinks.values():
            ends.enter_context(sink)
        self.daemon = ends.enter_context(Daemon(folder, self._config()))
        #: Of those that are dead: when they looked.
        self._daemons: list[Looks] = []
        parts = [*self._parts((*phones[: script.phones], *providers[: script.providers]))]
        self.plays = [
            Play(part, script, self._another_dice(), for_good=number % LEFT_DOWN == 1)
            for number, part in enumerate(parts)
        ]

    def _another_dice(self) -> random.Random:
        return random.Random(self._dice.random())

    def _config(self) -> str:
        urls = "".join(f"    {name} = {sink.url}\n" for name, sink in self.sinks.items())
        receiver = f"[receiver oncall]\ngroup_wait = 200ms\nurls =\n{urls}"
        pbxs = (
            fake_section(self._office, "office", poll_every=f"{LOOK_EVERY:g}s"),
            *(
                fake_section(branch, name, down_after=f"{HOLD:g}s", up_after="1s")
                for name, branch in self._branches.items()
            ),
        )
        return "\n".join((*pbxs, WATCHES, receiver))

    def _parts(self, endpoints: Sequence[FakeEndpoint]) -> Iterator[Part]:
        for endpoint in endpoints:
            name = endpoint.name
            yield Part("office", name, partial(self._office.phone_down, name), partial(self._office.phone_up, name))
        for name, branch in self._branches.items():
            refuse, listen = partial(branch.go_to, Phase.REFUSING), partial(branch.go_to, Phase.RUNNING)
            yield Part(name, "", refuse, listen, PBXS_PAUSE)

    @property
    def played(self) -> Played:
        """All that happened so far."""
        outages = (outage for play in self.plays for outage in play.outages)
        return Played(sorted(outages, key=lambda outage: outage.gone_at), [*self._daemons, self._office.looks])

    def _wait_looked(self, times: int) -> None:
        wait_until(lambda: len(self._office.looks) >= times, f"{times} looks", LOOKS_WITHIN, explain=self.daemon.log)

    def tellings(self) -> dict[str, list[Telling]]:
        """What each URL was told so far."""
        return {name: read_tellings([one.sent for one in sink.messages]) for name, sink in self.sinks.items()}

    def complaints(self) -> list[str]:
        """Say everything that is not as it must be; empty: all is well."""
        return complaints(self.played, read_incidents(self.daemon.database), self.tellings(), self.script.promise)

    def kill_often(self) -> None:
        """Kill the daemon as often as the script says, each time at another moment of its life, and start it again."""
        for _ in range(self.script.kills):
            self._wait_looked(self._dice.choice(self.script.lives))
            time.sleep(self._dice.uniform(0, 1))
            self.daemon.kill()
            for sink in self.sinks.values():
                sink.deaths += 1
            self._daemons.append(self._office.looks)
            self._office.looks = []
            self.daemon.start(until_seen=False)
        # What lasts now is surely told: the play is not over before.
        self._wait_looked(SURELY_SEEN + 1)

    def surely_told(self) -> list[Outage]:
        """The outages that must have an incident."""
        return self.played.surely_told(self.script.promise)

    def figures(self) -> str:
        """Say how much there was."""
        incidents, tellings = read_incidents(self.daemon.database), self.tellings()
        played, surely = self.played, len(self.surely_told())
        messages = sum(len(sink.messages) for sink in self.sinks.values())
        marked = sum(telling.is_marked for told in tellings.values() for telling in told)
        return (
            f"{self.script.kills} kills, {len(played.outages)} outages, {surely} of them surely told, "
            f"{len(incidents)} incidents, {messages} messages to {len(self.sinks)} URLs, {marked} alerts marked"
        )


def _phone(number: int) -> FakeEndpoint:
    """Build a phone, each at an address of its own: no site explains what happens to several."""
    contact = f"sip:phone@192.0.2.{number + 1}"
    return FakeEndpoint("PJSIP", str(101 + number), qualify_frequency=1, qualify_timeout=0.5, contact=contact)


def _provider(number: int) -> FakeEndpoint:
    """Build a provider, each at a host of its own."""
    contact = f"sip:198.51.100.{number + 1}"
    return FakeEndpoint("PJSIP", f"trunk{number + 1}", qualify_frequency=1, qualify_timeout=0.5, static_contact=contact)


@contextmanager
def stage(folder: Path, script: Script, seed: int) -> Iterator[Stage]:
    """Build it all, start the daemon, and wait until it has looked once."""
    with ExitStack() as ends:
        built = Stage(ends, folder, script, seed)
        built.daemon.start()
        yield built


@contextmanager
def playing(built: Stage) -> Iterator[None]:
    """Play all parts meanwhile; at the end some things are left down."""
    for play in built.plays:
        play.begin()
    try:
        yield
    finally:
        for play in built.plays:
            play.stop()
        for play in built.plays:
            play.join()
