"""What is the matter with the certificate that a provider shows, each trouble in its own sentence. Pure."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

#: One that ends sooner than this is worth a remark (seconds).
ENDS_SOON = 14 * 86_400.0

#: OpenSSL's numbers (X509_V_ERR_…).
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = (62, 64)
_SELF_SIGNED = 18
_UNKNOWN_CA = (2, 19, 20, 21)

EXPIRED = "its certificate has expired"

#: DER's tag of the version in a certificate, which may be missing, and where its validity stands among the others.
_VERSION, _VALIDITY = 0xA0, 3
#: DER's tags of times: the first has two digits for the year, 50 is 1950, and 49 is 2049 (RFC 5280, section 4.1.2.5).
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
#: No certificate is larger: one is a few thousand bytes, and each element of it is read by Python.
LARGEST_CERTIFICATE = 65_536
#: A length of 128 bytes and more: the number of bytes in which it is written follows.
_LONG = 0x80


def why_not_trusted(error: ssl.SSLCertVerificationError, host: str) -> str:
    """Say why a certificate is not taken."""
    code = error.verify_code
    if code == _EXPIRED:
        return EXPIRED
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet"
    if code in _WRONG_NAME:
        return f"its certificate is not for {host}"
    if code == _SELF_SIGNED:
        return "its certificate is signed by nobody but itself"
    if code in _UNKNOWN_CA:
        return "its certificate is signed by an unknown CA"
    return f"its certificate is not trusted: {error.verify_message}"


def dates_trouble(ends_at: float | None, wall: float) -> str:
    """Say that a certificate ends soon, or has ended; "": neither, or that is not known.

    ``ends_at``: seconds UTC. ``wall``: now, by the clock on the wall.
    """
    if ends_at is None or ends_at - wall > ENDS_SOON:
        return ""
    if ends_at <= wall:
        return EXPIRED
    return f"its certificate ends on {datetime.fromtimestamp(ends_at, UTC):%Y-%m-%d %H:%M} UTC"


def read_end(der: bytes) -> float | None:
    """Read when a certificate ends (seconds UTC); None: it cannot be read, or is too large.

    Python decodes only what it has verified, and this is for those that nobody trusts, too (decision 102). By RFC 5280,
    section 4.1: Certificate > TBSCertificate > [version], serial number, signature, issuer, validity > two times.
    """
    if len(der) > LARGEST_CERTIFICATE:
        return None
    try:
        _, certificate = next(_elements(der))
        _, to_be_signed = next(_elements(certificate))
        fields = [content for tag, content in _elements(to_be_signed) if tag != _VERSION]
        _not_before, (kind, not_after) = _elements(fields[_VALIDITY])
        written = not_after.decode("ascii")
        if kind == _UTC_TIME:
            century = "20"
            if written >= "50":
                century = "19"
            written = century + written
        elif kind != _GENERALIZED_TIME:
            return None
        ends = datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (StopIteration, IndexError, ValueError):
        return None
    return ends.timestamp()


def _elements(contents: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the DER elements that stand one after the other: tag and contents of each (X.690, section 8.1).

    Raises IndexError and ValueError for what is not DER.
    """
    at = 0
    while at < len(contents):
        tag, length, begins = contents[at], contents[at + 1], at + 2
        if length & _LONG:
            size = length & ~_LONG
            length = int.from_bytes(contents[begins : begins + size])
            begins += size
        at = begins + length
        if at > len(contents):
            raise ValueError("an element is longer than what it stands in")
        yield tag, contents[begins:at]
