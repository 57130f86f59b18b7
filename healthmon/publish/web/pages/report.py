"""What the page of reports shows: what to choose from, and where the report is that was chosen. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from healthmon.model import Kind
from healthmon.publish.web.pages.listing import ListChoice
from healthmon.publish.web.pages.rendering import Moment
from healthmon.publish.web.pages.words import Words
from healthmon.publish.web.questions import one_of
from healthmon.publish.web.report_question import PARAMETERS, RANGES, USUAL_RANGE
from healthmon.report.availability.account import By
from healthmon.report.availability.file_forms import FILE_FORMS
from healthmon.text.natural import natural


def report_values(moment: Moment, asked: MultiDict[str, str]) -> dict[str, Any]:
    """What the template shows. Raises BadQuestion."""
    words = moment.words
    query = urlencode([(name, value) for name in PARAMETERS for value in asked.getlist(name) if value])
    has_dates = any(asked.get(name) for name in ("from", "to"))
    ranges = {
        "": words.text("from and to"),
        "today": words.text("today"),
        "yesterday": words.text("yesterday"),
        "7d": words.text("the last 7 days"),
        "30d": words.text("the last 30 days"),
        "this-month": words.text("this month"),
        "last-month": words.text("last month"),
    }
    chosen = one_of(asked, "range", RANGES) or USUAL_RANGE
    if has_dates:
        chosen = ""
    return {
        "title": words.text("Report"),
        "at": "report",
        "ranges": [ListChoice(value, said, value == chosen) for value, said in ranges.items() if value or has_dates],
        "from_": asked.get("from", ""),
        "to": asked.get("to", ""),
        "choices": _choices(moment, asked),
        "document": f"/report/document?{query}",
        "downloads": [(name, f"/report/download/{name}?{query}") for name in FILE_FORMS],
    }


def _choices(moment: Moment, asked: MultiDict[str, str]) -> dict[str, list[ListChoice]]:
    """Say what can be chosen, by parameter; nothing where there is but one. Raises BadQuestion."""
    words, rows = moment.words, moment.present.status.targets
    kinds, by = {row.kind for row in rows}, one_of(asked, "by", By) or By.TARGET
    one_of(asked, "kind", Kind)
    lists: dict[str, list[tuple[str, str]]] = {
        "pbx": [(pbx.name, pbx.name) for pbx in moment.present.status.pbxs],
        "watch": [(watch, watch) for watch in sorted({row.watch for row in rows if row.watch}, key=natural)],
        "kind": [(kind, words.kind(kind)) for kind in Kind if kind in kinds],
    }
    choices = {}
    for name, values in lists.items():
        given = asked.get(name, "")
        if given and given not in dict(values):
            # A pattern, or what is watched no more.
            values.append((given, given))
        if len(values) > 1 or given:
            choices[name] = [ListChoice(value, said, value == given) for value, said in values]
    choices["by"] = [ListChoice(value, said, value == by) for value, said in _lines(words).items()]
    return choices


def _lines(words: Words) -> dict[str, str]:
    """Say what there can be a line for."""
    return {
        By.TARGET: words.text("target"),
        By.CHECK: words.text("check"),
        By.WATCH: words.text("watch section"),
        By.SITE: words.text("site"),
        By.PBX: words.text("PBX"),
        By.PROVIDER: words.text("provider"),
        By.DAY: words.text("day"),
        By.WEEK: words.text("week"),
        By.MONTH: words.text("month"),
    }
