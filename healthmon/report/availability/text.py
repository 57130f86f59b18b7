"""``healthmon report`` for people: the overall figures, then what is listed, worst first, then the incidents. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from healthmon.model import NO_NAMES, DisplayNames, Incident
from healthmon.report.availability.account import Account, TargetFigures
from healthmon.report.availability.columns import Figure, ReportEntry, Table, sentences, table_of
from healthmon.report.formatting import (
    acknowledged,
    after,
    counted,
    duration,
    full,
    full_name,
    moment,
    short,
    state_word,
    unseen_part,
    with_called,
)
from healthmon.report.tables import (
    NARROW_PROSE,
    Cell,
    Column,
    Screen,
    Sort,
    line,
    on_one_line,
    state_cell,
    table,
    width_of,
)

#: So many targets are listed, and so many incidents; ``--all`` lists everything.
LISTED = 50

#: So many incidents are listed in a document that somebody reads.
LISTED_INCIDENTS = 200

#: Where the terminal is too narrow this column goes first, as few have a name; and that goes last.
_NAME, _KIND = "NAME", "KIND"

#: What lists the others, too.
ALL_INCIDENTS = "healthmon report --incidents --format csv"


def report_text(
    account: Account,
    zone: ZoneInfo,
    screen: Screen,
    *,
    with_incidents: bool,
    with_notes: bool = False,
    everything: bool = False,
    top: int | None = None,
) -> str:
    """Write everything that ``healthmon report`` prints as a table. ``top``: so many of the worst, and no more."""
    limit = LISTED
    if everything:
        limit = len(account.entries)
    first, *others = sentences(account)
    text = line(times(account, zone), screen) + line(first, screen, "bold")
    if others:
        text += line(" ".join(others), screen)
    parts = [text, _entries(account, screen, limit, top)]
    if with_incidents:
        parts.append(_incidents(account, zone, screen, with_notes=with_notes))
    return "\n".join(part for part in parts if part)


def times(account: Account, zone: ZoneInfo) -> str:
    """Say from when to when, by whose clock, and how long that is."""
    since, until = account.window
    asked = f"{full(since, zone)} to {full(until, zone)} ({zone.key}), {duration(until - since)}"
    if account.is_watched_throughout or not account.lines:
        return asked
    watched_since = account.watched[0]
    return f"{asked}; watched since {full(watched_since, zone)}, for {duration(until - watched_since)}"


# ---------------------------------------------------------------- targets, or what they are grouped by


def _entries(account: Account, screen: Screen, limit: int, top: int | None) -> str:
    """Write the table of targets or groups, and what it leaves out."""
    entries = account.entries
    if account.by.calendar:
        entries = account.worst(top)
    used = [entry for entry in entries if not isinstance(entry, TargetFigures) or entry.was_used]
    unused = len(entries) - len(used)
    shown: Sequence[ReportEntry] = used
    if top is not None:
        shown = used[:top]
    elif account.by.calendar is None and len(used) > limit:
        shown = _remarkable(used)[:limit]
    text = ""
    if shown:
        text = _drawn(table_of(shown, account), screen)
    if len(shown) < len(used) and top is None:
        text += line(_rest(used, shown), screen)
    if unused:
        text += line(f"{counted(unused, 'phone')} never seen up: not in use, not counted as down.", screen, "dim")
    return text


def _remarkable(entries: Sequence[ReportEntry]) -> list[ReportEntry]:
    """Leave out what was available all the time."""
    return [entry for entry in entries if entry.figures.availability != 1]


def _rest(used: Sequence[ReportEntry], shown: Sequence[ReportEntry]) -> str:
    """Say what is not listed."""
    perfect = len(used) - len(_remarkable(used))
    worse = len(used) - len(shown) - perfect
    parts = []
    if worse:
        parts = [f"{worse:,} more"]
    if perfect:
        parts.append(f"{perfect:,} that were available all the time")
    return f"… and {' and '.join(parts)}; --all lists everything, and so does --format csv."


def _drawn(whole: Table, screen: Screen) -> str:
    """Draw the table, without the least important figures where the terminal is too narrow; say which."""
    named: list[str] = []
    if _NAME in whole.names and not _fits(whole, [], screen):
        named.append(_NAME)
        whole = _without(whole, _NAME)
    left_out: list[Figure] = []
    for figure in sorted((figure for figure in whole.figures if figure.goes_at), key=lambda figure: -figure.goes_at):
        if _fits(whole, left_out, screen):
            break
        left_out.append(figure)
    if _KIND in whole.names and not _fits(whole, left_out, screen):
        # Better than names in pieces.
        named.append(_KIND)
        whole = _without(whole, _KIND)
    text = table(_columns(whole, left_out), _cells(whole, left_out), screen)
    if left_out or named:
        names = ", ".join([*named, *(figure.title for figure in whole.figures if figure in left_out)])
        text += line(f"No room for {names}; a wider terminal shows them, and so does --format csv.", screen, "dim")
    return text


def _fits(whole: Table, left_out: Sequence[Figure], screen: Screen) -> bool:
    """Whether the table has room in the terminal, without these figures."""
    return screen.width is None or width_of(_columns(whole, left_out), _cells(whole, left_out)) <= screen.width


def _columns(whole: Table, left_out: Sequence[Figure]) -> list[Column]:
    names = [Column(name, _NAME_SORTS.get(name, Sort.NAME)) for name in whole.names]
    return names + [Column(figure.title, Sort.NUMBER) for figure in whole.figures if figure not in left_out]


def _without(whole: Table, name: str) -> Table:
    """Leave out a column of names."""
    at = whole.names.index(name)
    rows = tuple((*row[:at], *row[at + 1 :]) for row in whole.rows)
    return whole._replace(names=(*whole.names[:at], *whole.names[at + 1 :]), rows=rows)


_NAME_SORTS = {_KIND: Sort.SHORT, "TARGETS": Sort.NUMBER}


def _cells(whole: Table, left_out: Sequence[Figure]) -> list[list[Cell]]:
    return [
        [
            *(Cell(name) for name in row[: len(whole.names)]),
            *(
                Cell(text, _style(figure, text, entry))
                for figure, text in zip(whole.figures, row[len(whole.names) :], strict=True)
                if figure not in left_out
            ),
        ]
        for entry, row in zip(whole.entries, whole.rows, strict=True)
    ]


def _style(figure: Figure, text: str, entry: ReportEntry) -> str:
    if figure.title == "AVAIL":
        if entry.figures.outages:
            return "bold red"
        return ""
    if figure.title == "SLA":
        if text == "missed":
            return "bold red"
        return "green"
    return {"UNKNOWN": "magenta", "DEGR": "yellow"}.get(figure.title, "")


# ---------------------------------------------------------------- incidents


_INCIDENT_COLUMNS = (
    Column("NO.", Sort.NUMBER),
    Column("SINCE"),
    Column("LASTED", Sort.NUMBER),
    Column("WHAT", Sort.NAME),
    Column("STATE"),
    Column("WHY", Sort.PROSE),
)

#: Where they stand.
_STATE, _WHY = 4, 5
_NO_WHY = "No room for WHY: a wider terminal shows it, or healthmon incident NUMBER."


def _incidents(account: Account, zone: ZoneInfo, screen: Screen, *, with_notes: bool) -> str:
    """Write the table of incidents, newest first."""
    rows = _incident_rows(account, zone, with_notes=with_notes)
    if not rows:
        return line("No incidents.", screen)
    text = table(_INCIDENT_COLUMNS, rows, screen)
    if account.more_incidents:
        text += line(f"… and {account.more_incidents:,} older ones; --all lists everything.", screen)
    return text


def _incident_rows(account: Account, zone: ZoneInfo, *, with_notes: bool) -> list[list[Cell]]:
    has_pbx = account.has_pbxs
    until = account.window[1]
    return [
        _incident(incident, until, zone, account.names, has_pbx=has_pbx, with_notes=with_notes)
        for incident in account.incidents
    ]


def _incident(
    incident: Incident, until: float, zone: ZoneInfo, names: DisplayNames, *, has_pbx: bool, with_notes: bool
) -> list[Cell]:
    name = full_name(incident.target, names)
    if incident.target.is_endpoint and not has_pbx:
        name = with_called(incident.target.endpoint, incident.target, names)
    is_of_other_check = not incident.is_of_reachability and not incident.target.is_registration
    if incident.target.is_endpoint and is_of_other_check:
        name = f"{name}, {incident.check}"
    why = (incident.cause or incident.extent, unseen_part(incident), _ending(incident, with_notes=with_notes))
    return [
        Cell(str(incident.id)),
        Cell(moment(incident.since, zone)),
        Cell(short(incident.lasted(until))),
        Cell(name),
        state_cell(incident.state, state_word(incident)),
        Cell("; ".join(filter(None, why))),
    ]


class IncidentTexts(NamedTuple):
    """Incidents as titles and texts, newest first."""

    titles: list[str]
    rows: list[list[str]]
    #: How many there are, if these are not all of them.
    total: int | None


def incident_texts(account: Account, zone: ZoneInfo, *, with_notes: bool) -> IncidentTexts:
    """Write the incidents of an account as texts."""
    rows = [[cell.text for cell in row] for row in _incident_rows(account, zone, with_notes=with_notes)]
    total = None
    if account.more_incidents:
        total = len(rows) + account.more_incidents
    return IncidentTexts([column.title for column in _INCIDENT_COLUMNS], rows, total)


def incidents_table(
    incidents: Sequence[Incident],
    now: float,
    zone: ZoneInfo,
    screen: Screen,
    *,
    everything: bool,
    names: DisplayNames = NO_NAMES,
) -> str:
    """Write incidents as they are given; what lasts has lasted until now. What a listed one explains is left out."""
    if not incidents:
        return line("No incidents.", screen)
    given = {incident.id: incident for incident in incidents}
    shown = [incident for incident in incidents if everything or _stands_for_itself(incident, given)]
    # A receiver has no PBX.
    has_pbx = len({incident.target.pbx for incident in shown if incident.target.pbx}) > 1
    rows = [_incident(incident, now, zone, names, has_pbx=has_pbx, with_notes=True) for incident in shown]
    rows = [_with_end(incident, row) for incident, row in zip(shown, rows, strict=True)]
    columns: Sequence[Column] = _INCIDENT_COLUMNS
    is_without_why = not _has_room_for_why(rows, screen)
    if is_without_why:
        columns, rows = columns[:_WHY], [row[:_WHY] for row in rows]
    text = table(columns, on_one_line(columns, rows, screen), screen)
    if is_without_why:
        text += line(_NO_WHY, screen, "dim")
    hidden = len(incidents) - len(shown)
    if hidden:
        text += line(f"{hidden:,} more are explained by these; --all lists them, too.", screen)
    return text


def _stands_for_itself(incident: Incident, given: Mapping[int, Incident]) -> bool:
    if incident.explained_by is None:
        return True
    bigger = given.get(incident.explained_by)
    return bigger is None or incident.outlives(bigger)


def _with_end(incident: Incident, row: list[Cell]) -> list[Cell]:
    """The row of an incident whose state says that it is over, if it is: how it ended is cut in a narrow terminal."""
    if incident.is_open:
        return row
    return [*row[:_STATE], Cell(f"was {row[_STATE].text}"), *row[_STATE + 1 :]]


def _has_room_for_why(rows: Sequence[Sequence[Cell]], screen: Screen) -> bool:
    """Whether each name stays whole beside a few words: it ends with the PBX, and with which check is meant."""
    if screen.width is None:
        return True
    names = width_of(_INCIDENT_COLUMNS[:_WHY], [row[:_WHY] for row in rows])
    return names + 2 + NARROW_PROSE <= screen.width


def _ending(incident: Incident, *, with_notes: bool) -> str:
    """Say how it ended, or that it lasts; and by which bigger one it is explained."""
    note = ""
    if with_notes:
        note = acknowledged(incident)
    ending = "still open"
    if not incident.is_open:
        ending = after("ended: ", incident.closed_words or str(incident.ending or ""))
    explained = ""
    if incident.explained_by is not None:
        explained = f"explained by {incident.explained_by}"
    return "; ".join(part for part in (ending, explained, incident.muted_by, note) if part)
