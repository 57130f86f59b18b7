"""How a mail program knows that messages are about one incident: made-up ids, which all of them answer. Pure.

The Message-ID itself cannot be chosen. But who answers the same message stands in the same thread, though nobody has
that message: References (RFC 5322, 3.6.4) is enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from healthmon.notify.compose.message_lines import MessageLine

#: A digest belongs to the threads of the worst.
_MOST = 20
#: A line of a mail has 998 characters at most (RFC 5322, 2.1.1), and nobody folds this one for us.
_LONGEST_HEADER = 900


def threads_of(lines: Sequence[MessageLine]) -> tuple[str, ...]:
    """Name the threads of what is told, worst first; the thread of the worst is answered, so it comes last.

    The others are named too: what was told in one digest may end in messages of its own.
    """
    told = (line.incident for outside in lines for line in outside.all)
    names = []
    for incident in islice(told, _MOST):
        # The number alone is not enough: a new database counts from 1 again.
        opened = datetime.fromtimestamp(incident.opened_at, UTC)
        names.append(f"{incident.id}.{opened:%Y%m%d}")
    return tuple(reversed(dict.fromkeys(names)))


def message_ids(threads: Sequence[str], host: str) -> list[str]:
    """Make ids of the form that mails have; two machines that count their incidents alike do not share threads."""
    place = ".".join(re.findall(r"[A-Za-z0-9-]{1,63}", host)[:4]) or "localhost"
    ids = [f"<incident.{name}@{place}.healthmon.invalid>" for name in threads]
    while len(" ".join(ids)) > _LONGEST_HEADER:
        del ids[0]
    return ids
