"""Whose settings are to be read, and when again."""

from __future__ import annotations

from collections.abc import Iterable, Set

from healthmon.model import MOST_WATCHED, EndpointSettings, Target


class SettingsAgenda:
    """The endpoints whose settings are to be read, in order. Owned by the polling thread.

    What was read holds until Asterisk reloads or restarts, and for ``max_age`` seconds.
    """

    def __init__(self, cached: Iterable[EndpointSettings], cached_for: tuple[str, str], max_age: float) -> None:
        self._cached: dict[Target, float] = {settings.target: settings.read_at for settings in cached}
        self._read_for = cached_for
        self._max_age = max_age
        self._read_at: dict[Target, float] = {}
        self._to_read: dict[Target, None] = {}
        #: Those of which something was heard that makes them doubtful: before all others.
        self._to_read_first: dict[Target, None] = {}

    def add(self, targets: Iterable[Target], now: float) -> None:
        """Learn of endpoints. Those that are known and fresh need not be read."""
        for target in targets:
            read_at = self._read_at.get(target, self._cached.get(target))
            if read_at is not None and now - read_at < self._max_age:
                self._read_at[target] = read_at
            else:
                self._to_read[target] = None

    def again(self, targets: Iterable[Target]) -> None:
        """Have these read again, before all others and however fresh they are."""
        self._to_read_first.update(dict.fromkeys(targets))

    def renew(self, read_for: tuple[str, str], now: float, configured_for: float | None = None) -> None:
        """Have read again what may have changed: all after a reload or restart of Asterisk, else what is old.

        ``configured_for``: so long ago that was. An earlier run of healthmon may have noticed it and not read all anew.
        """
        if configured_for is not None:
            changed_at = now - configured_for
            self._cached = {target: read_at for target, read_at in self._cached.items() if read_at > changed_at + 1.0}
        if read_for != self._read_for:
            self._read_for = read_for
            self._cached.clear()
            self.expire()
            return
        old = (target for target, read_at in self._read_at.items() if now - read_at >= self._max_age)
        self._to_read.update(dict.fromkeys(old))

    def expire(self) -> None:
        """Have all read again."""
        self._to_read.update(dict.fromkeys(self._read_at))

    def keep(self, listed: Set[Target]) -> None:
        """Forget what is not listed, once too much is known: names that come and go must not fill the memory.

        What is listed again is learned anew.
        """
        for known in (self._cached, self._read_at, self._to_read):
            if len(known) > MOST_WATCHED:
                for target in known.keys() - listed:
                    del known[target]

    def next(self) -> Target:
        """The one to read now. Raises StopIteration when there is none."""
        return next(iter(self._to_read_first or self._to_read))

    def done(self, target: Target, now: float) -> None:
        """Note that it was read, or cannot be."""
        self._to_read_first.pop(target, None)
        self._to_read.pop(target, None)
        self._read_at[target] = now

    def __bool__(self) -> bool:
        """Whether there is something to read."""
        return bool(self._to_read_first or self._to_read)
