"""``healthmon status`` for people: first whether it can be trusted, then the PBXs, then what is not up. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import ENDPOINT_CHECKS, Health, Kind
from healthmon.report.formatting import after, age, counted, duration, full, local, measured
from healthmon.report.status.rows import (
    LISTED,
    SEVERITY,
    FailingAddress,
    FailingUrl,
    GroupOutage,
    PbxStatus,
    QuietUrl,
    Status,
    TargetStatus,
)
from healthmon.report.tables import (
    LONGEST_DRAWN,
    NARROW_PROSE,
    Cell,
    Column,
    Screen,
    Sort,
    line,
    state_cell,
    table,
    width_of,
)

#: So many PBXs are listed whole; of more of them those that are not up.
LISTED_PBXS = 20
#: So many endpoints that cannot be seen for the same reason are one row.
GROUPED = 5
#: So many names stand in such a row.
NAMED = 12


#: A narrower terminal tells names and checks before the reason.
_WIDE = 110
#: WHY has so many columns before the kinds give way to it; and before all else but endpoints and their states does.
_LEAST_WHY, _GOOD_WHY = 20, 40


class StatusLayout(Struct, frozen=True):
    """What the reader asked for: ``--down`` and ``--all``."""

    only_down: bool = False
    everything: bool = False


class _Group(Struct, frozen=True):
    """One row of the table: an endpoint, or several that cannot be seen for the same reason."""

    rows: tuple[TargetStatus, ...]


def status_text(status: Status, wish: StatusLayout, zone: ZoneInfo, screen: Screen) -> str:
    """Write everything that ``healthmon status`` prints."""
    parts = [
        _trust(status, zone, screen),
        *_old(status, screen),
        *(_failing(url, status, zone, screen) for url in status.failing_urls),
        *(_address(address, status, zone, screen) for address in status.failing_addresses),
        *(_quiet(url, status, zone, screen) for url in status.quiet_urls),
        _pbx_part(status, wish, zone, screen),
        "".join(line(_cause(cause, status, zone), screen, "bold red") for cause in status.causes),
        _target_part(status, wish, zone, screen),
        _summary(status, wish, screen),
    ]
    return "\n".join(part for part in parts if part)


def _trust(status: Status, zone: ZoneInfo, screen: Screen) -> str:
    """Write the first line: whether what follows is how things stand now."""
    at = status.alive_at
    if at is None:
        why = "No daemon has ever run on this database"
        if status.is_running:
            why = "healthmon is starting"
        return line(f"{why}: nothing is known yet.", screen, "bold red")
    when = f"{full(at, zone)}, {duration(status.now - at)} ago"
    if not status.is_running:
        return line(f"NO DAEMON IS RUNNING. Known as of {when}.", screen, "bold red")
    if status.is_stale:
        return line(f"STALE: {status.why_stale}. Known as of {when}.", screen, "bold red")
    return line(f"healthmon is running. It is {full(status.now, zone)}.", screen)


def _old(status: Status, screen: Screen) -> Iterator[str]:
    """Write a line about each PBX of which nobody knows how it is, though the daemon runs."""
    for pbx in status.pbxs:
        if pbx.old and not status.is_stale:
            yield line(f"OLD: what is known of PBX {pbx.name}: {pbx.old}.", screen, "bold red")


def _failing(url: FailingUrl, status: Status, zone: ZoneInfo, screen: Screen) -> str:
    """Write a line about a receiver that cannot be reached, or could not a moment ago."""
    state, again = "CANNOT TELL", ""
    if url.accepted_at is not None:
        state, again = "HAD DEFECTS", f"took a message at {local(url.accepted_at, zone, status.now)} again"
    since = ""
    if url.since is not None:
        since = f" since {local(url.since, zone, status.now)}"
    waiting = ""
    if url.waiting:
        waiting = f", {counted(url.waiting, 'message')} waiting"
    number = ""
    if url.incident is not None:
        number = f", incident {url.incident}"
    why = "; ".join(filter(None, (url.why, again, url.acknowledged, url.muted_by)))
    return line(f"{state} {url.url_id}{since}{waiting}{number}: {why}", screen, "bold red")


def _address(address: FailingAddress, status: Status, zone: ZoneInfo, screen: Screen) -> str:
    """Write a line about one address that does not take what the others of its URL take."""
    since = local(address.since, zone, status.now)
    return line(f"CANNOT TELL {address.place} of {address.url_id} since {since}: {address.why}", screen, "bold red")


def _quiet(url: QuietUrl, status: Status, zone: ZoneInfo, screen: Screen) -> str:
    """Write a line about a receiver that is left alone at present."""
    loud = after(" except ", ", ".join(url.exceptions))
    until = local(url.until, zone, status.now)
    return line(f"{url.url_id} is quiet until {until}{loud}; {counted(url.waiting, 'message')} waiting", screen)


# ---------------------------------------------------------------- PBXs


def _pbx_part(status: Status, wish: StatusLayout, zone: ZoneInfo, screen: Screen) -> str:
    """Write the table of PBXs."""
    shown = [pbx for pbx in status.pbxs if _is_pbx_shown(pbx, wish, len(status.pbxs))]
    if not shown:
        return ""
    return _fitted(list(_pbx_parts(shown, status, zone)), screen)


def _pbx_parts(pbxs: Sequence[PbxStatus], status: Status, zone: ZoneInfo) -> Iterator[_Part]:
    """Make the columns of the table of PBXs, from left to right; WHY is the last, where there is something to say."""
    whys = [Cell(_why(pbx.row, status)) for pbx in pbxs]
    has_whys = any(why.text for why in whys)
    why_needs = 0
    if has_whys:
        why_needs = _LEAST_WHY
    yield _Part(Column("PBX", Sort.NAME), [Cell(pbx.name) for pbx in pbxs])
    yield _Part(Column("STATE"), [_state(pbx.row) for pbx in pbxs])
    yield _Part(Column("SINCE"), [Cell(_since(pbx.row, zone, status.now)) for pbx in pbxs])
    yield _Part(Column("ALIVE", Sort.NUMBER), [_age(pbx.freshness.alive_at, status) for pbx in pbxs])
    yield _Part(Column("EVENT", Sort.NUMBER), [_age(pbx.freshness.last_event_at, status) for pbx in pbxs], why_needs)
    snapshots = [_age(pbx.freshness.last_snapshot_at, status) for pbx in pbxs]
    yield _Part(Column("SNAPSHOT", Sort.NUMBER), snapshots, why_needs)
    yield _Part(Column("ENDPOINTS", Sort.PROSE), [Cell(in_words(pbx.endpoints)) for pbx in pbxs])
    if has_whys:
        yield _Part(Column("WHY", Sort.PROSE), whys)


def _is_pbx_shown(pbx: PbxStatus, wish: StatusLayout, count: int) -> bool:
    if wish.only_down:
        return pbx.row.is_alarm
    return wish.everything or count <= LISTED_PBXS or not pbx.row.is_plain_up


def _age(at: float | None, status: Status) -> Cell:
    """Write how long ago something was; what the clock left out was no time."""
    if at is None:
        return Cell(age(at, status.now))
    return Cell(age(at, at + status.lasted_s(at)))


# ---------------------------------------------------------------- what many have in common


def _cause(cause: GroupOutage, status: Status, zone: ZoneInfo) -> str:
    since = f"since {local(cause.since, zone, status.now)}, {duration(status.lasted_s(cause.since))}"
    facts = (f"{cause.extent} unreachable {since}", f"incident {cause.incident}", cause.acknowledged, cause.muted_by)
    return f"DOWN {cause.name}: {'; '.join(filter(None, facts))}"


# ---------------------------------------------------------------- providers and phones


def _target_part(status: Status, wish: StatusLayout, zone: ZoneInfo, screen: Screen) -> str:
    """Write the table of providers and phones, and how many more there are."""
    groups = list(_listed(status, wish))
    shown = groups
    if not (wish.everything or wish.only_down):
        shown = groups[:LISTED]
    if not shown:
        return ""
    letters = _letters(shown)
    parts = list(_parts(shown, status, zone, has_checks=bool(letters)))
    _say_once(parts[-1].cells, shown, [pbx for pbx in status.pbxs if _is_pbx_shown(pbx, wish, len(status.pbxs))])
    text = _fitted(parts, screen)
    if letters:
        text += line(f"Checks: {letters}.", screen)
    more = sum(len(group.rows) for group in groups[len(shown) :])
    if more:
        text += line(f"… and {more:,} more that are not up; --all lists everything.", screen)
    return text


class _Part(NamedTuple):
    """One column of a table, with a cell for each row."""

    column: Column
    cells: list[Cell]
    #: It gives way where WHY would have fewer columns; 0: it stays.
    why_needs: int = 0
    #: Whether it is told before the reason when it has given way; else it is left out.
    is_told: bool = False


#: What gives way in a terminal that is too narrow, so that endpoints' names stay whole: in this order.
_GIVE_WAY = ("EVENT", "SNAPSHOT", "RTT 50 %, 95 %", "NAME", "CHECKS", "KIND", "SINCE")


def _parts(groups: Sequence[_Group], status: Status, zone: ZoneInfo, *, has_checks: bool) -> Iterator[_Part]:
    """Make the columns of the table of endpoints, from left to right; WHY is the last."""
    endpoint, kind, state, since, why = zip(*(_group_cells(group, status, zone) for group in groups), strict=True)
    yield _Part(Column("ENDPOINT", Sort.NAME), list(endpoint))
    called = [_called(group, status) for group in groups]
    if len(status.pbxs) > 1:
        yield _Part(Column("PBX", Sort.NAME), [Cell(group.rows[0].target.pbx) for group in groups])
    if any(cell.text for cell in called):
        yield _Part(Column("NAME", Sort.NAME), called, _GOOD_WHY, is_told=True)
    yield _Part(Column("KIND"), list(kind), _LEAST_WHY)
    yield _Part(Column("STATE"), list(state))
    if has_checks:
        checks = [Cell(_checks(group.rows[0])) for group in groups]
        yield _Part(Column("CHECKS"), checks, _GOOD_WHY, is_told=True)
    yield _Part(Column("SINCE"), list(since), NARROW_PROSE, is_told=True)
    round_trips = [_round_trips(group, status) for group in groups]
    if any(cell.text for cell in round_trips):
        yield _Part(Column("RTT 50 %, 95 %", Sort.NUMBER), round_trips, _GOOD_WHY)
    yield _Part(Column("WHY", Sort.PROSE), list(why))


def _fitted(parts: list[_Part], screen: Screen) -> str:
    """Draw a table; where the terminal is too narrow, other columns give way before a name is broken."""
    left_out = []
    for part in sorted((part for part in parts if part.why_needs), key=lambda part: _GIVE_WAY.index(part.column.title)):
        if _has_room(parts, part, screen):
            continue
        parts.remove(part)
        if part.is_told:
            _tell_in_front(parts[-1].cells, part)
        else:
            left_out.append(part.column.title)
    rows = [list(row) for row in zip(*(part.cells for part in parts), strict=True)]
    text = table([part.column for part in parts], rows, screen)
    if left_out:
        text += line(f"No room for {', '.join(left_out)}; a wider terminal shows more.", screen, "dim")
    return text


def _has_room(parts: Sequence[_Part], part: _Part, screen: Screen) -> bool:
    """Whether a column can stay, with enough room for the reasons behind it."""
    if screen.width is None:
        return True
    if part.column.title in ("NAME", "CHECKS") and screen.width < _WIDE:
        return False
    if len(part.cells) > LONGEST_DRAWN:
        return True
    widths = [width_of([other.column], [[cell] for cell in other.cells]) for other in parts]
    widths[-1] = min(widths[-1], part.why_needs)
    return sum(widths) + 2 * (len(widths) - 1) <= screen.width


def _tell_in_front(reasons: list[Cell], part: _Part) -> None:
    """Say before the reasons what has no column in a narrow terminal."""
    since = ""
    if part.column.title == "SINCE":
        since = "since "
    for row, told in enumerate(part.cells):
        words = after(since, told.text)
        reasons[row] = Cell("; ".join(filter(None, (words, reasons[row].text))))


def _say_once(whys: list[Cell], groups: Sequence[_Group], pbxs: Sequence[PbxStatus]) -> None:
    """What the row of a PBX says of its manager interface is not repeated for each registration behind it."""
    said = {pbx.name: words for pbx in pbxs if (words := _of_manager(pbx))}
    for number, group in enumerate(groups):
        name = group.rows[0].target.pbx
        if name in said:
            whys[number] = Cell(whys[number].text.replace(said[name], f"not known (see PBX {name})"))


def _of_manager(pbx: PbxStatus) -> str:
    """Why the manager interface of a PBX cannot be asked, as its row says it; "": it says nothing of that."""
    for words in (pbx.row.remark, pbx.row.reason):
        if words.startswith("manager interface: "):
            return words.rpartition("; ")[0]
    return ""


def _letters(groups: Iterable[_Group]) -> str:
    """Say what the letters of checks mean: ``R reachability, G registration``; empty: no provider has several."""
    rows = (group.rows[0] for group in groups)
    shown = {check.check for row in rows if row.kind is Kind.PROVIDER for check in row.checks}
    every = (kind for kind in ENDPOINT_CHECKS.values() if kind.letter and kind.name in shown)
    return ", ".join(f"{kind.letter} {kind.name}" for kind in every)


def _checks(row: TargetStatus) -> str:
    """Say how each check of a provider stands, the worst first: ``G down, R``; of what is up its letter says enough."""
    if row.kind is not Kind.PROVIDER:
        return ""
    checks = sorted(row.checks or (row,), key=lambda check: SEVERITY[check.state])
    return ", ".join(f"{_letter(check)} {_state(check).text}".removesuffix(f" {Health.UP}") for check in checks)


def _letter(row: TargetStatus) -> str:
    kind = ENDPOINT_CHECKS[row.check]
    return kind.letter or kind.name


def _listed(status: Status, wish: StatusLayout) -> Iterator[_Group]:
    """Choose what is listed, worst first."""
    rows = status.targets
    if wish.only_down:
        yield from (_Group((row,)) for row in status.alarms)
    elif wish.everything:
        yield from (_Group((row,)) for row in rows)
    else:
        is_small = len(rows) <= LISTED
        chosen = (row for row in rows if not row.is_unused and (is_small or not row.is_plain_up))
        yield from _grouped(chosen, {cause.incident for cause in status.causes})


def _grouped(rows: Iterable[TargetStatus], causes: Container[int | None]) -> Iterator[_Group]:
    """Make one of those that are down for one cause, or cannot be seen for the same reason."""
    groups: dict[object, list[TargetStatus]] = {}
    for row in rows:
        groups.setdefault(_belongs_to(row, causes), []).append(row)
    for group in groups.values():
        if len(group) >= GROUPED:
            yield _Group(tuple(group))
        else:
            yield from (_Group((row,)) for row in group)


def _belongs_to(row: TargetStatus, causes: Container[int | None]) -> object:
    """What rows have in common that are told as one; what was down before it could no longer be seen stays apart."""
    if row.state is Health.UNKNOWN:
        return row.target.pbx, row.reason, row.remark, row.belief is Health.DOWN
    if row.is_alarm and row.explained_by in causes:
        return row.explained_by
    if row.kind is Kind.REGISTRATION and row.state is Health.DOWN:
        # A reseller has hundreds at one server.
        return row.target.pbx, row.reason, row.acknowledged, row.muted_by
    return row.target


def _group_cells(group: _Group, status: Status, zone: ZoneInfo) -> list[Cell]:
    first = group.rows[0]
    name, kind, why = first.target.endpoint, str(first.kind), _why(first, status)
    if len(group.rows) > 1:
        what = "endpoint"
        if first.kind is Kind.REGISTRATION:
            what = "registration"
        name, why = counted(len(group.rows), what), f"{why}: {_names(group.rows)}"
    if len({row.kind for row in group.rows}) > 1:
        kind = "mixed"
    return [Cell(name), Cell(kind), _state(first), Cell(_since(first, zone, status.now)), Cell(why)]


def _called(group: _Group, status: Status) -> Cell:
    """What people call an endpoint; nothing of several in one row."""
    if len(group.rows) > 1:
        return Cell("")
    return Cell(status.names.of(group.rows[0].target))


def _round_trips(group: _Group, status: Status) -> Cell:
    """How quickly an endpoint answered lately: below what half of its round trips were, and below what 95 %."""
    found = status.round_trips.get(group.rows[0].target)
    if found is None or len(group.rows) > 1:
        return Cell("")
    return Cell(f"{measured(found.p50, ROUND_TRIP.unit)}, {measured(found.p95, ROUND_TRIP.unit)}")


def _names(rows: Sequence[TargetStatus]) -> str:
    """Name some endpoints: ``101, 102, … and 55 more``."""
    names = ", ".join(row.target.resource for row in rows[:NAMED])
    if len(rows) <= NAMED:
        return names
    return f"{names}, … and {len(rows) - NAMED:,} more"


def _state(row: TargetStatus) -> Cell:
    """The state, with a question mark on what it is perhaps about to become."""
    if row.is_unused:
        return Cell("never up")
    if row.is_logged_out:
        return Cell("logged out")
    words = str(row.state)
    if row.is_unseen:
        words = "cannot see"
    if row.is_changing:
        words = f"{words}, {row.pending}?"
    return state_cell(row.state, words)


def _since(row: TargetStatus, zone: ZoneInfo, now: float) -> str:
    if row.since:
        return local(row.since, zone, now)
    return ""


def _why(row: TargetStatus, status: Status) -> str:
    """Say why, in words; of what is simply up only what is remarkable."""
    parts = []
    if row.state is not Health.UP:
        parts = [row.reason]
    if row.is_hidden and row.belief in (Health.DOWN, Health.DEGRADED):
        parts.append(f"was {row.belief} before")
    if row.is_changing and row.pending_since is not None:
        parts.append(f"seems {row.pending} for {duration(status.lasted_s(row.pending_since))}{_hold(row)}")
    if row.is_flapping:
        parts.append("flapping")
    if row.is_alarm and row.explained_by is not None:
        parts.append(f"explained by incident {row.explained_by}")
    parts += [row.acknowledged, row.muted_by, row.more]
    parts += [_uncounted(check) for check in row.checks if not check.counts]
    return "; ".join(filter(None, parts))


def _uncounted(check: TargetStatus) -> str:
    """What is the matter with a check that the endpoint is not as bad as; "": nothing is."""
    words = check.more
    if check.state is not Health.UP:
        words = check.reason
    if words:
        return f"{check.check}: {words}"
    return ""


def _hold(row: TargetStatus) -> str:
    """Say how long it must last to be believed, and why: `` of 40 s (changed 4 times within 10 min)``."""
    if not row.pending_hold:
        return ""
    why = ""
    if row.pending_hold_why:
        why = f" ({row.pending_hold_why})"
    return f" of {duration(row.pending_hold)}{why}"


# ---------------------------------------------------------------- the last lines


def in_words(counts: Mapping[Health, int]) -> str:
    """Say ``28 up, 2 down``."""
    return ", ".join(f"{counts[health]:,} {health}" for health in Health if counts.get(health))


def _summary(status: Status, wish: StatusLayout, screen: Screen) -> str:
    """Write how many there are of each, and the phones that were never seen up."""
    used = Counter(row.state for row in status.targets if not row.is_unused)
    unused = [row for row in status.targets if row.is_unused]
    pbxs = Counter(pbx.row.state for pbx in status.pbxs)
    said = []
    if len(status.pbxs) > 1:
        said = [f"{counted(len(status.pbxs), 'PBX', 'PBXs')}: {in_words(pbxs)}."]
    if status.targets:
        said.append(f"{counted(used.total(), 'endpoint')}: {in_words(used) or 'none in use'}.")
    else:
        said.append("No endpoint is watched yet.")
    text = line(" ".join(said), screen, "bold")
    if unused and not wish.only_down and not wish.everything:
        text += line(f"{counted(len(unused), 'phone')} never seen up: {_names(unused)}.", screen, "dim")
    return text
