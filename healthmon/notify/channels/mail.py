"""Mails: apprise reads the URL and writes the mail, we hand it over (docs/decisions/0031-mails-have-our-own-sender.md).

apprise says "failed" as soon as one of several recipients was refused, and whoever has the mail gets it again.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from hashlib import blake2b
from html import escape
from typing import Any

from msgspec import Struct

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveredInPart, DeliveryError, DeliveryUnsure, Missed, NoConnection
from healthmon.notify.channels.apprise import ServiceOfUrl, apprise_errors, attached
from healthmon.notify.channels.redact import Redactor
from healthmon.notify.channels.smtp import CONNECT_TIMEOUT, Letter, MailServer, Mode, SmtpAnswer, Verdict, hand_over
from healthmon.notify.channels.url_check import mail_addresses
from healthmon.notify.compose.mail_threads import message_ids
from healthmon.notify.compose.message import MOST_CHARACTERS, Message
from healthmon.text.visible import visible

#: The headers that put a mail into a conversation.
_THREADING = frozenset(("in-reply-to", "references"))
_WAITS = "waits for what it does not have yet"


class MailAddress(Struct, frozen=True):
    """One address of a URL: its key shows nothing of it, and is the same as long as the address is."""

    address: str
    key: str
    place: str


class MailSender:
    """Sends to the addresses of one ``mailto://`` or ``mailtos://`` URL. Owned by one thread."""

    min_interval = 1.0
    most_characters = MOST_CHARACTERS
    takes_attachments = True
    takes_tickets = False

    def __init__(self, url_id: str, url: Secret) -> None:
        self.url_id = url_id
        self._url = url
        self._redact = Redactor([url])
        #: apprise's NotifyEmail.
        self._service = ServiceOfUrl(url_id, url)

    def send(self, message: Message) -> None:
        """Send, and return when the server has taken it for every address.

        Raises DeliveredInPart when some have it, DeliveryUnsure when nobody knows, else DeliveryError.
        """
        recipients = list(_recipients(self._service.loaded(), self._url))
        chosen = [recipient for recipient in recipients if recipient.key not in message.without]
        if message.only is not None:
            chosen = [recipient for recipient in recipients if recipient.key in message.only]
        elif not chosen:
            # Where all of them wait for something else, all get it: nobody else would know.
            chosen = recipients
        with apprise_errors(self.url_id, self._redact):
            letters = list(self._letters(message, {recipient.address for recipient in chosen}))
        answers = hand_over(self._server(), letters) if letters else {}
        self._look_at(message, recipients, {recipient.key: answers[recipient.address] for recipient in chosen})

    def _server(self) -> MailServer:
        service = self._service.loaded()
        options = {option.partition("=")[0].lower() for option in self._url.partition("?")[2].split("&")}
        return MailServer(
            host=service.smtp_host,
            port=int(service.port),
            mode=Mode(service.secure_mode),
            user=service.user or "",
            password=service.password or "",
            verifies=bool(service.verify_certificate),
            connect_timeout=float(service.socket_connect_timeout) if "cto" in options else CONNECT_TIMEOUT,
            answer_timeout=float(service.socket_read_timeout) if "rto" in options else None,
        )

    def _letters(self, message: Message, chosen: set[str]) -> Iterator[Letter]:
        """Write a mail of its own for each address in ``to``; copies go with the first: nobody gets two."""
        service = self._service.loaded()
        copies = sorted((service.cc | service.bcc) - {address for _, address in service.targets})
        for number, mail in enumerate(self._written(service, message)):
            envelope = [mail.recipient, *(copies if number == 0 else ())]
            wanted = tuple(address for address in envelope if address in chosen)
            chosen = chosen - set(wanted)
            if wanted:
                with_crlf = re.sub(r"\r\n|\r|\n", "\r\n", mail.body)
                yield Letter(service.from_addr[1], wanted, with_crlf.encode("ascii"))

    def _written(self, service: Any, message: Message) -> Iterator[Any]:
        """Have apprise write the mails."""
        as_html = service.resolve_format("text").value == "html"
        mails: Iterator[Any] = service.prepare_emails(
            subject=message.subject,
            body="<br/>\n".join(escape(message.body).split("\n")) if as_html else message.body,
            notify_format=service.resolve_format("text"),
            from_addr=service.from_addr,
            to=service.targets,
            cc=service.cc,
            bcc=service.bcc,
            reply_to=service.reply_to,
            smtp_host=service.smtp_host,
            attach=[attached(message.attachment)] if message.attachment else None,
            headers={"X-Application": service.app_id, **service.headers, **self._threading(service, message)},
            names=service.names,
            pgp=service.pgp,
            pgp_mode=service.pgp_mode,
            inline=service.inline,
            tzinfo=service.tzinfo,
        )
        return mails

    def _threading(self, service: Any, message: Message) -> dict[str, str]:
        """Name the conversations that a mail belongs to, unless the URL has such headers of its own."""
        if not message.threads or _THREADING & {name.lower() for name in service.headers}:
            return {}
        ids = message_ids(message.threads, socket.gethostname())
        return {"In-Reply-To": ids[-1], "References": " ".join(ids)}

    def _look_at(self, message: Message, recipients: list[MailAddress], answers: dict[str, SmtpAnswer]) -> None:
        """Raise what became of it, unless every address has it."""
        verdicts = {answer.verdict for answer in answers.values()}
        if message.only is None and Verdict.ACCEPTED not in verdicts:
            raise self._nobody_has_it(recipients, answers)
        missed = []
        for recipient in recipients:
            key, place, answer = recipient.key, recipient.place, answers.get(recipient.key)
            if answer is None and message.only is None:
                missed.append(Missed(key, place, _WAITS, was_tried=False))
            elif answer is not None and answer.verdict is not Verdict.ACCEPTED:
                is_final, in_doubt = answer.verdict is Verdict.REFUSED, answer.verdict is Verdict.UNSURE
                missed.append(Missed(key, place, self._words(answer), is_final=is_final, in_doubt=in_doubt))
        for key in (message.only or frozenset()) - {recipient.key for recipient in recipients}:
            missed.append(Missed(key, "an address", "is no longer in the URL", is_final=True, was_tried=False))
        if missed:
            raise DeliveredInPart(self.url_id, tuple(missed))

    def _nobody_has_it(self, recipients: list[MailAddress], answers: dict[str, SmtpAnswer]) -> DeliveryError:
        reasons = {
            recipient.place: self._words(answers[recipient.key]) for recipient in recipients if recipient.key in answers
        }
        why, *others = dict.fromkeys(reasons.values())
        if others:
            # One reason is said once, however many addresses it is about.
            why = "; ".join(f"{place}: {reason}" for place, reason in reasons.items())
        if any(answer.verdict is Verdict.UNSURE for answer in answers.values()):
            return DeliveryUnsure(self.url_id, why)
        is_the_text = all(answer.about_text and answer.verdict is Verdict.REFUSED for answer in answers.values())
        no_connection = None
        if all(answer.no_connection for answer in answers.values()):
            server = self._server()
            no_connection = NoConnection(server.host, server.port)
        return DeliveryError(self.url_id, why, refused=is_the_text, no_connection=no_connection)

    def _words(self, answer: SmtpAnswer) -> str:
        return self._redact(visible(answer.why))


def _recipients(service: Any, url: str) -> Iterator[MailAddress]:
    """Name every address of a URL once, however its capital letters are written, with the place where it stands."""
    places = {
        re.sub(r".*<|>.*", "", text).lower(): f"address {number} in {where}"
        for where, addresses in mail_addresses(url)
        for number, text in enumerate(addresses, start=1)
    }
    every = [*(address for _, address in service.targets), *sorted(service.cc), *sorted(service.bcc)]
    written: dict[str, str] = {}
    for address in every:
        written.setdefault(address.lower(), address)
    for address in written.values():
        key = blake2b(address.lower().encode(), digest_size=8).hexdigest()
        yield MailAddress(address, key, places.get(address.lower(), "its own address"))
