"""The last words of a daemon that ends because of its database, or does not start: told past the outbox."""

from __future__ import annotations

import errno
import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from threading import Thread

from healthmon.app.threads import join, started
from healthmon.config.configuration import Config
from healthmon.config.sections.receiver import ReceiverUrl
from healthmon.errors import DatabaseLocked, DeliveredInPart, DeliveryError, DeliveryUnsure, NoThread, StoreError
from healthmon.languages import language
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.compose import own_trouble
from healthmon.notify.compose.message import Message, MessageDraft
from healthmon.notify.compose.voice import Voice
from healthmon.notify.delivery import past_outbox
from healthmon.notify.delivery.told_note import ToldNote

log = logging.getLogger(__name__)

#: So long the process waits for all channels together (seconds).
TOLD_WITHIN = 20.0
#: What a machine, or a service, has too little of: files, processes, memory.
USED_UP = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)


def tell_refused(config: Config, error: StoreError | NoThread | OSError) -> None:
    """Tell every receiver that healthmon does not start, at most once an hour.

    Nobody is told where somebody sees it, at a terminal, nor because another daemon runs already, nor of a defect.
    """
    if isinstance(error, DatabaseLocked) or sys.stderr.isatty():
        return
    why = str(error)
    if isinstance(error, OSError):
        if error.errno not in USED_UP:
            return
        why = f"{error.strerror}: see the limits of open files and of memory (LimitNOFILE=, MemoryMax=, ulimit)"
    for_its_database = isinstance(error, StoreError)
    draft = partial(own_trouble.refused, why, past_outbox.here(config.database), for_its_database=for_its_database)
    _tell_within_the_hour(config, draft, past_outbox.note_of_refused(config.database))


def tell_lost(config: Config, words: str) -> None:
    """Tell every receiver that healthmon has ended because its database was lost, at most once an hour."""
    draft = partial(own_trouble.lost, words, past_outbox.here(config.database))
    _tell_within_the_hour(config, draft, past_outbox.note_of_lost(config.database))


def _tell_within_the_hour(config: Config, draft: MessageDraft, note: ToldNote) -> None:
    now, before = time.time(), note.times()
    if note.is_quiet(now):
        log.info("nobody is told of it again: somebody was within the hour")
    elif not note.note(now):
        log.error("nobody is told of it: a process that is started again and again must know when it last did")
    elif not _tell(config, draft, now):
        # Nobody heard it: the next start tries again.
        note.set_times(before)


def _tell(config: Config, draft: MessageDraft, now: float) -> bool:
    """Send to all URLs at once; return whether one of them has it, perhaps.

    Where no thread can be had, it is sent to one after the other: none is begun after TOLD_WITHIN.
    """
    heard: list[str] = []
    threads: list[Thread] = []
    left: dict[str, Callable[[], None]] = {}
    for receiver in config.receivers:
        message = draft(Voice(language(receiver.language), config.timezone, now))
        for url in receiver.urls:
            name, send = f"tell:{url.url_id}", partial(_send, url, message, heard)
            try:
                threads.append(started(send, name))
            except NoThread:
                left[name] = send
    ends_at = time.monotonic() + TOLD_WITHIN
    late = [name for name, send in left.items() if not _sent_before(ends_at, send)]
    late += join(threads, max(ends_at - time.monotonic(), 0.0))
    for name in late:
        log.warning("%s: no answer within %.0f s", name, TOLD_WITHIN)
    return bool(heard)


def _sent_before(ends_at: float, send: Callable[[], None]) -> bool:
    """Send in this thread, if there is time for it."""
    if time.monotonic() >= ends_at:
        return False
    send()
    return True


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
