"""The fields of ``incident N --json`` and ``history NAME --json``, as ``docs/json.md`` promises them.

For type checkers and for the description of the API alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from healthmon.report.availability.fields import IncidentRecordFields, MeasuredFields, SpanFields
from healthmon.report.status.fields import CalledFields


class StoryLineFields(TypedDict):
    """Something that happened during an incident."""

    at: str | None
    what: str
    words: str


class StoryFields(TypedDict):
    """An incident, those that it explains, and all that happened meanwhile."""

    incident: IncidentRecordFields
    explains: list[int]
    remark: str
    story: list[StoryLineFields]


class LifeEventFields(StoryLineFields):
    """Something that happened to a target."""

    believed: str | None
    incident: int | None


class ContactFields(TypedDict):
    """From where a phone was registered."""

    address: str
    #: Behind NAT; null: it is the same, or nobody knows.
    own_address: str | None
    user_agent: str
    since: str | None
    registered_until: str | None


class LifeTargetFields(CalledFields):
    """Whose life it is."""

    name: str
    pbx: str
    endpoint: str
    kind: str
    watch: str
    watched_since: str | None
    watched_until: str | None


class LifeDetailsFields(TypedDict, total=False):
    """What is known of a target where somebody measures, or says where its contacts are registered."""

    #: By check.
    measured: Mapping[str, MeasuredFields]
    contacts: list[ContactFields]


class LifeFields(SpanFields, LifeDetailsFields):
    """The life of a target."""

    target: LifeTargetFields
    state: str | None
    since: str | None
    events: list[LifeEventFields]
