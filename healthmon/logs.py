"""Where log lines go: stderr, as journald or a person at a terminal likes them, never with a secret."""

from __future__ import annotations

import logging
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from healthmon.text.visible import visible

#: syslog's priorities, which journald reads from a prefix (sd-daemon(3)).
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
#: These speak of every connection, and of odd headers with a traceback; healthmon's own lines say what matters.
_CHATTY = ("urllib3", "requests", "websocket", "apprise", "markdown")

#: How long a line may wait to be taken (seconds); those after it do not wait until one is taken again.
PATIENCE = 1.0
#: A pipe or socket that takes anything takes so much at once (PIPE_BUF, pipe(7)).
_PIECE_BYTES = 4096


class NotTaken(OSError):
    """Nobody takes what is to be written."""


class Unblocked:
    """Writes to a stream, and never waits longer than ``PATIENCE``: a log that is stuck must not stop the alerts.

    journald that hangs, or a terminal or container whose output nobody reads, takes nothing any more.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._patience = PATIENCE

    def write(self, text: str) -> None:
        """Write all of it. Raises NotTaken, OSError."""
        rest = text.encode("utf-8", "backslashreplace")
        while rest:
            if not self._is_taken():
                self._patience = 0.0
                raise NotTaken
            rest = rest[os.write(self._descriptor, rest[:_PIECE_BYTES]) :]
        self._patience = PATIENCE

    def _is_taken(self) -> bool:
        """Whether something can be written now, or soon."""
        try:
            return bool(self._poll.poll(self._patience * 1000))
        except OSError:
            # poll(2) may ask about no more descriptors than a process may open: where that is none, nobody can tell.
            return True

    def flush(self) -> None:
        """Nothing is held back."""


class LineFormatter(logging.Formatter):
    """One message is one line: names come from strangers, and could forge lines or move a terminal's cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Make line breaks and control characters visible; those of a traceback, which follows, are ours."""
        record.message = visible(record.message)
        return super().formatMessage(record)


class JournalFormatter(LineFormatter):
    """A line for journald: its priority and no time stamp, for journald has its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Prefix every line of the message, for journald reads line by line."""
        priority = _PRIORITIES.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


class RedactingHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes formatted lines after the redactor has seen them: arguments and tracebacks included."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        stream: TextIO | Unblocked = sys.stderr
        # What stands for it in a test, or in another program, may be no file at all.
        with suppress(AttributeError, OSError, ValueError):
            stream = Unblocked(sys.stderr.fileno())
        super().__init__(stream)
        self.redact = redact
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; before it, how many were lost since the last one that was taken."""
        if self._lost:
            lost, self._lost = self._lost, 0
            words = f"{lost} lines of this log are lost: nobody took them"
            facts = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": words}
            super().emit(logging.makeLogRecord(facts))
            if self._lost:
                # This line is lost in the place of the one that counts them.
                self._lost += lost
                return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Count a line that nobody takes; say what else is wrong with it."""
        if isinstance(sys.exc_info()[1], NotTaken):
            self._lost += 1
        else:
            super().handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        """Hide every known secret in the finished text."""
        return self.redact(super().format(record))


def is_under_journald() -> bool:
    """Whether stderr is the very stream that systemd connected to the journal (JOURNAL_STREAM, systemd.exec(5)).

    That the variable is set is not enough: every child inherits it, also in a terminal or with ``2>file``.
    """
    try:
        about = os.fstat(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{about.st_dev}:{about.st_ino}"


def set_up(level: str, redact: Callable[[str], str]) -> RedactingHandler:
    """Send all log lines to stderr. A reload gives the returned handler its new ``redact``."""
    handler = RedactingHandler(redact)
    if is_under_journald():
        handler.setFormatter(JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(LineFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.ERROR)
    return handler
