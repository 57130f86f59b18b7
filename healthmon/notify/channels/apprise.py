"""Messages leave through apprise: the only file that imports it, and only inside functions (0.1 s and 11 MB)."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from healthmon.config.sections.shared import Secret
from healthmon.config.urls import scheme_of
from healthmon.errors import DeliveryError, DeliveryUnsure, NoConnection
from healthmon.notify.channels.http_calls import CONNECT_TIMEOUT, READ_TIMEOUT
from healthmon.notify.channels.network_errors import short
from healthmon.notify.channels.redact import Redactor
from healthmon.notify.channels.telegram import as_html, retry_after
from healthmon.notify.channels.url_check import why_addresses_are_wrong
from healthmon.notify.compose.message import MOST_CHARACTERS, Attachment, Message, Mood
from healthmon.notify.helper import Helper, HelperFailed, HelperMissing
from healthmon.wire.failures import failures_of_the_peer, with_its_type

if TYPE_CHECKING:
    import apprise

    from healthmon.notify.channels.apprise_http import Exchange

#: No request is begun, nor waited for, after so long with a message (seconds) …
MESSAGE_WITHIN = 30.0
#: A channel that speaks something else than HTTP may take so long for a message (seconds), and so much memory (bytes).
APART_WITHIN = 60.0
APART_MOST_MEMORY = 256_000_000
#: HTTP as well, and WebSockets over sockets of its own.
_OTHER_SOCKETS_TOO = frozenset(("nostr",))

#: Channels that belong to their owner and take what comes; nobody reads them at one glance.
_UNHURRIED = re.compile(r"(xml|form)s?")
_TELEGRAM = "tgram"
#: The others get at most one message a second; a Telegram group takes 20 a minute.
_MIN_INTERVAL, _TELEGRAM_GROUP_INTERVAL = 1.0, 3.0

#: apprise's words when a message was handed over and no answer came: it may have arrived.
_UNSURE = re.compile(r"read timed out|connection aborted|remote end closed|did not finish within", re.I)
#: … unless it never left: no connection came about.
_NEVER_LEFT = re.compile(
    r"connect timeout|connection refused|ConnectTimeoutError|getaddrinfo|name resolution|Failed to resolve"
    r"|name or service not known|no route to host|network is unreachable|Failed to establish a new connection",
    re.I,
)
#: Where that was, unless a proxy stands between.
_POOL = re.compile(r"HTTPS?ConnectionPool\(host='(?P<host>.*?)', port=(?P<port>\d+)\)")
_PROXY = re.compile(r"ProxyError|Cannot connect to proxy|Unable to connect to proxy", re.I)
#: The channel answered, and did not want this message.
_REFUSED = re.compile(r"\berror=4(?!01|03|04|08|29)\d\d\b")
#: How apprise reads a no.
_NO = re.compile(r"no?|off|false|f|0|never|deny|disabled?|disallow|block", re.I)
_SENT_SOME = re.compile(r"^Sent ", re.I)


def _apprise() -> Any:
    """Import apprise, and keep its log lines to ourselves: they hold secrets, and we say what matters."""
    import apprise  # noqa: PLC0415

    from healthmon.notify.channels.apprise_http import bound_requests  # noqa: PLC0415

    bound_requests()
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    return apprise


class ServiceOfUrl:
    """apprise's object of one URL, made when it is needed first. Owned by one thread."""

    def __init__(self, url_id: str, url: Secret) -> None:
        self._url_id = url_id
        self._url = url
        self._object: Any = None

    def loaded(self) -> Any:
        """Return it. Raises DeliveryError if apprise does not load the URL."""
        if self._object is None:
            self._object = load(self._url_id, self._url)
        return self._object


class AppriseSender:
    """Sends to one URL. Owned by one thread; apprise's object is made at the first message."""

    takes_tickets = False

    def __init__(self, url_id: str, url: Secret) -> None:
        self.url_id = url_id
        self._url = url
        self._redact = Redactor([url])
        self._service = ServiceOfUrl(url_id, url)

    @property
    def min_interval(self) -> float:
        """How long to wait between two messages (seconds)."""
        scheme = scheme_of(self._url)
        if _UNHURRIED.fullmatch(scheme):
            return 0.0
        is_group = scheme == _TELEGRAM and re.search(r"/-\d+", self._url)
        if is_group:
            return _TELEGRAM_GROUP_INTERVAL
        return _MIN_INTERVAL

    @property
    def most_characters(self) -> int:
        """How long a body may be; an SMS is short."""
        service: apprise.NotifyBase = self._service.loaded()
        title = 80
        if service.title_maxlen > 0:
            title = 0
        return max(min(MOST_CHARACTERS, service.body_maxlen - title), 60)

    @property
    def takes_attachments(self) -> bool:
        """Whether a file may go along."""
        return bool(self._service.loaded().attachment_support)

    def send(self, message: Message) -> None:
        """Send, and return when the channel has accepted it.

        Raises DeliveryError when it was not accepted, DeliveryUnsure when nobody knows.
        """
        service = self._service.loaded()
        module = sys.modules[type(service).__module__]
        # What goes through requests is bounded there.
        speaks_http_only = "requests" in vars(module) and scheme_of(self._url) not in _OTHER_SOCKETS_TOO
        if speaks_http_only:
            self._send_through(service, message)
        else:
            self._send_apart(message)

    def send_here(self, message: Message) -> None:
        """Send in this very process, however long that takes. Raises as ``send`` does."""
        self._send_through(self._service.loaded(), message)

    def _send_apart(self, message: Message) -> None:
        """Send by a process that can be killed: nothing else ends what hangs in sockets that are not ours.

        It is waited for, or dead, when this returns: what was given up never goes on beside the next attempt.
        """
        helper = Helper(
            "healthmon.notify.channels.apprise_process",
            most_memory=APART_MOST_MEMORY,
            most_cpu=APART_WITHIN,
            within=APART_WITHIN,
        )
        question = Parcel(self.url_id, str(self._url), message.subject, message.body, message.mood, message.attachment)
        try:
            with closing(helper):
                said = msgspec.msgpack.decode(helper.ask(msgspec.msgpack.encode(question)), type=Outcome)
        except HelperMissing as error:
            raise DeliveryError(self.url_id, str(error)) from None
        except (HelperFailed, msgspec.DecodeError) as error:
            raise DeliveryUnsure(self.url_id, f"sending {error}") from None
        said.raise_failure(self.url_id)

    def _send_through(self, service: apprise.NotifyBase, message: Message) -> None:
        module = _apprise()
        carrier = module.Apprise(service, asset=service.asset)
        is_html = scheme_of(self._url) == _TELEGRAM
        subject, body = as_html(message) if is_html else (message.subject, message.body)
        from healthmon.notify.channels.apprise_http import exchange  # noqa: PLC0415 - brings requests with it

        # Who gives a channel more time by cto= and rto= wants it to have that.
        within = max(MESSAGE_WITHIN, service.socket_connect_timeout + service.socket_read_timeout)
        with exchange(within) as requests_of_it, failures_of_the_peer(self._unexpected):
            result = carrier.notify(
                body=body,
                title=subject,
                notify_type=module.NotifyType(message.mood.value),
                body_format=module.NotifyFormat.HTML if is_html else module.NotifyFormat.TEXT,
                log_level=logging.DEBUG,
                attach=attached(message.attachment),
            )
        if not result:
            entries = [(entry.level, entry.message) for entry in result.logs()]
            raise self._error(entries, requests_of_it)

    def _error(self, entries: list[tuple[str, str]], requests_of_it: Exchange) -> DeliveryError:
        """Make one sentence, and a class, of what apprise logged while it failed, and of what its requests did."""
        said = " ".join(words for _, words in entries)
        why = self._redact("; ".join(_telling(entries)) or "apprise gave no reason")
        never_left = _NEVER_LEFT.search(said) is not None
        if requests_of_it.has_moved:
            why += "; it says that it has moved; write its new address"
        handed_over = _UNSURE.search(said) and not never_left
        if requests_of_it.is_in_doubt or handed_over or any(_SENT_SOME.match(words) for _, words in entries):
            return DeliveryUnsure(self.url_id, why)
        no_connection = None
        if never_left:
            no_connection = NoConnection()
            pool = _POOL.search(said)
            if pool and not _PROXY.search(said):
                no_connection = NoConnection(pool["host"], int(pool["port"]))
        return DeliveryError(
            self.url_id,
            why,
            refused=bool(_REFUSED.search(said)),
            retry_after=retry_after(said),
            no_connection=no_connection,
        )

    def _unexpected(self, error: Exception) -> DeliveryError:
        """Nobody knows how far apprise came."""
        return DeliveryUnsure(self.url_id, short(self._redact(with_its_type(error))))


class Parcel(msgspec.Struct, frozen=True):
    """What a process needs to know that sends one message."""

    url_id: str
    url: str
    subject: str
    body: str
    mood: Mood
    attachment: Attachment | None

    def send(self) -> Outcome:
        """Send it, and say what became of it. That process does this."""
        message = Message(self.subject, self.body, self.mood, attachment=self.attachment)
        try:
            AppriseSender(self.url_id, Secret(self.url)).send_here(message)
        except DeliveryError as error:
            is_unsure = isinstance(error, DeliveryUnsure)
            return Outcome(error.why, is_unsure, error.refused, error.retry_after, error.no_connection)
        return Outcome()


class Outcome(msgspec.Struct, frozen=True):
    """What became of a message that another process sent; an empty ``why``: it was accepted."""

    why: str = ""
    is_unsure: bool = False
    refused: bool = False
    retry_after: float | None = None
    no_connection: NoConnection | None = None

    def raise_failure(self, url_id: str) -> None:
        """Raise what that process raised, if it did."""
        if not self.why:
            return
        kind = DeliveryError
        if self.is_unsure:
            kind = DeliveryUnsure
        raise kind(
            url_id,
            self.why,
            refused=self.refused,
            retry_after=self.retry_after,
            no_connection=self.no_connection,
        )


def attached(attachment: Attachment | None) -> Any:
    """Make apprise's form of a file; it stays in memory."""
    if attachment is None:
        return None
    from apprise.attachment.memory import AttachMemory  # noqa: PLC0415

    make: Any = AttachMemory
    return make(content=attachment.content, name=attachment.name, mimetype=attachment.media_type)


def _telling(entries: list[tuple[str, str]]) -> Iterator[str]:
    """Choose the lines that explain a failure: warnings, and what an exception or a server said."""
    for level, words in entries:
        if level in ("WARNING", "ERROR", "CRITICAL"):
            yield words.strip().rstrip(".")
        elif match := re.match(r"(?:Socket|Notification|Socket connect) [Ee]xception: (.*)", words, re.S):
            yield short(match[1])
        elif match := re.match(r"Response Details:\s*b?(['\"])(.+)\1$", words, re.S):
            yield f"it answered: {short(match[2])}"


def load(url_id: str, url: str) -> Any:
    """Make apprise's object of a URL. Raises DeliveryError, without secrets, if apprise does not load it."""
    with apprise_errors(url_id, Redactor([url])), _captured() as records:
        service = _load(url)
    if service is None:
        raise DeliveryError(url_id, Redactor([url])(_not_loaded(records)))
    return service


def apprise_errors(url_id: str, redact: Redactor) -> AbstractContextManager[None]:
    """What apprise, or a part of it, cannot do with a message is a failure of this URL."""
    return failures_of_the_peer(lambda error: DeliveryError(url_id, short(redact(with_its_type(error)))))


def _load(url: str) -> apprise.NotifyBase | None:
    """Have apprise load one URL, with our time-outs where it has none of its own, and without its pauses."""
    module = _apprise()
    asset = module.AppriseAsset(
        app_id="healthmon",
        app_desc="health of the SIP providers and phones of Asterisk PBXs",
        async_mode=False,
        # No thread that goes on sending after we stopped waiting for it.
        service_timeout=0,
    )
    service = module.Apprise.instantiate(url, asset=asset)
    if service is None:
        return None
    options = {option.partition("=")[0].lower() for option in url.partition("?")[2].split("&")}
    if "rto" not in options:
        service.socket_read_timeout = READ_TIMEOUT
    if "cto" not in options:
        service.socket_connect_timeout = CONNECT_TIMEOUT
    if "overflow" not in options:
        service.overflow_mode = module.OverflowMode.TRUNCATE
    if scheme_of(url) == _TELEGRAM:
        # Its Markdown drops what stands in <…>.
        service.notify_format = module.NotifyFormat.HTML
    # Its pause of up to 5.5 s would sit between an alert and its reader; the deliverer has a pace of its own.
    service.request_rate_per_sec = 0
    return service  # type: ignore[no-any-return]


@contextmanager
def _captured() -> Iterator[list[str]]:
    """Collect the warnings that apprise logs in this thread."""
    _apprise()
    handler = _Collector()
    logger = logging.getLogger("apprise")
    logger.addHandler(handler)
    try:
        yield handler.words
    finally:
        logger.removeHandler(handler)


class _Collector(logging.Handler):
    """Keeps what one thread logs; others may be sending at the same time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of our own thread."""
        if record.thread == self._thread:
            self.words.append(record.getMessage().strip().rstrip("."))


def _not_loaded(warnings: list[str]) -> str:
    """Say why apprise does not load a URL. It shows the first and last letter of each secret: we show none."""
    shown = [re.sub(r"(?<=://)\S.*", "***", line) for line in warnings]
    return "; ".join(["apprise does not load this URL", *shown])


def why_refused(url: str) -> str | None:
    """Say why a URL cannot be a receiver, without any of its secrets; None: it can."""
    redact = Redactor([url])
    with _captured() as warnings:
        service = _load(url)
    if service is None:
        return _not_loaded([redact(line) for line in warnings])
    if wrong := why_addresses_are_wrong(url, targets=len(service)):
        return wrong
    if any("PGP Support" in line for line in warnings):
        return "pgp= needs the Python package PGPy, which is not installed beside healthmon"
    if dropped := [line for line in warnings if re.search(r"dropp|invalid|ignor", line, re.I)]:
        return f"apprise drops a part of it: {redact('; '.join(dropped))}"
    return None


def remark(url: str) -> str | None:
    """Say what of a URL is not obeyed; None: everything is."""
    options = (option.partition("=") for option in url.partition("?")[2].split("&"))
    wants_redirects = any(name.lower() == "redirect" and not _NO.fullmatch(value) for name, _, value in options)
    if wants_redirects:
        return "redirect=yes: not obeyed; healthmon follows no redirect"
    return None


def why_without(url: str, *options: str) -> str | None:
    """Say it if the installed apprise, which loads this URL, does not know an option; None: it knows them."""
    service = _load(url)
    missing = [option for option in options if service is not None and option not in service.template_args]
    if missing:
        return f"this version of apprise does not know {' and '.join(missing)} of it; take a newer one"
    return None
