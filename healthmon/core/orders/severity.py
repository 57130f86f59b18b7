"""How much an incident matters, as the watch sections say. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from healthmon.config.configuration import Config
from healthmon.config.sections.watch import WatchConfig
from healthmon.model import Incident, Severity

_SEVERITIES = list(Severity)


class Severities:
    """The watch sections, asked for how much something matters. Owned by the engine thread."""

    def __init__(self, config: Config) -> None:
        self.use(config)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._watches = {watch.name: watch for watch in config.watches}

    def of(self, incident: Incident) -> Severity:
        """How much an incident matters; that of a group as much as what it explains, the worst of it."""
        usual = incident.kind.usual_severity
        severities = [watch.severity or usual for watch in watches_of(incident, self._watches)]
        return min(severities, key=_SEVERITIES.index, default=usual)


def watches_of(incident: Incident, watches: Mapping[str, WatchConfig]) -> list[WatchConfig]:
    """The watch sections that speak of an incident: its own, or of a group all of what it explains."""
    names = incident.watches or (incident.watch,)
    return [watches[name] for name in names if name in watches]
