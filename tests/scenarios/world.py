"""A world of one PBX, its phones and providers, and channels; with a daemon that starts again when it was killed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from random import Random

from healthmon.config.parser import load
from healthmon.config.types import Config
from healthmon.fakepbx.endpoints import FakeEndpoint
from healthmon.model import Matcher, Target
from healthmon.store.commander import Commander, open_commander
from tests.scenarios.agenda import Agenda
from tests.scenarios.asterisk import Asterisk, Peer
from tests.scenarios.channel import Channel
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
        kill_at: Collection[int] = (),
        pace: Pace | None = None,
        begins: float = START,
    ) -> None:
        self.agenda = Agenda(begins)
        self._begins = begins
        self.dice = Random(seed)
        self.kills = Kills(kill_at)
        self.pbx = Asterisk(self.agenda, self.dice, peers)
        self.config = replace(config, database=folder / "healthmon.db")
        urls = [url.url_id for receiver in config.receivers for url in receiver.urls]
        self.channels = {url_id: Channel(self.agenda, self.kills) for url_id in urls}
        self.daemon: Daemon | None = None
        #: When the daemon was killed.
        self.killed_at: list[float] = []
        self._pace = pace or Pace()

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
        corpse = left.with_name(f"after-{len(self.killed_at)}.db")
        for end in ("", "-wal"):
            if (part := left.with_name(left.name + end)).exists():
                shutil.copyfile(part, corpse.with_name(corpse.name + end))
        self.stop_daemon()
        self.config = replace(self.config, database=corpse)
        self.agenda.after(DOWNTIME, self._start_daemon)

    def stop_daemon(self) -> None:
        """End the daemon in peace."""
        if self.daemon is not None:
            self.daemon.close()
        self.daemon = None

    # ---------------------------------------------------------------- people

    def silence(self, seconds: float) -> None:
        """``healthmon silence add --for``: everything."""
        now = self.agenda.now
        self._order(lambda c: c.silence(Matcher(), since=now, until=now + seconds, author="anna", reason="works"))

    def _order(self, order: Callable[[Commander], object]) -> None:
        with open_commander(self.config.database) as commander:
            order(commander)
        if self.daemon is not None:
            self.daemon.hear_orders()

    # ---------------------------------------------------------------- what is so

    def down(self) -> set[Target]:
        """What is really down at present."""
        down = {Target(OFFICE, *name.split("/", 1)) for name, peer in self.pbx.peers.items() if not peer.answers}
        return down if self.pbx.is_running else {Target(OFFICE), *down}


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory where the system has one: nothing here is to survive a power cut."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@lru_cache
def configured(text: str) -> Config:
    """Read a configuration as the daemon does."""
    with folder() as somewhere:
        path = somewhere / "config.ini"
        path.write_text(text)
        path.chmod(0o600)
        return load(path, hostname="scenario")
