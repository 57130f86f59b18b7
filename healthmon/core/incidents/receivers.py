"""A receiver's URL that takes no messages for too long is an incident, told through the others.

Level-triggered: how delivery stands is read from the outbox whenever that has changed, and when a time has come.
"""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.config.configuration import Config
from healthmon.core.belief.delivery import (
    ACCEPTED,
    HANGING_AFTER,
    Failure,
    failure_of,
    hangs,
    over_at,
    repeated_defects,
    target_of,
)
from healthmon.core.deadlines import Deadline, Deadlines, Due
from healthmon.core.incidents.incidents import Incidents
from healthmon.core.incidents.index import Index
from healthmon.core.incidents.news import IncidentNews
from healthmon.core.step import Step
from healthmon.model import Check, Ending, Health, Incident, Kind, Target, UrlState

#: A failure is believed only while attempts go on to fail: that one failed, with nothing to send since then, proves
#: nothing. The pauses between attempts double up to ten minutes, with jitter (seconds).
LONGEST_PAUSE = 900.0

#: … and of a short ``receiver_failing_after`` the last attempt lies in the second third or later.
PART_WITHOUT_ATTEMPT = 2 / 3


class Receivers:
    """Opens and closes the incidents of receivers' URLs. Owned by the engine thread."""

    def __init__(self, config: Config, index: Index, incidents: Incidents, deadlines: Deadlines[Deadline]) -> None:
        self._config = config
        self._index = index
        self._incidents = incidents
        self._deadlines = deadlines
        #: A time has come, or something else has changed: how delivery stands must be read though nobody wrote.
        self.must_look = True

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._config = config
        self.must_look = True

    def hear(self, urls: Iterable[UrlState], step: Step) -> list[IncidentNews]:
        """Take how delivery to every URL stands; return what that makes of their incidents."""
        self.must_look = False
        configured = set(self._config.url_ids)
        news = [self._look(url, step) for url in urls if url.url_id in configured]
        return [each for each in news if each is not None]

    def _look(self, url: UrlState, step: Step) -> IncidentNews | None:
        target, defects = target_of(url.url_id), repeated_defects(url, step.now)
        failure = defects or failure_of(url, step.now)
        incident = self._index.open_about(target, Check.DELIVERY)
        self._deadlines.clear(Deadline(Due.URL, target))
        if defects is not None:
            self._deadlines.set(Deadline(Due.URL, target), over_at(url))
        if incident is not None:
            if failure is None:
                return self._maybe_close(incident, url, step)
            return None
        if defects is not None:
            return self._open(target, defects, step)
        if failure is not None and self._is_believed(url, failure, step.now):
            return self._open(target, failure, step)
        self._look_again(target, url, failure, step)
        return None

    @property
    def _patience(self) -> float:
        return self._config.receiver_failing_after

    def _is_believed(self, url: UrlState, failure: Failure, now: float) -> bool:
        """Whether it has failed for long enough, and not only once."""
        if now < failure.since + self._patience:
            return False
        pause = now - (url.last_error_at or 0.0)
        return hangs(url, now) or pause <= min(LONGEST_PAUSE, self._patience * PART_WITHOUT_ATTEMPT)

    def _look_again(self, target: Target, url: UrlState, failure: Failure | None, step: Step) -> None:
        """Look when something may be believed though nobody has written anything until then."""
        times = []
        if failure is not None:
            times.append(failure.since + self._patience)
        if url.sending_since is not None:
            times.append(url.sending_since + HANGING_AFTER)
        due = min((time for time in times if time > step.now), default=None)
        if due is not None:
            self._deadlines.set(Deadline(Due.URL, target), due)

    def _open(self, target: Target, failure: Failure, step: Step) -> IncidentNews:
        incident = Incident(
            id=0,
            target=target,
            check=Check.DELIVERY,
            kind=Kind.RECEIVER,
            watch="",
            health=Health.DOWN,
            opened_at=failure.since,
            believed_at=step.now,
            cause=failure.why,
        )
        lasted = f"{step.now - failure.since:.0f} s"
        return self._incidents.open(incident, step, say=f"{target}: takes no messages for {lasted} ({failure.why})")

    def _maybe_close(self, incident: Incident, url: UrlState, step: Step) -> IncidentNews | None:
        """Close it if a message was accepted since it opened; that nothing fails at present is no proof."""
        accepted_at = url.last_delivered_at
        if accepted_at is None or accepted_at < max((incident.opened_at, *url.defects_at[-1:])):
            return None
        say = f"{incident.target}: takes messages again"
        return self._incidents.close(incident, accepted_at, step, Ending.RECOVERED, words=ACCEPTED, say=say)
