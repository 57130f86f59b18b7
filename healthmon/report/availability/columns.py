"""The columns of figures in a report for people, for every way of writing it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from healthmon.history.figures import Figures
from healthmon.history.measurements import Summary
from healthmon.history.metrics import METRICS, Metric
from healthmon.model import Kind, Target
from healthmon.report.availability.account import Account, By, Counting, GroupFigures, TargetFigures
from healthmon.report.formatting import counted, duration, lasted, measured, percent, short, with_called

ReportEntry = TargetFigures | GroupFigures


class Figure(NamedTuple):
    """One column of figures."""

    title: str
    write: Callable[[ReportEntry, Counting], str]
    #: In a terminal that is too narrow the highest numbers go first; 0 stays.
    goes_at: int = 0
    #: Whether it is there although no line has anything in it.
    is_always: bool = False
    #: Whether it is that of a metric.
    is_measured: bool = False


def _seconds(of: Callable[[ReportEntry], float | None]) -> Callable[[ReportEntry, Counting], str]:
    return lambda entry, _counting: short(of(entry) or 0.0)


def _number(of: Callable[[ReportEntry], int]) -> Callable[[ReportEntry, Counting], str]:
    def write(entry: ReportEntry, _counting: Counting) -> str:
        if not of(entry):
            return ""
        return f"{of(entry):,}"

    return write


def _of_metric(metric: Metric, of: Callable[[Metric, Summary], float | None]) -> Callable[[ReportEntry, Counting], str]:
    def write(entry: ReportEntry, _counting: Counting) -> str:
        summary = entry.figures.measured.get(metric.key)
        if summary is None:
            return ""
        return measured(of(metric, summary), metric.unit)

    return write


def available(figures: Figures | None, counting: Counting) -> str:
    """Write an availability; beside a promise with as many digits as that has."""
    if figures is None:
        return ""
    digits_promised = len(promised(counting).partition(".")[2]) - len(" %")
    return percent(counting.share(figures), max(2, digits_promised))


def _verdict(entry: ReportEntry, counting: Counting) -> str:
    if counting.promised is None or counting.share(entry.figures) is None:
        return ""
    if counting.is_missed(entry.figures):
        return "missed"
    return "met"


#: In the order in which they stand. What is counted apart (degraded, unknown, maintenance, silenced) stays longest.
FIGURES = (
    Figure("AVAIL", lambda entry, counting: available(entry.figures, counting), is_always=True),
    Figure("SLA", _verdict),
    Figure("IN HOURS", lambda entry, counting: available(entry.in_hours, counting), 1),
    Figure("OUTAGES", _number(lambda entry: entry.figures.outages), is_always=True),
    Figure("DOWN", _seconds(lambda entry: entry.figures.down_s), is_always=True),
    Figure("LONGEST", _seconds(lambda entry: entry.figures.longest_s), 6, is_always=True),
    Figure("NOT SEEN", _seconds(lambda entry: entry.figures.longest_unseen_s), 6),
    Figure("MTTR", _seconds(lambda entry: entry.figures.mean_repair_s), 8),
    Figure("MTBF", _seconds(lambda entry: entry.figures.mean_between_s), 9),
    Figure("FLAPS", _number(lambda entry: entry.figures.flaps), 7),
    Figure("RESTARTS", _number(lambda entry: entry.figures.restarts), 2),
    Figure("DEGR", _seconds(lambda entry: entry.figures.degraded_s), 3),
    Figure("UNKNOWN", _seconds(lambda entry: entry.figures.unknown_s), is_always=True),
    Figure("MAINT", _seconds(lambda entry: entry.figures.maintenance_s), 4),
    Figure("SILENT", _seconds(lambda entry: entry.figures.silenced_s), 5),
)


#: What is shown of each metric: the name, at what it goes (as of a figure), and how it is read.
_OF_EACH_METRIC: tuple[tuple[str, int, Callable[[Metric, Summary], float | None]], ...] = (
    ("P50", 10, lambda metric, summary: metric.percentile(summary, 0.5)),
    ("P95", 11, lambda metric, summary: metric.percentile(summary, 0.95)),
    ("MIN", 13, lambda _, summary: summary.min),
    ("MAX", 12, lambda _, summary: summary.max),
)


def _measured_figures() -> list[Figure]:
    """Return the columns of all metrics; where there is no room, those of a later one go before those of an earlier."""
    return [
        Figure(
            f"{metric.title} {name}", _of_metric(metric, of), goes_at + before * len(_OF_EACH_METRIC), is_measured=True
        )
        for before, metric in enumerate(METRICS.values())
        for name, goes_at, of in _OF_EACH_METRIC
    ]


class Table(NamedTuple):
    """What a report lists: names at the left, figures at the right; a row for each entry."""

    names: tuple[str, ...]
    figures: tuple[Figure, ...]
    entries: tuple[ReportEntry, ...]
    rows: tuple[tuple[str, ...], ...]


def table_of(entries: Sequence[ReportEntry], account: Account) -> Table:
    """Write the entries as a table, without the figures that nobody has."""
    names: tuple[str, ...] = ("TARGET", "KIND")
    if account.by is not By.TARGET:
        names = (account.by.upper(), "TARGETS")
    elif account.has_pbxs:
        names = ("TARGET", "PBX", "KIND")
    named = [_named(entry, account) for entry in entries]
    called = [account.names.of(entry.target) for entry in entries if not isinstance(entry, GroupFigures)]
    if any(called):
        names = (names[0], "NAME", *names[1:])
        named = [(cells[0], name, *cells[1:]) for cells, name in zip(named, called, strict=True)]
    possible = (*FIGURES, *_measured_figures())
    written = {figure: [figure.write(entry, account.counting) for entry in entries] for figure in possible}
    figures = tuple(figure for figure in possible if figure.is_always or any(written[figure]))
    rows = [(*cells, *(written[figure][number] for figure in figures)) for number, cells in enumerate(named)]
    return Table(names, figures, tuple(entries), tuple(rows))


def _named(entry: ReportEntry, account: Account) -> tuple[str, ...]:
    if isinstance(entry, GroupFigures):
        return entry.name, f"{entry.targets:,}"
    name = entry.target.endpoint or entry.target.pbx
    if entry.is_apart:
        name = f"{name}, {entry.check}"
    if account.has_pbxs:
        return (name, entry.target.pbx, entry.kind)
    return (name, entry.kind)


# ---------------------------------------------------------------- the same in sentences


#: So many names stand in a title.
_MOST_NAMED = 3


def of_what(account: Account) -> str:
    """Say of what a report is, for its title: `` of PBX office (pbx.example.net)``; "" where there is nothing."""
    lines = account.lines
    if not lines:
        return ""
    endpoints = {line.target.endpoint for line in lines}
    if len(endpoints) == 1 and lines[0].target.is_endpoint:
        pbxs = ", ".join(sorted({line.target.pbx for line in lines}))
        name = with_called(endpoints.pop(), lines[0].target, account.names)
        return f" of {lines[0].kind} {name}{_at(account, lines[0].target)} on {pbxs}"
    kinds = {line.kind for line in lines}
    of_one_kind = ""
    if len(kinds) == 1 and Kind.PBX not in kinds:
        of_one_kind = f"{counted(len(lines), kinds.pop())} of "
    return f" of {of_one_kind}{_pbxs(account)}"


def _pbxs(account: Account) -> str:
    names = sorted({line.target.pbx for line in account.lines})
    if len(names) > _MOST_NAMED:
        return f"{len(names):,} PBXs"
    listed = ", ".join(name + _at(account, Target(name)) for name in names)
    if len(names) > 1:
        return f"PBXs {listed}"
    return f"PBX {listed}"


def _at(account: Account, target: Target) -> str:
    if account.hosts.get(target):
        return f" ({account.hosts[target]})"
    return ""


def sentences(account: Account) -> list[str]:
    """Say the overall figures, and how they were counted."""
    if not account.lines:
        return ["Nothing was watched then that matches."]
    figures, how = account.overall, "nothing known"
    if account.counting.share(figures) is not None:
        how = f"{available(figures, account.counting)} available"
    overall = [counted(len(account.lines), "target"), how, outages_in_words(account)]
    if figures.outages:
        overall.append(f"the longest {lasted(figures.longest)}")
    if len(account.lines) == 1:
        # The times of several targets are added up in a sentence of their own.
        overall += _times(figures)
    said = [f"{', '.join(overall)}.", *_details(account), *_rules(account)]
    if not account.entries:
        said.append(f"Nothing that was watched belongs to a {account.by}.")
    return said


def outages_in_words(account: Account) -> str:
    """Say how many outages there were, by their causes: ``2 outages``, ``no outage``."""
    if not account.outages:
        return "no outage"
    said = counted(account.outages, "outage")
    if account.counts_causes:
        return said
    return f"{said} of single targets"


def _times(figures: Figures) -> list[str]:
    named = (
        (figures.down_s, "down"),
        (figures.degraded_s, "degraded"),
        (figures.unknown_s, "unknown"),
        (figures.maintenance_s, "in maintenance"),
        (figures.silenced_s, "silenced"),
    )
    return [f"{duration(length)} {words}" for length, words in named if length]


def _details(account: Account) -> list[str]:
    """Say what only some reports have."""
    figures, in_hours = account.overall, account.in_hours
    has_several, said = len(account.lines) > 1, []
    if account.outages and not figures.outages:
        said.append("No target counts as down: all that went down at once was back before that.")
    if has_several:
        said += _sums(account)
    if figures.mean_repair_s is not None and figures.mean_between_s is not None:
        of_each = ""
        if has_several:
            of_each = " of each target"
        said.append(
            f"Mean time to repair {duration(figures.mean_repair_s)}, between failures{of_each} "
            f"{duration(figures.mean_between_s)}."
        )
    if figures.restarts:
        said.append(f"{counted(figures.restarts, 'restart')} of Asterisk.")
    if figures.flaps:
        said.append(f"{counted(figures.flaps, 'episode')} of flapping.")
    if in_hours is not None and account.counting.share(in_hours) is not None:
        summed = ""
        if has_several:
            summed = ", all targets added up"
        how = f"{available(in_hours, account.counting)} available, {duration(in_hours.down_s)} down"
        said.append(f"In working hours: {how}{summed}.")
    if any(isinstance(entry, GroupFigures) and entry.targets > 1 for entry in account.entries):
        said.append(f"Outages and times of a {account.by} are added up over its targets.")
    return said


def _sums(account: Account) -> list[str]:
    """Say what the outages and times of all targets amount to, if there were any."""
    figures = account.overall
    outages = []
    if figures.outages not in (0, account.outages):
        outages = [counted(figures.outages, "outage")]
    summed = [*outages, *_times(figures)]
    if summed:
        return [f"All targets added up: {', '.join(summed)}."]
    return []


def _rules(account: Account) -> list[str]:
    """Say what was counted otherwise than usual, and whether a promise was kept."""
    counting, said = account.counting, []
    if account.overall.unknown_s and counting.unknown_as is not counting.unknown_as.EXCLUDE:
        said.append(f"Unknown time counts as {counting.unknown_as}.")
    if counting.excludes_maintenance:
        said.append("What happened within maintenance windows is left out.")
    if counting.promised is not None:
        known = account.known
        if not known:
            return [*said, f"Nothing is known that could have met {promised(counting)}."]
        missed = f"All {known:,} met"
        if account.missed:
            missed = f"{account.missed:,} of {known:,} missed"
        said.append(f"{missed} {promised(counting)}.")
    return said


def promised(counting: Counting) -> str:
    """Write what was promised: ``99.9 %``."""
    return f"{(counting.promised or 0.0) * 100:.10g} %"
