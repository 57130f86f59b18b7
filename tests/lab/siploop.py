"""One thread that serves the sockets and timers of any number of SIP peers."""

import errno
import heapq
import itertools
import selectors
import socket
import threading
import time
from collections.abc import Callable

Receiver = Callable[[bytes, tuple[str, int]], None]

#: Linux gives none of these to whoever asks for any port, and Asterisk none to RTP.
PORTS = range(20_001, 32_768)

#: Those of a peer that has vanished are not given to the next one: all loops of a process go on from here.
_next_ports = itertools.cycle(PORTS)


class SipLoop:
    """Reads sockets and runs timers. Receivers and timers run in its thread, holding `lock`.

    Peers hold `lock` too whenever they touch their own state, so the two never meet.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._waker, self._wake_end = socket.socketpair()
        self._wake_end.setblocking(False)
        self._selector.register(self._wake_end, selectors.EVENT_READ, None)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="sip-peers", daemon=True)
        self._thread.start()

    def open(self, address: str, port: int, receiver: Receiver) -> socket.socket:
        """A bound UDP socket whose datagrams go to `receiver`; port 0 takes one that is and stays free."""
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        try:
            if port:
                opened.bind((address, port))
            else:
                self._bind_to_a_free_port(opened, address)
        except OSError:
            opened.close()
            raise
        with self.lock:
            self._selector.register(opened, selectors.EVENT_READ, receiver)
        self._wake()
        return opened

    @staticmethod
    def _bind_to_a_free_port(opened: socket.socket, address: str) -> None:
        """Take one that the kernel gives to nobody, so that it is still free when its peer comes back."""
        for port in itertools.islice(_next_ports, len(PORTS)):
            try:
                opened.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise OSError(errno.EADDRINUSE, f"no port from {PORTS.start} on is free", address)

    def release(self, opened: socket.socket) -> None:
        """Close a socket that `open` made: from now on the kernel refuses what comes for it."""
        with self.lock:
            self._selector.unregister(opened)
            opened.close()

    def call_later(self, delay: float, action: Callable[[], None]) -> None:
        """Run `action` in the loop's thread after `delay` seconds."""
        with self.lock:
            heapq.heappush(self._timers, (time.monotonic() + delay, next(self._order), action))
        self._wake()

    def close(self) -> None:
        """End the thread; the peers' sockets are theirs to close."""
        self._closing = True
        self._wake()
        self._thread.join(timeout=5)
        self._selector.close()
        self._waker.close()
        self._wake_end.close()

    def _wake(self) -> None:
        self._waker.send(b"x")

    def _run(self) -> None:
        while not self._closing:
            with self.lock:
                wait = self._timers[0][0] - time.monotonic() if self._timers else None
            ready = self._selector.select(None if wait is None else max(wait, 0))
            with self.lock:
                for key, _ in ready:
                    self._read(key)
                while self._timers and self._timers[0][0] <= time.monotonic():
                    heapq.heappop(self._timers)[2]()

    def _read(self, key: selectors.SelectorKey) -> None:
        if key.data is None:
            self._wake_end.recv(4096)
            return
        opened = key.fileobj
        assert isinstance(opened, socket.socket)
        if opened.fileno() < 0:
            return  # Released since select() returned.
        try:
            packet, source = opened.recvfrom(65535)
        except (BlockingIOError, ConnectionRefusedError):
            return  # Nothing there after all, or an ICMP answer to what we sent to a dead peer.
        key.data(packet, source)


_shared: SipLoop | None = None
_shared_lock = threading.Lock()


def shared_loop() -> SipLoop:
    """The loop of this process, for peers that bring none of their own."""
    global _shared  # noqa: PLW0603 - one thread for all peers is the point
    with _shared_lock:
        if _shared is None:
            _shared = SipLoop()
        return _shared
