"""What went wrong between us and ARI, in one sentence each: exceptions and answers become AriError."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from contextlib import AbstractContextManager

import requests
import urllib3

from healthmon.ari.address import Address, address_of
from healthmon.ari.messages import Body, error_message, excerpt
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import (
    AriBooting,
    AriDenied,
    AriError,
    AriNotFound,
    AriStarting,
    AriUnexpected,
    AriUnreachable,
    Trouble,
)
from healthmon.text.longtext import shortened
from healthmon.wire.failures import causes_of, failures_of_the_peer, with_its_type
from healthmon.wire.pace import TooLong, TooSlow

#: OpenSSL's verify codes (x509_vfy.h).
_EXPIRED = 10
_NOT_YET_VALID = 9
_OTHER_NAME = (62, 64)
_UNKNOWN_CA = (18, 19, 20, 21)


_NO_CONNECTION = "no connection to {at} in time: the host is off, or a firewall drops what we send"
_FROZEN = "no answer within {timeout} s although {at} is connected: frozen or overloaded"
_CLOSED = (
    "{at} took the connection and closed it without an answer: are Asterisk's HTTP sessions used up "
    "(sessionlimit in http.conf), or does nothing answer behind a proxy?"
)
_NO_HTTP = "an answer that is no HTTP: what listens on {at}?"
# Of what only we cannot see, a subject says what stands before the semicolon.
_NO_NAME = "name not found; the name {host} cannot be resolved"
#: The first that fits decides.
_CAUSES: tuple[tuple[type[BaseException], Trouble, str], ...] = (
    # Whoever answers in drops is as frozen as whoever does not answer.
    (TooSlow, Trouble.TIMED_OUT, "the answer {why}: frozen or overloaded"),
    (TooLong, Trouble.UNEXPECTED, "the answer {why}"),
    (requests.ConnectTimeout, Trouble.TIMED_OUT, _NO_CONNECTION),
    (requests.ReadTimeout, Trouble.TIMED_OUT, _FROZEN),
    (socket.gaierror, Trouble.DNS, _NO_NAME),
    (UnicodeDecodeError, Trouble.UNEXPECTED, "an answer that is no text (UnicodeDecodeError): what listens on {at}?"),
    (UnicodeError, Trouble.DNS, _NO_NAME),
    # Whoever dies in the middle of a handshake says nothing of TLS.
    (ssl.SSLEOFError, Trouble.CLOSED, _CLOSED),
    (ssl.SSLError, Trouble.TLS, "TLS failed; {why}: does {at} speak https?"),
    (ConnectionRefusedError, Trouble.REFUSED, "connection refused: nothing listens on {at}"),
    (TimeoutError, Trouble.TIMED_OUT, _FROZEN),
    (ConnectionError, Trouble.CLOSED, _CLOSED),
    (urllib3.exceptions.InvalidChunkLength, Trouble.UNEXPECTED, _NO_HTTP),
    (http.client.IncompleteRead, Trouble.CLOSED, _CLOSED),
    (http.client.HTTPException, Trouble.UNEXPECTED, _NO_HTTP),
    (urllib3.exceptions.InvalidHeader, Trouble.UNEXPECTED, _NO_HTTP),
    (urllib3.exceptions.DecodeError, Trouble.UNEXPECTED, "an answer that cannot be unpacked"),
)

#: What a host, or the last router on the way, answers for it; all else comes of our own machine and its network.
_FROM_THERE = (errno.EHOSTUNREACH, errno.EHOSTDOWN)


#: What requests and urllib3 say of a connection that ended, if nothing in their chain says more.
_ENDED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError)


def talking_to(pbx: PbxConfig, call: str, *, timeout: float) -> AbstractContextManager[None]:
    """Whatever a library raises in here, while it talks to a PBX, becomes AriError. See ``failures_of_the_peer``."""
    return failures_of_the_peer(lambda error: unreachable(pbx, call, error, timeout=timeout))


def unreachable(pbx: PbxConfig, call: str, error: Exception, *, timeout: float) -> AriUnreachable:
    """Say why there was no answer. ``timeout`` is how long was waited for it, seconds."""
    trouble, what = _no_answer(pbx, error, timeout)
    return AriUnreachable(pbx.name, call, what, trouble)


def _no_answer(pbx: PbxConfig, error: Exception, timeout: float) -> tuple[Trouble, str]:
    address = address_of(pbx)
    chain = list(causes_of(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Trouble.TLS, f"certificate refused; {_why_refused(address, cause)}"
    for cause in chain:
        known = _one_cause(address, cause, timeout)
        if known:
            return known
    if any(isinstance(cause, _ENDED) for cause in chain):
        return Trouble.CLOSED, _CLOSED.format(at=address)
    said = pbx.secrets().free_sentence(with_its_type(error))
    return Trouble.UNEXPECTED, f"an answer that cannot be read ({shortened(said, 200)})"


def _one_cause(address: Address, cause: BaseException, timeout: float) -> tuple[Trouble, str] | None:
    """Name a single exception of the chain; None: it says nothing."""
    for kind, trouble, sentence in _CAUSES:
        if isinstance(cause, kind):
            if kind is TimeoutError and isinstance(cause, OSError) and cause.errno:
                sentence = _NO_CONNECTION  # noqa: PLW2901 - the kernel's ETIMEDOUT is about connecting
            why = getattr(cause, "reason", None) or cause
            return trouble, sentence.format(at=address, host=address.host, why=why, timeout=f"{timeout:g}")
    if isinstance(cause, OSError):
        return _other_trouble(address, cause)
    return None


def _other_trouble(address: Address, error: OSError) -> tuple[Trouble, str] | None:
    if error.filename or "CA certificate" in str(error):
        return Trouble.TLS, f"CA file cannot be read; that of verify_tls ({error.filename or error})"
    if not error.strerror:
        return None
    what = f"{address} cannot be reached ({error.strerror})"
    if error.errno in _FROM_THERE:
        return Trouble.REFUSED, what
    return Trouble.NO_NETWORK, f"no network here; {what}"


def connect_timed_out(pbx: PbxConfig, call: str) -> AriUnreachable:
    """No TCP connection came about in time."""
    return AriUnreachable(pbx.name, call, _NO_CONNECTION.format(at=address_of(pbx)), Trouble.TIMED_OUT)


def _why_refused(address: Address, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return f"the certificate of {address} has expired"
    if error.verify_code == _NOT_YET_VALID:
        return f"the certificate of {address} is not valid yet: is a clock wrong?"
    if error.verify_code in _OTHER_NAME:
        return f"the certificate of {address} is not for the name {address.host}"
    if error.verify_code in _UNKNOWN_CA:
        return f"the certificate of {address} is not signed by a CA that we trust: verify_tls can name your CA's file"
    return f"the certificate of {address} is not accepted ({error.verify_message})"


def refusal(pbx: PbxConfig, call: str, status: int, server: str, body: Body) -> AriError | None:
    """What an answer that is not 2xx means; None: it is 2xx."""
    if 200 <= status < 300:
        return None
    secrets = pbx.secrets()
    # First of all: what looks like a password of others may be a part of ours.
    body = secrets.free_answer(body)
    said = error_message(body)
    if said is not None:
        said = secrets.free_sentence(said)
    if status in (401, 403):
        return AriDenied(pbx.name, call, _denied(status, said), status)
    if status == 404:
        return _not_found(pbx, call, said)
    if status == 503 and said is not None:
        return AriBooting(pbx.name, call, f"Asterisk is starting ({said or 'not booted'})")
    if status in (502, 503, 504) and said is None:
        who = "Asterisk's HTTP server" if server.startswith("Asterisk") else "the reverse proxy"
        trouble = Trouble.TIMED_OUT if status == 504 else Trouble.REFUSED
        return AriUnreachable(pbx.name, call, f"{who} says {status}: Asterisk does not answer behind it", trouble)
    what = f"an answer {status}" + (f" ({said})" if said else "")
    if 300 <= status < 400:
        what += " that sends us elsewhere, which is not followed"
    return AriUnexpected(pbx.name, call, what, secrets.free_sentence(excerpt(body)))


def _denied(status: int, said: str | None) -> str:
    words = f" ({said})" if said else ""
    if status == 401:
        return f"ARI password refused; the user name or password is wrong: 401{words}"
    return f"ARI access refused; not allowed: 403{words}; is this ARI user read_only?"


def _not_found(pbx: PbxConfig, call: str, said: str | None) -> AriError:
    if said is not None:
        return AriNotFound(pbx.name, call, f"Asterisk does not know it: 404 ({said})")
    # Asterisk's own order while it boots: refused, 404 with HTML, 503 with JSON, 200.
    return AriStarting(
        pbx.name,
        call,
        "HTTP answers, ARI does not (404): Asterisk is starting, ARI is off, or the path of url is wrong",
    )
