"""What fell together: the second stage. It takes the endpoints that belief changed, and says which groups fell."""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.config.configuration import Config
from healthmon.core.belief.known import Known
from healthmon.core.deadlines import Deadline, Deadlines
from healthmon.core.grouping.falls import Falls
from healthmon.core.grouping.memberships import Memberships
from healthmon.model import Incident


class Grouping:
    """Who belongs together, and which groups have fallen. Owned by the engine thread."""

    def __init__(
        self, config: Config, known: Known, deadlines: Deadlines[Deadline], incidents: Iterable[Incident]
    ) -> None:
        self.members = Memberships(config, known)
        self.falls = Falls(config, known, self.members, deadlines, incidents)

    def use(self, config: Config) -> None:
        """Take a new configuration; every endpoint must be noted anew after it."""
        self.members.use(config)
        self.falls.use(config)
