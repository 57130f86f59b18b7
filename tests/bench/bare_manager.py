"""A bare client of a manager interface: it sends actions, receives until all are answered, and reads nothing of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack

from tests.lab.asterisk import Asterisk

#: Bytes at once.
_RECEIVED = 262_144
_END_OF_LIST, _END_OF_VARIABLE = b"EventList: Complete", b"\r\nValue:"


class BareManager:
    """A session that hears no events. Owned by one thread."""

    def __init__(self, pbx: Asterisk) -> None:
        username, password = pbx.ami_auth
        self._socket = socket.create_connection(pbx.ami)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        login = f"Action: Login\r\nUsername: {username}\r\nSecret: {password}\r\nEvents: off\r\n\r\n"
        self._ask(login.encode(), b"Authentication accepted", 1)

    def lists(self, *actions: str) -> None:
        """Ask for these lists at once, and receive them."""
        self._ask(b"".join(f"Action: {action}\r\n\r\n".encode() for action in actions), _END_OF_LIST, len(actions))

    def variables(self, names: Sequence[str], window: int) -> None:
        """Ask for these variables, so many under way at once."""
        for begin in range(0, len(names), window):
            part = names[begin : begin + window]
            requests = "".join(f"Action: Getvar\r\nVariable: {name}\r\n\r\n" for name in part)
            self._ask(requests.encode(), _END_OF_VARIABLE, len(part))

    def close(self) -> None:
        """End the session."""
        self._socket.close()

    def _ask(self, requests: bytes, mark: bytes, times: int) -> None:
        """Send, and receive until the mark has come so often. (What is large is sent while answers are received.)"""
        sending = threading.Thread(target=self._socket.sendall, args=(requests,))
        sending.start()
        found, rest = 0, b""
        while found < times:
            received = self._socket.recv(_RECEIVED)
            if not received:
                raise RuntimeError("Asterisk closed the connection")
            found += (rest + received).count(mark)
            rest = (rest + received)[1 - len(mark) :]
        sending.join()


def lists_apart(pbx: Asterisk, actions: Sequence[str]) -> float:
    """Ask for these lists at once, each in a session of its own (milliseconds)."""
    with ExitStack() as ends:
        sessions = [BareManager(pbx) for _ in actions]
        for session in sessions:
            ends.callback(session.close)
        threads = [
            threading.Thread(target=session.lists, args=(action,))
            for session, action in zip(sessions, actions, strict=True)
        ]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return (time.monotonic() - begun) * 1000
