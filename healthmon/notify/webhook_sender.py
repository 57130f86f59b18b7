"""Messages for programs: JSON over HTTP, with the facts beside the text (``docs/webhooks.md``).

apprise's own JSON plug-in has no room for facts, follows redirects (which lose the body of a POST), and takes
whatever proxy the environment names.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthmon import __version__
from healthmon.config.types import Secret
from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.notify.failing import short
from healthmon.notify.message import MOST_CHARACTERS, Attachment, Message
from healthmon.notify.redact import Redactor
from healthmon.notify.webhook_url import WebhookUrl, WrongUrl, webhook_url
from healthmon.notify.words import cut, visible

if TYPE_CHECKING:
    import requests

#: So much of an answer is read, for the reason that it may give.
_ANSWER_BYTES = 2000
#: So much of that is told.
_ANSWER_CHARACTERS = 200
#: A 4xx that has nothing to do with this very message: who we are, where we called, and how often.
_NOT_ABOUT_THE_MESSAGE = (401, 403, 404, 405, 407, 408, 425, 429)


class WebhookSender:
    """Sends to one ``json://`` or ``jsons://`` URL. Owned by one thread."""

    #: A program takes what comes.
    min_interval = 0.0
    most_characters = MOST_CHARACTERS
    takes_attachments = True

    def __init__(self, url_id: str, url: Secret) -> None:
        self.url_id = url_id
        self._url = url
        self._redact = Redactor([url])

    def send(self, message: Message) -> None:
        """Send, and return when it was answered with 2xx.

        Raises DeliveryError when it was not accepted, DeliveryUnsure when no answer came.
        """
        import requests  # noqa: PLC0415 - what "healthmon status" needs does not wait for it
        import urllib3  # noqa: PLC0415

        try:
            where = webhook_url(self._url)
            if where.verify is False:
                # Somebody chose that: no complaint at each message.
                urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            with requests.Session() as session:
                # Neither proxies nor passwords (.netrc) of the environment.
                session.trust_env = False
                with _call(session, where, self._body(message, where)) as response:
                    self._look_at(response)
        except WrongUrl as error:
            raise DeliveryError(self.url_id, str(error)) from None
        except OSError as error:
            kind = DeliveryUnsure if _has_left(error) else DeliveryError
            raise kind(self.url_id, self._redact(short(str(error)))) from None
        except urllib3.exceptions.HTTPError as error:
            # A host that no name server would take ("host..") is found out only when it is called.
            raise DeliveryError(self.url_id, self._redact(short(str(error)))) from None

    def _body(self, message: Message, where: WebhookUrl) -> bytes:
        """Write the five fields of apprise's JSON, and ours; then rename, drop and add what the URL wants."""
        body: dict[str, Any] = {
            "version": "1.0",
            "title": message.subject,
            "message": message.body,
            "attachments": _attached(message.attachment),
            "type": message.mood.value,
            "healthmon": {**message.facts, "url_id": self.url_id},
        }
        for name, value in where.fields.items():
            if name not in body:
                body[name] = value
                continue
            moved = body.pop(name)
            if value:
                body[value] = moved
        return json.dumps(body).encode()

    def _look_at(self, response: requests.Response) -> None:
        """Raise DeliveryError unless it was accepted."""
        status = response.status_code
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise DeliveryError(self.url_id, f"error={status}: it says that it has moved; write its new address")
        raise DeliveryError(
            self.url_id,
            self._redact(f"error={status}{_answer(response)}"),
            refused=400 <= status < 500 and status not in _NOT_ABOUT_THE_MESSAGE,
            retry_after=_seconds(response.headers.get("Retry-After", "")),
        )


def _call(session: requests.Session, where: WebhookUrl, body: bytes) -> requests.Response:
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


def _attached(attachment: Attachment | None) -> list[dict[str, str]]:
    """Write a file as apprise's JSON does."""
    if attachment is None:
        return []
    content = b64encode(attachment.content).decode("ascii")
    return [{"filename": attachment.name, "base64": content, "mimetype": attachment.media_type}]


def _has_left(error: OSError) -> bool:
    """Whether the message was handed over, or may have been, when this happened."""
    import requests  # noqa: PLC0415
    from urllib3.exceptions import ProtocolError  # noqa: PLC0415

    if isinstance(error, requests.ReadTimeout):
        return True
    causes = (error, *error.args[:1])
    return isinstance(error, requests.ConnectionError) and isinstance(causes[-1], ProtocolError | OSError)


def _answer(response: requests.Response) -> str:
    """Say what it answered, in one short line."""
    reason = f" {response.reason}" if response.reason else ""
    try:
        said = next(response.iter_content(_ANSWER_BYTES), b"").decode(errors="replace")
    except OSError:
        said = ""
    words = cut(visible(" ".join(said.split())), _ANSWER_CHARACTERS)
    return f"{visible(reason)}; it answered: {words}" if words else visible(reason)


def _seconds(words: str) -> float | None:
    """Read how long it wants to be left alone; dates are not taken, its clock is not ours."""
    return float(words) if words.isascii() and words.isdigit() and len(words) < 10 else None


def why_refused(url: str) -> str | None:
    """Say why a URL cannot be a webhook, without any of its secrets; None: it can."""
    try:
        where = webhook_url(url)
    except WrongUrl as error:
        return str(error)
    if isinstance(where.verify, str) and not Path(where.verify).is_file():
        return "verify: there is no such file of certificates"
    return None
