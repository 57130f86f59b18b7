"""SIP as far as the lab's peers speak it: reading and writing messages, and digest authentication (pure)."""

import hashlib
import re
import uuid

from msgspec import Struct

#: Compact header names that a peer may use.
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}

REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    500: "Server Internal Error",
    503: "Service Unavailable",
    603: "Decline",
}


class Message(Struct, frozen=True):
    """One request or response: its first line, its headers in order (names in lower case), its body."""

    first_line: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def method(self) -> str:
        """ "OPTIONS" of a request, "" of a response."""
        word = self.first_line.partition(" ")[0]
        return "" if word == "SIP/2.0" else word

    @property
    def code(self) -> int:
        """200 of a response, 0 of a request."""
        return 0 if self.method else int(self.first_line.split()[1])

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]

    def first(self, name: str) -> str:
        """The first value of a header, "" when there is none."""
        return next(iter(self.all(name)), "")

    @property
    def cseq(self) -> int:
        """The number in CSeq."""
        return int(self.first("cseq").split()[0])


def parse(packet: bytes) -> Message | None:
    """Read one datagram; None for what is no SIP (keep-alives, garbage)."""
    head, _, body = packet.decode(errors="replace").partition("\r\n\r\n")
    first_line, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    if "SIP/2.0" not in first_line:
        return None
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers.append((_COMPACT.get(key, key), value.strip()))
    return Message(first_line, tuple(headers), body)


def compose(first_line: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """Write one message."""
    lines = [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([first_line, *lines, f"Content-Length: {len(body.encode())}", "", body]).encode()


def response(request: Message, code: int, extra: list[tuple[str, str]] | None = None, body: str = "") -> bytes:
    """Answer a request as RFC 3261, 8.2.6 says: its Via, From, To (with a tag), Call-ID and CSeq."""
    to = request.first("to")
    if ";tag=" not in to and code > 100:
        # The same tag for all answers to one call: made from what identifies it.
        to += f";tag={hashlib.md5(request.first('call-id').encode()).hexdigest()[:8]}"
    headers = [("Via", via) for via in request.all("via")]
    headers += [("From", request.first("from")), ("To", to)]
    headers += [("Call-ID", request.first("call-id")), ("CSeq", request.first("cseq")), *(extra or [])]
    return compose(f"SIP/2.0 {code} {REASONS.get(code, 'Answer')}", headers, body)


def domain(registrar: tuple[str, int]) -> str:
    """A registrar's address as it stands in SIP addresses: the port only where it is not the usual one."""
    return registrar[0] if registrar[1] == 5060 else f"{registrar[0]}:{registrar[1]}"


def register(
    registrar: tuple[str, int],
    name: str,
    local: tuple[str, int],
    *,
    call_id: str,
    cseq: int,
    expires: int,
    auth: str = "",
) -> bytes:
    """A REGISTER of one contact; expires=0 takes it back."""
    host = domain(registrar)
    headers = [
        ("Via", f"SIP/2.0/UDP {local[0]}:{local[1]};branch=z9hG4bK{uuid.uuid4().hex};rport"),
        ("Max-Forwards", "70"),
        ("From", f"<sip:{name}@{host}>;tag={call_id[:8]}"),
        ("To", f"<sip:{name}@{host}>"),
        ("Call-ID", call_id),
        ("CSeq", f"{cseq} REGISTER"),
        ("Contact", f"<sip:{name}@{local[0]}:{local[1]}>"),
        ("Expires", str(expires)),
        ("User-Agent", "healthmon lab"),
    ]
    if auth:
        headers.append(("Authorization", auth))
    return compose(f"REGISTER sip:{host} SIP/2.0", headers)


def digest_fields(header: str) -> dict[str, str]:
    """The fields of a WWW-Authenticate or Authorization header: `Digest realm="x", nonce=…`."""
    return {key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', header)}


def authorization(challenge: str, method: str, uri: str, username: str, password: str) -> str:
    """The Authorization header that answers a WWW-Authenticate (RFC 2617, MD5, with or without qop)."""
    fields = digest_fields(challenge)
    answer = {"username": username, "realm": fields["realm"], "nonce": fields["nonce"], "uri": uri}
    plain = ""
    if "qop" in fields:
        answer["cnonce"] = uuid.uuid4().hex[:8]
        plain = ", qop=auth, nc=00000001"
    if "opaque" in fields:
        answer["opaque"] = fields["opaque"]
    answer["response"] = digest_response(answer, method, password)
    quoted = ", ".join(f'{key}="{value}"' for key, value in answer.items())
    return f"Digest {quoted}, algorithm=MD5{plain}"


def digest_response(fields: dict[str, str], method: str, password: str) -> str:
    """RFC 2617's response value for what an Authorization header says."""
    secret = _md5(f"{fields['username']}:{fields['realm']}:{password}")
    action = _md5(f"{method}:{fields['uri']}")
    middle = f"{fields['nonce']}:00000001:{fields['cnonce']}:auth" if "cnonce" in fields else fields["nonce"]
    return _md5(f"{secret}:{middle}:{action}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
