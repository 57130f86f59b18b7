"""The times that headers of HTTP tell."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime


def header_date(words: str) -> datetime | None:
    """Read ``Mon, 01 Jan 2001 12:00:00 GMT``; None: this is no such date, or its zone is not known."""
    try:
        moment = parsedate_to_datetime(words)
    except (ValueError, OverflowError):
        return None
    # "-0000" says that the zone is not known; HTTP has but one.
    if moment.tzinfo is not None:
        return moment
    return None
