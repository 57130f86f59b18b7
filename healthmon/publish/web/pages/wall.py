"""What the wall shows: one screen without scrolling, to be read from afar; what is wrong first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
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
#: So many characters at the end of a name are always shown.
END = 2


class WallTile(Struct, frozen=True):
    """One thing: a name and a few words."""

    key: str
    #: Where the name is too long, its end is shown all the same: names differ there.
    name: str
    end: str
    look: str
    said: str


def wall_values(moment: Moment) -> dict[str, Any]:
    """What the template shows."""
    status, words = moment.present.status, moment.words
    maker = Overviewer(moment.present, moment.background, words)
    providers = [row for row in status.targets if row.kind in WITH_COURSE]
    tiles = [_provider(row, maker, moment) for row in providers[:MOST_PROVIDERS]]
    columns, troubled = _columns(len(tiles), PROVIDER_COLUMNS), sum(bool(tile.said) for tile in tiles)
    # What is wrong is twice as wide, as long as that is little.
    is_wide = columns >= LEAST_FOR_WIDE and troubled <= columns // 2
    sites = maker.sites()
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
        "sites": [_site(bar) for bar in sites[:MOST_SITES]],
        "site_columns": _columns(len(sites), SITE_COLUMNS),
        "more_sites": max(len(sites) - MOST_SITES, 0),
        "counts": list(maker.device_counts()),
    }


def _columns(number: int, table: Sequence[tuple[int, int]]) -> int:
    """Say how many tiles lie beside each other."""
    return next((columns for most, columns in table if number <= most), table[-1][1])


def _provider(row: TargetStatus, maker: Overviewer, moment: Moment) -> WallTile:
    """Of what is well a name is enough; of the rest how it is, and for how long."""
    tile, said = maker.tile(row), ""
    if tile.look != Health.UP:
        said = tile.word
    if row.since and row.state is not Health.UP:
        said = f"{tile.word} · {moment.words.lasted(moment.present.status.lasted_s(row.since))}"
    return WallTile(str(row.target), *_divided(tile.name), tile.look, said)


def _site(bar: SiteBar) -> WallTile:
    return WallTile(bar.key, *_divided(visible(bar.target.resource)), bar.look, f"{bar.up}/{bar.of}")


def _divided(name: str) -> tuple[str, str]:
    if len(name) <= END:
        return name, ""
    return name[:-END], name[-END:]
