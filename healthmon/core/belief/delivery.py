"""Whether a receiver's URL takes messages, as the outbox knows it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from healthmon.model import DEFECTS_WITHIN, TOO_MANY_DEFECTS, Kind, Target, UrlState

#: A message that is being sent for so long hangs, and its URL counts as failing (bookkeeping 7; seconds).
HANGING_AFTER = 120.0

HANGS = "a message is being sent, and no answer comes"
ACCEPTED = "a message was accepted"


class Failure(NamedTuple):
    """Since when a URL takes no messages, and why."""

    since: float
    why: str


def repeated_defects(url: UrlState, now: float) -> Failure | None:
    """Say since when what sends to a URL dies of defects of ours again and again; None: it does not, or no longer."""
    if len(url.defects_at) < TOO_MANY_DEFECTS or now >= over_at(url):
        return None
    first, last = url.defects_at[-TOO_MANY_DEFECTS], url.defects_at[-1]
    if last - first > DEFECTS_WITHIN:
        return None
    minutes = f"{DEFECTS_WITHIN / 60:.0f}"
    return Failure(first, f"{TOO_MANY_DEFECTS} times within {minutes} minutes: {url.last_error}")


def over_at(url: UrlState) -> float:
    """When the last defect is so long ago that it counts no more."""
    return url.defects_at[-1] + DEFECTS_WITHIN


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
