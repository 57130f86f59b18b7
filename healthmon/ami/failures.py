"""What went wrong between us and the manager interface, in one sentence each: exceptions become AmiError."""

from __future__ import annotations

import errno
import socket
import ssl
from contextlib import AbstractContextManager

import requests
import urllib3

from healthmon.ami.address import ManagerAddress, address_of
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AmiUnreachable, Trouble
from healthmon.text.longtext import shortened
from healthmon.wire.failures import causes_of, failures_of_the_peer, with_its_type
from healthmon.wire.pace import TooLong, TooSlow

NO_CONNECTION = "no connection to {at} in time: the host is off, or a firewall drops what we send"
FROZEN = "no answer within {timeout} s although {at} is connected: frozen or overloaded"
CUT = "{at} closed the connection"

#: The first that fits decides. Of what only we cannot see, a subject says what stands before the semicolon.
_CAUSES: tuple[tuple[type[BaseException], Trouble, str], ...] = (
    # Whoever answers in drops is as frozen as whoever does not answer.
    (TooSlow, Trouble.TIMED_OUT, FROZEN),
    (TooLong, Trouble.UNEXPECTED, "an answer that {why}"),
    (requests.ConnectTimeout, Trouble.TIMED_OUT, NO_CONNECTION),
    (requests.ReadTimeout, Trouble.TIMED_OUT, FROZEN),
    (ssl.SSLCertVerificationError, Trouble.TLS, "certificate refused; that of {at}: {why}"),
    (socket.gaierror, Trouble.DNS, "name not found; the name {host} cannot be resolved"),
    (UnicodeError, Trouble.DNS, "name not found; the name {host} cannot be resolved"),
    # Whoever dies in the middle of a handshake says nothing of TLS.
    (ssl.SSLEOFError, Trouble.CLOSED, CUT),
    (ssl.SSLError, Trouble.TLS, "TLS failed; {why}: does {at} speak TLS (tlsenable in {file})?"),
    (
        ConnectionRefusedError,
        Trouble.REFUSED,
        "connection refused: nothing listens on {at}; is enabled = yes in {file}?",
    ),
    (TimeoutError, Trouble.TIMED_OUT, FROZEN),
    (ConnectionError, Trouble.CLOSED, CUT),
)
#: What requests and urllib3 say of a connection that ended, if nothing in their chain says more.
_ENDED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError)
#: What a host, or the last router on the way, answers for it; all else comes of our own machine and its network.
_FROM_THERE = (errno.EHOSTUNREACH, errno.EHOSTDOWN)


def talking_to(pbx: PbxConfig, *, timeout: float) -> AbstractContextManager[None]:
    """Whatever a library raises in here, while it talks to a PBX, becomes AmiError. See ``failures_of_the_peer``."""
    return failures_of_the_peer(lambda error: unreachable(pbx, error, timeout=timeout))


def unreachable(pbx: PbxConfig, error: Exception, *, timeout: float) -> AmiError:
    """Say why there was no answer. ``timeout`` is how long was waited for it, seconds."""
    address = address_of(pbx)
    for cause in causes_of(error):
        for kind, trouble, sentence in _CAUSES:
            if isinstance(cause, kind):
                why = getattr(cause, "reason", None) or cause
                what = sentence.format(
                    at=address, host=address.host, file=address.file, why=why, timeout=f"{timeout:g}"
                )
                return AmiUnreachable(pbx.name, what, trouble)
        if isinstance(cause, OSError) and cause.filename:
            what = f"CA file cannot be read; that of verify_tls ({cause.filename})"
            return AmiUnreachable(pbx.name, what, Trouble.TLS)
        if isinstance(cause, OSError) and cause.strerror:
            return _other_trouble(pbx.name, address, cause)
    if isinstance(error, _ENDED):
        return AmiUnreachable(pbx.name, CUT.format(at=address), Trouble.CLOSED)
    said = pbx.secrets().free_sentence(with_its_type(error))
    what = f"an answer that cannot be read ({shortened(said, 200)})"
    return AmiUnreachable(pbx.name, what, Trouble.UNEXPECTED)


def _other_trouble(pbx: str, address: ManagerAddress, error: OSError) -> AmiError:
    what = f"{address} cannot be reached ({error.strerror})"
    if error.errno in _FROM_THERE:
        return AmiUnreachable(pbx, what, Trouble.REFUSED)
    return AmiUnreachable(pbx, f"no network here; {what}", Trouble.NO_NETWORK)
