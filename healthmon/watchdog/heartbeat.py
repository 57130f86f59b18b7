"""The dead man's switch: a URL is fetched while healthmon does its work. When that stops, a service outside notices.

What cannot be told any more, by a daemon that is dead, hangs, or sees nothing, is told by somebody else.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from threading import Event
from urllib.parse import SplitResult, unquote, urlsplit

import certifi

from healthmon import __version__
from healthmon.config.sections.general import HeartbeatConfig
from healthmon.config.urls import place_of
from healthmon.errors import HealthmonError
from healthmon.text.longtext import cut
from healthmon.text.visible import visible
from healthmon.times.clock import Clock
from healthmon.wire.answers import BoundedAnswer
from healthmon.wire.connecting import connect
from healthmon.wire.failures import failures_of_the_peer
from healthmon.wire.pace import BadPace, PeerLimits, what_is_left

log = logging.getLogger(__name__)

#: The connection, with the lookup of the name and TLS, may take so long, and then the answer (seconds).
TIMEOUT = 10.0
#: What the answer may take, from its first byte on.
LIMITS = PeerLimits(largest=256_000)
#: After a fetch that failed the next comes sooner: a lost packet is no reason for an alarm (seconds).
RETRY_AFTER = 10.0
#: So often is looked whether all is well again (seconds).
LOOK_EVERY = 1.0
#: A heartbeat that is held back for longer is worth a line (seconds).
WORTH_SAYING = 10.0
#: So much of an answer is read.
_EXCERPT_BYTES = 200


class NotFed(HealthmonError):
    """The service did not take the heartbeat; ``str()`` says why, without anything of the URL."""


class Heartbeat:
    """The work of the thread ``heartbeat``, which owns everything here.

    ``why_unwell`` says why nobody can rely on healthmon at present ("": all is well); it may take its time, not for
    ever. ``first_in``: seconds to the first fetch; a daemon that dies again and again shortly after its start is not
    to count as alive.
    """

    def __init__(
        self,
        config: HeartbeatConfig,
        why_unwell: Callable[[], str],
        *,
        clock: Clock,
        stop: Event,
        first_in: float = 0.0,
        fetch: Callable[[str], None] | None = None,
    ) -> None:
        self._config = config
        self._why_unwell = why_unwell
        self._clock = clock
        self._stop = stop
        self._first_in = first_in
        self._fetch = fetch or fetch_once
        self._retry_after = min(RETRY_AFTER, config.every)
        self._failures = 0
        self._failure = ""
        #: Since when a heartbeat that is due is held back (of the steady clock); None: none is.
        self._held_since: float | None = None
        self._is_held_said = False

    def run(self) -> None:
        """Fetch until told to stop. Only a defect raises."""
        self._stop.wait(self._first_in)
        while not self._stop.is_set():
            self._stop.wait(self.step())

    def step(self) -> float:
        """Fetch the URL if all is well; return how many seconds to wait for the next step."""
        why = self._why_unwell()
        self._note_held(why)
        if why:
            return min(LOOK_EVERY, self._config.every)
        place = place_of(self._config.url)
        try:
            self._fetch(self._config.url)
        except NotFed as error:
            self._failures += 1
            if str(error) != self._failure:
                self._failure = str(error)
                log.warning("heartbeat: %s: %s", place, self._failure)
            return self._retry_after
        if self._failures:
            log.warning("heartbeat: %s: recovered after %d failures", place, self._failures)
        self._failures, self._failure = 0, ""
        return self._config.every

    def _note_held(self, why: str) -> None:
        """Say once that nothing is fetched, and why; and that it goes on."""
        now = self._clock.steady()
        since = self._held_since if self._held_since is not None else now
        if why:
            self._held_since = since
            if not self._is_held_said and now - since >= WORTH_SAYING:
                self._is_held_said = True
                log.warning("heartbeat: held back: %s", why)
            return
        if self._is_held_said:
            log.warning("heartbeat: goes on after %.0f s", now - since)
        self._held_since, self._is_held_said = None, False


def fetch_once(url: str) -> None:
    """Fetch a URL, straight, and see that it was taken. Raises NotFed.

    Neither proxies of the environment nor .netrc are used, and no redirect is followed: the token goes where the
    administrator wrote that it goes.
    """
    parts = urlsplit(url)
    with failures_of_the_peer(lambda error: NotFed(_why(error))), closing(_connection(parts)) as connection:
        resource = parts.path or "/"
        if parts.query:
            resource = f"{resource}?{parts.query}"
        headers = {"User-Agent": f"healthmon/{__version__}"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
        connection.request("GET", resource, headers=headers)
        with connection.getresponse() as answer:
            status, body = answer.status, answer.read(_EXCERPT_BYTES)
    _refuse(status, body)


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    kind = http.client.HTTPConnection if parts.scheme == "http" else http.client.HTTPSConnection
    connection = kind(parts.hostname or "", parts.port)
    connection.response_class = partial(BoundedAnswer, LIMITS)  # type: ignore[assignment]
    # What has a socket does not connect by itself.
    connection.sock = _connected(connection.host, connection.port, is_tls=parts.scheme != "http")
    return connection


def _connected(host: str, port: int, *, is_tls: bool) -> socket.socket:
    begun = time.monotonic()
    plain = connect(host, port, TIMEOUT)
    if not is_tls:
        return plain
    with ExitStack() as closing:
        closing.callback(plain.close)
        plain.settimeout(what_is_left(TIMEOUT, begun))
        # The system's own list first: an administrator adds the company's CA there.
        context = ssl.create_default_context(cafile=ssl.get_default_verify_paths().cafile or certifi.where())
        encrypted = context.wrap_socket(plain, server_hostname=host)
        encrypted.settimeout(TIMEOUT)
        closing.pop_all()
        return encrypted


def _refuse(status: int, body: bytes) -> None:
    """Raise NotFed for an answer that means "no"."""
    said = cut(visible(body.decode("utf-8", errors="replace").strip()), 100)
    if 300 <= status < 400:
        raise NotFed(f"answers {status}, which leads elsewhere and is not followed: write that URL")
    if not 200 <= status < 300:
        raise NotFed(f"answers {status}" + (f": {said}" if said else ""))
    # healthchecks.io answers 200 also to a check that does not exist, and to a heartbeat that comes too often.
    if said.startswith("OK ("):
        raise NotFed(f"answers {said}")


def _why(error: Exception) -> str:
    """Say why there was no answer."""
    if isinstance(error, socket.gaierror | UnicodeError) and not isinstance(error, UnicodeDecodeError):
        return "its name cannot be resolved"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT:g} s"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason})"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be reached ({error.strerror})"
    return _why_unreadable(error)


def _why_unreadable(error: Exception) -> str:
    if isinstance(error, BadPace):
        return f"its answer {error}"
    if isinstance(error, http.client.RemoteDisconnected | http.client.IncompleteRead | ConnectionError):
        return "the connection was closed without an answer"
    return f"an answer that cannot be read ({type(error).__name__})"
