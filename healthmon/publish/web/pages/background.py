"""What takes longer to find out than a page may take: where devices are, and how providers were.

It is read once a minute, and only while somebody looks at pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from healthmon.config.plans import Plans
from healthmon.core.grouping.sites import Sites
from healthmon.model import Kind, Target
from healthmon.publish.web.live import Live
from healthmon.report.availability.lately import Lately, lately_of
from healthmon.report.availability.measure import sites_of
from healthmon.report.status.rows import Status
from healthmon.store.read.queries import Reader

#: How long it is good for (seconds).
GOOD_FOR = 60.0
#: The availability of providers is that of so long; their strips show so long (seconds).
AVAILABILITY_OF, STRIP_OF = 30 * 86400.0, 86400.0
#: What is shown with its course.
WITH_COURSE = (Kind.PROVIDER, Kind.REGISTRATION)


class Background(Struct, frozen=True):
    """What was found out at one moment."""

    at: float
    #: At which site each device was last seen; those of which that is not known are missing.
    sites: Mapping[Target, str]
    #: How each provider was lately.
    courses: Mapping[Target, Lately]


class Backgrounds:
    """Gives any thread the newest background. It is read by the thread that may read."""

    def __init__(self, live: Live, plans: Plans) -> None:
        self._live = live
        self._plans = plans
        #: It remembers at which site each address is.
        self._sites = Sites(plans.sites)
        self._newest: Background | None = None

    @property
    def newest(self) -> Background:
        """The newest background; the first one is waited for. Raises Unreadable, Busy."""
        newest = self._newest
        if newest is None:
            return self._live.read_to_the_end(self._read)
        if self._is_old(newest):
            self._live.have_read(self._read)
        return newest

    def _is_old(self, background: Background) -> bool:
        return not 0 <= self._live.now() - background.at < GOOD_FOR

    def _read(self, reader: Reader) -> Background:
        if self._newest is None or self._is_old(self._newest):
            self._newest = read_background(
                reader, self._live.present.status, self._live.now(), self._plans, self._sites
            )
        return self._newest


def read_background(reader: Reader, status: Status, now: float, plans: Plans, sites: Sites) -> Background:
    """Find out where devices are, and how providers were."""
    site_of, places = sites_of(sites, reader.last_places()), {}
    meters, providers = reader.meters(), []
    for row in status.targets:
        if row.kind.is_device:
            places[row.target] = site_of(row.target, row.kind)
        elif row.kind in WITH_COURSE:
            providers.append(meters.of_target(row.target))
    watched = [provider for provider in providers if provider is not None]
    courses = lately_of(reader, watched, now, plans, long_s=AVAILABILITY_OF, short_s=STRIP_OF)
    return Background(now, {target: site for target, site in places.items() if site}, courses)


def background_of(background: Background, status: Status) -> Background:
    """What of it is about the targets that are shown, and no others."""
    shown = {row.target for row in status.targets}
    return Background(
        background.at,
        {target: site for target, site in background.sites.items() if target in shown},
        {target: course for target, course in background.courses.items() if target in shown},
    )
