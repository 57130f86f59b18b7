"""The table of PBXs of ``healthmon status``, and what its rows have in common with those of endpoints. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from healthmon.model import Check, Health
from healthmon.report.formatting import ago, duration
from healthmon.report.status.fitting import LEAST_WHY, TablePart, fitted
from healthmon.report.status.layout import StatusLayout, WrittenTimes
from healthmon.report.status.rows import CANNOT_SEE, more_of
from healthmon.report.status.words import seems
from healthmon.report.tables import Cell, Column, Screen, Sort, state_cell

if TYPE_CHECKING:
    from healthmon.report.status.fields import (
        BeliefFields,
        CheckFields,
        PbxFields,
        StateFields,
        StatusFields,
    )

#: So many PBXs are listed whole; of more of them those that are not up.
LISTED_PBXS = 20


def pbx_table(data: StatusFields, wish: StatusLayout, times: WrittenTimes, screen: Screen) -> str:
    """Write the table of PBXs."""
    shown = shown_pbxs(data, wish)
    if not shown:
        return ""
    return fitted(list(_parts(shown, times)), screen)


def shown_pbxs(data: StatusFields, wish: StatusLayout) -> list[PbxFields]:
    """Choose the PBXs that are listed."""
    pbxs = data["pbxs"]
    if wish.only_down:
        return [pbx for pbx in pbxs if pbx["alarm"]]
    if wish.everything or len(pbxs) <= LISTED_PBXS:
        return pbxs
    return [pbx for pbx in pbxs if not is_plain_up(pbx)]


def _parts(pbxs: Sequence[PbxFields], times: WrittenTimes) -> Iterator[TablePart]:
    """Make the columns of the table of PBXs, from left to right; WHY is the last, where there is something to say."""
    whys = [Cell(why(pbx)) for pbx in pbxs]
    has_whys = any(words.text for words in whys)
    why_needs = 0
    if has_whys:
        why_needs = LEAST_WHY
    yield TablePart(Column("PBX", Sort.NAME), [Cell(pbx["name"]) for pbx in pbxs])
    yield TablePart(Column("STATE"), [state_of(pbx) for pbx in pbxs])
    yield TablePart(Column("SINCE"), [Cell(since_of(pbx, times)) for pbx in pbxs])
    yield TablePart(Column("ALIVE", Sort.NUMBER), [_age(pbx["alive_ago_s"]) for pbx in pbxs])
    yield TablePart(Column("EVENT", Sort.NUMBER), [_age(pbx["last_event_ago_s"]) for pbx in pbxs], why_needs)
    yield TablePart(Column("SNAPSHOT", Sort.NUMBER), [_age(pbx["last_snapshot_ago_s"]) for pbx in pbxs], why_needs)
    yield TablePart(Column("ENDPOINTS", Sort.PROSE), [Cell(in_words(pbx["endpoints"])) for pbx in pbxs])
    if has_whys:
        yield TablePart(Column("WHY", Sort.PROSE), whys)


def _age(ago_s: float | None) -> Cell:
    """Write how long ago something was."""
    if ago_s is None:
        return Cell("never")
    return Cell(ago(ago_s))


def in_words(counts: Mapping[Health, int] | Mapping[str, int]) -> str:
    """Say ``28 up, 2 down``."""
    return ", ".join(f"{counts[health]:,} {health}" for health in Health if counts.get(health))


# ---------------------------------------------------------------- what PBXs and endpoints have in common


def is_plain_up(row: StateFields) -> bool:
    """Whether nothing at all is the matter."""
    return row["state"] == Health.UP and row["pending"] is None and not row["flapping"]


def becomes(row: StateFields) -> str:
    """The state that it is perhaps about to have; "": none, or its word says enough (``never up``)."""
    if row["changing"] and row["shown"] in (row["state"], CANNOT_SEE):
        return row["pending"] or ""
    return ""


def state_of(row: StateFields) -> Cell:
    """The state, with a question mark on what it is perhaps about to become."""
    words, state = row["shown"], row["state"]
    if words not in (state, CANNOT_SEE):
        return Cell(words)
    becoming = becomes(row)
    if becoming:
        words = f"{words}, {becoming}?"
    return state_cell(Health(state), words)


def since_of(row: StateFields, times: WrittenTimes) -> str:
    """Since when it is as it is; "": not known."""
    if row["since"] is None:
        return ""
    return times.short(row["since"])


def why(row: BeliefFields, checks: Sequence[CheckFields] = (), *, check: str = Check.REACHABILITY) -> str:
    """Say why, in words; of what is simply up only what is remarkable. ``check``: of which of several it speaks."""
    parts = []
    is_hidden = row["state"] == Health.UNKNOWN and row["shown"] != CANNOT_SEE
    if row["state"] != Health.UP:
        parts = [row["reason"]]
    if is_hidden and row["belief"] in (Health.DOWN, Health.DEGRADED):
        parts.append(f"was {row['belief']} before")
    if row["changing"] and row["pending_for_s"] is not None:
        words = seems(check, row["state"], row["pending"])
        parts.append(f"{words} for {duration(row['pending_for_s'])}{_hold(row)}")
    if row["flapping"]:
        parts.append("flapping")
    if row["alarm"] and row["explained_by"] is not None:
        parts.append(f"explained by incident {row['explained_by']}")
    parts += [row["acknowledged"] or "", row["muted_by"] or "", more_of(row["remark"], row["state"], row["pending"])]
    parts += [_uncounted(other) for other in checks if not other["counts"]]
    return "; ".join(filter(None, parts))


def _uncounted(check: CheckFields) -> str:
    """What is the matter with a check that the endpoint is not as bad as; "": nothing is."""
    words = more_of(check["remark"], check["state"], check["pending"])
    if check["state"] != Health.UP:
        words = check["reason"]
    if words:
        return f"{check['check']}: {words}"
    return ""


def _hold(row: StateFields) -> str:
    """Say how long it must last to be believed, and why: `` of 40 s (changed 4 times within 10 min)``.

    Not where it has lasted for longer: behind a grace the hold begins when that is over, or an answer is waited for.
    """
    if not row["pending_hold"] or (row["pending_for_s"] or 0.0) > row["pending_hold"]:
        return ""
    reason = ""
    if row["pending_hold_why"]:
        reason = f" ({row['pending_hold_why']})"
    return f" of {duration(row['pending_hold'])}{reason}"
