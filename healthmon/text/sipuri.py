"""What the URI of a contact tells: its host, and whether it is reached over a connection."""

from __future__ import annotations

import re
from sys import intern

#: What follows the host: a port, parameters, headers, the end of <…>.
_AFTER_HOST = re.compile(r"[:;?>\s]")
#: Over one of these a contact lives as long as its connection; Asterisk writes them in any case.
_OVER_CONNECTION = re.compile(r";transport=(tcp|tls|ws|wss)\b", re.IGNORECASE)
#: What follows the name of a user: a password, or parameters.
_BEHIND_USER = re.compile(r"(sips?:[^:;@>]*)[:;][^>]*@", re.IGNORECASE)
#: The longest name that DNS knows.
_LONGEST = 253


def host_of(uri: str) -> str:
    """Return the host of ``sip:101@203.0.113.7:5060;transport=tcp``, in small letters; "" where there is none.

    IPv6 addresses come without their brackets (RFC 3261, section 19.1.1). The text is shared: many phones stand
    behind one address.
    """
    _, _, rest = uri.partition(":")
    rest = rest.rpartition("@")[2] if "@" in rest else rest
    if rest.startswith("["):
        host, closed, _ = rest[1:].partition("]")
        host = host if closed else ""
    else:
        host = _AFTER_HOST.split(rest, maxsplit=1)[0]
    host = host.lower()
    if 0 < len(host) <= _LONGEST and host.isprintable():
        return intern(host)
    return ""


def without_password(uri: str) -> str:
    """Return ``sip:alice@host`` of ``sip:alice:secret@host`` and of ``sip:alice;parameter=secret@host``."""
    return _BEHIND_USER.sub(r"\1@", uri)


def is_over_connection(uri: str) -> bool:
    """Whether a contact is reached over TCP, TLS or a WebSocket, as its parameter ``transport`` or ``sips:`` says."""
    return uri[:5].lower() == "sips:" or _OVER_CONNECTION.search(uri) is not None
