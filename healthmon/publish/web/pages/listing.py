"""What the list of targets shows: those that are wanted, in the order that is wanted, a page of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from healthmon.model import Kind
from healthmon.publish.web.pages.overview import Overviewer, TargetTile
from healthmon.publish.web.pages.rendering import Moment
from healthmon.publish.web.questions import number_of, one_of, wishes
from healthmon.report.status.rows import SEVERITY, TargetStatus
from healthmon.text.natural import natural
from healthmon.text.visible import visible

#: So many targets are on a page.
ON_A_PAGE = 50
#: So many sites can be chosen from a list; more of them are found by their names.
MOST_SITES_TO_CHOOSE = 500
#: What can be asked for; anything else is left alone.
PARAMETERS = ("search", "state", "kind", "check", "pbx", "site", "sort")


class ListChoice(Struct, frozen=True):
    """One line of a list to choose from."""

    value: str
    words: str
    is_chosen: bool


class TargetLine(Struct, frozen=True):
    """One target in a list."""

    tile: TargetTile
    kind: str
    site: str
    #: When it became so, and how long it has been so.
    at: str
    lasted: str


def targets_values(moment: Moment, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the template of the list shows. Raises BadQuestion."""
    rows = _sorted(_chosen(moment, asked), moment, one_of(asked, "sort", ("worst", "name", "since")))
    last = max((len(rows) - 1) // ON_A_PAGE + 1, 1)
    page = min(number_of(asked, "page", 1, 10**9), last)
    shown = rows[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    maker, sites = Overviewer(moment.present, moment.background, moment.words), moment.background.sites
    earlier = later = ""
    if page > 1:
        earlier = _address(asked, page - 1)
    if page < last:
        later = _address(asked, page + 1)
    return {
        "title": moment.words.text("Targets"),
        "at": "targets",
        "lines": [_line(row, moment, maker) for row in shown],
        "has_sites": any(row.target in sites for row in shown),
        "has_pbxs": len(moment.present.status.pbxs) > 1,
        "total": len(rows),
        "of": len(moment.present.status.targets),
        "first": (page - 1) * ON_A_PAGE + 1,
        "search": asked.get("search", ""),
        "choices": _choices(moment, asked),
        "earlier": earlier,
        "later": later,
    }


def _line(row: TargetStatus, moment: Moment, maker: Overviewer) -> TargetLine:
    words, sites, at, lasted = moment.words, moment.background.sites, "", ""
    if row.since:
        at = words.clock(row.since)
        lasted = words.lasted(moment.present.status.lasted_s(row.since))
    site = ""
    if row.target in sites:
        site = visible(sites[row.target])
    return TargetLine(maker.tile(row), words.kind(row.kind), site, at, lasted)


def _chosen(moment: Moment, asked: Mapping[str, str]) -> list[TargetStatus]:
    """Choose the rows that are wanted; where a check is named, its state is meant."""
    check, site = asked.get("check", ""), asked.get("site", "")
    rows: Iterable[TargetStatus] = moment.present.status.targets
    if check:
        rows = (found for row in rows for found in row.checks or (row,) if found.check == check)
    if site:
        sites = moment.background.sites
        rows = (row for row in rows if sites.get(row.target) == site)
    fitting = list(wishes(moment.present, asked))
    return [row for row in rows if all(fits(row) for fits in fitting)]


def _sorted(rows: list[TargetStatus], moment: Moment, order: str) -> Sequence[TargetStatus]:
    """Order them: worst first, as they come; by what people call them; or what changed last first."""
    names = moment.present.status.names
    keys: dict[str, Callable[[TargetStatus], Any]] = {
        "name": lambda row: natural((names.of(row.target) or row.target.resource).casefold()),
        "since": lambda row: -(row.since or 0.0),
    }
    if order in keys:
        return sorted(rows, key=keys[order])
    return rows


def _choices(moment: Moment, asked: Mapping[str, str]) -> dict[str, list[ListChoice]]:
    """Say what can be chosen, by parameter; nothing where there is but one."""
    words, rows = moment.words, moment.present.status.targets
    present = {row.kind for row in rows}
    checks = {check.check for row in rows for check in row.checks or (row,)}
    sites = sorted(set(moment.background.sites.values()), key=natural)[:MOST_SITES_TO_CHOOSE]
    pbxs = sorted(pbx.name for pbx in moment.present.status.pbxs)
    lists: dict[str, list[tuple[str, str]]] = {
        "state": [(state, words.state(state)) for state in SEVERITY],
        "kind": [(kind, words.kind(kind)) for kind in Kind if kind in present],
        "check": [(check, words.check(check)) for check in sorted(checks)],
        "pbx": [(pbx, pbx) for pbx in pbxs],
        "site": [(site, words.site(site)) for site in sites],
        "sort": [
            ("worst", words.text("worst first")),
            ("name", words.text("by name")),
            ("since", words.text("last change first")),
        ],
    }
    # What is asked for is shown as chosen, also where nothing is like that.
    kind, check = asked.get("kind", ""), asked.get("check", "")
    for name, given, said in (("kind", kind, words.language.noun(kind)), ("check", check, words.check(check))):
        if given and given not in dict(lists[name]):
            lists[name].append((given, said))
    return {
        name: [ListChoice(value, said, asked.get(name, "") == value) for value, said in values]
        for name, values in lists.items()
        if len(values) > 1 or asked.get(name)
    }


def _address(asked: Mapping[str, str], page: int) -> str:
    """Where another page of the same list is."""
    given = {name: asked[name] for name in PARAMETERS if asked.get(name)}
    return f"/targets?{urlencode({**given, 'page': page})}"
