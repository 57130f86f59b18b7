"""JSON that is written piece by piece is the same as that which is written at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.report.json_text import json_pieces, json_text

PLAIN: dict[str, Any] = {"from": "2026-05-01", "overall": {"outages": 2, "names": ["a", "\u202e"]}, "empty": []}
ROWS = st.lists(
    st.dictionaries(st.text(min_size=1), st.none() | st.booleans() | st.integers() | st.text(), min_size=1), max_size=3
)


@given(rows=ROWS, more=ROWS)
def test_an_object_whose_lists_are_iterators_is_written_as_one_with_lists(
    rows: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    text = "".join(json_pieces({**PLAIN, "rows": iter(rows), "more": iter(more)}))

    assert text == json_text({**PLAIN, "rows": rows, "more": more}) + "\n"
    assert json.loads(text) == {**PLAIN, "rows": rows, "more": more}


def test_the_first_rows_are_written_before_the_last_are_made() -> None:
    def rows() -> Any:
        yield {"id": 1}
        raise AssertionError("the second row was made")

    pieces = json_pieces({"rows": rows()})

    assert "".join((next(pieces), next(pieces))).endswith('"id": 1\n    }')
    with pytest.raises(AssertionError, match="the second row"):
        next(pieces)
