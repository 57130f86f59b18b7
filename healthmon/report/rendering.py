"""A report in any of its forms, by the name of the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from healthmon.report.accounts import Account
from healthmon.report.report_data import entries_csv, incidents_csv, report_json
from healthmon.report.report_markdown import report_markdown
from healthmon.report.report_text import report_text
from healthmon.report.tables import Screen


class Look(NamedTuple):
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


def _table(account: Account, look: Look) -> str:
    return report_text(
        account,
        look.zone,
        look.screen,
        with_incidents=look.with_incidents,
        everything=look.everything,
        top=look.top,
    )


def _csv(account: Account, look: Look) -> str:
    return incidents_csv(account) if look.with_incidents else entries_csv(account, look.top)


def _json(account: Account, look: Look) -> str:
    return report_json(account, look.top) + "\n"


def _markdown(account: Account, look: Look) -> str:
    return report_markdown(account, look.zone, with_incidents=look.with_incidents, top=look.top)


def _html(account: Account, look: Look) -> str:
    from healthmon.report.html.page import report_page  # noqa: PLC0415  (no other form needs Jinja2 and drawsvg)

    return report_page(account, look.zone, now=look.now, top=look.top)


FORMS: Mapping[str, Callable[[Account, Look], str]] = {
    "table": _table,
    "csv": _csv,
    "json": _json,
    "html": _html,
    "markdown": _markdown,
}


def rendered(account: Account, form: str, look: Look) -> str:
    """Write a report in one of FORMS."""
    return FORMS[form](account, look)
