"""``healthmon report`` for people: the overall figures, then each target, worst first, then the incidents. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from healthmon.model import Incident
from healthmon.report.accounts import Account, Line
from healthmon.report.availability import Figures
from healthmon.report.tables import Cell, Column, Screen, Sort, line, state_cell, table
from healthmon.report.words import acknowledged, counted, duration, full, moment, percent, short

#: So many targets are listed, and so many incidents; ``--all`` lists everything.
LISTED = 50


def report_text(
    account: Account, zone: ZoneInfo, screen: Screen, *, with_incidents: bool, everything: bool = False
) -> str:
    """Write everything that ``healthmon report`` prints as a table."""
    limit = len(account.lines) + len(account.incidents) if everything else LISTED
    parts = [_headline(account, zone, screen), _targets(account, screen, limit)]
    if with_incidents:
        parts.append(_incidents(account, zone, screen, limit))
    return "\n".join(part for part in parts if part)


def _headline(account: Account, zone: ZoneInfo, screen: Screen) -> str:
    """Say the time and the overall figures."""
    since, until = account.window
    times = line(f"{full(since, zone)} to {full(until, zone)} ({zone.key}), {duration(until - since)}", screen)
    if not account.lines:
        return times + line("Nothing was watched then that matches.", screen, "bold")
    return times + line(_overall(account.overall, len(account.lines)), screen, "bold")


def _overall(figures: Figures, targets: int) -> str:
    share = figures.availability
    said = [counted(targets, "target"), "nothing known" if share is None else f"{percent(share)} available"]
    said.append(counted(figures.outages, "outage") if figures.outages else "no outage")
    if figures.outages:
        said.append(f"{duration(figures.down_s)} down, the longest {duration(figures.longest_s)}")
    if figures.unknown_s:
        said.append(f"{duration(figures.unknown_s)} unknown")
    return f"{', '.join(said)}."


# ---------------------------------------------------------------- targets


def _targets(account: Account, screen: Screen, limit: int) -> str:
    """Write the table of targets, and what it leaves out."""
    used = [line for line in account.lines if line.was_used]
    unused = len(account.lines) - len(used)
    shown = used if len(used) <= limit else _remarkable(used)[:limit]
    text = table(*_table(shown, has_pbx=_has_pbxs(account.lines)), screen) if shown else ""
    if len(shown) < len(used):
        text += line(_rest(used, shown), screen)
    if unused:
        text += line(f"{counted(unused, 'phone')} never seen up: not in use, not counted as down.", screen, "dim")
    return text


def _remarkable(lines: Sequence[Line]) -> list[Line]:
    """Leave out what was available all the time."""
    return [line for line in lines if line.figures.availability != 1]


def _rest(used: Sequence[Line], shown: Sequence[Line]) -> str:
    """Say what is not listed."""
    perfect = len(used) - len(_remarkable(used))
    worse = len(used) - len(shown) - perfect
    parts = [f"{worse:,} more"] if worse else []
    if perfect:
        parts.append(f"{perfect:,} that were available all the time")
    return f"… and {' and '.join(parts)}; --all lists everything, and so does --format csv."


def _has_pbxs(lines: Sequence[Line]) -> bool:
    return len({line.target.pbx for line in lines}) > 1


def _table(lines: Sequence[Line], *, has_pbx: bool) -> tuple[list[Column], list[list[Cell]]]:
    columns = [
        Column("TARGET", Sort.NAME),
        *([Column("PBX", Sort.NAME)] if has_pbx else []),
        Column("KIND"),
    ]
    numbers = ("AVAIL", "OUTAGES", "DOWN", "LONGEST", "UNKNOWN")
    return columns + [Column(title, Sort.NUMBER) for title in numbers], [_cells(one, has_pbx) for one in lines]


def _cells(one: Line, has_pbx: bool) -> list[Cell]:
    figures = one.figures
    return [
        Cell(one.target.endpoint or one.target.pbx),
        *([Cell(one.target.pbx)] if has_pbx else []),
        Cell(one.kind),
        Cell(percent(figures.availability), "bold red" if figures.outages else ""),
        Cell(str(figures.outages or "")),
        Cell(short(figures.down_s)),
        Cell(short(figures.longest_s)),
        Cell(short(figures.unknown_s), "magenta"),
    ]


# ---------------------------------------------------------------- incidents


_INCIDENT_COLUMNS = (
    Column("NO.", Sort.NUMBER),
    Column("SINCE"),
    Column("LASTED", Sort.NUMBER),
    Column("WHAT", Sort.NAME),
    Column("STATE"),
    Column("WHY", Sort.PROSE),
)


def _incidents(account: Account, zone: ZoneInfo, screen: Screen, limit: int) -> str:
    """Write the table of incidents, newest first."""
    if not account.incidents:
        return line("No incidents.", screen)
    shown = account.incidents[:limit]
    has_pbx = _has_pbxs(account.lines)
    text = table(_INCIDENT_COLUMNS, [_incident(one, account.window[1], zone, has_pbx=has_pbx) for one in shown], screen)
    more = len(account.incidents) - len(shown)
    return text + (line(f"… and {more:,} older ones; --all lists everything.", screen) if more else "")


def _incident(one: Incident, until: float, zone: ZoneInfo, *, has_pbx: bool) -> list[Cell]:
    ended = until if one.closed_at is None else one.closed_at
    return [
        Cell(str(one.id)),
        Cell(moment(one.opened_at, zone)),
        Cell(short(ended - one.opened_at)),
        Cell(one.target.endpoint if one.target.is_endpoint and not has_pbx else str(one.target)),
        state_cell(one.health),
        Cell("; ".join(part for part in (one.cause or one.extent, _ending(one)) if part)),
    ]


def incidents_table(
    incidents: Sequence[Incident], now: float, zone: ZoneInfo, screen: Screen, *, everything: bool
) -> str:
    """Write incidents as they are given; what lasts has lasted until now. What a listed one explains is left out."""
    if not incidents:
        return line("No incidents.", screen)
    numbers = {one.id for one in incidents}
    shown = [one for one in incidents if everything or one.explained_by not in numbers]
    # A receiver has no PBX.
    has_pbx = len({one.target.pbx for one in shown if one.target.pbx}) > 1
    text = table(_INCIDENT_COLUMNS, [_incident(one, now, zone, has_pbx=has_pbx) for one in shown], screen)
    hidden = len(incidents) - len(shown)
    return text + (line(f"{hidden:,} more are explained by these; --all lists them, too.", screen) if hidden else "")


def _ending(one: Incident) -> str:
    """Say how it ended, or that it lasts; and by which bigger one it is explained."""
    ending = "still open" if one.is_open else one.closed_words or str(one.ending or "")
    explained = f"explained by {one.explained_by}" if one.explained_by is not None else ""
    return "; ".join(part for part in (ending, explained, one.muted_by, acknowledged(one)) if part)
