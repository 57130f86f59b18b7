"""What stands behind the lines of a page for everybody: targets, found by the patterns of the configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import filter as matching

from msgspec import Struct

from healthmon.config.sections.public import ListedLine
from healthmon.model import Kind, Target
from healthmon.report.status.rows import Status


class BehindLine(Struct, frozen=True):
    """What one line stands for."""

    targets: frozenset[Target] = frozenset()
    #: The sites that it names, as targets of their own.
    sites: frozenset[Target] = frozenset()
    #: Whether all of them are devices of users: of many, a few are always away.
    are_devices: bool = False

    @property
    def all(self) -> frozenset[Target]:
        """Everything of which something is shown."""
        return self.targets | self.sites


def members_of(lines: Iterable[ListedLine], status: Status, site_of: Mapping[Target, str]) -> list[BehindLine]:
    """Find what each line stands for. ``site_of``: where each device was last seen.

    There may be 20,000 targets and a hundred lines: names are looked up, and patterns are matched by names.
    """
    by_name: dict[str, list[Target]] = {}
    by_watch: dict[str, list[Target]] = {}
    by_site: dict[str, list[Target]] = {}
    by_pbx = {pbx.name: [pbx.row.target] for pbx in status.pbxs}
    kinds = {}
    for row in status.targets:
        kinds[row.target] = row.kind
        for name in (row.target.endpoint, f"{row.target.pbx}:{row.target.endpoint}"):
            by_name.setdefault(name, []).append(row.target)
        by_watch.setdefault(row.watch, []).append(row.target)
        if row.target in site_of:
            by_site.setdefault(site_of[row.target], []).append(row.target)
    found = []
    for line in lines:
        of_sites = _matching(by_site, line.sites)
        targets = frozenset(
            (
                *_matching(by_name, line.endpoints),
                *_matching(by_watch, line.watches),
                *_matching(by_pbx, line.pbxs),
                *of_sites,
            )
        )
        sites = frozenset(Target(target.pbx, Kind.SITE, site_of[target]) for target in of_sites)
        are_devices = bool(targets) and all(target in kinds and kinds[target].is_device for target in targets)
        found.append(BehindLine(targets, sites, are_devices))
    return found


def _matching(known: Mapping[str, Sequence[Target]], patterns: Iterable[str]) -> list[Target]:
    """Find what is called as any of the patterns says."""
    return [target for pattern in patterns for name in matching(known, pattern) for target in known[name]]
