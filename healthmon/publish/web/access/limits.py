"""How often somebody may try a password, and how many at the same time."""

from __future__ import annotations

from threading import Lock, Semaphore

#: So many keys are remembered.
MOST_KEYS = 10_000


class Attempts:
    """So many attempts at once, and then one every so often, for each key. Any thread may ask.

    Of a key it remembers one time: when all of its attempts are there again (the "generic cell rate algorithm").
    """

    def __init__(self, at_once: int, every: float) -> None:
        """``every``: seconds."""
        self._room = (at_once - 1) * every
        self._every = every
        self._full_at: dict[str, float] = {}
        self._lock = Lock()

    def wait(self, key: str, now: float) -> float:
        """Return in how many seconds there is an attempt, and take none; 0: there is one."""
        with self._lock:
            return max(self._full_at.get(key, now) - self._room - now, 0.0)

    def take(self, key: str, now: float) -> float:
        """Take an attempt, and return 0; or return in how many seconds there is one."""
        with self._lock:
            full_at = max(self._full_at.get(key, now), now)
            wait = full_at - self._room - now
            if wait > 0:
                return wait
            if key not in self._full_at and len(self._full_at) >= MOST_KEYS:
                self._forget(now)
            self._full_at[key] = full_at + self._every
            return 0.0

    def give_back(self, key: str) -> None:
        """The last attempt was none: the password was right."""
        with self._lock:
            if key in self._full_at:
                self._full_at[key] -= self._every

    def _forget(self, now: float) -> None:
        """Forget whoever has all attempts again; where that is nobody, those who have waited longest."""
        kept = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        if len(kept) >= MOST_KEYS:
            kept = dict(sorted(kept.items(), key=lambda item: item[1])[MOST_KEYS // 10 :])
        self._full_at = kept


class AdmissionQueue:
    """So many may do something at the same time; a few others wait for their turn. Any thread may ask."""

    def __init__(self, at_once: int, most_waiting: int, wait_at_most: float) -> None:
        """``wait_at_most``: seconds."""
        self._places = Semaphore(at_once + most_waiting)
        self._turns = Semaphore(at_once)
        self._wait_at_most = wait_at_most

    def begin(self) -> bool:
        """Wait for a turn, which has to be ended; False: too many wait already, or it took too long."""
        if not self._places.acquire(blocking=False):
            return False
        if self._turns.acquire(timeout=self._wait_at_most):
            return True
        self._places.release()
        return False

    def end(self) -> None:
        """Let the next one have its turn."""
        self._turns.release()
        self._places.release()
