"""The stages after belief, in their order: what belief changed is grouped, becomes incidents, and is told."""

from __future__ import annotations

from healthmon.config.configuration import Config
from healthmon.core.belief.booking import Booking
from healthmon.core.belief.known import Known
from healthmon.core.belief.news import CheckChanged, CheckEnded, CheckSeen, EndpointForgotten, EndpointNoted, News
from healthmon.core.deadlines import DeadlineKey, Deadlines
from healthmon.core.grouping.grouping import Grouping
from healthmon.core.incidents.incidents import Incidents
from healthmon.core.step import Step
from healthmon.model import CheckState, Health, Remembered, Transition


class Stages:
    """Passes the news from stage to stage. Owned by the engine thread."""

    def __init__(self, config: Config, remembered: Remembered, known: Known) -> None:
        self.deadlines: Deadlines[DeadlineKey] = Deadlines()
        self.booking = Booking(config, self.deadlines)
        self.grouping = Grouping(config, known, self.deadlines, remembered.incidents)
        self.incidents = Incidents(config, remembered, known, self.grouping, self.deadlines)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self.booking.config = config
        self.grouping.use(config)
        self.incidents.use(config)

    def shift(self, by: float) -> None:
        """Move the times by so many seconds: somebody set the clock."""
        self.deadlines.shift(by)
        self.incidents.shift(by)
        self.grouping.shift(by)

    def pass_on(self, step: Step) -> None:
        """Have the stages after belief take what it has changed since it was last asked."""
        for news in self.booking.take_news():
            self._take(news, step)

    def _take(self, news: News, step: Step) -> None:
        if isinstance(news, EndpointNoted):
            self.grouping.members.note(news.endpoint)
        elif isinstance(news, CheckChanged):
            words = self.incidents.review(news, step.now, step.changes)
            _log(news.state, news.transition, words, step)
        elif isinstance(news, CheckSeen):
            self.incidents.look_again(news.target, news.check, step.now, step.changes)
        elif isinstance(news, CheckEnded):
            words = self.incidents.end(news.target, news.check, news.ending, step.now, step.changes)
            if news.words:
                step.changes.log.append(f"{news.words}{'; ' if words else ''}{words}")
        elif isinstance(news, EndpointForgotten):
            self.grouping.members.drop(news.endpoint)
        else:
            words = self.incidents.tell_restart(news.target, news.restart, step)
            step.changes.log.append(f"{news.target}: the restart: {words}")

    def review_groups(self, step: Step) -> None:
        """Look at every group in which something changed, and have its incident follow."""
        for news in self.grouping.falls.review(step.now, self.incidents.facts()):
            self.incidents.follow(news, step)


def _log(state: CheckState, transition: Transition | None, words: str, step: Step) -> None:
    outcome = f"; {words}" if words else ""
    if transition is not None:
        # The first "up" of twenty thousand phones is no decision worth a line each.
        if transition.before is not None or transition.after is not Health.UP:
            step.changes.log.append(f"{name_of(state)}: {in_words(transition)}{outcome}")
    elif words.startswith("tells"):
        step.changes.log.append(f"{name_of(state)}: {status_of(state)}{outcome}")


def name_of(state: CheckState) -> str:
    """Say ``phone PJSIP/1042 on berlin``, or ``pbx berlin (connection)``."""
    if state.target.is_pbx:
        return f"{state.target} ({state.check})"
    return f"{state.kind} {state.target}"


def status_of(state: CheckState) -> str:
    """Say what is believed at present."""
    believed = state.belief or "never known"
    return f"{believed}, changing too often" if state.is_flapping else f"{believed}"


def in_words(transition: Transition) -> str:
    """Say ``down after 31 s: does not answer OPTIONS (contact Unreachable)``."""
    if transition.after is None:
        return transition.cause
    after = f" after {transition.believed_at - transition.at:.0f} s"
    cause = f": {transition.cause}" if transition.cause else ""
    return f"{transition.after}{after}{cause}"
