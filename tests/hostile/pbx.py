"""The hostile PBX itself."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.fakepbx.http import Request
from tests.hostile.misbehaviour import Line, Misbehaviour, Where


class HostilePbx(FakePbx):
    """A fake PBX that answers well until it is told to misbehave, and well again afterwards. Any thread may call it."""

    _misbehaviour: Misbehaviour | None = None
    _is_over = threading.Event()

    def misbehave(self, how: Misbehaviour) -> None:
        """Misbehave in this way from now on; connections that were opened before are broken off."""
        self._misbehaviour, self._is_over = how, threading.Event()
        self._server.drop_connections()

    def behave(self) -> None:
        """Be well again, and break off whatever is in the middle of a misbehaviour."""
        self._misbehaviour = None
        self._is_over.set()
        self._server.drop_connections()

    def close(self) -> None:
        """End."""
        self._is_over.set()
        super().close()

    def _serve(self, request: Request, connection: socket.socket) -> bool:
        how, is_over = self._misbehaviour, self._is_over
        if how is None or not _is_hit(how.where, request):
            return super()._serve(request, connection)
        self.requests.append(f"{request.method} {urlsplit(request.target).path}")
        if how.where is Where.STREAM:
            self._serve_hostile_stream(how, is_over, request, connection)
            return False
        good = self._upgrade(request) if request.wants_upgrade else self._answer(request)
        if how.where is Where.BODY and good.status != 200:
            connection.sendall(good.encoded("Asterisk"))
            return True
        how.act(Line(connection, is_over, good, None))
        return False

    def _serve_hostile_stream(
        self, how: Misbehaviour, is_over: threading.Event, request: Request, connection: socket.socket
    ) -> None:
        stream = self._open_stream(request, connection)
        line = Line(connection, is_over, self._upgrade(request), stream)
        threading.Thread(target=_act, args=(how, line), daemon=True, name="hostile").start()
        self._read_stream(stream)


def _is_hit(where: Where, request: Request) -> bool:
    """Whether that is where this request is answered."""
    if request.wants_upgrade:
        return where in (Where.UPGRADE, Where.STREAM)
    return where is Where.REST or (where is Where.BODY and request.method == "GET")


def _act(how: Misbehaviour, line: Line) -> None:
    """Misbehave until the client goes."""
    with suppress(OSError):
        how.act(line)
