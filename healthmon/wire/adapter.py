"""The limits for requests: mount a BoundedAdapter, and each answer that its session reads is kept within them."""

from __future__ import annotations

import socket
import time
from functools import partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NewConnectionError

from healthmon.wire.answers import BoundedAnswer
from healthmon.wire.connecting import connect
from healthmon.wire.pace import WHOLE_WITHIN, PeerLimits, what_is_left


class BoundedAdapter(HTTPAdapter):
    """Reads each answer within limits of time, pace and size, its headers and trailers too; a proxy's answer likewise.

    ``session.mount("https://", BoundedAdapter(Limits(largest=1_000_000)))``. The connect time-out of a request is for
    the lookup of the name, the connection and TLS together, the read time-out for the first byte. What breaks the
    limits is raised as requests.ConnectionError (before the body) or ChunkedEncodingError (in it), with the BadPace
    among its causes. Redirects, cookies and what a body unpacks to are not its business.
    """

    def __init__(self, limits: PeerLimits, **options: Any) -> None:
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
    def __init__(self, limits: PeerLimits, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.response_class = partial(BoundedAnswer, limits)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class _EncryptedConnection(HTTPSConnection):
    def __init__(self, limits: PeerLimits, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.response_class = partial(BoundedAnswer, limits)  # type: ignore[assignment]

    def _new_conn(self) -> socket.socket:
        """Connect; the TLS handshake has what is left of the time."""
        begun = time.monotonic()
        connection = _connected(self)
        connection.settimeout(what_is_left(_timeout_of(self), begun))
        return connection


def _connected(asked: HTTPConnection) -> socket.socket:
    """Connect, and raise what urllib3 raises."""
    timeout = _timeout_of(asked)
    try:
        return connect(asked._dns_host, asked.port or 0, timeout, asked.socket_options or ())
    except UnicodeError:
        raise LocationParseError(f"'{asked.host}', label empty or too long") from None
    except socket.gaierror as error:
        raise NewConnectionError(asked, f"Failed to resolve '{asked.host}' ({error})") from error
    except TimeoutError as error:
        words = f"Connection to {asked.host} timed out. (connect timeout={timeout:g})"
        raise ConnectTimeoutError(asked, words) from error
    except OSError as error:
        raise NewConnectionError(asked, f"Failed to establish a new connection: {error}") from error


def _timeout_of(asked: HTTPConnection) -> float:
    """How long a connection may take; nobody waits for ever."""
    if isinstance(asked.timeout, int | float):
        return float(asked.timeout)
    return WHOLE_WITHIN
