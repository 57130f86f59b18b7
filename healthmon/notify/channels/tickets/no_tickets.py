"""Services that open something at each message, and cannot be told with which of them it is over. Pure."""

from __future__ import annotations

from healthmon.config.urls import scheme_of

_OPSGENIE = (
    "Opsgenie's service ends in April 2027, and apprise closes none of its alerts: a message UP posts nothing, and "
    "counts as delivered; docs/on-call.md says what there is instead"
)
_REFUSED = {"opsgenie": _OPSGENIE}

_OPENS_ONE_EACH = "opens a new one there with each message, also with the one that says UP, and closes none"
_REMARKS = {
    "jira": "Jira Service Management: apprise closes none of its alerts; a message UP posts nothing, and counts as "
    "delivered; docs/on-call.md says what there is instead",
    "spike": f"Spike.sh: {_OPENS_ONE_EACH}",
    "betterstack": f"Better Stack: {_OPENS_ONE_EACH}",
    "xmatters": f"xMatters: {_OPENS_ONE_EACH}, unless its workflow reads the text",
    "lfg": "LFG Alarm: rings with each message, also with the one that says UP",
}


def why_refused(url: str) -> str | None:
    """Say why a URL is refused; None: it is not."""
    return _REFUSED.get(scheme_of(url))


def remark(url: str) -> str | None:
    """Say what a service makes of our messages; None: it takes them as messages."""
    return _REMARKS.get(scheme_of(url))
