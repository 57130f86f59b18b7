"""An OPTIONS of ours, and answers to it, as providers write them."""

from __future__ import annotations

from healthmon.sip.destinations import Destination, Hop, Remote, Transport
from healthmon.sip.messages import Asking, options_request
from healthmon.sip.transactions import Transaction

SERVER = Remote(Transport.UDP, "192.0.2.1", 5060)
ASKED = Destination(Hop(Transport.UDP, "sip.example.net"), "sip:sip.example.net")
AGENT = "healthmon/1.0"


def asking(branch: str = "z9hG4bKabc", cseq: int = 7) -> Asking:
    """What tells this OPTIONS from others."""
    return Asking(branch, f"call-{cseq}", "tag1", cseq, "192.0.2.10", 5066)


def request(asked: Asking, destination: Destination = ASKED, remote: Remote = SERVER) -> bytes:
    """The OPTIONS as it leaves."""
    return options_request(asked, destination, remote, AGENT)


def transaction(asked: Asking, now: float = 0.0, remote: Remote = SERVER) -> Transaction:
    """It has left."""
    return Transaction(asked, remote, request(asked, remote=remote), now, 4.0)


def answer(asked: Asking, status: str = "200 OK", *more: str, **other: str) -> bytes:
    """What a server answers to it; ``other``: headers that are not as they should be."""
    headers = {
        "Via": f"SIP/2.0/UDP 192.0.2.10:5066;rport=5066;received=192.0.2.10;branch={asked.branch}",
        "From": "<sip:healthmon@192.0.2.10>;tag=tag1",
        "To": "<sip:sip.example.net>;tag=xyz",
        "Call-ID": asked.call_id,
        "CSeq": f"{asked.cseq} OPTIONS",
        **other,
    }
    lines = [f"SIP/2.0 {status}", *(f"{name}: {value}" for name, value in headers.items()), *more, "Content-Length: 0"]
    return "\r\n".join([*lines, "", ""]).encode()
