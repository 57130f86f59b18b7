"""Telegram's text is HTML with a limit, and Telegram says for how long it wants to be left alone. Pure.

Whatever apprise makes HTML of has six letters for each space: of a long digest the end would be missing.
"""

from __future__ import annotations

import re
from html import escape

from healthmon.notify.compose.message import Message
from healthmon.text.longtext import cut

#: Telegram takes so many characters; apprise counts the markup, too.
_MOST = 4096
#: The marks around the subject, and some room to spare.
_MARKUP = 40
#: Spaces at the beginning of a line stay if something stands before them.
_NOTHING = "\N{ZERO WIDTH SPACE}"

_RETRY_AFTER = re.compile(r"retry[_ ]after\W{1,4}(\d{1,9})", re.I)


def as_html(message: Message) -> tuple[str, str]:
    """Write subject and text as HTML that shows them as they are; a text that is too long is cut."""
    subject, text = escape(message.subject, quote=False), message.body
    room = _MOST - _MARKUP - len(subject)
    # A line end is sent as two letters.
    while (excess := len(body := _html(text)) + body.count("\n") - room) > 0:
        # A letter may count five times.
        text = cut(text, len(text) - 1 - excess // 5)
    return subject, body


def _html(text: str) -> str:
    return escape(re.sub(r"^(?= )", _NOTHING, text, flags=re.M), quote=False)


def retry_after(said: str) -> float | None:
    """For how many seconds the channel wants no further message, if it said so."""
    match = _RETRY_AFTER.search(said)
    if match:
        return float(match[1])
    return None
