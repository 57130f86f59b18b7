"""The last words of a daemon that ends, or does not start, because of its database: told past the outbox."""

from __future__ import annotations

import logging
import sys
import time
from functools import partial

from healthmon.app.threads import join, started
from healthmon.config import Config
from healthmon.config.types import ReceiverUrl
from healthmon.errors import DatabaseLocked, DeliveredInPart, DeliveryError, DeliveryUnsure, StoreError
from healthmon.languages import language
from healthmon.notify import direct
from healthmon.notify.message import Draft, Message
from healthmon.notify.senders import sender_for
from healthmon.notify.told_note import ToldNote
from healthmon.notify.voice import Voice

log = logging.getLogger(__name__)

#: So long the process waits for all channels together (seconds).
TOLD_WITHIN = 20.0


def tell_refused(config: Config, error: StoreError) -> None:
    """Tell every receiver that healthmon does not start, at most once an hour.

    Nobody is told where somebody sees it, at a terminal, nor because another daemon runs already.
    """
    if isinstance(error, DatabaseLocked) or sys.stderr.isatty():
        return
    draft = partial(direct.refused, str(error), config.database.parent)
    _tell_within_the_hour(config, draft, direct.note_of_refused(config.database))


def tell_lost(config: Config, words: str) -> None:
    """Tell every receiver that healthmon has ended because its database was lost, at most once an hour."""
    draft = partial(direct.lost, words, config.database.parent)
    _tell_within_the_hour(config, draft, direct.note_of_lost(config.database))


def _tell_within_the_hour(config: Config, draft: Draft, note: ToldNote) -> None:
    now, before = time.time(), note.times()
    if note.is_quiet(now):
        log.info("nobody is told of it again: somebody was within the hour")
    elif not note.note(now):
        log.error("nobody is told of it: a process that is started again and again must know when it last did")
    elif not _tell(config, draft, now):
        # Nobody heard it: the next start tries again.
        note.set_times(before)


def _tell(config: Config, draft: Draft, now: float) -> bool:
    """Send to all URLs at once; return whether one of them has it, perhaps."""
    heard: list[str] = []
    threads = []
    for receiver in config.receivers:
        message = draft(Voice(language(receiver.language), config.timezone, now))
        threads += [started(partial(_send, url, message, heard), f"tell:{url.url_id}") for url in receiver.urls]
    for name in join(threads, TOLD_WITHIN):
        log.warning("%s: no answer within %.0f s", name, TOLD_WITHIN)
    return bool(heard)


def _send(url: ReceiverUrl, message: Message, heard: list[str]) -> None:
    try:
        sender_for(url.url_id, url.url).send(message)
    except (DeliveryUnsure, DeliveredInPart) as error:
        log.warning("%s: told directly, perhaps not to all: %s; %s", url.url_id, message.subject, error.why)
        heard.append(url.url_id)
    except DeliveryError as error:
        log.warning("%s: not delivered: %s", url.url_id, error.why)
    else:
        log.warning("%s: told directly: %s", url.url_id, message.subject)
        heard.append(url.url_id)
