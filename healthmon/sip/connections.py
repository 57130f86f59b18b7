"""One OPTIONS over TCP or TLS: a connection that never blocks, moved on by whoever waits for its socket."""

from __future__ import annotations

import errno
import os
import re
import selectors
import socket
import ssl
import time
from collections.abc import Iterator

from healthmon.sip.certificates import dates_trouble, read_end, why_not_trusted
from healthmon.sip.destinations import Remote
from healthmon.sip.messages import LARGEST

#: What ``connect_ex()`` says of a connection that is being made.
_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
#: Our own machine has no way there, does not let us, or has no room: that says nothing of the other side.
OURS = (
    *(errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EADDRINUSE, errno.EINVAL),
    *(errno.EPERM, errno.EACCES),
    *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM),
)
_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*\r?$")
_END_OF_HEADERS = b"\r\n\r\n"


class Broken(OSError):
    """The connection cannot be made, or broke off; ``str()`` says so in a sentence without a subject."""


class NotTrusted(OSError):
    """The certificate is not taken; ``str()`` says why."""


class SipConnection:
    """Carries one request, and what comes back. Owned by whoever made it."""

    def __init__(self, remote: Remote, packet: bytes, bind: str, tls: ssl.SSLContext | None, host: str) -> None:
        """Begin to connect. ``tls``: None: over plain TCP. ``host``: whose certificate it must be. Raises OSError."""
        self.remote = remote
        self._unsent = packet
        #: When all of the request had left (steady clock); None: it has not.
        self.written_at: float | None = None
        self._received = bytearray()
        self._is_connected = False
        self._is_shaken = tls is None
        self._wants = selectors.EVENT_WRITE
        #: When the certificate of the other side ends (seconds UTC); None: none was shown.
        self._certificate_ends_at: float | None = None
        family = socket.AF_INET6 if ":" in remote.address else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_STREAM)
        self.socket: socket.socket = plain
        try:
            plain.setblocking(False)
            if bind:
                plain.bind((bind, 0))
            code = plain.connect_ex((remote.address, remote.port))
            if code not in _UNDER_WAY:
                raise OSError(code, os.strerror(code))
            if tls is not None:
                self.socket = tls.wrap_socket(plain, do_handshake_on_connect=False, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    @property
    def wants(self) -> int:
        """What to wait for at its socket, as selectors name it."""
        return self._wants

    def certificate_trouble(self, wall: float) -> str:
        """What is the matter with the dates of a certificate, whether it is trusted or not; "": nothing is."""
        return dates_trouble(self._certificate_ends_at, wall)

    def advance(self) -> Iterator[bytes]:
        """Go on, as far as that goes without waiting; give each message that came. Raises Broken and NotTrusted."""
        try:
            self._advance()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wants:
            is_reading = isinstance(wants, ssl.SSLWantReadError)
            self._wants = selectors.EVENT_READ if is_reading else selectors.EVENT_WRITE
        except BlockingIOError:
            pass
        except ssl.SSLCertVerificationError as error:
            raise NotTrusted(why_not_trusted(error, str(getattr(self.socket, "server_hostname", "")))) from None
        except Broken:
            yield from self._messages()
            raise
        except OSError as error:
            raise Broken(_in_words(error)) from None
        yield from self._messages()

    def close(self) -> None:
        """Be gone."""
        self.socket.close()

    def _advance(self) -> None:
        if not self._is_connected:
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            self._is_connected = True
        if not self._is_shaken and isinstance(self.socket, ssl.SSLSocket):
            self.socket.do_handshake()
            self._is_shaken = True
            self._certificate_ends_at = read_end(self.socket.getpeercert(binary_form=True) or b"")
        while self._unsent:
            self._wants = selectors.EVENT_WRITE
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        if self.written_at is None:
            self.written_at = time.monotonic()
        self._wants = selectors.EVENT_READ
        self._receive()

    def _receive(self) -> None:
        while True:
            received = self.socket.recv(65_536)
            if not received:
                raise Broken("closes the connection")
            self._received += received
            if len(self._received) > LARGEST:
                raise Broken("answers without an end")

    def _messages(self) -> Iterator[bytes]:
        """Take out what is complete: the headers tell how long the body is."""
        while (length := _length_of(self._received)) is not None and len(self._received) >= length:
            message = bytes(self._received[:length])
            del self._received[:length]
            yield message


def _length_of(received: bytearray) -> int | None:
    """How long the first message is, with its body; None: its headers are not complete."""
    # Empty lines between messages keep connections open (RFC 5626).
    while received.startswith(b"\r\n"):
        del received[:2]
    end = received.find(_END_OF_HEADERS)
    if end < 0:
        return None
    length = _LENGTH.search(received, 0, end + 2)
    body = 0
    if length is not None:
        body = int(length[1])
    return end + len(_END_OF_HEADERS) + body


def _in_words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {error.reason or 'no reason is given'}"
    if error.errno == errno.ECONNREFUSED:
        return "refuses the connection"
    if error.errno == errno.ECONNRESET:
        return "breaks off the connection"
    return f"cannot be connected to: {error.strerror or type(error).__name__}"
