"""kill -9 of healthmon at moments that dice have chosen, each followed at once by a start, as systemd would."""

from __future__ import annotations

import random
import threading
import time

from msgspec import Struct

from tests.sinks import WebhookSink
from tests.system.daemon import PATIENCE, Daemon, wait_until


class Plan(Struct, frozen=True):
    """When healthmon is killed: so many seconds after the row began, and while a message is on its way."""

    at: tuple[float, ...] = ()
    #: The number of that message, counted by its receiver; 0: none.
    message: int = 0
    #: Whether the receiver has taken that message when healthmon dies.
    is_taken: bool = False

    @property
    def kills(self) -> int:
        """How many there are."""
        return len(self.at) + bool(self.message)

    @classmethod
    def drawn(cls, seed: int, lasts: float, messages: int) -> Plan:
        """Two kills within a row of that length, of which the second is often one while a message is on its way."""
        dice = random.Random(seed)
        first, second = dice.uniform(0, lasts), dice.uniform(0, lasts)
        if messages and dice.random() < 0.5:
            return cls((first,), dice.randint(1, messages), dice.random() < 0.5)
        return cls(tuple(sorted((first, second))))


class Kills:
    """Carries a plan out, in a thread of its own. Any thread may use it."""

    def __init__(self, plan: Plan, daemon: Daemon) -> None:
        self.plan = plan
        #: How often the daemon was killed so far.
        self.struck = 0
        self._daemon = daemon
        self._log_before = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kills")

    def begin(self) -> None:
        """The row begins now."""
        self._began_at = time.monotonic()
        self._thread.start()

    def _run(self) -> None:
        for at in self.plan.at:
            if self._stop.wait(max(0.0, self._began_at + at - time.monotonic())):
                return
            self.strike()

    def strike(self) -> None:
        """Kill the daemon, and start it again."""
        with self._lock:
            if not self._stop.is_set():
                self._daemon.kill()
                self._log_before = len(self._daemon.log())
                self._daemon.start(until_seen=False)
                self.struck += 1

    def wait_done(self) -> None:
        """Wait until all that was planned has happened; the row must last so long."""
        last = max((self._began_at + at - time.monotonic() for at in self.plan.at), default=0.0)
        patience = max(last, 0.0) + PATIENCE
        wait_until(self._are_done, f"all kills of {self.plan}", patience, explain=self._daemon.log)

    def _are_done(self) -> bool:
        return self.struck == self.plan.kills and self._is_ready()

    def _is_ready(self) -> bool:
        return "ready: every PBX was looked at" in self._daemon.log()[self._log_before :]

    def close(self) -> None:
        """Kill no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            self._daemon.close()


class Receiver(WebhookSink):
    """A webhook; while it takes a message, healthmon may die."""

    def __init__(self) -> None:
        #: Set once the daemon exists.
        self.kills: Kills | None = None
        self._requests = 0
        super().__init__()

    def received(self, raw: bytes) -> int | None:
        """Take one request's body."""
        kills = self.kills
        self._requests += 1
        if kills is None or self._requests != kills.plan.message:
            return super().received(raw)
        status = super().received(raw) if kills.plan.is_taken else None
        kills.strike()
        return status
