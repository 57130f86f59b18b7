"""What the configuration says about an incident: how often and to whom it is told. Pure."""

from __future__ import annotations

from healthmon.config.configuration import Config
from healthmon.config.sections.watch import LongGone
from healthmon.core.alerting.decide import DailyLine
from healthmon.core.orders.severity import watches_of
from healthmon.model import Health, Incident, Target
from healthmon.times.wall import Wall
from healthmon.times.weekly import next_daily, time_of_today


class Routing:
    """The sections that speak of incidents, by name. Owned by the engine thread."""

    def __init__(self, config: Config, wall: Wall) -> None:
        self._wall = wall
        self.use(config)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._watches = {watch.name: watch for watch in config.watches}
        self._pbxs = {pbx.name: pbx for pbx in config.pbxs}
        self._config = config
        self._urls_for: dict[str | Target, tuple[str, ...]] = {}
        self._urls = {receiver.name: config.url_ids_of_receiver(receiver.name) for receiver in config.receivers}

    def urls_for(self, target: Target, watch: str) -> tuple[str, ...]:
        """The URLs that the configuration names for a target of this watch section ("": of none, like a PBX itself)."""
        key = watch or target
        urls = self._urls_for.get(key)
        if urls is None:
            if watch:
                urls = self._config.url_ids_of_watch(watch)
            else:
                urls = self._config.url_ids_of(target)
            self._urls_for[key] = urls
        return urls

    def remind_every(self, incident: Incident) -> tuple[float, ...]:
        """When it is told again while it lasts; of a group, as often as anything in it."""
        if incident.watch or incident.watches:
            watches = watches_of(incident, self._watches)
            return min((watch.remind_every for watch in watches if watch.remind_every), default=())
        pbx = self._pbxs.get(incident.target.pbx)
        if pbx is None:
            return ()
        return pbx.remind_every

    def daily_line(self, incident: Incident, now: float) -> DailyLine | None:
        """The line of today in which what is long gone is told, or was; None: it is not so long gone."""
        rule = self._long_gone(incident)
        if rule is None or now < incident.believed_at + rule.after:
            return None
        day, shown = time_of_today(rule.at, rule.zone, self._wall.shown(now))
        at = self._wall.when(shown)
        if at <= now:
            return DailyLine(day, at - rule.after)
        return DailyLine()

    def next_gone(self, incident: Incident, now: float) -> float | None:
        """When it is to be told next in the line of what is long gone (seconds); None: never."""
        rule = self._long_gone(incident)
        if rule is None:
            return None
        earliest = self._wall.shown(max(incident.believed_at + rule.after, now + 1))
        return self._wall.when(next_daily(rule.at, rule.zone, earliest))

    def _long_gone(self, incident: Incident) -> LongGone | None:
        """The rule by which it is long gone first."""
        if incident.health is not Health.DOWN or not incident.is_open:
            return None
        rules = [watch.long_gone for watch in watches_of(incident, self._watches) if watch.long_gone is not None]
        return min(rules, key=lambda rule: rule.after, default=None)

    def escalations(self, incident: Incident) -> dict[str, float]:
        """The URLs that are told of it when nobody takes note, and after how long (seconds) each."""
        pbx = self._pbxs.get(incident.target.pbx)
        steps = [step for watch in watches_of(incident, self._watches) for step in watch.escalate_to]
        if not incident.watch and not incident.watches and pbx is not None:
            steps = [*pbx.escalate_to, *steps]
        soonest_last = sorted(steps, key=lambda step: -step.after)
        return {url_id: step.after for step in soonest_last for url_id in self._urls.get(step.receiver, ())}
