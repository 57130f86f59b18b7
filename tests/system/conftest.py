"""The order in which the rows run that wait for minutes."""

from __future__ import annotations

import pytest


# Last: what is not to run must be gone by then.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have all long rows begin at once, and what is left over follow the shortest of them.

    Each worker gets the first that is left, in turns: so the ``n`` longest come first, shortest of these foremost, and
    then the others, longest first. It takes hardly longer than the longest row.
    """
    rows = sorted((item for item in items if item.get_closest_marker("rows")), key=_length, reverse=True)
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    others = [item for item in items if not item.get_closest_marker("rows")]
    items[:] = [*others, *reversed(rows[:workers]), *rows[workers:]]


def _length(item: pytest.Item) -> float:
    row = item.get_closest_marker("rows")
    return float(row.kwargs["lasts"]) if row else 0.0
