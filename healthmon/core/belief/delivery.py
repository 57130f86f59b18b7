"""Whether a receiver's URL takes messages, as the outbox knows it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from healthmon.model import Kind, Target, UrlState

#: A message that is being sent for so long hangs, and its URL counts as failing (bookkeeping 7; seconds).
HANGING_AFTER = 120.0

HANGS = "a message is being sent, and no answer comes"
ACCEPTED = "a message was accepted"


class Failure(NamedTuple):
    """Since when a URL takes no messages, and why."""

    since: float
    why: str


def failure_of(url: UrlState, now: float) -> Failure | None:
    """Say since when a URL takes no messages; None: it does, as far as is known."""
    if url.failing_since is not None:
        return Failure(url.failing_since, url.last_error)
    if url.sending_since is not None and hangs(url, now):
        return Failure(url.sending_since, HANGS)
    return None


def hangs(url: UrlState, now: float) -> bool:
    """Whether a message is being sent, and no answer comes."""
    return url.sending_since is not None and now - url.sending_since >= HANGING_AFTER


def target_of(url_id: str) -> Target:
    """The target of a URL's incident."""
    return Target("", Kind.RECEIVER.value, url_id)
