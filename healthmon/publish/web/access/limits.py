"""How often somebody may try a password. Pure, but for what it remembers."""

from __future__ import annotations

from threading import Lock

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
