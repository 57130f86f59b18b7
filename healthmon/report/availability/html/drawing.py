"""The pictures of a report as inline SVG, drawn with drawsvg: strips, the calendar, round-trip times.

Colour never speaks alone: each health has a pattern, each step of the calendar a mark of another size. What a picture
shows is also said in its label, for those who do not see it. Texts are escaped by drawsvg; attributes are ours alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import drawsvg
from markupsafe import Markup

from healthmon.history.measurements import Summary
from healthmon.history.metrics import Metric
from healthmon.model import Health
from healthmon.report.availability.account import Counting, GroupFigures
from healthmon.report.availability.columns import available
from healthmon.report.availability.html.strips import COLUMNS, MAINTENANCE, Shown, StripPart
from healthmon.report.formatting import duration
from healthmon.times.spans import Span

#: How each health looks, and maintenance: its colour, and the pattern that lies on it.
COLOURS: dict[Shown, str] = {
    Health.UP: "#8fc7a6",
    Health.DEGRADED: "#f0c350",
    Health.DOWN: "#a3182b",
    Health.UNKNOWN: "#c9ced6",
    None: "#ffffff",
    MAINTENANCE: "#a9c6ea",
}
_INK = "#1d2733"

#: Height of a strip, and of the lane at its foot that shows maintenance.
_STRIP, _LANE = 26, 8

#: The steps of the calendar: at least so much available; its colour; how large the mark in the cell is (0..1).
STEPS = (
    (1.0, "#cfe8d8", 0.0),
    (0.999, "#a9d3b6", 0.16),
    (0.99, "#f3dc8c", 0.32),
    (0.95, "#eda35f", 0.5),
    (0.0, "#d9646d", 0.72),
)


def patterns() -> Markup:
    """Draw what the other pictures are filled with; once in a page."""
    drawing = drawsvg.Drawing(0, 0, **{"class": "patterns", "aria-hidden": "true"})
    for shown in COLOURS:
        drawing.append_def(_pattern(shown))
    return _markup(drawing)


def _pattern(shown: Shown) -> drawsvg.Pattern:
    # A strip is drawn much narrower on a phone; upright lines stand apart enough to be seen there too.
    width = 8
    if shown == MAINTENANCE:
        width = 14
    pattern = drawsvg.Pattern(width, 8, id=name_of(shown), patternUnits="userSpaceOnUse")
    pattern.append(drawsvg.Rectangle(0, 0, width, 8, fill=COLOURS[shown]))
    if shown is Health.DEGRADED:
        pattern.append(drawsvg.Path("M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", stroke=_INK, stroke_width=1.2))
    elif shown is Health.DOWN:
        pattern.append(drawsvg.Path("M0,0 L8,8 M8,0 L0,8", stroke="#ffffff", stroke_width=1.1))
    elif shown is Health.UNKNOWN:
        for x, y in ((2, 2), (6, 6)):
            pattern.append(drawsvg.Circle(x, y, 1.1, fill=_INK))
    elif shown == MAINTENANCE:
        pattern.append(drawsvg.Path("M5,0 V8", stroke="#1f4f8f", stroke_width=4))
    elif shown is None:
        pattern.append(drawsvg.Path("M0,8 H8", stroke="#8a94a3", stroke_width=0.8))
    return pattern


def name_of(shown: Shown) -> str:
    """The name of a pattern."""
    return f"fill-{shown or 'unwatched'}"


def strip_picture(stretches: Iterable[StripPart], label: str, lane: Iterable[StripPart] = ()) -> Markup:
    """Draw a strip over the whole width that there is; ``lane`` at its foot leaves what was seen to be seen."""
    drawing = _drawing(COLUMNS, _STRIP, label, preserveAspectRatio="none", **{"class": "strip"})
    for height, drawn in ((_STRIP, stretches), (_LANE, lane)):
        for first, columns, shows in drawn:
            fill = f"url(#{name_of(shows)})"
            drawing.append(drawsvg.Rectangle(first, _STRIP - height, columns, height, fill=fill))
    return _markup(drawing)


def swatch(shown: Shown) -> Markup:
    """Draw what a strip shows so, for the legend; the words stand beside it."""
    drawing = drawsvg.Drawing(22, 14, **{"class": "swatch", "aria-hidden": "true"})
    drawing.append(drawsvg.Rectangle(0, 0, 22, 14, fill=f"url(#{name_of(shown)})", stroke=_INK, stroke_width=0.6))
    return _markup(drawing)


# ---------------------------------------------------------------- what was measured


#: Height of a chart.
_CHART = 120


def chart_top(metric: Metric, by_span: Sequence[tuple[Span, Summary]]) -> float:
    """The value at the upper edge of a chart: a round number, at least as large as every P95."""
    highest = max(metric.percentile(summary, 0.95) or 0.0 for _, summary in by_span) or 1.0
    size = 10.0 ** math.floor(math.log10(highest))
    return next(size * step for step in (1, 2, 5, 10) if size * step >= highest)


def chart_picture(metric: Metric, by_span: Sequence[tuple[Span, Summary]], window: Span, label: str) -> Markup:
    """Draw a bar from the least to P95 for each hour or day, and a line across it at P50."""
    top, scale = chart_top(metric, by_span), COLUMNS / (window[1] - window[0])
    drawing = _drawing(COLUMNS, _CHART, label, preserveAspectRatio="none", **{"class": "chart"})
    for part in (0.25, 0.5, 0.75):
        drawing.append(drawsvg.Line(0, _CHART * part, COLUMNS, _CHART * part, stroke="#d5dae1", stroke_width=1))
    for (since, until), summary in by_span:
        begins = max(since, window[0])
        x, width = (begins - window[0]) * scale, max((until - begins) * scale - 1, 2)
        low, middle, high = (
            _CHART * (1 - min((value or 0.0) / top, 1))
            for value in (summary.min, metric.percentile(summary, 0.5), metric.percentile(summary, 0.95))
        )
        drawing.append(drawsvg.Rectangle(x, high, width, max(low - high, 2), fill="#9db7d5"))
        drawing.append(drawsvg.Rectangle(x, min(middle, _CHART - 3), width, 3, fill=_INK))
    return _markup(drawing)


# ---------------------------------------------------------------- the calendar


#: Size of the cell of a day, and of the gap between two; so many weeks fit beside each other on a phone.
_DAY, _GAP, _MOST_WEEKS = 22, 3, 14

#: Height of the cell of an hour; how wide it is at least and at most, and about how wide all days are together.
_HOUR, _NARROW, _WIDE, _ALL_DAYS = 15, 19, 90, 330

#: Room at the left for the names of rows.
_LEFT = 34


def bands(days: Sequence[GroupFigures], zone: ZoneInfo) -> list[list[GroupFigures]]:
    """Cut days into what one picture has room for: all of them, or each quarter of a year by itself."""
    dates = [_date(day, zone) for day in days]
    if _weeks(dates) <= _MOST_WEEKS:
        return [list(days)]
    dated = groupby(zip(dates, days, strict=True), key=lambda each: (each[0].year, (each[0].month - 1) // 3))
    return [[day for _, day in quarter] for _, quarter in dated]


def calendar_picture(days: Sequence[GroupFigures], counting: Counting, zone: ZoneInfo, label: str) -> Markup:
    """Draw a column for each week and a row for each weekday; months are named above."""
    dates = [_date(day, zone) for day in days]
    monday = dates[0].toordinal() - dates[0].weekday()
    pitch, top = _DAY + _GAP, 20
    drawing = _drawing(_LEFT + _weeks(dates) * pitch, top + 7 * pitch, label, **{"class": "calendar"})
    for row, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")):
        drawing.append(_text(name, 0, top + row * pitch + 16))
    for name, week in _months(dates, monday):
        drawing.append(_text(name, _LEFT + week * pitch, 13))
    for day, at in zip(days, dates, strict=True):
        column, row = divmod(at.toordinal() - monday, 7)
        place = (_LEFT + column * pitch, top + row * pitch, _DAY, _DAY)
        drawing.append(_cell(place, day, counting, f"{at:%a} {at.day} {at:%B}"))
    return _markup(drawing)


def _date(group: GroupFigures, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(_span(group)[0], zone).date()


def _weeks(dates: Sequence[date]) -> int:
    """Count the weeks that days touch."""
    return (dates[-1].toordinal() - dates[0].toordinal() + dates[0].weekday()) // 7 + 1


def _months(dates: Sequence[date], monday: int) -> list[tuple[str, int]]:
    """Say above which week the name of each month stands, unless the next one needs the room."""
    firsts = [next(group) for _, group in groupby(dates, key=lambda at: (at.year, at.month))]
    weeks = [(first.toordinal() - monday) // 7 for first in firsts]
    ends = [*weeks[1:], (dates[-1].toordinal() - monday) // 7 + 2]
    found: list[tuple[str, int]] = []
    for first, week, end in zip(firsts, weeks, ends, strict=True):
        if not found and end - week >= 3:
            found.append((f"{first:%b %Y}", week))
        elif end - week >= 2:
            found.append((f"{first:%b}", week))
    return found


def hours_picture(hours: Sequence[GroupFigures], counting: Counting, zone: ZoneInfo, label: str) -> Markup:
    """Draw a column for each day and a row for each hour of the clock; the hour that comes twice is one cell.

    Of a single day only the hours that are there, so that the first day is not a great empty space.
    """
    moments = [datetime.fromtimestamp(_span(hour)[0], zone) for hour in hours]
    days = sorted({moment.date() for moment in moments})
    width = min(max(_ALL_DAYS // len(days) - _GAP, _NARROW), _WIDE)
    first, last = 0, 23
    if len(days) == 1:
        first, last = moments[0].hour, max(moment.hour for moment in moments)
    top, pitch = 36, _HOUR + _GAP
    height = top + (last + 1 - first) * pitch
    drawing = _drawing(_LEFT + len(days) * (width + _GAP), height, label, **{"class": "calendar hours"})
    for hour in range(first, last + 1):
        if hour % 3 == 0 or hour == first:
            drawing.append(_text(f"{hour:02}", 8, top + (hour - first) * pitch + 12))
    letters = 2
    if width > 26:
        letters = 3
    for column, day in enumerate(days):
        middle = _LEFT + column * (width + _GAP) + width / 2
        drawing.append(_text(f"{day:%a}"[:letters], middle, 13, "middle"))
        drawing.append(_text(f"{day.day}", middle, 29, "middle"))
    for hour_group, moment in zip(hours, moments, strict=True):
        x, y = _LEFT + days.index(moment.date()) * (width + _GAP), top + (moment.hour - first) * pitch
        drawing.append(_cell((x, y, width, _HOUR), hour_group, counting, f"{moment:%a} {moment.day}, {moment:%H:%M}"))
    return _markup(drawing)


def _cell(
    place: tuple[float, float, float, float], group: GroupFigures, counting: Counting, name: str
) -> drawsvg.Group:
    """Draw one cell: the worse it was, the darker, and the larger the mark in it."""
    x, y, width, height = place
    share = counting.share(group.figures)
    cell = drawsvg.Group()
    fill, mark = step(share)
    cell.append(drawsvg.Rectangle(x, y, width, height, rx=3, fill=fill, stroke="#8a94a3", stroke_width=0.6))
    if mark:
        cell.append(_mark(x + width / 2, y + height / 2, min(width, height) * mark))
    how = "nothing known"
    if share is not None:
        how = available(group.figures, counting)
    if group.figures.down_s:
        how += f", {duration(group.figures.down_s)} down"
    cell.append_title(f"{name}: {how}")
    return cell


def step(share: float | None) -> tuple[str, float]:
    """The colour of an availability, and the size of its mark."""
    if share is None:
        return f"url(#{name_of(Health.UNKNOWN)})", 0.0
    return next((colour, mark) for least, colour, mark in STEPS if share >= least)


def step_swatch(share: float | None) -> Markup:
    """Draw a cell for the legend; the words stand beside it."""
    drawing = drawsvg.Drawing(18, 18, **{"class": "swatch", "aria-hidden": "true"})
    fill, mark = step(share)
    drawing.append(drawsvg.Rectangle(0.5, 0.5, 17, 17, rx=2, fill=fill, stroke="#8a94a3", stroke_width=0.6))
    if mark:
        drawing.append(_mark(9, 9, 17 * mark))
    return _markup(drawing)


def _mark(x: float, y: float, side: float) -> drawsvg.Rectangle:
    """Draw the mark of a cell, around its middle."""
    return drawsvg.Rectangle(x - side / 2, y - side / 2, side, side, fill=_INK)


def _span(group: GroupFigures) -> tuple[float, float]:
    assert group.span is not None, "a period"  # noqa: S101  (a slip of the caller)
    return group.span


def _text(words: str, x: float, y: float, anchor: str = "start") -> drawsvg.Text:
    return drawsvg.Text(words, 12, x, y, fill=_INK, text_anchor=anchor)


def _drawing(width: float, height: float, label: str, **attributes: str) -> drawsvg.Drawing:
    """A picture that says what it shows. Its size in pixels is the stylesheet's affair."""
    drawing = drawsvg.Drawing(width, height, role="img", **attributes)
    # Attributes are written as they stand, so the label is text inside: an SVG's title is its name.
    drawing.append_title(label)
    return drawing


def _markup(drawing: drawsvg.Drawing) -> Markup:
    return Markup(drawing.as_svg(header=""))  # noqa: S704  (drawsvg has escaped the texts, and there are no others)
