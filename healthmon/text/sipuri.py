"""What the URI of a contact tells: its host, whether it is reached over a connection; and what of it is a secret."""

from __future__ import annotations

import re
from sys import intern

#: What follows the host: a port, parameters, headers, the end of <…>.
_AFTER_HOST = re.compile(r"[:;?>\s]")
#: Over one of these a contact lives as long as its connection; Asterisk writes them in any case.
_OVER_CONNECTION = re.compile(r";transport=(tcp|tls|ws|wss)\b", re.IGNORECASE)
#: A SIP URI in a text, as far as it may reach. One may have a comma in it.
_URI = re.compile(r"(sips?:)([^<>\"]*)", re.IGNORECASE)
#: Between two contacts of a list, "101/sip:a@h,101/sip:b@h".
_BETWEEN_CONTACTS = re.compile(r",(?=[^,/:@]*/sips?:)", re.IGNORECASE)
#: What follows the name of a user: a password, parameters; or headers, of a URI that has no user.
_BEHIND_USER = re.compile(r"[:;?]")
#: A parameter that is called a password.
# Possessive, up to the first of these words: a name of many of them would be tried in every way.
_SECRET_PARAMETER = re.compile(
    r";(?:(?!passw|pwd|secret|token)[^;=?@<>\"])*+(?:passw|pwd|secret|token)[^;=?@<>\"]*+=[^;?<>\"]*+", re.IGNORECASE
)
#: One SIP URI with a user that has no password, nothing that may be one in what follows, and no headers: so are nearly
#: all contacts. Its parameters are another matter.
_PLAIN_URI = re.compile(r"sips?:[^:;?@<>,\"]*@[^?@<>,\"]*", re.IGNORECASE)
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


def without_secrets(text: str) -> str:
    """Drop from the SIP URIs of a text whatever may be a secret, and leave the rest as it is.

    That is the password of the user, with his parameters, all headers (``?…``), and parameters that are called a
    password (RFC 3261, section 19.1.1). User, host, port and the other parameters still name the contact. Where a URI
    breaks the rules rather too much of it is dropped than too little.
    """
    if _PLAIN_URI.fullmatch(text) is not None:
        return _SECRET_PARAMETER.sub("", text)
    if _URI.search(text) is None:
        return text
    contacts = [_URI.sub(_bare, contact) for contact in _BETWEEN_CONTACTS.split(text)]
    return _SECRET_PARAMETER.sub("", ",".join(contacts))


def _bare(uri: re.Match[str]) -> str:
    """Return ``sip:alice@host:5060;ob`` of ``sip:alice:secret@host:5060;ob?Subject=secret``."""
    scheme, rest = uri.groups()
    if "@" not in rest:
        return scheme + rest.partition("?")[0]
    user, _, host = rest.partition("@")
    if _BEHIND_USER.search(user):
        # A password may have an @ and a ? in it, against the rules.
        user, _, host = rest.rpartition("@")
    else:
        # So may the name of a user have an @; headers may, too.
        more, at, host = host.partition("?")[0].rpartition("@")
        user += at + more
    return f"{scheme}{_BEHIND_USER.split(user, maxsplit=1)[0]}@{host.partition('?')[0]}"


def is_over_connection(uri: str) -> bool:
    """Whether a contact is reached over TCP, TLS or a WebSocket, as its parameter ``transport`` or ``sips:`` says."""
    return uri[:5].lower() == "sips:" or _OVER_CONNECTION.search(uri) is not None
