"""What the wall shows: one screen without scrolling, to be read from afar; what is wrong first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from healthmon.model import Health
from healthmon.publish.web.pages.background import WITH_COURSE
from healthmon.publish.web.pages.overview import Overviewer, SiteBar
from healthmon.publish.web.pages.rendering import Moment
from healthmon.report.status.rows import TargetStatus
from healthmon.text.visible import visible

#: So many are on it, the worst first; a number says how many more there are.
MOST_PBXS, MOST_PROVIDERS, MOST_SITES = 8, 40, 60
#: So many tiles lie beside each other, for at most so many tiles.
PROVIDER_COLUMNS = ((4, 2), (6, 3), (12, 4), (20, 5), (30, 6), (40, 8))
SITE_COLUMNS = ((6, 3), (12, 4), (24, 6), (40, 8), (60, 10))
#: Where fewer lie beside each other, each is wide enough.
LEAST_FOR_WIDE = 5
#: So many characters at the end of a name are always shown, and more where names differ further in front.
END, LONGEST_END = 2, 8
#: Where so many tiles lie beside each other, there is no room for anything in front of an end that is longer.
NARROW, END_WITH_FRONT = 8, 5


#: Of each name the part that may be cut, and the one that may not.
DividedNames = Mapping[str, tuple[str, str]]


class WallTile(Struct, frozen=True):
    """One thing: a name and a few words."""

    key: str
    #: Where the name is too long, its end is shown all the same: names differ there.
    name: str
    end: str
    look: str
    said: str
    #: For how long that is so, in few characters; "": that is not said.
    lasted: str = ""
    #: Whether somebody took note of it, or nobody is told: it is nothing new.
    is_known: bool = False


def wall_values(moment: Moment) -> dict[str, Any]:
    """What the template shows."""
    status, words = moment.present.status, moment.words
    maker = Overviewer(moment.present, moment.background, words)
    providers = [row for row in status.targets if row.kind in WITH_COURSE]
    shown = providers[:MOST_PROVIDERS]
    columns = _columns(len(shown), PROVIDER_COLUMNS)
    cuts = cuts_of([words.name(row.target) for row in shown], columns)
    tiles = [_provider(row, maker, moment, cuts) for row in shown]
    troubled = sum(bool(tile.said) for tile in tiles)
    # What is wrong is twice as wide, as long as that is little.
    is_wide = columns >= LEAST_FOR_WIDE and troubled <= columns // 2
    sites = maker.sites()
    site_columns = _columns(len(sites), SITE_COLUMNS)
    site_cuts = cuts_of([visible(bar.target.resource) for bar in sites[:MOST_SITES]], site_columns)
    look, headline = maker.headline()
    return {
        "title": headline,
        "at": "wall",
        "look": look,
        "headline": headline,
        "warnings": list(maker.warnings())[:1],
        "pbxs": [(card.name, card.look, card.word) for card in map(maker.pbx, status.pbxs[:MOST_PBXS])],
        "providers": tiles,
        "provider_columns": columns,
        "provider_rows": -(-(len(tiles) + troubled * is_wide) // columns),
        "is_wide": is_wide,
        "more_providers": max(len(providers) - MOST_PROVIDERS, 0),
        "sites": [_site(bar, site_cuts) for bar in sites[:MOST_SITES]],
        "site_columns": site_columns,
        "more_sites": max(len(sites) - MOST_SITES, 0),
        "counts": list(maker.device_counts()),
    }


def _columns(number: int, table: Sequence[tuple[int, int]]) -> int:
    """Say how many tiles lie beside each other."""
    return next((columns for most, columns in table if number <= most), table[-1][1])


def _provider(row: TargetStatus, maker: Overviewer, moment: Moment, cuts: DividedNames) -> WallTile:
    """Of what is well a name is enough; of the rest how it is, and for how long."""
    tile, words, said, lasted = maker.tile(row), moment.words, "", ""
    incident = maker.incident_of(row)
    is_acknowledged = incident is not None and incident.acked_at is not None
    is_silenced = incident is not None and bool(incident.muted_by)
    if is_acknowledged:
        said = words.text("acknowledged")
    elif is_silenced:
        said = words.text("silenced")
    elif tile.look != Health.UP:
        said = tile.word
    is_known = is_acknowledged or is_silenced
    if row.since and row.state is not Health.UP and not is_known:
        lasted = words.shortly(moment.present.status.lasted_s(row.since))
    return WallTile(str(row.target), *cuts[tile.name], tile.look, said, lasted, is_known)


def _site(bar: SiteBar, cuts: DividedNames) -> WallTile:
    return WallTile(bar.key, *cuts[visible(bar.target.resource)], bar.look, f"{bar.up}/{bar.of}")


def cuts_of(names: Sequence[str], columns: int) -> DividedNames:
    """Divide each name so that its end tells it from the others; numbers stay whole.

    Where that takes too many characters, the names differ in front, which is shown. ``columns``: so many tiles lie
    beside each other.
    """
    shared = Counter(name[-length:] for name in set(names) for length in range(END, LONGEST_END + 1))
    cuts = {}
    for name in names:
        front, end = name[:-END], name[-END:]
        for length in range(END, LONGEST_END + 1):
            longer = name[-length:]
            is_within_a_number = longer[:1].isdigit() and name[:-length][-1:].isdigit()
            if shared[longer] == 1 and not is_within_a_number:
                front, end = name[:-length], longer
                break
        if front and columns >= NARROW and len(end) > END_WITH_FRONT:
            front = "…"
        cuts[name] = (front, end)
    return cuts
