"""One picture of the screen of ``healthmon watch``: what is wrong comes first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.model import Check, Health, Kind
from healthmon.publish.terminal.events import StateChange, name_of
from healthmon.report.formatting import age, counted, duration, local, visible, with_called
from healthmon.report.status.pbx_table import in_words
from healthmon.report.status.rows import Status, TargetStatus, count_unknown
from healthmon.report.status.words import how_many_unknown, seems, unknown_checks
from healthmon.report.tables import NARROW_PROSE, STYLES, cut_name
from healthmon.report.target_names import short_name

#: What may be shown, by the key that chooses it.
FILTERS: Mapping[str, tuple[str, Callable[[TargetStatus], bool]]] = {
    "a": ("all", lambda row: True),
    "n": ("not up", lambda row: not row.is_plain_up and not row.is_unused),
    "d": ("down", lambda row: row.is_alarm),
    "p": ("providers", lambda row: row.kind is Kind.PROVIDER),
    "f": ("phones", lambda row: row.kind.is_device),
}
#: The part of the screen that events may take: a quarter.
EVENTS_PART = 4
#: The widths of the columns before the name; that of the state is wider where something is about to change.
_STATE, _STATE_CHANGING, _SINCE, _KIND = 10, 18, 14, 13
#: A narrower screen has no column of kinds.
_WIDE = 100
#: A name has at least so many columns, where it is that long.
_NAME = 24
#: Between a name and what is said of it.
_GAP = "  "


class View(Struct, frozen=True):
    """What a person has chosen to see."""

    chosen: str = "a"
    search: str = ""
    #: Whether the search is being typed.
    is_typing: bool = False
    #: So many rows are above the screen.
    above: int = 0


class Piece(Struct, frozen=True):
    """A part of a line, in one style of rich's."""

    text: str
    style: str = ""


ScreenLine = tuple[Piece, ...]


def rows_of(status: Status, view: View) -> Sequence[TargetStatus]:
    """The endpoints that are to be seen, worst first."""
    _, is_chosen = FILTERS[view.chosen]
    wanted = view.search.lower()
    chosen = [row for row in status.targets if is_chosen(row)]
    if not wanted:
        return chosen
    found = []
    for row in chosen:
        searched = f"{name_of(row.target, status.names)} {row.kind} {row.watch} {row.reason}"
        if wanted in searched.lower():
            found.append(row)
    return found


def frame(
    status: Status,
    events: Sequence[StateChange],
    view: View,
    zone: ZoneInfo,
    size: tuple[int, int],
    *,
    trouble: str = "",
) -> list[ScreenLine]:
    """Draw the screen. ``size``: columns and lines; there are just so many lines, none longer.

    ``trouble``: why the database cannot be read at present; "": it can.
    """
    width, height = size
    head = [_title(status, zone), *_warnings(status, zone)]
    if trouble:
        head.insert(1, (Piece(f"OLD: {trouble}", "bold white on red"),))
    foot_events = [_event(event, zone) for event in reversed(events[-max(height // EVENTS_PART - 1, 0) :])]
    tail: list[ScreenLine] = [*([(Piece("changes", "dim"),)] if foot_events else []), *foot_events]
    rows = rows_of(status, view)
    room = max(height - len(head) - len(tail) - 2, 0)
    above = min(view.above, max(len(rows) - room, 0))
    on_screen = rows[above : above + room]
    columns = Columns(width, _state_width(on_screen), has_pbx=len(status.pbxs) > 1)
    shown = [_row(row, status, zone, columns) for row in on_screen]
    header = (Piece(f"{'STATE':{columns.state}}{'SINCE':{_SINCE}}{columns.cell_of_kind('KIND')}ENDPOINT", "bold"),)
    body = [*head, header, *shown]
    filling: list[ScreenLine] = [()] * max(height - len(body) - len(tail) - 1, 0)
    lines = [*body, *filling, *tail][: max(height - 1, 0)]
    return [*(_cut(line, width) for line in lines), _cut(_keys(view, above, len(shown), len(rows), width), width)]


def _title(status: Status, zone: ZoneInfo) -> ScreenLine:
    now = datetime.fromtimestamp(status.now, zone)
    used = Counter(row.state for row in status.targets if not row.is_unused)
    unknown = how_many_unknown(count_unknown(status.targets))
    states = "; ".join(filter(None, (in_words(used), unknown))) or "no endpoint in use"
    return (
        Piece("healthmon ", "bold"),
        Piece(f"{now:%a %H:%M:%S}  "),
        Piece(f"{counted(len(status.pbxs), 'PBX', 'PBXs')}, {counted(used.total(), 'endpoint')}: {states}"),
    )


def _warnings(status: Status, zone: ZoneInfo) -> Iterator[ScreenLine]:
    """What makes the rest untrue, or is wrong with more than an endpoint."""
    if status.is_stale:
        when = ""
        if status.alive_at is not None:
            when = f" Known as of {local(status.alive_at, zone, status.now)}."
        yield (Piece(f"STALE: {status.why_stale}.{when}", "bold white on red"),)
    for pbx in status.pbxs:
        if not pbx.row.is_plain_up or pbx.old:
            why = pbx.old or pbx.row.reason
            alive = age(pbx.freshness.alive_at, status.now)
            yield (_state(pbx.row), Piece(f"PBX {pbx.name}: {why} (alive: {alive})"))
    for cause in status.causes:
        since = f"since {local(cause.since, zone, status.now)}, {duration(status.lasted_s(cause.since))}"
        yield (Piece(f"DOWN {cause.name}: {cause.extent} {since} (incident {cause.incident})", "bold red"),)
    for url in status.failing_urls:
        yield (Piece(f"CANNOT TELL {url.url_id}: {url.why}", "bold red"),)


class Columns(Struct, frozen=True):
    """How the rows are laid out."""

    width: int
    state: int
    #: There are several PBXs, and each row says which is meant.
    has_pbx: bool

    @property
    def before_name(self) -> int:
        """The columns before the name."""
        return self.state + _SINCE + len(self.cell_of_kind(""))

    def cell_of_kind(self, kind: str) -> str:
        """Write a kind, where there is room for kinds."""
        if self.width < _WIDE:
            return ""
        return f"{kind:{_KIND}}"


def _state_width(rows: Sequence[TargetStatus]) -> int:
    if any(row.is_changing for row in rows):
        return _STATE_CHANGING
    return _STATE


def _state(row: TargetStatus, width: int = _STATE) -> Piece:
    words = str(row.state)
    if row.is_unused:
        words = "never up"
    elif row.is_changing:
        words = f"{row.state}, {row.pending}?"
    return Piece(f"{words:{width}}", STYLES[row.state])


def _row(row: TargetStatus, status: Status, zone: ZoneInfo, columns: Columns) -> ScreenLine:
    since = ""
    if row.since:
        since = local(row.since, zone, status.now)
    name = row.target.endpoint
    if columns.has_pbx:
        name = short_name(row.target)
    name = with_called(name, row.target, status.names)
    why = ""
    if not row.is_plain_up:
        unknown = unknown_checks(row, zone, status.now)
        why = "; ".join(filter(None, (_reason(row), row.acknowledged, row.muted_by, row.more, *unknown)))
    room = columns.width - columns.before_name
    if why:
        # As in a table of status: names come before words, but for the little without which words say nothing.
        room -= min(len(why), NARROW_PROSE) + len(_GAP)
    name = cut_name(visible(name), max(room, _NAME)) + _GAP
    return (
        _state(row, columns.state),
        Piece(f"{since:{_SINCE}}{columns.cell_of_kind(row.kind)}"),
        Piece(name),
        Piece(why, "dim"),
    )


def _reason(row: TargetStatus) -> str:
    """Say why it is so; of one check of what is up: what it is about to be."""
    if row.unknown_checks and row.pending is None:
        return ""
    if row.pending is not None and row.state is Health.UP and row.check != Check.REACHABILITY:
        return seems(row.check, row.state, row.pending)
    return row.reason


def _event(event: StateChange, zone: ZoneInfo) -> ScreenLine:
    at = datetime.fromtimestamp(event.at, zone)
    return (
        Piece(f"{at:%H:%M:%S} "),
        Piece(f"{event.after:9}", STYLES[event.after]),
        Piece(f"{event.name}"),
        Piece(f"  {event.reason}", "dim"),
    )


def _keys(view: View, above: int, shown: int, total: int, width: int) -> ScreenLine:
    """The last line: what the keys do, and which part is shown. Which part it is goes before two of the keys."""
    if view.is_typing:
        return (Piece(f"search: {view.search}_   (Enter ends, Esc forgets it)", "reverse"),)
    pieces = []
    for key, (word, _) in FILTERS.items():
        style = "reverse bold" if key == view.chosen else ""
        pieces += [Piece(f"{key} {word}", style), Piece("  ")]
    searched = f" '{view.search}'" if view.search else ""
    place = f"{min(above + 1, total)}-{above + shown} of {total:,}{searched}"
    others = Piece("/ search  q quit  ")
    line = (*pieces, others, Piece(place, "dim"))
    if sum(len(piece.text) for piece in line) > width:
        return (*pieces, Piece(place, "dim"))
    return line


def _cut(line: ScreenLine, width: int) -> ScreenLine:
    """Make what is no letter visible, and cut the line to the screen; what was cut ends with "…"."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415  (only for a person who looks)

    left, pieces = width, []
    for piece in line:
        text = visible(piece.text)
        if cell_len(text) > left:
            text = f"{set_cell_size(text, left - 1).rstrip()}…"
        pieces.append(Piece(text, piece.style))
        left -= cell_len(text)
        if left <= 0:
            break
    return tuple(pieces)
