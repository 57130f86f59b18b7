"""Every row of the table, undisturbed and with the daemon killed at a hundred points of it."""

from __future__ import annotations

import pytest

from tests.scenarios.golden import FOLDER, path_of, words_of
from tests.scenarios.kills import Verdict
from tests.scenarios.playing import check, kills_among, played, verdicts
from tests.scenarios.rows import ROWS, Row

#: So many runs of each row in which the daemon is killed, and then so often again; a hundred kills, and `make soak` has
#: a hundred runs with one kill each.
RUNS, AGAIN = 25, 3


@pytest.mark.parametrize("row", [pytest.param(row, id=row.what) for row in ROWS])
def test_a_row_undisturbed_and_with_kills(row: Row) -> None:
    with played(row) as world:
        check(row, world)
        words = words_of(world)

    assert words == path_of(row).read_text(encoding="utf-8")

    told = verdicts(row, kills_among(world.kills.passed, RUNS), again=AGAIN)

    assert told == [Verdict(1 + AGAIN, "")] * RUNS


def test_no_words_are_kept_of_rows_that_are_gone() -> None:
    assert sorted(FOLDER.iterdir()) == sorted(map(path_of, ROWS))
