"""How things stand, as Nagios, Icinga and Checkmk ask a plugin: one line, figures, an exit code. Pure.

The form is that of the Monitoring Plugins Development Guidelines (monitoring-plugins.org): text, ``|``, performance
data as ``'label'=value[UOM];[warn];[crit];[min];[max]``; more lines may follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.model import SEEN_PAST_ARI, UNTIL_ITS_NEXT_EVENT, Check, Health, Kind
from healthmon.publish.thresholds import Range
from healthmon.report.availability.selection import Selection
from healthmon.report.formatting import after, full_name, local, visible
from healthmon.report.status.rows import PbxStatus, Status, TargetStatus, count_unknown, is_without_registrations
from healthmon.report.status.words import how_many_unknown, seems, unknown_checks

#: So many things that are not well are listed, each in a line of its own: Nagios keeps some kilobytes.
LISTED = 20


#: As what a thing counts.
WORDS = ("down", "degraded", "unknown", "up", "away", "muted")


class PluginState(IntEnum):
    """The exit codes of a plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class CheckRequest(Struct, frozen=True):
    """What a monitoring system wants to know.

    ``check``: of endpoints only this check; "": each by its worst. ``warning``: a range for how many are down or
    degraded; ``critical``: for how many are down.
    """

    selection: Selection
    check: str
    warning: Range
    critical: Range


class Counted(Struct, frozen=True):
    """What was asked for, sorted by how it stands, the worst first."""

    down: Sequence[TargetStatus]
    degraded: Sequence[TargetStatus]
    unknown: Sequence[TargetStatus]
    up: Sequence[TargetStatus]
    #: Softphones and mobiles that have logged out.
    away: Sequence[TargetStatus]
    #: Of what is the matter with these nobody is told, by a silence or maintenance.
    muted: Sequence[TargetStatus]
    #: Sites that are believed down before each of their phones is have so many more down.
    ahead: int

    @property
    def number_down(self) -> int:
        """How many are down."""
        return len(self.down) + self.ahead

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(map(len, (self.down, self.degraded, self.unknown, self.up, self.away, self.muted)))

    @property
    def not_well(self) -> Sequence[TargetStatus]:
        """What is the matter, the worst first."""
        return [*self.down, *self.degraded, *self.unknown]

    @property
    def unsure(self) -> Sequence[TargetStatus]:
        """What is up as far as is known: one of its checks is not."""
        return [row for row in self.up if row.unknown_checks]


class PluginOutput(Struct, frozen=True):
    """What a plugin prints, and its exit code."""

    state: PluginState
    text: str


def unknown(why: str) -> PluginOutput:
    """Say that nothing can be said, and why."""
    return PluginOutput(PluginState.UNKNOWN, _first_line(PluginState.UNKNOWN, why))


def plugin_output(status: Status, request: CheckRequest, zone: ZoneInfo) -> PluginOutput:
    """Say how what was asked for stands."""
    if status.is_stale:
        known = ""
        if status.alive_at is not None:
            known = f", known as of {local(status.alive_at, zone, status.now)}"
        return unknown(f"{status.why_stale}{known}")
    found = _counted(status, request)
    never_known = _never_known(status, request, found)
    if never_known and not found.total:
        return unknown(_described(never_known[0], status, zone))
    if not found.total:
        return unknown("nothing that is watched now is meant by these options")
    state = _state(status, request, found)
    first = _first_line(state, _summary(status, found, zone))
    lines = [f"{first} | {_figures(status, request, found)}", *_details(status, found, zone)]
    beside = list(never_known)
    if state is PluginState.UNKNOWN:
        beside += [row for row in _unseen(status, request) if row not in found.unknown]
    lines += [_safe(_described(row, status, zone)) for row in beside]
    return PluginOutput(state, "\n".join(lines))


def _counted(status: Status, request: CheckRequest) -> Counted:
    sorted_by: dict[str, list[TargetStatus]] = {
        word: [] for word in ("down", "degraded", "unknown", "up", "away", "muted")
    }
    for row in _rows(status, request):
        sorted_by[_word_of(row)].append(row)
    return Counted(**sorted_by, ahead=_ahead(status, request, len(sorted_by["down"])))


def _word_of(row: TargetStatus) -> str:
    """Say as what it counts."""
    if row.muted_by and row.state is not Health.UP:
        return "muted"
    if row.is_alarm and not row.is_unseen:
        return "down"
    if row.state is Health.DOWN:
        return "away"
    return row.state


def _rows(status: Status, request: CheckRequest) -> Iterator[TargetStatus]:
    """What is meant: the PBXs and endpoints; who asks for a check of endpoints means that alone, and no PBX."""
    selection, check = request.selection, request.check
    for pbx in status.pbxs:
        if not check and selection.includes(pbx.row.target, pbx.row.kind, pbx.row.watch):
            yield pbx.row
    for row in status.targets:
        if row.is_unused or not selection.includes(row.target, row.kind, row.watch):
            continue
        if not check:
            yield row
            continue
        yield from (its_check for its_check in row.checks or (row,) if its_check.check == check)


def _ahead(status: Status, request: CheckRequest, down: int) -> int:
    """How many more are down than each by itself: a site may be believed down before its phones are."""
    selection = request.selection
    if selection.endpoints or selection.watches or request.check:
        return 0
    of_sites = sum(
        cause.down for cause in status.causes if not cause.muted_by and selection.includes(cause.target, cause.kind, "")
    )
    return max(0, of_sites - down)


def _state(status: Status, request: CheckRequest, found: Counted) -> PluginState:
    """What is down is worse than what nobody knows, and that is worse than what works in part."""
    if request.critical.raises_alert(found.number_down):
        return PluginState.CRITICAL
    if _is_nothing_known(status, request, found):
        return PluginState.UNKNOWN
    if request.warning.raises_alert(found.number_down + len(found.degraded)):
        return PluginState.WARNING
    return PluginState.OK


def _is_nothing_known(status: Status, request: CheckRequest, found: Counted) -> bool:
    """Whether a PBX that was asked for cannot be seen, or nothing else is known of what was asked for."""
    if len(found.unknown) == found.total - len(found.muted):
        return bool(found.unknown)
    if request.check and (_is_unknown_of_a_pbx(found) or _never_known(status, request, found)):
        return True
    return bool(_unseen(status, request)) or any(pbx.old for pbx in _concerned(status, request))


def _concerned(status: Status, request: CheckRequest) -> list[PbxStatus]:
    """The PBXs behind which all is that was asked for."""
    meant = Selection(pbxs=request.selection.pbxs)
    return [pbx for pbx in status.pbxs if meant.includes(pbx.row.target, pbx.row.kind, "")]


def _unseen(status: Status, request: CheckRequest) -> list[TargetStatus]:
    """The PBXs that cannot be seen, where what was asked for is hidden by that: not what has a witness beside ARI."""
    if request.check in SEEN_PAST_ARI:
        return []
    return [pbx.row for pbx in _concerned(status, request) if pbx.row.state is Health.UNKNOWN]


def _is_unknown_of_a_pbx(found: Counted) -> bool:
    """Whether of one of the PBXs nothing is known of the check that was asked for: its witness cannot be asked.

    One that tells by events alone knows nothing of a registration that none has told of, whatever it says of others.
    """
    if any(UNTIL_ITS_NEXT_EVENT in row.unknown_because for row in found.unknown):
        return True
    known = {row.target.pbx for row in (*found.down, *found.degraded, *found.up, *found.away)}
    return any(row.target.pbx not in known for row in found.unknown)


def _never_known(status: Status, request: CheckRequest, found: Counted) -> list[TargetStatus]:
    """The PBXs whose manager interface cannot be asked, where registrations are meant and none was ever known.

    Who names endpoints or watch sections means a PBX where one of these is a provider, which might have one.
    """
    if request.check != Check.REGISTRATION:
        return []
    selection = request.selection
    providers = {
        row.target.pbx
        for row in status.targets
        if row.kind is Kind.PROVIDER and selection.includes(row.target, row.kind, row.watch)
    }
    rows = (*found.down, *found.degraded, *found.unknown, *found.up, *found.away, *found.muted)
    known = {row.target.pbx for row in rows}
    meant = Selection(pbxs=request.selection.pbxs)
    return [
        pbx.row
        for pbx in status.pbxs
        if pbx.name not in known
        and (pbx.no_registrations or any(map(is_without_registrations, (pbx.row.reason, pbx.row.remark))))
        and meant.includes(pbx.row.target, pbx.row.kind, "")
        and (pbx.name in providers or not (selection.endpoints or selection.watches))
    ]


# ---------------------------------------------------------------- the text


def _first_line(state: PluginState, text: str) -> str:
    """The line that people see in a list; "|" divides text and figures, and a line end ends it."""
    return f"HEALTHMON {state.name}: {_safe(text)}"


def _safe(text: str) -> str:
    return visible(text).replace("|", "/")


def _summary(status: Status, found: Counted, zone: ZoneInfo) -> str:
    """Say how many of how many; of a single thing say how it stands."""
    if found.total == 1 and (found.not_well or found.unsure):
        return _described([*found.not_well, *found.unsure][0], status, zone)
    parts = [
        f"{found.number_down} of {found.total} down",
        _number_of(len(found.degraded), "degraded"),
        _number_of(len(found.unknown), "unknown"),
        how_many_unknown(count_unknown(found.up)),
        _number_of(len(found.muted), "not told of (silenced or in maintenance)"),
        *(f"PBX {pbx.name}: {pbx.old}" for pbx in status.pbxs if pbx.old),
    ]
    return ", ".join(filter(None, parts))


def _number_of(number: int, word: str) -> str:
    """Say ``3 degraded``; nothing for none."""
    if not number:
        return ""
    return f"{number} {word}"


def _described(row: TargetStatus, status: Status, zone: ZoneInfo) -> str:
    name = full_name(row.target, status.names)
    if row.target.is_pbx:
        name = row.target.pbx
    since = ""
    if row.since:
        since = f" since {local(row.since, zone, status.now)}"
    noted = after(", ", row.acknowledged)
    why = [row.reason]
    if row.unknown_checks:
        why = unknown_checks(row, zone, status.now)
    elif row.target.is_pbx and row.state is Health.UP:
        why = [row.more]
    elif row.is_hidden and row.seems_down:
        why += [seems(row.check, row.state, row.pending), row.more]
    return f"{row.kind} {name} {row.state}{since}{noted}: {'; '.join(filter(None, why))}"


def _details(status: Status, found: Counted, zone: ZoneInfo) -> Iterator[str]:
    """A line for each thing that is not well, the worst first; not for what the first line has said already."""
    if found.total == 1:
        return
    listed = [*found.not_well, *found.unsure]
    for row in listed[:LISTED]:
        yield _safe(_described(row, status, zone))
    if len(listed) > LISTED:
        yield f"and {len(listed) - LISTED:,} more"


def _figures(status: Status, request: CheckRequest, found: Counted) -> str:
    """The performance data. How old the daemon's last sign of life is, is in seconds."""
    most = found.total
    down = found.number_down
    figures = [
        f"problems={down + len(found.degraded)};{request.warning.text};;0;{most}",
        f"down={down};;{request.critical.text};0;{most}",
        f"degraded={len(found.degraded)};;;0;{most}",
        f"unknown={len(found.unknown)};;;0;{most}",
        f"up={len(found.up)};;;0;{most}",
        f"away={len(found.away)};;;0;{most}",
        f"muted={len(found.muted)};;;0;{most}",
    ]
    if status.alive_at is not None:
        figures.append(f"alive={max(status.now - status.alive_at, 0.0):.1f}s;;;0")
    return " ".join(figures)
