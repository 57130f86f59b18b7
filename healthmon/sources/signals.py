"""What the threads of one PBX tell each other, and how they are stopped."""

from __future__ import annotations

from threading import Event


class Signals:
    """The Events that the threads of one PBX share. Any thread may call the methods."""

    def __init__(self) -> None:
        #: Both threads end.
        self.stop = Event()
        #: The polling thread has something to do.
        self.wake = Event()
        #: A snapshot is wanted at once.
        self.resync = Event()
        #: REST works again: the event stream need not wait for its next attempt.
        self.retry = Event()
        #: The event stream is open and waits for our own user events.
        self.heartbeat_wanted = Event()
        #: A stream was opened since our last user event: it is to prove itself at once.
        self.heartbeat_due = Event()
        #: The event stream has proven that it delivers.
        self.events_up = Event()
        #: Since when a user event of ours is on its way to the event stream (monotonic). None: none is.
        self.heartbeat_asked_at: float | None = None

    def want_snapshot(self) -> None:
        """Have the PBX looked at as a whole, soon; several wishes make one look."""
        self.resync.set()
        self.wake.set()

    def rest_is_back(self) -> None:
        """Have the event stream tried again now."""
        self.retry.set()

    def stream_opened(self, *, with_heartbeat: bool) -> None:
        """The event stream is open: what happened before is learned by a snapshot."""
        self.heartbeat_asked_at = None
        if with_heartbeat:
            self.heartbeat_due.set()
            self.heartbeat_wanted.set()
        self.want_snapshot()

    def heartbeat_asked(self, at: float) -> None:
        """A user event of ours is about to be posted. The time of the first that did not come back counts."""
        if self.heartbeat_asked_at is None:
            self.heartbeat_asked_at = at

    def heartbeat_came(self) -> None:
        """The event stream delivers."""
        self.heartbeat_asked_at = None

    def stream_closed(self) -> None:
        """The event stream is closed: look at once whether the PBX still answers, and then more often."""
        self.heartbeat_wanted.clear()
        self.events_up.clear()
        self.want_snapshot()

    def shut_down(self) -> None:
        """End both threads; they leave their waits at once."""
        self.stop.set()
        self.wake.set()
        self.retry.set()
