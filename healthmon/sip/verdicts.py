"""What an answer to OPTIONS, or none, says of whoever was asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from healthmon.model import Health
from healthmon.sip.destinations import Remote
from healthmon.text.addresses import silent_addresses

#: So a plain answer begins: there is nothing to remark.
PLAIN = "answers 2"

#: The usual words for codes: what strangers write behind the code is not repeated.
_PHRASES = {
    200: "OK",
    202: "Accepted",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    488: "Not Acceptable Here",
    493: "Undecipherable",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
}
#: It says that it cannot do its work now: so do all of 5xx but "not implemented", and all of 6xx.
_CANNOT_NOW = (408, 480)
_NOT_IMPLEMENTED = 501


class ProbeVerdict(Struct, frozen=True):
    """How whoever was asked is, in our own view."""

    health: Health
    words: str


def verdict_on(code: int) -> ProbeVerdict:
    """What a final answer says. Many carriers answer 403 or 404 to a port that they do not know: they answer."""
    words = f"answers {code}"
    if code in _PHRASES:
        words = f"{words} {_PHRASES[code]}"
    cannot = code in _CANNOT_NOW or (code >= 500 and code != _NOT_IMPLEMENTED)
    return ProbeVerdict(Health.DEGRADED if cannot else Health.UP, words)


def with_certificate(verdict: ProbeVerdict, trouble: str) -> ProbeVerdict:
    """The same, where something is the matter with the certificate that it shows; "": nothing is."""
    if not trouble:
        return verdict
    health = verdict.health
    if health is Health.UP:
        health = Health.DEGRADED
    return ProbeVerdict(health, f"{trouble}; {verdict.words}")


def left_alone(verdict: ProbeVerdict, until: str, *, is_too_long: bool = False) -> ProbeVerdict:
    """The same of whoever asks not to be asked before a time, in words.

    ``is_too_long``: it asks for more than that, and is asked again then all the same.
    """
    wish = f"asks to be left alone until {until}"
    if is_too_long:
        wish = f"asks to be left alone for more than an hour, and is asked again at {until}"
    return replace(verdict, words=f"{verdict.words}: overloaded or in maintenance, {wish}")


def over_all(host: str, verdicts: Mapping[Remote, ProbeVerdict]) -> ProbeVerdict:
    """One verdict on a host with several addresses. What only we cannot reach says nothing, if others do."""
    known = [verdict for verdict in verdicts.values() if verdict.health is not Health.UNKNOWN]
    known = known or list(verdicts.values())
    if len(known) == 1:
        return known[0]
    total = len(known)
    silent = [str(remote) for remote, verdict in verdicts.items() if verdict.health is Health.DOWN]
    troubled = [verdict for verdict in known if verdict.health is Health.DEGRADED]
    if len(silent) == total:
        return ProbeVerdict(Health.DOWN, f"none of the {total} addresses of {host} answers our OPTIONS")
    if silent:
        words = f"{total - len(silent)} of {total} addresses of {host} answer{silent_addresses(silent)}"
        if troubled:
            words = f"{words}; {troubled[0].words}"
        return ProbeVerdict(Health.DEGRADED, words)
    if troubled and len(troubled) < total:
        return ProbeVerdict(Health.DEGRADED, f"{len(troubled)} of {total} addresses of {host}: {troubled[0].words}")
    if troubled:
        return troubled[0]
    # What is worth a remark before what is not.
    return min(known, key=lambda verdict: verdict.words.startswith(PLAIN))


def over_ways(verdicts: Sequence[ProbeVerdict]) -> ProbeVerdict:
    """One verdict on an endpoint with several contacts: it works as long as one of them does."""
    known = [verdict for verdict in verdicts if verdict.health is not Health.UNKNOWN] or list(verdicts)
    healths = {verdict.health for verdict in known}
    if len(healths) == 1:
        return known[0]
    worst = min(known, key=lambda verdict: _WORST_FIRST.index(verdict.health))
    answering = sum(verdict.health is Health.UP for verdict in known)
    return ProbeVerdict(Health.DEGRADED, f"{answering} of {len(known)} contacts answer well; {worst.words}")


_WORST_FIRST = (Health.DOWN, Health.DEGRADED, Health.UP, Health.UNKNOWN)
