"""What the incidents tell the stage after them: values, each with how the log line begins that says so."""

from __future__ import annotations

from typing import NamedTuple

from healthmon.model import Incident


class IncidentOpened(NamedTuple):
    """Something went wrong; nobody has been told yet."""

    after: Incident
    #: When its whole extent is known; a message about it is not due before (seconds UTC).
    not_before: float = 0.0
    say: str = ""


class IncidentChanged(NamedTuple):
    """An incident is another than it was, or is over."""

    before: Incident
    after: Incident
    say: str = ""


class IncidentWidened(NamedTuple):
    """More or fewer of a group are down than was known, or they are of other watch sections."""

    before: Incident
    after: Incident
    say: str = ""


IncidentNews = IncidentOpened | IncidentChanged | IncidentWidened
