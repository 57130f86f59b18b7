"""Calls over HTTP that carry messages: one answer or one error, no redirects, nothing from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct, field

from healthmon import __version__
from healthmon.errors import DeliveryError, DeliveryUnsure, NoConnection
from healthmon.notify.channels.network_errors import short
from healthmon.notify.channels.redact import Redactor
from healthmon.text.longtext import CUT, cut
from healthmon.text.visible import visible
from healthmon.wire.dates import header_date
from healthmon.wire.failures import causes_of, failures_of_the_peer, with_its_type
from healthmon.wire.pace import BadPace, PeerLimits

if TYPE_CHECKING:
    import requests

#: How long to wait for an answer, and for the connection (seconds), as for every other channel.
READ_TIMEOUT, CONNECT_TIMEOUT = 15.0, 10.0
#: What an answer may take, from its first byte on. It is not read to its end.
LIMITS = PeerLimits(largest=1_000_000)
#: So much of an answer is read, for the reason that it may give.
_ANSWER_BYTES = 2000
#: So much of that is told.
_ANSWER_CHARACTERS = 200
#: A 4xx that has nothing to do with this very message: who we are, where we called, and how often.
_NOT_ABOUT_THE_MESSAGE = (401, 403, 404, 405, 407, 408, 425, 429)
_PORTS = {"http": 80, "https": 443}


class Call(Struct, frozen=True):
    """Where to call, and how."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    #: True, False, or the path of a file of certificates.
    verify: bool | str = True
    proxy: str | None = None
    timeouts: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT)

    @property
    def opens_to(self) -> NoConnection:
        """The host and port that a connection is opened to."""
        parts = urlsplit(self.proxy or self.address)
        return NoConnection(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))


class HttpAnswer(Struct, frozen=True):
    """What came back."""

    status: int
    #: The words of the status line.
    reason: str
    #: The beginning of the body.
    body: str
    retry_after: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether it says that all is well."""
        return 200 <= self.status < 300


class Caller:
    """Calls for one URL of a receiver. Owned by one thread."""

    def __init__(self, url_id: str, redact: Redactor) -> None:
        self._url_id = url_id
        self._redact = redact

    def call(self, where: Call, body: bytes) -> HttpAnswer:
        """Send, and return an answer that accepts it.

        Raises DeliveryError when it was not accepted, DeliveryUnsure when no answer came.
        """
        import urllib3  # noqa: PLC0415 - what "healthmon status" needs does not wait for it

        from healthmon.wire.sessions import PlainSession  # noqa: PLC0415

        if where.verify is False:
            # Somebody chose that: no complaint at each message.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        with (
            failures_of_the_peer(lambda error: self._no_answer(error, where)),
            PlainSession(LIMITS) as session,
            _sent(session, where, body) as response,
        ):
            answer = _answer_of(response)
        if not answer.is_accepted:
            raise self.refusal(answer)
        return answer

    def refusal(self, answer: HttpAnswer) -> DeliveryError:
        """Say that an answer does not accept the message."""
        if 300 <= answer.status < 400:
            why = f"error={answer.status}: it says that it has moved; write its new address"
            return DeliveryError(self._url_id, why)
        said = self._beginning(" ".join(answer.body.split()))
        why = f"error={answer.status}"
        if answer.reason:
            why += f" {self._beginning(answer.reason)}"
        if said:
            why += f"; it answered: {said}"
        return DeliveryError(
            self._url_id,
            why,
            refused=400 <= answer.status < 500 and answer.status not in _NOT_ABOUT_THE_MESSAGE,
            retry_after=answer.retry_after,
        )

    def _beginning(self, words: str) -> str:
        """The beginning of what it said. Secrets are taken out first: half of one would not be recognised."""
        return cut(self._redact(visible(words)), _ANSWER_CHARACTERS)

    def _no_answer(self, error: Exception, where: Call) -> DeliveryError:
        import requests  # noqa: PLC0415

        said = with_its_type(error)
        if isinstance(error, OSError):
            said = str(error)
        for cause in causes_of(error):
            if isinstance(cause, BadPace):
                said = f"the answer {cause}"
        why = short(self._redact(said))
        if has_left(error):
            return DeliveryUnsure(self._url_id, why)
        if isinstance(error, requests.ConnectionError) and not isinstance(error, requests.exceptions.SSLError):
            # Not even a connection came about: refused, unreachable, no such name, nobody answers.
            return DeliveryError(self._url_id, why, no_connection=where.opens_to)
        return DeliveryError(self._url_id, why)


def _sent(session: requests.Session, where: Call, body: bytes) -> requests.Response:
    """Send; what comes back is read only as far as somebody wants it."""
    return session.request(
        where.method,
        where.address,
        data=body,
        params=where.parameters,
        headers={"User-Agent": f"healthmon/{__version__}", "Content-Type": "application/json", **where.headers},
        verify=where.verify,
        timeout=where.timeouts,
        proxies={"http": where.proxy, "https": where.proxy} if where.proxy else None,
        allow_redirects=False,
        stream=True,
    )


def has_left(error: Exception) -> bool:
    """Whether the message was handed over, or may have been, when this happened."""
    import requests  # noqa: PLC0415
    from urllib3.exceptions import InvalidHeader, LocationValueError, ProtocolError  # noqa: PLC0415

    if not isinstance(error, OSError):
        # A host that no name server would take ("host..") is found out when it is called, all else by the answer.
        return not isinstance(error, LocationValueError | UnicodeEncodeError)
    causes = (error, *error.args[:1])
    if isinstance(error, requests.ReadTimeout) or isinstance(causes[-1], InvalidHeader):
        return True
    return isinstance(error, requests.ConnectionError) and isinstance(causes[-1], ProtocolError | OSError)


def _answer_of(response: requests.Response) -> HttpAnswer:
    """Read the beginning of what it answered. Whatever is wrong with the body, the status says whether it was taken."""
    said = b""
    with suppress(DeliveryError), failures_of_the_peer(lambda error: DeliveryError("", with_its_type(error))):
        said = next(response.iter_content(_ANSWER_BYTES), b"")
    body = said.decode(errors="replace")
    if len(said) == _ANSWER_BYTES:
        body += CUT
    return HttpAnswer(response.status_code, response.reason or "", body, retry_after(response.headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """For how many seconds it wants no further message; None: it did not say so (RFC 9110, 10.2.3).

    A date is a time of its own clock, and most answers tell what that clock says.
    """
    words = headers.get("Retry-After", "").strip()
    if words.isascii() and words.isdigit() and len(words) < 10:
        return float(words)
    until = header_date(words)
    if until is None:
        return None
    its_now = header_date(headers.get("Date", "")) or datetime.now(UTC)
    return max((until - its_now).total_seconds(), 0.0)
