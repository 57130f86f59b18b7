"""Messages for programs: JSON over HTTP, with the facts beside the text (``docs/webhooks.md``).

apprise's own JSON plug-in has no room for facts, follows redirects (which lose the body of a POST), and takes
whatever proxy the environment names.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError
from healthmon.notify.channels.http_calls import Caller
from healthmon.notify.channels.redact import Redactor
from healthmon.notify.channels.webhook_url import WebhookUrl, WrongUrl, webhook_url
from healthmon.notify.compose.message import MOST_CHARACTERS, Message


class WebhookSender:
    """Sends to one ``json://`` or ``jsons://`` URL. Owned by one thread."""

    #: A program takes what comes.
    min_interval = 0.0
    most_characters = MOST_CHARACTERS
    takes_attachments = True
    takes_tickets = False

    def __init__(self, url_id: str, url: Secret) -> None:
        self.url_id = url_id
        self._url = url
        self._caller = Caller(url_id, Redactor([url]))

    def send(self, message: Message) -> None:
        """Send, and return when it was answered with 2xx.

        Raises DeliveryError when it was not accepted, DeliveryUnsure when no answer came.
        """
        try:
            where = webhook_url(self._url)
        except WrongUrl as error:
            raise DeliveryError(self.url_id, str(error)) from None
        self._caller.call(where, self._body(message, where))

    def _body(self, message: Message, where: WebhookUrl) -> bytes:
        """Write the five fields of apprise's JSON, and ours; then rename, drop and add what the URL wants."""
        attachments, file = [], message.attachment
        if file is not None:
            content = b64encode(file.content).decode("ascii")
            attachments = [{"filename": file.name, "base64": content, "mimetype": file.media_type}]
        body: dict[str, Any] = {
            "version": "1.0",
            "title": message.subject,
            "message": message.body,
            "attachments": attachments,
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


def why_refused(url: str) -> str | None:
    """Say why a URL cannot be a webhook, without any of its secrets; None: it can."""
    try:
        where = webhook_url(url)
    except WrongUrl as error:
        return str(error)
    if isinstance(where.verify, str) and not Path(where.verify).is_file():
        return "verify: there is no such file of certificates"
    return None
