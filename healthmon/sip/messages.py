"""The OPTIONS that we send, and the answers to it. Pure.

``sipmessage`` reads answers. It raises KeyError as well as ValueError, refuses folded headers and phrases that are not
UTF-8, and takes ``2_00`` for a number: what it is given was put in order before, and numbers are looked at again.
"""

from __future__ import annotations

import re

from msgspec import Struct
from sipmessage import URI, Address, CSeq, Message, Parameters, Request, Via

from healthmon.sip.destinations import Destination, Remote, in_uri

#: Longer ones are nobody's answer to an OPTIONS (bytes): those of real servers have 500 to 2,000. What is hostile and
#: longer would take many milliseconds to read.
LARGEST = 8_192

_METHOD = "OPTIONS"
_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})[ \r]")
#: The blank before the phrase is left out with it.
_WITHOUT_PHRASE = re.compile(rb"\A(SIP/2\.0 [0-9]{3})(?=\r\n)")
#: The names of parameters are in any case (RFC 3261, section 7.3.1).
_BRANCH = re.compile(rb";[ \t]*branch[ \t]*=", re.IGNORECASE)
#: Its value, wherever lines are folded; the first one in a message is that of the first Via.
_BRANCH_VALUE = re.compile(rb";\s*branch\s*=\s*([^\s;,]+)", re.IGNORECASE)
#: The first Via is within so many bytes of an answer (bytes): it is among the first headers.
_VIA_WITHIN = 4_096
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_BEFORE_COLON = re.compile(rb"(?m)^([A-Za-z0-9.!%*_+`'~-]+)[ \t]+:")
#: It may be an IPv6 address without brackets, which the library refuses. Nothing here depends on it.
_RECEIVED = re.compile(rb";[ \t]*received[ \t]*=[ \t]*[0-9A-Fa-f:.]+", re.IGNORECASE)
_SECONDS = re.compile(r"\s*([0-9]{1,9})(?![0-9])")


class Asking(Struct, frozen=True):
    """What tells one OPTIONS from all others, and where it leaves from."""

    branch: str
    call_id: str
    tag: str
    cseq: int
    #: Our own address and port.
    local: str
    local_port: int


class SipAnswer(Struct, frozen=True):
    """What a response says, as far as anything depends on it."""

    code: int
    branch: str
    call_id: str
    cseq: int
    method: str
    #: How long it asks to be left alone, seconds; None: it does not.
    retry_after: float | None = None


def options_request(asking: Asking, destination: Destination, remote: Remote, agent: str) -> bytes:
    """Write an OPTIONS."""
    request = Request(_METHOD, _uri(destination.request_uri))
    via = Parameters(branch=asking.branch, rport=None)
    request.via = [Via(remote.transport, in_uri(asking.local), asking.local_port, via)]
    request.max_forwards = 70
    if destination.route:
        request.headers.add("Route", f"<{destination.route}>")
    ours = URI("sip", in_uri(asking.local), user="healthmon")
    request.from_address = Address(uri=ours, parameters=Parameters(tag=asking.tag))
    request.to_address = Address(uri=_uri(destination.request_uri))
    request.call_id = asking.call_id
    request.cseq = CSeq(asking.cseq, _METHOD)
    request.headers.add("Accept", "application/sdp")
    request.user_agent = agent
    request.content_length = 0
    return bytes(request)


def _uri(text: str) -> URI:
    """The library refuses names of hosts that exist (``sbc1``, ``sip_a.example.net``); ours are checked already."""
    _, _, rest = text.partition(":")
    place, *parameters = rest.split(";")
    named = (parameter.partition("=") for parameter in parameters)
    host, port = place, None
    if found := re.fullmatch(r"(.+):(\d+)", place):
        is_port = "[" not in place or "]:" in place
        if is_port:
            host, port = found[1], int(found[2])
    return URI("sip", host, port=port, parameters=Parameters(**{name: value or None for name, _, value in named}))


def glimpse_branch(raw: bytes) -> str | None:
    """Say whose response this seems to be, at next to no cost; None: it is no response that can be read.

    To read one takes up to some milliseconds; this takes microseconds, whatever was sent.
    """
    if _STATUS_LINE.match(raw) is None or len(raw) > LARGEST:
        return None
    branch = _BRANCH_VALUE.search(raw, 0, _VIA_WITHIN)
    if branch is None:
        return None
    return branch[1].decode("ascii", errors="replace")


def read_answer(raw: bytes) -> SipAnswer | None:
    """Read a response; None: what came is none that can be read."""
    line = _STATUS_LINE.match(raw)
    if line is None or len(raw) > LARGEST:
        return None
    try:
        message = Message.parse(in_order(raw))
        # More than one Via: it is on its way to somebody else (RFC 3261, section 18.1.2).
        [via] = message.via
        cseq, call_id = message.cseq, message.call_id
    except (ValueError, KeyError, TypeError) as error:
        # The library raises one and the same exception each time: it would keep the frames of all of them.
        error.__traceback__ = error.__context__ = None
        return None
    branch = via.parameters.get("branch") or ""
    # ``120 (a comment);duration=60``: the seconds at the beginning.
    seconds = _SECONDS.match(message.headers.get("Retry-After") or "")
    retry_after = None
    if seconds is not None:
        retry_after = float(seconds[1])
    return SipAnswer(int(line[1]), branch, call_id, cseq.sequence, cseq.method, retry_after)


def in_order(raw: bytes) -> bytes:
    """Headers as the library takes them: unfolded, no space before the colon, all of it UTF-8; without the body.

    A blank follows the code, and ``branch`` is written so.
    """
    headers, _, _ = raw.partition(b"\r\n\r\n")
    headers = _BRANCH.sub(b";branch=", _WITHOUT_PHRASE.sub(rb"\1 ", headers))
    headers = _RECEIVED.sub(b"", _BEFORE_COLON.sub(rb"\1:", _FOLDED.sub(b" ", headers)))
    return headers.decode("utf-8", errors="replace").encode() + b"\r\n\r\n"
