"""Who has logged in: in the memory of the web process alone, so that a session that has ended is ended for good."""

from __future__ import annotations

import secrets
from hashlib import sha256
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

#: A session ends when nobody has done anything for so long; and after so long in any case (seconds).
IDLE_FOR, LASTS = 12 * 3600.0, 7 * 86400.0
#: One user has so many sessions at most: the next one ends the oldest.
MOST_OF_A_USER = 20


class LoggedIn(Struct, frozen=True):
    """One session. Times are those of the clock that is given."""

    user: str
    since: float
    active_at: float

    def is_over(self, now: float) -> bool:
        """Whether it has ended by itself."""
        return now - self.active_at >= IDLE_FOR or now - self.since >= LASTS


class Sessions:
    """All of them, by the hash of what the cookie holds. Any thread may ask."""

    def __init__(self) -> None:
        self._sessions: dict[bytes, LoggedIn] = {}
        self._lock = Lock()

    def begin(self, user: str, now: float) -> str:
        """Begin a session, and return what its cookie holds."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions = {key: each for key, each in self._sessions.items() if not each.is_over(now)}
            # In the order in which they began.
            own = [key for key, each in self._sessions.items() if each.user == user]
            for key in own[: max(len(own) - MOST_OF_A_USER + 1, 0)]:
                del self._sessions[key]
            self._sessions[_key(secret)] = LoggedIn(user, now, now)
        return secret

    def user_of(self, secret: str, now: float, *, is_active: bool) -> str:
        """Name whose session it is; "": it is none, or it is over. ``is_active``: somebody does something."""
        key = _key(secret)
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return ""
            if session.is_over(now):
                del self._sessions[key]
                return ""
            if is_active:
                self._sessions[key] = replace(session, active_at=now)
            return session.user

    def end(self, secret: str) -> None:
        """End a session, if it is one."""
        with self._lock:
            self._sessions.pop(_key(secret), None)


def _key(secret: str) -> bytes:
    return sha256(secret.encode(errors="replace")).digest()
