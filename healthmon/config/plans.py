"""What a report needs to know of the configuration."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.config.sections.site import SiteConfig
from healthmon.times.weekly import Weekly


class Plans(Struct, frozen=True):
    """What a report needs to know of the configuration: times of the week, and what is called a site."""

    maintenance: tuple[MaintenanceConfig, ...] = ()
    #: By the name of the watch section; one that has none is missing.
    working_hours: Mapping[str, tuple[Weekly, ...]] = field(default_factory=dict)
    sites: tuple[SiteConfig, ...] = ()
    #: A site is down when this part of its devices has been down for so long (seconds).
    site_share: float = 0.3
    site_down_after: float = 30.0
    #: On which machine each PBX is, by its name.
    hosts: Mapping[str, str] = field(default_factory=dict)
    #: What people call endpoints, by ``PJSIP/103`` or ``office:PJSIP/103``.
    names: Mapping[str, str] = field(default_factory=dict)
