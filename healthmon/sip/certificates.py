"""What is the matter with the certificate that a provider shows, each trouble in its own sentence. Pure."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime

#: One that ends sooner than this is worth a remark (seconds).
ENDS_SOON = 14 * 86_400.0

#: OpenSSL's numbers (X509_V_ERR_…).
_NOT_YET_VALID, _EXPIRED = 9, 10
_WRONG_NAME = (62, 64)
_SELF_SIGNED = 18
_UNKNOWN_CA = (2, 19, 20, 21)


def why_not_trusted(error: ssl.SSLCertVerificationError, host: str) -> str:
    """Say why a certificate is not taken."""
    code = error.verify_code
    if code == _EXPIRED:
        return "its certificate has expired"
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet"
    if code in _WRONG_NAME:
        return f"its certificate is not for {host}"
    if code == _SELF_SIGNED:
        return "its certificate is signed by nobody but itself"
    if code in _UNKNOWN_CA:
        return "its certificate is signed by an unknown CA"
    return f"its certificate is not trusted: {error.verify_message}"


def ends_soon(certificate: Mapping[str, object], wall: float) -> str:
    """Say that a certificate ends soon; "": it does not. ``wall``: now, by the clock on the wall."""
    ends = certificate.get("notAfter")
    if not isinstance(ends, str):
        return ""
    ends_at = float(ssl.cert_time_to_seconds(ends))
    if ends_at - wall > ENDS_SOON:
        return ""
    return f"its certificate ends on {datetime.fromtimestamp(ends_at, UTC):%Y-%m-%d %H:%M} UTC"
