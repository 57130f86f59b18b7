"""Puts the page together: the template gets finished words and pictures, and escapes what comes from strangers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from healthmon import __version__
from healthmon.history.figures import UnknownAs
from healthmon.history.metrics import METRICS, Metric
from healthmon.model import Health
from healthmon.report.availability.account import Account, By, GroupFigures, Pictures, Strip, TargetFigures
from healthmon.report.availability.columns import ReportEntry, Table, available, of_what, promised, sentences, table_of
from healthmon.report.availability.html import drawing as draw
from healthmon.report.availability.html.narrative import headline, in_words, period_in_words, story
from healthmon.report.availability.html.strips import (
    MAINTENANCE,
    Shown,
    StripOutage,
    lane,
    longest_of,
    outages_of,
    stretches,
)
from healthmon.report.availability.text import ALL_INCIDENTS, incident_texts, times
from healthmon.report.formatting import counted, duration, full, lasted, measured, moment, not_seen, visible
from healthmon.text.page_templates import templates_of

#: So many targets are listed; the rest is counted.
MOST_ROWS = 200

#: So many outages are named below a strip; so many providers, and sites, are told of in the summary.
_NAMED_OUTAGES, _TOLD = 5, 5

#: A calendar of fewer cells than this would be a great empty space.
_FEWEST_CELLS = 2

_SAID: dict[Shown, str] = {
    Health.UP: "up",
    Health.DEGRADED: "degraded",
    Health.DOWN: "down",
    Health.UNKNOWN: "unknown: nobody saw it",
    None: "not watched",
}


class Tile(NamedTuple):
    """One figure at the head of the page."""

    name: str
    value: str
    is_bad: bool = False


class StripText(NamedTuple):
    """A strip with the sentence about it."""

    name: str
    share: str
    course: str
    picture: Markup


class Chart(NamedTuple):
    """What was measured of a provider."""

    name: str
    words: str
    top: str
    picture: Markup


class Charts(NamedTuple):
    """One metric of all providers."""

    name: str
    heading: str
    bar: str
    charts: list[Chart]


def report_page(
    account: Account, zone: ZoneInfo, *, now: float, top: int | None = None, with_notes: bool = False
) -> str:
    """Write an account as one HTML page."""
    pictures = account.pictures or Pictures()
    listed, unit = account.worst(top), "day"
    if top is None:
        listed = account.entries[:MOST_ROWS]
    if pictures.is_hourly:
        unit = "hour"
    incidents = incident_texts(account, zone, with_notes=with_notes)
    environment = templates_of("healthmon.report.availability.html")
    return environment.get_template("report.html.j2").render(
        title=_title(account, zone),
        times=times(account, zone),
        written=f"Written {full(now, zone)} by healthmon {__version__}.",
        headline=headline(account, zone),
        stories=[story(strip, account, zone) for strip in _remarkable(pictures)],
        sentences=sentences(account)[1:],
        tiles=_tiles(account),
        patterns=draw.patterns(),
        legend_items=_legend(pictures),
        counts_unknown=account.counting.unknown_as is not UnknownAs.EXCLUDE,
        excludes_maintenance=account.counting.excludes_maintenance,
        providers=[_course(strip, account, zone) for strip in pictures.providers],
        sites=[_course(strip, account, zone) for strip in pictures.sites],
        more_providers=pictures.more,
        measured=_measured(pictures, account),
        ticks=_ticks(account, zone),
        calendar=_calendar(pictures, account, zone),
        steps=_steps(),
        unit=unit,
        listed=_listed(account, table_of(_with_checks(listed), account)),
        listed_title=_listed_title(account, top),
        more_listed=len(account.entries) - len(listed),
        incidents=incidents,
        all_incidents=ALL_INCIDENTS,
    )


def _title(account: Account, zone: ZoneInfo) -> str:
    """Say what the page is about: ``Availability of PBX office (pbx.example.net): November 2026``."""
    about, period = of_what(account), period_in_words(account.window, zone)
    if not about:
        return visible(f"Availability of {period}")
    return visible(f"Availability{about}: {period}")


def _remarkable(pictures: Pictures) -> list[Strip]:
    """Choose what the summary tells of: the worst providers, and the sites that were down."""
    return [*pictures.providers[:_TOLD], *(site for site in pictures.sites[:_TOLD] if site.figures.outages)]


def _legend(pictures: Pictures) -> list[tuple[Markup, str]]:
    """Explain what the strips show."""
    strips = [strip for strip in (*pictures.providers, *pictures.sites) if strip.maintenance]
    said = dict(_SAID)
    if strips:
        said[MAINTENANCE] = "in maintenance"
    if any(strip.is_cut for strip in strips):
        said[MAINTENANCE] = "in maintenance: left out"
    return [(draw.swatch(shown), words) for shown, words in said.items()]


def _tiles(account: Account) -> list[Tile]:
    """Choose the figures at the head of the page."""
    figures, counting, in_hours = account.overall, account.counting, account.in_hours
    tiles = [Tile("available", available(figures, counting), counting.is_missed(figures))]
    if in_hours is not None:
        tiles.append(Tile("in working hours", available(in_hours, counting), counting.is_missed(in_hours)))
    outages = "outages"
    if account.outages == 1:
        outages = "outage"
    if figures.outages and not account.counts_causes:
        outages += " of single targets"
    tiles.append(Tile(outages, f"{account.outages:,}"))
    if figures.longest_s:
        tiles.append(Tile(f"the longest{not_seen(figures.longest_unseen_s)}", duration(figures.longest_s)))
    seconds = (
        ("down", figures.down_s),
        ("degraded", figures.degraded_s),
        ("unknown", figures.unknown_s),
        ("in maintenance", figures.maintenance_s),
        ("silenced", figures.silenced_s),
    )
    added_up = ""
    if len(account.lines) > 1:
        added_up = ", all targets added up"
    tiles += [Tile(name + added_up, duration(length)) for name, length in seconds if length]
    if figures.restarts:
        tiles.append(Tile("restarts of Asterisk", f"{figures.restarts:,}"))
    if counting.promised is not None:
        tiles.append(Tile(f"missed {promised(counting)}", f"{account.missed:,}", account.missed > 0))
    return tiles


def _course(strip: Strip, account: Account, zone: ZoneInfo) -> StripText:
    said = _course_in_words(strip, zone)
    label = f"Timeline of {visible(strip.name)}: {said[0].lower()}{said[1:]}"
    below = lane(strip.maintenance, account.watched)
    if strip.is_cut:
        below = []
    picture = draw.strip_picture(stretches(strip.segments, account.watched, strip.left_out), label, below)
    return StripText(strip.name, available(strip.figures, account.counting), said, picture)


def _course_in_words(strip: Strip, zone: ZoneInfo) -> str:
    """Say what a strip shows."""
    figures, outages = strip.figures, outages_of(strip)
    down = "Never down"
    if figures.outages > _NAMED_OUTAGES or figures.outages != len(outages):
        # Of changes that are gone the figures still tell.
        down = _in_sum(strip, zone)
    elif outages:
        down = f"Down {', '.join(_named(outage, zone) for outage in outages)}"
    apart = ((figures.degraded_s, "degraded"), (figures.unknown_s, "unknown"))
    said = [down, *(f"{what} for {duration(length)}" for length, what in apart if length)]
    if figures.maintenance_s:
        length = duration(figures.maintenance_s)
        maintenance = f"in maintenance for {length}"
        if strip.is_cut:
            maintenance = f"{length} of maintenance left out"
        said.append(maintenance)
    return "; ".join(said) + "."


def _in_sum(strip: Strip, zone: ZoneInfo) -> str:
    """Say how often a strip was down, without naming each time."""
    figures, longest = strip.figures, longest_of(strip)
    if figures.outages == 1:
        return f"Down once, for {lasted(figures.longest)}"
    longest_in_words = lasted(figures.longest)
    if longest is not None:
        longest_in_words = _named(longest, zone)
    return f"Down {figures.outages:,} times, for {duration(figures.down_s)} in all; the longest {longest_in_words}"


def _named(outage: StripOutage, zone: ZoneInfo) -> str:
    return f"{moment(outage.since, zone)} for {lasted(outage.length)}"


def _measured(pictures: Pictures, account: Account) -> list[Charts]:
    found = []
    for metric in METRICS.values():
        charts = [_chart(metric, strip, account) for strip in pictures.providers if strip.measured.get(metric.key)]
        if charts:
            name = metric.key.partition("_")[0]
            found.append(Charts(name, metric.heading, metric.bar, charts))
    return found


def _chart(metric: Metric, strip: Strip, account: Account) -> Chart:
    summary, by_span = strip.figures.measured[metric.key], strip.measured[metric.key]
    middle, most = (measured(metric.percentile(summary, part), metric.unit) for part in (0.5, 0.95))
    words = f"Half of {counted(summary.count, metric.noun)} below {middle}, 95 % below {most}; "
    words += f"from {measured(summary.min, metric.unit)} to {measured(summary.max, metric.unit)}."
    label = f"{metric.heading} of {visible(strip.name)}. {words}"
    top = measured(draw.chart_top(metric, by_span), metric.unit)
    return Chart(strip.name, words, top, draw.chart_picture(metric, by_span, account.watched, label))


def _ticks(account: Account, zone: ZoneInfo) -> list[str]:
    """Write what stands below the strips, evenly spaced."""
    since, until = account.watched
    return [moment(since + part * (until - since) / 4, zone) for part in range(5)]


def _calendar(pictures: Pictures, account: Account, zone: ZoneInfo) -> list[Markup]:
    cells = [cell for cell in pictures.cells if cell.targets]
    if len(cells) < _FEWEST_CELLS:
        return []
    if pictures.is_hourly:
        return [draw.hours_picture(cells, account.counting, zone, _calendar_label(cells, account, is_hourly=True))]
    return [
        draw.calendar_picture(band, account.counting, zone, _calendar_label(band, account, is_hourly=False))
        for band in draw.bands(cells, zone)
    ]


def _calendar_label(cells: list[GroupFigures], account: Account, *, is_hourly: bool) -> str:
    known = [cell for cell in cells if account.counting.share(cell.figures) is not None]
    if not known:
        return "Nothing is known."
    unit = "day"
    if is_hourly:
        unit = "hour"
    perfect = sum(account.counting.share(cell.figures) == 1 for cell in known)
    worst = min(known, key=lambda cell: account.counting.share(cell.figures) or 0.0)
    said = f"Availability of each {unit}: {in_words(perfect)} of {counted(len(known), unit)} without any outage"
    if perfect == len(known):
        return f"{said}."
    name = worst.name
    if is_hourly:
        name = f"{worst.name}:00"
    return f"{said}; the worst one {name} with {available(worst.figures, account.counting)}."


def _steps() -> list[tuple[Markup, str]]:
    """Explain the colours and marks of the calendar."""
    words = ["100 %"]
    for (least, _, _), (above, _, _) in zip(draw.STEPS[1:], draw.STEPS, strict=False):
        if least == 0:
            words.append(f"below {above * 100:g} %")
        else:
            words.append(f"{least * 100:g} % and more")
    shown = [(draw.step_swatch(least), said) for (least, _, _), said in zip(draw.STEPS, words, strict=True)]
    return [*shown, (draw.step_swatch(None), "nothing known")]


def _with_checks(listed: Sequence[ReportEntry]) -> list[ReportEntry]:
    """Put each check of a target below it, where it has several."""
    entries: list[ReportEntry] = []
    for entry in listed:
        entries.append(entry)
        if isinstance(entry, TargetFigures):
            entries += entry.checks
    return entries


def _listed(account: Account, whole: Table) -> dict[str, Any]:
    """Say a table in the terms of the template."""
    titles = [*whole.names, *(figure.title for figure in whole.figures)]
    # Paper has no room for everything: the charts tell of what was measured.
    too_much = {figure.title for figure in whole.figures if figure.is_measured}
    shown = [number for number, title in enumerate(titles) if title not in too_much]
    missed = [account.counting.is_missed(entry.figures) for entry in whole.entries]
    return {
        "titles": [_TITLES.get(titles[number], titles[number].capitalize()) for number in shown],
        "is_number": [number >= len(whole.names) or titles[number] == "TARGETS" for number in shown],
        "rows": [([row[number] for number in shown], is_bad) for row, is_bad in zip(whole.rows, missed, strict=True)],
    }


#: Long words may be broken on paper, at a soft hyphen.
_TITLES = {
    "PBX": "PBX",
    "AVAIL": "Avail\N{SOFT HYPHEN}able",
    "OUTAGES": "Out\N{SOFT HYPHEN}ages",
    "NOT SEEN": "Of it not seen",
    "LONGEST": "Long\N{SOFT HYPHEN}est",
    "UNKNOWN": "Un\N{SOFT HYPHEN}known",
    "TARGETS": "Tar\N{SOFT HYPHEN}gets",
    "SLA": "SLA",
    "IN HOURS": "In hours",
    "MTTR": "MTTR",
    "MTBF": "MTBF",
    "DEGR": "De\N{SOFT HYPHEN}graded",
    "MAINT": "Main\N{SOFT HYPHEN}te\N{SOFT HYPHEN}nance",
    "SILENT": "Si\N{SOFT HYPHEN}lenced",
}


def _listed_title(account: Account, top: int | None) -> str:
    if top is not None and account.by.calendar is not None:
        return f"{account.by.capitalize()}s, worst first"
    return {
        By.TARGET: "Targets, worst first",
        By.WATCH: "Watch sections, worst first",
        By.SITE: "Sites, worst first",
        By.PBX: "PBXs, worst first",
        By.PROVIDER: "Providers, worst first",
        By.CHECK: "Checks, worst first",
        By.DAY: "Day by day",
        By.WEEK: "Week by week",
        By.MONTH: "Month by month",
    }[account.by]
