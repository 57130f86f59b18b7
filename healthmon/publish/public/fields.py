"""The fields of ``/public/NAME.json`` (docs/json.md)."""

from __future__ import annotations

from typing import TypedDict


class PublicDayFields(TypedDict):
    """How one day was; seconds of what was not watched are in none of them."""

    since: str
    up_s: float
    degraded_s: float
    down_s: float
    unknown_s: float


class PublicThingFields(TypedDict):
    """One line of the page."""

    name: str
    state: str
    since: str | None
    availability: float | None
    days: list[PublicDayFields]


class PublicOutageFields(TypedDict):
    """An outage of one line."""

    name: str
    state: str
    since: str | None
    until: str | None
    lasted_s: float | None


class PublicFields(TypedDict):
    """All that a page for everybody tells."""

    title: str
    about: str
    state: str
    now: str
    stale: bool
    as_of: str | None
    since: str
    things: list[PublicThingFields]
    open: list[PublicOutageFields]
    past: list[PublicOutageFields]
    more_past: int
