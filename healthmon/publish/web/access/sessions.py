"""Who has logged in: in memory for each request, and in files for the next web process."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import sha256
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from healthmon.publish.web.access.kept import SessionFiles

#: A session ends when nobody has done anything for so long; and after so long in any case (seconds).
IDLE_FOR, LASTS = 12 * 3600.0, 7 * 86400.0
#: One user has so many sessions at most: the next one ends the oldest.
MOST_OF_A_USER = 20
#: That somebody does something is noted in the files so often, at most (seconds).
NOTED_EVERY = 600.0


class LoggedIn(Struct, frozen=True):
    """One session. Times are those of the clock that is given."""

    user: str
    since: float
    active_at: float
    #: When the files were told so for the last time.
    noted_at: float

    def is_over(self, now: float) -> bool:
        """Whether it has ended by itself."""
        return now - self.active_at >= IDLE_FOR or now - self.since >= LASTS


class Sessions:
    """All of them, by the hash of what the cookie holds. Any thread may ask."""

    def __init__(self, logins: Mapping[str, str], files: SessionFiles | None, now: float) -> None:
        """``logins``: of each user who may log in, the mark of the present password; ``files``: None keeps nothing.

        Those that were kept go on, but of users who are no more, or have another password.
        """
        self._logins = logins
        self._files = files
        self._sessions: dict[bytes, LoggedIn] = {}
        self._lock = Lock()
        if files is None:
            return
        for kept in files.read():
            session = LoggedIn(kept.user, now - kept.age, now - kept.idle, now - kept.idle)
            if self._logins.get(kept.user) != kept.login or session.is_over(now):
                files.remove(kept.key)
            else:
                self._sessions[kept.key] = session

    def begin(self, user: str, now: float) -> str:
        """Begin a session, and return what its cookie holds."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            ended = [key for key, each in self._sessions.items() if each.is_over(now)]
            # In the order in which they began.
            own = [key for key, each in self._sessions.items() if each.user == user and key not in ended]
            ended += own[: max(len(own) - MOST_OF_A_USER + 1, 0)]
            for key in ended:
                del self._sessions[key]
            self._sessions[_key(secret)] = LoggedIn(user, now, now, now)
        if self._files is not None:
            self._files.add(_key(secret), user, self._logins[user])
            for key in ended:
                self._files.remove(key)
        return secret

    def user_of(self, secret: str, now: float, *, is_active: bool) -> str:
        """Name whose session it is; "": it is none, or it is over. ``is_active``: somebody does something."""
        key = _key(secret)
        with self._lock:
            session = self._sessions.get(key)
            if session is None or session.is_over(now):
                return ""
            if not is_active:
                return session.user
            is_to_be_noted = self._files is not None and now - session.noted_at >= NOTED_EVERY
            noted_at = session.noted_at
            if is_to_be_noted:
                noted_at = now
            self._sessions[key] = replace(session, active_at=now, noted_at=noted_at)
        if is_to_be_noted and self._files is not None:
            self._files.note_active(key)
        return session.user

    def end(self, secret: str) -> None:
        """End a session, if it is one."""
        key = _key(secret)
        with self._lock:
            is_ours = self._sessions.pop(key, None) is not None
        if is_ours and self._files is not None:
            self._files.remove(key)


def mark_of(password_hash: str) -> str:
    """Tell one password of a user from another: nobody can guess at a password by it, who does not have its hash."""
    return sha256(password_hash.encode()).hexdigest()


def _key(secret: str) -> bytes:
    return sha256(secret.encode(errors="replace")).digest()
