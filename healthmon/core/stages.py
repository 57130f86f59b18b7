"""The stages after belief, in their order: what belief changed is grouped, becomes incidents, and is told."""

from __future__ import annotations

from healthmon.config.configuration import Config
from healthmon.core.alerting.alerting import Alerting
from healthmon.core.belief.booking import Booking
from healthmon.core.belief.known import Known
from healthmon.core.belief.news import (
    CheckChanged,
    CheckEnded,
    CheckSeen,
    EndpointForgotten,
    EndpointNoted,
    MaintenanceModeChanged,
    News,
    PbxSeen,
)
from healthmon.core.deadlines import Deadline, Deadlines
from healthmon.core.grouping.grouping import Grouping
from healthmon.core.incidents.incidents import Incidents
from healthmon.core.incidents.index import Index
from healthmon.core.incidents.news import IncidentNews, IncidentWidened
from healthmon.core.orders.severity import Severities
from healthmon.core.step import Step
from healthmon.model import Check, CheckState, Health, Remembered, Transition
from healthmon.times.wall import Wall


class Stages:
    """Passes the news from stage to stage. Owned by the engine thread."""

    def __init__(self, config: Config, remembered: Remembered, known: Known, wall: Wall) -> None:
        self.deadlines: Deadlines[Deadline] = Deadlines()
        self.booking = Booking(config, self.deadlines, wall)
        self.grouping = Grouping(config, known, self.deadlines, remembered.incidents)
        self.index = Index(remembered.incidents, remembered.incident_numbers)
        self.severities = Severities(config)
        self.incidents = Incidents(self.index, self.grouping.members, self.severities)
        self.alerting = Alerting(
            config,
            remembered,
            known=known,
            restless=self.booking.restless,
            grouping=self.grouping,
            index=self.index,
            severities=self.severities,
            deadlines=self.deadlines,
            wall=wall,
        )

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self.booking.config = config
        self.grouping.use(config)
        self.severities.use(config)
        self.alerting.use(config)

    def pass_on(self, step: Step) -> None:
        """Have the stages after belief take what it has changed since it was last asked."""
        for news in self.booking.take_news():
            self._take(news, step)

    def _take(self, news: News, step: Step) -> None:
        if isinstance(news, EndpointNoted):
            self.grouping.members.note(news.reachability)
        elif isinstance(news, CheckChanged):
            self._check_changed(news, step)
        elif isinstance(news, CheckSeen):
            self.alerting.look_again(news, step)
        elif isinstance(news, PbxSeen):
            self.alerting.look_again_behind(news.target.pbx, step)
        elif isinstance(news, CheckEnded):
            self.end(news, step)
        elif isinstance(news, EndpointForgotten):
            self.grouping.members.drop(news.target)
        elif isinstance(news, MaintenanceModeChanged):
            event = self.incidents.maintenance_mode(news, step)
            words = self.alerting.tell_event(event, step)
            step.changes.log.append(f"{news.target}: {event.cause}; {words}")
            for target in news.endpoints:
                self.alerting.review_mute(target, step)
        else:
            words = self.alerting.tell_event(self.incidents.restarted(news, step), step)
            step.changes.log.append(f"{news.target}: the restart: {words}")

    def _check_changed(self, news: CheckChanged, step: Step) -> None:
        words, changed = "", self.incidents.review(news, step)
        if changed is not None:
            words = self.alerting.take(changed, step)
        else:
            if news.transition is not None:
                words = self.incidents.why_none(news)
            if news.state.check == Check.REACHABILITY:
                self.alerting.review_beside(news.state.target, step)
        transition = news.transition
        if transition is not None:
            # The first "up" of twenty thousand phones is no decision worth a line each.
            if transition.before is not None or transition.after is not Health.UP:
                step.changes.log.append(_joined(f"{name_of(news.state)}: {in_words(transition)}", words))
        elif words.startswith("tells"):
            step.changes.log.append(_joined(f"{name_of(news.state)}: {status_of(news.state)}", words))

    def end(self, news: CheckEnded, step: Step) -> None:
        """What is open about a check ends for another reason than its recovery."""
        changed = self.incidents.end(news, step)
        words = ""
        if changed is not None:
            words = self.alerting.take(changed, step)
        if news.words:
            step.changes.log.append(_joined(news.words, words))

    def tell(self, news: IncidentNews, step: Step) -> None:
        """Have people told of what is new about an incident, and say so."""
        words = self.alerting.take(news, step)
        if not isinstance(news, IncidentWidened) or words.startswith("tells"):
            step.changes.log.append(_joined(news.say, words))

    def review_groups(self, step: Step) -> None:
        """Look at every group in which something changed, and have its incident follow."""
        for fallen in self.grouping.falls.review(step.now, self.index.take_muting()):
            news = self.incidents.follow(fallen, step)
            if news is not None:
                self.tell(news, step)


def _joined(what: str, words: str) -> str:
    if words:
        return f"{what}; {words}"
    return what


def name_of(state: CheckState) -> str:
    """Say ``phone PJSIP/1042 on berlin``, or ``pbx berlin (connection)``."""
    if state.target.is_pbx:
        return f"{state.target} ({state.check})"
    return f"{state.kind} {state.target}"


def status_of(state: CheckState) -> str:
    """Say what is believed at present."""
    believed = state.belief or "never known"
    if state.is_flapping:
        return f"{believed}, changing too often"
    return f"{believed}"


def in_words(transition: Transition) -> str:
    """Say ``down after 31 s: does not answer OPTIONS (contact Unreachable)``."""
    if transition.after is None:
        return transition.cause
    words = f"{transition.after} after {transition.believed_at - transition.at:.0f} s"
    if transition.cause:
        words = f"{words}: {transition.cause}"
    return words
