"""A world of one PBX, its phones and providers, and channels; with a daemon that starts again when it was killed."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from random import Random

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.config.sections.receiver import ReceiverUrl
from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.model import Incident, Matcher, Target
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import Commander, open_commander
from tests.scenarios.agenda import Agenda
from tests.scenarios.asterisk import Asterisk, Peer
from tests.scenarios.channel import Channel, MailChannel
from tests.scenarios.daemon import Daemon, Pace
from tests.scenarios.kills import Killed, Kills

#: Wed 1 May 2024, 12:00 UTC.
START = 1_714_564_800.0
#: systemd starts a daemon that died again after so long (seconds).
DOWNTIME = 2.0

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

OFFICE = "office"


def phone(number: int, address: str, *, qualify: int, timeout: float = 3.0) -> Peer:
    """A phone that is registered from behind an address, each from a port of its own."""
    contact = f"sip:{number}@{address}:{20_000 + number}"
    return Peer(FakeEndpoint("PJSIP", str(number), contact=contact, qualify_frequency=qualify, qualify_timeout=timeout))


def provider(name: str, host: str, *, qualify: int, timeout: float = 3.0) -> Peer:
    """A provider with a static contact."""
    return Peer(
        FakeEndpoint(
            "PJSIP",
            f"trunk-{name}",
            static_contact=f"sip:{host}:5060",
            outbound_auth=name,
            qualify_frequency=qualify,
            qualify_timeout=timeout,
            max_contacts=0,
        )
    )


class World:
    """Everything there is. A script enters what will happen; ``play`` makes it happen.

    Times are seconds from the beginning.
    """

    def __init__(
        self,
        folder: Path,
        config: Config,
        peers: Collection[Peer],
        *,
        seed: int = 0,
        kills: Kills | None = None,
        pace: Pace | None = None,
        begins: float = START,
    ) -> None:
        self.agenda = Agenda(begins)
        self._begins = begins
        self.dice = Random(seed)
        self.kills = kills or Kills()
        self.pbx = Asterisk(self.agenda, self.dice, peers)
        self.config = replace(config, database=folder / "healthmon.db")
        urls = [url for receiver in config.receivers for url in receiver.urls]
        self.channels = {url.url_id: self._channel(url) for url in urls}
        self.daemon: Daemon | None = None
        #: When the daemon was killed.
        self.killed_at: list[float] = []
        self._pace = pace or Pace()
        self._folder = folder
        self._dead: list[Daemon] = []
        self._process = os.getpid()

    def _channel(self, url: ReceiverUrl) -> Channel:
        if addresses := re.findall(r"(\w+)@", url.url.partition("to=")[2]) if url.url.startswith("mailto:") else ():
            return MailChannel(self.agenda, self.kills, addresses)
        return Channel(self.agenda, self.kills, takes_tickets=url.is_ticket)

    @property
    def mails(self) -> MailChannel:
        """The channel, where it is a mail URL."""
        assert isinstance(self.channel, MailChannel)
        return self.channel

    @property
    def now(self) -> float:
        """The time."""
        return self.agenda.now - self._begins

    @property
    def channel(self) -> Channel:
        """The channel, where there is but one."""
        (channel,) = self.channels.values()
        return channel

    def at(self, seconds: float, action: Callable[..., None], *whom: object) -> None:
        """Have something happen at a time."""
        self.agenda.at(self._begins + seconds, partial(action, *whom))

    def play(self, until: float) -> None:
        """Start the daemon, and let everything happen up to a time."""
        self.agenda.after(0.0, self._start_daemon)
        self.go_on(until)

    def go_on(self, until: float) -> None:
        """Let everything happen up to a later time."""
        while self.now < until:
            try:
                self.agenda.run_until(self._begins + until)
            except Killed:
                self._bury()

    def _start_daemon(self) -> None:
        self.daemon = Daemon(self.agenda, self.kills, self.config, {OFFICE: self.pbx}, self.channels, pace=self._pace)
        self.daemon.start()

    def _bury(self) -> None:
        """Leave the database as it lies on the disk at this moment to the next daemon, which systemd starts soon."""
        self.killed_at.append(self.now)
        left = self.config.database
        grave = self._folder / f"{os.getpid()}-{len(self.killed_at)}"
        grave.mkdir()
        for end in ("", "-wal"):
            if (part := left.with_name(left.name + end)).exists():
                shutil.copyfile(part, grave / part.name)
        self._end_daemon()
        self.config = replace(self.config, database=grave / left.name)
        self.agenda.after(DOWNTIME, self._start_daemon)

    def _end_daemon(self) -> None:
        """It does nothing any more; its connections stay as they are."""
        if self.daemon is not None:
            self.daemon.end()
            self._dead.append(self.daemon)
        self.daemon = None

    def close(self) -> None:
        """Let go of everything."""
        self._end_daemon()
        if self._process == os.getpid():
            for daemon in self._dead:
                daemon.close()
        else:
            # The connections are those of the world that this one was split off from.
            shutil.rmtree(self.config.database.parent)

    # ---------------------------------------------------------------- people

    def silence(self, seconds: float, matcher: Matcher = Matcher()) -> None:  # noqa: B008 (a frozen value)
        """``healthmon silence add … --for``."""
        now = self.agenda.now
        self._order(lambda c: c.silence(matcher, since=now, until=now + seconds, author="anna", reason="works"))

    def acknowledge(self, number: int) -> None:
        """``healthmon ack``: one of the incidents that are open, if there are any; without a daemon none are shown."""
        lasting = self.open_incidents() if self.daemon is not None else []
        if lasting:
            which, now = lasting[number % len(lasting)].id, self.agenda.now
            self._order(lambda c: c.acknowledge(which, at=now, author="anna", reason="called them"))

    def _order(self, order: Callable[[Commander], object]) -> None:
        with open_commander(self.config.database) as commander:
            order(commander)
        if self.daemon is not None:
            self.daemon.hear_orders()

    # ---------------------------------------------------------------- what is so

    def open_incidents(self) -> list[Incident]:
        """What is booked to last."""
        with open_reader(self.config.database) as reader:
            return reader.open_incidents()

    def explanation_of(self, number: int) -> int | None:
        """The group that explains an incident that is over, by its number."""
        with open_reader(self.config.database) as reader:
            incident = reader.incident(number)
        return incident.explained_by if incident is not None and not incident.is_open else None

    def down(self) -> set[Target]:
        """What is really down at present."""
        down = {Target(OFFICE, *name.split("/", 1)) for name, peer in self.pbx.peers.items() if not peer.answers}
        return down if self.pbx.is_running else {Target(OFFICE), *down}


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where the system has one: nothing here is to survive a power cut."""
    memory, process = Path("/dev/shm"), os.getpid()
    name = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    try:
        yield Path(name)
    finally:
        # Worlds that were split off leave it to the one that goes on.
        if process == os.getpid():
            shutil.rmtree(name)


@lru_cache
def configured(text: str) -> Config:
    """Read a configuration as the daemon does."""
    with folder() as somewhere:
        path = somewhere / "config.ini"
        path.write_text(text)
        path.chmod(0o600)
        return load(path, hostname="scenario")
