"""Where log lines go: stderr, as journald or a person at a terminal likes them, never with a secret."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from healthmon.notify.words import visible

#: syslog's priorities, which journald reads from a prefix (sd-daemon(3)).
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
#: These speak of every connection, and of odd headers with a traceback; healthmon's own lines say what matters.
_CHATTY = ("urllib3", "requests", "websocket", "apprise", "markdown")


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
        super().__init__(sys.stderr)
        self.redact = redact

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
