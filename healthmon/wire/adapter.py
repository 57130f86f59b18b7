"""The limits for requests: mount a BoundedAdapter, and each answer that its session reads is kept within them."""

from __future__ import annotations

import socket
import time
from functools import partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from healthmon.wire.answers import BoundedAnswer
from healthmon.wire.pace import Limits, what_is_left


class BoundedAdapter(HTTPAdapter):
    """Reads each answer within limits of time, pace and size, its headers and trailers too; a proxy's answer likewise.

    ``session.mount("https://", BoundedAdapter(Limits(largest=1_000_000)))``. The read time-out of a request is the time
    to the first byte. What breaks the limits is raised as requests.ConnectionError (before the body) or
    ChunkedEncodingError (in it), with the BadPace among its causes. Redirects, cookies and what a body unpacks to are
    not its business.
    """

    def __init__(self, limits: Limits, **options: Any) -> None:
        self._limits = limits
        super().__init__(**options)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of connections that go straight."""
        super().init_poolmanager(*arguments, **options)
        self._bound(self.poolmanager)

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> ProxyManager:
        """Make the pools of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*arguments, **options)
        self._bound(manager)
        return manager

    def _bound(self, manager: PoolManager) -> None:
        makers: dict[str, Any] = {
            "http": partial(_pool, HTTPConnectionPool, partial(_PlainConnection, self._limits)),
            "https": partial(_pool, HTTPSConnectionPool, partial(_EncryptedConnection, self._limits)),
        }
        manager.pool_classes_by_scheme = makers


def _pool(kind: Any, connection: Any, *arguments: Any, **options: Any) -> HTTPConnectionPool:
    """Make a pool whose connections are of our kind."""
    pool: HTTPConnectionPool = kind(*arguments, **options)
    pool.ConnectionCls = connection
    return pool


class _PlainConnection(HTTPConnection):
    def __init__(self, limits: Limits, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.response_class = partial(BoundedAnswer, limits)  # type: ignore[assignment]


class _EncryptedConnection(HTTPSConnection):
    def __init__(self, limits: Limits, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.response_class = partial(BoundedAnswer, limits)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """Connect; the TLS handshake has what is left of the time."""
        begun = time.monotonic()
        connection = super()._new_conn()
        if (timeout := connection.gettimeout()) is not None:
            connection.settimeout(what_is_left(timeout, begun))
        return connection
