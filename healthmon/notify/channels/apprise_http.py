"""What apprise's plug-ins do over HTTP, within limits: how long, how slowly, how much; and no redirect is followed.

Every one of them calls ``requests.post()`` or its like, which makes a session for each call, by a name that is looked
up then. ``bound_requests`` puts a session of ours in that place; our own code makes its sessions itself and is not
touched (docs/decisions/0040-apprise-within-limits.md).
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from msgspec import Struct
from msgspec.structs import replace

from healthmon.errors import DeliveryError
from healthmon.notify.channels.http_calls import has_left
from healthmon.wire.adapter import BoundedAdapter
from healthmon.wire.failures import failures_of_the_peer, with_its_type
from healthmon.wire.pace import WHOLE_WITHIN, PeerLimits

#: No answer that a plug-in looks into is as long as this.
LIMITS = PeerLimits(largest=1_000_000)
_PIECE = 65536


class Exchange(Struct):
    """What became of the requests of one message. Owned by the thread that sends it."""

    #: No request is begun after this moment (steady clock), nor waited for much longer.
    ends_at: float
    #: A request was handed over, and no whole answer came: the message may have arrived.
    is_in_doubt: bool = False
    #: An answer said that the service is somewhere else now.
    has_moved: bool = False

    @property
    def left(self) -> float:
        """How many seconds are left."""
        return self.ends_at - time.monotonic()


_of_thread = threading.local()


def bound_requests() -> None:
    """From now on ``requests.post()`` and its like keep the limits."""
    requests.sessions.Session = _Session  # type: ignore[misc]


@contextmanager
def exchange(within: float) -> Iterator[Exchange]:
    """What this thread's requests do belongs to one message, which must be sent within so many seconds."""
    _of_thread.exchange = Exchange(time.monotonic() + within)
    try:
        yield _of_thread.exchange
    finally:
        del _of_thread.exchange


class _Session(requests.Session):
    """A session whose answers are bounded."""

    def __init__(self) -> None:
        super().__init__()
        # A request that belongs to no message has an exchange of its own.
        current = getattr(_of_thread, "exchange", None) or Exchange(time.monotonic() + WHOLE_WITHIN)
        adapter = _Adapter(current)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        # What is packed may unpack to a thousand times its size.
        self.headers["Accept-Encoding"] = "identity"


class _Adapter(BoundedAdapter):
    """Reads an answer whole, or as much of it as keeps the limits, before anybody else sees it."""

    def __init__(self, current: Exchange) -> None:
        self._exchange = current
        super().__init__(replace(LIMITS, whole_within=min(LIMITS.whole_within, max(current.left, 0.0))))

    def send(  # noqa: PLR0917 (these are requests' own)
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send, and read what comes back."""
        del stream
        try:
            response = super().send(request, True, self._shortened(timeout), verify, cert, proxies)
        except Exception as error:
            self._exchange.is_in_doubt |= has_left(error)
            raise
        self._read(response)
        return response

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Make the answer. It is not unpacked while it is read; and where it says that we should go, nobody goes."""
        response = super().build_response(req, resp)
        self._exchange.has_moved |= response.is_redirect
        response.headers.pop("Location", None)
        resp.headers.pop("Content-Encoding", None)
        return response

    def _shortened(self, timeout: Any) -> tuple[float, float]:
        """The time-outs for the connection and the first byte, and never longer than is left for the message."""
        left = self._exchange.left
        if left <= 0:
            raise requests.Timeout("no time is left for a further request of this message")
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        return min(connect or left, left), min(read or left, left)

    def _read(self, response: requests.Response) -> None:
        """Read the body. It may end in the middle: whether a message was accepted, is said by the status before it."""
        body = b""
        try:
            with failures_of_the_peer(lambda error: DeliveryError("", with_its_type(error))):
                for piece in response.iter_content(_PIECE):
                    body += piece
        except DeliveryError:
            self._exchange.is_in_doubt |= response.ok
            response.close()
        if response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate"):
            # It came packed though nobody asked for that. 32: whichever of both it is.
            with suppress(zlib.error):
                body = zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(body, LIMITS.largest)
        # As requests itself keeps what it has read.
        response._content, response._content_consumed = body, True  # type: ignore[attr-defined]
