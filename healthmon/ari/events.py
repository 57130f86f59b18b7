"""The event WebSocket of one PBX, on a socket of our own: no proxy, no automatic reconnect that hides an outage."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from typing import Any

from websocket import (
    ABNF,
    WebSocket,
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketTimeoutException,
    _handshake,
    create_connection,
)
from websocket._abnf import continuous_frame, frame_buffer
from websocket._cookiejar import SimpleCookieJar

from healthmon.ari.address import address_of, authorization, events_url
from healthmon.ari.failures import connect_timed_out, refusal, talking_to, unreachable
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AriError, AriUnexpected, AriUnreachable, Trouble
from healthmon.text.passwords import NO_SECRETS, OwnSecrets
from healthmon.wire.connecting import connect
from healthmon.wire.failures import failures_of_the_peer, with_its_type
from healthmon.wire.pace import Pace, PeerLimits, TooLong, TooSlow, receive, what_is_left
from healthmon.wire.trust import tls_context

#: An event has some 500 bytes; websocket-client would buffer a frame of any size.
LARGEST_FRAME = 16 * 1024 * 1024
#: The answer to the upgrade, with all its headers.
HANDSHAKE = PeerLimits(largest=256_000)
#: A message, with the frames that it is cut into and all that stands between them.
MESSAGE = PeerLimits(largest=2 * LARGEST_FRAME)
#: Each takes some 60 µs, and the answer to a ping as long.
MOST_CONTROLS_A_SECOND = 2000
#: receive() returns after this time at the latest, so that its caller can look at its clocks (seconds).
PATIENCE = 1.0
#: The first byte of a text frame that is a whole message, without extensions (RFC 6455, 5.2); and the second byte if
#: the size is in the two bytes that follow. Larger ones are larger still, or masked.
WHOLE_TEXT, SIZE_FOLLOWS = 0x81, 126
_CALL = "GET /events"
_OF_MESSAGES = (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY, ABNF.OPCODE_CONT)


def open_events(
    pbx: PbxConfig, *, subscribe_all: bool, timeout: float = 5.0, connect_timeout: float = 3.0
) -> EventSocket:
    """Connect to the event stream of our application. Raises AriError.

    ``subscribe_all``: all events without asking for them, the only way for a read_only user.
    """
    with ExitStack() as closing:
        stream = _ReadAhead(_connect(pbx, timeout, connect_timeout))
        closing.callback(stream.close)
        with failures_of_the_peer(lambda error: _handshake_failure(pbx, error, timeout)):
            web_socket = create_connection(
                events_url(pbx, subscribe_all=subscribe_all),
                timeout=timeout,
                class_=_BoundedWebSocket,
                socket=stream,
                header=[f"Authorization: {authorization(pbx)}"],
                suppress_origin=True,
                redirect_limit=0,
                # Decoding the JSON checks UTF-8 anyway; websocket-client does it in Python, 60 µs an event.
                skip_utf8_validation=True,
                enable_multithread=False,
            )
        closing.pop_all()
    return EventSocket(pbx.name, web_socket, stream, pbx.secrets())


class EventSocket:
    """An open event stream. Owned by one thread. ``secrets``: what we told whoever sends it."""

    def __init__(self, pbx: str, web_socket: WebSocket, stream: _ReadAhead, secrets: OwnSecrets = NO_SECRETS) -> None:
        self._pbx = pbx
        self._secrets = secrets
        self._socket = web_socket
        self._stream = stream
        #: What came of a message that comes in several frames.
        self._begun = bytearray()
        #: How many pings and pongs came since a moment of the steady clock.
        self._controls, self._controls_since = 0, 0.0
        self._socket.settimeout(PATIENCE)

    def receive(self) -> bytes | None:
        """The next event without secrets of ours; b"" for a ping or pong; None: no whole message came for a second.

        Raises AriUnreachable when the stream ended, or a message that has begun does not come to its end; AriUnexpected
        for frames that break the rules.
        """
        event = self._next_message()
        if event:
            event = bytes(self._secrets.free_answer(event))
        return event

    def _next_message(self) -> bytes | None:
        """The next event as it came."""
        if self._is_between_messages():
            if (text := self._stream.take_text_frame()) is not None:
                return text
            self._stream.begin(MESSAGE)
            if self._stream.is_read_out:
                # websocket-client would take the first event of all that comes at once, ten times slower.
                if not self._is_filled():
                    return None
                if (text := self._stream.take_text_frame()) is not None:
                    return text
        with failures_of_the_peer(self._failure):
            try:
                opcode, frame = self._socket.recv_data_frame(control_frame=True)
            except WebSocketTimeoutException:
                return None
        if opcode == ABNF.OPCODE_CLOSE:
            raise self._closed(f"the event stream was closed{_close_code(frame.data)}")
        if opcode in _OF_MESSAGES:
            return self._message(frame.data, is_whole=bool(frame.fin))
        self._count_control()
        return b""

    def _is_filled(self) -> bool:
        """Wait for what comes next, be it the end of the stream; False: nothing came for a second."""
        with failures_of_the_peer(self._failure):
            try:
                self._stream.fill()
            except TimeoutError:
                return False
        return True

    def _count_control(self) -> None:
        """A ping or pong came. A flood of them would take the time of all other PBXs. Raises AriUnexpected."""
        now = time.monotonic()
        if now - self._controls_since >= 1.0:
            self._controls, self._controls_since = 0, now
        self._controls += 1
        if self._controls > MOST_CONTROLS_A_SECOND:
            what = f"more than {MOST_CONTROLS_A_SECOND} pings and pongs within a second"
            raise AriUnexpected(self._pbx, _CALL, f"the event stream breaks the rules of WebSocket ({what})")

    def _message(self, data: bytes, *, is_whole: bool) -> bytes | None:
        """Take the data of one frame; return the message if that is whole now."""
        self._begun += data
        if len(self._begun) > LARGEST_FRAME:
            what = f"a message of more than {LARGEST_FRAME >> 20} MB in pieces"
            raise AriUnexpected(self._pbx, _CALL, f"the event stream breaks the rules of WebSocket ({what})")
        if not is_whole:
            return None
        whole, self._begun = bytes(self._begun), bytearray()
        return whole

    def _is_between_messages(self) -> bool:
        """Whether no message has begun of which websocket-client, or we, wait for the rest."""
        frames = self._socket.frame_buffer
        return frames.header is None and not frames.recv_buffer and not self._socket.cont_frame.recving_frames

    def ping(self) -> None:
        """Send a ping; the pong is seen by receive(). Raises AriUnreachable."""
        with failures_of_the_peer(self._failure):
            self._socket.ping()

    def close(self) -> None:
        """Say good-bye if that is possible, and close. Does not wait for an answer."""
        with suppress(AriError), failures_of_the_peer(self._failure):
            self._socket.send_close()
        self._socket.shutdown()  # type: ignore[no-untyped-call]

    def _failure(self, error: Exception) -> AriError:
        """Say what an exception of websocket-client means."""
        if isinstance(error, TooSlow):
            what = f"connected, but a message of the event stream {error}"
            return AriUnreachable(self._pbx, _CALL, what, Trouble.SILENT)
        if isinstance(error, TooLong):
            return AriUnexpected(self._pbx, _CALL, f"a message of the event stream {error}")
        # A time-out is one of sending: nobody takes what we say.
        if isinstance(error, (WebSocketConnectionClosedException, WebSocketTimeoutException, OSError)):
            return self._closed("the event stream broke off")
        said = self._secrets.free_sentence(with_its_type(error))
        return AriUnexpected(self._pbx, _CALL, f"the event stream breaks the rules of WebSocket ({said[:200]})")

    def _closed(self, what: str) -> AriUnreachable:
        return AriUnreachable(self._pbx, _CALL, what, Trouble.CLOSED)


def _connect(pbx: PbxConfig, timeout: float, connect_timeout: float) -> socket.socket:
    address = address_of(pbx)
    begun = time.monotonic()
    with talking_to(pbx, _CALL, timeout=connect_timeout):
        try:
            plain = connect(address.host, address.port, connect_timeout)
        except TimeoutError as error:
            raise connect_timed_out(pbx, _CALL) from error
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.is_tls:
        plain.settimeout(timeout)
        return plain
    with talking_to(pbx, _CALL, timeout=connect_timeout), ExitStack() as closing:
        closing.callback(plain.close)
        plain.settimeout(what_is_left(connect_timeout, begun))
        secure = tls_context(pbx.verify_tls).wrap_socket(plain, server_hostname=address.host)
        secure.settimeout(timeout)
        closing.pop_all()
        return secure


def _handshake_failure(pbx: PbxConfig, error: Exception, timeout: float) -> AriError:
    """Say why the WebSocket did not come about."""
    if isinstance(error, WebSocketBadStatusException):
        return _bad_status(pbx, error)
    if isinstance(error, WebSocketTimeoutException):
        return unreachable(pbx, _CALL, TimeoutError(), timeout=timeout)
    if isinstance(error, WebSocketConnectionClosedException):
        return unreachable(pbx, _CALL, ConnectionAbortedError(), timeout=timeout)
    if isinstance(error, OSError):
        return unreachable(pbx, _CALL, error, timeout=timeout)
    if "Redirect limit" in str(error):
        return AriUnexpected(pbx.name, _CALL, "an answer that sends us elsewhere, which is not followed")
    said = pbx.secrets().free_sentence(with_its_type(error))
    return AriUnexpected(pbx.name, _CALL, f"the upgrade to a WebSocket failed ({said[:200]})")


def _bad_status(pbx: PbxConfig, error: WebSocketBadStatusException) -> AriError:
    headers, body = error.resp_headers or {}, error.resp_body or b""
    status = error.status_code
    if not status:
        return AriUnexpected(pbx.name, _CALL, "an answer that begins with an empty line instead of a status")
    if 200 <= status < 300 or status == 426:
        return AriUnexpected(
            pbx.name, _CALL, f"an answer {status} instead of a WebSocket: does a proxy drop the Upgrade header?"
        )
    wrong = refusal(pbx, _CALL, status, str(headers.get("server", "")), body)
    return wrong or AriUnexpected(pbx.name, _CALL, f"an answer {status}")


def _close_code(data: bytes) -> str:
    if len(data) >= 2:
        return f" (code {int.from_bytes(data[:2], 'big')})"
    return ""


class _ReadAhead:
    """A socket that reads large pieces and hands out small ones: websocket-client asks for two bytes at a time."""

    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self._patience = plain.gettimeout()
        self._waiting = b""
        self._position = 0
        self._pace = Pace(HANDSHAKE)
        self.send = plain.send
        self.fileno = plain.fileno
        self.shutdown = plain.shutdown
        self.close = plain.close

    @property
    def _closed(self) -> bool:
        # websocket-client looks at this before it closes a socket.
        return self._plain.fileno() < 0

    def settimeout(self, seconds: float | None) -> None:
        self._patience = seconds

    def gettimeout(self) -> float | None:
        return self._patience

    def begin(self, limits: PeerLimits) -> None:
        """What comes next has limits of its own; what is here of it already has come just now."""
        self._pace = Pace(limits)
        if waiting := len(self._waiting) - self._position:
            self._pace.take(waiting, time.monotonic())

    @property
    def is_read_out(self) -> bool:
        """Whether nothing is here that was not handed out."""
        return self._position >= len(self._waiting)

    def fill(self) -> None:
        """Read what has come, or wait for it. Raises TimeoutError, and what breaks the limits."""
        self._waiting = receive(self._plain, 262144, self._pace, self._patience)
        self._position = 0

    def recv(self, size: int) -> bytes:
        if self.is_read_out:
            self.fill()
        piece = self._waiting[self._position : self._position + size]
        self._position += len(piece)
        return piece

    def take_text_frame(self) -> bytes | None:
        """The payload of the next frame, if that is here already and as simple as nearly all: text, in one piece.

        Anything else (None) is for websocket-client, which takes ten times longer for a frame.
        """
        waiting, begin = self._waiting, self._position + 2
        if len(waiting) < begin + 2 or waiting[begin - 2] != WHOLE_TEXT:
            return None
        size = waiting[begin - 1]
        if size == SIZE_FOLLOWS:
            size = int.from_bytes(waiting[begin : begin + 2], "big")
            begin += 2
        elif size > SIZE_FOLLOWS:
            return None
        if len(waiting) < begin + size:
            return None
        self._position = begin + size
        return waiting[begin : self._position]


class _BoundedWebSocket(WebSocket):
    """A WebSocket that refuses a frame which is too large before it is in memory."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.frame_buffer = _BoundedFrames(self._recv, True)
        # Each frame of a message by itself: its reader looks at clocks in between.
        self.cont_frame = continuous_frame(True, True)


class _NoCookies(SimpleCookieJar):
    """Takes no cookie: websocket-client has one endless jar for all peers, and a peer may name another one's domain."""

    def add(self, set_cookie: str | None) -> None:
        pass


_handshake.CookieJar = _NoCookies()


class _BoundedFrames(frame_buffer):
    def recv_mask(self) -> None:
        # A client must not go on with a server that masks (RFC 6455, 5.1); websocket-client does.
        if self.has_mask():
            raise WebSocketException("a masked frame")
        super().recv_mask()

    def recv_length(self) -> None:
        super().recv_length()
        if (self.length or 0) > LARGEST_FRAME:
            raise WebSocketException(f"a frame of {self.length} bytes")
