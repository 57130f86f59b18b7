"""A report in any of its forms, by the name of the form. What only one form needs is imported when that is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from healthmon.report.availability.account import Account, Listing
from healthmon.report.availability.text import LISTED, LISTED_INCIDENTS, report_text
from healthmon.report.tables import Screen


class Layout(NamedTuple):
    """How a report is to look."""

    zone: ZoneInfo
    screen: Screen = Screen(width=None)
    with_incidents: bool = False
    #: Leave nothing out of a table.
    everything: bool = False
    #: List so many of the worst, and no more.
    top: int | None = None
    #: When the report is written.
    now: float = 0.0
    #: Who took note of an incident, and what they said: not for everybody.
    with_notes: bool = False


class Form(NamedTuple):
    """One form of a report: how it is written, in pieces, and which incidents it lists."""

    pieces: Callable[[Account, Layout], Iterable[str]]
    listing: Listing
    #: Whether it lists incidents also where nobody asked for them.
    always_lists: bool = False


def _table(account: Account, look: Layout) -> Iterable[str]:
    yield report_text(
        account,
        look.zone,
        look.screen,
        with_incidents=look.with_incidents,
        with_notes=look.with_notes,
        everything=look.everything,
        top=look.top,
    )


def _csv(account: Account, look: Layout) -> Iterable[str]:
    from healthmon.report.availability.data import entries_csv, incidents_csv  # noqa: PLC0415

    if look.with_incidents:
        return incidents_csv(account)
    return entries_csv(account, look.top)


def _json(account: Account, look: Layout) -> Iterable[str]:
    from healthmon.report.availability.data import report_data  # noqa: PLC0415
    from healthmon.report.json_text import json_pieces  # noqa: PLC0415

    return json_pieces(report_data(account, look.top))


def _markdown(account: Account, look: Layout) -> Iterable[str]:
    from healthmon.report.availability.markdown import report_markdown  # noqa: PLC0415

    yield report_markdown(
        account, look.zone, with_incidents=look.with_incidents, with_notes=look.with_notes, top=look.top
    )


def _html(account: Account, look: Layout) -> Iterable[str]:
    from healthmon.report.availability.html.page import report_page  # noqa: PLC0415  (no other form needs Jinja2 and drawsvg)

    yield report_page(account, look.zone, now=look.now, top=look.top, with_notes=look.with_notes)


_ALL = Listing(is_streamed=True)
_SOME = Listing(LISTED_INCIDENTS, with_explained=False)

FORMS: Mapping[str, Form] = {
    "table": Form(_table, Listing(LISTED)),
    "csv": Form(_csv, _ALL),
    "json": Form(_json, _ALL, always_lists=True),
    "html": Form(_html, _SOME, always_lists=True),
    "markdown": Form(_markdown, _SOME),
}


def listing(form: str, look: Layout) -> Listing | None:
    """Say which incidents a report in one of FORMS lists; None: none."""
    if not (look.with_incidents or FORMS[form].always_lists):
        return None
    if look.everything and form == "table":
        return Listing()
    return FORMS[form].listing


def pieces(account: Account, form: str, look: Layout) -> Iterable[str]:
    """Write a report in one of FORMS, piece by piece."""
    return FORMS[form].pieces(account, look)
