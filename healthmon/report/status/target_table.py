"""The table of providers and phones of ``healthmon status``: the worst first, what is alike in one row. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from healthmon.core.belief.pbx import NO_REGISTRATIONS
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import ENDPOINT_CHECKS, Check, Health, Kind
from healthmon.report.formatting import counted, measured
from healthmon.report.status.fitting import GOOD_WHY, LEAST_WHY, TablePart, fitted
from healthmon.report.status.layout import StatusLayout, WrittenTimes
from healthmon.report.status.pbx_table import becomes, is_plain_up, shown_pbxs, since_of, state_of, why
from healthmon.report.status.rows import LISTED, NEVER_UP, SEVERITY
from healthmon.report.status.words import unknown_check
from healthmon.report.tables import NARROW_PROSE, Cell, Column, Screen, Sort, line

if TYPE_CHECKING:
    from healthmon.report.status.fields import (
        CheckFields,
        PbxFields,
        StateFields,
        StatusFields,
        TargetFields,
    )

#: So many endpoints that cannot be seen for the same reason are one row.
GROUPED = 5
#: So many names stand in such a row.
NAMED = 12


class _Group(Struct, frozen=True):
    """One row of the table: an endpoint, or several that cannot be seen for the same reason."""

    rows: tuple[TargetFields, ...]


def target_table(data: StatusFields, wish: StatusLayout, times: WrittenTimes, screen: Screen) -> str:
    """Write the table of providers and phones, and how many more there are."""
    groups = list(_listed(data, wish))
    shown = groups
    if not (wish.everything or wish.only_down):
        shown = groups[:LISTED]
    if not shown:
        return ""
    letters = _letters(shown)
    parts = list(_parts(shown, data, times, has_checks=bool(letters)))
    _say_once(parts[-1].cells, shown, shown_pbxs(data, wish))
    text = fitted(parts, screen)
    if letters:
        text += line(f"Checks: {letters}.", screen)
    more = sum(len(group.rows) for group in groups[len(shown) :])
    if more:
        text += line(f"… and {more:,} more that are not up; --all lists everything.", screen)
    return text


def _parts(
    groups: Sequence[_Group], data: StatusFields, times: WrittenTimes, *, has_checks: bool
) -> Iterator[TablePart]:
    """Make the columns of the table of endpoints, from left to right; WHY is the last."""
    firsts = [group.rows[0] for group in groups]
    yield TablePart(Column("ENDPOINT", Sort.NAME), [Cell(_name(group)) for group in groups])
    called = [Cell(_called(group)) for group in groups]
    if len(data["pbxs"]) > 1:
        yield TablePart(Column("PBX", Sort.NAME), [Cell(first["pbx"]) for first in firsts])
    if any(cell.text for cell in called):
        yield TablePart(Column("NAME", Sort.NAME), called, GOOD_WHY, is_told=True)
    yield TablePart(Column("KIND"), [Cell(_kind(group)) for group in groups], LEAST_WHY)
    yield TablePart(Column("STATE"), [state_of(first) for first in firsts])
    if has_checks:
        yield TablePart(Column("CHECKS"), [Cell(_checks(first)) for first in firsts], GOOD_WHY, is_told=True)
    yield TablePart(Column("SINCE"), [Cell(_since(group, times)) for group in groups], NARROW_PROSE, is_told=True)
    round_trips = [_round_trips(group) for group in groups]
    if any(cell.text for cell in round_trips):
        yield TablePart(Column("RTT 50 %, 95 %", Sort.NUMBER), round_trips, GOOD_WHY)
    yield TablePart(Column("WHY", Sort.PROSE), [Cell(_why(group, times)) for group in groups])


def _say_once(whys: list[Cell], groups: Sequence[_Group], pbxs: Sequence[PbxFields]) -> None:
    """What the row of a PBX says of its manager interface is not repeated for each registration behind it."""
    said = {pbx["name"]: words for pbx in pbxs if (words := _of_manager(pbx))}
    for number, group in enumerate(groups):
        name = group.rows[0]["pbx"]
        if name in said:
            whys[number] = Cell(whys[number].text.replace(said[name], f"not known (see PBX {name})"))


def _of_manager(pbx: PbxFields) -> str:
    """Why the manager interface of a PBX cannot be asked, as its row says it; "": it says nothing of that."""
    for words in (pbx["remark"], pbx["reason"]):
        if words.startswith("manager interface: "):
            return words.removesuffix(f"; {NO_REGISTRATIONS}")
    return ""


# ---------------------------------------------------------------- which rows there are


def _listed(data: StatusFields, wish: StatusLayout) -> Iterator[_Group]:
    """Choose what is listed, worst first."""
    rows = data["targets"]
    if wish.only_down or wish.everything:
        yield from (_Group((row,)) for row in rows if row["alarm"] or not wish.only_down)
        return
    is_small = how_many(data) <= LISTED
    chosen = (
        row
        for row in rows
        if row["shown"] != NEVER_UP and (is_small or not is_plain_up(row) or "unknown_checks" in row)
    )
    yield from _grouped(chosen, {cause["incident"] for cause in data["causes"]})


def how_many(data: StatusFields) -> int:
    """How many endpoints there are, also those that are not listed."""
    return sum(data["summary"]["endpoints"].values()) + data["summary"]["never_up"]


def _grouped(rows: Iterable[TargetFields], causes: Container[int | None]) -> Iterator[_Group]:
    """Make one of those that are down for one cause, or cannot be seen for the same reason."""
    groups: dict[object, list[TargetFields]] = {}
    for row in rows:
        groups.setdefault(_belongs_to(row, causes), []).append(row)
    for group in groups.values():
        if len(group) >= GROUPED:
            yield _Group(tuple(group))
        else:
            yield from (_Group((row,)) for row in group)


def _belongs_to(row: TargetFields, causes: Container[int | None]) -> object:
    """What rows have in common that are told as one; what was down before it could no longer be seen stays apart."""
    if row["state"] == Health.UNKNOWN:
        return row["pbx"], row["reason"], row["remark"], row["belief"] == Health.DOWN
    if "unknown_checks" in row and row["pending"] is None and not row["flapping"]:
        return row["pbx"], row["remark"], tuple((check["check"], check["reason"]) for check in _unknown(row))
    if row["alarm"] and row["explained_by"] in causes:
        return row["explained_by"]
    if row["kind"] == Kind.REGISTRATION and row["state"] == Health.DOWN:
        # A reseller has hundreds at one server.
        return row["pbx"], row["reason"], row["acknowledged"], row["muted_by"]
    return row["pbx"], row["endpoint"]


# ---------------------------------------------------------------- the cells of a row


def _name(group: _Group) -> str:
    first = group.rows[0]
    if len(group.rows) == 1:
        return first["endpoint"]
    what = "endpoint"
    if first["kind"] == Kind.REGISTRATION:
        what = "registration"
    return counted(len(group.rows), what)


def _kind(group: _Group) -> str:
    if len({row["kind"] for row in group.rows}) > 1:
        return "mixed"
    return group.rows[0]["kind"]


def _called(group: _Group) -> str:
    """What people call an endpoint; nothing of several in one row."""
    if len(group.rows) > 1:
        return ""
    return group.rows[0].get("called", "")


def _since(group: _Group, times: WrittenTimes) -> str:
    if len(group.rows) > 1 and "unknown_checks" in group.rows[0]:
        # They are up since as many different times.
        return ""
    return since_of(group.rows[0], times)


def _why(group: _Group, times: WrittenTimes) -> str:
    first = group.rows[0]
    words = why(first, first.get("checks", ()), check=first.get("check", Check.REACHABILITY))
    unknown = [
        unknown_check(check["check"], since_of(check, times), check["reason"])
        for check in _unknown(first)
        # A check that nobody makes is a remark on the endpoint, and is said by that.
        if check["reason"] not in words
    ]
    words = "; ".join(filter(None, (words, *unknown)))
    if len(group.rows) == 1:
        return words
    return f"{words}: {names_of(group.rows)}"


def _unknown(row: TargetFields) -> list[CheckFields]:
    """Of what is up: those of its checks that count, and of which nobody can tell how they are."""
    names = row.get("unknown_checks", ())
    return [check for check in row.get("checks", ()) if check["check"] in names]


def names_of(rows: Sequence[TargetFields]) -> str:
    """Name some endpoints: ``101, 102, … and 55 more``."""
    names = ", ".join(row["endpoint"].partition("/")[2] for row in rows[:NAMED])
    if len(rows) <= NAMED:
        return names
    return f"{names}, … and {len(rows) - NAMED:,} more"


def _round_trips(group: _Group) -> Cell:
    """How quickly an endpoint answered lately: below what half of its round trips were, and below what 95 %."""
    first = group.rows[0]
    if "rtt_p50_ms" not in first or len(group.rows) > 1:
        return Cell("")
    p50, p95 = (measured(value, ROUND_TRIP.unit) for value in (first["rtt_p50_ms"], first["rtt_p95_ms"]))
    return Cell(f"{p50}, {p95}")


def _letters(groups: Iterable[_Group]) -> str:
    """Say what the letters of checks mean: ``R reachability, G registration``; empty: no provider has several."""
    rows = (group.rows[0] for group in groups)
    shown = {check["check"] for row in rows if row["kind"] == Kind.PROVIDER for check in row.get("checks", ())}
    every = (kind for kind in ENDPOINT_CHECKS.values() if kind.letter and kind.name in shown)
    return ", ".join(f"{kind.letter} {kind.name}" for kind in every)


def _checks(row: TargetFields) -> str:
    """Say how each check of a provider stands, the worst first: ``G down, R``; of what is up its letter says enough."""
    if row["kind"] != Kind.PROVIDER:
        return ""
    if "checks" not in row:
        return _check(row.get("check", Check.REACHABILITY), row)
    checks = sorted(row["checks"], key=lambda check: (SEVERITY[Health(check["state"])], is_plain_up(check)))
    return ", ".join(_check(check["check"], check) for check in checks)


def _check(name: str, state: StateFields) -> str:
    """Say ``G down``, ``R``, or ``R up (down?)``: a comma stands between two checks, and nowhere else."""
    letter = ENDPOINT_CHECKS[name].letter or name
    becoming = becomes(state)
    if becoming:
        return f"{letter} {state['shown']} ({becoming}?)"
    return f"{letter} {state['shown']}".removesuffix(f" {Health.UP}")
