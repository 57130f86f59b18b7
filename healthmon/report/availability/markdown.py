"""``healthmon report --format markdown``: for a wiki, a ticket or a pull request. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from healthmon.report.availability.account import Account
from healthmon.report.availability.columns import of_what, sentences, table_of
from healthmon.report.availability.text import ALL_INCIDENTS, incident_texts, times
from healthmon.report.formatting import visible

#: What Markdown, or the HTML that it may hold, would take for more than letters: names come from strangers.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&@:-])")


def report_markdown(
    account: Account, zone: ZoneInfo, *, with_incidents: bool, with_notes: bool = False, top: int | None = None
) -> str:
    """Write an account as Markdown (GitHub's tables). ``top``: so many of the worst, and no more."""
    whole = table_of(account.worst(top), account)
    titles = [*whole.names, *(figure.title for figure in whole.figures)]
    is_number = [name == "TARGETS" for name in whole.names] + [True] * len(whole.figures)
    parts = [
        f"# Availability{escaped(of_what(account))}",
        escaped(times(account, zone)),
        *map(escaped, sentences(account)),
    ]
    if whole.rows:
        parts.append(_table(titles, whole.rows, is_number))
    if with_incidents:
        parts += ["## Incidents", _incidents(account, zone, with_notes=with_notes)]
    return "\n\n".join(parts) + "\n"


def _incidents(account: Account, zone: ZoneInfo, *, with_notes: bool) -> str:
    texts = incident_texts(account, zone, with_notes=with_notes)
    if not texts.rows:
        return "No incidents."
    text = _table(texts.titles, texts.rows, [title in ("NO.", "LASTED") for title in texts.titles])
    if texts.total is None:
        return text
    return f"{text}\n\nThe newest {len(texts.rows)} of {texts.total:,}; `{ALL_INCIDENTS}` lists all."


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], is_number: Sequence[bool]) -> str:
    lines = [
        titles,
        ["--:" if number else "---" for number in is_number],
        *([escaped(text) for text in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def escaped(text: str) -> str:
    """Write a text so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", visible(text))
